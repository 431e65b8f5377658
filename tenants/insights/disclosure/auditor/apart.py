"""Takes apart what no published sum joins: what one part allows, the others neither widen nor narrow."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from tenants.insights.disclosure.auditor.types import Facts, Knower, Sum

Said = TypeVar("Said")


def apart(facts: Facts) -> list[Facts]:
    """The facts in parts, none of which has a cell that is not shown in common with another.

    The last part has whatever is in none of the others: cells that are in no sum, sums over shown cells alone, and what is
    said of shown cells or of cells that there are not.
    """
    above: dict[str, str] = {}

    def root(key: str) -> str:
        line = [key]
        while above.setdefault(line[-1], line[-1]) != line[-1]:
            line.append(above[line[-1]])
        for each in line:
            above[each] = line[-1]
        return line[-1]

    sums: list[tuple[Sum, str]] = []
    for each in facts.sums:
        inside = [key for key in (*each.parts, each.total) if key not in facts.shown]
        sums.append((each, inside[0] if inside else ""))
        for key in inside[1:]:
            above[root(key)] = root(inside[0])
    members: dict[str, set[str]] = defaultdict(set)
    for key in (*facts.hidden, *facts.unknown):
        members[root(key)].add(key)
    equations: dict[str, list[Sum]] = defaultdict(list)
    for each, key in sums:
        equations[root(key) if key else ""].append(each)
    joined = {key: keys for key, keys in sorted(members.items()) if equations[key]}
    parts = [_part(facts, keys.__contains__, equations[key]) for key, keys in joined.items()]
    elsewhere = set[str]().union(*joined.values())
    return [*parts, _part(facts, lambda key: key not in elsewhere, equations[""])]


def _part(facts: Facts, holds: Callable[[str], bool], sums: list[Sum]) -> Facts:
    def of(said: Mapping[str, Said]) -> dict[str, Said]:
        return {key: each for key, each in said.items() if holds(key)}

    knowers = (Knower(each.name, of(each.own), of(each.others)) for each in facts.knowers)
    return replace(
        facts,
        hidden=frozenset(filter(holds, facts.hidden)),
        unknown=frozenset(filter(holds, facts.unknown)),
        counts=frozenset(filter(holds, facts.counts)),
        sums=tuple(sums),
        sensitive=of(facts.sensitive),
        knowers=tuple(each for each in knowers if each.others),
    )
