"""What a document holds before anybody says what it means: texts and tables, from whatever file they came."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_CHARACTERS = 5_000_000
MOST_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Line:
    """A paragraph of a cell. `level` is its depth as a bullet, from 0; none for one that is no bullet.

    `is_note` marks what our own files set apart as a note; `is_ours` what they write besides the plan.
    """

    text: str
    level: int | None = None
    is_note: bool = False
    is_ours: bool = False


@dataclass(frozen=True)
class Cell:
    """`span` is how many columns it takes; `goes_on` says that it is the lower part of a cell merged downwards.

    `fill` is the colour of its shading as RRGGBB; `day` the date that a date cell holds.
    """

    lines: tuple[Line, ...] = ()
    span: int = 1
    goes_on: bool = False
    fill: str = ""
    day: date | None = None

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines if line.text)

    @property
    def wording(self) -> str:
        """Its text without notes."""
        return "\n".join(line.text for line in self.lines if line.text and not line.is_note)

    @property
    def notes(self) -> str:
        return "\n".join(line.text for line in self.lines if line.text and line.is_note)


@dataclass(frozen=True)
class TextBlock:
    """A paragraph outside every table. `is_heading` where the file says that it is one."""

    text: str
    is_heading: bool = False
    is_ours: bool = False


@dataclass
class TableBlock:
    """Rows of cells. `merges` says that its file marks merged cells, so that a row of one cell is a row of one cell."""

    rows: list[list[Cell]]
    merges: bool = False
    is_ours: bool = False  # a table that our own files write besides the plan

    @property
    def width(self) -> int:
        return max((sum(cell.span for cell in row) for row in self.rows), default=0)


@dataclass
class DocumentBlocks:
    """`around` is what stands outside the text's order: headers, footers, footnotes, comments."""

    blocks: list[TextBlock | TableBlock] = field(default_factory=list)
    around: list[str] = field(default_factory=list)

    @property
    def tables(self) -> list[TableBlock]:
        return [block for block in self.blocks if isinstance(block, TableBlock) and not block.is_ours]

    def to_json(self) -> dict[str, Any]:
        return {"blocks": [_block_to_json(block) for block in self.blocks], "around": self.around}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "DocumentBlocks":
        """The blocks that `to_json` gave."""
        return cls([_block_from_json(each) for each in raw["blocks"]], list(raw["around"]))


def _block_to_json(block: TextBlock | TableBlock) -> dict[str, Any]:
    if isinstance(block, TextBlock):
        return {"text": block.text, **_marks(is_heading=block.is_heading, is_ours=block.is_ours)}
    rows = [[_cell_to_json(cell) for cell in row] for row in block.rows]
    return {"rows": rows, **_marks(merges=block.merges, is_ours=block.is_ours)}


def _block_from_json(raw: Mapping[str, Any]) -> TextBlock | TableBlock:
    if "rows" in raw:
        rows = [[_cell_from_json(cell) for cell in row] for row in raw["rows"]]
        return TableBlock(rows, merges=raw.get("merges", False), is_ours=raw.get("is_ours", False))
    return TextBlock(**raw)


def _cell_to_json(cell: Cell) -> dict[str, Any]:
    lines = [
        {"text": line.text, **_marks(level=line.level, is_note=line.is_note, is_ours=line.is_ours)}
        for line in cell.lines
    ]
    day = cell.day.isoformat() if cell.day else None
    span = cell.span if cell.span != 1 else None
    return _marks(lines=lines or None, span=span, goes_on=cell.goes_on, fill=cell.fill or None, day=day)


def _cell_from_json(raw: Mapping[str, Any]) -> Cell:
    day = date.fromisoformat(raw["day"]) if "day" in raw else None
    return Cell(**{**raw, "lines": tuple(Line(**line) for line in raw.get("lines", ())), "day": day})


def _marks(**values: Any) -> dict[str, Any]:
    """Those that say something: most cells are plain, and a plan is kept with its import."""
    return {name: value for name, value in values.items() if value is not None and value is not False}


def by_grid(row: list[Cell]) -> Iterator[tuple[int, Cell]]:
    """Each cell with the column in which it begins, counted from 0."""
    place = 0
    for cell in row:
        yield place, cell
        place += cell.span


def has_words(text: str) -> bool:
    """Whether a text has a letter or a digit; a dash alone stands for an empty cell."""
    return any(character.isalnum() for character in text)


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of a plain text, bullets told by the sign that somebody typed."""
    found = []
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line, level = typed_bullet(" ".join(raw.split()))
        found.append(Line(line, level))
    return tuple(found)


# The last of the first row are those of the Wingdings font, which Word gives as characters of no meaning.
_BULLETS = "·•▪‣◦●○■□➢➤❖\uf0b7\uf0a7\uf0d8\uf076"
_DASHES = "–—-*"
_NUMBERED = re.compile(r"^\(?(?:\d{1,2}|[a-h]|i{1,3}|iv|v)[.)]\s+(?=\S)")


def typed_bullet(text: str) -> tuple[str, int | None]:
    """A text without the bullet or the number that was typed before it, and its depth: `o` stands for the second.

    A sign with nothing behind it is no bullet: it may be a tick, or stand for an empty cell.
    """
    rest = text[1:].strip()
    if not rest:
        return text, None
    if text[0] in _BULLETS or (text[0] in _DASHES and (text[1].isspace() or text[1].isalpha())):
        return rest, 0
    if text[0] == "o" and text[1].isspace():
        return rest, 1
    if match := _NUMBERED.match(text):
        return text[match.end() :], 0 if match[0].strip("(). ").isdecimal() else 1
    return text, None
