"""What the auditor is given, and what it finds. Nothing here can hold the value of a hidden cell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

Document = dict[str, Any]


class Unsound(ValueError):
    """The documents contradict themselves or each other, or are not documents of releases at all."""


@dataclass(frozen=True)
class Sum:
    """Parts that add up to a total, by the keys of their cells."""

    parts: tuple[str, ...]
    total: str


@dataclass(frozen=True)
class Openness:
    """What must stay open of a sensitive cell: an interval that must fit into what is possible, or a width, or both."""

    low: float | None = None
    high: float | None = None
    width: float = 0.0


@dataclass(frozen=True)
class Knower:
    """Somebody inside: what is certainly in each cell, since it is their own; and what must stay open of the others'.

    Intervals of `others` are of a cell less the knower's own part.
    """

    name: str
    own: Mapping[str, float]
    others: Mapping[str, Openness]


@dataclass(frozen=True)
class Facts:
    """Everything that is out. `hidden` cells were marked as such; `unknown` ones never appear in any table.

    `counts` says of which hidden cells the rules for small counts hold. Without `sensitive` only an outsider's view is left:
    which cells are sensitive is then not known, so every hidden count has to look as a sensitive one would.
    """

    shown: Mapping[str, float]
    hidden: frozenset[str]
    unknown: frozenset[str]
    counts: frozenset[str]
    sums: tuple[Sum, ...]
    threshold: float
    low: float
    high: float
    rule_known: bool
    sensitive: Mapping[str, Openness] = field(default_factory=dict)
    knowers: tuple[Knower, ...] = ()


@dataclass(frozen=True)
class Interval:
    """The least and the most that a cell can be."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True)
class Problem:
    """A cell of which somebody can learn too much. `attacker` is empty for anybody."""

    cell: str
    attacker: str
    what: str
    interval: Interval


@dataclass(frozen=True)
class Audit:
    """What can be worked out of every hidden cell, and what of that must not be. `programs` were solved to their optimum."""

    intervals: Mapping[str, Interval]
    problems: tuple[Problem, ...]
    attackers: int
    programs: int
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.problems

    def report(self) -> Document:
        """As JSON carries it; no upper bound is null."""
        return {
            "passed": self.passed,
            "attackers": self.attackers,
            "programs": self.programs,
            "seconds": round(self.seconds, 3),
            "problems": [
                {"cell": p.cell, "attacker": p.attacker, "what": p.what, "interval": _pair(p.interval)}
                for p in self.problems
            ],
            "intervals": {key: _pair(each) for key, each in sorted(self.intervals.items())},
        }

    @classmethod
    def from_report(cls, report: Document) -> "Audit":
        """Reads back what `report` wrote."""
        return cls(
            intervals={key: _interval(pair) for key, pair in report["intervals"].items()},
            problems=tuple(
                Problem(p["cell"], p["attacker"], p["what"], _interval(p["interval"])) for p in report["problems"]
            ),
            attackers=report["attackers"],
            programs=report["programs"],
            seconds=report["seconds"],
        )


def _pair(interval: Interval) -> list[float | None]:
    return [round(interval.low, 9), None if interval.high == inf else round(interval.high, 9)]


def _interval(pair: list[float | None]) -> Interval:
    low, high = pair
    return Interval(low or 0.0, inf if high is None else high)
