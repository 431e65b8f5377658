"""What words, letters, ticks, colours and dates of other people's plans mean. What is not certain stays words."""

import calendar
import colorsys
import re
from datetime import date

from tenants.calendar.rules import Season, Term
from tenants.imports.tabular.dates import read_date
from tenants.plan.models import ActionStatus
from tenants.plan.types import ROLE_WORDS

_STATUSES = {
    ActionStatus.MET: "met green g complete completed done achieved yes closed embedded implemented blue b",
    ActionStatus.PARTLY_MET: "partly partial partially amber yellow orange a y progress progressing started ongoing underway",
    ActionStatus.NOT_MET: "red r outstanding overdue no incomplete",
    ActionStatus.NOT_APPLICABLE: "na",
}
_BY_WORD = {word: status for status, words in _STATUSES.items() for word in words.split()}
_PHRASES = (
    ("not applicable", ActionStatus.NOT_APPLICABLE),
    ("n/a", ActionStatus.NOT_APPLICABLE),
    ("not answered", ActionStatus.NOT_ANSWERED),
    ("not met", ActionStatus.NOT_MET),
    ("not started", ActionStatus.NOT_MET),
    ("not in place", ActionStatus.NOT_MET),
    ("not yet", ActionStatus.NOT_MET),
    ("partly met", ActionStatus.PARTLY_MET),
    ("in progress", ActionStatus.PARTLY_MET),
    ("in place", ActionStatus.MET),
)
_TICKS = {"✓", "✔", "☑", "☒", "x", "yes", "y", "1", "●", "•", "√", "true"}
_ROLE_SYNONYMS = {
    "all staff": "all_staff", "everyone": "all_staff", "staff": "all_staff",
    "prevent lead": "prevent_lead", "prevent leads": "prevent_lead", "spoc": "prevent_lead",
    "dsl": "dsl", "dsls": "dsl", "designated safeguarding lead": "dsl", "designated safeguarding leads": "dsl",
    "deputy dsl": "deputy_dsl", "ddsl": "deputy_dsl", "deputy dsls": "deputy_dsl",
    "slt": "slt", "smt": "slt", "senior leaders": "slt", "senior leadership team": "slt",
    "headteacher": "headteacher", "head teacher": "headteacher", "head": "headteacher", "principal": "headteacher",
    "computing lead": "computing_lead", "ict lead": "computing_lead", "it lead": "computing_lead",
    "it service": "it_service", "it technician": "it_service", "ict technician": "it_service", "it support": "it_service",
    "governor": "governor", "governors": "governor", "governing body": "governor", "gb": "governor",
    "link governor": "link_governor", "safeguarding governor": "link_governor",
} | {words.lower(): key for key, words in ROLE_WORDS.items()}  # fmt: skip
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(rf"^(\d{{1,2}})(?:st|nd|rd|th)?\s*(?:of\s+)?{_MONTH},?\s*(\d{{4}}|\d{{2}})$", re.IGNORECASE)
_OF_MONTH = re.compile(rf"^(?:by\s+|end\s+(?:of\s+)?)*{_MONTH}\s*(\d{{4}}|['’]?\d{{2}})$", re.IGNORECASE)
_SHORT = re.compile(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{2}|\d{4})$")
_TERM = re.compile(r"^(?:end\s+of\s+)?(autumn|spring|summer)\s*(?:term)?\s*(\d{4})$", re.IGNORECASE)
_LEAST_SATURATED = 0.2
LONGEST_DATE = 40  # characters


def status_of(words: str) -> ActionStatus | None:
    """What a status says; none where it says nothing certain."""
    plain = " ".join(words.lower().split())
    for phrase, status in _PHRASES:
        if phrase in plain:
            return status
    found = {_BY_WORD[word] for word in re.findall(r"[a-z]+", plain) if word in _BY_WORD}
    return found.pop() if len(found) == 1 else None


def status_of_fill(fill: str) -> ActionStatus | None:
    """What a shading means: red, amber or yellow, green. None for white, grey and other hues."""
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", fill):
        return None
    red, green, blue = (int(fill[at : at + 2], 16) / 255 for at in (0, 2, 4))
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < _LEAST_SATURATED or max(red, green, blue) - min(red, green, blue) < _LEAST_SATURATED:
        return None
    degrees = hue * 360
    if degrees < 20 or degrees > 335:
        return ActionStatus.NOT_MET
    if degrees < 68:
        return ActionStatus.PARTLY_MET
    return ActionStatus.MET if degrees < 170 else None


FILL_NAMES = {
    ActionStatus.NOT_MET: "Shaded red",
    ActionStatus.PARTLY_MET: "Shaded amber",
    ActionStatus.MET: "Shaded green",
}


def is_tick(words: str) -> bool:
    return words.strip().lower() in _TICKS


def day_of(words: str) -> date | None:
    """The day that words name: a date in any usual form, day before month; of a month or a term, the last day."""
    plain = " ".join(words.replace("\u00a0", " ").split()).strip(" .,;")
    plain = re.sub(r"^(?:by|due|before)\s+", "", plain, flags=re.IGNORECASE)
    plain = re.sub(
        r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+", "", plain, flags=re.IGNORECASE
    )
    try:
        return _day_of(plain) if len(plain) <= LONGEST_DATE else None
    except ValueError:
        return None


def _day_of(plain: str) -> date | None:
    if match := _DAY.match(plain):
        return date(_year(match[3]), _MONTHS.index(match[2][:3].lower()) + 1, int(match[1]))
    if match := _SHORT.match(plain):
        return date(_year(match[3]), int(match[2]), int(match[1]))
    if match := _OF_MONTH.match(plain):
        year, month = _year(match[2].lstrip("'’")), _MONTHS.index(match[1][:3].lower()) + 1
        return date(year, month, calendar.monthrange(year, month)[1])
    if match := _TERM.match(plain):
        season = Season(match[1].lower())
        return Term(int(match[2]) - (season is not Season.AUTUMN), season).last_day
    return read_date(plain)


def _year(digits: str) -> int:
    year = int(digits) + (2000 if len(digits) == 2 else 0)
    if not 2000 <= year <= 2099:
        raise ValueError("no year of a plan")
    return year


def split_people(words: str) -> tuple[tuple[str, ...], str]:
    """The roles among the words, and what names a person. Nothing is left out: what is no role is a person's."""
    parts = [part.strip() for part in re.split(r"[,;/&+\n]|\band\b", words) if part.strip()]
    roles = tuple(part for part in parts if role_key(part))
    people = [part for part in parts if not role_key(part)]
    return roles, ", ".join(people)


def role_key(words: str) -> str | None:
    return _ROLE_SYNONYMS.get(re.sub(r"\s+", " ", words.lower()).strip(" .:"))
