"""Academic years and the terms by which figures are given.

The academic year runs from 1 September to 31 August. For figures that are compared across schools a term is a block of
whole months (autumn to December, spring to March, summer to August), the same for everybody, since each authority and
academy sets its own term dates.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import total_ordering


class Season(StrEnum):
    AUTUMN = "autumn"
    SPRING = "spring"
    SUMMER = "summer"


_FIRST_MONTH = {Season.AUTUMN: 9, Season.SPRING: 1, Season.SUMMER: 4}
_ORDER = list(Season)


@total_ordering
@dataclass(frozen=True)
class Term:
    """A term of the academic year that begins in `year`."""

    year: int
    season: Season

    @property
    def key(self) -> str:
        """`2026-27-autumn`"""
        return f"{academic_year_name(self.year)}-{self.season}"

    @property
    def title(self) -> str:
        """“Autumn term 2026”: the calendar year in which it falls."""
        return f"{self.season.capitalize()} term {self.first_day.year}"

    @property
    def first_day(self) -> date:
        year = self.year if self.season is Season.AUTUMN else self.year + 1
        return date(year, _FIRST_MONTH[self.season], 1)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> "Term":
        if self.season is Season.SUMMER:
            return Term(self.year + 1, Season.AUTUMN)
        return Term(self.year, _ORDER[_ORDER.index(self.season) + 1])

    @property
    def previous(self) -> "Term":
        return term_of(self.first_day - timedelta(days=1))

    def __lt__(self, other: "Term") -> bool:
        return self.first_day < other.first_day


def term_of(day: date) -> Term:
    """The term that the day falls in."""
    year = academic_year_of(day)
    if day.month >= 9:
        return Term(year, Season.AUTUMN)
    return Term(year, Season.SPRING if day.month < 4 else Season.SUMMER)


def parse_term(key: str) -> Term:
    """The term of a key such as `2026-27-autumn`. Raises ValueError for anything else."""
    years, _, season = key.rpartition("-")
    term = Term(int(years[:4]), Season(season))
    if term.key != key:
        raise ValueError(f"not a term: {key!r}")
    return term


def last_terms(day: date, count: int) -> list[Term]:
    """The `count` terms up to and including the day's own, oldest first."""
    terms = [term_of(day)]
    while len(terms) < count:
        terms.append(terms[-1].previous)
    return terms[::-1]


def academic_year_of(day: date) -> int:
    """The calendar year in which the day's academic year began."""
    return day.year if day.month >= 9 else day.year - 1


def academic_year_name(year: int) -> str:
    """`2026-27`"""
    return f"{year}-{(year + 1) % 100:02d}"
