"""A Word file as texts and tables, tracked changes accepted."""

from typing import Any, BinaryIO

from docx.oxml.ns import qn

from tenants.imports.plan_document.blocks import MOST_COLUMNS, MOST_ROWS, Cell, DocumentBlocks, TableBlock, TextBlock
from tenants.imports.plan_document.cells import paragraph, rows_of
from tenants.imports.plan_document.package import NoWordFile, open_document
from tenants.imports.plan_document.types import PlanDocumentError

MOST_BYTES = 50 * 1024 * 1024


def read_word(stream: BinaryIO) -> DocumentBlocks:
    """The document's body in its order, then its headers and footers. Raises PlanDocumentError with what to do."""
    try:
        document = open_document(stream, most_bytes=MOST_BYTES)
    except NoWordFile as problem:
        raise PlanDocumentError(str(problem)) from problem
    found = DocumentBlocks()
    for element in document.element.body.xpath("./w:p | ./w:tbl | ./w:sdt/w:sdtContent/*"):
        if element.tag == qn("w:p"):
            line = paragraph(element, document.part)
            if line.text:
                found.blocks.append(TextBlock(line.text, line.is_ours))
        elif element.tag == qn("w:tbl"):
            found.blocks.append(_table(element, document.part))
    found.around = _around_the_pages(document)
    return found


def _table(element: Any, part: Any) -> TableBlock:
    rows: list[list[Cell]] = []
    for row in rows_of(element, part):
        if len(rows) >= MOST_ROWS:
            raise PlanDocumentError(f"A table has more than {MOST_ROWS:,} rows. Is it the right document?")
        if len(row) > MOST_COLUMNS:
            raise PlanDocumentError(f"A table has more than {MOST_COLUMNS} columns. Is it the right document?")
        rows.append(row)
    lines = [line for row in rows for cell in row for line in cell.lines if line.text]
    return TableBlock(rows, merges=True, is_ours=bool(lines) and all(line.is_ours for line in lines))


def _around_the_pages(document: Any) -> list[str]:
    """Text of headers and footers, each once, without our own page numbers."""
    texts: dict[str, None] = {}
    for section in document.sections:
        for part in (section.header, section.footer, section.first_page_header, section.first_page_footer):
            if part.is_linked_to_previous:
                continue
            for element in part._element.iter(qn("w:p")):  # python-docx has no other way to all of them
                line = paragraph(element, part.part)
                if line.text and not line.is_ours:
                    texts.setdefault(line.text)
    return list(texts)
