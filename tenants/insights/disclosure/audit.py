"""The auditor: what somebody who sees only what is published can work out. It shares no code with the rules.

It knows that counts are not negative and that a line's parts add up to its total; it never sees a hidden value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any


@dataclass(frozen=True)
class Interval:
    """The smallest and the largest value that a hidden number can have."""

    low: float
    high: float


@dataclass(frozen=True)
class PublishedLine:
    """A line as published: a number for each part and the total; none where it is hidden."""

    name: str
    parts: tuple[int | None, ...]
    total: int | None


class Disclosed(RuntimeError):
    """Something hidden can be worked out too closely; the release must not be published."""


def intervals(line: PublishedLine) -> list[Interval]:
    """For each hidden part, in order, all that it can be. Raises Disclosed when no filling fits what is published."""
    shown = sum(part for part in line.parts if part is not None)
    hidden = sum(1 for part in line.parts if part is None)
    if line.total is None:
        return [Interval(0, inf)] * hidden
    left = line.total - shown
    if left < 0 or (hidden == 0 and left != 0):
        raise Disclosed(f"{line.name}: the parts do not add up to their total")
    if hidden == 1:
        return [Interval(left, left)]
    return [Interval(0, left)] * hidden


def audit(lines: Sequence[PublishedLine], *, width: int) -> dict[str, Any]:
    """A report on every line with a hidden part. Raises Disclosed when one can be bounded tighter than [0, width]."""
    report: dict[str, Any] = {}
    for line in lines:
        found = intervals(line)
        if any(interval.low > 0 or interval.high < width for interval in found):
            raise Disclosed(f"{line.name}: a hidden number can be worked out")
        if found:
            report[line.name] = [[each.low, None if each.high == inf else each.high] for each in found]
    return report
