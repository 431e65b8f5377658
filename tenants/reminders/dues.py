"""What is to be done at each school of a scope, as the rules of reminders look at it. Every count comes from a measure."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from prevent_trust.tenancy import Scope
from tenants.insights.measures.cover import CoverState
from tenants.insights.measures.dated import DatedAction, expiring_evidence, own_needs
from tenants.insights.measures.flags import plans_not_opened
from tenants.insights.measures.outlook import Outlook, outlook
from tenants.insights.measures.training import training_lapsing
from tenants.insights.measures.types import Lapsing
from tenants.insights.measures.upkeep import open_upkeep
from tenants.plan.rules import DUE_WITHIN
from tenants.reading.campaigns import links_that_work
from tenants.reminders.planning import READING_PAGE, Addressee, Due
from tenants.staff.models import STAFF_ROLE_NAMES
from tenants.training.asking.statements import statements_waiting

_OF_PLANS = frozenset({"action", "review", "returned", "plan"})
_OF_TRAINING = frozenset({"training", "lapsing"})
_OF_OUTLOOK = _OF_PLANS | _OF_TRAINING | {"posts", "reading"}
LONGEST_WORDING = 90
NOBODYS = frozenset({"all_staff", "teaching", "support"})  # roles of so many that nobody is meant


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the rules that are active somewhere, the titles of courses and documents, and how far ahead.

    `ahead` is the most days before a day on which a rule begins; `last_day` the last day that is planned.
    """

    as_at: date
    last_day: date
    rules: frozenset[str]
    ahead: int
    titles: dict[str, str]
    lapsing: dict[uuid.UUID, int]  # by school: how many days its rule about training that lapses looks ahead

    @property
    def until(self) -> date:
        return self.last_day + timedelta(days=self.ahead)

    @property
    def looks_ahead(self) -> list[int]:
        """The different numbers of days that schools look ahead for training that lapses; none of them is 0."""
        return sorted(set(self.lapsing.values())) or [0]

    def lapses_by(self, days: int) -> date:
        return self.as_at + timedelta(days=days)


def dues_of(scope: Scope, wanted: Wanted) -> dict[uuid.UUID, list[Due]]:
    """By school. One query for each measure that an active rule looks at, however many schools there are.

    Plans, training, reading and posts come from one statement.
    """
    dues: dict[uuid.UUID, list[Due]] = defaultdict(list)
    if wanted.rules & _OF_OUTLOOK:
        # Far enough that what is due soon is counted whatever the rules say.
        until = max(wanted.until, wanted.as_at + DUE_WITHIN)
        found = outlook(scope, as_at=wanted.as_at, until=until, lapse_until=wanted.lapses_by(wanted.looks_ahead[0]))
        for due in _of_outlook(scope, wanted, found):
            dues[due.school_id].append(due)
    for rules, read in _READERS:
        if wanted.rules & rules:
            for due in read(scope, wanted):
                dues[due.school_id].append(due)
    return dues


def _of_outlook(scope: Scope, wanted: Wanted, found: Outlook) -> Iterable[Due]:
    if wanted.rules & _OF_PLANS:
        yield from _of_plans(wanted, found)
    if "posts" in wanted.rules:
        yield from _of_posts(found)
    if wanted.rules & _OF_TRAINING:
        yield from _of_training(scope, wanted, found)
    if "reading" in wanted.rules:
        yield from _of_reading(wanted, found)


def _of_plans(wanted: Wanted, found: Outlook) -> Iterable[Due]:
    overdue: dict[uuid.UUID, int] = defaultdict(int)
    soon: dict[uuid.UUID, int] = defaultdict(int)
    for action in found.actions:
        yield from _of_action(action)
        if action.due_on is not None:
            overdue[action.school_id] += action.due_on < wanted.as_at
            soon[action.school_id] += wanted.as_at <= action.due_on <= wanted.as_at + DUE_WITHIN
    for school_id, count in overdue.items():
        if count:
            words = f"{_count(count, 'action')} overdue in the plan"
            yield Due(school_id, "plan", "overdue", words, "/plan?state=overdue")
    for school_id, count in soon.items():
        if count:
            yield Due(school_id, "plan", "soon", f"{_count(count, 'action')} due within two weeks", "/plan")


def _of_action(action: DatedAction) -> Iterable[Due]:
    words = f"“{_cut(action.wording)}”"
    page = f"/plan/actions/{action.action_id}"
    owner = action.owner_id or (action.owner_role if action.owner_role not in NOBODYS else None)
    thing = str(action.action_id)
    if action.due_on is not None:
        yield Due(action.school_id, "action", thing, words, page, on=action.due_on, owner=owner)
    if action.review_on is not None:
        yield Due(action.school_id, "review", thing, f"Look at {words} again", page, on=action.review_on, owner=owner)
    if action.returned_on is not None:
        yield Due(
            action.school_id, "returned", thing, f"Answer your trust about {words}", page, on=action.returned_on,
            owner=owner, passed="it was returned on",
        )  # fmt: skip


def _of_evidence(scope: Scope, wanted: Wanted) -> Iterable[Due]:
    for piece in expiring_evidence(scope, until=wanted.until):
        yield Due(
            piece.school_id, "evidence", str(piece.evidence_id), f"Renew the evidence “{_cut(piece.title)}”", "/evidence",
            on=piece.expires_on, passed="it ran out on",
        )  # fmt: skip


def _of_upkeep(scope: Scope, wanted: Wanted) -> Iterable[Due]:
    for school_id, follow_ups, contacts in open_upkeep(scope, as_at=wanted.as_at):
        if follow_ups:
            words = f"{_count(follow_ups, 'referral')} to follow up"
            yield Due(school_id, "follow-ups", "open", words, "/referrals?state=open")
        if contacts:
            words = f"{_count(contacts, 'contact')} that nobody has checked within twelve months"
            yield Due(school_id, "contacts", "unchecked", words, "/contacts")


def _of_openings(scope: Scope, wanted: Wanted) -> Iterable[Due]:
    for school_id in plans_not_opened(scope, as_at=wanted.as_at):
        words = "Nobody who may change the plan has opened it for a term"
        yield Due(school_id, "not-opened", "plan", words, "/plan")


def _of_posts(found: Outlook) -> Iterable[Due]:
    for post in found.posts:
        name = STAFF_ROLE_NAMES[post.role]
        if post.state is CoverState.VACANT:
            yield Due(post.school_id, "posts", post.rule, f"The post of {name} is vacant", "/staff")
        elif post.state is CoverState.UNTRAINED:
            words = f"{name}: the training that the post asks for is missing or has run out"
            yield Due(post.school_id, "posts", post.rule, words, "/staff")


def _of_training(scope: Scope, wanted: Wanted, found: Outlook) -> Iterable[Due]:
    """What is missing, and what lapses within as many days as each school's rule says: a statement for each further number."""
    for row in found.training:
        if row.missing:
            words = f"{wanted.titles[row.key]}: {row.missing} of {row.denominator} staff are missing it"
            yield Due(row.school_id, "training", row.key, words, f"/staff?gap={row.key}")
    if "lapsing" not in wanted.rules:
        return
    for number, days in enumerate(wanted.looks_ahead):
        until = wanted.lapses_by(days)
        lapses = training_lapsing(scope, as_at=wanted.as_at, until=until) if number else found.lapsing
        for lapse in lapses:
            if wanted.lapsing.get(lapse.school_id) == days:
                yield _lapsing(lapse, wanted)


def _lapsing(row: Lapsing, wanted: Wanted) -> Due:
    people = _count(row.people, "person", "people")
    words = f"{wanted.titles[row.course]}: lapses for {people}, first on {row.first_on.day} {row.first_on:%B}"
    return Due(row.school_id, "lapsing", row.course, words, "/staff")


def _of_statements(scope: Scope, wanted: Wanted) -> Iterable[Due]:
    for school_id, count in statements_waiting(scope).items():
        words = f"{_count(count, 'answer')} of staff about their training {'waits' if count == 1 else 'wait'} for you"
        yield Due(school_id, "training-said", "waiting", words, "/staff/training/said")


def _of_reading(wanted: Wanted, found: Outlook) -> Iterable[Due]:
    for row in found.reading:
        if row.missing:
            words = f"{wanted.titles[row.key]}: {row.missing} of {row.denominator} staff have not confirmed it"
            yield Due(row.school_id, "reading", row.key, words, f"/reading/{row.key}")


def _of_people(scope: Scope, wanted: Wanted) -> Iterable[Due]:
    links = links_that_work(scope, as_at=wanted.as_at) if "own-reading" in wanted.rules else {}
    for need in own_needs(scope, as_at=wanted.as_at, until=wanted.until):
        who = Addressee(need.staff_id, need.name, need.email)
        title = wanted.titles[need.key]
        thing = f"{need.key}:{need.staff_id}"
        if need.kind == "reading":
            link = links.get((need.staff_id, need.key))
            words = f"Read “{title}” and {'confirm it' if link else 'tell your Prevent lead'}"
            page = f"{READING_PAGE}{link}" if link else ""
            yield Due(need.school_id, "own-reading", thing, words, page, person=who)
        elif need.until is None:
            yield Due(need.school_id, "own-training", thing, f"You are missing the training “{title}”", "", person=who)
        else:
            words = f"Your training “{title}” lapses"
            yield Due(need.school_id, "own-lapsing", thing, words, "", on=need.until, person=who)


_Reader = Callable[[Scope, Wanted], Iterable[Due]]
_READERS: tuple[tuple[frozenset[str], _Reader], ...] = (
    (frozenset({"evidence"}), _of_evidence),
    (frozenset({"follow-ups", "contacts"}), _of_upkeep),
    (frozenset({"not-opened"}), _of_openings),
    (frozenset({"training-said"}), _of_statements),
    (frozenset({"own-training", "own-lapsing", "own-reading"}), _of_people),
)


def _cut(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= LONGEST_WORDING else f"{line[: LONGEST_WORDING - 1].rstrip()}…"


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
