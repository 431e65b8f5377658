"""Days as people write them in plans, day before month. What names no certain day is none."""

import calendar
import re
from collections.abc import Callable
from datetime import date

from tenants.calendar.rules import Season, Term
from tenants.imports.tabular.dates import read_date

LONGEST = 60  # characters
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"['’]?(\d{4}|\d{2})"
_BEFORE = re.compile(
    r"^(?:by|due|before|on|from|until|the|at|w/c|end|start|of|review(?:ed)?|completed?|target|date|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri"
    r"|sat(?:ur)?|sun)(?:day)?)\b[:,.]?\s+",
    re.IGNORECASE,
)
_DAY = re.compile(rf"^(\d{{1,2}})(?:st|nd|rd|th)?[\s.-]*(?:of\s+)?{_MONTH}[\s,.-]*{_YEAR}$", re.IGNORECASE)
_DAY_AFTER = re.compile(rf"^{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(\d{{4}})$", re.IGNORECASE)
_SHORT = re.compile(r"^(\d{1,2})\s?[./\\-]\s?(\d{1,2})\s?[./\\-]\s?(\d{2}|\d{4})$")
_OF_MONTH = re.compile(rf"^{_MONTH}[\s,./-]*{_YEAR}$", re.IGNORECASE)
_OF_MONTH_NUMBER = re.compile(r"^(\d{1,2})\s?[./]\s?(\d{4})$")
_TERM = re.compile(
    r"^(autumn|spring|summer)\s*(?:term)?,?\s*['’]?(\d{4}|\d{2})(?:\s?[/–-]\s?(\d{4}|\d{2}))?$", re.IGNORECASE
)
_EARLIEST, _LATEST = 2000, 2099


def day_of(words: str) -> date | None:
    """The day that words name: a date in any usual form, day before month; of a month or a term, the last day."""
    plain = " ".join(words.split()).strip(" .,;")
    if len(plain) > LONGEST:
        return None
    while match := _BEFORE.match(plain):
        plain = plain[match.end() :]
    try:
        return _day_of(plain)
    except ValueError:
        return None


def _day_of(plain: str) -> date | None:
    for pattern, read in _FORMS:
        if match := pattern.match(plain):
            return read(match)
    found = read_date(plain)
    return found if found is not None and _EARLIEST <= found.year <= _LATEST else None


def _last_day(year: int, month: int) -> date:
    if not 1 <= month <= 12:
        raise ValueError("no month")
    return date(year, month, calendar.monthrange(year, month)[1])


def _last_day_of_term(season: Season, first: str, second: str | None) -> date:
    """“Spring term 2027” and “Spring term 2026/27” are the same: a pair of years names the school year."""
    start = _year(first)
    if second is None and season is not Season.AUTUMN:
        start -= 1
    return Term(start, season).last_day


def _month(words: str) -> int:
    return _MONTHS.index(words[:3].lower()) + 1


def _year(digits: str) -> int:
    year = int(digits) + (2000 if len(digits) == 2 else 0)
    if not _EARLIEST <= year <= _LATEST:
        raise ValueError("no year of a plan")
    return year


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], date]], ...] = (
    (_DAY, lambda found: date(_year(found[3]), _month(found[2]), int(found[1]))),
    (_DAY_AFTER, lambda found: date(_year(found[3]), _month(found[1]), int(found[2]))),
    (_SHORT, lambda found: date(_year(found[3]), int(found[2]), int(found[1]))),
    (_OF_MONTH, lambda found: _last_day(_year(found[2]), _month(found[1]))),
    (_OF_MONTH_NUMBER, lambda found: _last_day(_year(found[2]), int(found[1]))),
    (_TERM, lambda found: _last_day_of_term(Season(found[1].lower()), found[2], found[3])),
)
