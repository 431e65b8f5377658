"""What an attacker can reach: the largest and smallest move of a cell over all fillings that fit what is published."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from tenants.insights.disclosure.engine.system import TOLERANCE, Bools, Floats, NotSolved, System

_PRIMAL_SIMPLEX = 4
_MANY = 20  # aims from which on it pays to look for fillings that reach many at once
_FEW_LESS = 0.8  # of them left: then it pays no longer


def quiet_solver() -> highspy.Highs:
    """HiGHS with one thread and no output."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave it out
    for name, value in (("output_flag", False), ("threads", 1), ("parallel", "off")):
        solver.setOptionValue(name, value)
    return solver


def add_equations(solver: highspy.Highs, equations: Sequence[tuple[Sequence[int], Sequence[float]]]) -> None:
    """Adds rows that add up to 0, all in one call."""
    starts = np.cumsum([0, *(len(cells) for cells, _ in equations)])
    indices = np.fromiter((cell for cells, _ in equations for cell in cells), dtype=np.int32)
    factors = np.fromiter((factor for _, factors in equations for factor in factors), dtype=np.float64)
    zeros = np.zeros(len(equations))
    solver.addRows(len(equations), zeros, zeros, len(indices), starts[:-1].astype(np.int32), indices, factors)


@dataclass(frozen=True)
class Reach:
    """The furthest move of a cell, with its floor: how far, the moves of all then, and the equations' multipliers as proof."""

    distance: float
    moves: Floats
    multipliers: Floats


class Attack:
    """One linear program for all cells and both directions: only its objective changes while a pattern is looked at.

    With `among` only such cells can ever move, which makes the program smaller.
    """

    def __init__(self, system: System, among: Bools | None = None) -> None:
        self._system = system
        self._solver = quiet_solver()
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)
        self._solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
        self._solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        self._cells = np.arange(system.size) if among is None else np.flatnonzero(among)
        self._column = {int(cell): column for column, cell in enumerate(self._cells)}
        count = len(self._cells)
        self._all = np.arange(count, dtype=np.int32)
        self._solver.addVars(count, np.zeros(count), np.zeros(count))
        add_equations(self._solver, system.equations if among is None else list(self._rows()))
        self._low = self._high = np.zeros(count)
        self._aim: int | None = None
        self.programs = 0

    def _rows(self) -> Iterator[tuple[list[int], list[float]]]:
        """The equations in columns, without cells that cannot move."""
        for cells, factors in self._system.equations:
            able = [
                (self._column[cell], factor)
                for cell, factor in zip(cells, factors, strict=True)
                if cell in self._column
            ]
            if able:
                yield [column for column, _ in able], [factor for _, factor in able]

    def allow(self, down: Floats, up: Floats) -> None:
        """Sets how far each cell can move."""
        self._low, self._high = -down[self._cells], up[self._cells]
        self._solver.changeColsBounds(len(self._cells), self._all, self._low, self._high)

    def reach(self, cell: int, direction: int) -> Reach:
        """The furthest that the cell can move up (direction 1) or down (-1). Raises NotSolved without an optimum."""
        if self._aim is not None and self._aim != cell:
            self._pull(self._aim, 0.0)
        self._pull(cell, -float(direction))
        self._aim = cell
        moves, multipliers = self._solved()
        return Reach(direction * float(self._system.together(moves)[cell]), moves, multipliers)

    def not_at_once(self, aims: Sequence[tuple[int, float]]) -> list[int]:
        """The numbers of those aims (cells, and how far each is to move: up, or down below 0) that are left to look at
        one by one, after looking for fillings in which many of them come far enough. Raises NotSolved without an optimum.
        """
        waiting = list(range(len(aims)))
        while len(waiting) >= _MANY:
            moves = self._system.together(self._all_at_once(dict(aims[number] for number in reversed(waiting))))
            left = [
                number
                for number in waiting
                if moves[aims[number][0]] * np.sign(aims[number][1]) < abs(aims[number][1]) - TOLERANCE
            ]
            if len(left) > _FEW_LESS * len(waiting):
                return left
            waiting = left
        return waiting

    def _all_at_once(self, aims: Mapping[int, float]) -> Floats:
        """The moves of all cells when these move as far as they can together, but none further than it is to."""
        if self._aim is not None:
            self._pull(self._aim, 0.0)
            self._aim = None
        low, high = self._low.copy(), self._high.copy()
        for cell, distance in aims.items():
            self._pull(cell, -1.0 if distance > 0 else 1.0)
            column = self._column.get(cell)
            if column is None or cell in self._system.floors:
                continue
            if distance > 0:
                high[column] = min(high[column], distance)
            else:
                low[column] = max(low[column], distance)
        self._solver.changeColsBounds(len(self._cells), self._all, low, high)
        moves, _ = self._solved()
        for cell in aims:
            self._pull(cell, 0.0)
        self._solver.changeColsBounds(len(self._cells), self._all, self._low, self._high)
        return moves

    def _solved(self) -> tuple[Floats, Floats]:
        self._solver.run()
        self.programs += 1
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._solver.clearSolver()  # once more without the basis of the last one
            self._solver.run()
            if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise NotSolved(self._solver.modelStatusToString(self._solver.getModelStatus()))
        found = self._solver.getSolution()
        moves = np.zeros(self._system.size)
        moves[self._cells] = found.col_value
        return moves, -np.array(found.row_dual)

    def _pull(self, cell: int, cost: float) -> None:
        for each in (cell, self._system.floors.get(cell)):
            if each in self._column:
                self._solver.changeColCost(self._column[each], cost)
