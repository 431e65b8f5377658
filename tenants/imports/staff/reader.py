"""Reads staff lists: which column is what, and each line as a person at a school."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from tenants.imports.staff.words import COLUMN_WORDS, ROLE_WORDS, SENSITIVE_WORDS
from tenants.imports.tabular.cells import CellProblem, CellReader, Cells, cell_reader, day_of, email_of, name_of, trn_of
from tenants.imports.tabular.table import Table
from tenants.staff.models import StaffRole

FIELD_NAMES = {
    "school": "School",
    "full_name": "Full name",
    "given_name": "First name",
    "family_name": "Surname",
    "email": "Work email",
    "staff_code": "Staff code",
    "trn": "Teacher reference number",
    "role": "Role or job title",
    "starts_on": "Start date",
    "leaves_on": "Leaving date",
}
SCHOOL_FIELDS = tuple(name for name in FIELD_NAMES if name != "school")
TRUST_FIELDS = tuple(FIELD_NAMES)
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class StaffMapping:
    """Which column, by its header, holds which field. `codes_of_trust`: a staff code is the same at every school."""

    columns: dict[str, str]
    codes_of_trust: bool = False

    def problem(self, *, of_trust: bool) -> str | None:
        """What is missing before rows can be read, in words; none when it is complete."""
        if not ("full_name" in self.columns or {"given_name", "family_name"} <= set(self.columns)):
            return "Choose the column with the full name, or those with the first name and the surname."
        if of_trust and "school" not in self.columns:
            return "Choose the column that says at which school each person works."
        return None

    def to_json(self) -> dict[str, Any]:
        return {"columns": self.columns, "codes_of_trust": self.codes_of_trust}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "StaffMapping":
        return cls(dict(kept.get("columns", {})), bool(kept.get("codes_of_trust")))


class StaffLine(NamedTuple):
    """A line of the file. With a `problem` it is not taken, and only the line and the school are sure."""

    line: int
    school_word: str | None
    given_name: str = ""
    family_name: str = ""
    email: str | None = None
    staff_code: str | None = None
    trn: str | None = None
    roles: tuple[str, ...] = ()
    roles_guessed: bool = False
    starts_on: date | None = None
    leaves_on: date | None = None
    problem: str | None = None
    problem_column: str | None = None
    problem_value: str | None = None


def guess_mapping(headers: Sequence[str], fields: Iterable[str] = SCHOOL_FIELDS) -> StaffMapping:
    """The likeliest field for each header, by the words that management systems use. Each field at most once."""
    columns: dict[str, str] = {}
    for name in fields:
        for word in COLUMN_WORDS[name]:
            found = next(
                (header for header in headers if plain_words(header) == word and header not in columns.values()), None
            )
            if found is not None:
                columns[name] = found
                break
    if {"given_name", "family_name"} <= set(columns):
        columns.pop("full_name", None)
    return StaffMapping(columns)


def sensitive_columns(headers: Iterable[str]) -> tuple[str, ...]:
    """Headers of columns that this service must not read: dates of birth, national insurance numbers and the like."""
    return tuple(header for header in headers if any(word in plain_words(header) for word in SENSITIVE_WORDS))


def places_of(table: Table, mapping: StaffMapping) -> dict[str, int]:
    """Where each mapped field stands; columns that are never read have no place, whatever the mapping says."""
    sensitive = sensitive_columns(table.headers)
    return {
        name: table.headers.index(header)
        for name, header in mapping.columns.items()
        if name in FIELD_NAMES and header in table.headers and header not in sensitive
    }


def read_lines(table: Table, mapping: StaffMapping) -> Iterator[StaffLine]:
    """Each line as a person, or with what is wrong with it. Holds one line at a time."""
    places = places_of(table, mapping)
    cell = cell_reader(places)
    for row in table.rows:
        cells = row.cells
        school = cell(cells, "school") or None
        try:
            yield _person(row.line, school, cells, cell)
        except CellProblem as problem:
            place = places.get(problem.field)
            yield StaffLine(
                line=row.line,
                school_word=school,
                problem=problem.reason,
                problem_column=table.headers[place] if place is not None else None,
                problem_value=problem.value[:500],
            )


def _person(line: int, school: str | None, cells: Cells, cell: CellReader) -> StaffLine:
    given, family = name_of(cell(cells, "full_name"), cell(cells, "given_name"), cell(cells, "family_name"))
    title = cell(cells, "role")
    roles, unknown = roles_from_words(title)
    starts_on = day_of("starts_on", cell(cells, "starts_on"))
    leaves_on = day_of("leaves_on", cell(cells, "leaves_on"))
    if starts_on and leaves_on and leaves_on < starts_on:
        raise CellProblem("leaves_on", cell(cells, "leaves_on"), "is before the start date")
    return StaffLine(
        line,
        school,
        given,
        family,
        email_of(cell(cells, "email")),
        cell(cells, "staff_code") or None,
        trn_of(cell(cells, "trn")),
        tuple(sorted(roles)),
        roles == {StaffRole.SUPPORT} and bool(unknown or not title),
        starts_on,
        leaves_on,
    )


@lru_cache(maxsize=20_000)
def roles_from_words(text: str) -> tuple[frozenset[StaffRole], tuple[str, ...]]:
    """The roles in a job title such as “DSL / Class teacher”, and the words that fit none.

    A person whose words fit none counts as support staff, so that nobody is left out of what all staff must do.
    """
    known: set[StaffRole] = set()
    unknown: list[str] = []
    for part in re.split(r"[,;/&+]|\band\b", text):
        words = plain_words(part)
        if not words:
            continue
        found = {
            role for role, patterns in ROLE_WORDS.items() if any(re.search(pattern, words) for pattern in patterns)
        }
        if StaffRole.DEPUTY_DSL in found:
            found.discard(StaffRole.DSL)
        if StaffRole.LINK_GOVERNOR in found:
            found.add(StaffRole.GOVERNOR)
        known |= found
        if not found:
            unknown.append(part.strip())
    return frozenset(known or {StaffRole.SUPPORT}), tuple(unknown)


def plain_words(text: str) -> str:
    """In lower case, everything but letters and digits a space."""
    return _NOT_WORD.sub(" ", text.lower()).strip()


def mapping_from_form(chosen: dict[str, Any], fields: Iterable[str], *, codes_of_trust: bool) -> StaffMapping:
    """The mapping that somebody chose, fields without a column left out."""
    columns = {name: str(chosen[name]) for name in fields if chosen.get(name)}
    return replace(StaffMapping(columns), codes_of_trust=codes_of_trust)
