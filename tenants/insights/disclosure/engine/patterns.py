"""Safe patterns: closing one that is not safe yet, and taking back what is hidden without need.

A *witness* of a task is a filling in which its cell moves far enough. A pattern is safe when each task has one; showing a
hidden cell again concerns only those tasks whose witness moves it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import highspy
import numpy as np

from tenants.insights.disclosure.engine.attack import Attack, add_equations, quiet_solver
from tenants.insights.disclosure.engine.cuts import Task
from tenants.insights.disclosure.engine.system import TOLERANCE, Bools, Floats, Insider, NotSolved, System

_MOVED = 1e-7
_HINT = 1e-4  # of its weight, for a cell that is hidden already: fewer cells at play, fewer to look at later


class Patterns:
    """Looks at patterns of one system, for a list of tasks."""

    def __init__(self, system: System, tasks: Sequence[Task], attack: Attack) -> None:
        self._system = system
        self.tasks = list(tasks)
        self._attack = attack
        self._needed_by: dict[int, int] = {}  # the task that a hidden cell was needed for when it was last tried

    @cached_property
    def _closer(self) -> "_Closer":
        return _Closer(self._system)

    def remember(self, before: "Patterns") -> None:
        """What others learnt of which cells are needed, on a system with the same cells and the same first tasks."""
        self._needed_by |= before._needed_by

    def witnesses(self, hidden: Bools) -> tuple[dict[int, Floats], list[int]]:
        """A witness for each task that needs one, and the tasks that have none. Raises NotSolved."""
        moves: dict[int, Floats] = {}
        failed: list[int] = []
        for insider, numbers in self.by_attacker(range(len(self.tasks))):
            allowed = np.where(hidden, self._system.down_for(insider), 0.0)
            self._attack.allow(allowed, np.where(hidden, self._system.up, 0.0))
            failed += self._fill(moves, numbers, hidden)
        return moves, failed

    def unseen_to(self, hidden: Bools) -> list[int]:
        """The tasks that have no witness. Raises NotSolved."""
        return self.witnesses(hidden)[1]

    def impossible(self, numbers: Iterable[int]) -> list[int]:
        """Those tasks that have no witness even with everything hidden. Raises NotSolved."""
        everything = self._system.everything()
        failed: list[int] = []
        for insider, mine in self.by_attacker(numbers):
            self._attack.allow(
                np.where(everything, self._system.down_for(insider), 0.0), np.where(everything, self._system.up, 0.0)
            )
            waiting = [n for n in mine if not self._is_idle(n, everything)]
            aims = [(self.tasks[n].cell, self.tasks[n].direction * self.tasks[n].distance) for n in waiting]
            left = self._attack.not_at_once(aims)  # with so much room nearly all of them come far enough together
            failed += self._fill({}, [waiting[place] for place in left], everything)
        return failed

    def by_attacker(self, numbers: Iterable[int]) -> Iterator[tuple[Insider | None, list[int]]]:
        """The tasks apart by who the attacker is: anybody (none), or a school."""
        found: dict[str, tuple[Insider | None, list[int]]] = {}
        for number in numbers:
            insider = self.tasks[number].insider
            found.setdefault(insider.name if insider else "", (insider, []))[1].append(number)
        yield from found.values()

    def _fill(self, moves: dict[int, Floats], numbers: list[int], hidden: Bools) -> list[int]:
        waiting = [n for n in numbers if not self._is_idle(n, hidden)]
        failed = []
        while waiting:
            number = waiting.pop(0)
            task = self.tasks[number]
            reach = self._attack.reach(task.cell, task.direction)
            if reach.distance < task.distance - TOLERANCE:
                failed.append(number)
                continue
            moves[number] = reach.moves
            if waiting:
                served = self._serves(reach.moves, waiting)
                for other in served:
                    moves[other] = reach.moves
                if served:
                    gone = set(served)
                    waiting = [n for n in waiting if n not in gone]
        return failed

    def _serves(self, moves: Floats, numbers: Sequence[int]) -> list[int]:
        moves = self._system.together(moves)
        return [
            n
            for n in numbers
            if self.tasks[n].direction * moves[self.tasks[n].cell] >= self.tasks[n].distance - TOLERANCE
        ]

    def _is_idle(self, number: int, hidden: Bools) -> bool:
        when = self.tasks[number].when
        return when is not None and not hidden[when]

    def closed(self, hidden: Bools, hint: Floats, is_late: Callable[[], bool]) -> Bools | None:
        """The pattern with further cells hidden until every task is seen to, cheapest ways first; none when time is up.

        `hint` scales the weights of cells (0 to 1): low where a cell is likely to be hidden anyway.
        """
        hidden = hidden.copy()
        failed = self.unseen_to(hidden)
        while failed:
            if is_late():
                return None
            number = failed.pop(0)
            task = self.tasks[number]
            if self._is_idle(number, hidden):
                continue
            moves = self._closer.way(task, hidden, hint)
            hidden = self._system.with_cells_of_floors(hidden | (np.abs(moves) > _MOVED))
            if not failed:  # hiding a cell can wake tasks that hold only when it is hidden
                failed = self.unseen_to(hidden)
        return hidden

    def pruned(self, hidden: Bools, is_late: Callable[[], bool]) -> Bools:
        """The pattern without cells that no task needs, dearest taken back first. Stops where it is when time is up."""
        hidden = hidden.copy()
        inside = Patterns(self._system, self.tasks, Attack(self._system, hidden))
        moves, failed = inside.witnesses(hidden)
        if failed:
            raise ValueError("only safe patterns can be pruned")
        used = np.zeros((len(self.tasks), self._system.size), dtype=np.bool_)
        for number, found in moves.items():
            used[number] = np.abs(found) > _MOVED
        moves.clear()
        floors = self._system.floors
        below = np.flatnonzero(hidden & self._system.is_floor)
        cells = np.flatnonzero(hidden & self._system.open & ~self._system.is_floor)
        by_weight = cells[np.argsort(-self._system.weights[cells], kind="stable")]
        for cell in [*below.tolist(), *by_weight.tolist()]:  # what a hidden floor asks for is much
            if is_late():
                break
            both = [cell, floors[cell]] if cell in floors else [cell]
            concerned = np.flatnonzero(used[:, both].any(axis=1))
            before = hidden[both]
            hidden[both] = False
            if not len(concerned):
                continue
            again, needed_by = inside._again(hidden, self._likeliest_first(cell, concerned.tolist()))
            if needed_by is not None:
                hidden[both] = before
                self._needed_by[cell] = needed_by
            else:
                for number, found in again.items():
                    used[number] = np.abs(found) > _MOVED
        self._attack.programs += inside._attack.programs
        return hidden

    def _likeliest_first(self, cell: int, numbers: list[int]) -> list[int]:
        """Most cells of a good pattern are needed: first by what needed them last, then by a cell of the same equation."""
        last, beside = self._needed_by.get(cell), self._system.beside[cell]
        return sorted(numbers, key=lambda number: (number != last, self.tasks[number].cell not in beside))

    def _again(self, hidden: Bools, numbers: list[int]) -> tuple[dict[int, Floats], int | None]:
        """New witnesses for these tasks under the pattern, up to the first task that has none; and which that is."""
        found: dict[int, Floats] = {}
        for insider, mine in self.by_attacker(numbers):
            allowed = np.where(hidden, self._system.down_for(insider), 0.0)
            self._attack.allow(allowed, np.where(hidden, self._system.up, 0.0))
            waiting = [n for n in mine if not self._is_idle(n, hidden)]
            while waiting:
                number = waiting.pop(0)
                task = self.tasks[number]
                reach = self._attack.reach(task.cell, task.direction)
                if reach.distance < task.distance - TOLERANCE:
                    return found, number
                for served in (number, *self._serves(reach.moves, waiting)):
                    found[served] = reach.moves
                waiting = [n for n in waiting if n not in found]
        return found, None


class _Closer:
    """The cheapest moves that bring a cell as far as a task wants: weights of the cells that they would hide."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._solver = quiet_solver()
        size = system.size
        self._solver.addVars(2 * size, np.zeros(2 * size), np.zeros(2 * size))
        both = [
            ((*cells, *(cell + size for cell in cells)), (*factors, *(-factor for factor in factors)))
            for cells, factors in system.equations
        ]
        add_equations(self._solver, both)
        self._all = np.arange(2 * size, dtype=np.int32)
        self._can = (system.state != 0).astype(np.float64)

    def way(self, task: Task, hidden: Bools, hint: Floats) -> Floats:
        system, size = self._system, self._system.size
        down = system.down_for(task.insider)
        weights = system.dearness
        cost = np.where(hidden, _HINT * np.maximum(weights, 1.0), weights * np.maximum(hint, 0.01))
        high = np.concatenate((system.up * self._can, down * self._can))
        low = np.zeros(2 * size)
        aim, other = (task.cell, task.cell + size) if task.direction > 0 else (task.cell + size, task.cell)
        distance = task.distance
        if task.direction < 0 and task.cell in system.floors and distance > high[aim]:  # the rest is its floor's
            floor = system.floors[task.cell] + size
            low[floor] = high[floor] = distance - high[aim]
            distance = float(high[aim])
        low[aim], high[aim] = distance, max(high[aim], distance)
        high[other] = 0.0
        self._solver.changeColsCost(2 * size, self._all, np.concatenate((cost, cost)))
        self._solver.changeColsBounds(2 * size, self._all, low, high)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise NotSolved(self._solver.modelStatusToString(status))
        found = np.array(self._solver.getSolution().col_value)
        moves: Floats = found[:size] - found[size:]
        return moves
