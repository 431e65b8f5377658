"""An import of completions on its way: the rows as they were read, and what is kept to undo it."""

import uuid
from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set


class RowOutcome(StrEnum):
    """What becomes of a row. Rows that cannot be read are rejections (`ImportRejection`)."""

    NEW = "new"
    KNOWN = "known"  # recorded already, or a second time in the file
    NO_COURSE = "no_course"  # nobody has said yet which course its word means
    LEFT_OUT = "left_out"  # its word was said to mean none of the courses


class CompletionImportRow(Record):
    """A row of the file, with the member of staff that it is about. Gone once the import is applied."""

    __tablename__ = "completion_import_row"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"), index=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    line: Mapped[int]
    person: Mapped[str]
    course_word: Mapped[str]
    staff_id: Mapped[uuid.UUID]
    course_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("course.id"))
    completed_on: Mapped[date]
    outcome: Mapped[RowOutcome] = mapped_column(closed_set(RowOutcome, "outcome"))

    __table_args__ = (Index("ix_completion_import_row_run_id_outcome", "run_id", "outcome", "line"),)


class CompletionImportEffect(Record):
    """A completion that an import wrote, for as long as it can be undone."""

    __tablename__ = "completion_import_effect"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"), index=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), index=True)
    completion_id: Mapped[uuid.UUID]
