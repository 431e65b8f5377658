"""What falls due at a school, and what falls due for one person, as days of a calendar. Every count comes from a measure.

Never of the referral log, never a name of a member of staff: a calendar ends up on other firms' servers and shared screens.
"""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Role
from tenants.calendar.entries import name_of
from tenants.calendar.queries import calendar_of
from tenants.calendar.rules import academic_year_of
from tenants.calendar.school_year import Entry, EntryKind, SchoolCalendar
from tenants.feeds.types import FeedEvent
from tenants.insights.measures.dated import DatedAction, dated_actions, expiring_evidence, holders_of, own_needs
from tenants.insights.measures.filtering import filtering_standings
from tenants.insights.measures.training import training_lapsing
from tenants.insights.subjects import titles_of_subjects

AHEAD = timedelta(days=400)
LAPSES_AHEAD = timedelta(days=90)
OVERDUE_KEPT = timedelta(days=366)  # what is overdue longer is in the plan, not in a calendar
LONGEST_WORDING = 90


def events_of_school(scope: SchoolScope, *, base_url: str, today: date) -> list[FeedEvent]:
    """Actions due and to be looked at again, evidence, training that lapses, the next review of filtering, its own dates."""
    require_bound(scope)
    page = f"{base_url}/schools/{scope.school_id}"
    events = [*_actions(scope, page, today), *_evidence(scope, page, today), *_lapsing(scope, page, today)]
    events += _filtering(scope, page, today)
    events += _dates(calendar_of(scope, day=today), str(scope.school_id), page, today)
    return _in_order(events)


def events_of_person(
    scope: SchoolScope, *, email: str, roles: frozenset[Role], base_url: str, today: date
) -> list[FeedEvent]:
    """Of one school, what is the person's own: actions that they own or their role does, training of theirs that lapses.

    The person is the member of staff with the account's address. What has no day, such as reading, has no place here.
    """
    require_bound(scope)
    page = f"{base_url}/schools/{scope.school_id}"
    titles = titles_of_subjects(scope)
    needs = [each for each in own_needs(scope, as_at=today, until=today + AHEAD) if each.email.lower() == email.lower()]
    actions = dated_actions(scope, as_at=today, until=today + AHEAD)
    mine, held = _holds(scope, actions, email, roles, today)
    events = [
        event
        for action in actions
        if action.owner_id in mine or (action.owner_id is None and action.owner_role in held)
        for event in _of_action(action, page, today)
    ]
    events += [
        FeedEvent(f"own:{scope.school_id}:{need.staff_id}:{need.key}", f"Lapses: {titles[need.key]}", need.until)
        for need in needs
        if need.kind == "training" and need.until is not None
    ]
    return _in_order(events)


def _holds(
    scope: SchoolScope, actions: list[DatedAction], email: str, roles: frozenset[Role], today: date
) -> tuple[set[uuid.UUID], set[str]]:
    """As whom the person is on the staff, and the roles whose actions are theirs."""
    owners = {action.owner_id for action in actions if action.owner_id is not None}
    wanted = {action.owner_role for action in actions if action.owner_role is not None}
    holders = holders_of(scope, as_at=today, roles=wanted, people=owners)
    found = [holder for holder in holders if holder.email.lower() == email.lower()]
    held = {role for holder in found for role in holder.roles}
    # Who leads is who may change the plan: an account, whatever the staff list says.
    held -= {Role.PREVENT_LEAD.value}
    return {holder.staff_id for holder in found}, held | ({Role.PREVENT_LEAD.value} & {role.value for role in roles})


def _actions(scope: SchoolScope, page: str, today: date) -> Iterator[FeedEvent]:
    for action in dated_actions(scope, as_at=today, until=today + AHEAD):
        yield from _of_action(action, page, today)


def _of_action(action: DatedAction, page: str, today: date) -> Iterator[FeedEvent]:
    words, address = _cut(action.wording), f"{page}/plan/actions/{action.action_id}"
    for what, day, title in (
        ("due", action.due_on, f"Due: {words}"),
        ("review", action.review_on, f"Look again: {words}"),
    ):
        if day is not None and day >= today - OVERDUE_KEPT:
            yield FeedEvent(f"{what}:{action.action_id}", title, day, address=address)


def _evidence(scope: SchoolScope, page: str, today: date) -> Iterator[FeedEvent]:
    for piece in expiring_evidence(scope, until=today + AHEAD):
        if piece.expires_on >= today - OVERDUE_KEPT:
            title, address = f"Evidence runs out: {_cut(piece.title)}", f"{page}/evidence/{piece.evidence_id}/revisions"
            yield FeedEvent(f"evidence:{piece.evidence_id}", title, piece.expires_on, address=address)


def _lapsing(scope: SchoolScope, page: str, today: date) -> Iterator[FeedEvent]:
    """One day for each course: the first on which somebody's lapses."""
    titles = titles_of_subjects(scope)
    for row in training_lapsing(scope, as_at=today, until=today + LAPSES_AHEAD):
        people = f"{row.people:,} {'person' if row.people == 1 else 'people'}"
        title = f"Lapses for {people} in the next {LAPSES_AHEAD.days} days: {titles[row.course]}"
        yield FeedEvent(f"lapsing:{scope.school_id}:{row.course}", title, row.first_on, address=f"{page}/staff")


def _filtering(scope: SchoolScope, page: str, today: date) -> Iterator[FeedEvent]:
    """One day: a review that is recorded moves it. A school that has recorded none has no day for it."""
    for standing in filtering_standings(scope, as_at=today):
        if standing.due_on is not None and standing.due_on >= today - OVERDUE_KEPT:
            title = "Due: review of filtering and monitoring"
            yield FeedEvent(f"filtering:{scope.school_id}", title, standing.due_on, address=f"{page}/filtering")


def _dates(calendar: SchoolCalendar, owner: str, page: str, today: date) -> Iterator[FeedEvent]:
    """Terms, half terms, INSET days and closures, as far as somebody has set them."""
    for year in (academic_year_of(today), academic_year_of(today) + 1):
        yield from events_of_year(calendar, year, owner, f"{page}/calendar")


def events_of_year(calendar: SchoolCalendar, year: int, owner: str, address: str = "") -> Iterator[FeedEvent]:
    """The dates of a year as they hold. The usual dates, which nobody has set, are left out."""
    held = calendar.year(year)
    if held.terms_from is not None:
        for term in held.terms:
            for first in (True, False):
                day, word = (term.first_on, "begins") if first else (term.last_on, "ends")
                title = f"{term.season.capitalize()} term {word}"
                yield FeedEvent(f"term:{owner}:{year}:{term.season}:{word}", title, day, address=address)
            if term.half_term:
                each = term.half_term
                key = f"half-term:{owner}:{year}:{term.season}"
                yield FeedEvent(key, name_of(each), each.first_on, each.last_on, address=address)
    for day, special in sorted(held.special.items()):
        title = name_of(Entry(special.kind, day, day, title=special.title))
        kind = "inset" if special.kind is EntryKind.INSET else "closure"
        yield FeedEvent(f"{kind}:{owner}:{day}", title, day, address=address)


def _in_order(events: list[FeedEvent]) -> list[FeedEvent]:
    return sorted(events, key=lambda each: (each.on, each.key))


def _cut(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_WORDING else f"{words[:LONGEST_WORDING].rstrip()}…"
