"""What a document holds before anybody says what it means: texts and tables, from whatever file they came."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_CHARACTERS = 5_000_000


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
    """A paragraph outside every table."""

    text: str
    is_ours: bool = False


@dataclass
class TableBlock:
    """Rows of cells. `merges` says that cells can be merged, so that an empty one is empty and not "as above"."""

    rows: list[list[Cell]]
    merges: bool = False
    is_ours: bool = False  # a table that our own files write besides the plan

    @property
    def width(self) -> int:
        return max((sum(cell.span for cell in row) for row in self.rows), default=0)


@dataclass
class DocumentBlocks:
    """`around` are headers and footers; `title` is a name that the file gives itself."""

    blocks: list[TextBlock | TableBlock] = field(default_factory=list)
    around: list[str] = field(default_factory=list)
    title: str = ""

    @property
    def tables(self) -> list[TableBlock]:
        return [block for block in self.blocks if isinstance(block, TableBlock) and not block.is_ours]


def by_grid(row: list[Cell]) -> Iterator[tuple[int, Cell]]:
    """Each cell with the column in which it begins, counted from 0."""
    place = 0
    for cell in row:
        yield place, cell
        place += cell.span


def lines_of(text: str) -> tuple[Line, ...]:
    """The lines of a plain text, bullets told by the sign that somebody typed."""
    found = []
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line, level = typed_bullet(" ".join(raw.split()))
        found.append(Line(line, level))
    return tuple(found)


BULLETS = "·•▪‣◦●○–-*"


def typed_bullet(text: str) -> tuple[str, int | None]:
    """A text without the bullet that was typed before it, and the bullet's depth: `o` stands for the second."""
    if text[:1] in BULLETS and text[1:2] in {"", " ", "\u00a0", "\t"} and text:
        return text[1:].strip(), 0 if text[1:].strip() else None
    if text[:2] in {"o ", "o\t", "o\u00a0"}:
        return text[2:].strip(), 1
    return text, None
