"""The attacker that knows the rules as well: a hidden number whose bounds no sensitive one could have is not sensitive.

Such a number is 0 when it cannot reach the rules' upper bound, and at least the threshold when it cannot be 0. The first is
ruled out for every hidden zero; the second is allowed as long as it makes nothing else known. Where it would, the large
number is laid out in two, what is above the threshold and the threshold itself, its *floor*: showing the floor tells that
the number is large and costs nothing, hiding it asks that the number can seem to be as low as a small one may. So the search
chooses among all patterns which large numbers may be told as large, and its bound is that of the whole problem.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from tenants.insights.disclosure.engine.attack import Attack
from tenants.insights.disclosure.engine.cuts import Task
from tenants.insights.disclosure.engine.patterns import Patterns
from tenants.insights.disclosure.engine.system import TOLERANCE, Bools, Insider, State, System
from tenants.insights.disclosure.engine.types import Rules


def zero_tasks(system: System, counts: Sequence[int], rules: Rules) -> list[Task]:
    """For each zero that may be hidden, or was: when it is, it must seem able to reach the upper bound."""
    return [
        Task(cell, 1, rules.high - float(system.values[cell]), when=cell)
        for cell in counts
        if system.state[cell] != State.KNOWN and system.values[cell] < rules.high
    ]


def betrayed_by_size(
    system: System, hidden: Bools, counts: Sequence[int], tasks: Sequence[Task], rules: Rules
) -> set[int]:
    """The large hidden numbers that are told as large, if that makes a sensitive one known; none when it does not."""
    known, told = system, set[int]()
    while fresh := _told_large(known, hidden, counts, rules) - told:
        told |= fresh
        lower = known.lower.copy()
        lower[list(fresh)] = rules.threshold
        known = replace(known, lower=lower)
    if not told:
        return set()
    failed = Patterns(known, tasks, Attack(known)).unseen_to(hidden)
    return told if failed else set()


def _told_large(system: System, hidden: Bools, counts: Sequence[int], rules: Rules) -> set[int]:
    """The hidden counts that cannot be as low as a small one may be, though they might be below the threshold."""
    attack = Attack(system)
    attack.allow(np.where(hidden, system.down, 0.0), np.where(hidden, system.up, 0.0))
    told = set()
    for cell in counts:
        if hidden[cell] and system.values[cell] >= rules.threshold:
            least = float(system.values[cell]) - attack.reach(cell, -1).distance
            if rules.low + TOLERANCE < least < rules.threshold - TOLERANCE:
                told.add(cell)
    return told


def with_floors(system: System, cells: Collection[int], rules: Rules) -> tuple[System, list[Task]]:
    """The system with these large numbers laid out in two, and what hiding their floors asks for.

    A number that could not seem small even with everything hidden has its floor known from the start.
    """
    split = _laid_out(system, sorted(cells), float(rules.threshold))
    asked = [Task(cell, -1, float(system.values[cell]) - rules.low, when=split.floors[cell]) for cell in sorted(cells)]
    failed = Patterns(split, asked, Attack(split)).impossible(range(len(asked)))
    state = split.state.copy()
    state[[split.floors[asked[number].cell] for number in failed]] = State.KNOWN
    able = [task for number, task in enumerate(asked) if number not in set(failed)]
    return replace(split, state=state), able


def with_floors_of(system: System, hidden: Bools, split: System, rules: Rules) -> Bools:
    """A pattern of a system on the same with further floors: hidden are those of numbers that can seem small in it."""
    attack = Attack(system)
    attack.allow(np.where(hidden, system.down, 0.0), np.where(hidden, system.up, 0.0))
    further = {cell: floor for cell, floor in split.floors.items() if cell not in system.floors}
    whole = np.concatenate((hidden, np.zeros(len(further), dtype=np.bool_)))
    for cell, floor in further.items():
        if hidden[cell] and split.open[floor]:
            whole[floor] = (
                attack.reach(cell, -1).distance >= split.values[cell] + split.values[floor] - rules.low - TOLERANCE
            )
    return whole


def _laid_out(system: System, cells: Sequence[int], threshold: float) -> System:
    many = len(cells)
    floors = {cell: system.size + place for place, cell in enumerate(cells)}
    values, upper = (np.concatenate((each, np.full(many, threshold))) for each in (system.values, system.upper))
    values[list(cells)] -= threshold
    upper[list(cells)] -= threshold
    return replace(
        system,
        values=values,
        weights=np.concatenate((system.weights, np.zeros(many))),
        lower=np.concatenate((system.lower, np.zeros(many))),
        upper=upper,
        state=np.concatenate((system.state, np.full(many, State.OPEN, dtype=system.state.dtype))),
        equations=tuple(_with_their_floors(*equation, floors) for equation in system.equations),
        insiders=tuple(_knowing_floors(insider, floors, threshold) for insider in system.insiders),
        floors={**system.floors, **floors},
    )


def _with_their_floors(
    cells: tuple[int, ...], factors: tuple[float, ...], floors: dict[int, int]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    more = [(floors[cell], factor) for cell, factor in zip(cells, factors, strict=True) if cell in floors]
    return (*cells, *(floor for floor, _ in more)), (*factors, *(factor for _, factor in more))


def _knowing_floors(insider: Insider, floors: dict[int, int], threshold: float) -> Insider:
    """What a school knows of a number it knows of the floor first, of what is above it the rest."""
    own = dict(insider.own)
    for cell in own.keys() & floors.keys():
        own[floors[cell]] = min(own[cell], threshold)
        own[cell] = max(0.0, own[cell] - threshold)
    return replace(insider, own=own)
