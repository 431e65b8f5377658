"""Reads the register's downloads: which one it is by its header, columns by their names, rows one at a time.

A column that a download does not have gives None, which means “leave what is known”; an empty cell gives an empty
value. Head teachers' columns are never read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import BinaryIO

from tenants.imports.tabular.dates import read_date
from tenants.imports.tabular.table import Rejection, Row, Table, TableError, open_table
from tenants.organisations.models import SchoolStatus, TrustKind


class GiasKind(StrEnum):
    ESTABLISHMENTS = "establishments"
    PUPIL_NUMBERS = "pupil numbers"
    GROUPS = "groups"
    GROUP_LINKS = "group links"
    SUCCESSIONS = "predecessors and successors"


# field -> the names that the column has had, newest first
COLUMNS: dict[str, tuple[str, ...]] = {
    "urn": ("URN",),
    "la_code": ("LA (code)",),
    "la_name": ("LA (name)",),
    "name": ("EstablishmentName",),
    "type_name": ("TypeOfEstablishment (name)",),
    "type_group": ("EstablishmentTypeGroup (name)",),
    "status": ("EstablishmentStatus (name)",),
    "opened_on": ("OpenDate",),
    "closed_on": ("CloseDate",),
    "phase": ("PhaseOfEducation (name)",),
    "low_age": ("StatutoryLowAge",),
    "high_age": ("StatutoryHighAge",),
    "pupils": ("NumberOfPupils",),
    "trust_uid": ("Trusts (code)",),
    "town": ("Town",),
    "postcode": ("Postcode",),
    "district": ("DistrictAdministrative (name)",),
    "ukprn": ("UKPRN",),
    "group_uid": ("Group UID", "Linked UID", "UID"),
    "group_id": ("Group ID",),
    "group_name": ("Group Name",),
    "group_type": ("Group Type (code)", "Group Type"),
    "companies_house_number": ("Companies House Number",),
    "group_opened_on": ("Incorporated on (open date)", "Open date"),
    "group_closed_on": ("Closed Date",),
    "joined_on": ("Joined date",),
    "link_urn": ("LinkURN",),
    "link_type": ("LinkType",),
    "link_on": ("LinkEstablishedDate",),
}

STATUSES = {
    "open": SchoolStatus.OPEN,
    "open, but proposed to close": SchoolStatus.OPEN_PROPOSED_TO_CLOSE,
    "closed": SchoolStatus.CLOSED,
    "proposed to open": SchoolStatus.PROPOSED_TO_OPEN,
}
TRUST_KINDS = {
    "06": TrustKind.MULTI_ACADEMY,
    "multi-academy trust": TrustKind.MULTI_ACADEMY,
    "10": TrustKind.SINGLE_ACADEMY,
    "single-academy trust": TrustKind.SINGLE_ACADEMY,
}
PLACEHOLDERS = {"not applicable", "not recorded"}


@dataclass(frozen=True)
class EstablishmentRow:
    """An establishment. None throughout means that the download does not say; "" that it says there is none."""

    line: int
    urn: int
    la_code: str | None = None
    la_name: str | None = None
    name: str | None = None
    type_name: str | None = None
    type_group: str | None = None
    status: SchoolStatus | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    phase: str | None = None
    low_age: int | None = None
    high_age: int | None = None
    pupils: int | None = None
    trust_uid: str | None = None
    town: str | None = None
    postcode: str | None = None
    district: str | None = None
    ukprn: str | None = None


@dataclass(frozen=True)
class GroupRow:
    line: int
    uid: str
    group_id: str | None
    name: str
    kind: TrustKind
    companies_house_number: str | None
    opened_on: date | None
    closed_on: date | None


@dataclass(frozen=True)
class GroupLinkRow:
    """A school in a trust. The trust's own columns stand in each row."""

    line: int
    urn: int
    group: GroupRow
    joined_on: date | None


@dataclass(frozen=True)
class SuccessionRow:
    """The establishment `urn` carries on what `former_urn` was."""

    line: int
    urn: int
    former_urn: int
    on: date | None


GiasRow = EstablishmentRow | GroupRow | GroupLinkRow | SuccessionRow


@dataclass
class GiasFile:
    """A download that was recognised. `rejections` and `left_aside` fill while `rows` is walked.

    `left_aside` counts rows that are not ours to take, such as sponsors and federations among the groups.
    """

    kind: GiasKind
    fields: frozenset[str]
    rows: Iterator[GiasRow] = field(repr=False)
    rejections: list[Rejection] = field(default_factory=list)
    left_aside: int = 0


class _CellError(ValueError):
    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


class _LeftAside(Exception):
    """The row is in order and not ours."""


def read_gias(stream: BinaryIO, *, file_name: str) -> GiasFile:
    """Recognises a download of the register. Raises TableError when it is none, naming the columns it needs."""
    table = open_table(stream, file_name=file_name, is_header=_is_header)
    places = _places(table.headers)
    kind = _kind(frozenset(places))
    file = GiasFile(kind=kind, fields=frozenset(places), rows=iter(()))
    read = _READERS[kind]
    file.rows = _walk(table, file, places, read)
    return file


def _is_header(names: list[str]) -> bool:
    return "URN" in names or "Group UID" in names


def _places(headers: tuple[str, ...]) -> dict[str, int]:
    where = {name: place for place, name in reversed(list(enumerate(headers)))}
    return {
        name: next(where[label] for label in labels if label in where)
        for name, labels in COLUMNS.items()
        if any(label in where for label in labels)
    }


def _kind(fields: frozenset[str]) -> GiasKind:
    if {"urn", "link_urn", "link_type"} <= fields:
        return GiasKind.SUCCESSIONS
    if {"urn", "group_uid", "group_name"} <= fields:
        return GiasKind.GROUP_LINKS
    if {"group_uid", "group_name"} <= fields:
        return GiasKind.GROUPS
    if {"urn", "name", "la_code", "la_name"} <= fields:
        return GiasKind.ESTABLISHMENTS
    if {"urn", "pupils"} <= fields:
        return GiasKind.PUPIL_NUMBERS
    raise TableError(
        "This is not a download of the register that we know. It needs the columns URN, EstablishmentName, LA (code) and"
        " LA (name), or those of the groups, group links or links downloads."
    )


Reader = Callable[["_Cells"], GiasRow]


def _walk(table: Table, file: GiasFile, places: dict[str, int], read: Reader) -> Iterator[GiasRow]:
    for row in table.rows:
        try:
            yield read(_Cells(row, places, table.headers))
        except _CellError as error:
            file.rejections.append(Rejection(row.line, error.column, error.value, error.reason, row.cells))
        except _LeftAside:
            file.left_aside += 1


class _Cells:
    """A row's cells by field."""

    def __init__(self, row: Row, places: dict[str, int], headers: tuple[str, ...]) -> None:
        self.line = row.line
        self._row, self._places, self._headers = row, places, headers

    def error(self, name: str, reason: str) -> _CellError:
        place = self._places[name]
        return _CellError(self._headers[place], self._row.cells[place], reason)

    def text(self, name: str) -> str | None:
        place = self._places.get(name)
        if place is None:
            return None
        cell = self._row.cells[place].strip()
        return "" if cell.lower() in PLACEHOLDERS else cell

    def needed(self, name: str) -> str:
        cell = self.text(name)
        if not cell:
            raise self.error(name, "is empty")
        return cell

    def number(self, name: str) -> int | None:
        cell = self.text(name)
        if not cell:
            return None
        if not re.fullmatch(r"\d{1,9}", cell):
            raise self.error(name, "is not a whole number")
        return int(cell)

    def urn(self, name: str = "urn") -> int:
        cell = self.needed(name)
        if not re.fullmatch(r"[1-9]\d{5}", cell):
            raise self.error(name, "is not a URN: six digits")
        return int(cell)

    def day(self, name: str) -> date | None:
        try:
            return read_date(self.text(name) or "")
        except ValueError as error:
            raise self.error(name, str(error)) from error


def _establishment(cells: _Cells) -> EstablishmentRow:
    code = cells.needed("la_code").zfill(3)
    if not re.fullmatch(r"\d{3}", code):
        raise cells.error("la_code", "is not the code of a local authority: three digits")
    return EstablishmentRow(
        line=cells.line,
        urn=cells.urn(),
        la_code=code,
        la_name=cells.needed("la_name"),
        name=cells.needed("name"),
        type_name=cells.text("type_name"),
        type_group=cells.text("type_group"),
        status=_status(cells),
        opened_on=cells.day("opened_on"),
        closed_on=cells.day("closed_on"),
        phase=cells.text("phase"),
        low_age=cells.number("low_age"),
        high_age=cells.number("high_age"),
        pupils=cells.number("pupils"),
        trust_uid=cells.text("trust_uid"),
        town=cells.text("town"),
        postcode=cells.text("postcode"),
        district=cells.text("district"),
        ukprn=cells.text("ukprn"),
    )


def _status(cells: _Cells) -> SchoolStatus | None:
    words = cells.text("status")
    if not words:
        return None
    try:
        return STATUSES[words.lower()]
    except KeyError:
        raise cells.error("status", "is none of: Open; Open, but proposed to close; Closed; Proposed to open") from None


def _pupil_numbers(cells: _Cells) -> EstablishmentRow:
    return EstablishmentRow(line=cells.line, urn=cells.urn(), pupils=cells.number("pupils"))


def _group(cells: _Cells) -> GroupRow:
    words = (cells.text("group_type") or "").lower()
    kind = TRUST_KINDS.get(words.zfill(2) if words.isdigit() else words)
    if kind is None:
        raise _LeftAside
    number = cells.text("companies_house_number")
    return GroupRow(
        line=cells.line,
        uid=cells.needed("group_uid"),
        group_id=cells.text("group_id"),
        name=cells.needed("group_name"),
        kind=kind,
        companies_house_number=number.zfill(8) if number and number.isdigit() else number,
        opened_on=cells.day("group_opened_on"),
        closed_on=cells.day("group_closed_on"),
    )


def _group_link(cells: _Cells) -> GroupLinkRow:
    group = _group(cells)
    return GroupLinkRow(line=cells.line, urn=cells.urn(), group=group, joined_on=cells.day("joined_on"))


def _succession(cells: _Cells) -> SuccessionRow:
    """Only one-to-one successions: where schools merge or split, whose history it is cannot be told from the register."""
    words = cells.needed("link_type").lower()
    here, other = cells.urn(), cells.urn("link_urn")
    match words:
        case "predecessor":
            return SuccessionRow(cells.line, urn=here, former_urn=other, on=cells.day("link_on"))
        case "successor":
            return SuccessionRow(cells.line, urn=other, former_urn=here, on=cells.day("link_on"))
    raise _LeftAside


_READERS: dict[GiasKind, Reader] = {
    GiasKind.ESTABLISHMENTS: _establishment,
    GiasKind.PUPIL_NUMBERS: _pupil_numbers,
    GiasKind.GROUPS: _group,
    GiasKind.GROUP_LINKS: _group_link,
    GiasKind.SUCCESSIONS: _succession,
}
