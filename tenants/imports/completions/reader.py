"""Reads lists of completed training: which column is what, and each row as who, which course and when."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tenants.imports.remembered import head_key
from tenants.imports.staff.reader import plain_words, sensitive_columns
from tenants.imports.staff.words import COLUMN_WORDS
from tenants.imports.tabular.cells import CellProblem, CellReader, Cells, cell_reader, day_of, email_of, name_of, trn_of
from tenants.imports.tabular.table import Rejection, Table

FIELD_NAMES = {
    "full_name": "Full name",
    "given_name": "First name",
    "family_name": "Surname",
    "email": "Work email",
    "staff_code": "Staff code",
    "trn": "Teacher reference number",
    "course": "Course",
    "completed_on": "Date completed",
}
# In lower case, everything but letters and digits a space. The likeliest first.
WORDS: dict[str, tuple[str, ...]] = {
    **{name: COLUMN_WORDS[name] for name in ("full_name", "given_name", "family_name", "email", "staff_code", "trn")},
    "course": (
        "course", "course name", "course title", "training", "training course", "training title", "module", "title",
        "training name", "event", "certificate", "qualification", "topic",
    ),
    "completed_on": (
        "date completed", "completed on", "completion date", "completed", "date of completion", "date", "date passed",
        "course date", "training date", "date of training", "date achieved", "achieved on", "finished", "end date",
    ),
}  # fmt: skip
LONGEST = 200


@dataclass(frozen=True)
class CompletionMapping:
    """Which column, by its header, holds which field; `course_id` is the course of every row where no column says it."""

    columns: dict[str, str] = field(default_factory=dict)
    course_id: uuid.UUID | None = None

    def problem(self) -> tuple[str, str] | None:
        """The field that is missing before rows can be read, and what to do; none when it is complete."""
        names = "full_name" in self.columns or {"given_name", "family_name"} <= set(self.columns)
        if not names and not {"email", "staff_code", "trn"} & set(self.columns):
            return "full_name", "Choose a column that says who it is: a staff code, TRN, email, or the name"
        if "course" not in self.columns and self.course_id is None:
            return "course", "Choose the column with the course, or the course that all rows are about"
        if "completed_on" not in self.columns:
            return "completed_on", "Choose the column with the day of completion"
        return None

    def to_json(self) -> dict[str, Any]:
        return {"columns": self.columns, "course_id": str(self.course_id) if self.course_id else None}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "CompletionMapping":
        course_id = kept.get("course_id")
        return cls(dict(kept.get("columns", {})), uuid.UUID(course_id) if course_id else None)


class CompletionLine(NamedTuple):
    """A row that can be read. Names are empty where the file has none."""

    line: int
    full_name: str
    email: str | None
    staff_code: str | None
    trn: str | None
    course: str
    completed_on: date


def guess_columns(headers: Sequence[str], remembered: Mapping[str, str]) -> CompletionMapping:
    """The likeliest field for each header: what it meant the last time, else by its words. Each field at most once."""
    columns: dict[str, str] = {}
    for header in headers:
        if (name := remembered.get(head_key(header))) in FIELD_NAMES:
            columns.setdefault(name, header)
    for name, words in WORDS.items():
        free = [header for header in headers if header not in columns.values()]
        found = next((header for word in words for header in free if plain_words(header) == word), None)
        if found is not None:
            columns.setdefault(name, found)
    if {"given_name", "family_name"} <= set(columns):
        columns.pop("full_name", None)
    return CompletionMapping(columns)


def read_completions(table: Table, mapping: CompletionMapping, *, today: date) -> Iterator[CompletionLine | Rejection]:
    """Each row, or which cell of it is wrong and why. Holds one row at a time."""
    never = sensitive_columns(table.headers)
    places = {
        name: table.headers.index(header)
        for name, header in mapping.columns.items()
        if name in FIELD_NAMES and header in table.headers and header not in never
    }
    cell = cell_reader(places)
    for row in table.rows:
        try:
            yield _line(row.line, row.cells, cell, needs_course=mapping.course_id is None, today=today)
        except CellProblem as problem:
            place = places.get(problem.field)
            column = table.headers[place] if place is not None else FIELD_NAMES[problem.field]
            yield Rejection(row.line, column, problem.value[:500], problem.reason)


def _line(line: int, cells: Cells, cell: CellReader, *, needs_course: bool, today: date) -> CompletionLine:
    full, given, family = (cell(cells, name) for name in ("full_name", "given_name", "family_name"))
    email, trn = email_of(cell(cells, "email")), trn_of(cell(cells, "trn"))
    code = cell(cells, "staff_code") or None
    name = ""
    if full or given or family or not (email or trn or code):
        name = " ".join(name_of(full, given, family))
    course = cell(cells, "course")
    if needs_course and not course:
        raise CellProblem("course", "", "is empty: enter the course")
    text = cell(cells, "completed_on")
    completed_on = day_of("completed_on", text)
    if completed_on is None:
        raise CellProblem("completed_on", "", "is empty: enter the day of completion, like 31/12/2026")
    if completed_on > today:
        raise CellProblem("completed_on", text, "is still to come: the day of completion must be today or in the past")
    return CompletionLine(line, name, email, code, trn, course[:LONGEST], completed_on)
