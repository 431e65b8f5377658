"""Inequalities that every safe pattern satisfies, after Fischetti and Salazar-González (2001).

For any multipliers g of the equations, r = e - M'g (e the direction of a cell) gives  move <= sum of (r_i^+ up_i +
r_i^- down_i) y_i  over every filling. If the cell must be able to move by `need`, the right-hand side must reach it. Since
y is 0 or 1, no coefficient needs to be larger than the need.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tenants.insights.disclosure.engine.system import Floats, Insider, Need, System

_NOTHING = 1e-7


@dataclass(frozen=True)
class Cut:
    """sum of factors times y over cells >= bound."""

    cells: tuple[int, ...]
    factors: tuple[float, ...]
    bound: float

    def shortfall(self, y: Floats) -> float:
        """By how much the pattern misses the bound, in parts of the bound's size (positive: violated)."""
        missing = self.bound - float(np.dot(y[list(self.cells)], self.factors))
        return missing / max(1.0, abs(self.bound))


@dataclass(frozen=True)
class Task:
    """One thing to be seen to: a cell that must be able to move in one direction by a distance, for one attacker.

    `when`: only when this cell is hidden (itself, or its floor).
    """

    cell: int
    direction: int
    distance: float
    when: int | None = None
    insider: Insider | None = None


def tasks_of(needs: tuple[Need, ...], insider: Insider | None = None) -> list[Task]:
    found = []
    for need in needs:
        for direction, distance in ((1, need.up), (-1, need.down)):
            if distance > 0:
                found.append(Task(need.cell, direction, distance, need.cell if need.if_hidden else None, insider))
    return found


def asked_of(system: System, tasks: Iterable[Task]) -> list[Task]:
    """The same tasks, with what each school knows as it is laid out in this system."""
    named = {insider.name: insider for insider in system.insiders}
    return [replace(task, insider=named[task.insider.name]) if task.insider else task for task in tasks]


class Cutter:
    """Makes cuts of a system from multipliers."""

    def __init__(self, system: System) -> None:
        self._system = system
        entries = [
            (row, cell, factor)
            for row, (cells, factors) in enumerate(system.equations)
            for cell, factor in zip(cells, factors, strict=True)
        ]
        self._rows = np.array([row for row, _, _ in entries], dtype=np.intp)
        self._cells = np.array([cell for _, cell, _ in entries], dtype=np.intp)
        self._factors = np.array([factor for _, _, factor in entries])

    def cut(self, task: Task, multipliers: Floats) -> Cut | None:
        """The inequality that these multipliers prove for the task, or none when it says nothing."""
        system = self._system
        rest = -np.bincount(self._cells, self._factors * multipliers[self._rows], minlength=system.size)
        rest[task.cell] += task.direction
        if task.cell in system.floors:
            rest[system.floors[task.cell]] += task.direction
        down = system.down_for(task.insider)
        factors = np.where(rest > 0, rest * system.up, -rest * down)
        bound = task.distance
        small = (factors < _NOTHING) | (system.state == 0)
        bound -= float(factors[small & (system.state != 0)].sum()) + float(factors[system.forced & ~small].sum())
        if task.when is not None and system.open[task.when]:
            bound -= float(factors[task.when])
            small = small.copy()
            small[task.when] = True
        if bound <= _NOTHING:
            return None
        chosen = np.flatnonzero(system.open & ~small)
        capped = np.minimum(factors[chosen], bound)
        if task.when is not None and system.open[task.when]:
            return Cut((*chosen.tolist(), task.when), (*capped.tolist(), -bound), 0.0)
        return Cut(tuple(chosen.tolist()), tuple(capped.tolist()), bound)

    def bridge(self, cell: int, multipliers: Floats) -> Cut | None:
        """A cell that is not sensitive is not worth hiding where it can be worked out exactly: some cell of every set that
        holds it fast must be hidden with it. None when one of the set is hidden anyway.
        """
        rest = -np.bincount(self._cells, self._factors * multipliers[self._rows], minlength=self._system.size)
        rest[cell] = 0.0
        rest[self._system.below] = 0.0  # never without the cells whose floors they are
        holding = (np.abs(rest) > _NOTHING) & (self._system.state != 0)
        if np.any(holding & self._system.forced):
            return None
        chosen = np.flatnonzero(holding).tolist()
        return Cut((*chosen, cell), (*[1.0] * len(chosen), -1.0), 0.0)

    def seeds(self, tasks: list[Task]) -> Iterator[Cut]:
        """What one equation alone says: a hidden cell needs a hidden partner, and partners with enough room."""
        system = self._system
        for cell, floor in system.floors.items():
            if system.open[cell] and system.open[floor]:
                yield Cut((cell, floor), (1.0, -1.0), 0.0)
        below = set(system.floors.values())
        in_rows: dict[int, list[tuple[int, float]]] = {}
        for row, (cells, factors) in enumerate(system.equations):
            for cell, factor in zip(cells, factors, strict=True):
                in_rows.setdefault(cell, []).append((row, factor))
            if all(system.state[cell] != 2 for cell in cells):
                able = [cell for cell in cells if system.open[cell] and cell not in below]
                for cell in able:
                    others = tuple(other for other in able if other != cell)
                    yield Cut((*others, cell), (*[1.0] * len(others), -1.0), 0.0)
        multipliers = np.zeros(len(system.equations))
        for task in tasks:
            for row, factor in in_rows.get(task.cell, ()):
                multipliers[row] = task.direction / factor
                cut = self.cut(task, multipliers)
                multipliers[row] = 0.0
                if cut is not None:
                    yield cut
