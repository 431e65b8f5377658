"""The files of a release, all made from its protected tables when the draft is made, and stored: pages serve these bytes."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

from prevent_trust.csv_output import csv_bytes
from tenants.insights.disclosure.engine.types import Document
from tenants.insights.disclosure.types import (
    DOCUMENT_FILE,
    FIGURES_FILE,
    SYMBOL_MEANINGS,
    TABLES_FILE,
    ProtectedRelease,
    ProtectedTable,
    Symbol,
)
from tenants.insights.disclosure.typeset import typeset
from tenants.insights.figures.released import drawn

CSV, JSON = "text/csv; charset=utf-8", "application/json"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"
WHOLE_CSV, WHOLE_ODS, WHOLE_XLSX, SUMMARY = "release.csv", "release.ods", "release.xlsx", "summary.pdf"
_TIDY = ("Table", "Row", "Measure", "Value", "Symbol")
_LAST_LETTER = "\u024f"  # of the fonts that typst brings
_SIGNS = "–—‘’“”…£•"


@dataclass(frozen=True)
class About:
    """What a file says of the release that it is of."""

    title: str
    authority: str
    as_at: Any  # a date
    rules_version: str


def files_of(about: About, content: ProtectedRelease, document: Document) -> dict[str, tuple[str, bytes]]:
    """Every file by name, as (media type, bytes). The same release always gives the same bytes."""
    files = {
        TABLES_FILE: (JSON, content.to_json()),
        FIGURES_FILE: (JSON, _json([asdict(figure) for figure in drawn(content.tables)])),
        DOCUMENT_FILE: (JSON, _json(document)),
        WHOLE_CSV: (CSV, csv_bytes(_TIDY, tidy_rows(content))),
        WHOLE_XLSX: (XLSX, _workbook(about, content)),
        WHOLE_ODS: (ODS, _open_document(about, content)),
        SUMMARY: (PDF, _summary(about, content)),
    }
    for table in content.tables:
        files[table.file_name] = (CSV, csv_bytes(table.columns, table.lines()))
    return files


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def tidy_rows(content: ProtectedRelease) -> Iterator[tuple[str, str, str, str, str]]:
    """A line for each number: its table, row and measure, the value as published, and the symbol where one stands for it."""
    for table in content.tables:
        for row in table.rows:
            for name, cell in zip(table.columns[1:], row.cells, strict=True):
                value = "" if cell.symbol else cell.text.replace(",", "")
                yield table.title, row.heading, name, value, cell.symbol or ""


def _about_lines(about: About, content: ProtectedRelease) -> list[tuple[str, str]]:
    return [
        ("Release", about.title),
        ("Authority", about.authority),
        ("As at", f"{about.as_at.day} {about.as_at:%B %Y}"),
        ("Schools in it", str(content.schools or "Too few to say")),
        ("Rules", about.rules_version),
        *((symbol.value, SYMBOL_MEANINGS[symbol]) for symbol in Symbol),
    ]


def _workbook(about: About, content: ProtectedRelease) -> bytes:
    target = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(target, options) as book:
        made = datetime.combine(about.as_at, time())
        book.set_properties({"title": f"{about.title}, {about.authority}", "created": made})
        head, text = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"text_wrap": True})
        _sheet(book.add_worksheet("About"), [("About", ""), *_about_lines(about, content)], head, text)
        for name, table in _sheet_names(content):
            _sheet(book.add_worksheet(name), [table.columns, *table.lines()], head, text)
    return target.getvalue()


def _sheet(sheet: Any, rows: list[Any], head: Any, text: Any) -> None:
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 20, 18)
    sheet.freeze_panes(1, 1)
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            number = value.replace(",", "")
            if line and column and number.isdigit():
                sheet.write_number(line, column, int(number))
            else:
                sheet.write_string(line, column, value, head if line == 0 else text)


def _sheet_names(content: ProtectedRelease) -> Iterator[tuple[str, ProtectedTable]]:
    """Names within a spreadsheet's 31 characters."""
    for table in content.tables:
        yield table.title[:31].replace("/", " "), table


def _open_document(about: About, content: ProtectedRelease) -> bytes:
    """An OpenDocument spreadsheet (ODF 1.3, part 3), as plain as can be: a table for each of the release's."""
    sheets = [("About", [list(line) for line in _about_lines(about, content)])]
    sheets += [(name, [list(table.columns), *table.lines()]) for name, table in _sheet_names(content)]
    tables = "".join(
        f'<table:table table:name="{_attribute(name)}">'
        f'<table:table-column table:number-columns-repeated="{max(len(row) for row in rows)}"/>'
        + "".join(
            f"<table:table-row>{''.join(_open_cell(cell, place) for place, cell in enumerate(row))}</table:table-row>"
            for row in rows
        )
        + "</table:table>"
        for name, rows in sheets
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.3">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest'
        ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">'
        f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{ODS}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        # The type comes first and is not packed, so that it can be read off the file's beginning.
        for name, data, packed in (
            ("mimetype", ODS, zipfile.ZIP_STORED),
            ("content.xml", body, zipfile.ZIP_DEFLATED),
            ("META-INF/manifest.xml", manifest, zipfile.ZIP_DEFLATED),
        ):
            entry = zipfile.ZipInfo(name, (about.as_at.year, about.as_at.month, about.as_at.day, 0, 0, 0))
            archive.writestr(entry, data, compress_type=packed)
    return target.getvalue()


def _open_cell(value: str, column: int) -> str:
    number = value.replace(",", "")
    is_number = column > 0 and number.isdigit()
    kind = f'"float" office:value="{number}"' if is_number else '"string"'
    return f"<table:table-cell office:value-type={kind}><text:p>{escape(value)}</text:p></table:table-cell>"


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _summary(about: About, content: ProtectedRelease) -> bytes:
    """Two or three pages to hand round: the first figures, the tables, the symbols; PDF/UA-1."""
    data = {
        "title": f"{about.title}, {about.authority}",
        "about": _about_lines(about, content)[2:5],
        "headlines": [[each.title, each.words, each.change] for each in content.headlines],
        "tables": [
            {
                "title": t.title,
                "caption": t.caption,
                "note": t.withheld or t.note,
                "columns": t.columns,
                "rows": t.lines(),
            }
            for t in content.tables
        ],
        "symbols": [[symbol.value, SYMBOL_MEANINGS[symbol]] for symbol in Symbol],
    }
    made_at = int(datetime.combine(about.as_at, time(), UTC).timestamp())
    return typeset(_plain(json.dumps(data, ensure_ascii=False)), made_at=made_at)


def _plain(text: str) -> str:
    """Titles are data and may have any character; PDF/UA wants a glyph for each."""
    return "".join(sign if sign <= _LAST_LETTER or sign in _SIGNS else "?" for sign in text)
