"""Records as they were known on a day: what was corrected or entered later does not change what a past day shows.

A row says since when it says so (`recorded_from`); what it said before is in `record_history`, written by a trigger
(migration 0003). Today everything is known that is recorded.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tenants.history.models import RecordHistory

LONDON = ZoneInfo("Europe/London")
ALWAYS = datetime(9999, 12, 31, tzinfo=ZoneInfo("UTC"))


def known(table: str) -> str:
    """The rows of a table that were known by `:known_by`, as a subquery; the scope's only."""
    visible = "school_id = any ((select visible_schools())::uuid[])"
    return f"""(
  select k.* from {table} k where case when k.{visible} then true end and k.recorded_from < :known_by
  union all
  select (jsonb_populate_record(null::{table}, h.record)).* from {RecordHistory.__tablename__} h
  where h.relation = '{table}' and case when h.{visible} then true end
    and h.recorded_until >= :known_by and h.recorded_from < :known_by
)"""


def as_known(as_at: date) -> dict[str, Any]:
    """The parameters of a measure for a day: `as_at`, and `known_by`, the end of that day in England."""
    if as_at >= datetime.now(LONDON).date():
        return {"as_at": as_at, "known_by": ALWAYS}
    return {"as_at": as_at, "known_by": datetime.combine(as_at + timedelta(days=1), time(), LONDON)}
