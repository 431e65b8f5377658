"""What makes an answer doubtful, each rule; when what is met goes stale; what was known on a past day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.calendar.rules import term_of
from tenants.history.models import RecordHistory
from tenants.insights.measures.compliance import action_states, section_standings
from tenants.insights.measures.flags import BULK_ACTIONS, FLAG_RULES, Flag, flags, states_with_flags
from tenants.insights.measures.training import training_coverage
from tenants.insights.measures.types import ActionState
from tenants.insights.measures.upkeep import upkeep
from tenants.insights.measures.volumes import referral_volumes
from tenants.organisations.models import School
from tenants.plan.actions import Answer, answer_action
from tenants.plan.models import ActionStanding, ActionStatus, Plan, PlanAction, PlanOpening
from tenants.plan.rules import SectionState
from tenants.staff.models import StaffMember, StaffRole
from tests.factories import Factory, sign_in

DAY = date(2026, 11, 20)
MOMENT = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def plan(make: Factory, school: School) -> Plan:
    make.add(PlanOpening(school_id=school.id, account_id=make.account().id, opened_on=DAY))
    return make.plan(school, since=datetime(2026, 6, 1, tzinfo=UTC))


@pytest.fixture
def scope(web: Flask, school: School, plan: Plan) -> SchoolScope:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    return scope


def flagged(scope: SchoolScope, action: PlanAction | None, day: date = DAY) -> set[Flag]:
    found = {each.flag for each in flags(scope, as_at=day) if each.action_id == (action.id if action else None)}
    if action is not None:  # the school's pages ask for the same together with the states
        assert found == next(
            set(there) for each, there in states_with_flags(scope, as_at=day) if each.action_id == action.id
        )
    return found


def state(scope: SchoolScope, action: PlanAction, day: date = DAY) -> ActionState:
    states = action_states(scope, as_at=day)
    assert states == [each for each, _ in states_with_flags(scope, as_at=day)]
    return next(each for each in states if each.action_id == action.id)


@pytest.fixture
def outline(make: Factory, plan: Plan) -> PlanAction:
    """An action that stands as declared and recurs at no time."""
    return make.action(plan, "speaker-outline")


def test_every_flag_has_a_name_and_an_explanation() -> None:
    assert set(FLAG_RULES) == set(Flag)


def test_green_without_evidence_is_flagged_until_something_shows_it(
    scope: SchoolScope, make: Factory, outline: PlanAction
) -> None:
    make.answer(outline, ActionStatus.MET, recorded_from=MOMENT)
    assert flagged(scope, outline) == {Flag.NO_EVIDENCE}
    make.evidence(outline, at=MOMENT)
    assert flagged(scope, outline) == set()


def test_an_action_that_records_answer_for_needs_no_evidence(
    scope: SchoolScope, make: Factory, plan: Plan, school: School
) -> None:
    member = make.staff(school, StaffRole.TEACHING)
    make.completion(member, on=date(2026, 10, 1))
    action = make.action(plan, "awareness-course")
    assert state(scope, action).status is ActionStanding.MET
    assert Flag.NO_EVIDENCE not in flagged(scope, action)


def test_evidence_counts_to_the_day_on_which_it_expires(scope: SchoolScope, make: Factory, outline: PlanAction) -> None:
    make.answer(outline, ActionStatus.MET, recorded_from=MOMENT)
    make.evidence(outline, expires_on=DAY, at=MOMENT)
    assert flagged(scope, outline, DAY) == set()
    assert flagged(scope, outline, DAY + timedelta(days=1)) == {Flag.EXPIRED}


@pytest.mark.parametrize(
    ("count", "minutes", "days_before", "is_flagged"),
    [
        (BULK_ACTIONS, 2, 1, True),
        (BULK_ACTIONS - 1, 2, 1, False),
        (BULK_ACTIONS, 20, 1, False),
        (BULK_ACTIONS, 2, 10, False),
    ],
)
def test_what_is_done_in_bulk_before_a_deadline_is_flagged(
    scope: SchoolScope, make: Factory, plan: Plan, count: int, minutes: int, days_before: int, is_flagged: bool
) -> None:
    somebody = make.account()
    declared = [row for row in make.actions(plan) if not row.measure][:count]
    for number, action in enumerate(declared):
        moment = MOMENT + timedelta(minutes=minutes * number)
        make.answer(
            action,
            ActionStatus.MET,
            recorded_from=moment,
            changed_by=somebody.id,
            due_on=moment.date() + timedelta(days=days_before),
        )
    assert (Flag.IN_BULK in flagged(scope, declared[0])) is is_flagged


def test_green_with_an_overdue_part_is_flagged(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    done, late = make.action(plan, "speaker-outline"), make.action(plan, "speaker-research")
    make.answer(done, ActionStatus.MET, recorded_from=MOMENT)
    make.answer(late, ActionStatus.NOT_MET, recorded_from=MOMENT, due_on=DAY - timedelta(days=1))
    assert Flag.OVERDUE_PART in flagged(scope, done)
    assert Flag.OVERDUE_PART not in flagged(scope, make.action(plan, "cpoms-recording"))


def test_what_nobody_has_is_flagged_and_a_role_is_somebody(
    scope: SchoolScope, make: Factory, outline: PlanAction
) -> None:
    make.answer(outline, ActionStatus.NOT_MET, recorded_from=MOMENT)
    assert flagged(scope, outline) == {Flag.NO_OWNER}
    make.answer(outline, ActionStatus.NOT_MET, recorded_from=MOMENT + timedelta(days=1), owner_role="dsl")
    assert flagged(scope, outline) == set()


def test_an_owner_who_has_left_is_flagged(
    scope: SchoolScope, make: Factory, outline: PlanAction, school: School
) -> None:
    owner = make.staff(school, StaffRole.DSL, leaves_on=DAY)
    make.answer(outline, ActionStatus.NOT_MET, recorded_from=MOMENT, owner_id=owner.id)
    assert flagged(scope, outline, DAY) == set()
    assert flagged(scope, outline, DAY + timedelta(days=1)) == {Flag.OWNER_LEFT}


def test_a_plan_that_nobody_opened_for_a_term_is_flagged(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    assert flagged(scope, None) == set()
    make.session.execute(PlanOpening.__table__.update().values(opened_on=DAY - timedelta(weeks=14)))
    make.session.commit()
    assert flagged(scope, None) == {Flag.NOT_OPENED}
    make.answer(make.actions(plan)[0], ActionStatus.MET, recorded_from=MOMENT, changed_by=make.account().id)
    assert flagged(scope, None) == set()


def test_a_plan_that_has_just_begun_is_not_called_unopened(web: Flask, make: Factory) -> None:
    school = make.school()
    make.plan(school, since=MOMENT)
    scope = SchoolScope(school.id)
    bind_scope(scope)
    assert flagged(scope, None) == set()


# Stale


def test_what_is_met_goes_stale_on_the_day_its_review_falls_due(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    action = make.action(plan, "risk-assessment-reviewed")
    make.answer(action, ActionStatus.MET, recorded_from=MOMENT, confirmed_on=date(2025, 11, 20))
    assert state(scope, action, DAY - timedelta(days=1)).status is ActionStanding.MET
    assert state(scope, action, DAY).status is ActionStanding.STALE
    assert state(scope, action, DAY).review_on == DAY


def test_a_section_with_something_stale_is_never_green(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    for action in make.actions(plan):
        make.answer(
            action,
            ActionStatus.MET,
            recorded_from=MOMENT,
            confirmed_on=MOMENT.date(),
            override_reason="Looked at" if action.measure else None,
        )
    assert {each.counts.state for each in section_standings(scope, as_at=DAY)} == {SectionState.GREEN}
    later = date(2027, 11, 2)
    standings = {each.theme: each.counts for each in section_standings(scope, as_at=later)}
    assert all(counts.state is SectionState.AMBER for counts in standings.values() if counts.stale)
    assert sum(counts.stale for counts in standings.values()) == sum(
        action.recurs_months is not None for action in make.actions(plan)
    )


def test_looking_again_makes_it_green_for_another_cycle(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    action = make.action(plan, "risk-assessment-reviewed")
    stands = make.answer(action, ActionStatus.MET, recorded_from=MOMENT, confirmed_on=date(2025, 11, 20))
    today = datetime.now(UTC).date()
    assert state(scope, action, today).status is ActionStanding.STALE
    answer_action(
        scope,
        action_id=action.id,
        answer=Answer(status=ActionStatus.MET, confirmed=True),
        seen_answer_id=stands.id,
        changed_by=None,
    )
    assert state(scope, action, today).status is ActionStanding.MET


def test_changing_the_owner_is_no_review(scope: SchoolScope, make: Factory, plan: Plan) -> None:
    action = make.action(plan, "risk-assessment-reviewed")
    stands = make.answer(action, ActionStatus.MET, recorded_from=MOMENT, confirmed_on=date(2025, 11, 20))
    answer_action(
        scope,
        action_id=action.id,
        answer=Answer(status=ActionStatus.MET, owner_role="dsl"),
        seen_answer_id=stands.id,
        changed_by=None,
    )
    assert state(scope, action, datetime.now(UTC).date()).status is ActionStanding.STALE


# What records say


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [("lead-appointed", ActionStanding.NOT_MET, ActionStanding.MET)],
)
def test_a_post_is_filled_or_not(
    web: Flask, make: Factory, school: School, key: str, before: ActionStanding, after: ActionStanding
) -> None:
    plan = make.plan(school, edition=make.edition("prevent-2026-11"))
    scope = SchoolScope(school.id)
    bind_scope(scope)
    action = make.action(plan, key)
    assert state(scope, action).status is ActionStanding.NOT_ANSWERED
    make.staff(school, StaffRole.TEACHING)
    assert state(scope, action).status is before
    make.staff(school, StaffRole.PREVENT_LEAD)
    assert state(scope, action).status is after


def test_referrals_that_wait_for_nothing_are_not_green(web: Flask, make: Factory, school: School) -> None:
    plan = make.plan(school, edition=make.edition("prevent-2026-11"))
    scope = SchoolScope(school.id)
    bind_scope(scope)
    action = make.action(plan, "referrals-followed")
    assert state(scope, action).status is ActionStanding.NOT_APPLICABLE
    make.referral(school, follow_up_due_on=DAY)
    assert state(scope, action).status is ActionStanding.MET
    make.referral(school, follow_up_due_on=DAY - timedelta(days=1))
    assert (state(scope, action).numerator, state(scope, action).denominator) == (1, 2)
    assert state(scope, action).status is ActionStanding.PARTLY_MET


# What was known then


def test_a_completion_entered_later_does_not_change_what_a_past_day_shows(
    scope: SchoolScope, make: Factory, school: School
) -> None:
    member = make.staff(school, StaffRole.TEACHING)
    completion = make.completion(member, on=date(2026, 10, 1))
    assert _held(scope, DAY) == 1
    completion.recorded_from = datetime(2026, 11, 21, 9, tzinfo=UTC)
    make.session.execute(type(completion).__table__.delete())
    make.session.commit()
    make.add(
        type(completion)(
            school_id=school.id,
            staff_id=member.id,
            course_id=make.course().id,
            completed_on=date(2026, 10, 1),
            recorded_from=datetime.now(UTC),
        )
    )
    assert _held(scope, date(2026, 10, 31)) == 1  # it was known then, and taken out only now
    assert _held(scope, datetime.now(UTC).date()) == 1


def _held(scope: SchoolScope, day: date) -> int:
    return next(row.numerator for row in training_coverage(scope, as_at=day) if row.key == "prevent-awareness")


def test_a_correction_keeps_what_was_said_before(scope: SchoolScope, make: Factory, school: School) -> None:
    member = make.staff(school, StaffRole.PREVENT_LEAD, StaffRole.DSL)
    row = db.session.get_one(StaffMember, member.id)
    row.leaves_on = date(2026, 9, 30)
    db.session.commit()
    bind_scope(scope)
    kept = make.session.scalars(select(RecordHistory)).one()
    assert (kept.relation, kept.record["leaves_on"]) == ("staff_member", None)
    assert upkeep(scope, as_at=datetime.now(UTC).date())[0].has_prevent_lead is False
    assert upkeep(scope, as_at=datetime.now(UTC).date() - timedelta(days=1))[0].has_prevent_lead is True


def test_a_row_that_is_deleted_is_still_known_on_the_days_when_it_was_there(
    scope: SchoolScope, make: Factory, school: School
) -> None:
    referral = make.referral(school, made_on=date(2026, 10, 1))
    make.session.delete(referral)
    make.session.commit()
    today = datetime.now(UTC).date()

    def count(day: date) -> int:
        return referral_volumes(scope, terms=[term_of(date(2026, 10, 1))], as_at=day)[0].referrals

    assert (count(today - timedelta(days=1)), count(today)) == (1, 0)


def test_an_action_is_read_as_at_a_day_in_the_address(client: FlaskClient, make: Factory, school: School) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    plan = make.plan(school, since=datetime(2026, 6, 1, tzinfo=UTC))
    action, measured = make.action(plan, "speaker-outline"), make.action(plan, "awareness-course")
    make.answer(action, ActionStatus.NOT_MET, note="Nobody asks", recorded_from=datetime(2026, 9, 10, tzinfo=UTC))
    make.answer(action, ActionStatus.MET, note="Asked each time", recorded_from=datetime(2026, 10, 10, tzinfo=UTC))
    make.evidence(action, "The form", at=datetime(2026, 10, 11, tzinfo=UTC))
    member = make.staff(school, StaffRole.TEACHING, given_name="Ada", family_name="Byron")
    make.completion(member, on=date(2026, 10, 1))
    listed = client.get(f"/schools/{school.id}/plan?as_at=2026-09-15").text
    assert f"/plan/actions/{action.id}?as_at=2026-09-15" in listed
    then = client.get(f"/schools/{school.id}/plan/actions/{action.id}?as_at=2026-09-15").text
    assert "as it was known then" in then
    assert "Nobody asks" in then
    assert not [words for words in ("Asked each time", "The form", "Save answer", "Add files") if words in then]
    now = client.get(f"/schools/{school.id}/plan/actions/{action.id}").text
    assert not [words for words in ("Asked each time", "The form", "Save answer", "Nobody asks") if words not in now]
    measured_then = client.get(f"/schools/{school.id}/plan/actions/{measured.id}?as_at=2026-09-15").text
    assert "0 of 1 staff; 1 missing" in measured_then
    assert "Missing: Ada Byron" in measured_then
    before = client.get(f"/schools/{school.id}/plan/actions/{action.id}?as_at=2026-05-01").text
    assert "It was not in the plan on that day." in before


def test_a_school_is_read_as_at_a_day_in_the_address(client: FlaskClient, make: Factory, school: School) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    plan = make.plan(school, since=datetime(2026, 6, 1, tzinfo=UTC))
    make.answer(make.action(plan, "speaker-outline"), ActionStatus.MET)
    make.completion(make.staff(school, StaffRole.TEACHING), on=date(2026, 10, 1))
    then = client.get(f"/schools/{school.id}?as_at=2026-09-15").text
    assert "as it was known then" in then
    assert "What to do next" not in then
    assert "0 of 1 staff" in then
    now = client.get(f"/schools/{school.id}").text
    assert "What to do next" in now
    assert "1 of 1 staff" in now
    before = client.get(f"/schools/{school.id}?as_at=2026-05-01").text
    assert "There is no action plan here yet." in before
