"""The search for the cheapest safe pattern: relaxation with cuts, whole patterns, cuts at these, and again."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from tenants.insights.disclosure.engine.attack import Attack, Reach
from tenants.insights.disclosure.engine.cuts import Cut, Cutter, Task, tasks_of
from tenants.insights.disclosure.engine.master import Master
from tenants.insights.disclosure.engine.patterns import Patterns
from tenants.insights.disclosure.engine.system import TOLERANCE, Bools, Floats, NotSolved, System

_VIOLATED = 1e-4


@dataclass(frozen=True)
class Pattern:
    """A pattern that verified: its weight, the bound on the weight of any, whether it is proven best, and what it took."""

    hidden: Bools
    objective: float
    bound: float
    optimal: bool
    seconds: float
    cuts: int
    programs: int

    @property
    def gap(self) -> float:
        """Distance to the bound as a part of the objective; 0 when it is proven best."""
        if self.optimal or self.objective <= 0:
            return 0.0
        return max(0.0, self.objective - self.bound) / self.objective


class NoSafePattern(Exception):
    """Even with everything hidden these cells could be worked out too closely."""

    def __init__(self, cells: Sequence[int]) -> None:
        super().__init__(f"{len(cells)} cells cannot be protected")
        self.cells = tuple(cells)


class Search:
    """One system. Keeps its cuts and its best pattern, so that it can be resumed with further tasks."""

    def __init__(self, system: System, seconds: float, tasks: Sequence[Task] = ()) -> None:
        """`tasks` are those beyond the system's own needs; `seconds` the time for everything."""
        self.system = system
        self._begun = time.monotonic()
        self.seconds = seconds
        self.attack = Attack(system)
        self.patterns = Patterns(system, [*tasks_of(system.needs), *tasks], self.attack)
        self._cutter = Cutter(system)
        self._master = Master(system)
        self._bound = 0.0
        self._best: Bools | None = None
        self._close = False
        self._relaxed: Floats = system.forced.astype(np.float64)

    def clock(self) -> float:
        """Seconds since the search was made."""
        return time.monotonic() - self._begun

    def begin(self) -> Pattern:
        """A first safe pattern, after cutting the relaxation. Raises NoSafePattern and NotSolved."""
        self._must_be_possible(range(len(self.patterns.tasks)))
        self._master.add(list(self._cutter.seeds(self.patterns.tasks)))
        self._relaxed = self._cut_relaxation(until=0.35 * self.seconds)
        self._improve(self.system.forced | (self._relaxed > 0.99), 1.0 - 0.9 * self._relaxed)
        return self._pattern()

    def run(self, until: float) -> Pattern:
        """Goes on until the best pattern is proven best or the clock is at `until`. Raises NoSafePattern and NotSolved."""
        if self._best is None:
            self.begin()
        while not self._done() and self.clock() < until:
            self._step(until)
        return self._pattern()

    def also(self, tasks: Sequence[Task]) -> Pattern:
        """A safe pattern for further tasks as well, from the best one so far. Raises NoSafePattern and NotSolved."""
        first = len(self.patterns.tasks)
        self.patterns.tasks.extend(tasks)
        self._must_be_possible(range(first, len(self.patterns.tasks)))
        self._master.add(list(self._cutter.seeds(list(tasks))))
        before, self._best = self._incumbent, None
        self._relaxed = self._cut_relaxation(until=min(self.seconds, self.clock() + 0.1 * self.seconds))
        self._improve(before, 1.0 - 0.9 * self._relaxed)
        return self._pattern()

    def _must_be_possible(self, numbers: Sequence[int]) -> None:
        _, failed = self.patterns.witnesses(self.system.everything(), numbers)
        if failed:
            raise NoSafePattern(sorted({self.patterns.tasks[number].cell for number in failed}))

    def _step(self, until: float) -> None:
        """One master in whole numbers, and what its answer teaches."""
        gap = self._gap()
        left = max(1.0, until - self.clock())
        answer = self._master.whole(left if gap == 0.0 else 0.5 * left, self._incumbent, gap)
        self._bound = max(self._bound, answer.bound)
        cuts = self._cuts_at(answer.y)
        hidden = answer.y > 0.5
        if cuts:
            self._master.add(cuts + self._bridges(answer.y))
            self._improve(hidden, 1.0 - 0.9 * self._relaxed)
            return
        self._take(hidden)
        self._close = True
        if answer.complete and gap == 0.0:
            self._bound = self.system.cost(self._incumbent)

    def _cut_relaxation(self, until: float) -> Floats:
        """Cuts the relaxation's optimum off until that brings nothing more. Returns the last optimum."""
        slow = 0
        answer = self._master.relaxed()
        while self.clock() < until and slow < 4:
            cuts = self._cuts_near(answer.y, range(len(self.patterns.tasks)), until)
            cuts += self._bridges(answer.y)
            if not self._master.add(cuts):
                break
            before = answer.bound
            answer = self._master.relaxed()
            slow = slow + 1 if answer.bound < before * 1.0005 + 1e-9 else 0
        self._bound = max(self._bound, answer.bound)
        return answer.y

    def _cuts_near(self, y: Floats, numbers: Iterable[int], until: float = inf) -> list[Cut]:
        """Cuts that a pattern with parts of cells violates. No cell is given more room than the task's distance.

        With little room a part of a cell counts as a part, not as all that is needed; a cut need not be exact to hold.
        """
        groups: dict[tuple[str, float], list[int]] = {}
        for number in numbers:
            task = self.patterns.tasks[number]
            groups.setdefault((task.insider.name if task.insider else "", task.distance), []).append(number)
        cuts = []
        for (_, distance), mine in groups.items():
            insider = self.patterns.tasks[mine[0]].insider
            self.attack.allow(
                np.minimum(self.system.down_for(insider), distance) * y, np.minimum(self.system.up, distance) * y
            )
            for task, reach in self._short(mine, lambda task: task.distance * y[task.cell]):
                cut = self._cutter.cut(task, reach.multipliers)
                if cut is not None and cut.shortfall(y) > _VIOLATED:
                    cuts.append(cut)
                if self.clock() > until:
                    return cuts
        return cuts

    def _bridges(self, y: Floats) -> list[Cut]:
        """Cuts that a pattern violates because a cell in it is held fast by what is shown."""
        cuts = []
        room = np.where(self.system.state != 0, y, 0.0)
        self.attack.allow(room, room)
        for cell in np.flatnonzero(self.system.open & (y > 0.02)):
            reach = self.attack.reach(int(cell), 1)
            if reach.distance < y[cell] - 0.01:
                cut = self._cutter.bridge(int(cell), reach.multipliers)
                if cut is not None and cut.shortfall(y) > _VIOLATED:
                    cuts.append(cut)
        return cuts

    def _cuts_at(self, y: Floats) -> list[Cut]:
        """Cuts that a whole pattern violates; none only when it is safe."""
        hidden = y > 0.5
        cuts: list[Cut] = []
        short: list[int] = []
        for insider, numbers in self.patterns.by_attacker(range(len(self.patterns.tasks))):
            self.attack.allow(
                np.where(hidden, self.system.down_for(insider), 0.0), np.where(hidden, self.system.up, 0.0)
            )
            places = {id(self.patterns.tasks[number]): number for number in numbers}
            for task, reach in self._short(numbers, lambda task: task.distance * hidden[task.cell]):
                cut = self._cutter.cut(task, reach.multipliers)
                short.append(places[id(task)])
                if cut is not None:
                    cuts.append(cut)
        if short:
            for share in (0.9, 0.5):
                mixed = share * y + (1.0 - share) * self._relaxed
                cuts += [cut for cut in self._cuts_near(mixed, short) if cut.shortfall(y) > _VIOLATED]
        return cuts

    def _short(self, numbers: Sequence[int], wanted: Callable[[Task], float]) -> Iterator[tuple[Task, Reach]]:
        """The tasks whose cell does not come far enough within what is allowed now, with how far it comes."""
        waiting = [self.patterns.tasks[number] for number in numbers]
        while waiting:
            task = waiting.pop()
            if wanted(task) <= TOLERANCE:
                continue
            reach = self.attack.reach(task.cell, task.direction)
            if reach.distance < wanted(task) - TOLERANCE:
                yield task, reach
            waiting = [
                other for other in waiting if other.direction * reach.moves[other.cell] < wanted(other) - TOLERANCE
            ]

    def _improve(self, hidden: Bools, hint: Floats) -> None:
        """Makes the pattern safe, takes back what it need not hide, and keeps it if it is the best."""
        limit = self.seconds if self._best is not None else self.clock() + self.seconds  # a first one is worth the wait

        def late() -> bool:
            return self.clock() > limit

        closed = self.patterns.closed(hidden | self.system.forced, hint, late)
        if closed is not None:
            self._take(self.patterns.pruned(closed, lambda: self.clock() > self.seconds))

    def _take(self, hidden: Bools) -> None:
        if self._best is None or self.system.cost(hidden) < self.system.cost(self._best) - 1e-9:
            self._best = hidden

    @property
    def _incumbent(self) -> Bools:
        if self._best is None:
            raise NotSolved("no safe pattern was found")
        return self._best

    def _distance(self) -> float:
        """From the bound to the best pattern, as a part of its cost."""
        cost = self.system.cost(self._incumbent)
        return (cost - self._bound) / cost if cost > 0 else 0.0

    def _gap(self) -> float:
        """How close to its optimum a master is solved: while the bound is far off, many patterns teach more than a good
        one, until one of them is safe.
        """
        distance = self._distance()
        return 0.0 if self._close or distance < 0.006 else 0.4 * distance

    def _done(self) -> bool:
        step = 1.0 - 1e-6 if self._master.is_integral else 1e-6
        return self.system.cost(self._incumbent) - self._bound < step

    def _pattern(self) -> Pattern:
        cost = self.system.cost(self._incumbent)
        return Pattern(
            hidden=self._incumbent,
            objective=cost,
            bound=cost if self._done() else min(self._bound, cost),
            optimal=self._done(),
            seconds=self.clock(),
            cuts=self._master.cuts,
            programs=self.attack.programs,
        )
