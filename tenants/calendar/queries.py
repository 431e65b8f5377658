"""The calendars of schools as they hold, and what each level has set."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, Scope, TrustScope, require_bound, within
from tenants.calendar.entries import from_json
from tenants.calendar.models import CalendarImport, CalendarImportState, CalendarYear
from tenants.calendar.rules import academic_year_of
from tenants.calendar.school_year import USUAL_CALENDAR, Entry, Level, SchoolCalendar
from tenants.organisations.models import School, TrustMembership


@dataclass(frozen=True)
class Place:
    """A school, a trust or an authority, whose dates are read or set."""

    level: Level
    id: uuid.UUID

    @property
    def columns(self) -> dict[str, uuid.UUID]:
        return {f"{self.level.value}_id": self.id}


def place_of(scope: SchoolScope | TrustScope | PlatformScope, authority_id: uuid.UUID | None = None) -> Place:
    """Whose dates may be set in the scope: the school's, the trust's, and on the platform an authority's."""
    match scope:
        case SchoolScope():
            return Place(Level.SCHOOL, scope.school_id)
        case TrustScope():
            return Place(Level.TRUST, scope.trust_id)
        case PlatformScope() if authority_id is not None:
            return Place(Level.AUTHORITY, authority_id)
    raise ValueError("on the platform an authority must be named")


def is_of(place: Place, model: type[CalendarYear] | type[CalendarImport]) -> ColumnElement[bool]:
    column: Any = getattr(model, f"{place.level.value}_id")
    return column == place.id  # type: ignore[no-any-return]  # a column of the model


_Dates = dict[int, dict[Level, list[Entry]]]


def calendars(scope: Scope, school_ids: Collection[uuid.UUID], *, day: date) -> dict[uuid.UUID, SchoolCalendar]:
    """The calendar of each of the schools from the academic year before the day's on.

    Two queries, however many schools; schools for which the same dates hold share one calendar.
    """
    require_bound(scope)
    of_place = _dates_by_place(CalendarYear.year >= academic_year_of(day) - 1)
    if not of_place:
        return dict.fromkeys(school_ids, USUAL_CALENDAR)
    places = db.session.execute(
        select(School.id, TrustMembership.trust_id, School.authority_id)
        .outerjoin(TrustMembership, (TrustMembership.school_id == School.id) & TrustMembership.left_on.is_(None))
        .where(within(scope, School.id))
    )
    shared: dict[tuple[uuid.UUID | None, ...], SchoolCalendar] = {(None, None, None): USUAL_CALENDAR}
    found: dict[uuid.UUID, SchoolCalendar] = {}
    for row in places:
        key = tuple(each if each in of_place else None for each in (row.authority_id, row.trust_id, row.id))
        if key not in shared:
            shared[key] = SchoolCalendar(_by_year([of_place[each] for each in key if each is not None]))
        found[row.id] = shared[key]
    return {school_id: found.get(school_id, USUAL_CALENDAR) for school_id in school_ids}


def _dates_by_place(*conditions: ColumnElement[bool]) -> dict[uuid.UUID, tuple[Level, dict[int, list[Entry]]]]:
    of_place: dict[uuid.UUID, tuple[Level, dict[int, list[Entry]]]] = {}
    rows = db.session.execute(
        select(
            CalendarYear.school_id,
            CalendarYear.trust_id,
            CalendarYear.authority_id,
            CalendarYear.year,
            CalendarYear.entries,
        ).where(CalendarYear.replaced_at.is_(None), *conditions)
    )
    for row in rows:
        level, key = _level_of(row)
        of_place.setdefault(key, (level, {}))[1][row.year] = [from_json(each) for each in row.entries]
    return of_place


def _level_of(row: Any) -> tuple[Level, uuid.UUID]:
    if row.school_id is not None:
        return Level.SCHOOL, row.school_id
    return (Level.TRUST, row.trust_id) if row.trust_id is not None else (Level.AUTHORITY, row.authority_id)


def _by_year(places: Iterable[tuple[Level, dict[int, list[Entry]]]]) -> _Dates:
    dates: _Dates = defaultdict(dict)
    for level, years in places:
        for year, entries in years.items():
            dates[year][level] = entries
    return dict(dates)


def calendar_of(scope: SchoolScope, *, day: date) -> SchoolCalendar:
    """The school's own calendar."""
    return calendars(scope, [scope.school_id], day=day)[scope.school_id]


def calendar_of_place(scope: SchoolScope | TrustScope | PlatformScope, place: Place, *, day: date) -> SchoolCalendar:
    """As the dates hold for the place: a school's with those above it, a trust's or an authority's own and the usual ones."""
    require_bound(scope)
    if isinstance(scope, SchoolScope):
        return calendar_of(scope, day=day)
    of_place = _dates_by_place(CalendarYear.year >= academic_year_of(day) - 1, is_of(place, CalendarYear))
    return SchoolCalendar(_by_year(of_place.values()))


@dataclass(frozen=True)
class SetYear:
    """What a place has set itself for a year; `version` is none where it has never set anything."""

    version: uuid.UUID | None
    entries: list[Entry]


def set_year(scope: SchoolScope | TrustScope | PlatformScope, place: Place, year: int) -> SetYear:
    require_bound(scope)
    row = current_year(place, year)
    return SetYear(row.id, [from_json(each) for each in row.entries]) if row else SetYear(None, [])


def current_year(place: Place, year: int) -> CalendarYear | None:
    return db.session.scalar(
        select(CalendarYear).where(
            is_of(place, CalendarYear), CalendarYear.year == year, CalendarYear.replaced_at.is_(None)
        )
    )


def schools_with_own_dates(scope: TrustScope, year: int) -> dict[uuid.UUID, int]:
    """Schools of the trust that have set dates of their own for a year, with how many."""
    require_bound(scope)
    rows = db.session.execute(
        select(CalendarYear.school_id, CalendarYear.entries).where(
            within(scope, CalendarYear.school_id), CalendarYear.year == year, CalendarYear.replaced_at.is_(None)
        )
    )
    return {school_id: len(entries) for school_id, entries in rows if entries}


def imports_of(
    scope: SchoolScope | TrustScope | PlatformScope, place: Place, *, limit: int = 20
) -> list[CalendarImport]:
    """The files of a place, the latest first, without those that were dropped."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(CalendarImport)
            .where(is_of(place, CalendarImport), CalendarImport.state != CalendarImportState.DROPPED)
            .order_by(CalendarImport.created_at.desc(), CalendarImport.id.desc())
            .limit(limit)
        )
    )


def import_of(
    scope: SchoolScope | TrustScope | PlatformScope, place: Place, import_id: uuid.UUID
) -> CalendarImport | None:
    require_bound(scope)
    return db.session.scalar(select(CalendarImport).where(is_of(place, CalendarImport), CalendarImport.id == import_id))
