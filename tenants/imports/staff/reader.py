"""Reads staff lists: which column is what, and each line as a person at a school."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from email_validator import EmailNotValidError, validate_email

from tenants.imports.staff.words import COLUMN_WORDS, ROLE_WORDS, SENSITIVE_WORDS
from tenants.imports.tabular.dates import read_date
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
# What stands before the @ of most addresses; the rest is looked at by the rules of the standards.
_PLAIN_LOCAL_PART = re.compile(r"(?=.{1,64}$)[A-Za-z0-9_'+-]+(\.[A-Za-z0-9_'+-]+)*")
_TRN_MARKS = re.compile(r"[\s/-]|^(?:rp|trn)(?=\d)", re.IGNORECASE)
_FORMULA_GUARD = ("'=", "'+", "'-", "'@")


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
    cell = _cell_reader(places)
    for row in table.rows:
        cells = row.cells
        school = cell(cells, "school") or None
        try:
            yield _person(row.line, school, cells, cell)
        except _CellProblem as problem:
            place = places.get(problem.field)
            yield StaffLine(
                line=row.line,
                school_word=school,
                problem=problem.reason,
                problem_column=table.headers[place] if place is not None else None,
                problem_value=problem.value[:500],
            )


Cells = tuple[str, ...]
CellReader = Callable[[Cells, str], str]


def _cell_reader(places: dict[str, int]) -> CellReader:
    def cell(cells: Cells, name: str) -> str:
        place = places.get(name)
        if place is None:
            return ""
        value = cells[place].strip()
        # Files that this service gives back guard what a spreadsheet would take for a formula.
        return value[1:] if value.startswith(_FORMULA_GUARD) else value

    return cell


class _CellProblem(ValueError):
    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = name, value, reason


def _person(line: int, school: str | None, cells: Cells, cell: CellReader) -> StaffLine:
    given, family = _name(cell(cells, "full_name"), cell(cells, "given_name"), cell(cells, "family_name"))
    title = cell(cells, "role")
    roles, unknown = roles_from_words(title)
    starts_on = _day("starts_on", cell(cells, "starts_on"))
    leaves_on = _day("leaves_on", cell(cells, "leaves_on"))
    if starts_on and leaves_on and leaves_on < starts_on:
        raise _CellProblem("leaves_on", cell(cells, "leaves_on"), "is before the start date")
    return StaffLine(
        line,
        school,
        given,
        family,
        _email(cell(cells, "email")),
        cell(cells, "staff_code") or None,
        _trn(cell(cells, "trn")),
        tuple(sorted(roles)),
        roles == {StaffRole.SUPPORT} and bool(unknown or not title),
        starts_on,
        leaves_on,
    )


def _name(full: str, given: str, family: str) -> tuple[str, str]:
    if full:
        if "," in full:
            family, _, given = (part.strip() for part in full.partition(","))
        else:
            given, _, family = full.rpartition(" ")
            family, given = (family, given) if given else ("", family)
    if not given or not family:
        raise _CellProblem(
            "full_name" if full or not (given or family) else ("given_name" if not given else "family_name"),
            full or given or family,
            "must have a first name and a surname",
        )
    return given, family


def _email(text: str) -> str | None:
    if not text:
        return None
    local, _, domain = text.rpartition("@")
    try:
        if len(text) <= 200 and _PLAIN_LOCAL_PART.fullmatch(local):
            return f"{local}@{_email_domain(domain)}"
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise _CellProblem("email", text, "is not an email address: write it like name@school.sch.uk") from error


@lru_cache(maxsize=2_000)
def _email_domain(domain: str) -> str:
    """A list has few different domains, and looking at one takes longer than all else in a line."""
    return validate_email(f"a@{domain}", check_deliverability=False).domain


def _trn(text: str) -> str | None:
    digits = _TRN_MARKS.sub("", text) if text else ""
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 7):
        raise _CellProblem("trn", text, "must have seven digits. Spreadsheets drop zeros in front: write them again")
    return digits


def _day(name: str, text: str) -> date | None:
    try:
        return _read_date(text)
    except ValueError as error:
        raise _CellProblem(name, text, str(error)) from error


# A list has few different days and job titles, however many people are in it.
_read_date = lru_cache(maxsize=20_000)(read_date)


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
