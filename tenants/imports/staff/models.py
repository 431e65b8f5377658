"""A staff import on its way: the people of the file as they were read, what is kept to undo it, what is remembered."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, Date, ForeignKey, Index, Integer, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, check, closed_set
from tenants.imports.models import ImportKind


class Outcome(StrEnum):
    """What becomes of a person of the file, or of one who is not in it."""

    JOINS = "joins"
    CHANGES = "changes"
    SAME = "same"
    UNCLEAR = "unclear"  # may be somebody who is there: the reader says
    LEFT_OUT = "left_out"  # the reader said so
    GONE = "gone"  # has left already and was never here
    UNPLACED = "unplaced"  # nobody has said yet which school its word means
    REJECTED = "rejected"
    LEAVES = "leaves"  # is not in a file that is complete


class Decision(StrEnum):
    """What the reader says of a possible duplicate."""

    SAME = "same"
    NEW = "new"
    SKIP = "skip"


class SchoolStep(StrEnum):
    WAITING = "waiting"
    APPLIED = "applied"
    UNDONE = "undone"
    KEPT = "kept"  # asked to be undone, and somebody has changed the people since


class EffectKind(StrEnum):
    JOINED = "joined"
    CHANGED = "changed"
    LEFT = "left"
    LINKED = "linked"  # came to be known as one person at several schools


class RememberedAs(StrEnum):
    SCHOOL = "school"
    PERSON = "person"
    COURSE = "course"


class StaffImportRow(Record):
    """A person as the file has them at one school; the lines of one person are one row. Gone once it is applied."""

    __tablename__ = "staff_import_row"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))  # of a row that is at no school
    lines: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    school_word: Mapped[str | None]
    given_name: Mapped[str]
    family_name: Mapped[str]
    email: Mapped[str | None]
    staff_code: Mapped[str | None]
    trn: Mapped[str | None]
    # One role beside the other: its name, and from and to when the file has it.
    roles: Mapped[list[str]]
    roles_from: Mapped[list[date | None]] = mapped_column(ARRAY(Date))
    roles_until: Mapped[list[date | None]] = mapped_column(ARRAY(Date))
    roles_guessed: Mapped[bool]  # the job title fits no role
    starts_on: Mapped[date | None]
    leaves_on: Mapped[date | None]
    outcome: Mapped[Outcome] = mapped_column(closed_set(Outcome, "outcome"))
    staff_id: Mapped[uuid.UUID | None]
    candidates: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    changes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    decided: Mapped[Decision | None] = mapped_column(closed_set(Decision, "decided"))
    decided_staff_id: Mapped[uuid.UUID | None]

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
        check("coalesce(decided = 'same', false) = (decided_staff_id is not null)", "whom"),
        Index("ix_staff_import_row_run_id_school_id", "run_id", "school_id"),
    )


class StaffImportSchool(Record):
    """How far an import is at one school: each is applied, and undone, as a whole."""

    __tablename__ = "staff_import_school"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    step: Mapped[SchoolStep] = mapped_column(
        closed_set(SchoolStep, "step"), default=SchoolStep.WAITING, server_default="waiting"
    )
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    problem: Mapped[str | None]  # why it was not undone

    __table_args__ = (
        UniqueConstraint("run_id", "school_id"),
        Index("ix_staff_import_school_school_id", "school_id"),
    )


class StaffImportEffect(Record):
    """What an import did to somebody. `before` is how the person stood, `after` a fingerprint of how it left them."""

    __tablename__ = "staff_import_effect"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    school_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("school.id"))
    staff_id: Mapped[uuid.UUID]
    kind: Mapped[EffectKind] = mapped_column(closed_set(EffectKind, "kind"))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[str | None]

    __table_args__ = (Index("ix_staff_import_effect_run_id_school_id", "run_id", "school_id", "kind"),)


class SavedMapping(Record):
    """Which column is what in the exports of one source, for a trust or for a school."""

    __tablename__ = "saved_mapping"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    kind: Mapped[ImportKind] = mapped_column(closed_set(ImportKind, "kind"))
    name: Mapped[str]  # "Arbor weekly export"
    headers: Mapped[str]  # a fingerprint of the header row, by which it is recognised
    mapping: Mapped[dict[str, Any]]
    used_at: Mapped[datetime]

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
        UniqueConstraint("kind", "name", "school_id", "trust_id", postgresql_nulls_not_distinct=True),
    )


class RememberedWord(Record):
    """What a word of a file was said to mean: which of a trust's schools, who at a school, or which course."""

    __tablename__ = "remembered_word"

    school_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("school.id"))
    trust_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("trust.id"))
    about: Mapped[RememberedAs] = mapped_column(closed_set(RememberedAs, "about"))
    word: Mapped[str]  # lower case, spaces made single
    means: Mapped[uuid.UUID | None]  # none: rows with it are left out

    __table_args__ = (
        check("num_nonnulls(school_id, trust_id) = 1", "one_owner"),
        UniqueConstraint("about", "word", "school_id", "trust_id", postgresql_nulls_not_distinct=True),
    )
