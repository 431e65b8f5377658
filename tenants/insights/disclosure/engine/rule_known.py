"""The attacker that knows the rules as well: a hidden number whose bounds no sensitive one could have is not sensitive.

Such a number is 0 when it cannot reach the rules' upper bound, and at least the threshold when it cannot be 0. The first is
ruled out for every hidden zero; the second is allowed as long as it makes nothing else known.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tenants.insights.disclosure.engine.attack import Attack
from tenants.insights.disclosure.engine.cuts import Task
from tenants.insights.disclosure.engine.patterns import Patterns
from tenants.insights.disclosure.engine.system import TOLERANCE, Bools, State, System
from tenants.insights.disclosure.engine.types import Rules


def zero_tasks(system: System, counts: Sequence[int], rules: Rules) -> list[Task]:
    """For each zero that may be hidden, or was: when it is, it must seem able to reach the upper bound."""
    return [
        Task(cell, 1, rules.high - float(system.values[cell]), if_hidden=True)
        for cell in counts
        if system.state[cell] != State.KNOWN and system.values[cell] < rules.high
    ]


def betrayed_by_size(
    system: System, hidden: Bools, counts: Sequence[int], tasks: Sequence[Task], rules: Rules
) -> list[Task]:
    """Tasks that keep large hidden numbers from being told as large, if that would make a sensitive one known."""
    known, told = system, set[int]()
    while fresh := _told_large(known, hidden, counts, rules) - told:
        told |= fresh
        lower = known.lower.copy()
        lower[list(fresh)] = rules.threshold
        known = replace(known, lower=lower)
    if not told:
        return []
    _, failed = Patterns(known, tasks, Attack(known)).witnesses(hidden)
    if not failed:
        return []
    return [
        Task(cell, -1, float(system.values[cell]) - rules.low, if_hidden=bool(system.open[cell]))
        for cell in sorted(told)
    ]


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
