"""Which schools' shares are out of the ordinary, and by how much.

A school of a few people strays further from the trust's share by chance than one of many, so each has limits of its own:
if its people were like those of the trust as a whole, its share would lie between them 998 times in 1,000. They are the
control limits of a funnel plot (Spiegelhalter 2005), from the normal approximation to the binomial. A school lies outside
them exactly when the trust's share lies outside Wilson's score interval for the school's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import TypeVar

WITHIN_LIMITS = 0.998  # of schools like the trust as a whole
DEVIATIONS = NormalDist().inv_cdf(0.5 + WITHIN_LIMITS / 2)

Key = TypeVar("Key")


@dataclass(frozen=True)
class Share:
    """How many have something, of how many."""

    has: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 where there is nobody."""
        return self.has / self.of if self.of else 0.0


@dataclass(frozen=True)
class Judged:
    """A share against its limits, all from 0 to 1."""

    share: Share
    low: float
    high: float

    @property
    def is_below(self) -> bool:
        return self.share.value < self.low

    @property
    def is_above(self) -> bool:
        return self.share.value > self.high

    @property
    def points_outside(self) -> int:
        """How many whole percentage points below the lower limit or above the upper one, at least one; 0 within them."""
        if self.is_below:
            return max(1, round(100 * (self.low - self.share.value)))
        return max(1, round(100 * (self.share.value - self.high))) if self.is_above else 0


def together(shares: Iterable[Share]) -> Share:
    """All of them as one."""
    listed = list(shares)
    return Share(sum(each.has for each in listed), sum(each.of for each in listed))


def judged(shares: Mapping[Key, Share]) -> dict[Key, Judged]:
    """Each share with somebody to count, against the limits around the share of all of them together."""
    whole = together(shares.values()).value
    found = {}
    for key, share in shares.items():
        if share.of:
            reach = DEVIATIONS * sqrt(whole * (1 - whole) / share.of)
            found[key] = Judged(share, max(0.0, whole - reach), min(1.0, whole + reach))
    return found
