"""Cells of other people's lists as names, addresses, numbers and days, or what is wrong with each in words."""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from tenants.imports.tabular.dates import read_date

# What stands before the @ of most addresses; the rest is looked at by the rules of the standards.
_PLAIN_LOCAL_PART = re.compile(r"(?=.{1,64}$)[A-Za-z0-9_'+-]+(\.[A-Za-z0-9_'+-]+)*")
_TRN_MARKS = re.compile(r"[\s/-]|^(?:rp|trn)(?=\d)", re.IGNORECASE)
_FORMULA_GUARD = ("'=", "'+", "'-", "'@")

Cells = tuple[str, ...]
CellReader = Callable[[Cells, str], str]


def cell_reader(places: dict[str, int]) -> CellReader:
    """Gives the text of a field in a row; nothing for a field that has no column."""

    def cell(cells: Cells, name: str) -> str:
        place = places.get(name)
        if place is None:
            return ""
        value = cells[place].strip()
        # Files that this service gives back guard what a spreadsheet would take for a formula.
        return value[1:] if value.startswith(_FORMULA_GUARD) else value

    return cell


class CellProblem(ValueError):
    """What is wrong with a cell, as it follows the name of its column: “is not a date …”."""

    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = name, value, reason


def name_of(full: str, given: str, family: str) -> tuple[str, str]:
    """First name and surname, from one cell (“Ada Finch”, “Finch, Ada”) or two. Raises CellProblem."""
    if full:
        if "," in full:
            family, _, given = (part.strip() for part in full.partition(","))
        else:
            given, _, family = full.rpartition(" ")
            family, given = (family, given) if given else ("", family)
    if not given or not family:
        raise CellProblem(
            "full_name" if full or not (given or family) else ("given_name" if not given else "family_name"),
            full or given or family,
            "must have a first name and a surname",
        )
    return given, family


def email_of(text: str) -> str | None:
    """The address, normalised; none for an empty cell. Raises CellProblem."""
    if not text:
        return None
    local, _, domain = text.rpartition("@")
    try:
        if len(text) <= 200 and _PLAIN_LOCAL_PART.fullmatch(local):
            return f"{local}@{_email_domain(domain)}"
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise CellProblem("email", text, "is not an email address: write it like name@school.sch.uk") from error


@lru_cache(maxsize=2_000)
def _email_domain(domain: str) -> str:
    """A list has few different domains, and looking at one takes longer than all else in a line."""
    return validate_email(f"a@{domain}", check_deliverability=False).domain


def trn_of(text: str) -> str | None:
    """The seven digits of a teacher reference number; none for an empty cell. Raises CellProblem."""
    digits = _TRN_MARKS.sub("", text) if text else ""
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 7):
        raise CellProblem("trn", text, "must have seven digits. Spreadsheets drop zeros in front: write them again")
    return digits


def day_of(name: str, text: str) -> date | None:
    """The day in a cell of the field `name`; none for an empty one. Raises CellProblem."""
    try:
        return _read_date(text)
    except ValueError as error:
        raise CellProblem(name, text, str(error)) from error


# A list has few different days, however many people are in it.
_read_date = lru_cache(maxsize=20_000)(read_date)
