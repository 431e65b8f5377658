"""On which days a school is written to: what the planner needs to know of a calendar, and the one that holds everywhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import holidays

from prevent_trust.tenancy import Scope, require_bound

LONGEST_BREAK = timedelta(days=120)


class SendingDays(Protocol):
    """A school's days as the planner asks for them."""

    def is_sending_day(self, day: date) -> bool: ...

    def next_after(self, day: date) -> date:
        """The first sending day after the day."""

    def last_before(self, day: date) -> date:
        """The last sending day before the day."""


@dataclass(frozen=True)
class WorkingDays:
    """Mondays to Fridays that are no bank holidays in England, nor among the days that a school has `closed`."""

    closed: frozenset[date] = frozenset()

    def is_sending_day(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed and day not in _bank_holidays(day.year)

    def next_after(self, day: date) -> date:
        return self._search(day, timedelta(days=1))

    def last_before(self, day: date) -> date:
        return self._search(day, timedelta(days=-1))

    def _search(self, day: date, step: timedelta) -> date:
        found = day + step
        while not self.is_sending_day(found):
            found += step
            if abs(found - day) > LONGEST_BREAK:
                raise ValueError(f"no day near {day} is a sending day")
        return found


@lru_cache(maxsize=16)
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


_EVERYWHERE = WorkingDays()


def sending_days(scope: Scope, school_ids: Iterable[UUID]) -> Mapping[UUID, SendingDays]:
    """The days of each school of the scope."""
    require_bound(scope)
    return dict.fromkeys(school_ids, _EVERYWHERE)
