"""Works out what everybody could, and says what of it must not be known."""

import time
from collections.abc import Collection, Iterator, Mapping

from tenants.insights.disclosure.auditor.apart import apart
from tenants.insights.disclosure.auditor.possible import Fillings, NoOptimum
from tenants.insights.disclosure.auditor.types import Audit, Facts, Interval, Knower, Openness, Problem

TOLERANCE = 1e-6
EXACT = "its exact number can be worked out"
TOO_NARROW = "it can be worked out more closely than the rules allow"
BELOW = "it would be known to be below the upper bound that a small number must seem able to reach"
NOT_SOLVED = "a linear program about it was not solved"
SHOWN = "it is shown although it is sensitive"
OTHERS = "what the other schools add can be worked out too closely"


def audit(facts: Facts, *, touching: Collection[str] | None = None) -> Audit:
    """Looks at everything, by whoever could look. Whatever is not solved is a problem. Raises Unsound.

    `touching`: only at what a sum joins with one of these cells. The rest is as it was before they came out.
    """
    begun = time.monotonic()
    *joined, rest = apart(facts)
    found = [_look(part) for part in (*(each for each in joined if _touches(each, touching)), rest)]
    return Audit(
        intervals={key: each for intervals, _, _ in found for key, each in intervals.items()},
        problems=tuple(problem for _, problems, _ in found for problem in problems),
        attackers=1 + len(facts.knowers),
        programs=sum(programs for _, _, programs in found),
        seconds=time.monotonic() - begun,
    )


def _touches(part: Facts, cells: Collection[str] | None) -> bool:
    if cells is None:
        return True
    return any(key in cells for each in part.sums for key in (*each.parts, each.total))


def _look(facts: Facts) -> tuple[dict[str, Interval], list[Problem], int]:
    """What can be known of the hidden cells of a part, what of it must not be, and how many programs that took."""
    fillings = Fillings(facts)
    problems: list[Problem] = []
    intervals: dict[str, Interval] = {}
    wanted = sorted(facts.hidden | (set(facts.sensitive) - set(facts.shown)))
    try:
        intervals = _intervals(fillings, wanted)
        problems += _judge(facts, intervals)
        for knower in facts.knowers:
            problems += _judge_knower(facts, fillings, knower)
        if facts.rule_known and not problems:
            problems += _reason_with_rules(facts, fillings, intervals)
    except NoOptimum as failed:
        problems.append(Problem("", "", f"{NOT_SOLVED} ({failed})", Interval(0.0, 0.0)))
    return intervals, problems, fillings.programs


def _intervals(fillings: Fillings, keys: list[str]) -> dict[str, Interval]:
    highest = {key: fillings.most(key) for key in keys}
    return {key: Interval(fillings.least(key), highest[key]) for key in keys}


def _judge(facts: Facts, intervals: Mapping[str, Interval]) -> Iterator[Problem]:
    for key, interval in intervals.items():
        needed = facts.sensitive.get(key)
        if interval.width <= TOLERANCE:
            yield Problem(key, "", EXACT, interval)
        elif needed is not None and not _is_open(interval, needed):
            yield Problem(key, "", TOO_NARROW, interval)
        elif facts.rule_known and key in facts.counts and interval.high < facts.high - TOLERANCE:
            yield Problem(key, "", BELOW, interval)
    for key in facts.sensitive:
        if key in facts.shown:
            yield Problem(key, "", SHOWN, Interval(facts.shown[key], facts.shown[key]))


def _is_open(interval: Interval, needed: Openness) -> bool:
    return (
        (needed.low is None or interval.low <= needed.low + TOLERANCE)
        and (needed.high is None or interval.high >= needed.high - TOLERANCE)
        and interval.width >= needed.width - TOLERANCE
    )


def _judge_knower(facts: Facts, fillings: Fillings, knower: Knower) -> Iterator[Problem]:
    for key, needed in knower.others.items():
        own = knower.own.get(key, 0.0)
        if key in facts.shown:
            yield Problem(key, knower.name, OTHERS, Interval(facts.shown[key] - own, facts.shown[key] - own))
            continue
        if needed.high is not None:
            most = fillings.reaches(key, own + needed.high, knower.own) - own
            if most < needed.high - TOLERANCE:
                yield Problem(key, knower.name, OTHERS, Interval(0.0, most))
        if needed.width:
            least = fillings.smallest(key, knower.own) - own
            most = fillings.reaches(key, own + least + needed.width, knower.own) - own
            if most - least < needed.width - TOLERANCE:
                yield Problem(key, knower.name, OTHERS, Interval(least, most))


def _reason_with_rules(facts: Facts, fillings: Fillings, intervals: dict[str, Interval]) -> list[Problem]:
    """A hidden count that cannot be as low as a small one may be must be large: so it is, and what follows from that?"""
    large: set[str] = set()
    while told := {
        key for key in facts.counts - large if facts.low + TOLERANCE < intervals[key].low < facts.threshold - TOLERANCE
    }:
        large |= told
        fillings.raise_floor(dict.fromkeys(told, facts.threshold))
        intervals = _intervals(fillings, sorted(intervals))
        problems = [
            problem
            for problem in _judge(facts, intervals)
            if problem.cell in facts.sensitive or problem.interval.high < facts.high - TOLERANCE
        ]
        if problems:
            return problems
    return []
