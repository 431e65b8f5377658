"""From the events of a file to the dates of academic years: what is taken, and row by row what is not and why."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from tenants.calendar.entries import LONGEST_TITLE, first_day_of, in_order, last_day_of, problems_of
from tenants.calendar.rules import Season, academic_year_name, academic_year_of
from tenants.calendar.school_year import ONE_DAY, Entry, EntryKind, is_weekday
from tenants.imports.calendar.reader import LIMITS, READER
from tenants.imports.calendar.titles import Event, Meaning, edge_of, meaning_of, season_of_half_term, season_of_range
from tenants.imports.confined import Refused, Unreadable, read_confined

YEARS_BACK, YEARS_AHEAD = 1, 3


class CalendarFileError(Exception):
    """The file cannot be read at all; in words for the person who chose it."""


@dataclass
class ReadDates:
    """What a file says. `not_taken`: rows with `line`, `title` and `reason`. `rows` counts what was looked at."""

    years: dict[int, list[Entry]] = field(default_factory=dict)
    not_taken: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0


def read_dates(content: bytes, *, file_name: str, today: date) -> ReadDates:
    """The dates of last year's, this and the next academic years. Raises CalendarFileError."""
    year = academic_year_of(today)
    window = {
        "first_on": first_day_of(year - YEARS_BACK).isoformat(),
        "last_on": last_day_of(year + YEARS_AHEAD).isoformat(),
    }
    try:
        rows = list(read_confined(READER, BytesIO(content), limits=LIMITS, arguments={"file_name": file_name} | window))
    except Refused as told:
        raise CalendarFileError(str(told)) from told
    except Unreadable as error:
        raise CalendarFileError(
            "The file could not be read: it is damaged, or far larger inside than it looks. Export it again."
        ) from error
    found = ReadDates(rows=len(rows), not_taken=[row for row in rows if "reason" in row])
    events = [
        Event(row["line"], row["title"], date.fromisoformat(row["first_on"]), date.fromisoformat(row["last_on"]))
        for row in rows
        if "reason" not in row
    ]
    wanted = range(year - YEARS_BACK, year + YEARS_AHEAD + 1)
    _take(found, [event for event in events if _is_in(event, wanted, found)])
    # What repeats is told once.
    once = {(row["line"], row["title"], row["reason"]): row for row in found.not_taken}
    found.not_taken = sorted(once.values(), key=lambda row: row["line"])
    return found


def _is_in(event: Event, wanted: range, found: ReadDates) -> bool:
    if academic_year_of(event.first_on) in wanted or academic_year_of(event.last_on) in wanted:
        return True
    found.not_taken.append(_told(event, f"it is not between {wanted[0]} and {wanted[-1] + 1}"))
    return False


def _told(event: Event, reason: str) -> dict[str, Any]:
    return {"line": event.line, "title": event.title, "reason": reason}


@dataclass
class _Term:
    """The ends of a term as the file gives them, each with how well it is known."""

    first_on: dict[int, date] = field(default_factory=dict)
    last_on: dict[int, date] = field(default_factory=dict)
    half_ends: dict[int, date] = field(default_factory=dict)  # the last school day before the break
    half_begins: dict[int, date] = field(default_factory=dict)  # the first school day after it
    parts: list[tuple[date, date]] = field(default_factory=list)
    breaks: list[date] = field(default_factory=list)


_RANGE, _DAY, _HOLIDAY = range(3)  # which of a calendar's words counts first


def _take(found: ReadDates, events: Iterable[Event]) -> None:
    terms: dict[tuple[int, Season], _Term] = defaultdict(_Term)
    single: dict[int, set[Entry]] = defaultdict(set)
    for event in events:
        meaning = meaning_of(event)
        reason = ""
        match meaning:
            case Meaning.INSET:
                reason = _add_single(single, EntryKind.INSET, event)
            case Meaning.CLOSURE:
                reason = _add_single(single, EntryKind.CLOSURE, event)
            case Meaning.OTHER:
                reason = "its title is no term date, INSET day or closure that is known here"
            case _:
                reason = _add_to_terms(terms, meaning, event)
        if reason:
            found.not_taken.append(_told(event, reason))
    years: dict[int, list[Entry]] = defaultdict(list)
    for year in sorted({year for year, _ in terms}):
        entries, problem = _terms_of_year(year, terms)
        years[year] += entries
        if problem:
            found.not_taken.append({"line": 0, "title": f"Terms of {academic_year_name(year)}", "reason": problem})
    for year, more in single.items():
        years[year] += sorted(more, key=lambda each: each.first_on)
    found.years = {year: in_order(entries) for year, entries in sorted(years.items()) if entries}


def _add_single(single: dict[int, set[Entry]], kind: EntryKind, event: Event) -> str:
    """INSET days and closures: a range day by day where it goes over a weekend. Returns why not, or nothing."""
    # An INSET day in the last days of August belongs to the year that begins.
    year = academic_year_of(event.first_on + timedelta(days=21) if kind is EntryKind.INSET else event.first_on)
    title = "" if kind is EntryKind.INSET else event.title[:LONGEST_TITLE]
    entry = Entry(kind, event.first_on, event.last_on, title=title)
    days = [day for day in entry.days if is_weekday(day)] if event.length <= 62 else []
    goes_over_days = kind is EntryKind.INSET and event.length > 1
    entries = [Entry(kind, day, day) for day in days] if goes_over_days else [entry]
    if problems := problems_of(year, entries) or ([] if entries and days else ["it has no school day"]):
        return problems[0]
    single[year].update(entries)
    return ""


def _add_to_terms(terms: dict[tuple[int, Season], _Term], meaning: Meaning, event: Event) -> str:
    match meaning:
        case Meaning.TERM:
            terms[season_of_range(event)].parts.append((event.first_on, event.last_on))
        case Meaning.HALF_TERM:
            middle = event.first_on + (event.last_on - event.first_on) / 2
            terms[academic_year_of(middle), season_of_half_term(middle)].breaks += [event.first_on, event.last_on]
        case Meaning.BEGINS | Meaning.ENDS:
            return _add_edge(terms, event.first_on, _DAY, begins=meaning is Meaning.BEGINS)
        case Meaning.HOLIDAY:
            before, after = _school_day(event.first_on, -ONE_DAY), _school_day(event.last_on, ONE_DAY)
            told = (_add_edge(terms, before, _HOLIDAY, begins=False), _add_edge(terms, after, _HOLIDAY, begins=True))
            return next(filter(None, told), "")
    return ""  # a bank holiday: known without the file


def _add_edge(terms: dict[tuple[int, Season], _Term], day: date, how: int, *, begins: bool) -> str:
    edge = edge_of(day, begins=begins)
    if edge is None:
        return "no term begins or ends at that time of the year"
    term = terms[edge.year, edge.season]
    if edge.is_half_term:
        (term.half_begins if begins else term.half_ends)[how] = day
    else:
        (term.first_on if begins else term.last_on)[how] = day
    return ""


def _terms_of_year(year: int, terms: dict[tuple[int, Season], _Term]) -> tuple[list[Entry], str]:
    """The year's terms with their breaks, or why there are none."""
    entries: list[Entry] = []
    missing = []
    for season in Season:
        term = terms.get((year, season), _Term())
        for first, last in term.parts:
            term.first_on[_RANGE] = min(first, term.first_on.get(_RANGE, first))
            term.last_on[_RANGE] = max(last, term.last_on.get(_RANGE, last))
        first_on, last_on = _best(term.first_on), _best(term.last_on)
        if first_on is None or last_on is None:
            missing.append(f"the {'first' if first_on is None else 'last'} day of the {season} term")
            continue
        entries.append(Entry(EntryKind.TERM, first_on, last_on, season))
        if found := _half_term(term, season):
            entries.append(found)
    if missing:
        return [], f"they are left out, since the file does not give {', '.join(missing)}"
    problems = problems_of(year, entries)
    return ([], f"they are left out: {'; '.join(problems)}") if problems else (entries, "")


def _best(ways: dict[int, date]) -> date | None:
    return ways[min(ways)] if ways else None


def _half_term(term: _Term, season: Season) -> Entry | None:
    """The break as the file gives it, else between the halves of the term, or between the days beside it."""
    if term.breaks:
        return Entry(EntryKind.HALF_TERM, min(term.breaks), max(term.breaks), season)
    parts = sorted(term.parts)
    ends, begins = _best(term.half_ends), _best(term.half_begins)
    if len(parts) == 2:
        ends, begins = parts[0][1], parts[1][0]
    if ends is None or begins is None or begins - ends <= ONE_DAY:
        return None
    return Entry(EntryKind.HALF_TERM, _school_day(ends, ONE_DAY), _school_day(begins, -ONE_DAY), season)


def _school_day(day: date, step: timedelta) -> date:
    """The next Monday to Friday in a direction; bank holidays count, since they stand in breaks."""
    day += step
    while day.weekday() >= 5:
        day += step
    return day
