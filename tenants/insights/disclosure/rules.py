"""The strict rules of a first release, as pure functions of what each school adds to a figure.

A figure is a sum over schools. Its *contributions* are what each school adds, one whole number a school, in the same
order of schools for every figure of a line. A *line* is a total that is published beside its parts.

- A figure is sensitive when it is below the smallest count (zero too: "none" says something of every school), when it
  leaves less than the smallest count of its total ("all" and "all but two" say it too), when fewer than three schools
  add to it, or when some school that takes away its own part is left with less than the smallest count.
- In a line, what is hidden must have company: at least two parts, whose sum (anybody can work it out) is not sensitive.
  The next smallest part is hidden until that is so. When all parts are hidden and the total is still sensitive, the
  total is hidden as well. Then nothing published bounds a hidden part more tightly than from 0 to the smallest count.
- Percentages and rates are shown only where everything that they are made of is.
- Of two totals of people where one group holds the other, the smaller is hidden when the difference is small.

Source: the Government Statistical Service's and DfE's practice of suppressing small counts and of secondary
suppression. These rules hold until releases are protected by exact cell suppression.
"""

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tenants.insights.disclosure.types import HIDDEN, ProtectedCell, ReleaseRules, Symbol

RULES_VERSION = "strict-1"

Contributions = Sequence[int]
Schools = frozenset[uuid.UUID]


@dataclass(frozen=True)
class Mask:
    """Which parts of a line are hidden, and whether its total is."""

    parts: tuple[bool, ...]
    total: bool

    @property
    def hides_anything(self) -> bool:
        return self.total or any(self.parts)


def is_sensitive(contributions: Contributions, rules: ReleaseRules) -> bool:
    """Whether the sum is too small, comes from too few schools, or is too small to one of the schools in it."""
    total = sum(contributions)
    contributors = sum(1 for value in contributions if value)
    largest = max(contributions, default=0)
    return total < rules.count or contributors < rules.contributors or total - largest < rules.count


def protect_line(parts: Sequence[Contributions], rules: ReleaseRules) -> Mask:
    """What to hide in a line of parts that add up to its published total.

    Each part gives one contribution a school, in the same order. Raises ValueError when they differ in length.
    """
    if len({len(part) for part in parts}) != 1:
        raise ValueError("the parts of a line come from the same schools")
    hidden = [
        is_sensitive(part, rules) or is_sensitive(_sum_without(parts, [n]), rules) for n, part in enumerate(parts)
    ]
    if not any(hidden):
        return Mask(tuple(hidden), total=False)
    order = sorted(range(len(parts)), key=lambda n: (sum(parts[n]), n))
    while sum(hidden) < 2 or is_sensitive(_sum_of(parts, hidden), rules):
        shown = [n for n in order if not hidden[n]]
        if not shown:
            return Mask(tuple(hidden), total=True)
        hidden[shown[0]] = True
    return Mask(tuple(hidden), total=False)


def _sum_of(parts: Sequence[Contributions], chosen: Sequence[bool]) -> list[int]:
    taken = [part for part, is_in in zip(parts, chosen, strict=True) if is_in]
    return [sum(part[school] for part in taken) for school in range(len(parts[0]))]


def _sum_without(parts: Sequence[Contributions], left_out: Collection[int]) -> list[int]:
    return _sum_of(parts, [n not in left_out for n in range(len(parts))])


@dataclass(frozen=True)
class AudienceTotal:
    """How many people of an audience there are, by school. An empty audience means everybody."""

    audience: frozenset[str]
    contributions: tuple[int, ...]

    def lies_within(self, other: "AudienceTotal") -> bool:
        return not other.audience or bool(self.audience and self.audience <= other.audience)


def totals_to_hide(totals: Sequence[AudienceTotal], rules: ReleaseRules) -> frozenset[int]:
    """The places of totals that must be hidden because a wider audience's total would leave a small group over."""
    hidden: set[int] = set()
    for place, narrow in enumerate(totals):
        for other, wide in enumerate(totals):
            if other == place or other in hidden or not narrow.lies_within(wide):
                continue
            if 0 < sum(wide.contributions) - sum(narrow.contributions) < rules.count:
                hidden.add(place)
    return frozenset(hidden)


def comparable_schools(candidates: Schools, others: Sequence[Schools], rules: ReleaseRules) -> Schools:
    """Those of the candidates that may be in a release, given the schools of the other releases within a year of it.

    Figures are stocks: a release with one school more than the last would give that school away by subtraction. So
    against each of the other releases, the schools that are in one of the two only are none, or at least
    `changed_schools`. Fewer joiners wait for the next release. When fewer have left (closed, or moved to another
    authority), further schools are set aside with them, always the same ones first, so that enough are missing.
    Releases more than a year apart are not compared: by then every school has changed its own figures.
    """
    chosen = candidates
    changed = True
    while changed and chosen:
        changed = False
        for other in others:
            joined = chosen - other
            if 0 < len(joined) < rules.changed_schools:
                chosen, changed = chosen - joined, True
            left = other - chosen
            if 0 < len(left) < rules.changed_schools:
                set_aside = frozenset(sorted(chosen & other, key=_drawn)[: rules.changed_schools - len(left)])
                chosen, changed = chosen - set_aside, changed or bool(set_aside)
    return chosen


def _drawn(school_id: uuid.UUID) -> bytes:
    """A fixed order of schools that says nothing of them."""
    return hashlib.sha256(school_id.bytes).digest()


def count_cell(value: int, *, hidden: bool) -> ProtectedCell:
    return HIDDEN if hidden else ProtectedCell(f"{value:,}")


def percent_cell(part: int, total: int, *, hidden: bool) -> ProtectedCell:
    """A whole percentage, halves rounded up. Shown ones lie between 1 and 99, since neither none nor all is shown."""
    if hidden:
        return HIDDEN
    rounded = (200 * part + total) // (2 * total)
    if rounded == 0 and part:
        return ProtectedCell(Symbol.LOW.value, Symbol.LOW)
    return ProtectedCell(f"{min(rounded, 99) if part < total else rounded}%")


def rate_cell(count: int, pupils: int, *, hidden: bool) -> ProtectedCell:
    """Cases per 1,000 pupils with one decimal place; hidden together with the count, since pupil numbers are public."""
    if hidden or not pupils:
        return HIDDEN
    tenths = (20_000 * count + pupils) // (2 * pupils)
    return ProtectedCell(f"{tenths / 10:,.1f}") if tenths else ProtectedCell(Symbol.LOW.value, Symbol.LOW)
