"""Dates as other people's files write them."""

import re
from datetime import date, datetime, timedelta

# Excel counts days from 30 December 1899; below this the number is a year or a count, not a day of our time.
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_RANGE = range(7_305, 73_051)  # 1 January 1920 to 1 January 2100
_FORMS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%B-%Y")
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")


def read_date(text: str) -> date | None:
    """The date in the text, day before month; None for an empty one.

    Reads 31/12/2026, 31-12-2026, 31.12.2026, 2026-12-31, 31 Dec 2026 and Excel's day numbers, a time behind it
    left aside. Raises ValueError, in words, for anything else; years of two digits are not guessed.
    """
    text = _TIME.sub("", text.strip())
    if not text:
        return None
    if text.isdigit() and int(text) in _EXCEL_RANGE:
        return _EXCEL_EPOCH + timedelta(days=int(text))
    for form in _FORMS:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007  # a day, not a moment
        except ValueError:
            continue
        if 1900 <= found.year <= 2100:
            return found
    raise ValueError("is not a date: write it like 31/12/2026")
