"""Opens a file as a table: finds the encoding, the delimiter and the header row, and numbers the rows as the file does."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from tenants.imports.confined import Limits, Refused, Unreadable, read_confined
from tenants.imports.tabular.workbook import ROWS_BEFORE_HEADER, looks_like_header

MOST_BYTES = 100 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 500
LONGEST_CELL = 32_767
DELIMITERS = ",;\t|"
SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods")
WORKBOOK_READER = "tenants.imports.tabular.workbook:table_rows"
WORKBOOK_LIMITS = Limits(memory=640 * 1024 * 1024, seconds=60, output=500 * 1024 * 1024)


class TableError(Exception):
    """The file cannot be read as a table; the message says why and what to do."""


@dataclass(frozen=True)
class Rejection:
    """A row that was not taken in: its line in the file, the column at fault, what stood there, and why."""

    line: int
    column: str | None
    value: str
    reason: str
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row of cells as text, in the order of the headers, with its line number in the file (from 1)."""

    line: int
    cells: tuple[str, ...]


@dataclass
class Table:
    """Headers and rows. `rows` can be walked once; rows that are empty throughout are left out."""

    headers: tuple[str, ...]
    header_line: int
    rows: Iterator[Row] = field(repr=False)

    def sample(self, count: int) -> list[Row]:
        """The first rows, still to be walked afterwards."""
        first = list(islice(self.rows, count))
        self.rows = chain(first, self.rows)
        return first


def open_table(stream: BinaryIO, *, file_name: str, is_header: Callable[[list[str]], bool] | None = None) -> Table:
    """The table in a CSV or spreadsheet file.

    `is_header` says whether a row is the header; without it the first row with at least two filled cells, all of
    which are words, is taken. Raises TableError for a file that is too large, unreadable, or without a header.
    """
    stream.seek(0, io.SEEK_END)
    size = stream.tell()
    stream.seek(0)
    if size == 0:
        raise TableError("The file is empty. Export it again and check that it has rows.")
    if size > MOST_BYTES:
        raise TableError(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it and upload the parts.")
    reader = _spreadsheet_rows if file_name.lower().endswith(SPREADSHEETS) else _csv_rows
    return _with_header(reader(stream), is_header or looks_like_header)


def _with_header(rows: Iterator[Row], is_header: Callable[[list[str]], bool]) -> Table:
    for row in islice(rows, ROWS_BEFORE_HEADER):
        names = [cell.strip() for cell in row.cells]
        if is_header(names):
            while names and not names[-1]:
                names.pop()
            if len(names) > MOST_COLUMNS:
                raise TableError(f"The file has more than {MOST_COLUMNS} columns. Is it the right one?")
            return Table(tuple(names), row.line, _body(rows, len(names)))
    raise TableError(
        f"No header row was found in the first {ROWS_BEFORE_HEADER} rows. The row above the data must name the columns."
    )


def _body(rows: Iterator[Row], width: int) -> Iterator[Row]:
    for count, row in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise TableError(f"The file has more than {MOST_ROWS:,} rows. Split it and upload the parts.")
        cells = row.cells[:width]
        yield Row(row.line, cells + ("",) * (width - len(cells)))


def _csv_rows(stream: BinaryIO) -> Iterator[Row]:
    head = stream.read(64 * 1024)
    stream.seek(0)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(
            "This is a spreadsheet or Word file by its content. Upload it under its own ending, or as CSV."
        )
    text = io.TextIOWrapper(stream, encoding=_encoding(head, stream), errors="strict", newline="")
    try:
        delimiter = _delimiter(text.readline())
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter)
        for cells in reader:
            line = reader.line_num - sum(cell.count("\n") for cell in cells)
            if any(cell.strip() for cell in cells):
                yield Row(line, tuple(_trimmed(cell) for cell in cells))
    except UnicodeDecodeError as error:
        raise TableError(
            "The file’s characters could not be read. Save it as “CSV UTF-8” and upload it again."
        ) from error
    except csv.Error as error:
        raise TableError(f"The file is not well-formed CSV: {error}. Save it again from the spreadsheet.") from error
    finally:
        if not text.closed:
            text.detach()


def _encoding(head: bytes, stream: BinaryIO) -> str:
    """UTF-8 when the whole file is that, UTF-16 by its mark, else Windows-1252, which British exports use."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in iter(lambda: stream.read(1024 * 1024), b""):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        stream.seek(0)
    return "utf-8-sig"


def _delimiter(first_line: str) -> str:
    return max(DELIMITERS, key=first_line.count)


def _spreadsheet_rows(stream: BinaryIO) -> Iterator[Row]:
    try:
        for line, cells in read_confined(WORKBOOK_READER, stream, limits=WORKBOOK_LIMITS):
            yield Row(line, tuple(_trimmed(cell) for cell in cells))
    except Refused as told:
        raise TableError(str(told)) from told
    except Unreadable as error:
        raise TableError(
            "The workbook could not be read: it is damaged, or far larger inside than it looks. Copy its rows into a new"
            " workbook, or save it as CSV, and upload that."
        ) from error


def _trimmed(cell: str) -> str:
    return " ".join(cell.split()) if len(cell) <= LONGEST_CELL else cell[:LONGEST_CELL]
