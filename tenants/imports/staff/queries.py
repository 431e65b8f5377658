"""What the pages of a staff import show: the people of its preview page by page, its schools, its questions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from prevent_trust.database import db
from tenants.imports.staff.models import (
    Decision,
    EffectKind,
    Outcome,
    StaffImportEffect,
    StaffImportRow,
    StaffImportSchool,
)
from tenants.organisations.models import School
from tenants.staff.models import STAFF_ROLE_NAMES, StaffMember, StaffRole

PER_PAGE = 50
MOST_QUESTIONS = 50
_FIELD_WORDS = {
    "given_name": "First name", "family_name": "Surname", "email": "Email", "staff_code": "Staff code",
    "trn": "Teacher reference number", "starts_on": "Start date", "leaves_on": "Leaving date",
}  # fmt: skip
_ROLE_WORDS = {"roles_begun": "Role added", "roles_ended": "Role ended", "roles_closed": "Role’s last day given"}


@dataclass(frozen=True)
class PreviewLine:
    """Somebody in the preview, with what would change in words."""

    name: str
    email: str | None
    school: str
    roles: tuple[str, ...]
    changes: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """A row that may be somebody who is there, and who that may be. `candidates` are pairs of id and description."""

    row_id: uuid.UUID
    described: str
    school: str
    lines: tuple[int, ...]
    candidates: tuple[tuple[uuid.UUID, str], ...]
    decided: Decision | None
    decided_staff_id: uuid.UUID | None

    @property
    def chosen(self) -> str:
        return str(self.decided_staff_id) if self.decided is Decision.SAME else (self.decided or "")


def preview_lines(
    run_id: uuid.UUID, outcome: Outcome, *, school_id: uuid.UUID | None, words: str, page: int, per_page: int = PER_PAGE
) -> tuple[list[PreviewLine], int]:
    """The people of the run with that outcome, by name, a page of them, and how many there are in all."""
    where: list[ColumnElement[bool]] = [StaffImportRow.run_id == run_id, StaffImportRow.outcome == outcome]
    if school_id is not None:
        where.append(StaffImportRow.school_id == school_id)
    if words:
        name = StaffImportRow.given_name + " " + StaffImportRow.family_name
        where.append(
            or_(name.icontains(words, autoescape=True), StaffImportRow.email.icontains(words, autoescape=True))
        )
    total = db.session.scalar(select(func.count()).select_from(StaffImportRow).where(*where)) or 0
    rows = db.session.execute(
        select(StaffImportRow, School.name)
        .outerjoin(School, School.id == StaffImportRow.school_id)
        .where(*where)
        .order_by(
            School.name,
            func.lower(StaffImportRow.family_name),
            func.lower(StaffImportRow.given_name),
            StaffImportRow.id,
        )
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return [_line(row, school or row.school_word or "") for row, school in rows], total


def _line(row: StaffImportRow, school: str) -> PreviewLine:
    return PreviewLine(
        name=f"{row.given_name} {row.family_name}",
        email=row.email,
        school=school,
        roles=tuple(STAFF_ROLE_NAMES[StaffRole(role)] for role in row.roles),
        changes=tuple(words_of_changes(row.changes)),
        lines=tuple(row.lines),
    )


def words_of_changes(changes: Mapping[str, Any]) -> list[str]:
    """“Email: a@x becomes b@x”, “Role added: DSL”, and so on."""
    words = [
        f"{label}: {changes[name][0] or 'none'} becomes {changes[name][1] or 'none'}"
        for name, label in _FIELD_WORDS.items()
        if name in changes
    ]
    for name, label in _ROLE_WORDS.items():
        words += [f"{label}: {STAFF_ROLE_NAMES[StaffRole(role)]}" for role in changes.get(name, ())]
    return words


def unplaced_words(run_id: uuid.UUID) -> list[tuple[str, int]]:
    """The words that no school is known for, and how many people have each; the most frequent first."""
    rows = db.session.execute(
        select(StaffImportRow.school_word, func.count())
        .where(StaffImportRow.run_id == run_id, StaffImportRow.outcome == Outcome.UNPLACED)
        .group_by(StaffImportRow.school_word)
        .order_by(func.count().desc(), StaffImportRow.school_word)
    )
    return [(word or "", count) for word, count in rows]


def questions(run_id: uuid.UUID) -> tuple[list[Question], int]:
    """The first of the rows that may be somebody who is there, those without an answer before the others; and how many."""
    where = (StaffImportRow.run_id == run_id, StaffImportRow.outcome == Outcome.UNCLEAR)
    total = db.session.scalar(select(func.count()).select_from(StaffImportRow).where(*where)) or 0
    rows = db.session.execute(
        select(StaffImportRow, School.name)
        .join(School, School.id == StaffImportRow.school_id)
        .where(*where)
        .order_by(StaffImportRow.decided.is_not(None), School.name, StaffImportRow.family_name, StaffImportRow.id)
        .limit(MOST_QUESTIONS)
    ).all()
    wanted = {candidate for row, _ in rows for candidate in row.candidates}
    people = {
        each.id: _described(each) for each in db.session.scalars(select(StaffMember).where(StaffMember.id.in_(wanted)))
    }
    return [
        Question(
            row.id,
            _described(row),
            school,
            tuple(row.lines),
            tuple((each, people[each]) for each in row.candidates if each in people),
            row.decided,
            row.decided_staff_id,
        )
        for row, school in rows
    ], total


def _described(person: StaffImportRow | StaffMember) -> str:
    left = f"left {person.leaves_on.isoformat()}" if person.leaves_on else None
    code = f"code {person.staff_code}" if person.staff_code else None
    trn = f"TRN {person.trn}" if person.trn else None
    known = [person.email, code, trn, left]
    return f"{person.given_name} {person.family_name} ({', '.join(each for each in known if each) or 'nothing else known'})"


def decide(run_id: uuid.UUID, answers: Mapping[uuid.UUID, str]) -> list[str]:
    """Keeps what the reader says of rows: a candidate's id, `new`, `skip`, or nothing yet. Flushes.

    Returns the names of those for whom two rows were said to be one person, which only one row can be; these, and
    answers that were not offered, are not kept.
    """
    rows = db.session.scalars(
        select(StaffImportRow).where(StaffImportRow.run_id == run_id, StaffImportRow.outcome == Outcome.UNCLEAR)
    ).all()
    taken = {row.decided_staff_id for row in rows if row.id not in answers and row.decided_staff_id}
    twice = []
    for row in rows:
        answer = answers.get(row.id)
        if answer is None:
            continue
        said = next((each for each in row.candidates if str(each) == answer), None)
        if said is not None and said in taken:
            twice.append(f"{row.given_name} {row.family_name}")
            said, answer = None, ""
        if said is not None:
            taken.add(said)
            row.decided, row.decided_staff_id = Decision.SAME, said
        else:
            row.decided = Decision(answer) if answer in {Decision.NEW, Decision.SKIP} else None
            row.decided_staff_id = None
    db.session.flush()
    return twice


def decide_the_obvious(run_id: uuid.UUID) -> int:
    """Says “the same person” of every open row with one candidate whom no other row may be. Returns how many."""
    rows = db.session.scalars(
        select(StaffImportRow).where(StaffImportRow.run_id == run_id, StaffImportRow.outcome == Outcome.UNCLEAR)
    ).all()
    claims: dict[uuid.UUID, int] = {}
    for row in rows:
        for candidate in row.candidates:
            claims[candidate] = claims.get(candidate, 0) + 1
    obvious = [
        row for row in rows if row.decided is None and len(row.candidates) == 1 and claims[row.candidates[0]] == 1
    ]
    for row in obvious:
        row.decided, row.decided_staff_id = Decision.SAME, row.candidates[0]
    db.session.flush()
    return len(obvious)


def open_questions(run_id: uuid.UUID) -> int:
    """How many rows may be somebody who is there, without anybody having said who."""
    query = select(func.count()).select_from(StaffImportRow)
    return (
        db.session.scalar(
            query.where(
                StaffImportRow.run_id == run_id,
                StaffImportRow.outcome == Outcome.UNCLEAR,
                StaffImportRow.decided.is_(None),
            )
        )
        or 0
    )


def schools_of_run(run_id: uuid.UUID) -> list[tuple[StaffImportSchool, str]]:
    """How far the run is at each of its schools, by name."""
    rows = db.session.execute(
        select(StaffImportSchool, School.name)
        .join(School, School.id == StaffImportSchool.school_id)
        .where(StaffImportSchool.run_id == run_id)
        .order_by(School.name)
    )
    return [(row, name) for row, name in rows]


def touched(run_id: uuid.UUID, *, limit: int) -> list[tuple[EffectKind, str]]:
    """Whom an applied run touched and how, by name, as many as asked for."""
    rows = db.session.execute(
        select(StaffImportEffect.kind, StaffMember.given_name, StaffMember.family_name)
        .join(StaffMember, StaffMember.id == StaffImportEffect.staff_id)
        .where(StaffImportEffect.run_id == run_id, StaffImportEffect.kind != EffectKind.LINKED)
        .order_by(StaffImportEffect.kind, func.lower(StaffMember.family_name), StaffMember.id)
        .limit(limit)
    )
    return [(kind, f"{given} {family}") for kind, given, family in rows]


def said_of_bare_names(run_id: uuid.UUID, school_id: uuid.UUID) -> dict[str, uuid.UUID]:
    """Rows of the school that have nothing but a name and were said to be somebody: to be known the next time."""
    rows = db.session.execute(
        select(
            func.lower(StaffImportRow.given_name + " " + StaffImportRow.family_name), StaffImportRow.decided_staff_id
        ).where(
            StaffImportRow.run_id == run_id,
            StaffImportRow.school_id == school_id,
            StaffImportRow.decided == Decision.SAME,
            func.num_nonnulls(StaffImportRow.email, StaffImportRow.staff_code, StaffImportRow.trn) == 0,
        )
    )
    return {name: staff_id for name, staff_id in rows if staff_id}
