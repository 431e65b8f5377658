"""A Word file as texts and tables, tracked changes accepted."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from lxml.etree import LxmlError

from tenants.imports.plan_document.blocks import (
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    DocumentBlocks,
    TableBlock,
    TextBlock,
)
from tenants.imports.plan_document.cells import is_heading, paragraph, rows_of, text_boxes, within
from tenants.imports.plan_document.grid import lined_up
from tenants.imports.plan_document.package import SAVE_AGAIN, NoWordFile, open_document
from tenants.imports.plan_document.problems import PlanDocumentError

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_BESIDE = ("/footnotes", "/endnotes", "/comments")
_WIDEST = 100_000  # in twentieths of a point, of a column


def read_word(stream: BinaryIO) -> DocumentBlocks:
    """The document's body in its order, then what stands around it. Raises PlanDocumentError with what to do."""
    try:
        document = open_document(stream, most_bytes=MOST_BYTES)
        found = DocumentBlocks(list(_blocks(document.element.body, document.part)))
        found.around = [*_around_the_pages(document), *_beside_the_text(document)]
    except NoWordFile as problem:
        raise PlanDocumentError(str(problem)) from problem
    except (AttributeError, KeyError, ValueError, TypeError, AssertionError, LxmlError) as error:
        # A part that python-docx takes for granted is not there, or not what its name says.
        raise PlanDocumentError(f"The file is damaged and cannot be read. {SAVE_AGAIN}") from error
    return found


def _blocks(body: Any, part: Any) -> Iterator[TextBlock | TableBlock]:
    for element in within(body, _PARAGRAPH, _TABLE):
        if element.tag == _PARAGRAPH:
            line = paragraph(element, part)
            if line.text:
                yield TextBlock(line.text, is_heading(element), line.is_ours)
            for text in text_boxes(element, part):
                yield TextBlock(text)
        elif _is_frame(element):
            for row in within(element, _ROW):
                for cell in within(row, _CELL):
                    yield from _blocks(cell, part)
        else:
            yield _table(element, part)


def _is_frame(table: Any) -> bool:
    """Whether a table only stands around another, to lay out the page."""
    return all(len(row.xpath("./w:tc")) <= 1 for row in within(table, _ROW)) and bool(table.xpath("./w:tr/w:tc/w:tbl"))


def _table(element: Any, part: Any) -> TableBlock:
    rows: list[list[Cell]] = []
    size = 0
    for row in rows_of(element, part):
        rows.append(row)
        size += sum(len(line.text) for cell in row for line in cell.lines)
        if len(rows) > MOST_ROWS:
            raise PlanDocumentError(f"A table has more than {MOST_ROWS:,} rows. Is it the right document?")
        if len(row) > MOST_COLUMNS:
            raise PlanDocumentError(f"A table has more than {MOST_COLUMNS} columns. Is it the right document?")
        if size > MOST_CHARACTERS:
            raise PlanDocumentError("A table is far longer than any plan. Is it the right document?")
    lines = [line for row in rows for cell in row for line in cell.lines if line.text]
    is_ours = bool(lines) and all(line.is_ours for line in lines)
    widths = [int(width) for width in element.xpath("./w:tblGrid/w:gridCol/@w:w") if _is_width(width)]
    return TableBlock(lined_up(rows, widths), merges=True, is_ours=is_ours)


def _is_width(digits: str) -> bool:
    return digits.isdecimal() and len(digits) <= 6 and int(digits) < _WIDEST


def _around_the_pages(document: Any) -> list[str]:
    """Text of headers and footers, each once, without our own page numbers."""
    texts: dict[str, None] = {}
    for section in document.sections:
        for part in (
            section.header, section.footer, section.first_page_header, section.first_page_footer,
            section.even_page_header, section.even_page_footer,
        ):  # fmt: skip
            if part.is_linked_to_previous:
                continue
            for element in part._element.iter(_PARAGRAPH):  # python-docx has no other way to all of them
                line = paragraph(element, part.part)
                if line.text and not line.is_ours:
                    texts.setdefault(line.text)
    return list(texts)


def _beside_the_text(document: Any) -> list[str]:
    """Footnotes, endnotes and comments."""
    texts = []
    for relation in document.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(_BESIDE):
            continue
        root = parse_xml(relation.target_part.blob)
        texts += [line.text for each in root.iter(_PARAGRAPH) if (line := paragraph(each, relation.target_part)).text]
    return texts
