"""Events of a calendar file with their days, in the confined process: iCalendar (RFC 5545) or a table.

Yields `{"line", "title", "first_on", "last_on"}`, days as ISO dates, both included, or `{"line", "title", "reason"}` for what
has no days. `line` is the row of a table, and in iCalendar the number of the event.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component
from icalendar.prop import vBroken, vDDDTypes

from tenants.imports.calendar.written_days import days_in_words, read_days
from tenants.imports.confined import Limits, Refused
from tenants.imports.tabular.table import Row, Table, TableError, open_table

READER = "tenants.imports.calendar.reader:read_events"
LIMITS = Limits(memory=512 * 1024 * 1024, seconds=8, output=4 * 1024 * 1024)
MOST_BYTES = 2 * 1024 * 1024
MOST_EVENTS = 2_000
LONGEST_TITLE = 200
LONDON = ZoneInfo("Europe/London")

_HEADS = {
    "title": (
        "title",
        "event",
        "subject",
        "summary",
        "name",
        "what",
        "description",
        "date name",
        "term",
        "holiday",
        "type",
    ),
    "first": (
        "start",
        "start date",
        "first day",
        "from",
        "begins",
        "starts",
        "dtstart",
        "date",
        "dates",
        "day",
        "starts on",
    ),
    "last": ("end", "end date", "last day", "to", "ends", "finish", "finishes", "dtend", "until", "ends on", "end day"),
}

Found = dict[str, Any]


def read_events(stream: BinaryIO, *, file_name: str, first_on: str, last_on: str) -> Iterator[Found]:
    """The events that touch the days from `first_on` to `last_on` (ISO dates); of a table all rows. Raises Refused."""
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Refused(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Export the dates of a few years only.")
    if not content.strip():
        raise Refused("The file is empty.")
    stream.seek(0)
    if b"BEGIN:VCALENDAR" in content[:4096].upper():
        if b"END:VCALENDAR" not in content[-4096:].upper():
            raise Refused("The iCalendar file is cut off: its end is missing. Download it again.")
        yield from _of_icalendar(content, date.fromisoformat(first_on), date.fromisoformat(last_on))
    elif file_name.lower().endswith((".ics", ".ical", ".ifb", ".icalendar")):
        raise Refused("This is not an iCalendar file: it does not begin with BEGIN:VCALENDAR.")
    else:
        yield from _of_table(stream, file_name)


# iCalendar


def _of_icalendar(content: bytes, first_on: date, last_on: date) -> Iterator[Found]:
    try:
        calendars = Calendar.from_ical(content, multiple=True)
    except (ValueError, IndexError, KeyError, UnicodeError) as error:
        raise Refused(f"The iCalendar file cannot be read: {str(error)[:200]}") from error
    count = 0
    for calendar in calendars:
        numbered = list(enumerate(calendar.walk("VEVENT"), start=count + 1))
        count += len(numbered)
        for number, event in numbered:
            if not isinstance(_value(event, "DTSTART"), date) or _is_broken(event):
                # Left in, it would take the others with it.
                calendar.subcomponents.remove(event)
                yield {"line": number, "title": _title(event), "reason": "its days cannot be read"}
        yield from _occurrences(calendar, {_uid(event): number for number, event in numbered}, first_on, last_on)
    if count == 0:
        raise Refused("There are no events in the file.")


def _occurrences(calendar: Calendar, numbers: dict[str, int], first_on: date, last_on: date) -> Iterator[Found]:
    """What repeats is told one by one; cancelled events are left out."""
    found = recurring_ical_events.of(calendar, skip_bad_series=True).between(first_on, last_on + timedelta(days=1))
    if len(found) > MOST_EVENTS:
        raise Refused(f"There are more than {MOST_EVENTS:,} events in the file. Export the school’s term dates only.")
    for event in sorted(found, key=lambda each: str(_value(each, "DTSTART"))):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        first, last = _days_of(event)
        yield {
            "line": numbers.get(_uid(event), 0),
            "title": _title(event),
            "first_on": first.isoformat(),
            "last_on": last.isoformat(),
        }


def _days_of(event: Component) -> tuple[date, date]:
    """First and last day in England. The end of an event is where it is over: of whole days the day after the last."""
    start, end, lasts = (_value(event, name) for name in ("DTSTART", "DTEND", "DURATION"))
    if end is None and isinstance(lasts, timedelta):
        end = start + lasts
    first = _day_in_england(start)
    if end is None:
        return first, first
    ends_at_midnight = not isinstance(end, datetime) or _in_england(end).time() == time()
    last = _day_in_england(end) - timedelta(days=1) if ends_at_midnight else _day_in_england(end)
    return first, max(first, last)


def _day_in_england(value: date) -> date:
    return _in_england(value).date() if isinstance(value, datetime) else value


def _in_england(value: datetime) -> datetime:
    """A moment of a zone by England's clock; one without a zone is meant as England's."""
    return value.astimezone(LONDON) if value.tzinfo else value


def _value(event: Component, name: str) -> Any:
    found = event.get(name)
    return found.dt if isinstance(found, vDDDTypes) else None


def _is_broken(event: Component) -> bool:
    return any(isinstance(event.get(name), vBroken) for name in ("DTEND", "DURATION", "RRULE", "RDATE", "EXDATE"))


def _uid(event: Component) -> str:
    return str(event.get("UID", ""))


def _title(event: Component) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())[:LONGEST_TITLE]


# Tables


def _of_table(stream: BinaryIO, file_name: str) -> Iterator[Found]:
    try:
        table = open_table(stream, file_name=file_name, is_header=lambda cells: "first" in _columns(cells))
        columns = _columns(list(table.headers))
        if "title" not in columns:
            raise Refused("No column says what each date is. Name it “Event”, “Title” or “Subject”.")
        yield from _rows(table, columns)
    except TableError as error:
        raise Refused(_without_header(error)) from error


def _without_header(error: TableError) -> str:
    words = str(error)
    if "No header row" in words:
        return "No row names the columns. Name them “Event”, “Start” and “End”, each in the first row."
    return words


def _columns(cells: list[str]) -> dict[str, int]:
    """Which column holds what, by its head; the first of a head's names that is there counts."""
    heads = [" ".join(cell.lower().replace("_", " ").split()).strip(" :*") for cell in cells]
    found: dict[str, int] = {}
    for what, names in _HEADS.items():
        at = [heads.index(name) for name in names if name in heads and heads.index(name) not in found.values()]
        if at:
            found[what] = at[0]
    return found


def _rows(table: Table, columns: dict[str, int]) -> Iterator[Found]:
    for number, row in enumerate(table.rows):
        if number >= MOST_EVENTS:
            raise Refused(f"There are more than {MOST_EVENTS:,} rows in the file. Export the school’s term dates only.")
        cells = {what: row.cells[at].strip() for what, at in columns.items()}
        if any(cells.values()):
            yield _row(row, cells)


def _row(row: Row, cells: dict[str, str]) -> Found:
    told = {"line": row.line, "title": cells["title"][:LONGEST_TITLE]}
    if not cells["first"]:
        return told | {"reason": "it has no first day"}
    try:
        first, last = read_days(cells["first"], cells.get("last", ""))
    except ValueError as error:
        return told | {"reason": str(error)}
    if last < first:
        return told | {"reason": f"it ends on {days_in_words(last)}, before it begins on {days_in_words(first)}"}
    return told | {"first_on": first.isoformat(), "last_on": last.isoformat()}
