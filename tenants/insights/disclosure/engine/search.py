"""The search for the cheapest safe pattern: relaxation with cuts, whole patterns, cuts at these, and again."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from tenants.insights.disclosure.engine.attack import Attack, Reach
from tenants.insights.disclosure.engine.cuts import Cut, Cutter, Task, asked_of, tasks_of
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
        self._likely = system.forced.copy()
        self._likely_done = False
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
        return self.pattern()

    def run(self, until: float) -> Pattern:
        """Goes on until the best pattern is proven best or the clock is at `until`. Raises NoSafePattern and NotSolved."""
        if self._best is None:
            self.begin()
        while not self._done() and self.clock() < until:
            self._step(until)
        return self.pattern()

    def better(self) -> Pattern:
        """Goes on until there is a better pattern, the best one is proven so, or the time is up."""
        before = self._incumbent
        while self._best is before and not self._done() and self.clock() < self.seconds:
            self._step(self.seconds)
        return self.pattern()

    def also(self, tasks: Sequence[Task], safe: Bools | None) -> Pattern:
        """A safe pattern for further tasks as well, from the best one so far. Raises NoSafePattern and NotSolved.

        `safe` is a pattern that is known to see to them.
        """
        first = len(self.patterns.tasks)
        further = asked_of(self.system, tasks)
        self.patterns.tasks.extend(further)
        self._must_be_possible(range(first, len(self.patterns.tasks)))
        self._master.add(list(self._cutter.seeds(further)))
        before, self._best, self._likely_done = self._incumbent, None, False
        self._relaxed = self._cut_relaxation(until=min(self.seconds, self.clock() + 0.1 * self.seconds))
        self._improve(before, 1.0 - 0.9 * self._relaxed)
        if safe is not None:
            self._take(safe)
        return self.pattern()

    def in_doubt(self, system: System, tasks: Sequence[Task], safe: Bools | None) -> "Search":
        """This search on a system with further floors, for further tasks about these. Its cuts, bound and clock go on.

        A cut holds there too: a cell with its floor has the room that the cell alone had, and no floor is hidden without
        its cell. `safe` is a pattern that may hold there as it is. Raises NoSafePattern and NotSolved.
        """
        new = Search(system, self.seconds)
        new.patterns.tasks = asked_of(system, [*self.patterns.tasks, *tasks])
        new.patterns.remember(self.patterns)
        new._begun, new._bound = self._begun, self._bound
        new._likely[: self.system.size] |= self._likely
        new._must_be_possible(range(len(new.patterns.tasks)))
        new._master.add(self._master.all())
        new._master.add(list(new._cutter.seeds(list(tasks))))
        new._relaxed = new._cut_relaxation(until=min(self.seconds, self.clock() + 0.05 * self.seconds))
        shown = np.zeros(system.size - self.system.size, dtype=np.bool_)
        new._improve(np.concatenate((self._incumbent, shown)), 1.0 - 0.9 * new._relaxed)
        if safe is not None and not new.patterns.unseen_to(safe):
            new._take(safe)
        return new

    def _must_be_possible(self, numbers: Sequence[int]) -> None:
        failed = self.patterns.impossible(numbers)
        if failed:
            raise NoSafePattern(sorted({self.patterns.tasks[number].cell for number in failed}))

    def _step(self, until: float) -> None:
        """One master in whole numbers, and what its answer teaches: among likely cells to the end, then among all."""
        if not self._likely_done:
            self._step_among_likely(until)
            return
        answer = self._master.whole(max(1.0, until - self.clock()), self._incumbent, self._slack())
        self._bound = max(self._bound, answer.bound)
        hidden = answer.y > 0.5
        cuts = self._cuts_at(answer.y)
        if cuts:
            self._master.add(cuts + self._bridges(answer.y))
            self._likely |= hidden
            self._likely_done = False
            return
        self._take(hidden)

    def _step_among_likely(self, until: float) -> None:
        answer = self._master.whole(max(1.0, until - self.clock()), self._incumbent, 0.0, self._likely)
        cuts = self._cuts_at(answer.y)
        if not cuts:
            self._take(answer.y > 0.5)
            self._likely_done = True
            return
        self._master.add(cuts + self._bridges(answer.y))
        self._improve(answer.y > 0.5, 1.0 - 0.9 * self._relaxed)

    def _cut_relaxation(self, until: float) -> Floats:
        """Cuts the relaxation's optimum off until that brings nothing more. Returns the last optimum."""
        slow = 0
        answer = self._master.relaxed()
        while self.clock() < until and slow < 4:
            cuts = self._cuts_near(answer.y, self.patterns.tasks, until)
            cuts += self._bridges(answer.y)
            if not self._master.add(cuts):
                break
            before = answer.bound
            answer = self._master.relaxed()
            slow = slow + 1 if answer.bound < before * 1.0005 + 1e-9 else 0
        self._bound = max(self._bound, answer.bound)
        self._likely |= answer.y > 1e-6
        return answer.y

    def _cuts_near(self, y: Floats, tasks: Iterable[Task], until: float = inf) -> list[Cut]:
        """Cuts that a pattern with parts of cells violates. No cell is given more room than the task's distance.

        With little room a part of a cell counts as a part, not as all that is needed; a cut need not be exact to hold.
        """
        groups: dict[tuple[str, float], list[Task]] = {}
        for task in tasks:
            groups.setdefault((task.insider.name if task.insider else "", task.distance), []).append(task)
        cuts = []
        for (_, distance), mine in groups.items():
            insider = mine[0].insider
            self.attack.allow(
                np.minimum(self.system.down_for(insider), distance) * y, np.minimum(self.system.up, distance) * y
            )
            asked = [task for task in mine if _wanted(task, y) > TOLERANCE]
            left = self.attack.not_at_once([(task.cell, task.direction * _wanted(task, y)) for task in asked])
            for task, reach in self._short([asked[place] for place in left], lambda task: _wanted(task, y)):
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
        room[self.system.below] = 0.0
        self.attack.allow(room, room)
        for cell in np.flatnonzero(self.system.open & (room > 0.02)):
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
        short: list[Task] = []
        for insider, numbers in self.patterns.by_attacker(range(len(self.patterns.tasks))):
            self.attack.allow(
                np.where(hidden, self.system.down_for(insider), 0.0), np.where(hidden, self.system.up, 0.0)
            )
            tasks = [self.patterns.tasks[number] for number in numbers]
            for task, reach in self._short(tasks, lambda task: _wanted(task, hidden)):
                cut = self._cutter.cut(task, reach.multipliers)
                short.append(task)
                if cut is not None:
                    cuts.append(cut)
        if short:
            for share in (0.9, 0.5):
                mixed = share * y + (1.0 - share) * self._relaxed
                cuts += [cut for cut in self._cuts_near(mixed, short) if cut.shortfall(y) > _VIOLATED]
        return cuts

    def _short(self, tasks: Sequence[Task], wanted: Callable[[Task], float]) -> Iterator[tuple[Task, Reach]]:
        """The tasks whose cell does not come far enough within what is allowed now, with how far it comes."""
        waiting = [task for task in tasks if wanted(task) > TOLERANCE]
        while waiting:
            task = waiting.pop()
            reach = self.attack.reach(task.cell, task.direction)
            if reach.distance < wanted(task) - TOLERANCE:
                yield task, reach
            moves = self.system.together(reach.moves)
            waiting = [other for other in waiting if other.direction * moves[other.cell] < wanted(other) - TOLERANCE]

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
            self._likely |= hidden

    @property
    def _incumbent(self) -> Bools:
        if self._best is None:
            raise NotSolved("no safe pattern was found")
        return self._best

    def _slack(self) -> float:
        """How close to its optimum a master is solved: while the bound is far off, many patterns teach more than a good one.

        Either it gives another pattern, which cuts can be learnt from, or the bound has come nearer by the rest.
        """
        away = self.system.cost(self._incumbent) - self._bound
        return 0.4 * away if away > 0.006 * self._bound else 0.0

    def _done(self) -> bool:
        return self._is_best(self._incumbent)

    def _is_best(self, hidden: Bools) -> bool:
        step = 1.0 - 1e-6 if self._master.is_integral else 2e-6
        return self.system.cost(hidden) - self._bound < step

    def pattern(self, safe: Bools | None = None) -> Pattern:
        """The best so far, or one that is known to be safe. Raises NotSolved when there is none."""
        hidden = self._incumbent if safe is None else safe
        cost = self.system.cost(hidden)
        is_best = self._is_best(hidden)
        return Pattern(
            hidden=hidden,
            objective=cost,
            bound=cost if is_best else min(self._bound, cost),
            optimal=is_best,
            seconds=self.clock(),
            cuts=self._master.cuts,
            programs=self.attack.programs,
        )


def _wanted(task: Task, y: Floats | Bools) -> float:
    """How far the task's cell must come under a pattern: no way when what it depends on is shown."""
    return task.distance if task.when is None else task.distance * float(y[task.when])
