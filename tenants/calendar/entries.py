"""The dates of an academic year that one level has set: how they are kept, what they must keep to, what an import adds."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from tenants.calendar.rules import Season
from tenants.calendar.school_year import Entry, EntryKind, is_weekday

LONGEST_TITLE = 100
MOST_ENTRIES = 120
LONGEST_TERM, LONGEST_HALF_TERM, LONGEST_INSET, LONGEST_CLOSURE = (
    timedelta(days=140),
    timedelta(days=16),
    timedelta(days=7),
    timedelta(days=60),
)
LONGEST_GAP = timedelta(days=60)  # between two terms of a year
OF_TERMS = frozenset({EntryKind.TERM, EntryKind.HALF_TERM})

Json = dict[str, Any]


def first_day_of(year: int) -> date:
    """The earliest day of an academic year: some authorities begin the autumn term in August."""
    return date(year, 8, 10)


def last_day_of(year: int) -> date:
    return date(year + 1, 8, 31)


def as_json(entry: Entry) -> Json:
    return {
        "kind": entry.kind.value,
        "first_on": entry.first_on.isoformat(),
        "last_on": entry.last_on.isoformat(),
        "season": entry.season.value if entry.season else None,
        "title": entry.title,
    }


def from_json(values: Json) -> Entry:
    return Entry(
        EntryKind(values["kind"]),
        date.fromisoformat(values["first_on"]),
        date.fromisoformat(values["last_on"]),
        Season(values["season"]) if values["season"] else None,
        values["title"],
    )


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda each: (each.first_on, each.last_on, each.kind, each.title))


def name_of(entry: Entry) -> str:
    """“Autumn term”, “Spring half term”, “INSET day”, or what the closure is called."""
    match entry.kind:
        case EntryKind.TERM:
            return f"{(entry.season or '').capitalize()} term"
        case EntryKind.HALF_TERM:
            return f"{(entry.season or '').capitalize()} half term"
        case EntryKind.INSET:
            return "INSET day" if entry.first_on == entry.last_on else "INSET days"
        case EntryKind.CLOSURE:
            return entry.title or "Closed"


def problems_of(year: int, entries: Sequence[Entry]) -> list[str]:
    """What is wrong with the dates of the academic year that begins in `year`, in sentences; nothing where they can hold."""
    problems = _problems_of_terms(entries)
    if len(entries) > MOST_ENTRIES:
        problems.append(f"There can be at most {MOST_ENTRIES} dates in a year")
    longest = {EntryKind.TERM: LONGEST_TERM, EntryKind.HALF_TERM: LONGEST_HALF_TERM}
    longest |= {EntryKind.INSET: LONGEST_INSET, EntryKind.CLOSURE: LONGEST_CLOSURE}
    for entry in in_order(entries):
        name = name_of(entry)
        if entry.last_on < entry.first_on:
            problems.append(f"{name}: the last day must be the first day or later")
        elif entry.last_on - entry.first_on > longest[entry.kind]:
            problems.append(f"{name}: {longest[entry.kind].days} days is the longest that it can be")
        elif entry.first_on < first_day_of(year) or entry.last_on > last_day_of(year):
            problems.append(f"{name}, {_day(entry.first_on)}: the day is not in the academic year {year} to {year + 1}")
        elif entry.kind is EntryKind.INSET and not any(map(is_weekday, entry.days)):
            problems.append(f"{name}, {_day(entry.first_on)}: an INSET day cannot be on a weekend or a bank holiday")
    return problems


def _problems_of_terms(entries: Sequence[Entry]) -> list[str]:
    terms = {entry.season: entry for entry in entries if entry.kind is EntryKind.TERM}
    breaks = [entry for entry in entries if entry.kind is EntryKind.HALF_TERM]
    if len(terms) != sum(entry.kind is EntryKind.TERM for entry in entries):
        return ["Each term can be given once"]
    if len({entry.season for entry in breaks}) != len(breaks):
        return ["Each half term can be given once"]
    if terms and (missing := [season for season in Season if season not in terms]):
        return [f"Enter the {' and the '.join(missing)} term too: the terms of a year hold together or not at all"]
    problems = []
    for entry in breaks:
        term = terms.get(entry.season)
        if term is None:
            problems.append(f"{name_of(entry)}: give the dates of the terms too")
        elif not term.first_on < entry.first_on <= entry.last_on < term.last_on:
            problems.append(f"{name_of(entry)} must be inside the {entry.season} term")
    ordered = [terms[season] for season in Season if season in terms]
    for before, after in pairwise(ordered):
        if after.first_on <= before.last_on:
            problems.append(f"{name_of(after)} must begin after the {before.season} term has ended")
        elif after.first_on - before.last_on > LONGEST_GAP:
            problems.append(
                f"Between the {before.season} and the {after.season} term are more than {LONGEST_GAP.days} days"
            )
    return problems


def merged(existing: Sequence[Entry], found: Sequence[Entry]) -> list[Entry]:
    """What stands once an import is applied: its terms instead of those before, its INSET days and closures beside them.

    The same file once more changes nothing.
    """
    kept = list(existing)
    if any(entry.kind is EntryKind.TERM for entry in found):
        kept = [entry for entry in kept if entry.kind not in OF_TERMS]
    for entry in found:
        is_known = entry.kind not in OF_TERMS and any(
            each.kind is entry.kind and each.first_on <= entry.first_on and entry.last_on <= each.last_on
            for each in kept
        )
        if not is_known:
            kept.append(entry)
    return in_order(kept)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
