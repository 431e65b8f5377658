"""The demonstration's releases: one that is out, one that awaits review, and a group's that adds three authorities up."""

import uuid
from collections.abc import Callable
from datetime import date

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, PlatformScope, bind_scope
from tenants.access.models import Account
from tenants.calendar.rules import Term, last_terms
from tenants.demo import people
from tenants.demo.places import AUTHORITIES, GROUP
from tenants.insights.disclosure.drafting import has_plans, make_draft
from tenants.insights.disclosure.groups import groups, save_group
from tenants.insights.disclosure.models import DraftState, ReleaseDraft, ReleaseRequest
from tenants.insights.disclosure.publishing import approve, carry_out
from tenants.insights.disclosure.requests import ask
from tenants.insights.disclosure.rollup import TooFewReleases, make_group_draft
from tenants.insights.disclosure.types import ReleaseRules
from tenants.organisations.models import LocalAuthority

Owner = AuthorityScope | PlatformScope


def terms_to_release(today: date) -> tuple[Term, Term]:
    """The last term but one that is over, whose releases are out, and the last, whose draft awaits review."""
    first, second, _ = last_terms(today, 3)
    return first, second


def make_first_release(today: date, rules: ReleaseRules) -> None:
    """What there is to see from the first minute: a release of the first authority, and its officer's request.

    Commits after each step, since one release is checked against those that are out.
    """
    scope = _authorities()[0]
    bind_scope(scope)
    if not has_plans(scope):
        return
    term, _ = terms_to_release(today)
    _release(scope, term, rules, today)
    bind_scope(scope)
    if db.session.scalar(select(ReleaseRequest.id).limit(1)) is None:
        ask(
            scope,
            account_id=_account(people.OFFICER),
            term=term.key,
            subject="referrals",
            by=["kind"],
            purpose="To plan next year’s training for academies and other schools.",
        )
    db.session.commit()
    bind_scope(PlatformScope())


def make_other_releases(today: date, rules: ReleaseRules, progress: Callable[[int, int], None]) -> bool:
    """The rest, which takes longer: the other authorities' releases, the group's, and the draft that awaits review.

    Commits after each step; begun again after it was cut off, it goes on where it stopped. Returns whether the group has
    its release.
    """
    first, second = terms_to_release(today)
    areas = _authorities()
    for done, scope in enumerate(areas):
        bind_scope(scope)
        if has_plans(scope):
            _release(scope, first, rules, today)
        progress(done + 1, len(areas) + 2)
    is_out = _release_of_group([scope.authority_id for scope in areas], first, rules, today)
    progress(len(areas) + 1, len(areas) + 2)
    bind_scope(areas[0])  # last: the releases above would overtake it
    make_draft(areas[0], term=second, rules=rules, today=today)
    db.session.commit()
    progress(len(areas) + 2, len(areas) + 2)
    bind_scope(PlatformScope())
    return is_out


def _release_of_group(authorities: list[uuid.UUID], term: Term, rules: ReleaseRules, today: date) -> bool:
    scope = PlatformScope()
    bind_scope(scope)
    found = next((group.id for group in groups(scope) if group.name == GROUP), None)
    if found is None:
        by = _account(people.ADMINISTRATOR)
        found = save_group(scope, group_id=None, name=GROUP, authorities=authorities, account_id=by).id
        db.session.commit()
    try:
        make_group_draft(scope, group_id=found, term=term, rules=rules, today=today)
    except TooFewReleases:  # data of before there were three authorities
        return False
    db.session.commit()
    _let_out(scope, found, term)
    return True


def _release(scope: AuthorityScope, term: Term, rules: ReleaseRules, today: date) -> None:
    make_draft(scope, term=term, rules=rules, today=today)
    db.session.commit()
    _let_out(scope, scope.authority_id, term)


def _let_out(scope: Owner, owner: uuid.UUID, term: Term) -> None:
    """Approves the draft that awaits review, and publishes it."""
    bind_scope(PlatformScope())
    draft = db.session.scalar(
        select(ReleaseDraft).where(
            ReleaseDraft.term == term.key,
            (ReleaseDraft.authority_id == owner) | (ReleaseDraft.group_id == owner),
            ReleaseDraft.state.in_([DraftState.AWAITING, DraftState.APPROVED]),
        )
    )
    if draft is None:
        return
    draft_id = draft.id
    if draft.state is DraftState.AWAITING:
        approve(PlatformScope(), draft_id=draft_id, account_id=_account(people.ADMINISTRATOR))
    bind_scope(scope)
    carry_out(scope, draft_id=draft_id)
    db.session.commit()


def _authorities() -> list[AuthorityScope]:
    bind_scope(PlatformScope())
    query = select(LocalAuthority.id).where(LocalAuthority.code.in_(AUTHORITIES)).order_by(LocalAuthority.code)
    return [AuthorityScope(key) for key in db.session.scalars(query)]


def _account(who: people.DemoAccount) -> uuid.UUID:
    return db.session.scalars(select(Account.id).where(Account.email == who.email)).one()
