"""What the titles of schools' and councils' calendars mean: terms, half terms, INSET days, closures, begins and ends.

Calendars say the same in three ways: the terms as ranges ("Autumn term 1"), the days on which they begin and end ("Term
ends"), or the holidays between them ("Christmas holiday"). All three give the ends of terms. Where a calendar says the same
twice, ranges count before single days, and those before holidays.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from tenants.calendar.rules import Season, academic_year_of
from tenants.calendar.school_year import bank_holidays


class Meaning(StrEnum):
    TERM = "term"  # a range of school days, whole or a half
    BEGINS = "begins"
    ENDS = "ends"
    HALF_TERM = "half_term"
    HOLIDAY = "holiday"
    INSET = "inset"
    CLOSURE = "closure"
    BANK_HOLIDAY = "bank_holiday"
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """An event of a file. `line` is where it stands; days are included."""

    line: int
    title: str
    first_on: date
    last_on: date

    @property
    def length(self) -> int:
        return (self.last_on - self.first_on).days + 1


_INSET = re.compile(
    r"\binset\b|\bin-service\b|staff (?:training|development|inset)|teacher(?:s|’s|'s)? training|training day"
    r"|professional development|\bcpd\b|\bpd day|\bnon[- ]pupil|\bno pupils"
    r"|closed (?:to|for) (?:all )?(?:pupils|students|children)",
)
_BANK_HOLIDAY = re.compile(
    r"bank holiday|good friday|easter (?:sunday|monday)|new year.?s day|christmas day|boxing day|\bmay day\b"
)
_HALF = re.compile(r"half[- ]?term|mid[- ]?term")
_BEGINS = re.compile(
    r"\b(?:begin(?:s|ning)?|start(?:s|ing)?|commences?|re-?opens?|returns?|opens?|first day|back (?:to|at) school|resumes?)\b"
)
_ENDS = re.compile(
    r"\b(?:end(?:s|ing)?|finish(?:es)?|closes|break(?:s|ing)? up|last (?:school )?day|final day|closing|close of)\b"
)
_TERM = re.compile(r"\bterm\b|\bterms\b|\bhalf \d\b")
_HOLIDAY = re.compile(
    r"(?:christmas|xmas|winter|easter|spring|summer|school)\b.*\b(?:holidays?|break|vacation)\b|\bholidays\b"
)
_CLOSURE = re.compile(
    r"\bclosed\b|\bclosure\b|occasional day|polling|election|discretionary|\bday off\b|jubilee|coronation"
)
_OF_SCHOOL = re.compile(r"\bterms?\b|school|pupil|student|break(?:s|ing)? up")
_BEFORE_HALF = re.compile(r"(?:before|for|until) (?:the )?(?:\w+ )?half|break(?:s|ing)? up")
_AFTER_HALF = re.compile(r"after (?:the )?(?:\w+ )?half|back (?:to|at) school|re-?opens|returns?")
_LONGEST_HALF_TERM = 16  # days


def meaning_of(event: Event) -> Meaning:
    """By the title, and by how long the event lasts where the title leaves it open."""
    words = event.title.lower().replace("’", "'")
    found = Meaning.OTHER
    if _INSET.search(words):
        found = Meaning.INSET
    elif _BANK_HOLIDAY.search(words) or (event.length == 1 and event.first_on in bank_holidays(event.first_on.year)):
        found = Meaning.BANK_HOLIDAY
    elif _HALF.search(words):
        found = _of_half_term(event, words)
    elif _HOLIDAY.search(words) and event.length > 1:
        found = Meaning.HOLIDAY
    elif event.length == 1 and _OF_SCHOOL.search(words) and (_ENDS.search(words) or _BEGINS.search(words)):
        found = Meaning.ENDS if _ENDS.search(words) else Meaning.BEGINS
    elif _TERM.search(words) and event.length > _LONGEST_HALF_TERM:
        found = Meaning.TERM
    elif _CLOSURE.search(words):
        found = Meaning.CLOSURE
    return found


def _of_half_term(event: Event, words: str) -> Meaning:
    """The break itself, a half of a term ("Autumn half term 1"), or a day beside it ("Last day before half term").

    "Half term begins" and "Half term ends" are said of the break.
    """
    if event.length > _LONGEST_HALF_TERM:
        return Meaning.TERM
    if event.length == 1 and _BEFORE_HALF.search(words):
        return Meaning.ENDS
    if event.length == 1 and _AFTER_HALF.search(words):
        return Meaning.BEGINS
    return Meaning.HALF_TERM


def season_of_range(event: Event) -> tuple[int, Season]:
    """Of a term or a half of one: the academic year, and the season by its title, else by the middle of its days."""
    middle = event.first_on + (event.last_on - event.first_on) / 2
    year = academic_year_of(middle)
    words = event.title.lower()
    for season in Season:
        if season in words:
            return year, season
    return year, season_of_half_term(middle)


def season_of_half_term(day: date) -> Season:
    """A day in the middle of a term, or in the break there."""
    if day.month >= 8:
        return Season.AUTUMN
    return Season.SPRING if (day.month, day.day) < (4, 6) else Season.SUMMER


@dataclass(frozen=True)
class Edge:
    """Where a term begins or ends, or the school does for its half term."""

    year: int
    season: Season
    is_half_term: bool


# From the first day on, until the next: what it means when a term begins, or ends, then.
_BEGINNINGS = (
    ((1, 1), Season.SPRING, False),
    ((2, 7), Season.SPRING, True),
    ((3, 20), Season.SUMMER, False),
    ((5, 20), Season.SUMMER, True),
    ((7, 25), Season.AUTUMN, False),
    ((10, 15), Season.AUTUMN, True),
    ((12, 20), Season.SPRING, False),
)
_ENDINGS = (
    ((1, 25), Season.SPRING, True),
    ((3, 8), Season.SPRING, False),
    ((5, 5), Season.SUMMER, True),
    ((6, 20), Season.SUMMER, False),
    ((10, 1), Season.AUTUMN, True),
    ((11, 25), Season.AUTUMN, False),
)


def edge_of(day: date, *, begins: bool) -> Edge | None:
    """Of which term it is the beginning or the end, by the day alone; none on a day when none begins or ends."""
    found: Edge | None = None
    for since, season, is_half_term in _BEGINNINGS if begins else _ENDINGS:
        if (day.month, day.day) >= since:
            # A spring term may begin in the last days of December, an autumn term in August.
            year = academic_year_of(day + timedelta(days=31)) if begins else academic_year_of(day)
            found = Edge(year, season, is_half_term)
    return found
