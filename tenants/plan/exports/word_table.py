"""Word tables written element by element: python-docx looks up every cell anew, which a long plan makes slow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn

_TWIPS_IN_A_CENTIMETRE = 567
_BORDERS = ("top", "left", "bottom", "right", "insideH", "insideV")
_HEAD_FILL = "E8EAEC"


class Merge(StrEnum):
    """Whether a cell begins a cell of several rows or goes on with the one above it."""

    NONE = ""
    BEGINS = "restart"
    GOES_ON = "continue"


@dataclass(frozen=True)
class Line:
    """A paragraph of a cell. `style` is the identifier of a paragraph style."""

    text: str
    style: str = ""
    bold: bool = False
    keep_with_next: bool = False


@dataclass(frozen=True)
class TableCell:
    """`fill` is the colour behind the text, as six hexadecimal digits, or empty."""

    lines: tuple[Line, ...] = ()
    span: int = 1
    merge: Merge = Merge.NONE
    fill: str = ""


@dataclass(frozen=True)
class TableRow:
    """`may_split` lets a long row go on over the page; a row that cannot would leave the page before it empty."""

    cells: tuple[TableCell, ...]
    may_split: bool = False


def table(
    *,
    caption: str,
    description: str,
    head: Sequence[str],
    widths: Sequence[float],
    rows: Iterable[TableRow],
    style: str,
) -> Any:
    """A table element for the body of a document. `widths` are in centimetres; the head is repeated on every page.

    `caption` and `description` are its alternative text. `style` is that of the head's words.
    """
    twips = [round(width * _TWIPS_IN_A_CENTIMETRE) for width in widths]
    element = OxmlElement("w:tbl")
    element.append(_table_properties(caption, description, sum(twips)))
    grid = _added(element, "w:tblGrid")
    for width in twips:
        _added(grid, "w:gridCol", w=width)
    cells = tuple(TableCell((Line(words, style, bold=True),), fill=_HEAD_FILL) for words in head)
    element.append(_row(TableRow(cells), twips, is_head=True))
    for row in rows:
        element.append(_row(row, twips))
    return element


def _table_properties(caption: str, description: str, width: int) -> Any:
    properties = OxmlElement("w:tblPr")
    _added(properties, "w:tblW", w=width, type="dxa")
    borders = _added(properties, "w:tblBorders")
    for side in _BORDERS:
        _added(borders, f"w:{side}", val="single", sz=4, space=0, color="8C8C8C")
    _added(properties, "w:tblLayout", type="fixed")
    margins = _added(properties, "w:tblCellMar")
    for side in ("top", "left", "bottom", "right"):
        _added(margins, f"w:{side}", w=57 if side in {"top", "bottom"} else 85, type="dxa")
    _added(
        properties, "w:tblLook", val="0620", firstRow=1, lastRow=0, firstColumn=0, lastColumn=0, noHBand=1, noVBand=1
    )
    _added(properties, "w:tblCaption", val=caption)
    _added(properties, "w:tblDescription", val=description)
    return properties


def _row(row: TableRow, twips: Sequence[int], *, is_head: bool = False) -> Any:
    element = OxmlElement("w:tr")
    properties = _added(element, "w:trPr")
    if not row.may_split:
        _added(properties, "w:cantSplit")
    if is_head:
        _added(properties, "w:tblHeader")
    place = 0
    for cell in row.cells:
        element.append(_cell(cell, sum(twips[place : place + cell.span])))
        place += cell.span
    return element


def _cell(cell: TableCell, width: int) -> Any:
    element = OxmlElement("w:tc")
    properties = _added(element, "w:tcPr")
    _added(properties, "w:tcW", w=width, type="dxa")
    if cell.span > 1:
        _added(properties, "w:gridSpan", val=cell.span)
    if cell.merge is not Merge.NONE:
        _added(properties, "w:vMerge", val=cell.merge.value)
    if cell.fill:
        _added(properties, "w:shd", val="clear", color="auto", fill=cell.fill)
    for line in cell.lines or (Line(""),):
        element.append(paragraph(line))
    return element


def paragraph(line: Line) -> Any:
    """A paragraph element; a newline in its text becomes a line break, so that it stays one paragraph."""
    element = OxmlElement("w:p")
    properties = _added(element, "w:pPr")
    if line.style:
        _added(properties, "w:pStyle", val=line.style)
    if line.keep_with_next:
        _added(properties, "w:keepNext")
    if not line.text:
        return element
    run = _added(element, "w:r")
    if line.bold:
        _added(_added(run, "w:rPr"), "w:b")
    for number, text in enumerate(line.text.split("\n")):
        if number:
            _added(run, "w:br")
        words = _added(run, "w:t")
        words.text = text
        words.set(qn("xml:space"), "preserve")
    return element


def add_field(element: Any, instruction: str) -> None:
    """Adds to a paragraph a field that Word works out, such as PAGE. Until then it reads 1."""
    field = _added(element, "w:fldSimple", instr=f" {instruction} ")
    _added(_added(field, "w:r"), "w:t").text = "1"


def _added(parent: Any, tag: str, **attributes: str | int) -> Any:
    child = OxmlElement(tag)
    for name, value in attributes.items():
        child.set(qn(f"w:{name}"), str(value))
    parent.append(child)
    return child
