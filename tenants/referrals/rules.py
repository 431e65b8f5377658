"""The guard on every text of a referral: no child's name, date of birth or UPN is ever stored.

It refuses what can only be an identifier (a UPN, a date of birth, an e-mail address, a telephone number) and warns on
what is likely to be a name, which the writer must then say is not a child's. It cannot know every name: the pages say
"Do not put a name here" as well.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import yaml


class GuardKind(StrEnum):
    UPN = "upn"
    DATE_OF_BIRTH = "date_of_birth"
    EMAIL = "email"
    TELEPHONE = "telephone"
    NAME = "name"


_MESSAGES = {
    GuardKind.UPN: "“{found}” looks like a unique pupil number (UPN). Take it out: use the CPOMS reference instead.",
    GuardKind.DATE_OF_BIRTH: "“{found}” looks like a child’s date of birth. Take it out: it belongs in CPOMS.",
    GuardKind.EMAIL: "“{found}” is an email address. Take it out: it belongs in CPOMS or in your contacts.",
    GuardKind.TELEPHONE: "“{found}” looks like a telephone number. Take it out: it belongs in CPOMS or in your contacts.",
    GuardKind.NAME: "“{found}” may be a name. Take it out if it is a child’s or a relative’s.",
}


@dataclass(frozen=True)
class GuardProblem:
    """Something in a text that should not be there, and the words that say what to do."""

    kind: GuardKind
    found: str

    @property
    def refused(self) -> bool:
        """Whether it cannot be stored at all; otherwise the writer may say that it is not a child's name."""
        return self.kind is not GuardKind.NAME

    @property
    def message(self) -> str:
        return _MESSAGES[self.kind].format(found=self.found)


def guard_text(text: str, *, today: date, is_reference: bool = False) -> list[GuardProblem]:
    """What must not be stored in the text, in no particular order, each thing once.

    A reference (the CPOMS reference) may be a long number, so it is not searched for telephone numbers.
    """
    plain = _plain(text)
    problems = [GuardProblem(GuardKind.UPN, found) for found in _upns(plain)]
    problems += [GuardProblem(GuardKind.DATE_OF_BIRTH, found) for found in _dates_of_birth(plain, today)]
    problems += [GuardProblem(GuardKind.EMAIL, match[0]) for match in _EMAIL.finditer(plain)]
    if not is_reference and not problems:
        problems += [GuardProblem(GuardKind.TELEPHONE, match[0].strip()) for match in _TELEPHONE.finditer(plain)]
    problems += [GuardProblem(GuardKind.NAME, found) for found in _likely_names(plain)]
    return list(dict.fromkeys(problems))


def stated_identifiers(text: str) -> list[GuardProblem]:
    """What no text of any record may hold: a pupil number, or a date that is said to be one of birth.

    Dates alone stand in plans and minutes by right, names in lists of staff; the referral log asks for more (`guard_text`).
    """
    plain = _plain(text)
    problems = [GuardProblem(GuardKind.UPN, found) for found in _upns(plain)]
    problems += [GuardProblem(GuardKind.DATE_OF_BIRTH, found) for found, _ in _said_to_be_births(plain)]
    return list(dict.fromkeys(problems))


def _plain(text: str) -> str:
    """Full-width digits become digits, and characters that show nothing go, so that nothing hides behind them."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


# A letter, then 12 digits, or 11 and a letter for a temporary number (DfE, unique pupil numbers), with or without
# separators. Standing alone it is refused whatever its check letter, since a mistyped UPN is a UPN still; inside a longer
# run of letters and digits, as in some references, only when the check letter is right.
_GAP = r"[\s\-./]{0,2}"
_UPN = re.compile(rf"(?<![^\W_])[A-Za-z](?:{_GAP}\d){{11}}{_GAP}[\dA-Za-z](?![^\W_])")
_UPN_INSIDE = re.compile(r"(?=([A-Za-z]\d{11}[\dA-Za-z]))")
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


def _upns(text: str) -> Iterator[str]:
    for match in _UPN.finditer(text):
        yield match[0]
    for match in _UPN_INSIDE.finditer(text):
        if has_check_letter(match[1]):
            yield match[1]


def has_check_letter(upn: str) -> bool:
    """Whether a UPN's first letter is right: the digits, weighted by their places 2 to 13, modulo 23.

    In a temporary number the last letter stands for its place in the alphabet without I, O and S.
    """
    compact = re.sub(r"[\s\-./]", "", upn).upper()
    if not re.fullmatch(rf"[A-Z]\d{{11}}[\d{_UPN_LETTERS}]", compact):
        return False
    values = [int(c) if c.isdigit() else _UPN_LETTERS.index(c) for c in compact[1:]]
    remainder = sum(place * value for place, value in enumerate(values, start=2)) % 23
    return compact[0] == _UPN_LETTERS[remainder]


_EMAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)*")
_TELEPHONE = re.compile(r"(?<![\w/])(?:\+44|0044|\(?0)(?:[\s\-().]{0,2}\d){9,10}(?![\w/])")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = (
    re.compile(r"(?<!\d)(?P<a>\d{1,2})\s?[/.\-]\s?(?P<b>\d{1,2})\s?[/.\-]\s?(?P<y>\d{4}|\d{2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<a>\d{1,2})\s(?P<b>\d{1,2})\s(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>\d{4})\s?[/.\-]\s?(?P<b>\d{1,2})\s?[/.\-]\s?(?P<a>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<a>\d{2})(?P<b>\d{2})(?P<y>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<b>\d{2})(?P<a>\d{2})(?!\d)"),
    re.compile(
        rf"(?<!\d)(?P<a>\d{{1,2}})(?:st|nd|rd|th)?[\s\-]*(?:of\s+)?(?P<m>{_MONTH})[\s,\-]*['’]?(?P<y>\d{{4}}|\d{{2}})(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?P<m>{_MONTH})\s*(?P<a>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}}|\d{{2}})(?!\d)", re.IGNORECASE
    ),
)
_BORN = re.compile(
    r"\b(?:born\b|d\.?\s?o\.?\s?b\b\.?|d/o/b|date\s+of\s+birth|birth\s?date\b|birthday\b)", re.IGNORECASE
)
_PART_OF_DATE = re.compile(
    rf"(?<!\d)(?:(?:19|20)\d\d|\d{{1,2}}\s?[/.\-]\s?\d{{1,2}}|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH})(?!\d)",
    re.IGNORECASE,
)
_NEAR = 40  # characters
YOUNGEST, OLDEST = 4, 19


def _dates_of_birth(text: str, today: date) -> Iterator[str]:
    """A date after "born" and the like; or any full date, however written, on which somebody now aged 4 to 19 was born."""
    for found, end in _said_to_be_births(text):
        yield found
        start = end - len(found)
        text = text[:start] + " " * len(found) + text[end:]
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if any(YOUNGEST <= _age(day, today) <= OLDEST for day in _readings(match)):
                yield match[0].strip()


def _said_to_be_births(text: str) -> list[tuple[str, int]]:
    """Dates, or parts of one, that follow "born" and the like, with where each ends."""
    said = []
    for word in _BORN.finditer(text):
        near = text[word.end() : word.end() + _NEAR]
        found = next((match for pattern in (*_DATES, _PART_OF_DATE) if (match := pattern.search(near))), None)
        if found:
            said.append((word[0] + near[: found.end()], word.end() + found.end()))
    return said


def _readings(match: re.Match[str]) -> Iterator[date]:
    """The days that a written date can mean: day first, and month first."""
    parts = match.groupdict()
    year = int(parts["y"]) if len(parts["y"]) == 4 else 2000 + int(parts["y"])
    first = int(parts["a"])
    second = int(parts["b"]) if "b" in parts else _MONTHS.index(parts["m"][:3].lower()) + 1
    for day, month in {(first, second), (second, first) if "b" in parts else (first, second)}:
        try:
            yield date(year, month, day)
        except ValueError:
            continue


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


_LISTED = yaml.safe_load((Path(__file__).with_name("not_names.yaml")).read_text(encoding="utf-8"))
_BODIES = frozenset(_LISTED["bodies"])
_NOT_NAMES = frozenset(_LISTED["words"]) | frozenset(_LISTED["acronyms"])
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_TITLES = re.compile(r"\b(?:mr|mrs|miss|ms|mx|master|dr)\b\.?\s+(?P<name>[^\W\d_][\w'’\-]+)", re.IGNORECASE)
_CUES = re.compile(
    r"\b(?i:pupil|child|student|learner|boy|girl|sibling|brother|sister|mother|father|mum|dad|mam|uncle|aunt|cousin|carer"
    r"|guardian|named|called|name\s+is|name:|known\s+as)\b:?\s+(?=(?P<name>[^\W\d_][\w'’\-]*))"
)
_RELATIVE_OF = re.compile(
    r"(?P<name>[^\W\d_][\w\-]*)['’]s\s+(?i:mother|father|mum|dad|mam|brother|sister|sibling|parents?|family|carer|guardian"
    r"|uncle|aunt|cousin|teacher|behaviour|class|home|phone|friend)"
)


def _likely_names(text: str) -> Iterator[str]:
    """Two or more capitalised words in a row that name no body or role; what follows "pupil", "mum", "Mrs" and such."""
    for match in _TITLES.finditer(text):
        if match["name"].lower() not in _NOT_NAMES:
            yield match[0]
    for match in _CUES.finditer(text):
        if _could_be_name(match["name"]):
            yield match[0] + match["name"]
    for match in _RELATIVE_OF.finditer(text):
        if _could_be_name(match["name"]):
            yield match[0]
    for run in _capitalised_runs(_BORN.sub(" ", text)):
        if not any(word.lower() in _BODIES for word in run):
            yield from _unlisted_pairs(run)


def _could_be_name(word: str) -> bool:
    plain = word.removesuffix("’s").removesuffix("'s").lower()
    return word[0].isupper() and plain not in _NOT_NAMES | _BODIES


def _capitalised_runs(text: str) -> Iterator[list[str]]:
    """Capitalised words that stand one after the other with only spaces, or an initial's full stop, between them."""
    run: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        between = text[end : match.start()]
        joined = between.strip() == "" or (between.strip() == "." and run and len(run[-1]) == 1)
        if run and not (joined and "\n" not in between):
            yield run
            run = []
        if match[0][0].isupper():
            run.append(match[0])
        elif run:
            yield run
            run = []
        end = match.end()
    if run:
        yield run


def _unlisted_pairs(run: list[str]) -> Iterator[str]:
    pair: list[str] = []
    for word in [*run, ""]:
        if word and (_could_be_name(word)):
            pair.append(word)
            continue
        if len(pair) >= 2:
            yield " ".join(pair)
        pair = []
