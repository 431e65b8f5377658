"""Text pasted from Word or a mail: cells parted by tabs, or each begun by one, where there was a table; else headings and
listed actions."""

import csv
import io
import re

from tenants.imports.plan_document.blocks import (
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    DocumentBlocks,
    Line,
    TableBlock,
    TextBlock,
    lines_of,
    typed_bullet,
)
from tenants.imports.plan_document.columns import head_row_of
from tenants.imports.plan_document.dates import day_of
from tenants.imports.plan_document.problems import PlanDocumentError

_NUMBERED = re.compile(r"^\(?\d{1,3}[.)]\s+")
_PARTS = re.compile(r"\s+[–—|]\s+|\s+-\s+")
_INDENT = 2  # characters by which a bullet stands further in than the outermost
_WHEN = {"ongoing", "on-going", "termly", "half-termly", "annually", "yearly", "monthly", "weekly", "daily"}
HEADS = ("Section", "Action", "Lead", "Due")


def blocks_of_text(text: str) -> DocumentBlocks:
    """The text as blocks. Raises PlanDocumentError when it is far longer than any plan."""
    if len(text) > MOST_CHARACTERS:
        raise PlanDocumentError("The text is far longer than any plan. Paste the plan alone.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if _has_table(lines):
        return _tabbed(lines)
    return _celled(lines) or _listed(lines)


def _has_table(text: str) -> bool:
    return sum("\t" in line.strip("\t ") for line in text.split("\n")) >= 2


def _tabbed(text: str) -> DocumentBlocks:
    """Lines without a tab are text, those with one rows; a cell with line breaks stands in quotation marks, or does not."""
    found = DocumentBlocks()
    try:
        lines = [
            cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter="\t") if any(map(str.strip, cells))
        ]
    except csv.Error as error:
        raise PlanDocumentError("A cell of the text is far longer than any plan. Paste the plan alone.") from error
    first = next((number for number, cells in enumerate(lines) if len(cells) > 1), len(lines))
    found.blocks.extend(TextBlock(" ".join(cells[0].split())) for cells in lines[:first])
    rows = _whole_rows(lines[first:])
    width = max((len(row) for row in rows), default=0)
    if width > MOST_COLUMNS or len(rows) > MOST_ROWS:
        raise PlanDocumentError("The text is far larger than any plan. Paste the plan alone.")
    if rows:
        found.blocks.append(
            TableBlock([[*(Cell(lines_of(cell)) for cell in row), *[Cell()] * (width - len(row))] for row in rows])
        )
    return found


def _whole_rows(lines: list[list[str]]) -> list[list[str]]:
    """Rows as wide as the first; what a line break within a cell tore apart is one row again.

    A line alone may be a section; it is a part of the row above when that is not whole, or when it is a bullet.
    """
    rows: list[list[str]] = []
    for cells in lines:
        above = rows[-1] if len(rows) > 1 else None
        is_torn = above is not None and 1 < len(above) < len(rows[0]) and len(above) + len(cells) - 1 <= len(rows[0])
        goes_on = (
            len(cells) == 1 and above is not None and len(above) > 1 and typed_bullet(cells[0].strip())[1] is not None
        )
        if above is not None and ((is_torn and len(cells) < len(rows[0])) or goes_on):
            above[-1:] = [f"{above[-1]}\n{cells[0]}", *cells[1:]]
        else:
            rows.append(cells)
    return rows


def _celled(text: str) -> DocumentBlocks | None:
    """A table of which each cell was written on lines of its own, begun by a tab; none where the text is no such table.

    The heads stand one below the other and say how many cells a row has. A cell that begins with an empty line and has
    words goes across the whole table; an empty one goes on with the one above. What stands far below the last cell is text.
    """
    above, *cells = re.split(r"^\t", text, flags=re.MULTILINE)
    width = next((number for number, cell in enumerate(cells, start=1) if cell.endswith("\n\n")), 0)
    heads = TableBlock([[_cell(cell) for cell in cells[:width]]])
    if width < 2 or len(cells) < 2 * width or head_row_of(heads, {}) is None:
        return None
    if width > MOST_COLUMNS or len(cells) > MOST_ROWS:
        raise PlanDocumentError("The text is far larger than any plan. Paste the plan alone.")
    cells[-1], *below = re.split(r"(?<!\n)\n{4,}(?=\S)", cells[-1])
    rows: list[list[Cell]] = [[]]
    for cell in cells:
        if not rows[-1] and cell.startswith("\n") and cell.strip():
            rows[-1:] = [[_cell(cell)], []]
            continue
        rows[-1].append(_cell(cell))
        if len(rows[-1]) == width:
            rows.append([])
    found = DocumentBlocks([TextBlock(" ".join(line.split())) for line in above.split("\n") if line.strip()])
    found.blocks.append(TableBlock([row for row in rows if row]))
    found.blocks.extend(
        TextBlock(" ".join(line.split())) for part in below for line in part.split("\n") if line.strip()
    )
    return found


def _cell(text: str) -> Cell:
    return Cell(lines_of(text.strip("\n")) if text.strip() else ())


def _listed(text: str) -> DocumentBlocks:
    """Bulleted and numbered lines are actions, with owner and date after dashes; a line above some is their section.

    A bullet of the second depth, by its sign or because it stands further in, belongs to the action above it.
    """
    found = DocumentBlocks()
    rows: list[list[Cell]] = []
    section = ""
    outer: int | None = None
    lines = [line.expandtabs(4).rstrip() for line in text.split("\n") if line.strip()]
    for number, raw in enumerate(lines):
        line = " ".join(raw.split())
        if not _is_listed(line):
            if number + 1 < len(lines) and _is_listed(" ".join(lines[number + 1].split())):
                section, outer = line, None
            else:
                found.blocks.append(TextBlock(line))
            continue
        depth = len(raw) - len(raw.lstrip())
        outer = depth if outer is None else min(outer, depth)
        wording, level = typed_bullet(_NUMBERED.sub("", line))
        if rows and ((level or 0) > 0 or depth >= outer + _INDENT):
            rows[-1][1] = _with_sub_bullet(rows[-1][1], wording)
        elif len(rows) < MOST_ROWS:
            rows.append([Cell((Line(section),)), *_parts(wording)])
        else:
            raise PlanDocumentError("The text is far longer than any plan. Paste the plan alone.")
    if rows:
        head = [Cell((Line(word),)) for word in HEADS]
        found.blocks.append(TableBlock([head, *rows]))
    return found


def _with_sub_bullet(cell: Cell, wording: str) -> Cell:
    first, *rest = cell.lines
    return Cell((Line(first.text, 0), *rest, Line(wording, 1)))


def _is_listed(line: str) -> bool:
    return _NUMBERED.match(line) is not None or typed_bullet(line)[1] is not None


def _parts(line: str) -> list[Cell]:
    """Action, owner and date; what is more stays with the action. Of two parts, the second may be the date."""
    parts = _PARTS.split(line)
    if not 2 <= len(parts) <= 3:
        parts = [line]
    if len(parts) == 2 and (day_of(parts[1]) is not None or parts[1].lower() in _WHEN):
        parts.insert(1, "")
    parts += [""] * (3 - len(parts))
    return [Cell((Line(part),)) if part else Cell() for part in parts]
