"""When reminders are sent, and what a trust's lead says who chases a school."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants.insights.due import SchoolDue
from tenants.insights.measures.filtering import FilteringStanding

LONDON = ZoneInfo("Europe/London")
FROM = time(7)  # in England


@dataclass(frozen=True)
class Reason:
    """Something that is due: what, in a sentence, and the part of the school's pages where it is done."""

    words: str
    page: str

    def as_json(self) -> dict[str, str]:
        return {"words": self.words, "page": self.page}


def day_of_reminders(now: datetime) -> date | None:
    """The day in England whose reminders are to be sent by now; none before seven in the morning.

    A day that was missed as a whole is not caught up: the next one says all that is due then.
    """
    local = now.astimezone(LONDON)
    return local.date() if local.time() >= FROM else None


def next_day_of_reminders(now: datetime) -> date:
    """The first day in England whose reminders are still to be asked for: today before seven in the morning, then tomorrow."""
    local = now.astimezone(LONDON)
    return local.date() if local.time() < FROM else local.date() + timedelta(days=1)


def chase_period(day: date) -> str:
    """A school is chased at most once a day."""
    return day.isoformat()


def reasons_for(due: SchoolDue, titles: dict[str, str]) -> list[Reason]:
    """What a trust has cause to chase a school for, the most pressing first; never anything of its referral log."""
    reasons = []
    if due.plan.overdue:
        reasons.append(Reason(f"{_count(due.plan.overdue, 'action')} overdue in the plan", "/plan?state=overdue"))
    for row in due.training:
        words = f"{titles[row.key]}: {row.missing} of {row.denominator} staff are missing it"
        reasons.append(Reason(words, f"/staff?gap={row.key}"))
    for lapsing in due.lapsing:
        first = f"{lapsing.first_on.day} {lapsing.first_on:%B}"
        words = f"{titles[lapsing.course]}: lapses for {_count(lapsing.people, 'person', 'people')}, first on {first}"
        reasons.append(Reason(words, "/staff"))
    for row in due.reading:
        words = f"{titles[row.key]}: {row.missing} of {row.denominator} staff have not confirmed it"
        reasons.append(Reason(words, f"/reading/{row.key}"))
    if due.filtering:
        reasons.append(Reason(_of_filtering(due.filtering), "/filtering"))
    return reasons


def _of_filtering(standing: FilteringStanding) -> str:
    if standing.due_on is None:
        return "No review of filtering and monitoring is recorded"
    day = f"{standing.due_on.day} {standing.due_on:%B %Y}"
    return f"The review of filtering and monitoring was due by {day}"


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
