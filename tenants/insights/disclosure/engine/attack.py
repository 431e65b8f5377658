"""What an attacker can reach: the largest and smallest move of a cell over all fillings that fit what is published."""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from tenants.insights.disclosure.engine.system import Floats, NotSolved, System

_PRIMAL_SIMPLEX = 4


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
    """The furthest move of a cell: how far, the moves of all cells then, and the equations' multipliers that prove it."""

    distance: float
    moves: Floats
    multipliers: Floats


class Attack:
    """One linear program for all cells and both directions: only its objective changes while a pattern is looked at."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._solver = quiet_solver()
        self._solver.setOptionValue("presolve", "off")
        self._solver.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)
        self._solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
        self._solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        self._all = np.arange(system.size, dtype=np.int32)
        self._solver.addVars(system.size, np.zeros(system.size), np.zeros(system.size))
        add_equations(self._solver, system.equations)
        self._aim: int | None = None
        self.programs = 0

    def allow(self, down: Floats, up: Floats) -> None:
        """Sets how far each cell can move."""
        self._solver.changeColsBounds(self._system.size, self._all, -down, up)

    def allow_cell(self, cell: int, down: float, up: float) -> None:
        self._solver.changeColBounds(cell, -down, up)

    def reach(self, cell: int, direction: int) -> Reach:
        """The furthest that the cell can move up (direction 1) or down (-1). Raises NotSolved without an optimum."""
        if self._aim is not None and self._aim != cell:
            self._solver.changeColCost(self._aim, 0.0)
        self._solver.changeColCost(cell, -float(direction))
        self._aim = cell
        self._solver.run()
        self.programs += 1
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._solver.clearSolver()  # once more without the basis of the last one
            self._solver.run()
            if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise NotSolved(self._solver.modelStatusToString(self._solver.getModelStatus()))
        found = self._solver.getSolution()
        moves = np.array(found.col_value)
        return Reach(direction * float(moves[cell]), moves, -np.array(found.row_dual))
