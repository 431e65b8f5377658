"""What a certificate seems to say: for whom it is, for which course, and when that was completed.

A guess is made only where one reading stands out. Where two people, courses or days would do, there is none: somebody
looks at the certificate anyway, and an empty field is seen sooner than a wrong one.
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from tenants.imports.staff.reader import plain_words
from tenants.imports.tabular.dates import read_date

_MIDDLE_NAMES = r"(?: \w+){0,2} "
_AWARDED = re.compile(
    r"\b(certif\w* that|awarded to|presented to|issued to|completed by|name of (?:learner|delegate)|this is to)\b"
)
_SMALL = frozenset({"for", "and", "the", "of", "in", "on", "to", "a", "an", "training", "course"})
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = re.compile(
    rf"\b(?:(?P<iso>\d{{4}}-\d\d-\d\d)|(?P<numbers>\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}})"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)?[ -](?P<month>{_MONTH})\.?,?[ -](?P<year>\d{{4}})"
    rf"|(?P<first_month>{_MONTH})\.? (?P<second_day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<last_year>\d{{4}}))\b",
    re.IGNORECASE,
)
_BEFORE = 40  # characters before a day that say what it is
_OF_SOMETHING_ELSE = re.compile(r"expir|valid (?:until|to)|renew|born|birth|due|next|version|review", re.IGNORECASE)
_OF_COMPLETION = re.compile(r"complet|achiev|passed|attended|awarded|held on|took place", re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """None where nothing, or more than one, would do."""

    staff_id: uuid.UUID | None
    course_id: uuid.UUID | None
    completed_on: date | None


def guess(
    text: str,
    *,
    staff: Iterable[tuple[uuid.UUID, str, str]],
    courses: Iterable[tuple[uuid.UUID, Iterable[str]]],
    today: date,
) -> Guess:
    """`staff` are id, first name and surname; `courses` are id and what each is called."""
    words = plain_words(text)
    return Guess(_person(words, staff), _course(words, courses), _completed_on(" ".join(text.split()), today))


def _person(words: str, staff: Iterable[tuple[uuid.UUID, str, str]]) -> uuid.UUID | None:
    """The one whose name is there; of several, the first after words such as “awarded to”."""
    places: dict[uuid.UUID, list[int]] = {}
    for staff_id, given, family in staff:
        first, last = re.escape(plain_words(given)), re.escape(plain_words(family))
        if first and last:
            found = re.finditer(rf"\b(?:{first}{_MIDDLE_NAMES}{last}|{last} {first})\b", words)
            if starts := [match.start() for match in found]:
                places[staff_id] = starts
    if len(places) > 1:
        places = _first_awarded(words, places)
    return next(iter(places)) if len(places) == 1 else None


def _first_awarded(words: str, places: dict[uuid.UUID, list[int]]) -> dict[uuid.UUID, list[int]]:
    awarded = _AWARDED.search(words)
    if awarded is None:
        return {}
    after = {staff_id: [at for at in starts if at >= awarded.end()] for staff_id, starts in places.items()}
    nearest = min((at for starts in after.values() for at in starts), default=None)
    return {staff_id: starts for staff_id, starts in after.items() if nearest in starts}


def _course(words: str, courses: Iterable[tuple[uuid.UUID, Iterable[str]]]) -> uuid.UUID | None:
    """The course of whose name most is there: the name as it stands before all of its words apart."""
    scores: dict[uuid.UUID, tuple[bool, int]] = {}
    there = set(words.split())
    for course_id, names in courses:
        for name in names:
            plain = plain_words(name)
            telling = [word for word in plain.split() if word not in _SMALL]
            if telling and there.issuperset(telling):
                score = (re.search(rf"\b{re.escape(plain)}\b", words) is not None, len(telling))
                scores[course_id] = max(scores.get(course_id, (False, 0)), score)
    best = max(scores.values(), default=None)
    found = [course_id for course_id, score in scores.items() if score == best]
    return found[0] if len(found) == 1 else None


def _completed_on(text: str, today: date) -> date | None:
    """The day that is said to be that of completion, else the only one that is not said to be of something else."""
    said: set[date] = set()
    others: set[date] = set()
    for before, day in _days(text):
        if day > today or _OF_SOMETHING_ELSE.search(before):
            continue
        (said if _OF_COMPLETION.search(before) else others).add(day)
    found = said or others
    return next(iter(found)) if len(found) == 1 else None


def _days(text: str) -> Iterator[tuple[str, date]]:
    """Each day with the words before it, as far back as the day before or the end of a sentence."""
    end = 0
    for match in _DAY.finditer(text):
        day = match["day"] or match["second_day"]
        month = match["month"] or match["first_month"]
        year = match["year"] or match["last_year"]
        written = match["iso"] or match["numbers"] or f"{day} {month[:3].title()} {year}"
        try:
            found = read_date(written)
        except ValueError:
            continue
        if found is not None:
            before = text[max(end, match.start() - _BEFORE) : match.start()]
            yield before.rpartition(". ")[2], found
        end = match.end()
