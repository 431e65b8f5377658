"""When a reminder is sent, for which period, and what it says."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants.insights.due import SchoolDue

LONDON = ZoneInfo("Europe/London")
DIGEST_TIME = time(7)  # on Mondays, in England


@dataclass(frozen=True)
class Reason:
    """Something that is due: what, in a sentence, and the part of the school's pages where it is done."""

    words: str
    page: str

    def as_json(self) -> dict[str, str]:
        return {"words": self.words, "page": self.page}


def digest_week(now: datetime) -> str | None:
    """The ISO week whose digest is to be sent by now, such as `2026-W48`; none before Monday at seven.

    A week that was missed as a whole is not caught up: the next digest says all that is due then.
    """
    local = now.astimezone(LONDON)
    monday = local.date() - timedelta(days=local.weekday())
    if local < datetime.combine(monday, DIGEST_TIME, LONDON):
        return None
    year, week, _ = local.isocalendar()
    return f"{year}-W{week:02d}"


def chase_period(day: date) -> str:
    """A school is chased at most once a day."""
    return day.isoformat()


def reasons_for(due: SchoolDue, titles: dict[str, str], *, to_the_school: bool) -> list[Reason]:
    """What is due at a school, the most pressing first. None means that no mail is sent.

    `to_the_school` adds what only the school's own Prevent lead reads about: follow-ups of referrals, and actions that
    are due soon.
    """
    reasons = []
    if to_the_school and due.follow_ups_overdue:
        reasons.append(Reason(f"{_count(due.follow_ups_overdue, 'referral')} to follow up", "/referrals?state=open"))
    if due.plan.overdue:
        reasons.append(Reason(f"{_count(due.plan.overdue, 'action')} overdue in the plan", "/plan?state=overdue"))
    if to_the_school and due.due_soon:
        reasons.append(Reason(f"{_count(due.due_soon, 'action')} due within two weeks", "/plan"))
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
    return reasons


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
