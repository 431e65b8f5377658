"""A school's year as it holds: terms, half terms, INSET days and closures, from the levels that have set any.

Term dates (the three terms with their half-term breaks) hold as a whole: those of the nearest level that has set them for the
academic year, the school's own before its trust's before its authority's; where nobody has, the usual dates of England.
INSET days and closures of all three levels add up; where two levels say something else of one day, the nearer one holds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import holidays
from dateutil.easter import easter

from tenants.calendar.rules import Season, academic_year_name, academic_year_of

ONE_DAY = timedelta(days=1)
LONGEST_BREAK = timedelta(days=120)


class Level(StrEnum):
    """Who set a date; the later ones in this order are nearer to the school and hold."""

    AUTHORITY = "authority"
    TRUST = "trust"
    SCHOOL = "school"


class EntryKind(StrEnum):
    TERM = "term"
    HALF_TERM = "half_term"  # the break in the middle of a term
    INSET = "inset"
    CLOSURE = "closure"


@dataclass(frozen=True)
class Entry:
    """Days that a level has set, both included. Terms and half terms have a season; `title` is what a closure is called."""

    kind: EntryKind
    first_on: date
    last_on: date
    season: Season | None = None
    title: str = ""

    @property
    def days(self) -> Iterator[date]:
        return (self.first_on + timedelta(days=number) for number in range((self.last_on - self.first_on).days + 1))

    def __contains__(self, day: date) -> bool:
        return self.first_on <= day <= self.last_on


Levels = Mapping[Level, Sequence[Entry]]


@dataclass(frozen=True)
class SpecialDay:
    """An INSET day, on which staff work, or a day on which the school is closed; and who said so."""

    kind: EntryKind
    title: str
    level: Level


@dataclass(frozen=True)
class HeldTerm:
    """A term, first and last day included, and the break in it where one is given."""

    season: Season
    first_on: date
    last_on: date
    half_term: Entry | None = None

    def is_term_time(self, day: date) -> bool:
        return self.first_on <= day <= self.last_on and not (self.half_term and day in self.half_term)


@dataclass(frozen=True)
class SchoolYear:
    """An academic year as it holds at one school. `terms_from` is none where the usual dates serve."""

    year: int
    terms: tuple[HeldTerm, ...]
    terms_from: Level | None
    special: Mapping[date, SpecialDay] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return academic_year_name(self.year)


@dataclass(frozen=True)
class Deadline:
    """A day by which schools agree to have things done: the last working day of a half term."""

    key: str  # 2026-27-autumn-half, 2026-27-autumn-end
    title: str
    on: date


def school_year(year: int, levels: Levels) -> SchoolYear:
    """What holds in the academic year that begins in `year`, of what each level has set for it."""
    terms, terms_from = usual_terms(year), None
    special: dict[date, SpecialDay] = {}
    for level in Level:
        entries = levels.get(level, ())
        if own := _terms_of(entries):
            terms, terms_from = own, level
        # Of one level's words on a day, that the school is closed goes last and holds.
        for entry in sorted(entries, key=lambda each: each.kind is EntryKind.CLOSURE):
            if entry.kind in {EntryKind.INSET, EntryKind.CLOSURE}:
                special |= {day: SpecialDay(entry.kind, entry.title, level) for day in entry.days}
    return SchoolYear(year, terms, terms_from, special)


def _terms_of(entries: Iterable[Entry]) -> tuple[HeldTerm, ...]:
    entries = list(entries)
    breaks = {entry.season: entry for entry in entries if entry.kind is EntryKind.HALF_TERM}
    found = [
        HeldTerm(entry.season, entry.first_on, entry.last_on, breaks.get(entry.season))
        for entry in entries
        if entry.kind is EntryKind.TERM and entry.season is not None
    ]
    return tuple(sorted(found, key=lambda term: term.first_on))


class SchoolCalendar:
    """A school's days, year by year. Schools for which the same dates hold share one, and what it has worked out."""

    def __init__(self, set_dates: Mapping[int, Levels] | None = None) -> None:
        self._set_dates = set_dates or {}
        self._years: dict[int, SchoolYear] = {}
        self._next: dict[date, date] = {}

    def year(self, year: int) -> SchoolYear:
        if year not in self._years:
            self._years[year] = school_year(year, self._set_dates.get(year, {}))
        return self._years[year]

    def special_day(self, day: date) -> SpecialDay | None:
        """What a level has said of the day. An INSET day in August may stand with the year that begins after it."""
        year = academic_year_of(day)
        return self.year(year).special.get(day) or self.year(year + 1).special.get(day)

    def is_term_time(self, day: date) -> bool:
        """Whether the day is in a term and not in its half term; weekends and bank holidays are in one all the same."""
        year = academic_year_of(day)
        # Some authorities begin the autumn term in the last days of August.
        return any(term.is_term_time(day) for each in (year, year + 1) for term in self.year(each).terms)

    def is_sending_day(self, day: date) -> bool:
        """Whether staff are at work: Mondays to Fridays in term and INSET days, but no bank holiday and no closure."""
        if not is_weekday(day):
            return False
        special = self.special_day(day)
        return special.kind is EntryKind.INSET if special else self.is_term_time(day)

    def next_after(self, day: date) -> date:
        """The first working day after the day; after four months without one, a weekday: nobody is forgotten for good."""
        if day not in self._next:
            self._next[day] = self._search(day, ONE_DAY)
        return self._next[day]

    def last_before(self, day: date) -> date:
        return self._search(day, -ONE_DAY)

    def on_or_before(self, day: date) -> date:
        """The day itself where it is a working day, else the last before it."""
        return day if self.is_sending_day(day) else self.last_before(day)

    def _search(self, day: date, step: timedelta) -> date:
        found = day + step
        while not self.is_sending_day(found):
            if abs(found - day) >= LONGEST_BREAK and is_weekday(found):
                return found
            found += step
        return found

    def deadlines(self, year: int) -> list[Deadline]:
        """The ends of the half terms of an academic year, in their order; none for a half term whose break is not given."""
        found = []
        for term in self.year(year).terms:
            name = f"{academic_year_name(year)}-{term.season}"
            if term.half_term:
                on = self._last_day(term.first_on, term.half_term.first_on - ONE_DAY)
                found.append(Deadline(f"{name}-half", f"End of the {term.season} half term", on))
            end = self._last_day(term.first_on, term.last_on)
            found.append(Deadline(f"{name}-end", f"End of the {term.season} term", end))
        return found

    def _last_day(self, first: date, last: date) -> date:
        return max(first, self.on_or_before(last))

    def next_deadlines(self, day: date, count: int = 6) -> list[Deadline]:
        """The next ends of half terms from a day on, the day itself included."""
        year = academic_year_of(day)
        coming = [each for number in (0, 1, 2) for each in self.deadlines(year + number) if each.on >= day]
        return coming[:count]

    def deadline(self, key: str) -> Deadline:
        """The end of a half term by its key; where its break is not given, the usual day, or the working day before it.

        Raises ValueError for a key that is none.
        """
        year = int(key[:4]) if key[:4].isdecimal() else 0
        if not 2000 <= year <= 2100:
            raise ValueError(f"not the end of a half term: {key!r}")
        own = {each.key: each for each in self.deadlines(year)}
        usual = {each.key: each for each in USUAL_CALENDAR.deadlines(year)}
        if key not in usual:
            raise ValueError(f"not the end of a half term: {key!r}")
        return own.get(key) or replace(usual[key], on=self.on_or_before(usual[key].on))

    def a_year_later(self, day: date) -> date:
        """What is due by the end of a half term is due by its end the next year; any other day a year on, on a working day."""
        year = academic_year_of(day)
        for before, after in zip(self.deadlines(year), self.deadlines(year + 1), strict=False):
            if before.on == day and before.title == after.title:
                return after.on
        return self.on_or_before(_same_day_next_year(day))


def _same_day_next_year(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 2, 28)


USUAL_CALENDAR = SchoolCalendar()


def is_weekday(day: date) -> bool:
    """Monday to Friday, and no bank holiday in England."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


@lru_cache(maxsize=32)
def bank_holidays(year: int) -> Mapping[date, str]:
    """England's bank holidays of a calendar year, with their names."""
    return dict(sorted(holidays.country_holidays("GB", subdiv="ENG", years=year, language="en_GB").items()))


@lru_cache(maxsize=32)
def usual_terms(year: int) -> tuple[HeldTerm, ...]:
    """The terms of an academic year as most authorities in England set them.

    The breaks begin on the last Monday of October, the third of February and the last of May and last a week; the autumn term
    ends on the last Friday before 21 December, the spring term on the last Friday of March or the day before Good Friday,
    whichever is earlier, the summer term on the last Friday before 25 July. The spring term begins on the first Monday from
    3 January, the summer term after two weeks.
    """
    good_friday = easter(year + 1) - timedelta(days=2)
    spring_ends = min(_friday_before(date(year + 1, 4, 1)), good_friday - ONE_DAY)
    summer_begins = _monday_from(spring_ends) + timedelta(weeks=2)
    return (
        _usual(Season.AUTUMN, date(year, 9, 1), _friday_before(date(year, 12, 21)), _last_monday(year, 10)),
        _usual(Season.SPRING, _monday_from(date(year + 1, 1, 3)), spring_ends, _monday_from(date(year + 1, 2, 15))),
        _usual(Season.SUMMER, summer_begins, _friday_before(date(year + 1, 7, 25)), _last_monday(year + 1, 5)),
    )


def _usual(season: Season, first_on: date, last_on: date, monday: date) -> HeldTerm:
    return HeldTerm(
        season, first_on, last_on, Entry(EntryKind.HALF_TERM, monday, monday + timedelta(days=4), season=season)
    )


def _monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


def _last_monday(year: int, month: int) -> date:
    """Of a month with 31 days."""
    last = date(year, month, 31)
    return last - timedelta(days=last.weekday())


def _friday_before(day: date) -> date:
    """The last Friday before a day."""
    return day - timedelta(days=(day.weekday() - 4) % 7 or 7)
