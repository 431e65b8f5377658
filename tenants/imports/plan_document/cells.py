"""Text of a Word table, as accepted: paragraphs with their links, without what tracked changes have deleted."""

import re
from collections.abc import Iterator
from typing import Any

from docx.oxml.ns import qn

from tenants.imports.plan_document.blocks import MOST_COLUMNS, Cell, Line, typed_bullet

_PARAGRAPH, _TABLE, _TEXT, _TAB, _SYMBOL = qn("w:p"), qn("w:tbl"), qn("w:t"), qn("w:tab"), qn("w:sym")
_BREAKS, _HYPHEN = {qn("w:br"), qn("w:cr")}, qn("w:noBreakHyphen")
_LINK, _RELATION, _FIELD, _INSTRUCTION = qn("w:hyperlink"), qn("r:id"), qn("w:fldSimple"), qn("w:instr")
_FIELD_MARK, _FIELD_CODE = qn("w:fldChar"), qn("w:instrText")
# Deleted text, the place that moved text came from, and the second copy that Word keeps of drawings.
_LEFT_OUT = {
    qn("w:del"),
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
# What stands around paragraphs, rows and cells without being part of the text's order.
_AROUND = {qn(f"w:{name}") for name in ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo")}
# Styles of our own Word files: a note within a cell, and what stands around the plan.
NOTE_STYLES, OUR_STYLES = {"plannote", "plan note"}, {"planheading", "plansummary", "plan heading", "plan summary"}
_HEADING = re.compile(r"heading ?\d|title$")
_DEEPEST = 8
_ADDRESS = re.compile(r'HYPERLINK\s+"([^"]{1,2000})"')
# Ticks and crosses of the Wingdings fonts, by the last byte of the character.
_SYMBOLS = {
    "wingdings": {"FC": "✓", "FE": "☑", "FB": "✗", "FD": "☒", "A8": "☐", "6F": "☐", "B7": "•", "A7": "▪", "D8": "➢"},
    "wingdings 2": {"50": "✓", "52": "☑", "4F": "✗", "51": "☒", "A3": "☐"},
    "symbol": {"B7": "•", "D6": "✓"},
}
_HIGHLIGHTS = {"red": "FF0000", "darkRed": "800000", "yellow": "FFFF00", "green": "00FF00", "darkGreen": "008000"}


def within(element: Any, *tags: str) -> Iterator[Any]:
    """The element's children of these kinds, in order; those inside content controls and tracked insertions as well."""
    for child in element:
        if child.tag in tags:
            yield child
        elif child.tag in _AROUND:
            yield from within(child, *tags)


def rows_of(table: Any, part: Any) -> Iterator[list[Cell]]:
    """The rows of a table element, without those that a tracked change has deleted."""
    for row in within(table, qn("w:tr")):
        if row.xpath("./w:trPr/w:del"):
            continue
        before = _number((row.xpath("./w:trPr/w:gridBefore/@w:val") or ["0"])[0], least=0)
        blank = [Cell(span=before)] if before else []
        yield [*blank, *(_cell(cell, part) for cell in within(row, qn("w:tc")))]


def _cell(cell: Any, part: Any) -> Cell:
    span = (cell.xpath("./w:tcPr/w:gridSpan/@w:val") or ["1"])[0]
    merge = cell.xpath("./w:tcPr/w:vMerge")
    goes_on = bool(merge) and merge[0].get(qn("w:val"), "continue") == "continue"
    return Cell(
        lines=tuple(line for each in _paragraphs(cell) for line in _lines(each, part)),
        span=_number(span, least=1),
        goes_on=goes_on,
        fill=_fill(cell),
    )


def _number(digits: str, *, least: int) -> int:
    return min(max(int(digits), least), MOST_COLUMNS) if digits.isdecimal() and len(digits) < 6 else least


def _fill(cell: Any) -> str:
    """The colour behind the cell, else the one that marks its text."""
    shading = cell.xpath("./w:tcPr/w:shd | ./w:p/w:pPr/w:shd")
    for shade in shading:
        name = qn("w:color") if shade.get(qn("w:val")) == "solid" else qn("w:fill")
        if len(fill := shade.get(name, "")) == 6:
            return str(fill)
    marked = cell.xpath("./w:p/w:r/w:rPr/w:highlight/@w:val")
    return _HIGHLIGHTS.get(marked[0], "") if marked else ""


def _paragraphs(element: Any) -> Iterator[Any]:
    """Every paragraph below an element in reading order, those of nested tables and text boxes too, none twice."""
    for child in element:
        if child.tag in _LEFT_OUT:
            continue
        if child.tag == _PARAGRAPH:
            yield child
        yield from _paragraphs(child)


def _lines(element: Any, part: Any) -> list[Line]:
    """A paragraph; several where bullets were typed after line breaks within it."""
    whole = paragraph(element, part)
    broken = [" ".join(piece.split()) for piece in _text(element, part).split("\n")]
    pieces = [typed_bullet(piece) for piece in broken if piece]
    if whole.level is not None and pieces and pieces[0][1] is None:
        return [whole]
    if not any(level is not None for _, level in pieces[1:]):
        return [whole]
    return [Line(text, level, whole.is_note, whole.is_ours) for text, level in pieces]


def paragraph(element: Any, part: Any) -> Line:
    """A paragraph's accepted text, spaces made single, an address after the words that link to it."""
    text = " ".join(_text(element, part).split())
    style = _style(element)
    level = _level(element, style)
    if style in NOTE_STYLES:
        return Line(text, is_note=True)
    plain, typed = typed_bullet(text)
    if level is None:
        level = typed
    elif typed is not None:
        level = max(level, typed)
    return Line(plain, level if plain else None, is_ours=style in OUR_STYLES)


def is_heading(element: Any) -> bool:
    return _HEADING.match(_style(element)) is not None


def text_boxes(element: Any, part: Any) -> list[str]:
    """The texts of drawings that hang on a paragraph, which are no part of its own text."""
    return [line.text for each in _paragraphs(element) if (line := paragraph(each, part)).text]


def _style(element: Any) -> str:
    return str((element.xpath("./w:pPr/w:pStyle/@w:val") or [""])[0]).lower()


def _level(element: Any, style: str) -> int | None:
    """How deep a list's paragraph stands; none where it is of no list."""
    numbers = element.xpath("./w:pPr/w:numPr")
    if numbers and element.xpath("./w:pPr/w:numPr/w:numId/@w:val") != ["0"]:  # 0 takes a paragraph out of its list
        depth = (element.xpath("./w:pPr/w:numPr/w:ilvl/@w:val") or ["0"])[0]
        return min(int(depth), _DEEPEST) if depth.isdecimal() and len(depth) < 4 else 0
    if not numbers and ("bullet" in style or style.startswith("list")) and style != "listparagraph":
        return 1 if style.endswith(("2", "3", "4", "5")) else 0
    return None


def _text(element: Any, part: Any) -> str:
    pieces: list[str] = []
    fields: list[list[str]] = []  # for each field that is open, its address where it is a link
    for piece in _pieces(element, part):
        if isinstance(piece, str):
            pieces.append(piece)
        elif piece.tag == _FIELD_CODE:
            if fields and (match := _ADDRESS.search(piece.text or "")):
                fields[-1].append(match[1])
        elif piece.get(qn("w:fldCharType")) == "begin":
            fields.append([])
        elif piece.get(qn("w:fldCharType")) == "end" and fields:
            pieces.extend(_behind("".join(pieces), address) for address in fields.pop())
    return "".join(pieces)


def _pieces(element: Any, part: Any) -> Iterator[Any]:
    """Texts, and the marks of fields between them."""
    for child in element:
        tag = child.tag
        if tag in _LEFT_OUT or tag == _PARAGRAPH:
            continue
        if tag == _TEXT:
            yield "".join(child.xpath("text()"))
        elif tag in _BREAKS:
            yield "\n"
        elif tag == _TAB:
            yield " "
        elif tag == _HYPHEN:
            yield "-"
        elif tag == _SYMBOL:
            yield _symbol(child)
        elif tag in {_FIELD_MARK, _FIELD_CODE}:
            yield child
        elif tag in {_LINK, _FIELD}:
            yield _link(child, part)
        else:
            yield from _pieces(child, part)


def _symbol(element: Any) -> str:
    by_code = _SYMBOLS.get(element.get(qn("w:font"), "").lower(), {})
    return by_code.get(element.get(qn("w:char"), "").upper()[-2:], "")


def _link(element: Any, part: Any) -> str:
    words = _text(element, part)
    if element.tag == _FIELD:
        match = _ADDRESS.search(element.get(_INSTRUCTION, ""))
        return words + (_behind(words, match[1]) if match else "")
    relation = part.rels.get(element.get(_RELATION, ""))
    return words + (_behind(words, relation.target_ref) if relation is not None and relation.is_external else "")


def _behind(words: str, address: str) -> str:
    """The address to put behind words that do not say it."""
    plain = address.removeprefix("mailto:")
    return f" ({address})" if plain and plain.rstrip("/") not in words else ""
