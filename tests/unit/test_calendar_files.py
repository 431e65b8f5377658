"""Calendars of councils and schools, in the ways in which they are really written, and what is taken from them."""

import io
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from tenants.calendar.rules import Season
from tenants.calendar.school_year import Entry, EntryKind, usual_terms
from tenants.imports.calendar import dates
from tenants.imports.calendar.dates import CalendarFileError, ReadDates, read_dates
from tenants.imports.calendar.reader import LIMITS, read_events
from tenants.imports.calendar.titles import Event as Named
from tenants.imports.calendar.titles import Meaning, meaning_of
from tenants.imports.calendar.written_days import days_in_words, read_days

TODAY = date(2026, 11, 27)
TERMS = {
    Entry(EntryKind.TERM, date(2026, 9, 2), date(2026, 12, 18), Season.AUTUMN),
    Entry(EntryKind.HALF_TERM, date(2026, 10, 26), date(2026, 10, 30), Season.AUTUMN),
    Entry(EntryKind.TERM, date(2027, 1, 4), date(2027, 3, 25), Season.SPRING),
    Entry(EntryKind.HALF_TERM, date(2027, 2, 15), date(2027, 2, 19), Season.SPRING),
    Entry(EntryKind.TERM, date(2027, 4, 12), date(2027, 7, 21), Season.SUMMER),
    Entry(EntryKind.HALF_TERM, date(2027, 5, 31), date(2027, 6, 4), Season.SUMMER),
}


def an_event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def whole_days(title: str, first: date, last: date | None = None, *lines: str) -> str:
    """As calendar programs write whole days: the end is the day after the last; a single day may have none."""
    ends = [f"DTEND;VALUE=DATE:{last + timedelta(days=1):%Y%m%d}"] if last else []
    uid = f"UID:{title}-{first}@council"
    return an_event(uid, f"SUMMARY:{title}", f"DTSTART;VALUE=DATE:{first:%Y%m%d}", *ends, *lines)


def icalendar(*events: str) -> bytes:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Council//EN", *events, "END:VCALENDAR", ""]
    ).encode()


def read(content: bytes | str, name: str = "dates.ics") -> ReadDates:
    return read_dates(content if isinstance(content, bytes) else content.encode(), file_name=name, today=TODAY)


def entries(found: ReadDates) -> set[Entry]:
    return set(found.years.get(2026, []))


AS_RANGES = [
    ("Autumn Term 1", date(2026, 9, 2), date(2026, 10, 23)),
    ("Autumn Term 2", date(2026, 11, 2), date(2026, 12, 18)),
    ("Spring Term 1", date(2027, 1, 4), date(2027, 2, 12)),
    ("Spring Term 2", date(2027, 2, 22), date(2027, 3, 25)),
    ("Summer Term 1", date(2027, 4, 12), date(2027, 5, 28)),
    ("Summer Term 2", date(2027, 6, 7), date(2027, 7, 21)),
]
AS_SIX_TERMS = [(f"Term {number}", *days) for number, (_, *days) in enumerate(AS_RANGES, start=1)]
AS_DAYS = [
    ("Term starts", date(2026, 9, 2), None),
    ("Autumn half term", date(2026, 10, 26), date(2026, 10, 30)),
    ("Term ends", date(2026, 12, 18), None),
    ("Start of term", date(2027, 1, 4), None),
    ("Half-term holiday", date(2027, 2, 15), date(2027, 2, 19)),
    ("Last day of term", date(2027, 3, 25), None),
    ("Children return to school", date(2027, 4, 12), None),
    ("Half Term", date(2027, 5, 31), date(2027, 6, 4)),
    ("School closes for the summer", date(2027, 7, 21), None),
]
AS_HOLIDAYS = [
    ("Summer holiday", date(2026, 7, 23), date(2026, 9, 1)),
    ("October half term", date(2026, 10, 24), date(2026, 11, 1)),
    ("Christmas holidays", date(2026, 12, 19), date(2027, 1, 3)),
    ("February half term", date(2027, 2, 13), date(2027, 2, 21)),
    ("Easter break", date(2027, 3, 26), date(2027, 4, 11)),
    ("May half term", date(2027, 5, 29), date(2027, 6, 6)),
    ("Summer Holidays", date(2027, 7, 22), date(2027, 8, 31)),
]


@pytest.mark.parametrize("told", [AS_RANGES, AS_SIX_TERMS, AS_DAYS], ids=["ranges", "six terms", "single days"])
def test_a_year_is_the_same_however_a_council_tells_it(told: list[tuple[str, date, date | None]]) -> None:
    found = read(icalendar(*(whole_days(*event) for event in told)))
    assert entries(found) == TERMS
    assert found.not_taken == []


def test_a_calendar_of_holidays_alone_gives_the_terms_between_them() -> None:
    found = read(icalendar(*(whole_days(*event) for event in AS_HOLIDAYS)))
    terms = {entry for entry in TERMS if entry.kind is EntryKind.TERM}
    assert terms <= entries(found)
    assert [row["title"] for row in found.not_taken] == ["Terms of 2025-26", "Terms of 2027-28"]


def test_a_table_says_the_same_as_an_icalendar_file() -> None:
    rows = "\r\n".join(f"{title},{first:%d/%m/%Y},{last:%d/%m/%Y}" for title, first, last in AS_RANGES)
    found = read(f"School dates 2026\r\n\r\nEvent,Start date,End date\r\n{rows}\r\n", "dates.csv")
    assert entries(found) == TERMS


def test_a_table_of_one_column_of_days_is_read_with_its_ranges_and_its_faults_by_row() -> None:
    found = read(
        "What;Dates\nINSET day;Tuesday 1st September 2026\nINSET days;1 – 2 July 2027\nInset;31/02/2027\n"
        "Polling day, school closed;6 May 2027\nCake sale;7 May 2027\nInset day;\n",
        "dates.csv",
    )
    insets = {Entry(EntryKind.INSET, day, day) for day in (date(2026, 9, 1), date(2027, 7, 1), date(2027, 7, 2))}
    closed = Entry(EntryKind.CLOSURE, date(2027, 5, 6), date(2027, 5, 6), title="Polling day, school closed")
    assert entries(found) == insets | {closed}
    assert [(row["line"], row["title"]) for row in found.not_taken] == [
        (4, "Inset"),
        (6, "Cake sale"),
        (7, "Inset day"),
    ]
    assert "31/02/2027" in found.not_taken[0]["reason"]


def test_what_repeats_is_taken_one_by_one_without_what_is_left_out_or_cancelled() -> None:
    weekly = whole_days(
        "INSET", date(2026, 9, 7), None, "RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=1MO", "EXDATE;VALUE=DATE:20261005"
    )
    cancelled = whole_days("INSET day", date(2027, 1, 4), None, "STATUS:CANCELLED")
    found = read(icalendar(weekly, cancelled))
    assert entries(found) == {Entry(EntryKind.INSET, day, day) for day in (date(2026, 9, 7), date(2026, 11, 2))}


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["DTSTART;TZID=Europe/London:20270325T090000", "DTEND;TZID=Europe/London:20270325T153000"], (25, 25)),
        (
            ["DTSTART:20270628T230000Z", "DTEND:20270629T230000Z"],
            (29, 29),
        ),  # midnight to midnight in British Summer Time
        (["DTSTART:20270325T000000", "DTEND:20270327T000000"], (25, 26)),
        (["DTSTART;VALUE=DATE:20270325", "DURATION:P2D"], (25, 26)),
        (["DTSTART;VALUE=DATE:20270325", "DTEND;VALUE=DATE:20270325"], (25, 25)),
        (["DTSTART;VALUE=DATE:20270325"], (25, 25)),
    ],
)
def test_days_are_england_s_and_the_end_is_not_among_them(lines: list[str], days: tuple[int, int]) -> None:
    content = icalendar(an_event("UID:1", "SUMMARY:It", *lines))
    (found,) = read_events(io.BytesIO(content), file_name="a.ics", first_on="2026-09-01", last_on="2027-08-31")
    assert (date.fromisoformat(found["first_on"]).day, date.fromisoformat(found["last_on"]).day) == days


def test_one_broken_event_is_named_and_the_others_are_taken() -> None:
    broken = an_event("UID:b", "SUMMARY:Broken", "DTSTART:never")
    rule = whole_days("INSET", date(2026, 9, 1), None, "RRULE:FREQ=SOMETIMES")
    found = read(icalendar(broken, rule, whole_days("INSET", date(2026, 9, 2))))
    assert entries(found) == {Entry(EntryKind.INSET, date(2026, 9, 2), date(2026, 9, 2))}
    assert [(row["line"], row["title"]) for row in found.not_taken] == [(1, "Broken"), (2, "INSET")]


def test_terms_that_are_not_all_there_are_left_out_with_what_is_missing() -> None:
    found = read(icalendar(whole_days("Autumn term", date(2026, 9, 2), date(2026, 12, 18))))
    assert entries(found) == set()
    assert "the first day of the spring term" in found.not_taken[0]["reason"]


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.ics", "empty"),
        (b"Not a calendar", "a.ics", "not an iCalendar file"),
        (b"Event,Colour\nInset,red\n", "a.csv", "No row names the columns"),
        (b"Start,End\n1/9/2026,2/9/2026\n", "a.csv", "No column says what each date is"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", "a.ics", "no events"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "a.ics", "cut off"),
        (b"x" * (2 * 1024 * 1024 + 1), "a.csv", "larger than 2 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(content: bytes, name: str, words: str) -> None:
    with pytest.raises(CalendarFileError, match=words):
        read(content, name)


def test_an_event_that_repeats_without_end_takes_no_more_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "LIMITS", replace(LIMITS, seconds=2))
    endless = an_event("UID:e", "SUMMARY:INSET", "DTSTART:20260901T000000Z", "RRULE:FREQ=SECONDLY")
    with pytest.raises(CalendarFileError):
        read(icalendar(endless))


@pytest.mark.parametrize(
    ("title", "length", "meaning"),
    [
        ("INSET", 1, Meaning.INSET),
        ("Inset day 2", 1, Meaning.INSET),
        ("Staff Training Day (school closed to pupils)", 1, Meaning.INSET),
        ("Non-pupil day", 1, Meaning.INSET),
        ("Half term", 5, Meaning.HALF_TERM),
        ("Half term begins", 1, Meaning.HALF_TERM),
        ("Last day before half term", 1, Meaning.ENDS),
        ("School reopens after half term", 1, Meaning.BEGINS),
        ("Term ends", 1, Meaning.ENDS),
        ("End of Autumn Term", 1, Meaning.ENDS),
        ("Break up for Christmas", 1, Meaning.ENDS),
        ("First day of term for pupils", 1, Meaning.BEGINS),
        ("Autumn Term", 100, Meaning.TERM),
        ("Autumn half term 1", 50, Meaning.TERM),
        ("Christmas Holiday", 16, Meaning.HOLIDAY),
        ("Early May bank holiday", 1, Meaning.BANK_HOLIDAY),
        ("Occasional day", 1, Meaning.CLOSURE),
        ("Year 6 play", 1, Meaning.OTHER),
        ("Parents’ evening", 1, Meaning.OTHER),
        ("Christmas fair", 1, Meaning.OTHER),
        ("Sports day", 1, Meaning.OTHER),
    ],
)
def test_titles_mean_what_schools_mean_by_them(title: str, length: int, meaning: Meaning) -> None:
    first = date(2026, 11, 10)
    assert meaning_of(Named(1, title, first, first + timedelta(days=length - 1))) is meaning


@given(st.dates(date(2025, 9, 1), date(2029, 8, 31)), st.integers(0, 40), st.sampled_from(["to", "–", "until"]))
@settings(max_examples=60, deadline=None)
def test_days_in_words_are_read_back(first: date, length: int, word: str) -> None:
    last = first + timedelta(days=length)
    assert read_days(days_in_words(first, last)) == (first, last)
    assert read_days(f"{first:%A} {first.day} {first:%b} {word} {last.day} {last:%B %Y}") == (first, last)
    if (first.month, first.year) == (last.month, last.year):
        assert read_days(f"{first.day} {word} {last.day} {last:%B %Y}") == (first, last)


@given(st.integers(2025, 2028), st.booleans(), st.integers(-3, 3))
@settings(max_examples=12, deadline=None)
def test_a_year_written_by_a_calendar_program_comes_back_as_it_was(year: int, with_times: bool, shift: int) -> None:
    by = timedelta(weeks=shift)
    calendar = Calendar()
    wanted = []
    for term in usual_terms(year):
        half = term.half_term
        assert half is not None
        for title, first, last in (
            (f"{term.season} term", term.first_on + by, term.last_on + by),
            (f"{term.season} half term", half.first_on + by, half.last_on + by),
        ):
            event = Event()
            event.add("summary", title)
            event.add("uid", f"{title}-{year}")
            if with_times:
                event.add("dtstart", datetime.combine(first, datetime.min.time()))
                event.add("dtend", datetime.combine(last, datetime.min.time()) + timedelta(hours=15))
            else:
                event.add("dtstart", first)
                event.add("dtend", last + timedelta(days=1))
            calendar.add_component(event)
            wanted.append((title, first.isoformat(), last.isoformat()))
    content = io.BytesIO(calendar.to_ical())
    found = read_events(content, file_name="a.ics", first_on=f"{year}-08-01", last_on=f"{year + 1}-08-31")
    assert sorted((each["title"], each["first_on"], each["last_on"]) for each in found) == sorted(wanted)
