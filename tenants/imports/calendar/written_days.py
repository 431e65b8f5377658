"""Days as people write them in tables and boxes: “26 October 2026”, “Mon 26th Oct 2026”, “26 to 30 October 2026”."""

import re
from datetime import date

from tenants.imports.tabular.dates import read_date

_RANGE = re.compile(r"\s+(?:to|until|till)\s+|\s*[–—]\s*|\s+-\s+", re.IGNORECASE)
_WEEKDAY = re.compile(r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b[,.]?\s*", re.IGNORECASE)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)


def read_days(first: str, last: str = "") -> tuple[date, date]:
    """Both days from two cells, or from one such as “26 to 30 October 2026”. Raises ValueError in words."""
    parts = _RANGE.split(first.strip(), maxsplit=1)
    if len(parts) == 2 and not last:
        end = _date(parts[1])
        return _first_of_range(parts[0], end), end
    begins = _date(first)
    return begins, _date(last) if last else begins


def _first_of_range(text: str, end: date) -> date:
    """The first day of a range, which may leave out the month and year of the last: “24 December to 3 January 2027”."""
    text = _plain(text)
    if text.isdigit():
        return _date(f"{text} {end:%B %Y}")
    if re.search(r"\d{4}", text):
        return _date(text)
    found = _date(f"{text} {end.year}")
    return found if found <= end else _date(f"{text} {end.year - 1}")


def _date(text: str) -> date:
    try:
        found = read_date(_plain(text))
    except ValueError as error:
        raise ValueError(f"“{text}” {error}") from error
    if found is None:
        raise ValueError("a day is missing")
    return found


def _plain(text: str) -> str:
    """“Monday 26th October 2026” as “26 October 2026”."""
    return " ".join(_ORDINAL.sub("", _WEEKDAY.sub("", text)).replace(",", " ").split())


def days_in_words(day: date, last: date | None = None) -> str:
    """“26 October 2026”, or with another last day “26 October 2026 to 30 October 2026”."""
    words = f"{day.day} {day:%B %Y}"
    return words if last is None or last == day else f"{words} to {days_in_words(last)}"
