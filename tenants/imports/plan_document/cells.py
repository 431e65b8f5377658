"""Text of a Word table, as accepted: paragraphs with their links, without what tracked changes have deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docx.oxml.ns import qn

_TEXT, _BREAKS, _TAB = qn("w:t"), {qn("w:br"), qn("w:cr")}, qn("w:tab")
_LINK, _RELATION = qn("w:hyperlink"), qn("r:id")
# Deleted text, the place that moved text came from, and the second copy that Word keeps of drawings.
_LEFT_OUT = {
    qn("w:del"),
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


@dataclass(frozen=True)
class Paragraph:
    text: str
    is_bullet: bool


@dataclass(frozen=True)
class Cell:
    """`span` is how many columns it takes; `goes_on` says that it is the lower part of a cell merged downwards."""

    paragraphs: tuple[Paragraph, ...]
    span: int
    goes_on: bool

    @property
    def text(self) -> str:
        return "\n".join(paragraph.text for paragraph in self.paragraphs if paragraph.text)


def rows_of(table: Any, part: Any) -> Iterator[list[Cell]]:
    """The rows of a table element; rows and cells inside content controls are found as well."""
    for row in table.xpath("./w:tr | ./w:sdt/w:sdtContent/w:tr"):
        if row.xpath("./w:trPr/w:del"):
            continue
        yield [_cell(cell, part) for cell in row.xpath("./w:tc | ./w:sdt/w:sdtContent/w:tc")]


def _cell(cell: Any, part: Any) -> Cell:
    span = cell.xpath("./w:tcPr/w:gridSpan/@w:val")
    merge = cell.xpath("./w:tcPr/w:vMerge")
    goes_on = bool(merge) and merge[0].get(qn("w:val"), "continue") == "continue"
    return Cell(
        paragraphs=tuple(paragraph(each, part) for each in cell.iter(qn("w:p"))),
        span=int(span[0]) if span else 1,
        goes_on=goes_on,
    )


def paragraph(element: Any, part: Any) -> Paragraph:
    """A paragraph's accepted text, spaces made single, an address after the words that link to it."""
    text = " ".join("".join(_pieces(element, part)).split())
    style = (element.xpath("./w:pPr/w:pStyle/@w:val") or [""])[0].lower()
    is_list = bool(element.xpath("./w:pPr/w:numPr")) or "bullet" in style or style.startswith("list")
    typed = text[:1] in _TYPED_BULLETS and text[1:2] in {" ", "\u00a0", ""}
    if typed:
        text = text[1:].strip()
    return Paragraph(text, (is_list or typed) and bool(text))


_TYPED_BULLETS = {"·", "•", "▪", "‣", "-", "–", "*"}


def _pieces(element: Any, part: Any) -> Iterator[str]:
    for child in element:
        if child.tag in _LEFT_OUT or child.tag == qn("w:p"):
            continue
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag in _BREAKS or child.tag == _TAB:
            yield " "
        elif child.tag == _LINK:
            yield from _link(child, part)
        else:
            yield from _pieces(child, part)


def _link(element: Any, part: Any) -> Iterator[str]:
    words = "".join(_pieces(element, part))
    yield words
    relation = part.rels.get(element.get(_RELATION, ""))
    address = relation.target_ref if relation is not None and relation.is_external else ""
    if address.removeprefix("mailto:") and address.removeprefix("mailto:").rstrip("/") not in words:
        yield f" ({address})"
