"""Text of a Word table, as accepted: paragraphs with their links, without what tracked changes have deleted."""

from collections.abc import Iterator
from typing import Any

from docx.oxml.ns import qn

from tenants.imports.plan_document.blocks import MOST_COLUMNS, Cell, Line, typed_bullet

_TEXT, _BREAKS, _TAB = qn("w:t"), {qn("w:br"), qn("w:cr")}, qn("w:tab")
_LINK, _RELATION = qn("w:hyperlink"), qn("r:id")
# Deleted text, the place that moved text came from, and the second copy that Word keeps of drawings.
_LEFT_OUT = {
    qn("w:del"),
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
# Styles of our own Word files: a note within a cell, and what stands around the plan.
NOTE_STYLES, OUR_STYLES = {"plannote", "plan note"}, {"planheading", "plansummary", "plan heading", "plan summary"}
_DEEPEST = 8


def rows_of(table: Any, part: Any) -> Iterator[list[Cell]]:
    """The rows of a table element; rows and cells inside content controls are found as well."""
    for row in table.xpath("./w:tr | ./w:sdt/w:sdtContent/w:tr"):
        if row.xpath("./w:trPr/w:del"):
            continue
        yield [_cell(cell, part) for cell in row.xpath("./w:tc | ./w:sdt/w:sdtContent/w:tc")]


def _cell(cell: Any, part: Any) -> Cell:
    span = (cell.xpath("./w:tcPr/w:gridSpan/@w:val") or ["1"])[0]
    merge = cell.xpath("./w:tcPr/w:vMerge")
    goes_on = bool(merge) and merge[0].get(qn("w:val"), "continue") == "continue"
    fill = (cell.xpath("./w:tcPr/w:shd/@w:fill") or [""])[0]
    return Cell(
        lines=tuple(line for each in cell.iter(qn("w:p")) for line in _lines(each, part)),
        span=min(max(int(span), 1), MOST_COLUMNS) if span.isdecimal() and len(span) < 6 else 1,
        goes_on=goes_on,
        fill=fill if len(fill) == 6 else "",
    )


def _lines(element: Any, part: Any) -> list[Line]:
    """A paragraph; several where bullets were typed after line breaks within it."""
    whole = paragraph(element, part)
    broken = [" ".join(piece.split()) for piece in "".join(_pieces(element, part)).split("\n")]
    pieces = [typed_bullet(piece) for piece in broken if piece]
    if whole.level is not None and pieces and pieces[0][1] is None:
        return [whole]
    if not any(level is not None for _, level in pieces[1:]):
        return [whole]
    return [Line(text, level, whole.is_note, whole.is_ours) for text, level in pieces]


def paragraph(element: Any, part: Any) -> Line:
    """A paragraph's accepted text, spaces made single, an address after the words that link to it."""
    text = " ".join("".join(_pieces(element, part)).split())
    style = (element.xpath("./w:pPr/w:pStyle/@w:val") or [""])[0].lower()
    level = _level(element, style)
    text, typed = typed_bullet(text)
    if level is None:
        level = typed
    return Line(text, level if text else None, is_note=style in NOTE_STYLES, is_ours=style in OUR_STYLES)


def _level(element: Any, style: str) -> int | None:
    """How deep a list's paragraph stands; none where it is of no list."""
    if element.xpath("./w:pPr/w:numPr"):
        depth = (element.xpath("./w:pPr/w:numPr/w:ilvl/@w:val") or ["0"])[0]
        return min(int(depth), _DEEPEST) if depth.isdecimal() and len(depth) < 4 else 0
    if "bullet" in style or style.startswith("list"):
        return 1 if style.endswith(("2", "3", "4", "5")) else 0
    return None


def _pieces(element: Any, part: Any) -> Iterator[str]:
    for child in element:
        if child.tag in _LEFT_OUT or child.tag == qn("w:p"):
            continue
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag in _BREAKS:
            yield "\n"
        elif child.tag == _TAB:
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
