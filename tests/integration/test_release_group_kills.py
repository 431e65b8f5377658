"""A group's release, killed before every step of its draft, its approval and its coming out: whole or not there at all."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun
from prevent_trust.mail import OutgoingMail
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.access.models import Role
from tenants.calendar.rules import term_of
from tenants.insights.disclosure.models import (
    DraftState,
    Release,
    ReleaseContribution,
    ReleaseDraft,
    ReleaseDraftFile,
    ReleaseFile,
    ReleaseValue,
)
from tenants.insights.disclosure.publishing import withdraw
from tenants.insights.disclosure.types import ReleaseRules
from tests.areas import Area, group_draft, make_area, make_group, release
from tests.factories import Factory, sign_in
from tests.processes import Processes

LAST = term_of(today()).previous
RULES = ReleaseRules(schools=3)  # the authorities are small, the group has as many schools as figures need


@pytest.fixture
def areas(make: Factory, worker: Flask) -> list[Area]:
    """Three authorities with four schools each, whose releases of the last term are out."""
    found = [make_area(make, schools=4, term=LAST) for _ in range(3)]
    for area in found:
        release(make, area, rules=RULES)
    return found


@pytest.fixture
def group(make: Factory, areas: list[Area]) -> uuid.UUID:
    return make_group(make, areas)


def rows(make: Factory, group: uuid.UUID, *models: type[Any]) -> tuple[int, ...]:
    """How many rows of each there are of the group."""
    make.session.rollback()
    return tuple(
        make.session.scalar(select(func.count()).select_from(each).where(each.group_id == group)) or 0
        for each in models
    )


def ask_for(kind: str, **arguments: str) -> uuid.UUID:
    bind_scope(PlatformScope())
    job_id = request_job(kind, scope=PlatformScope(), title="Release", arguments=arguments)
    db.session.commit()
    return job_id


def deaths_of(processes: Processes, work: Callable[[], object], look: Callable[[], object], *, stride: int = 1) -> int:
    """Kills the work before its first step, then `stride` later, and so on until it gets through. Looks after each death."""
    for deaths in itertools.count():
        if not processes.dies(work, before_step=deaths * stride + 1):
            return deaths
        look()
    raise AssertionError


def test_a_group_s_draft_that_is_killed_anywhere_is_there_wholly_or_not_at_all(
    worker: Flask, make: Factory, group: uuid.UUID, processes: Processes
) -> None:
    job_id = ask_for("make_group_release", group_id=str(group), term=LAST.key)
    kept = (ReleaseDraft, ReleaseValue, ReleaseDraftFile)
    seen: set[tuple[int, ...]] = set()
    deaths = deaths_of(processes, lambda: run_job(str(job_id)), lambda: seen.add(rows(make, group, *kept)), stride=5)
    whole = rows(make, group, *kept)
    assert whole[:2] == (1, 1)
    assert whole[2] > 10
    assert seen <= {(0, 0, 0), whole}
    assert deaths > 5
    run_job(str(job_id))
    ask = ask_for("make_group_release", group_id=str(group), term=LAST.key)
    run_job(str(ask))
    assert rows(make, group, *kept) == whole
    assert rows(make, group, Release) == (0,)


def test_an_approval_and_a_coming_out_that_are_killed_anywhere_show_no_half_release_and_tell_each_officer_once(
    worker: Flask, client: FlaskClient, make: Factory, areas: list[Area], group: uuid.UUID, processes: Processes
) -> None:
    officers = [make.member(Role.AUTHORITY_OFFICER, area.authority) for area in areas]
    sign_in(client, officers[1])
    made = group_draft(group, term=LAST)
    assert made is not None
    (files,) = rows(make, group, ReleaseDraftFile)
    job_id = _approved_in_spite_of_deaths(make, client.application, made, processes)
    listed = f"/authorities/{areas[1].authority.id}/releases"

    def there() -> tuple[int, int, int]:
        """The release, its files, the authorities whose schools are told that they are in it."""
        released, stored = rows(make, group, Release, ReleaseFile)
        in_it = select(func.count()).select_from(ReleaseContribution).join(Release)
        told = make.session.scalar(in_it.where(Release.group_id == group)) or 0
        assert (f"Fens, {LAST.title}" in client.get(listed).text) is bool(released)
        return released, stored, told

    seen: set[tuple[int, int, int]] = set()
    deaths = deaths_of(processes, lambda: run_job(str(job_id)), lambda: seen.add(there()), stride=3)
    assert deaths > 10
    assert seen == {(0, 0, 0), (1, files, 3)}
    assert there() == (1, files, 3)
    run_job(str(ask_for("settle_release", draft_id=str(made))))
    assert there() == (1, files, 3)
    mails = make.session.scalars(select(OutgoingMail.to_address).where(OutgoingMail.kind == "release")).all()
    assert sorted(mails) == sorted(officer.email for officer in officers)

    _is_withdrawn_wholly(make, client, listed, made, processes)


def _approved_in_spite_of_deaths(make: Factory, web_app: Flask, made: uuid.UUID, processes: Processes) -> uuid.UUID:
    """A publisher's approval whose process dies: not taken, or with its job in the ledger. Returns the job's id."""
    publisher = web_app.test_client()
    sign_in(publisher, make.member(Role.RELEASE_PUBLISHER))
    job = select(JobRun.id).where(JobRun.kind == "settle_release", JobRun.arguments["draft_id"].astext == str(made))

    def found() -> tuple[DraftState, int]:
        make.session.rollback()
        state = make.session.scalars(select(ReleaseDraft.state).where(ReleaseDraft.id == made)).one()
        return state, len(make.session.scalars(job).all())

    seen: set[tuple[DraftState, int]] = set()
    address = f"/platform/releases/drafts/{made}/approve"
    with web_app.app_context():
        deaths = deaths_of(processes, lambda: publisher.post(address), lambda: seen.add(found()))
    assert deaths > 5
    assert seen == {(DraftState.AWAITING, 0)}
    assert found() == (DraftState.APPROVED, 1)
    return make.session.scalars(job).one()


def _is_withdrawn_wholly(
    make: Factory, client: FlaskClient, listed: str, made: uuid.UUID, processes: Processes
) -> None:
    publisher = make.account().id
    bind_scope(PlatformScope())
    withdraw(PlatformScope(), draft_id=made, account_id=publisher, note="Two areas were mixed up.")
    job_id = ask_for("settle_release", draft_id=str(made))
    release_id = make.session.scalars(select(Release.id).where(Release.draft_id == made)).one()
    shown = set()

    def look() -> None:
        page = client.get(f"{listed}/{release_id}").text
        shown.add(("Two areas were mixed up." in page, "All tables as one tidy file" in page))

    assert deaths_of(processes, lambda: run_job(str(job_id)), look, stride=2) > 5
    look()
    assert shown == {(False, True), (True, False)}
    sent = select(func.count()).select_from(OutgoingMail).where(OutgoingMail.kind == "release")
    assert make.session.scalar(sent) == 3
