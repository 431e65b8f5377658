"""When those who have not confirmed a document are next reminded of it, as the planner would do it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from prevent_trust.tenancy import SchoolScope
from tenants.reminders.gather import facts_of
from tenants.reminders.planning import plan_days

OWN_READING = "own-reading"  # the rule that reminds whoever has not confirmed
LOOKED_AHEAD = 60  # days: longer than the summer holidays


@dataclass(frozen=True)
class Nudge:
    """The next day on which a reminder goes, and how many people get it."""

    day: date
    people: int


def next_nudge(scope: SchoolScope, *, document: str, first_day: date) -> Nudge | None:
    """What would be sent first from that day on, if nobody confirmed until then; none within sixty days.

    The same plan as the worker's, with its holidays, its ledger and what people have stopped, for this one document.
    """
    coming = [first_day + timedelta(days=number) for number in range(LOOKED_AHEAD)]
    for facts in facts_of(scope, day=first_day, last_day=coming[-1], only=frozenset({OWN_READING})):
        dues = [due for due in facts.dues if due.rule == OWN_READING and due.thing.startswith(f"{document}:")]
        for day in coming:
            lines = plan_days([day], replace(facts, dues=dues))
            if lines:
                return Nudge(day, len({line.person for line in lines}))
    return None
