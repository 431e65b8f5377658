"""Excel, OpenDocument and CSV files as tables: every sheet with cells in it, with dates and shading."""

import csv
import io
import re
import zipfile
from datetime import date, datetime
from typing import Any, BinaryIO

from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook

from tenants.imports.plan_document.blocks import (
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    DocumentBlocks,
    Line,
    TableBlock,
    TextBlock,
    lines_of,
)
from tenants.imports.plan_document.package import MOST_XML_BYTES, check_archive
from tenants.imports.plan_document.types import PlanDocumentError
from tenants.imports.tabular.table import DELIMITERS, TableError, has_vast_sheet

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_OUR_OWN = {"about", "sections"}  # sheets that our own files hold besides the plan


def read_workbook(stream: BinaryIO) -> DocumentBlocks:
    """Every sheet of a workbook. Raises PlanDocumentError with what to do."""
    if zipfile.is_zipfile(stream):
        check_archive(stream)
        _refuse_vast_sheets(stream)
    stream.seek(0)
    fills = _fills(stream)
    stream.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
        names = workbook.sheet_names
        sheets = {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except (CalamineError, OSError, ValueError) as error:
        raise PlanDocumentError(
            f"The workbook could not be read: {error}. Save it as .xlsx and upload it again."
        ) from error
    found = DocumentBlocks()
    ours = "plan" in {name.lower() for name in sheets} and {name.lower() for name in sheets} >= _OUR_OWN
    for number, (name, rows) in enumerate(sheets.items()):
        if ours and name.lower() in _OUR_OWN:
            continue
        if not ours and len(sheets) > 1 and any(cell not in {"", None} for row in rows for cell in row):
            found.blocks.append(TextBlock(name))
        _add(
            found,
            [
                [_cell(value, fills.get((number, r, c), "")) for c, value in enumerate(row)]
                for r, row in enumerate(rows)
            ],
        )
    return found


def _refuse_vast_sheets(stream: BinaryIO) -> None:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            vast = has_vast_sheet(archive)
    except TableError as error:
        raise PlanDocumentError(str(error)) from error
    if vast:
        raise PlanDocumentError("A sheet of the workbook claims to be vast. Copy the plan into a new workbook.")


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


def _fills(stream: BinaryIO) -> dict[tuple[int, int, int], str]:
    """The colour of each shaded cell by sheet, row and column; nothing where the file has none or is no .xlsx."""
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        return {}
    found: dict[tuple[int, int, int], str] = {}
    with zipfile.ZipFile(stream) as archive:
        names = set(archive.namelist())
        if "xl/styles.xml" not in names:
            return {}
        colours = _colours(archive)
        for number in range(50):
            name = f"xl/worksheets/sheet{number + 1}.xml"
            if name not in names or archive.getinfo(name).file_size > MOST_XML_BYTES:
                break
            for reference, style in _styled(archive, name):
                if colours.get(style):
                    row, column = _place(reference)
                    found[number, row, column] = colours[style]
    return found


def _colours(archive: zipfile.ZipFile) -> dict[int, str]:
    """The fill of each cell style, as RRGGBB."""
    try:
        root = etree.fromstring(archive.read("xl/styles.xml"), _parser())
    except etree.XMLSyntaxError:
        return {}
    fills = []
    for fill in root.iterfind(f"{_MAIN}fills/{_MAIN}fill"):
        colour = fill.find(f"{_MAIN}patternFill/{_MAIN}fgColor")
        fills.append((colour.get("rgb") or "")[-6:] if colour is not None else "")
    found = {}
    for number, style in enumerate(root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")):
        index = style.get("fillId", "0")
        if index.isdecimal() and int(index) < len(fills):
            found[number] = fills[int(index)]
    return found


def _styled(archive: zipfile.ZipFile, name: str) -> list[tuple[str, int]]:
    try:
        root = etree.fromstring(archive.read(name), _parser())
    except etree.XMLSyntaxError:
        return []
    return [
        (cell.get("r", ""), int(cell.get("s", "0")))
        for cell in root.iter(f"{_MAIN}c")
        if cell.get("s", "0").isdecimal() and re.fullmatch(r"[A-Z]{1,3}[0-9]{1,7}", cell.get("r", ""))
    ]


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


def _place(reference: str) -> tuple[int, int]:
    letters = re.match(r"[A-Z]+", reference)
    column = 0
    for letter in letters[0] if letters else "A":
        column = column * 26 + ord(letter) - 64
    return int(re.sub(r"[A-Z]", "", reference)) - 1, column - 1
