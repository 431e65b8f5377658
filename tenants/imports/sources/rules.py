"""When a source is due: by England's clock."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants.imports.sources.models import Every, StaffSource

LONDON = ZoneInfo("Europe/London")


def last_due(source: StaffSource, now: datetime) -> datetime | None:
    """The latest time up to now at which the source was to be fetched; none when it was not there or not active then.

    After some days down there is one such time, not one for each day.
    """
    here = now.astimezone(LONDON)
    day = here.date()
    if source.every is Every.WEEK:
        day -= timedelta(days=(day.weekday() - source.weekday) % 7)
    due = datetime.combine(day, time(source.hour), LONDON)
    if due > here:
        due = datetime.combine(day - timedelta(days=7 if source.every is Every.WEEK else 1), time(source.hour), LONDON)
    return due if source.active and due > source.scheduled_from else None


def period_of(due: datetime) -> str:
    """Under what a fetching is known, so that it is asked for once."""
    return due.astimezone(LONDON).date().isoformat()
