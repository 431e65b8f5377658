"""What makes a contact usable: a number that can be rung, an address that can be opened, a date that is not too old."""

import re
from datetime import date
from urllib.parse import urlsplit

STALE_AFTER_MONTHS = 6
_TELEPHONE = re.compile(r"\+?[0-9()\-\s]+(?:(?:ext\.?|x)\s?[0-9]{1,6})?", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:ext\.?|x)\s?([0-9]{1,6})\s*$", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def is_stale(verified_on: date | None, today: date) -> bool:
    """Whether nobody has checked the contact in the last six months."""
    return verified_on is None or verified_on < months_before(today, STALE_AFTER_MONTHS)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    for last in range(day.day, 0, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def telephone_address(telephone: str) -> str:
    """What a link rings: `tel:+441223000000;ext=12`, digits only, with the extension kept apart."""
    extension = _EXTENSION.search(telephone)
    number = telephone[: extension.start()] if extension else telephone
    digits = re.sub(r"\(0\)", "", number) if number.strip().startswith("+") else number
    kept = re.sub(r"[^0-9+]", "", digits)
    return f"tel:{kept};ext={extension[1]}" if extension else f"tel:{kept}"


def telephone_problem(telephone: str) -> str | None:
    """Why the number cannot be rung, in words; none when it can. Short numbers such as 101 can."""
    digits = re.sub(r"[^0-9]", "", _EXTENSION.sub("", telephone))
    if not _TELEPHONE.fullmatch(telephone.strip()) or not 3 <= len(digits) <= 15:
        return "Enter a telephone number, like 01223 000000, 020 7946 0000 or 101"
    return None


def email_problem(email: str) -> str | None:
    if not _EMAIL.fullmatch(email):
        return "Enter an email address in the correct format, like name@example.org"
    return None


def address_problem(address: str) -> str | None:
    """Why the web address cannot be a link; only http and https can."""
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or " " in address:
        return "Enter a web address that starts with https://"
    return None
