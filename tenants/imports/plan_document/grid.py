"""The columns that people see in a Word table whose borders somebody has moved: rows that do not line up by a hair."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from tenants.imports.plan_document.blocks import MOST_COLUMNS, Cell, by_grid

_LEAST_SHARE = 0.2


def lined_up(rows: list[list[Cell]], widths: Sequence[int]) -> list[list[Cell]]:
    """The rows with spans counted in the columns that the table is mostly made of. No cell is lost.

    Word gives a table a column for every border that some row has for itself. A row with as many cells as most rows have
    is taken for one of them. Otherwise a border counts when a fifth of the rows has it; a cell that begins elsewhere
    begins at the nearest that counts. `widths` are those of Word's columns.
    """
    rows = _like_most(rows)
    width = max((sum(cell.span for cell in row) for row in rows), default=0)
    if all(len(row) == width or len(row) <= 1 for row in rows) and width <= MOST_COLUMNS:
        return rows
    starts = [[place for place, _ in by_grid(row)] for row in rows if len(row) > 1]
    counted = Counter(place for row in starts for place in row)
    kept = sorted(place for place, times in counted.items() if times >= _LEAST_SHARE * len(starts)) or [0]
    edges = _edges(widths, width)
    return [_on_grid(row, kept, edges) for row in rows]


def _like_most(rows: list[list[Cell]]) -> list[list[Cell]]:
    spans = Counter(tuple(cell.span for cell in row) for row in rows if len(row) > 1)
    if not spans:
        return rows
    usual, _ = spans.most_common(1)[0]
    return [
        [replace(cell, span=span) for cell, span in zip(row, usual, strict=True)] if len(row) == len(usual) else row
        for row in rows
    ]


def _edges(widths: Sequence[int], count: int) -> list[int]:
    """Where each of Word's columns begins; columns of which nothing is said are taken to be equally wide."""
    edges = [0]
    for number in range(count):
        edges.append(edges[-1] + (widths[number] if len(widths) >= count else 1))
    return edges


def _on_grid(row: list[Cell], kept: Sequence[int], edges: Sequence[int]) -> list[Cell]:
    """The row's cells with their new spans; two that begin at the same border become one."""
    if len(row) == 1:
        return [replace(row[0], span=max(_nearest(row[0].span, kept, edges), 1))]
    placed: list[tuple[int, Cell]] = []
    for place, cell in by_grid(row):
        column = 0 if not placed else _nearest(place, kept, edges)
        if placed and column <= placed[-1][0]:
            placed[-1] = (placed[-1][0], _together(placed[-1][1], cell))
        else:
            placed.append((column, cell))
    ends = [column for column, _ in placed[1:]] + [len(kept)]
    return [replace(cell, span=max(end - column, 1)) for (column, cell), end in zip(placed, ends, strict=True)]


def _nearest(place: int, kept: Sequence[int], edges: Sequence[int]) -> int:
    """The number of the border that counts and lies nearest."""
    after = bisect_right(kept, place)
    near = [number for number in (after - 1, after) if 0 <= number < len(kept)]
    if place >= len(edges) - 1:
        return len(kept)
    return min(near, key=lambda number: (abs(edges[kept[number]] - edges[place]), number))


def _together(one: Cell, other: Cell) -> Cell:
    return replace(
        one, lines=one.lines + other.lines, goes_on=one.goes_on and other.goes_on, fill=one.fill or other.fill
    )
