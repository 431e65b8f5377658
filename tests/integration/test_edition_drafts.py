"""A trust writes an edition: a draft that changes step by step, its difference, publishing, and that nothing changes after."""

import random
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.organisations.models import School, Trust
from tenants.plan.adoption.actions import adopt
from tenants.plan.edition_actions import add_edition
from tenants.plan.edition_content import EditionContent, change_action, retire_action, shift_action
from tenants.plan.edition_queries import content_of, edition_for, editions_for, newest_edition
from tenants.plan.models import (
    ActionStatus,
    AdoptionKind,
    Edition,
    EditionDraft,
    EditionSource,
    PlanAction,
    PlanAnswer,
)
from tests.factories import Factory, sign_in


@pytest.fixture
def trust(make: Factory) -> Trust:
    return make.trust()


@pytest.fixture
def lead(client: FlaskClient, make: Factory, trust: Trust) -> FlaskClient:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    return client


class Desk:
    """A draft of the trust and its pages."""

    def __init__(self, lead: FlaskClient, make: Factory, trust: Trust) -> None:
        self.lead, self.make = lead, make
        base = f"/trusts/{trust.id}/editions/drafts"
        answer = lead.post(
            base, data={"title": "Our trust’s plan", "based_on": str(make.edition("prevent-2026-11").id)}
        )
        assert answer.status_code == 303
        self.page = answer.location

    @property
    def draft(self) -> EditionDraft:
        self.make.session.rollback()
        return self.make.session.scalars(select(EditionDraft)).one()

    @property
    def content(self) -> EditionContent:
        return EditionContent.from_json(self.draft.content)

    def post(self, page: str, **fields: Any) -> Any:
        return self.lead.post(f"{self.page}{page}", data={"revision": str(self.draft.revision)} | fields)

    def publish(self) -> Any:
        self.post("", title="Our trust’s plan", notes="We ask for more, because we met too little.")
        return self.post("/publish")


@pytest.fixture
def desk(lead: FlaskClient, make: Factory, trust: Trust) -> Desk:
    return Desk(lead, make, trust)


def test_a_draft_is_changed_step_by_step(desk: Desk) -> None:
    desk.post("/actions/speaker-outline", wording="Ask for an outline in writing", expectation="due-diligence",
              roles=["dsl"], measure="", dfe_area="premises", recurs_months="6")  # fmt: skip
    desk.post("/step", step="retire", key="police-advice")
    desk.post("/step", step="down", key="speaker-research")
    desk.post("/new-action", wording="Ring the neighbours", expectation="due-diligence", roles=["slt"],
              measure="post:dsl", target_percent="", dfe_area="")  # fmt: skip
    actions = {action.key: action for action in desk.content.actions}
    assert (actions["speaker-outline"].wording, actions["speaker-outline"].recurs_months) == (
        "Ask for an outline in writing", 6,
    )  # fmt: skip
    assert "police-advice" not in actions
    own = next(action for key, action in actions.items() if key.startswith("own-"))
    assert (own.measure, own.target_percent) == ("post:dsl", 100)
    page = desk.lead.get(desk.page).text
    for words in ("Reworded: 1", "Retired: 1", "Added: 1", "Moved: 1", "Keep it after all"):
        assert words in page
    desk.post("/step", step="keep", key="police-advice")
    assert "police-advice" in {action.key for action in desk.content.actions}


def test_two_who_write_at_once_do_not_lose_each_other_s_changes(desk: Desk) -> None:
    seen = str(desk.draft.revision)
    desk.post("/step", step="retire", key="police-advice")
    desk.lead.post(f"{desk.page}/step", data={"revision": seen, "step": "retire", "key": "speaker-outline"})
    assert "speaker-outline" in {action.key for action in desk.content.actions}
    assert "Somebody else has changed the draft" in desk.lead.get(desk.page).text


def test_an_edition_is_published_only_when_it_changes_something_and_says_why(desk: Desk) -> None:
    desk.publish()
    assert "Change something first" in desk.lead.get(desk.page).text
    desk.post("", title="Our trust’s plan", notes="")
    desk.post("/step", step="retire", key="police-advice")
    desk.post("/publish")
    assert "Say what changed and why" in desk.lead.get(desk.page).text
    assert desk.draft.published_id is None


def test_a_published_edition_is_seen_by_the_trust_s_schools_and_no_other(
    desk: Desk, make: Factory, trust: Trust, web_app: Flask
) -> None:
    desk.post("/step", step="retire", key="police-advice")
    answer = desk.publish()
    assert "/editions/" in answer.location
    edition_id = make.session.scalars(select(EditionDraft.published_id)).one()
    ours, theirs = make.school(trust=trust), make.school(trust=make.trust())
    with web_app.app_context():
        for school, sees in ((ours, True), (theirs, False)):
            scope = SchoolScope(school.id)
            bind_scope(scope)
            assert (edition_for(scope, edition_id) is not None) is sees
            assert (edition_id in {line.edition.id for line in editions_for(scope)}) is sees
            assert (newest_edition(scope).id == edition_id) is sees
    assert desk.lead.get(desk.page).status_code == 404  # the draft is a draft no more


def test_nobody_changes_an_edition_that_is_published(
    desk: Desk, make: Factory, trust: Trust, web_app: Flask, worker_app: Flask
) -> None:
    desk.post("/step", step="retire", key="police-advice")
    desk.publish()
    for app in (web_app, worker_app):
        for statement in (
            "update edition_action set wording = 'x'",
            "delete from edition_action",
            "update edition set title = 'x'",
        ):
            with app.app_context():
                bind_scope(TrustScope(trust.id))
                with pytest.raises(ProgrammingError, match="permission denied"):
                    db.session.execute(sa.text(statement))
                db.session.rollback()


def test_a_draft_that_is_put_away_can_be_taken_up_again(desk: Desk) -> None:
    answer = desk.post("/drop")
    assert desk.lead.get(desk.page).status_code == 404
    assert "Take the draft up again" in desk.lead.get(answer.location).text
    desk.post("/take-up")
    assert desk.lead.get(desk.page).status_code == 200


def test_no_wording_holds_a_pupil_number(desk: Desk) -> None:
    answer = desk.post("/new-action", wording="See B801200005001", expectation="due-diligence", measure="", dfe_area="")
    assert "Take it out" in answer.text


def test_the_platform_publishes_for_everybody(client: FlaskClient, make: Factory, web_app: Flask) -> None:
    sign_in(client, make.member(Role.PLATFORM_ADMINISTRATOR))
    base = make.edition()
    answer = client.post("/platform/editions/drafts", data={"title": "Next year", "based_on": str(base.id)})
    page = answer.location
    client.post(f"{page}/step", data={"revision": "1", "step": "retire", "key": "police-advice"})
    client.post(page, data={"revision": "2", "title": "Next year", "notes": "The line is closed."})
    client.post(f"{page}/publish", data={"revision": "3"})
    made = make.session.scalars(select(Edition).where(Edition.title == "Next year")).one()
    try:
        assert (made.source, made.trust_id) == (EditionSource.BUILT_IN, None)
        school = make.school()
        with web_app.app_context():
            scope = SchoolScope(school.id)
            bind_scope(scope)
            assert edition_for(scope, made.id) is not None
    finally:
        _forget(make, made)


def _forget(make: Factory, edition: Edition) -> None:
    """What the platform publishes stays from test to test; this one goes."""
    key = {"edition": edition.id}
    make.session.execute(sa.text("delete from edition_draft"))
    make.session.execute(sa.text("delete from edition_action where edition_id = :edition"), key)
    sections = "select id from edition_section where edition_id = :edition"
    duties = f"select id from edition_duty where section_id in ({sections})"
    make.session.execute(sa.text(f"delete from edition_expectation where duty_id in ({duties})"), key)
    make.session.execute(sa.text(f"delete from edition_duty where section_id in ({sections})"), key)
    make.session.execute(sa.text("delete from edition_section where edition_id = :edition"), key)
    make.session.execute(sa.text("delete from edition where id = :edition"), key)
    make.session.commit()


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_editions_keeps_every_event(web: Flask, make: Factory, trust: Trust, seed: int) -> None:
    """Random editions one after the other, answers between them: no answer that was ever given is gone."""
    chance = random.Random(seed)
    school: School = make.school(trust=trust)
    make.plan(school)
    edition = make.edition()
    given: set[str] = set()
    for step in range(5):
        plan_actions = list(
            make.session.scalars(
                select(PlanAction)
                .join(PlanAnswer, PlanAnswer.action_id == PlanAction.id)
                .where(PlanAction.school_id == school.id, PlanAnswer.recorded_until.is_(None))
            )
        )
        for number, action in enumerate(chance.sample(plan_actions, 3)):
            note = f"Said in step {step}, number {number}"
            make.answer(action, chance.choice([ActionStatus.MET, ActionStatus.PARTLY_MET]), note=note)
            given.add(note)
        edition = _mutated(edition, trust, chance, step)
        scope = SchoolScope(school.id)
        bind_scope(scope)
        adopt(scope, edition_id=edition.id, kind=AdoptionKind.EDITION, academic_year=2026, made_by=None)
        db.session.commit()
        make.session.rollback()
        kept = set(make.session.scalars(select(PlanAnswer.note).where(PlanAnswer.school_id == school.id)))
        assert given <= kept


def _mutated(base: Edition, trust: Trust, chance: random.Random, step: int) -> Edition:
    bind_scope(TrustScope(trust.id))
    content = content_of(base.id)
    keys = [action.key for action in content.actions]
    for key in chance.sample(keys, 4):
        content = retire_action(content, key)
    for key in chance.sample([key for key in keys if key in {each.key for each in content.actions}], 6):
        content = change_action(content, key, wording=f"{key}, worded in step {step}")
        content = shift_action(content, key, by=chance.choice([-1, 1]))
    edition = Edition(
        key=f"random-{step}-{chance.random()}", title=f"Step {step}", source=EditionSource.TRUST, trust_id=trust.id,
        based_on_id=base.id, published_on=base.published_on,
    )  # fmt: skip
    add_edition(edition, content)
    db.session.commit()
    return edition
