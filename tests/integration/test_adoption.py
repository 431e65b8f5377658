"""Adopting an edition, the turn of the year, a trust's roll-out: what stays, what is asked again, and taking it back."""

import itertools
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import Account, Role
from tenants.insights.measures.compliance import action_states
from tenants.insights.plan_reading import read_plan
from tenants.organisations.models import School, Trust
from tenants.plan.actions import Answer, PlanError, add_own_action, answer_action
from tenants.plan.adoption.actions import adopt, undo_adoption
from tenants.plan.adoption.queries import adoptions, held_actions
from tenants.plan.models import (
    ActionStanding,
    ActionStatus,
    AdoptionKind,
    Plan,
    PlanAction,
    PlanAdoption,
    PlanAnswer,
    PlanPeriod,
)
from tenants.plan.queries import action_history, current_plan, outline
from tests.factories import Factory, sign_in
from tests.processes import Processes

NEW = "prevent-2026-11"
TODAY = date.today()


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def plan(make: Factory, school: School) -> Plan:
    """Some answers of every kind, one piece of evidence, one action of the school's own."""
    plan = make.plan(school)
    make.answer(make.action(plan, "speaker-outline"), ActionStatus.MET, note="In the diary")
    make.answer(make.action(plan, "speaker-refusal"), ActionStatus.MET, note="In the lettings form")
    make.answer(make.action(plan, "portal-signposted"), ActionStatus.PARTLY_MET)
    make.evidence(make.action(plan, "speaker-outline"), "Visitors’ book")
    return plan


@pytest.fixture
def scope(web: Flask, school: School, plan: Plan) -> SchoolScope:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    return scope


def adopt_new(scope: SchoolScope, make: Factory, **values: Any) -> PlanAdoption:
    made = adopt(
        scope,
        edition_id=make.edition(NEW).id,
        kind=AdoptionKind.EDITION,
        academic_year=2026,
        **{"made_by": None} | values,
    )
    db.session.commit()
    bind_scope(scope)
    return made


def rows(scope: SchoolScope) -> dict[str, Any]:
    header = current_plan(scope)
    assert header is not None
    return {row.edition_key or row.wording: row for section in outline(scope, header) for row in section.actions}


def standing(scope: SchoolScope, key: str) -> ActionStanding:
    row = rows(scope)[key]
    return next(state.status for state in action_states(scope, as_at=TODAY) if state.action_id == row.id)


def test_answers_and_evidence_come_along(scope: SchoolScope, make: Factory) -> None:
    adopt_new(scope, make)
    row = rows(scope)["speaker-outline"]
    assert (row.note, row.evidence_count) == ("In the diary", 1)
    assert standing(scope, "speaker-outline") is ActionStanding.MET


def test_what_was_met_in_other_words_is_never_green_before_it_is_confirmed(
    scope: SchoolScope, make: Factory, school: School
) -> None:
    adopt_new(scope, make)
    row = rows(scope)["speaker-refusal"]
    assert standing(scope, "speaker-refusal") is ActionStanding.STALE
    answer_action(
        scope,
        action_id=row.id,
        answer=Answer(status=ActionStatus.MET, note="In the lettings form", confirmed=True),
        seen_answer_id=row.answer_id,
        changed_by=None,
    )
    assert standing(scope, "speaker-refusal") is ActionStanding.MET


def test_a_retired_action_keeps_its_history_in_the_plan_before(scope: SchoolScope, make: Factory) -> None:
    before = rows(scope)["portal-signposted"]
    adopt_new(scope, make)
    assert "portal-signposted" not in rows(scope)
    kept = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == before.id)).all()
    assert [answer.status for answer in kept] == [ActionStatus.NOT_ANSWERED, ActionStatus.PARTLY_MET]


def test_the_history_of_an_action_goes_back_through_the_plans(scope: SchoolScope, make: Factory) -> None:
    adopt_new(scope, make)
    told = [change for entry in action_history(scope, rows(scope)["speaker-refusal"].id) for change in entry.changes]
    assert ("Status", "Not answered", "Met") in [(each.field, each.before, each.after) for each in told]
    assert ("To be confirmed", "", "Yes") in [(each.field, each.before, each.after) for each in told]


def test_the_plan_as_at_yesterday_is_the_one_before(scope: SchoolScope, make: Factory) -> None:
    adopt_new(scope, make)
    then = read_plan(scope, as_at=TODAY - timedelta(days=1), today=TODAY)
    now = read_plan(scope, as_at=TODAY, today=TODAY)
    assert then is not None
    assert now is not None
    assert (then.header.edition_id, now.header.edition_id) == (make.edition().id, make.edition(NEW).id)


def contents(scope: SchoolScope) -> list[tuple[Any, ...]]:
    """What a plan says, apart from the keys of its rows."""
    header = current_plan(scope)
    assert header is not None
    return [(each.key, each.wording, each.expectation_key, each.answer) for each in held_actions(scope, header.id)]


def test_adopting_undoing_and_adopting_again_gives_the_same_plan(scope: SchoolScope, make: Factory) -> None:
    before = contents(scope)
    first = adopt_new(scope, make)
    adopted = contents(scope)
    undo_adoption(scope, adoption_id=first.id, undone_by=None)
    db.session.commit()
    bind_scope(scope)
    assert contents(scope) == before
    adopt_new(scope, make)
    assert contents(scope) == adopted


def test_an_adoption_is_not_undone_when_work_was_done_on_it(scope: SchoolScope, make: Factory) -> None:
    made = adopt_new(scope, make)
    row = rows(scope)["speaker-outline"]
    answer_action(
        scope,
        action_id=row.id,
        answer=Answer(status=ActionStatus.NOT_MET),
        seen_answer_id=row.answer_id,
        changed_by=None,
    )
    with pytest.raises(PlanError, match="Ask every visiting speaker"):
        undo_adoption(scope, adoption_id=made.id, undone_by=None)


def test_an_adoption_is_not_undone_when_an_action_was_added_since(scope: SchoolScope, make: Factory) -> None:
    made = adopt_new(scope, make)
    place = rows(scope)["speaker-outline"].expectation_id
    add_own_action(scope, expectation_id=place, wording="Ring the hall", roles=[], made_by=None)
    with pytest.raises(PlanError, match="Ring the hall"):
        undo_adoption(scope, adoption_id=made.id, undone_by=None)


def test_an_adoption_is_not_undone_after_two_weeks(scope: SchoolScope, make: Factory, superuser: sa.Engine) -> None:
    made = adopt_new(scope, make)
    with superuser.begin() as connection:
        connection.execute(sa.text("update plan_adoption set created_at = now() - interval '15 days'"))
    db.session.expire_all()
    with pytest.raises(PlanError, match="more than 14 days"):
        undo_adoption(scope, adoption_id=made.id, undone_by=None)


def test_an_own_action_comes_along(scope: SchoolScope, make: Factory) -> None:
    place = rows(scope)["speaker-outline"].expectation_id
    add_own_action(scope, expectation_id=place, wording="Ring the hall", roles=["dsl"], made_by=None)
    db.session.commit()
    bind_scope(scope)
    adopt_new(scope, make)
    assert rows(scope)["Ring the hall"].roles == ("dsl",)


def test_the_new_year_opens_what_recurs(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    make.answer(make.action(plan, "signs-explained"), ActionStatus.MET, note="INSET")
    adopt(scope, edition_id=None, kind=AdoptionKind.ROLL_OVER, academic_year=2027, made_by=None)
    assert standing(scope, "signs-explained") is ActionStanding.NOT_ANSWERED
    assert standing(scope, "speaker-outline") is ActionStanding.MET
    with pytest.raises(PlanError, match="of this academic year already"):
        adopt(scope, edition_id=None, kind=AdoptionKind.ROLL_OVER, academic_year=2027, made_by=None)


# On the pages


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


def test_the_difference_is_shown_before_the_edition_is_adopted(
    lead: FlaskClient, make: Factory, school: School, plan: Plan
) -> None:
    base = f"/schools/{school.id}/plan/editions"
    page = lead.get(f"{base}/{make.edition(NEW).id}").text
    assert "Retired" in page
    assert "Show staff where the free GOV.UK courses are" in page
    assert "1 answer" in page
    assert lead.post(f"{base}/{make.edition(NEW).id}/adopt").status_code == 303
    assert "Reworded: confirm your answer" in lead.get(f"/schools/{school.id}/plan").text
    assert "Undo it" in lead.get(base).text
    adoption = make.session.scalars(select(PlanAdoption)).one()
    lead.post(f"/schools/{school.id}/plan/adoptions/{adoption.id}/undo")
    assert "Undone" in lead.get(base).text


def test_a_reworded_action_shows_its_earlier_answer(
    lead: FlaskClient, make: Factory, school: School, plan: Plan
) -> None:
    lead.post(f"/schools/{school.id}/plan/editions/{make.edition(NEW).id}/adopt")
    current = make.session.scalars(select(PlanPeriod.plan_id).where(PlanPeriod.current_until.is_(None))).one()
    action = make.action(make.session.get_one(Plan, current), "speaker-refusal")
    page = lead.get(f"/schools/{school.id}/plan/actions/{action.id}").text
    assert "Your answer to the earlier wording" in page
    assert "In the lettings form" in page
    assert "I have looked at this today and it is still so" in page


# Over a trust


@pytest.fixture
def trust(make: Factory) -> Trust:
    return make.trust()


@pytest.fixture
def schools(make: Factory, trust: Trust) -> list[School]:
    found = [make.school(trust=trust) for _ in range(4)]
    for school in found[:3]:
        make.plan(school)
    return found


def roll_out(client: FlaskClient, make: Factory, trust: Trust, schools: list[School]) -> JobRun:
    address = f"/trusts/{trust.id}/editions/{make.edition(NEW).id}/roll-out"
    answer = client.post(address, data={"schools": [str(school.id) for school in schools]})
    assert answer.status_code == 303
    return make.session.get_one(JobRun, uuid.UUID(answer.location.rpartition("/")[2]))


@pytest.fixture
def safeguarding(client: FlaskClient, make: Factory, trust: Trust) -> tuple[FlaskClient, Account]:
    account = make.member(Role.TRUST_LEAD, trust)
    sign_in(client, account)
    return client, account


def do(worker_app: Flask, job: JobRun) -> None:
    with worker_app.app_context():
        run_job(str(job.id))


def test_a_trust_rolls_an_edition_out_and_takes_it_back(
    safeguarding: tuple[FlaskClient, Account], make: Factory, trust: Trust, schools: list[School], worker_app: Flask
) -> None:
    client, _ = safeguarding
    page = client.get(f"/trusts/{trust.id}/editions/{make.edition(NEW).id}/roll-out").text
    assert "1 school not offered" in page
    job = roll_out(client, make, trust, schools[:3])
    do(worker_app, job)
    make.session.expire_all()
    assert job.result == {"adopted": 3, "refused": {}}
    report = client.get(f"/trusts/{trust.id}/roll-outs/{job.id}").text
    assert all(school.name in report for school in schools[:3])
    answer = client.post(f"/trusts/{trust.id}/roll-outs/{job.id}/undo")
    undo = make.session.get_one(JobRun, uuid.UUID(answer.location.rpartition("/")[2]))
    do(worker_app, undo)
    make.session.expire_all()
    assert undo.result == {"undone": 3, "refused": {}}


def test_a_roll_out_that_is_killed_goes_on_where_it_stopped_and_doubles_nothing(
    worker: Flask, make: Factory, trust: Trust, schools: list[School], processes: Processes
) -> None:
    """Killed before every fifth of its steps, back and forth between two editions."""
    stopped_between = 0
    for number, key in zip(itertools.count(1, 5), itertools.cycle((NEW, "prevent-2026"))):  # without end
        edition = make.edition(key)
        job_id, batch_id = _roll_out_job(make, trust, schools[:2], edition.id)
        was_killed = processes.dies(lambda: run_job(str(job_id)), before_step=number)  # noqa: B023  # called at once
        done = _adopted(make, batch_id)
        stopped_between += was_killed and 0 < len(done) < 2
        run_job(str(job_id))
        assert sorted(_adopted(make, batch_id)) == sorted(school.id for school in schools[:2]), number
        for school in schools[:2]:
            assert _current(make, school) == (edition.id, 57), number
        if not was_killed:
            break
    assert number > 40  # it got through only after that many points had been tried
    assert stopped_between > 5


def _roll_out_job(
    make: Factory, trust: Trust, schools: list[School], edition_id: uuid.UUID
) -> tuple[uuid.UUID, uuid.UUID]:
    batch_id = uuid.uuid4()
    arguments = {
        "trust_id": str(trust.id),
        "edition_id": str(edition_id),
        "kind": "edition",
        "academic_year": 2026,
        "school_ids": [str(school.id) for school in schools],
        "batch_id": str(batch_id),
        "made_by": None,
    }
    job = JobRun(
        scope=f"trust:{trust.id}", kind="adopt_for_trust", queue="reports", title="Roll out", arguments=arguments
    )
    return make.add(job).id, batch_id


def _adopted(make: Factory, batch_id: uuid.UUID) -> list[uuid.UUID]:
    make.session.rollback()
    return list(make.session.scalars(select(PlanAdoption.school_id).where(PlanAdoption.batch_id == batch_id)))


def _current(make: Factory, school: School) -> tuple[uuid.UUID, int]:
    """The edition of the school's one current plan, and how many actions that has."""
    plan = make.session.scalars(
        select(Plan)
        .join(PlanPeriod, PlanPeriod.plan_id == Plan.id)
        .where(PlanPeriod.school_id == school.id, PlanPeriod.current_until.is_(None))
    ).one()
    count = make.session.scalar(select(sa.func.count()).where(PlanAction.plan_id == plan.id))
    return plan.edition_id, int(count or 0)


def test_a_school_that_worked_since_keeps_what_it_did(
    safeguarding: tuple[FlaskClient, Account], make: Factory, trust: Trust, schools: list[School], worker_app: Flask
) -> None:
    client, _ = safeguarding
    job = roll_out(client, make, trust, schools[:2])
    do(worker_app, job)
    current = make.session.scalars(
        select(PlanPeriod.plan_id).where(PlanPeriod.school_id == schools[0].id, PlanPeriod.current_until.is_(None))
    ).one()
    make.answer(make.action(make.session.get_one(Plan, current), "speaker-outline"), ActionStatus.MET)
    answer = client.post(f"/trusts/{trust.id}/roll-outs/{job.id}/undo")
    undo = make.session.get_one(JobRun, uuid.UUID(answer.location.rpartition("/")[2]))
    do(worker_app, undo)
    make.session.expire_all()
    assert undo.result["undone"] == 1
    assert "Ask every visiting speaker" in undo.result["refused"][schools[0].name]


@pytest.fixture
def trust_scope(web: Flask, trust: Trust, schools: list[School]) -> TrustScope:
    scope = TrustScope(trust.id)
    bind_scope(scope)
    return scope


def test_a_trust_sees_the_adoptions_of_its_schools_only(trust_scope: TrustScope, make: Factory) -> None:
    stranger = make.school()
    old, new = (
        make.plan(stranger),
        make.add(Plan(school_id=stranger.id, edition_id=make.edition(NEW).id, academic_year=2026)),
    )
    make.add(
        PlanAdoption(
            school_id=stranger.id, kind=AdoptionKind.EDITION, from_plan_id=old.id, to_plan_id=new.id,
            created_at=datetime.now(UTC),
        )
    )  # fmt: skip
    assert adoptions(trust_scope) == []
