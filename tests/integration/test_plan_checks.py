"""Submit, return, verify: the trust's check of what a school declares, with its mails."""

import random
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.mail import OutgoingMail
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Account, Role
from tenants.organisations.models import School, Trust
from tenants.plan.models import ActionStatus, PlanAction
from tenants.plan.verification.actions import weighted
from tenants.plan.verification.models import VerificationEvent, VerificationStep
from tenants.plan.verification.queries import Candidate, Verification, verifications
from tenants.plan.verification.rules import Side, may_take
from tests.factories import Factory, sign_in

STEPS = [None, *VerificationStep]


@pytest.fixture
def trust(make: Factory) -> Trust:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Trust) -> School:
    return make.school(trust=trust)


@pytest.fixture
def lead(make: Factory, school: School) -> Account:
    return make.member(Role.PREVENT_LEAD, school, name="Priya Nair")


@pytest.fixture
def safeguarding(make: Factory, trust: Trust) -> Account:
    return make.member(Role.TRUST_LEAD, trust, name="Sam Okoro")


@pytest.fixture
def action(make: Factory, school: School) -> PlanAction:
    action = make.action(make.plan(school), "speaker-outline")
    make.answer(action, ActionStatus.MET)
    return action


class Desk:
    """Both sides at one action."""

    def __init__(self, client: FlaskClient, make: Factory, action: PlanAction) -> None:
        self.client, self.make, self.action = client, make, action
        self.page = f"/schools/{action.school_id}/plan/actions/{action.id}"

    def school_submits(self, who: Account, comment: str = "") -> Any:
        sign_in(self.client, who)
        return self.client.post(f"{self.page}/submit", data={"comment": comment})

    def trust_says(self, who: Account, step: str, comment: str = "") -> Any:
        sign_in(self.client, who)
        return self.client.post(f"{self.page}/check", data={"step": step, "comment": comment})

    def mails(self) -> list[OutgoingMail]:
        self.make.session.rollback()
        return list(self.make.session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))

    def steps(self) -> list[VerificationStep]:
        self.make.session.rollback()
        return list(self.make.session.scalars(select(VerificationEvent.step).order_by(VerificationEvent.created_at)))


@pytest.fixture
def desk(client: FlaskClient, make: Factory, action: PlanAction) -> Desk:
    return Desk(client, make, action)


def test_a_check_goes_back_and_forth_until_it_is_verified(desk: Desk, lead: Account, safeguarding: Account) -> None:
    desk.school_submits(lead)
    desk.trust_says(safeguarding, "returned", "Which diary?")
    desk.school_submits(lead, "The office’s; a photograph is attached.")
    desk.trust_says(safeguarding, "verified")
    assert desk.steps() == [
        VerificationStep.SUBMITTED, VerificationStep.RETURNED, VerificationStep.SUBMITTED, VerificationStep.VERIFIED,
    ]  # fmt: skip
    assert [(mail.to_address == lead.email) for mail in desk.mails()] == [False, True, False, True]
    assert "Which diary?" in desk.mails()[1].text
    sign_in(desk.client, lead)
    page = desk.client.get(desk.page).text
    assert "Verified by the trust" in page
    assert "All steps of the check" in page


def test_what_is_returned_says_what_is_missing(desk: Desk, lead: Account, safeguarding: Account) -> None:
    desk.school_submits(lead)
    assert "Say what is missing" in desk.trust_says(safeguarding, "returned").text
    assert desk.steps() == [VerificationStep.SUBMITTED]


def test_nobody_verifies_for_the_other_side(desk: Desk, lead: Account, safeguarding: Account) -> None:
    assert desk.trust_says(lead, "verified").status_code == 404
    assert desk.school_submits(safeguarding).status_code == 404
    assert "cannot be done now" in desk.trust_says(safeguarding, "verified").text
    assert desk.steps() == []


def test_a_verification_ends_when_the_answer_changes_and_not_when_its_note_does(
    desk: Desk, make: Factory, web_app: Flask, lead: Account, safeguarding: Account, school: School
) -> None:
    desk.school_submits(lead)
    desk.trust_says(safeguarding, "verified")
    make.answer(desk.action, ActionStatus.MET, note="Another note")
    assert _known(web_app, school, desk.action).is_verified
    make.answer(desk.action, ActionStatus.NOT_MET)
    known = _known(web_app, school, desk.action)
    assert not known.is_verified
    assert known.words == "Verified by the trust before it changed"


def _known(app: Flask, school: School, action: PlanAction) -> Verification:
    scope = SchoolScope(school.id)
    with app.app_context():
        bind_scope(scope)
        return verifications(scope)[action.id]


@pytest.mark.parametrize("last", STEPS)
@pytest.mark.parametrize("step", list(VerificationStep))
def test_each_step_belongs_to_one_side(step: VerificationStep, last: VerificationStep | None) -> None:
    assert not (may_take(step, side=Side.SCHOOL, last=last) and may_take(step, side=Side.TRUST, last=last))


@pytest.mark.parametrize("last", STEPS)
def test_from_everywhere_somebody_can_go_on(last: VerificationStep | None) -> None:
    assert any(may_take(step, side=side, last=last) for step in VerificationStep for side in Side)


def test_a_sample_asks_each_school_once_for_what_it_declared(
    client: FlaskClient,
    make: Factory,
    trust: Trust,
    school: School,
    action: PlanAction,
    lead: Account,
    safeguarding: Account,
) -> None:
    for key in ("speaker-research", "speaker-refusal", "cpoms-recording"):
        make.answer(make.action_beside(action, key), ActionStatus.MET)
    stranger = make.school()
    make.answer(make.action(make.plan(stranger), "speaker-outline"), ActionStatus.MET)
    sign_in(client, safeguarding)
    assert client.post(f"/trusts/{trust.id}/checks/sample", data={"each": "3"}).status_code == 303
    make.session.rollback()
    events = make.session.scalars(select(VerificationEvent)).all()
    assert {(each.school_id, each.step) for each in events} == {(school.id, VerificationStep.SAMPLED)}
    assert len(events) == 3
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert mail.to_address == lead.email
    assert mail.text.count("#check") == 3
    client.post(f"/trusts/{trust.id}/checks/sample", data={"each": "3"})
    make.session.rollback()
    assert len(make.session.scalars(select(VerificationEvent)).all()) == 4  # what is under check is not drawn again
    page = client.get(f"/trusts/{trust.id}/checks").text
    assert "Chosen for a check by the trust" in page
    assert "Green without evidence" in page


def test_the_doubtful_are_likelier_to_be_drawn() -> None:
    plain, doubtful = (Candidate(uuid.uuid4(), uuid.uuid4(), "Do it") for _ in range(2))
    chance = random.Random(7)
    first = [weighted([plain, doubtful], {doubtful.action_id: 3}, chance)[0] for _ in range(2000)]
    assert 0.75 < first.count(doubtful) / 2000 < 0.85  # 4 of 5
