"""The school year: which level's dates hold, which days are working days, the ends of half terms; over many years."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.calendar.entries import as_json, from_json, merged, problems_of
from tenants.calendar.rules import Season
from tenants.calendar.school_year import (
    USUAL_CALENDAR,
    Entry,
    EntryKind,
    Level,
    SchoolCalendar,
    bank_holidays,
    is_weekday,
    school_year,
    usual_terms,
)

ONE_DAY = timedelta(days=1)
years = st.integers(2020, 2040)
levels = st.sampled_from(list(Level))


def entries_of_usual(year: int, shift: int = 0) -> list[Entry]:
    """The usual dates as a level would set them, moved by so many days."""
    by = timedelta(days=shift)
    found = []
    for term in usual_terms(year):
        assert term.half_term is not None
        found.append(Entry(EntryKind.TERM, term.first_on + by, term.last_on + by, term.season))
        half = term.half_term
        found.append(Entry(EntryKind.HALF_TERM, half.first_on + by, half.last_on + by, term.season))
    return found


@st.composite
def single_days(draw: st.DrawFn, year: int) -> Entry:
    first = draw(st.dates(date(year, 9, 1), date(year + 1, 8, 20)))
    kind = draw(st.sampled_from([EntryKind.INSET, EntryKind.CLOSURE]))
    return Entry(kind, first, first + timedelta(days=draw(st.integers(0, 5))), title="x")


@st.composite
def set_years(draw: st.DrawFn, year: int) -> dict[Level, Sequence[Entry]]:
    found: dict[Level, Sequence[Entry]] = {}
    for number, level in enumerate(Level):
        terms = entries_of_usual(year, shift=7 * number) if draw(st.booleans()) else []
        found[level] = [*terms, *draw(st.lists(single_days(year), max_size=4))]
    return found


@st.composite
def school_calendars(draw: st.DrawFn) -> tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar]:
    year = draw(years)
    dates = draw(set_years(year))
    return year, dates, SchoolCalendar({year: dates})


@given(school_calendars())
@settings(max_examples=60, deadline=None)
def test_the_terms_of_the_nearest_level_hold_as_a_whole(
    given_: tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar],
) -> None:
    year, dates, calendar = given_
    with_terms = [level for level in Level if any(entry.kind is EntryKind.TERM for entry in dates[level])]
    held = calendar.year(year)
    assert held.terms_from == (with_terms[-1] if with_terms else None)
    expected = dates[with_terms[-1]] if with_terms else entries_of_usual(year)
    terms = [(entry.first_on, entry.last_on) for entry in expected if entry.kind is EntryKind.TERM]
    assert [(term.first_on, term.last_on) for term in held.terms] == terms


@given(school_calendars())
@settings(max_examples=60, deadline=None)
def test_inset_days_and_closures_of_all_levels_add_up_and_the_nearest_word_on_a_day_holds(
    given_: tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar],
) -> None:
    year, dates, calendar = given_
    special = calendar.year(year).special
    said = {
        day: (level, entry.kind)
        for level in Level
        for entry in dates[level]
        if entry.season is None
        for day in entry.days
    }
    assert set(special) == set(said)
    for day, (level, _) in said.items():
        assert special[day].level is level
        of_level = {entry.kind for entry in dates[level] if entry.season is None and day in entry}
        assert special[day].kind is (EntryKind.CLOSURE if EntryKind.CLOSURE in of_level else EntryKind.INSET)


@given(school_calendars(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_working_day_is_a_weekday_in_term_or_an_inset_day_and_never_a_bank_holiday_or_a_closure(
    given_: tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar], data: st.DataObject
) -> None:
    year, _, calendar = given_
    day = data.draw(st.dates(date(year, 9, 1), date(year + 1, 8, 31)))
    special = calendar.special_day(day)
    works = calendar.is_sending_day(day)
    if day.weekday() >= 5 or day in bank_holidays(day.year) or (special and special.kind is EntryKind.CLOSURE):
        assert not works
    elif special:
        assert works
    else:
        held = calendar.year(year)
        in_term = any(
            term.first_on <= day <= term.last_on and not (term.half_term and day in term.half_term)
            for term in held.terms
        )
        assert works is in_term


@given(school_calendars(), st.data())
@settings(max_examples=60, deadline=None)
def test_the_next_and_the_last_working_day_are_next_to_the_day_with_none_between(
    given_: tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar], data: st.DataObject
) -> None:
    year, _, calendar = given_
    day = data.draw(st.dates(date(year, 9, 1), date(year + 1, 8, 31)))
    after, before = calendar.next_after(day), calendar.last_before(day)
    assert before < day < after
    assert calendar.is_sending_day(after)
    assert calendar.is_sending_day(before)
    between = [before + ONE_DAY * number for number in range(1, (after - before).days)]
    assert not any(calendar.is_sending_day(each) for each in between if each != day)
    assert calendar.on_or_before(day) == (day if calendar.is_sending_day(day) else before)


@given(school_calendars())
@settings(max_examples=60, deadline=None)
def test_the_ends_of_half_terms_come_in_their_order_and_the_next_days_are_free_or_special(
    given_: tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar],
) -> None:
    year, _, calendar = given_
    found = calendar.deadlines(year)
    assert len(found) == 6
    assert all(before.on <= after.on for before, after in pairwise(found))
    assert len({each.key for each in found}) == 6
    assert all(calendar.deadline(each.key) == each for each in found)
    for each in found:
        term = next(term for term in calendar.year(year).terms if term.season in each.key)
        assert term.first_on <= each.on <= term.last_on


@given(years)
@settings(max_examples=21, deadline=None)
def test_the_usual_dates_could_be_set_by_anybody_and_end_on_working_days(year: int) -> None:
    assert problems_of(year, entries_of_usual(year)) == []
    assert all(USUAL_CALENDAR.is_sending_day(each.on) for each in USUAL_CALENDAR.deadlines(year))
    assert school_year(year, {}).terms_from is None


@given(school_calendars(), st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_due_by_the_end_of_a_half_term_is_due_by_its_end_a_year_later_and_else_on_a_working_day(
    given_: tuple[int, dict[Level, Sequence[Entry]], SchoolCalendar], data: st.DataObject
) -> None:
    year, _, calendar = given_
    ends = {}
    for before, after in zip(calendar.deadlines(year), calendar.deadlines(year + 1), strict=True):
        ends.setdefault(before.on, after.on)
    for day, later in ends.items():
        assert calendar.a_year_later(day) == later
    day = data.draw(st.dates(date(year, 9, 1), date(year + 1, 8, 31)))
    moved = calendar.a_year_later(day)
    if day not in ends:
        assert calendar.is_sending_day(moved)
        assert timedelta(days=300) < moved - day <= timedelta(days=366)


@given(years, st.data())
@settings(max_examples=40, deadline=None)
def test_the_same_dates_once_more_change_nothing_and_are_kept_as_they_are(year: int, data: st.DataObject) -> None:
    here = data.draw(st.lists(single_days(year), max_size=5))
    found = [*entries_of_usual(year), *data.draw(st.lists(single_days(year), max_size=5))]
    once = merged(here, found)
    assert merged(once, found) == once
    assert [from_json(as_json(entry)) for entry in once] == once
    assert all(any(entry.kind is each.kind and entry.first_on in each for each in once) for entry in [*here, *found])


def test_an_inset_day_before_the_term_and_in_a_break_is_a_working_day() -> None:
    august, christmas = date(2026, 8, 28), date(2026, 12, 21)
    insets = [Entry(EntryKind.INSET, day, day) for day in (august, christmas)]
    calendar = SchoolCalendar({2026: {Level.SCHOOL: insets}})
    assert calendar.is_sending_day(august)
    assert calendar.is_sending_day(christmas)
    assert not USUAL_CALENDAR.is_sending_day(august)


def test_a_school_that_is_closed_for_good_does_not_hold_up_the_planner() -> None:
    closed = [Entry(EntryKind.CLOSURE, date(2026, 9, 1), date(2027, 8, 31), title="Closed")]
    calendar = SchoolCalendar({2026: {Level.SCHOOL: closed}})
    found = calendar.next_after(date(2026, 10, 1))
    assert is_weekday(found)
    assert found - date(2026, 10, 1) < timedelta(days=130)


def test_a_term_may_begin_in_august() -> None:
    dates = [
        Entry(EntryKind.TERM, date(2026, 8, 26), date(2026, 12, 18), Season.AUTUMN),
        *(entry for entry in entries_of_usual(2026) if entry.season is not Season.AUTUMN),
    ]
    assert problems_of(2026, dates) == []
    assert SchoolCalendar({2026: {Level.AUTHORITY: dates}}).is_sending_day(date(2026, 8, 27))


@pytest.mark.parametrize(
    "key", ["", "2026-27-autumn", "2026-27-winter-end", "abcd-27-autumn-end", "2026-28-autumn-end"]
)
def test_a_key_that_names_no_half_term_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not the end of a half term"):
        USUAL_CALENDAR.deadline(key)


def test_where_a_school_gives_no_half_term_its_end_is_the_usual_one() -> None:
    terms = [entry for entry in entries_of_usual(2026) if entry.kind is EntryKind.TERM]
    calendar = SchoolCalendar({2026: {Level.SCHOOL: terms}})
    assert [each.key for each in calendar.deadlines(2026)] == [
        "2026-27-autumn-end",
        "2026-27-spring-end",
        "2026-27-summer-end",
    ]
    assert calendar.deadline("2026-27-spring-half") == USUAL_CALENDAR.deadline("2026-27-spring-half")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (
            [Entry(EntryKind.TERM, date(2026, 9, 1), date(2026, 12, 18), Season.AUTUMN)],
            "spring and the summer term too",
        ),
        (
            [Entry(EntryKind.HALF_TERM, date(2026, 10, 26), date(2026, 10, 30), Season.AUTUMN)],
            "give the dates of the terms",
        ),
        (
            [Entry(EntryKind.CLOSURE, date(2026, 10, 26), date(2026, 10, 20), title="Fair")],
            "must be the first day or later",
        ),
        ([Entry(EntryKind.CLOSURE, date(2028, 1, 10), date(2028, 1, 10), title="Fair")], "not in the academic year"),
        ([Entry(EntryKind.INSET, date(2026, 10, 24), date(2026, 10, 25))], "weekend or a bank holiday"),
        ([Entry(EntryKind.INSET, date(2026, 10, 5), date(2026, 10, 25))], "longest"),
        (
            [*entries_of_usual(2026)[:4], Entry(EntryKind.TERM, date(2027, 3, 1), date(2027, 7, 20), Season.SUMMER)],
            "must begin after the spring term",
        ),
    ],
)
def test_dates_that_cannot_be_are_named(wrong: list[Entry], word: str) -> None:
    assert word in " ".join(problems_of(2026, wrong))
