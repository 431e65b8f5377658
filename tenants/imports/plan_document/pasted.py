"""Text pasted from Word or a mail: cells parted by tabs where there was a table, else headings and listed actions."""

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
from tenants.imports.plan_document.types import PlanDocumentError

_NUMBERED = re.compile(r"^\(?\d{1,3}[.)]\s+")
_PARTS = re.compile(r"\s+[–—|]\s+|\s+-\s+")
HEADS = ("Section", "Action", "Lead", "Due")


def blocks_of_text(text: str) -> DocumentBlocks:
    """The text as blocks. Raises PlanDocumentError when it is far longer than any plan."""
    if len(text) > MOST_CHARACTERS:
        raise PlanDocumentError("The text is far longer than any plan. Paste the plan alone.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _tabbed(lines) if _has_table(lines) else _listed(lines)


def _has_table(text: str) -> bool:
    return sum("\t" in line.strip("\t ") for line in text.split("\n")) >= 2


def _tabbed(text: str) -> DocumentBlocks:
    """Lines without a tab are text, those with one rows; a cell with line breaks stands in quotation marks."""
    found = DocumentBlocks()
    rows: list[list[Cell]] = []
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter="\t"):
        filled = [cell for cell in cells if cell.strip()]
        if not filled:
            continue
        if len(cells) == 1 and not rows:
            found.blocks.append(TextBlock(" ".join(cells[0].split())))
            continue
        if len(cells) > MOST_COLUMNS or len(rows) >= MOST_ROWS:
            raise PlanDocumentError("The text is far larger than any plan. Paste the plan alone.")
        rows.append([Cell(lines_of(cell)) for cell in cells])
    if rows:
        width = max(len(row) for row in rows)
        found.blocks.append(TableBlock([[*row, *[Cell()] * (width - len(row))] for row in rows]))
    return found


def _listed(text: str) -> DocumentBlocks:
    """Bulleted and numbered lines are actions, with owner and date after dashes; a line above some is their section."""
    found = DocumentBlocks()
    rows: list[list[Cell]] = []
    section = ""
    lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
    for number, line in enumerate(lines):
        plain, level = typed_bullet(_NUMBERED.sub("", line))
        is_listed = level is not None or _NUMBERED.match(line) is not None
        if is_listed and len(rows) < MOST_ROWS:
            rows.append([Cell((Line(section),)), *_parts(plain)])
        elif number + 1 < len(lines) and _is_listed(lines[number + 1]):
            section = line
        else:
            found.blocks.append(TextBlock(line))
    if rows:
        head = [Cell((Line(word),)) for word in HEADS]
        found.blocks.append(TableBlock([head, *rows]))
    return found


def _is_listed(line: str) -> bool:
    return _NUMBERED.match(line) is not None or typed_bullet(line)[1] is not None


def _parts(line: str) -> list[Cell]:
    """Action, owner and date; what is more stays with the action."""
    parts = _PARTS.split(line)
    if not 2 <= len(parts) <= 3:
        parts = [line]
    parts += [""] * (3 - len(parts))
    return [Cell((Line(part),)) if part else Cell() for part in parts]
