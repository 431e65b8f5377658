"""Controlled rounding: every cell of tables to a neighbouring multiple of a base, so that all sums still hold.

For tables that are too sparse to be offered with cells hidden. Each cell moves by less than the base where that can be had
(else by less than twice the base, and so on); the sum of all moves is as small as possible. Source: Handbook on Statistical
Disclosure Control, chapter 4.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor

import highspy
import numpy as np

from tenants.insights.disclosure.engine.attack import quiet_solver
from tenants.insights.disclosure.engine.cells import Board, lay_out, views_of
from tenants.insights.disclosure.engine.types import NotProtectable, Request

_WIDEST = 4
_GAP = 0.02


@dataclass(frozen=True)
class Rounded:
    """Each cell's multiple of the base; structural zeros and what everybody knows as they are.

    `steps` is the largest move, in bases, rounded up: 1 when every cell went to one of its two neighbours.
    """

    base: int
    cells: Mapping[str, float]
    steps: int


def round_here(task: tuple[Request, int]) -> Rounded:
    """As `round_table`, in this process."""
    request, base = task
    board = lay_out(request, views_of(request))
    for steps in range(1, _WIDEST + 1):
        found = _round(board, base, steps, request.seconds)
        if found is not None:
            return Rounded(base, found, steps)
    raise NotProtectable(f"The tables cannot be rounded to multiples of {base} so that they add up.")


def _round(board: Board, base: int, steps: int, seconds: float) -> dict[str, float] | None:
    """Whole multiples between the neighbours of each value, nearest in sum, or none when sums cannot hold."""
    keys = [key for key, cell in board.cells.items() if cell.published]
    fixed = [board.cells[key].public or board.cells[key].structural for key in keys]
    number = {key: place for place, key in enumerate(keys)}
    values = np.array([board.cells[key].value / base for key in keys])
    low = np.array([max(0, ceil(v) - steps) if not f else v for v, f in zip(values, fixed, strict=True)], dtype=float)
    high = np.array([floor(v) + steps if not f else v for v, f in zip(values, fixed, strict=True)], dtype=float)
    exact = (values == np.round(values)) & (steps == 1)
    low, high = np.where(exact, values, low), np.where(exact, values, high)
    equations = [each for each in board.equations if all(key in number for key in (*each[0], each[1]))]
    solver = quiet_solver()
    size = len(keys)
    # A column for each cell, and one for how far it is from its value.
    solver.addVars(2 * size, np.concatenate((low, np.zeros(size))), np.concatenate((high, np.full(size, np.inf))))
    everything = np.arange(2 * size, dtype=np.int32)
    solver.changeColsCost(2 * size, everything, np.concatenate((np.zeros(size), np.ones(size))))
    whole = everything[:size][[not each for each in fixed]]
    solver.changeColsIntegrality(
        len(whole), whole, np.full(len(whole), int(highspy.HighsVarType.kInteger), dtype=np.uint8)
    )
    for place, value in enumerate(values):
        pair = np.array([place, place + size], dtype=np.int32)
        solver.addRow(-np.inf, float(value), 2, pair, np.array([1.0, -1.0]))
        solver.addRow(float(value), np.inf, 2, pair, np.array([1.0, 1.0]))
    for parts, total in equations:
        cells = np.array([*(number[part] for part in parts), number[total]], dtype=np.int32)
        solver.addRow(0.0, 0.0, len(cells), cells, np.array([*[1.0] * len(parts), -1.0]))
    solver.setOptionValue("time_limit", seconds)
    solver.setOptionValue("mip_rel_gap", _GAP)
    solver.run()
    if solver.getInfo().primal_solution_status != 2:
        return None
    found = np.array(solver.getSolution().col_value)[:size]
    return {
        key: float(board.cells[key].value) if fixed[place] else float(base * round(found[place]))
        for key, place in number.items()
    }
