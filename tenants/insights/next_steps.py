"""What a school does next, in order, and why: the rules of the overview's first screen.

The order follows what can hurt first: nobody in charge, an open referral left alone, what is said to be done by a date
and is not, then who is missing what, then what nobody has looked at. Each rule says at most one thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from prevent_trust.tenancy import SchoolScope
from tenants.insights.measures.compliance import action_states
from tenants.insights.measures.filtering import FilteringStanding, ReviewState, filtering_standings
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.review_actions import linked_actions
from tenants.insights.measures.training import training_coverage, training_lapsing
from tenants.insights.measures.types import ActionState, Coverage, Lapsing, Upkeep
from tenants.insights.measures.upkeep import upkeep
from tenants.insights.review_progress import AskedState, ReviewProgress, progress_of
from tenants.plan.models import ActionStanding
from tenants.plan.rules import DUE_WITHIN

MOST_STEPS = 7
LAPSING_WITHIN = timedelta(days=60)
REVIEW_WITHIN = timedelta(days=30)  # it takes several people: they need a day in common


class Target(StrEnum):
    """The page on which a step is done."""

    PLAN = "plan"
    PLAN_OVERDUE = "plan_overdue"
    PLAN_UNANSWERED = "plan_unanswered"
    PLAN_NOT_MET = "plan_not_met"
    PLAN_STALE = "plan_stale"
    PLAN_FINDINGS = "plan_findings"
    STAFF = "staff"
    TRAINING = "training"
    READING = "reading"
    REFERRALS = "referrals"
    CONTACTS = "contacts"
    FILTERING = "filtering"
    FILTERING_ACTIONS = "filtering_actions"


@dataclass(frozen=True)
class NextStep:
    """`subject` is the key of a course or document, or the id of a review, where the step is about one."""

    target: Target
    title: str
    why: str
    button: str
    subject: str | None = None


@dataclass(frozen=True)
class SchoolFacts:
    """All that the rules look at, on one date. `titles` name courses and documents by key."""

    as_at: date
    has_plan: bool
    actions: Sequence[ActionState]
    training: Sequence[Coverage]
    reading: Sequence[Coverage]
    lapsing: Sequence[Lapsing]
    upkeep: Upkeep
    filtering: FilteringStanding
    asked: ReviewProgress  # of what the last review of filtering asked for
    open_findings: int
    titles: dict[str, str]

    @property
    def overdue(self) -> list[ActionState]:
        return [action for action in self.actions if action.is_overdue]


def school_facts(
    scope: SchoolScope, *, as_at: date, has_plan: bool, open_findings: int, titles: dict[str, str]
) -> SchoolFacts:
    """Reads the measures; eight queries."""
    actions, filtering = action_states(scope, as_at=as_at), filtering_standings(scope, as_at=as_at)[0]
    return SchoolFacts(
        as_at=as_at,
        has_plan=has_plan,
        actions=actions,
        training=training_coverage(scope, as_at=as_at),
        reading=reading_coverage(scope, as_at=as_at),
        lapsing=training_lapsing(scope, as_at=as_at, until=as_at + LAPSING_WITHIN),
        upkeep=upkeep(scope, as_at=as_at)[0],
        filtering=filtering,
        asked=_asked(scope, filtering, actions, as_at),
        open_findings=open_findings,
        titles=titles,
    )


def _asked(
    scope: SchoolScope, standing: FilteringStanding, actions: Sequence[ActionState], as_at: date
) -> ReviewProgress:
    if standing.outcome is None:
        return ReviewProgress(())
    linked = [each for each in linked_actions(scope, as_at=as_at) if each.review_id == standing.review_id]
    return progress_of(outcome=standing.outcome, actions=standing.actions, linked=linked, states=actions)


def next_steps(facts: SchoolFacts) -> list[NextStep]:
    """At most seven, the most pressing first. None means that nothing is left to do today."""
    steps = [
        *_posts(facts),
        *_follow_ups(facts),
        *_plan_missing(facts),
        *_overdue(facts),
        *_not_met(facts),
        *_stale(facts),
        *_filtering(facts),
        *_asked_for(facts),
        *_training(facts),
        *_reading(facts),
        *_findings(facts),
        *_lapsing(facts),
        *_contacts(facts),
        *_unanswered(facts),
        *_due_soon(facts),
    ]
    return steps[:MOST_STEPS]


def _posts(facts: SchoolFacts) -> list[NextStep]:
    if not facts.upkeep.staff:
        why = "Until the service knows who works here, nobody can say who is missing what."
        return [NextStep(Target.STAFF, "Add your staff", why, "Import staff")]
    vacant = [
        name
        for name, held in (("Prevent lead", facts.upkeep.has_prevent_lead), ("DSL", facts.upkeep.has_dsl))
        if not held
    ]
    if not vacant:
        return []
    return [
        NextStep(
            Target.STAFF,
            f"Record who is {' and '.join(vacant)}",
            f"Nobody among the staff holds the role of {' or '.join(vacant)} today.",
            "Go to staff",
        )
    ]


def _follow_ups(facts: SchoolFacts) -> list[NextStep]:
    count = facts.upkeep.follow_ups_overdue
    if not count:
        return []
    title = f"Follow up {_count(count, 'referral')}"
    return [NextStep(Target.REFERRALS, title, "The date on which you meant to ask again has passed.", "See referrals")]


def _plan_missing(facts: SchoolFacts) -> list[NextStep]:
    if facts.has_plan:
        return []
    why = "The school has no plan here yet. Start from the current edition, or from your own Word document."
    return [NextStep(Target.PLAN, "Start your action plan", why, "Start the plan")]


def _overdue(facts: SchoolFacts) -> list[NextStep]:
    days = sorted(action.due_on for action in facts.overdue if action.due_on)
    if not days:
        return []
    why = f"The oldest was due on {_day(days[0])}. An overdue action makes its section red."
    return [NextStep(Target.PLAN_OVERDUE, f"Finish {_count(len(days), 'overdue action')}", why, "See what is overdue")]


def _not_met(facts: SchoolFacts) -> list[NextStep]:
    open_ = [
        action for action in facts.actions
        if action.status is ActionStanding.NOT_MET and not action.is_overdue and not action.is_derived
    ]  # fmt: skip
    without_date = [action for action in open_ if action.due_on is None]
    if not without_date:
        return []
    why = "What is not met needs somebody who does it and a day by which it is done."
    title = f"Give {_count(len(without_date), 'action')} that {_is(len(without_date))} not met a due date"
    return [NextStep(Target.PLAN_NOT_MET, title, why, "See what is not met")]


def _stale(facts: SchoolFacts) -> list[NextStep]:
    stale = [action for action in facts.actions if action.status is ActionStanding.STALE]
    if not stale:
        return []
    reworded = sum(action.awaits_confirmation for action in stale)
    words = f"{_count(reworded, 'action was', 'actions were')} reworded since. " if reworded else ""
    why = f"{words}What was met stays green only as long as somebody looks at it again when its review falls due."
    return [NextStep(Target.PLAN_STALE, f"Confirm {_count(len(stale), 'action')}", why, "See what to confirm")]


def _filtering(facts: SchoolFacts) -> list[NextStep]:
    standing, due_on = facts.filtering, facts.filtering.due_on
    if standing.state is ReviewState.NONE:
        why = "No review is recorded here. It is to be done at least once a year: record the last, or plan one."
        return [NextStep(Target.FILTERING, "Record the review of filtering and monitoring", why, "Record a review")]
    if due_on is None or due_on > facts.as_at + REVIEW_WITHIN:
        return []
    why = f"The next review {'was' if standing.is_due_past(facts.as_at) else 'is'} due by {_day(due_on)}."
    return [NextStep(Target.FILTERING, "Review filtering and monitoring", why, "See the reviews")]


def _asked_for(facts: SchoolFacts) -> list[NextStep]:
    """What is in the plan is told of there; what a review asked for and nobody took up is told of nowhere else."""
    count = facts.asked.count(AskedState.NOT_IN_PLAN)
    if not count or not facts.has_plan:
        return []
    title = f"Put {_count(count, 'thing')} that the review of filtering asked for into your plan"
    why = "In the plan it has somebody who does it and a day by which it is done. In the review alone it is forgotten."
    return [NextStep(Target.FILTERING_ACTIONS, title, why, "See what it asked for", str(facts.filtering.review_id))]


def _training(facts: SchoolFacts) -> list[NextStep]:
    gaps = sorted((row for row in facts.training if row.missing), key=lambda row: row.missing, reverse=True)
    if not gaps:
        return []
    worst = gaps[0]
    others = f" {_count(len(gaps) - 1, 'other course')} also {_has(len(gaps) - 1)} gaps." if len(gaps) > 1 else ""
    why = f"{_title(facts, worst.key)}: {worst.numerator} of {worst.denominator} hold it.{others}"
    title = f"Get {_count(worst.missing, 'person', 'people')} trained"
    return [NextStep(Target.TRAINING, title, why, "See who is missing it", worst.key)]


def _reading(facts: SchoolFacts) -> list[NextStep]:
    gaps = sorted((row for row in facts.reading if row.missing), key=lambda row: row.missing, reverse=True)
    if not gaps:
        return []
    worst = gaps[0]
    why = f"{_title(facts, worst.key)}: {worst.numerator} of {worst.denominator} have confirmed that they read it."
    title = f"Ask {_count(worst.missing, 'person', 'people')} to read and confirm"
    return [NextStep(Target.READING, title, why, "See who has not", worst.key)]


def _findings(facts: SchoolFacts) -> list[NextStep]:
    if not facts.open_findings:
        return []
    title = f"Look at {_count(facts.open_findings, 'point')} that {_is(facts.open_findings)} out of date in your plan"
    return [
        NextStep(Target.PLAN_FINDINGS, title, "Your document cites guidance that has been replaced.", "See the points")
    ]


def _lapsing(facts: SchoolFacts) -> list[NextStep]:
    if not facts.lapsing:
        return []
    people = sum(row.people for row in facts.lapsing)
    first = min(facts.lapsing, key=lambda row: row.first_on)
    why = f"The first is {_title(facts, first.course)}, on {_day(first.first_on)}."
    title = f"Renew {_count(people, 'certificate')} within {LAPSING_WITHIN.days} days"
    return [NextStep(Target.TRAINING, title, why, "See whose", first.course)]


def _contacts(facts: SchoolFacts) -> list[NextStep]:
    if not facts.upkeep.own_contacts:
        why = "In a crisis nobody should look for a number. Add who in school is rung first."
        return [NextStep(Target.CONTACTS, "Add your contacts", why, "Add a contact")]
    count = facts.upkeep.contacts_unchecked
    if not count:
        return []
    why = "Nobody has checked within twelve months that the number still reaches the person."
    return [NextStep(Target.CONTACTS, f"Check {_count(count, 'contact')}", why, "See contacts")]


def _unanswered(facts: SchoolFacts) -> list[NextStep]:
    count = sum(action.status is ActionStanding.NOT_ANSWERED for action in facts.actions)
    if not count:
        return []
    why = "An action that nobody has answered is a question an inspector will ask."
    return [NextStep(Target.PLAN_UNANSWERED, f"Answer {_count(count, 'action')}", why, "See what is not answered")]


def _due_soon(facts: SchoolFacts) -> list[NextStep]:
    done = {ActionStanding.MET, ActionStanding.NOT_APPLICABLE}
    soon = [
        action.due_on
        for action in facts.actions
        if action.due_on and facts.as_at <= action.due_on <= facts.as_at + DUE_WITHIN and action.status not in done
    ]
    if not soon:
        return []
    title = f"Finish {_count(len(soon), 'action')} due within two weeks"
    return [NextStep(Target.PLAN, title, f"The first is due on {_day(min(soon))}.", "See the plan")]


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


def _title(facts: SchoolFacts, key: str) -> str:
    return facts.titles.get(key, key)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
