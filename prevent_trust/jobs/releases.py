"""Making the authorities' releases, once a term."""

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
from prevent_trust.tenancy import AuthorityScope, scope_bound
from tenants.calendar.rules import parse_term, term_of
from tenants.insights.disclosure.release import has_plans, make_release
from tenants.insights.disclosure.types import ReleaseRules
from tenants.organisations.models import LocalAuthority


@job("make_release", queue=REPORTS)
def make_one(*, progress: Progress, authority_id: str, term: str) -> dict[str, Any]:
    settings: Settings = current_app.extensions["settings"]
    release_id = make_release(
        AuthorityScope(uuid.UUID(authority_id)),
        term=parse_term(term),
        rules=ReleaseRules(count=settings.release_minimum_count, schools=settings.release_minimum_schools),
        today=_today(),
    )
    if release_id is None:
        message = "There is a release for this term already. It was left as it is."
        progress(1, 1, message)
        return {"made": False, "message": message}
    progress(1, 1, "The release is made.")
    return {"made": True, "release_id": str(release_id)}


@job("make_releases", queue=REPORTS)
def ask_for_all(*, progress: Progress) -> dict[str, Any]:
    """Asks for the release of the last finished term for every authority with a school that has a plan."""
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
                title=f"Release for {authority.name}, {term.title}",
                arguments={"authority_id": str(authority.id), "term": term.key},
                once_key=f"release:{authority.id}:{term.key}",
            )
            asked += 1
        progress(done, len(authorities))
    return {"term": term.key, "asked_for": asked}


def _today() -> date:
    """Today in England."""
    return datetime.now(ZoneInfo("Europe/London")).date()
