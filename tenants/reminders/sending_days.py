"""On which days a school is written to: what the planner needs to know of a calendar, and each school's own."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Protocol
from uuid import UUID

from prevent_trust.tenancy import Scope
from tenants.calendar.queries import calendars


class SendingDays(Protocol):
    """A school's days as the planner asks for them."""

    def is_sending_day(self, day: date) -> bool: ...

    def next_after(self, day: date) -> date:
        """The first sending day after the day."""


def sending_days(scope: Scope, school_ids: Collection[UUID], *, day: date) -> Mapping[UUID, SendingDays]:
    """The days of each school of the scope, for planning from a day on. Two queries, however many schools there are."""
    return calendars(scope, school_ids, day=day)


def longest_break(days: Iterable[SendingDays], *, planned: Iterable[date]) -> int:
    """By how many days what falls due in a break comes forward at most, on the days that are planned."""
    planned = list(planned)
    return max(((each.next_after(day) - day).days for each in set(days) for day in planned), default=0)
