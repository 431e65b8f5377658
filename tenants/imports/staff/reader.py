"""Reads staff lists: which column is what, and each row as a person."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from email_validator import EmailNotValidError, validate_email

from prevent_trust.csv_output import csv_bytes
from tenants.imports.staff.words import COLUMN_WORDS, ROLE_WORDS, SENSITIVE_WORDS
from tenants.imports.tabular.dates import read_date
from tenants.imports.tabular.table import Rejection, Row, Table
from tenants.staff.models import StaffRole

FIELDS = ("full_name", "given_name", "family_name", "email", "staff_code", "role", "starts_on", "leaves_on")
FIELD_NAMES = {
    "full_name": "Full name",
    "given_name": "First name",
    "family_name": "Surname",
    "email": "Work email",
    "staff_code": "Staff code",
    "role": "Role or job title",
    "starts_on": "Start date",
    "leaves_on": "Leaving date",
}
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class StaffMapping:
    """Which column, by its header, holds which field."""

    columns: dict[str, str]

    @property
    def problem(self) -> str | None:
        """What is missing before rows can be read, in words; none when it is complete."""
        if "full_name" in self.columns or {"given_name", "family_name"} <= set(self.columns):
            return None
        return "Choose the column with the full name, or those with the first name and the surname."


@dataclass(frozen=True)
class StaffRow:
    """A person as the file has them. `lines` are the file's; more than one where rows were put together."""

    lines: tuple[int, ...]
    given_name: str
    family_name: str
    email: str | None = None
    staff_code: str | None = None
    roles: frozenset[StaffRole] = frozenset()
    starts_on: date | None = None
    leaves_on: date | None = None
    unknown_roles: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass
class StaffRead:
    """All that a file gave: people, rows that were not taken, and columns that are never read."""

    rows: list[StaffRow] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    ignored_sensitive: tuple[str, ...] = ()
    unknown_roles: tuple[str, ...] = ()


def guess_mapping(headers: Sequence[str]) -> StaffMapping:
    """The likeliest field for each header, by the words that management systems use. Each field at most once."""
    columns: dict[str, str] = {}
    for name in FIELDS:
        for word in COLUMN_WORDS[name]:
            found = next(
                (header for header in headers if _plain(header) == word and header not in columns.values()), None
            )
            if found is not None:
                columns[name] = found
                break
    if {"given_name", "family_name"} <= set(columns):
        columns.pop("full_name", None)
    return StaffMapping(columns)


def sensitive_columns(headers: Iterable[str]) -> tuple[str, ...]:
    """Headers of columns that this service must not read: dates of birth, national insurance numbers and the like."""
    return tuple(header for header in headers if any(word in _plain(header) for word in SENSITIVE_WORDS))


def read_staff(table: Table, mapping: StaffMapping) -> StaffRead:
    """Every row as a person, or as a rejection with its reason. Rows of one person are put together.

    Two rows are one person when they share the staff code, or the e-mail address; without either, when the whole name
    is the same.
    """
    sensitive = sensitive_columns(table.headers)
    places = {
        name: table.headers.index(header)
        for name, header in mapping.columns.items()
        if header in table.headers and header not in sensitive
    }
    read = StaffRead(ignored_sensitive=sensitive)
    people: dict[tuple[str, str], StaffRow] = {}
    for row in table.rows:
        try:
            person = _person(row, places)
        except _CellError as error:
            header = table.headers[places[error.field]] if error.field in places else None
            cells = tuple(
                "" if head in sensitive else cell for head, cell in zip(table.headers, row.cells, strict=True)
            )
            read.rejections.append(Rejection(row.line, header, error.value, error.reason, cells))
            continue
        key = _same_person(person)
        there = people.get(key)
        people[key] = person if there is None else _together(there, person)
    read.rows = list(people.values())
    read.unknown_roles = tuple(sorted({word for person in read.rows for word in person.unknown_roles}))
    return read


def rejected_rows_csv(headers: Sequence[str], rejections: Iterable[Rejection]) -> bytes:
    """The rows that were not taken, as they stood, with the line and the reason behind them."""
    rows = (
        [*_padded(rejection, len(headers)), rejection.line, f"{rejection.column or 'Row'} {rejection.reason}"]
        for rejection in rejections
    )
    return csv_bytes([*headers, "Line", "Why it was not taken"], rows)


def _padded(rejection: Rejection, width: int) -> list[str]:
    """As many cells as there are headers; a row of which only one value is known has that in its first."""
    cells = list(rejection.cells or (rejection.value,))[:width]
    return cells + [""] * (width - len(cells))


class _CellError(ValueError):
    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = name, value, reason


def _person(row: Row, places: dict[str, int]) -> StaffRow:
    def cell(name: str) -> str:
        return row.cells[places[name]].strip() if name in places else ""

    given, family = _name(cell("full_name"), cell("given_name"), cell("family_name"))
    known, unknown = roles_from_words(cell("role"))
    person = StaffRow(
        lines=(row.line,),
        given_name=given,
        family_name=family,
        email=_email(cell("email")),
        staff_code=cell("staff_code") or None,
        roles=known,
        starts_on=_day("starts_on", cell("starts_on")),
        leaves_on=_day("leaves_on", cell("leaves_on")),
        unknown_roles=unknown,
    )
    if person.starts_on and person.leaves_on and person.leaves_on < person.starts_on:
        raise _CellError("leaves_on", cell("leaves_on"), "is before the start date")
    return person


def _name(full: str, given: str, family: str) -> tuple[str, str]:
    if full:
        if "," in full:
            family, _, given = (part.strip() for part in full.partition(","))
        else:
            given, _, family = full.rpartition(" ")
            family, given = (family, given) if given else ("", family)
    if not given or not family:
        raise _CellError(
            "full_name" if full or not (given or family) else ("given_name" if not given else "family_name"),
            full or given or family,
            "must have a first name and a surname",
        )
    return given, family


def _email(text: str) -> str | None:
    if not text:
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise _CellError("email", text, "is not an email address: write it like name@school.sch.uk") from error


def _day(name: str, text: str) -> date | None:
    try:
        return read_date(text)
    except ValueError as error:
        raise _CellError(name, text, str(error)) from error


def roles_from_words(text: str) -> tuple[frozenset[StaffRole], tuple[str, ...]]:
    """The roles in a job title such as “DSL / Class teacher”, and the words that fit none.

    A person whose words fit none counts as support staff, so that nobody is left out of what all staff must do.
    """
    known: set[StaffRole] = set()
    unknown: list[str] = []
    for part in re.split(r"[,;/&+]|\band\b", text):
        words = _plain(part)
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


def _same_person(person: StaffRow) -> tuple[str, str]:
    if person.staff_code:
        return "code", person.staff_code.lower()
    if person.email:
        return "email", person.email.lower()
    return "name", person.full_name.lower()


def _together(first: StaffRow, second: StaffRow) -> StaffRow:
    starts = [day for day in (first.starts_on, second.starts_on) if day]
    # Somebody with one post that has not ended has not left.
    leaves = max(first.leaves_on, second.leaves_on) if first.leaves_on and second.leaves_on else None
    return replace(
        first,
        lines=first.lines + second.lines,
        email=first.email or second.email,
        staff_code=first.staff_code or second.staff_code,
        roles=first.roles | second.roles,
        starts_on=min(starts, default=None),
        leaves_on=leaves,
        unknown_roles=first.unknown_roles + second.unknown_roles,
    )


def _plain(text: str) -> str:
    return _NOT_WORD.sub(" ", text.lower()).strip()


def mapping_from_form(chosen: dict[str, Any]) -> StaffMapping:
    """The mapping that somebody chose, fields without a column left out."""
    return StaffMapping({name: str(chosen[name]) for name in FIELDS if chosen.get(name)})
