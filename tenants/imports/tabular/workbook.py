"""The sheets of a workbook, laid out as its reader gives them. To be called in a confined process (`confined.py`)."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from tenants.imports.confined import Refused

MOST_UNPACKED_BYTES = 500 * 1024 * 1024
_FURTHEST_ROW, _FURTHEST_COLUMN = 1_048_576, 16_384  # of Excel's sheets
_MOST_PLACES = 30_000_000
_PLACE = re.compile(rb'\br="([A-Z]{1,7})([0-9]{1,10})"')
_REPEATED = re.compile(rb'number-(?:rows|columns)-repeated="([0-9]{1,12})"')
ROWS_BEFORE_HEADER = 20


@dataclass(frozen=True)
class Sheet:
    """`rows` are those from the first to the last that has a cell, each with its number in the sheet, counted from 1."""

    name: str
    rows: list[tuple[int, list[Any]]]


def sheets_of(stream: BinaryIO) -> Iterator[Sheet]:
    """Every sheet. Raises Refused for a workbook that unpacks to far more than it should, and what its reader raises."""
    refuse_bombs(stream)
    workbook = CalamineWorkbook.from_filelike(stream)
    for name in workbook.sheet_names:
        yield Sheet(name, list(_rows(workbook.get_sheet_by_name(name))))


def table_rows(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """The filled rows of the first sheet that begins with a header, as texts. Raises Refused, with what to do."""
    try:
        refuse_bombs(stream)
        workbook = CalamineWorkbook.from_filelike(stream)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if any(looks_like_header(row) for _, row in _texts(sheet, most=ROWS_BEFORE_HEADER)):
                break
        else:
            raise Refused("No sheet of the workbook has a header row. The row above the data must name the columns.")
    except CalamineError as error:
        raise Refused(f"The workbook could not be read: {error}. Save it as .xlsx and upload it again.") from error
    yield from _texts(sheet)


def looks_like_header(names: list[str]) -> bool:
    """At least two filled cells, all of which have letters."""
    filled = [name for name in names if name.strip()]
    return len(filled) >= 2 and all(any(letter.isalpha() for letter in name) for name in filled)


def _texts(sheet: Any, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
    for line, row in _rows(sheet):
        if most is not None and line > most:
            return
        texts = [as_text(value) for value in row]
        if any(texts):
            yield line, texts


def _rows(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    top, left = sheet.start or (0, 0)
    for line, row in enumerate(sheet.iter_rows(), start=top + 1):
        yield line, [*[""] * left, *row]


def as_text(cell: Any) -> str:
    """A cell as it would be typed: dates as YYYY-MM-DD, whole numbers without a decimal point."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def refuse_bombs(stream: IO[bytes]) -> None:
    """Raises Refused for a workbook that says of itself that it is far larger than any."""
    if zipfile.is_zipfile(stream):
        stream.seek(0)
        with zipfile.ZipFile(stream) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED_BYTES:
                raise Refused("The workbook unpacks to far more than it should. Export it again, as CSV if possible.")
            if _has_vast_sheet(archive):
                raise Refused("A sheet of the workbook claims to be vast. Copy its rows into a new workbook.")
    stream.seek(0)


def _has_vast_sheet(archive: zipfile.ZipFile) -> bool:
    """Whether a sheet has a cell so far out that laying the sheet out would take all memory there is."""
    for name in archive.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            row, column = _furthest(archive, name)
            if row > _FURTHEST_ROW or column > _FURTHEST_COLUMN or row * column > _MOST_PLACES:
                return True
        elif name == "content.xml" and any(int(n) > _FURTHEST_ROW for n in _found(archive, name, _REPEATED)):
            return True
    return False


def _furthest(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    row = column = 0
    for letters, number in _found(archive, name, _PLACE):
        row = max(row, int(number))
        column = max(column, _column_number(letters))
    return row, column


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _found(archive: zipfile.ZipFile, name: str, pattern: re.Pattern[bytes]) -> Iterator[Any]:
    """Matches of a pattern in a part, which is never held whole."""
    try:
        with archive.open(name) as part:
            rest = b""
            while chunk := part.read(1024 * 1024):
                yield from pattern.findall(rest + chunk)
                rest = chunk[-80:]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise Refused("The workbook is damaged or protected. Save it again and upload that.") from error
