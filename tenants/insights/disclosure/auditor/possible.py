"""All that cells can be: linear programs over the fillings that fit everything published."""

from collections.abc import Mapping
from math import inf

import highspy
import numpy as np
from numpy.typing import NDArray

from tenants.insights.disclosure.auditor.types import Facts, Unsound

_PRIMAL = 4  # simplex_strategy
_KEPT = 400  # fillings
_NEAR = 1e-7


class NoOptimum(RuntimeError):
    """A program was not solved; nothing can be said, so the release does not pass."""


class Fillings:
    """The cells that are not shown, not negative, with every published sum as an equation of what is left."""

    def __init__(self, facts: Facts) -> None:
        self.keys = sorted(facts.hidden | facts.unknown)
        self._column = {key: place for place, key in enumerate(self.keys)}
        self.floor = np.zeros(len(self.keys))
        self.programs = 0
        self._kept: list[NDArray[np.float64]] = []
        self._aim: int | None = None
        self._solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave it out
        options: Mapping[str, bool | float | str] = {
            "output_flag": False,
            "threads": 1,
            "parallel": "off",
            "presolve": "off",
            "simplex_strategy": _PRIMAL,
            "primal_feasibility_tolerance": 1e-9,
            "dual_feasibility_tolerance": 1e-9,
        }
        for name, value in options.items():
            self._solver.setOptionValue(name, value)
        self._solver.addVars(len(self.keys), self.floor, np.full(len(self.keys), highspy.kHighsInf))
        self._add_sums(facts)
        self._solve()  # raises where nothing fits

    def _add_sums(self, facts: Facts) -> None:
        rows: dict[tuple[tuple[int, ...], tuple[float, ...]], float] = {}
        for each in facts.sums:
            left = 0.0
            columns: list[int] = []
            factors: list[float] = []
            for key, factor in (*((part, 1.0) for part in each.parts), (each.total, -1.0)):
                if key in facts.shown:
                    left -= factor * facts.shown[key]
                else:
                    columns.append(self._column[key])
                    factors.append(factor)
            if not columns:
                if abs(left) > 1e-6:
                    raise Unsound(
                        f"What is shown does not add up: the parts of {each.total} differ from it by {left:g}."
                    )
                continue
            row = (tuple(columns), tuple(factors))
            if abs(rows.setdefault(row, left) - left) > 1e-6:
                raise Unsound(f"Two sums contradict each other ({each.total}).")
        for (cells, signs), left in rows.items():
            self._solver.addRow(left, left, len(cells), np.array(cells, dtype=np.int32), np.array(signs))

    def raise_floor(self, floors: Mapping[str, float]) -> None:
        """From now on these cells cannot be less. Raises Unsound when nothing fits any more."""
        for key, floor in floors.items():
            self._set_floor(self._column[key], floor)
        self._kept.clear()
        self._aim_at(None, 0.0)
        self._solve()

    def _set_floor(self, column: int, floor: float) -> None:
        self.floor[column] = floor
        self._solver.changeColBounds(column, floor, highspy.kHighsInf)

    def most(self, key: str) -> float:
        """The most that the cell can be, infinite when nothing bounds it."""
        return self._extreme(self._column[key], -1.0)

    def least(self, key: str) -> float:
        """The least that it can be. A filling found before in which it is at its floor proves it without a program."""
        column = self._column[key]
        if any(filling[column] <= self.floor[column] + _NEAR for filling in self._kept):
            return float(self.floor[column])
        return self._extreme(column, 1.0)

    def reaches(self, key: str, goal: float, own: Mapping[str, float]) -> float:
        """At least the goal where the cell can be that much for somebody whose own parts are known to be in; else the most."""
        column = self._column[key]
        mine = [(self._column[cell], part) for cell, part in own.items() if cell in self._column]
        for filling in self._kept:
            if filling[column] >= goal - _NEAR and all(filling[place] >= part - _NEAR for place, part in mine):
                return float(filling[column])
        before = [(place, float(self.floor[place])) for place, _ in mine]
        try:
            for place, part in mine:
                self._set_floor(place, max(part, float(self.floor[place])))
            return self._extreme(column, -1.0)
        finally:
            for place, floor in before:
                self._set_floor(place, floor)

    def smallest(self, key: str, own: Mapping[str, float]) -> float:
        """The least that the cell can be for somebody whose own parts are known to be in."""
        mine = [(self._column[cell], part) for cell, part in own.items() if cell in self._column]
        before = [(place, float(self.floor[place])) for place, _ in mine]
        try:
            for place, part in mine:
                self._set_floor(place, max(part, float(self.floor[place])))
            return self._extreme(self._column[key], 1.0)
        finally:
            for place, floor in before:
                self._set_floor(place, floor)

    def _extreme(self, column: int, cost: float) -> float:
        self._aim_at(column, cost)
        if not self._solve():
            return inf
        filling = np.array(self._solver.getSolution().col_value)
        self._kept.append(filling)
        if len(self._kept) > _KEPT:
            self._kept.pop(0)
        return float(filling[column])

    def _aim_at(self, column: int | None, cost: float) -> None:
        if self._aim is not None:
            self._solver.changeColCost(self._aim, 0.0)
        if column is not None:
            self._solver.changeColCost(column, cost)
        self._aim = column

    def _solve(self) -> bool:
        """Whether there is an optimum; false when nothing bounds the cell. Raises Unsound or NoOptimum."""
        if not self.keys:
            return True
        for again in (False, True):
            if again:
                self._solver.clearSolver()
            self._solver.run()
            self.programs += 1
            status = self._solver.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                return True
            if status == highspy.HighsModelStatus.kUnbounded:
                return False
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Unsound("Nothing fits what is published: it contradicts itself.")
        raise NoOptimum(self._solver.modelStatusToString(status))
