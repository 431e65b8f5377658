"""Questions about an edition, and what readers answered."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, keyed_by_school, same_school

MOST_QUESTIONS = 5


class ReadingQuestionSet(Record):
    """What a school asks about an edition. The highest version counts; one that holds no question asks nothing.

    A set never changes: whoever changes a question makes another version, and earlier answers stay with theirs.
    """

    __tablename__ = "reading_question_set"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    document_edition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("document_edition.id"))
    version: Mapped[int]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default="[]")
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))

    __table_args__ = (
        keyed_by_school(),
        UniqueConstraint("school_id", "document_edition_id", "version"),
        check(f"jsonb_array_length(questions) <= {MOST_QUESTIONS}", "few_questions"),
    )


class ReadingAnswer(Record):
    """How somebody answered a question: the last answer, how often they tried, and when it was right. Places count from 0."""

    __tablename__ = "reading_answer"

    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    set_id: Mapped[uuid.UUID]
    staff_id: Mapped[uuid.UUID]
    question: Mapped[int]
    chosen: Mapped[int]
    tries: Mapped[int] = mapped_column(default=1, server_default="1")
    right_at: Mapped[datetime | None]

    __table_args__ = (
        same_school("reading_question_set", "set_id"),
        same_school("staff_member", "staff_id"),
        UniqueConstraint("school_id", "set_id", "staff_id", "question"),
        check(f"question between 0 and {MOST_QUESTIONS - 1} and chosen between 0 and 4 and tries > 0", "in_range"),
        Index("ix_reading_answer_school_id_staff_id", "school_id", "staff_id"),
    )
