"""Drafting the authorities' releases once a term, and carrying out what their publishers decided."""

import uuid
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import REPORTS
from prevent_trust.tenancy import AuthorityScope, PlatformScope, bind_scope, scope_bound
from tenants.calendar.rules import Term, parse_term, term_of
from tenants.insights.disclosure.drafting import has_plans, make_draft, make_requested_draft
from tenants.insights.disclosure.groups import groups_ready
from tenants.insights.disclosure.publishing import carry_out, tell_officers
from tenants.insights.disclosure.rollup import TooFewReleases, make_group_draft
from tenants.insights.disclosure.types import ReleaseRules
from tenants.organisations.models import LocalAuthority


def release_rules(settings: Settings) -> ReleaseRules:
    """The thresholds of this installation."""
    return ReleaseRules(count=settings.release_minimum_count, schools=settings.release_minimum_schools)


@job("make_release", queue=REPORTS)
def make_one(*, progress: Progress, authority_id: str, term: str) -> dict[str, Any]:
    """Drafts an authority's release of a term, for its publisher's review."""
    progress(0, 1, "Gathering, protecting and auditing the figures.")
    scope, rules = AuthorityScope(uuid.UUID(authority_id)), release_rules(current_app.extensions["settings"])
    draft_id = make_draft(scope, term=parse_term(term), rules=rules, today=_today())
    return _said(progress, draft_id, "There is a draft or a release for this term already. It was left as it is.")


@job("make_requested_release", queue=REPORTS)
def make_requested(*, progress: Progress, authority_id: str, request_id: str) -> dict[str, Any]:
    """Drafts a table that an officer asked for, checked together with everything that is out."""
    progress(0, 1, "Protecting and auditing the table.")
    scope, rules = AuthorityScope(uuid.UUID(authority_id)), release_rules(current_app.extensions["settings"])
    draft_id = make_requested_draft(scope, request_id=uuid.UUID(request_id), rules=rules)
    return _said(progress, draft_id, "There is a draft of this table already. It was left as it is.")


def _said(progress: Progress, draft_id: uuid.UUID | None, otherwise: str) -> dict[str, Any]:
    message = otherwise if draft_id is None else "The draft is made. Its publisher decides on it."
    progress(1, 1, message)
    return {"made": draft_id is not None, "message": message, "draft_id": str(draft_id) if draft_id else None}


@job("make_releases", queue=REPORTS)
def ask_for_all(*, progress: Progress) -> dict[str, Any]:
    """Asks for the draft of the last finished term for every authority with a school that has a plan."""
    term = term_of(_today()).previous
    authorities = db.session.execute(select(LocalAuthority.id, LocalAuthority.name).order_by(LocalAuthority.code)).all()
    asked = 0
    for done, authority in enumerate(authorities, start=1):
        scope = AuthorityScope(authority.id)
        with scope_bound(scope):
            wanted = has_plans(scope)
        if wanted:
            request_job(
                "make_release",
                scope=scope,
                title=f"Draft release for {authority.name}, {term.title}",
                arguments={"authority_id": str(authority.id), "term": term.key},
                once_key=f"release:{authority.id}:{term.key}",
            )
            asked += 1
        progress(done, len(authorities))
    return {"term": term.key, "asked_for": asked, "groups": _ask_for_groups(term)}


def _ask_for_groups(term: Term) -> int:
    """Asks for the drafts of groups whose authorities' releases of the term are all out. Looked at every day."""
    wanted = groups_ready(PlatformScope(), term=term)
    for group in wanted:
        request_job(
            "make_group_release",
            scope=PlatformScope(),
            title=f"Draft release for {group.name}, {term.title}",
            arguments={"group_id": str(group.id), "term": term.key},
            once_key=f"release:{group.id}:{term.key}",
        )
    return len(wanted)


@job("make_group_release", queue=REPORTS)
def make_group(*, progress: Progress, group_id: str, term: str) -> dict[str, Any]:
    """Drafts a group's release of a term from its authorities' releases, for a publisher's review."""
    progress(0, 1, "Adding up, protecting and auditing the figures.")
    rules = release_rules(current_app.extensions["settings"])
    try:
        draft_id = make_group_draft(
            PlatformScope(), group_id=uuid.UUID(group_id), term=parse_term(term), rules=rules, today=_today()
        )
    except TooFewReleases as few:
        return _said(progress, None, str(few))
    return _said(progress, draft_id, "There is a draft or a release for this term already. It was left as it is.")


@job("settle_release", queue=REPORTS)
def settle_release(*, progress: Progress, draft_id: str, authority_id: str | None = None) -> dict[str, Any]:
    """Publishes what was approved, or withdraws what was to be, then tells the officers. Each in a transaction of its own.

    Without an authority the draft is a group's.
    """
    scope = AuthorityScope(uuid.UUID(authority_id)) if authority_id else PlatformScope()
    draft = uuid.UUID(draft_id)
    settings: Settings = current_app.extensions["settings"]
    bind_scope(scope)
    message = carry_out(scope, draft_id=draft)
    db.session.commit()
    bind_scope(PlatformScope())
    mails = tell_officers(PlatformScope(), draft_id=draft, base_url=settings.base_url, today=_today())
    # Also when this run wrote none: one that was killed before it could ask may have.
    request_job("deliver_mail", scope=PlatformScope(), title="Send mail about a release")
    progress(1, 1, message)
    return {"message": message, "mails": mails}


def _today() -> date:
    """Today in England."""
    return datetime.now(ZoneInfo("Europe/London")).date()
