"""Releases: drafted from what schools hold, reviewed, published once and for good, and withdrawn only with a note."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.schedule import make_releases
from prevent_trust.mail import OutgoingMail
from prevent_trust.released import released_to
from prevent_trust.tenancy import PlatformScope, SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.calendar.rules import Term, term_of
from tenants.insights.disclosure.drafting import TermNotOver, make_draft, make_requested_draft
from tenants.insights.disclosure.models import (
    DraftState,
    Release,
    ReleaseDraft,
    ReleaseFile,
    ReleaseRequest,
    ReleaseValue,
    RequestState,
)
from tenants.insights.disclosure.publishing import CannotDecide, approve, carry_out, send_back, withdraw
from tenants.insights.disclosure.queries import ReleaseDamaged, latest_release, release_file, release_list
from tenants.insights.disclosure.requests import ask
from tenants.insights.disclosure.review import releases_with
from tenants.insights.disclosure.types import ProtectedTable, PublishedRelease, ReleaseRules
from tenants.organisations.models import School, SchoolStatus
from tests.areas import AUTUMN, STAFF_EACH, Area, add_school, draft, make_area, publish, release
from tests.factories import Factory


def published(area: Area) -> PublishedRelease:
    with released_to(area.scope) as session:
        found = latest_release(session, area.scope)
    assert found is not None
    return found


def table(area: Area, key: str) -> ProtectedTable:
    found = published(area).content.table(key)
    assert found is not None
    return found


def row(area: Area, key: str, heading: str) -> list[str]:
    return next([c.text for c in each.cells] for each in table(area, key).rows if each.heading.startswith(heading))


def count(make: Factory, model: type[Release] | type[ReleaseFile] | type[ReleaseValue] | type[ReleaseDraft]) -> int:
    make.session.expire_all()
    return make.session.scalar(select(func.count()).select_from(model)) or 0


# What is in it


def test_the_figures_are_the_sums_of_what_the_schools_hold(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    released = release(make, area)
    staff, with_it = 12 * STAFF_EACH, 12 * STAFF_EACH // 2
    assert row(area, "training", "Prevent awareness") == [str(staff), str(with_it), "50%"]
    assert row(area, "reading", "Keeping children safe") == [str(staff), str(with_it), "50%"]
    assert row(area, "referrals", "Autumn term 2026")[0] == "12"
    pupils = sum(school.pupils for school in area.schools)
    assert row(area, "referral-rates", "All phases") == ["12", f"{pupils:,}", f"{12_000 / pupils:.1f}"]
    assert row(area, "taking-part", "All phases") == ["12", "12", "100%"]
    content = published(area).content
    assert (content.schools, content.open_schools) == (12, 12)
    assert [title for title, _ in content.waiting] == ["Filtering and monitoring reviews"]
    assert [each.title for each in content.headlines if each.key == "referrals"] == ["Referrals"]
    _every_file_says_the_same(area, released)


def _every_file_says_the_same(area: Area, release_id: uuid.UUID | None) -> None:
    """Each file holds the published numbers, and of a hidden one nothing but the symbol."""
    assert release_id is not None
    with released_to(area.scope) as session:
        files = {name: release_file(session, area.scope, release_id, name) or b"" for name in published(area).files}
    assert {"release.csv", "release.ods", "release.xlsx", "summary.pdf", "document.json"} <= set(files)
    assert files["summary.pdf"].startswith(b"%PDF-")
    assert files["release.ods"][30:38] == b"mimetype"
    tidy = [line.split(",") for line in files["release.csv"].decode("utf-8-sig").splitlines()[1:]]
    assert {line[-2] for line in tidy if line[-1] == "c"} == {""}
    cells = json.loads(files["document.json"])["cells"]
    hidden = [cell for cell in cells.values() if cell.get("symbol") == "c"]
    assert hidden
    assert all(set(cell) <= {"symbol", "magnitude"} for cell in hidden)


def test_all_or_none_of_the_staff_is_hidden(make: Factory, worker: Flask) -> None:
    """Nobody in the area has had the induction: shown, it would say so of every school."""
    area = make_area(make)
    release(make, area)
    shown = [each for each in table(area, "training").rows if each.heading.startswith("Safeguarding induction")]
    assert all(cell.text == "c" for each in shown for cell in each.cells[1:])


def test_late_records_are_not_in_it_and_the_next_release_keeps_the_last_one_s_numbers(
    make: Factory, worker: Flask
) -> None:
    area = make_area(make)
    release(make, area)
    for school in area.schools[:3]:
        make.referral(school, made_on=AUTUMN.first_day + timedelta(days=9))
    before = row(area, "referrals", "Autumn term 2026")
    release(make, area, term=AUTUMN.next)
    assert row(area, "referrals", "Autumn term 2026") == before


@pytest.mark.parametrize(("closed_after", "schools"), [(0, 12), (1, 13)])
def test_a_school_is_in_it_if_it_was_open_on_the_last_day(
    make: Factory, worker: Flask, closed_after: int, schools: int
) -> None:
    area = make_area(make, schools=13)
    change = {"status": SchoolStatus.CLOSED, "closed_on": area.term.last_day + timedelta(days=closed_after)}
    make.session.execute(update(School).where(School.id == area.schools[0].id).values(change))
    make.session.commit()
    release(make, area)
    assert published(area).content.schools == schools


def test_with_nine_schools_nothing_is_shown(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    release(make, area)
    content = published(area).content
    assert (content.schools, content.tables, content.headlines) == (None, (), ())


def test_a_school_that_joined_alone_waits_for_a_later_release(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(make, area)
    add_school(make, area, 12)
    release(make, area, term=AUTUMN.next)
    assert published(area).summary.term == AUTUMN.next.key
    assert published(area).content.schools == 12


# Review


def state_of(area: Area, draft_id: uuid.UUID) -> DraftState:
    bind_scope(area.scope)
    found = db.session.get_one(ReleaseDraft, draft_id, populate_existing=True).state
    db.session.commit()
    return found


def test_a_draft_is_not_out_until_somebody_who_is_not_of_the_authority_approves_it(
    make: Factory, worker: Flask
) -> None:
    area = make_area(make, schools=9)
    made = draft(area)
    assert made is not None
    assert count(make, Release) == 0
    assert draft(area) is None
    officer = make.member(Role.AUTHORITY_OFFICER, area.authority)
    bind_scope(PlatformScope())
    with pytest.raises(CannotDecide, match="officer of this authority"):
        approve(PlatformScope(), draft_id=made, account_id=officer.id)
    db.session.rollback()
    publish(make, area, made)
    assert count(make, Release) == 1
    assert state_of(area, made) is DraftState.PUBLISHED
    assert draft(area) is None


def test_a_draft_that_was_sent_back_stays_in_and_another_can_be_made(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    made = draft(area)
    assert made is not None
    bind_scope(PlatformScope())
    by = make.account().id
    with pytest.raises(CannotDecide, match="Say why"):
        send_back(PlatformScope(), draft_id=made, account_id=by, reason=" ")
    send_back(PlatformScope(), draft_id=made, account_id=by, reason="Two schools are missing.")
    db.session.commit()
    with pytest.raises(CannotDecide, match="decided on already"):
        approve(PlatformScope(), draft_id=made, account_id=by)
    db.session.rollback()
    again = draft(area)
    assert again not in {None, made}


def test_a_draft_that_another_release_overtook_does_not_come_out(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    first, second = draft(area), draft(area, term=AUTUMN.next)
    assert first is not None
    assert second is not None
    publish(make, area, first)
    bind_scope(PlatformScope())
    approve(PlatformScope(), draft_id=second, account_id=make.account().id)
    db.session.commit()
    bind_scope(area.scope)
    assert "Make it again" in carry_out(area.scope, draft_id=second)
    db.session.commit()
    assert state_of(area, second) is DraftState.OVERTAKEN
    assert count(make, Release) == 1
    assert draft(area, term=AUTUMN.next) is not None


def test_a_withdrawn_release_leaves_its_note_and_still_counts(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    made = draft(area)
    assert made is not None
    release_id = publish(make, area, made)
    bind_scope(PlatformScope())
    by = make.account().id
    with pytest.raises(CannotDecide, match="readers see the note"):
        withdraw(PlatformScope(), draft_id=made, account_id=by, note="")
    withdraw(PlatformScope(), draft_id=made, account_id=by, note="A school had sent another’s list.")
    db.session.commit()
    bind_scope(area.scope)
    assert carry_out(area.scope, draft_id=made) == "The release is withdrawn."
    db.session.commit()
    with released_to(area.scope) as session:
        assert [each.withdrawal_note for each in release_list(session, area.scope)] == [
            "A school had sent another’s list."
        ]
        assert release_file(session, area.scope, release_id, "tables.json") is None
        assert latest_release(session, area.scope) is None
    later = draft(area, term=AUTUMN.next)
    bind_scope(area.scope)
    assert db.session.get_one(ReleaseDraft, later).ledger == 1


def test_a_term_that_is_not_over_has_no_draft(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    bind_scope(area.scope)
    with pytest.raises(TermNotOver):
        make_draft(area.scope, term=area.term, rules=ReleaseRules(), today=area.term.last_day)


def test_a_requested_table_is_checked_with_the_release_that_is_out(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(make, area)
    officer = make.member(Role.AUTHORITY_OFFICER, area.authority)
    bind_scope(area.scope)
    asked = ask(
        area.scope, account_id=officer.id, term=AUTUMN.key, subject="referrals", by=["phase"], purpose="To plan"
    ).id
    db.session.commit()
    made = make_requested_draft(area.scope, request_id=asked, rules=ReleaseRules())
    db.session.commit()
    assert made is not None
    found = db.session.get_one(ReleaseDraft, made)
    assert (found.state, found.ledger, found.request_id) == (DraftState.AWAITING, 1, asked)
    assert found.document["cells"][f"referrals@2026-27|area={area.authority.code}|time={AUTUMN.key}"] == {"shown": 12.0}
    publish(make, area, made)
    assert make.session.get_one(ReleaseRequest, asked).state is RequestState.GRANTED
    assert published(area).summary.term == AUTUMN.key  # a table that was asked for does not take the overview's place


def test_a_school_finds_what_it_is_in(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    outside = make.school(authority=area.authority)
    released = release(make, area)
    for school, expected in ((area.schools[3], [(area.authority.id, released)]), (outside, [])):
        scope = SchoolScope(school.id)
        bind_scope(scope)
        assert releases_with(scope) == expected


def test_bytes_that_are_not_those_that_were_frozen_are_not_served(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    made = release(make, area)
    make.session.execute(text("set local session_replication_role = replica"))  # no trigger
    make.session.execute(update(ReleaseFile).where(ReleaseFile.name == "release.csv").values(body=b"Section,1"))
    make.session.commit()
    assert made is not None
    with released_to(area.scope) as session, pytest.raises(ReleaseDamaged):
        release_file(session, area.scope, made, "release.csv")


def test_the_audit_s_report_is_kept_for_the_publisher_without_a_true_value(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(make, area)
    kept = make.session.scalars(select(ReleaseDraft)).one()
    assert kept.audit["passed"] is True
    assert kept.report["why"]
    values = make.session.scalars(select(ReleaseValue.values)).one()
    for key in kept.report["why"]:
        assert values[key] is not None
        assert not re.search(rf'"{re.escape(key)}": {values[key]:g}\b', json.dumps([kept.document, kept.report]))


# The jobs


def last_term() -> Term:
    return term_of(today()).previous


def run(kind: str, *, scope: object = PlatformScope(), **arguments: object) -> JobRun:
    bind_scope(PlatformScope())
    key = request_job(kind, scope=scope, title=kind, arguments=arguments)  # type: ignore[arg-type]
    db.session.commit()
    run_job(str(key))
    bind_scope(PlatformScope())
    return db.session.get_one(JobRun, key, populate_existing=True)


def test_the_jobs_draft_publish_and_tell_the_officers_once(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9, term=last_term())
    officer = make.member(Role.AUTHORITY_OFFICER, area.authority, name="Olive Officer")
    keys = {"authority_id": str(area.authority.id)}
    job = run("make_release", scope=area.scope, **keys, term=last_term().key)
    assert (job.state, job.result["made"]) == (JobState.DONE, True)
    assert run("make_release", scope=area.scope, **keys, term=last_term().key).result["made"] is False
    drafted = uuid.UUID(job.result["draft_id"])
    approve(PlatformScope(), draft_id=drafted, account_id=make.account().id)
    db.session.commit()
    first = run("settle_release", scope=area.scope, **keys, draft_id=str(drafted))
    again = run("settle_release", scope=area.scope, **keys, draft_id=str(drafted))
    assert (first.result["mails"], again.result["mails"]) == (1, 0)
    assert count(make, Release) == 1
    mails = make.session.scalars(select(OutgoingMail).where(OutgoingMail.kind == "release")).all()
    assert [mail.to_address for mail in mails] == [officer.email]
    assert last_term().title in mails[0].subject


def test_a_draft_is_asked_for_once_a_term_for_every_authority_with_a_plan(make: Factory, worker: Flask) -> None:
    first, second = (make_area(make, schools=1, term=last_term()) for _ in range(2))
    make.school(authority=make.authority())
    assert run("make_releases").result == {"term": last_term().key, "asked_for": 2, "groups": 0}
    run("make_releases")
    asked = make.session.scalars(select(JobRun.scope).where(JobRun.kind == "make_release")).all()
    assert sorted(asked) == sorted([first.scope.stamp, second.scope.stamp])


def test_the_schedule_asks_once_a_day(make: Factory, worker: Flask) -> None:
    make_releases()
    make_releases()
    assert len(make.session.scalars(select(JobRun.id).where(JobRun.kind == "make_releases")).all()) == 1
