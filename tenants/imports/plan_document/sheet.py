"""Excel, OpenDocument and CSV files as tables: every sheet with cells in it, with dates and shading."""

import csv
import io
import zipfile
from datetime import date, datetime
from typing import Any, BinaryIO

from python_calamine import CalamineError

from tenants.imports.plan_document.blocks import (
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    DocumentBlocks,
    Line,
    TableBlock,
    TextBlock,
    lines_of,
)
from tenants.imports.plan_document.package import check_archive
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.plan_document.shading import shading_of
from tenants.imports.tabular.table import DELIMITERS
from tenants.imports.tabular.workbook import Sheet, sheets_of

_OUR_OWN = {"about", "sections"}  # sheets that our own files hold besides the plan


def read_workbook(stream: BinaryIO) -> DocumentBlocks:
    """Every sheet of a workbook. Raises PlanDocumentError with what to do; to be called in a confined process."""
    if zipfile.is_zipfile(stream):
        check_archive(stream)
    shading = shading_of(stream)
    stream.seek(0)
    try:
        sheets = list(sheets_of(stream))
    except (CalamineError, OSError, ValueError) as error:
        raise PlanDocumentError(
            f"The workbook could not be read: {error}. Save it as .xlsx and upload it again."
        ) from error
    _refuse_too_much(sheets)
    names = {sheet.name.lower() for sheet in sheets}
    ours = "plan" in names and names >= _OUR_OWN
    found = DocumentBlocks()
    for sheet in sheets:
        if ours and sheet.name.lower() in _OUR_OWN:
            continue
        if not ours and len(sheets) > 1 and any(any(value not in {"", None} for value in row) for _, row in sheet.rows):
            found.blocks.append(TextBlock(sheet.name))
        fills = shading.get(sheet.name, {})
        rows = [
            [_cell(value, fills.get((line - 1, place), "")) for place, value in enumerate(row)]
            for line, row in sheet.rows
        ]
        _add(found, rows)
    return found


def _refuse_too_much(sheets: list[Sheet]) -> None:
    """A long text that many cells share is stored once in the file, and would be read out for each of them."""
    length = sum(len(value) for sheet in sheets for _, row in sheet.rows for value in row if isinstance(value, str))
    if length > MOST_CHARACTERS:
        raise PlanDocumentError("The workbook holds far more text than any plan. Copy the plan into a new workbook.")


def read_csv(stream: BinaryIO) -> DocumentBlocks:
    """A CSV file. Raises PlanDocumentError when its bytes are no text."""
    text = decoded(stream.read())
    sample = text[:20_000]
    delimiter = max(DELIMITERS, key=sample.count)
    try:
        rows = [
            [_text_cell(value) for value in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise PlanDocumentError(
            f"The file is not well-formed CSV: {error}. Save it again from the spreadsheet."
        ) from error
    found = DocumentBlocks()
    _add(found, rows)
    return found


def decoded(raw: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else Windows-1252. Raises PlanDocumentError for bytes that no text has."""
    has_mark = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if has_mark else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise PlanDocumentError("The file is no text. Save the plan as .docx, .xlsx or CSV, and upload that.")


def _add(found: DocumentBlocks, rows: list[list[Cell]]) -> None:
    """The table, with single cells above its first real row as texts."""
    rows = [row for row in rows if any(cell.text for cell in row)]
    if len(rows) > MOST_ROWS:
        raise PlanDocumentError(f"The file has more than {MOST_ROWS:,} rows. Is it the right one?")
    while rows and sum(bool(cell.text) for cell in rows[0]) == 1 and len(rows) > 1:
        found.blocks.append(TextBlock(next(cell.text for cell in rows.pop(0) if cell.text)))
    if rows:
        width = max(max((n for n, cell in enumerate(row) if cell.text), default=-1) for row in rows) + 1
        if width > MOST_COLUMNS:
            raise PlanDocumentError(f"The table has more than {MOST_COLUMNS} columns. Is it the right file?")
        found.blocks.append(TableBlock([[*row[:width], *[Cell()] * (width - len(row))] for row in rows]))


def _cell(value: Any, fill: str) -> Cell:
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return Cell((Line(f"{value.day} {value:%B %Y}"),), fill=fill, day=value)
    if isinstance(value, bool):
        return Cell((Line("Yes" if value else "No"),), fill=fill)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return Cell(lines_of("" if value is None else str(value)), fill=fill)


def _text_cell(value: str) -> Cell:
    return Cell(lines_of(value))
