"""Attackers that know the rules: the cheapest pattern of all that hold against them, counted out on small tables."""

import random
from itertools import combinations
from operator import itemgetter

import numpy as np
import pytest

from tenants.insights.disclosure.auditor.judging import audit
from tenants.insights.disclosure.auditor.reading import read_document
from tenants.insights.disclosure.engine.attack import Attack
from tenants.insights.disclosure.engine.build import Built, build
from tenants.insights.disclosure.engine.cells import lay_out, views_of
from tenants.insights.disclosure.engine.cuts import tasks_of
from tenants.insights.disclosure.engine.patterns import Patterns
from tenants.insights.disclosure.engine.protection import protect_here
from tenants.insights.disclosure.engine.rule_known import betrayed_by_size, with_floors, with_floors_of, zero_tasks
from tenants.insights.disclosure.engine.system import Bools, Insider, Need, State, System
from tenants.insights.disclosure.engine.types import Request, Rules, Table
from tests.unit.disclosure.tables import counts

RULES = Rules(insiders=False, all_of_them=False, rule_known=True, most_hidden=1.0)
SEEDS = range(12)
WHERE_SIZE_BETRAYS = (3, 4, 5, 8, 9, 10)


def request_of(seed: int) -> Request:
    draw = random.Random(seed)  # the same tables each time, no secret
    rows = {row: tuple(draw.choice((0, 2, 3, 5, 6, 7, 9, 12)) for _ in range(3)) for row in ("mixed", "right", "other")}
    return Request((counts(rows),), tables=(Table("table", "cases", ("concern", "phase")),), rules=RULES, seconds=30)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_cheaper_pattern_holds_against_those_who_know_the_rules(seed: int) -> None:
    request = request_of(seed)
    done = protect_here(request)
    assert done.optimal
    assert done.objective == cheapest(request, knows_rules=True)
    assert audit(read_document(done.for_auditor)).passed


@pytest.mark.parametrize("seed", WHERE_SIZE_BETRAYS)
def test_what_is_enough_for_those_who_do_not_know_them_is_not_for_those_who_do(seed: int) -> None:
    request = request_of(seed)
    assert cheapest(request, knows_rules=True) > cheapest(request, knows_rules=False)


def cheapest(request: Request, *, knows_rules: bool) -> float:
    """The least weight of a pattern that holds, by looking at all of them in the order of their weights."""
    views = views_of(request)
    built = build(request, lay_out(request, views), views)
    return next(built.system.cost(hidden) for hidden in patterns_of(built.system) if holds(built, hidden, knows_rules))


def patterns_of(system: System) -> list[Bools]:
    able = np.flatnonzero(system.open)
    found = []
    for many in range(len(able) + 1):
        for chosen in combinations(able.tolist(), many):
            hidden = system.forced.copy()
            hidden[list(chosen)] = True
            found.append((system.cost(hidden), hidden))
    return [hidden for _, hidden in sorted(found, key=itemgetter(0))]


def holds(built: Built, hidden: Bools, knows_rules: bool) -> bool:
    system = built.system
    tasks = [*tasks_of(system.needs), *zero_tasks(system, built.counts, RULES)]
    if Patterns(system, tasks, Attack(system)).unseen_to(hidden):
        return False
    return not (knows_rules and betrayed_by_size(system, hidden, built.counts, tasks, RULES))


def one_line() -> System:
    """9 + 3 = 12, of which a school knows 7 of the 9; the 3 must be able to be 5."""
    return System(
        values=np.array([9.0, 3.0, 12.0]),
        weights=np.array([1.0, 1.0, 1.0]),
        lower=np.zeros(3),
        upper=np.array([20.0, 20.0, 30.0]),
        state=np.array([State.OPEN, State.HIDDEN, State.KNOWN], dtype=np.int8),
        equations=(((0, 1, 2), (1.0, 1.0, -1.0)),),
        needs=(Need(1, 2.0, 3.0),),
        insiders=(Insider("school", {0: 7.0}, ()),),
    )


def test_a_number_in_two_is_as_much_as_before_and_told_large_has_less_room() -> None:
    split, tasks = with_floors(one_line(), {0}, RULES)
    floor = split.floors[0]
    assert (split.values[0], split.values[floor], split.weights[floor]) == (4.0, 5.0, 0.0)
    assert split.insiders[0].own == {0: 2.0, floor: 5.0}
    hidden = np.array([True, True, False, True])
    attack = Attack(split)
    for is_told, least in ((False, 0.0), (True, 5.0)):
        hidden[floor] = not is_told
        attack.allow(np.where(hidden, split.down, 0.0), np.where(hidden, split.up, 0.0))
        assert 9.0 - attack.reach(0, -1).distance == pytest.approx(least)
    assert [(task.cell, task.distance, task.when) for task in tasks] == [(0, 9.0, floor)]


def test_a_pattern_on_the_same_in_two_hides_the_floors_of_what_can_seem_small() -> None:
    system = one_line()
    split, _ = with_floors(system, {0}, RULES)
    assert with_floors_of(system, np.array([True, True, False]), split, RULES).tolist() == [True, True, False, True]
    assert with_floors_of(system, np.array([False, True, False]), split, RULES).tolist() == [False, True, False, False]
