"""Setting dates by hand or from a file, and taking a file back. Each flushes; the caller commits."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, require_bound
from tenants.calendar.entries import Json, as_json, from_json, in_order, merged, problems_of
from tenants.calendar.models import CalendarImport, CalendarImportState, CalendarYear
from tenants.calendar.queries import Place, current_year, place_of
from tenants.calendar.school_year import Entry

LONGEST_NAME = 200
Writer = SchoolScope | TrustScope | PlatformScope


class CalendarError(Exception):
    """What cannot be, in sentences for the person who asked."""

    def __init__(self, *problems: str) -> None:
        super().__init__(". ".join(problems))
        self.problems = problems


class YearChangedMeanwhile(CalendarError):
    """Somebody else has set the year's dates since they were read."""


def set_dates(
    scope: Writer,
    place: Place,
    *,
    year: int,
    entries: Sequence[Entry],
    seen: uuid.UUID | None,
    set_by: uuid.UUID | None,
) -> bool:
    """Sets all that the place says of an academic year; nothing takes it back. Returns whether that is a change.

    `seen` is the version that was read. Raises CalendarError and YearChangedMeanwhile.
    """
    before = _locked_year(scope, place, year)
    if (before.id if before else None) != seen:
        raise YearChangedMeanwhile(
            "Somebody else has changed these dates since you opened the page. Look at them first"
        )
    if problems := problems_of(year, entries):
        raise CalendarError(*problems)
    return _write(place, year, before, entries, set_by) is not None


def _locked_year(scope: Writer, place: Place, year: int) -> CalendarYear | None:
    """The year's row, while nobody else can set it. Raises ValueError for a place that is not the scope's."""
    require_bound(scope)
    if place != place_of(scope, place.id):
        raise ValueError(f"{place} is not of {scope.stamp}")
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"calendar:{place.id}:{year}", 0))))
    return current_year(place, year)


def _write(
    place: Place, year: int, before: CalendarYear | None, entries: Sequence[Entry], set_by: uuid.UUID | None
) -> CalendarYear | None:
    kept = [as_json(entry) for entry in in_order(entries)]
    if kept == (before.entries if before else []):
        return None
    if before is not None:
        before.replaced_at = datetime.now(UTC)
        db.session.flush()
    row = CalendarYear(year=year, entries=kept, set_by=set_by, **place.columns)
    db.session.add(row)
    db.session.flush()
    return row


def preview_import(
    scope: Writer,
    place: Place,
    *,
    file_name: str,
    rows: int,
    found: Mapping[int, Sequence[Entry]],
    not_taken: Sequence[Json],
    requested_by: uuid.UUID | None,
) -> CalendarImport:
    """Keeps what was read of a file until somebody decides. Nothing holds yet."""
    require_bound(scope)
    made = CalendarImport(
        file_name=file_name[:LONGEST_NAME],
        rows=rows,
        found={str(year): [as_json(entry) for entry in entries] for year, entries in sorted(found.items())},
        not_taken=list(not_taken),
        requested_by=requested_by,
        **place.columns,
    )
    db.session.add(made)
    db.session.flush()
    return made


def found_in(made: CalendarImport) -> dict[int, list[Entry]]:
    """By academic year, what the file says."""
    return {int(year): [from_json(each) for each in entries] for year, entries in made.found.items()}


def apply_import(scope: Writer, place: Place, made: CalendarImport, *, set_by: uuid.UUID | None) -> int:
    """All years of a file or none. Returns how many years changed. Raises CalendarError, where what stands does not fit."""
    _expect(made, CalendarImportState.PREVIEWED)
    written = {}
    for year, found in sorted(found_in(made).items()):
        before = _locked_year(scope, place, year)
        entries = merged([from_json(each) for each in before.entries] if before else [], found)
        if problems := problems_of(year, entries):
            raise CalendarError(*problems)
        if after := _write(place, year, before, entries, set_by):
            written[str(year)] = {"before": str(before.id) if before else None, "after": str(after.id)}
    made.written, made.state = written, CalendarImportState.APPLIED
    db.session.flush()
    return len(written)


def undo_import(scope: Writer, place: Place, made: CalendarImport, *, set_by: uuid.UUID | None) -> None:
    """The years that a file changed are as they were before. Raises CalendarError where one was changed since."""
    _expect(made, CalendarImportState.APPLIED)
    for year, keys in sorted(made.written.items()):
        now = _locked_year(scope, place, int(year))
        if now is None or str(now.id) != keys["after"]:
            raise CalendarError(f"The dates of {year} were changed after this file. Change them by hand")
        before = db.session.get_one(CalendarYear, uuid.UUID(keys["before"])) if keys["before"] else None
        _write(place, int(year), now, [from_json(each) for each in before.entries] if before else [], set_by)
    made.state = CalendarImportState.UNDONE
    db.session.flush()


def drop_import(scope: Writer, made: CalendarImport) -> None:
    """Leaves a file that was read and not applied. Raises CalendarError when it is too late."""
    require_bound(scope)
    _expect(made, CalendarImportState.PREVIEWED)
    made.state = CalendarImportState.DROPPED
    db.session.flush()


def _expect(made: CalendarImport, state: CalendarImportState) -> None:
    """Waits for whoever is deciding about the same file, then looks. Raises CalendarError."""
    db.session.refresh(made, with_for_update=True)
    if made.state is not state:
        raise CalendarError("Somebody has already decided about this file")
