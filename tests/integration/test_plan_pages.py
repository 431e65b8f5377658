"""The plan in the browser: answers, history, evidence, own actions, overrides, the past."""

import io
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tenants.access.models import Account, Role
from tenants.organisations.models import School
from tenants.plan.evidence.models import Evidence, EvidenceRevision, EvidenceUse
from tenants.plan.models import ActionStatus, PlanAction, PlanAnswer
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def person(make: Factory, school: School) -> Account:
    return make.member(Role.PREVENT_LEAD, school, name="Priya Nair")


@pytest.fixture
def lead(client: FlaskClient, person: Account) -> FlaskClient:
    sign_in(client, person)
    return client


@pytest.fixture
def declared(make: Factory, school: School) -> PlanAction:
    """An action of the school's plan that stands as declared."""
    return next(row for row in make.actions(make.plan(school)) if not row.measure)


@pytest.fixture
def measured(make: Factory, school: School) -> PlanAction:
    return next(row for row in make.actions(make.plan(school)) if row.measure == "training:prevent-awareness")


def at(action: PlanAction, suffix: str = "") -> str:
    return f"/schools/{action.school_id}/plan/actions/{action.id}{suffix}"


def current_answer(make: Factory, action: PlanAction) -> PlanAnswer:
    make.session.expire_all()
    return make.session.scalars(
        select(PlanAnswer).where(PlanAnswer.action_id == action.id, PlanAnswer.recorded_until.is_(None))
    ).one()


def current_uses(make: Factory, action: PlanAction) -> list[uuid.UUID]:
    make.session.expire_all()
    return list(
        make.session.scalars(
            select(EvidenceUse.evidence_id).where(EvidenceUse.action_id == action.id, EvidenceUse.used_until.is_(None))
        )
    )


def save(client: FlaskClient, make: Factory, action: PlanAction, **fields: str) -> Any:
    seen = str(current_answer(make, action).id)
    form = {"status": "not_answered", "owner_role": "", "owner_id": "", "note": "", "override_reason": "", "seen": seen}
    return client.post(at(action), data=form | fields)


def test_a_plan_is_started_from_the_current_edition(lead: FlaskClient, make: Factory, school: School) -> None:
    assert "two ways to begin" in lead.get(f"/schools/{school.id}/plan").text
    assert lead.post(f"/schools/{school.id}/plan/start").status_code == 303
    actions = make.session.scalars(select(PlanAction).where(PlanAction.school_id == school.id)).all()
    assert len(actions) > 40
    assert len({action.id for action in actions}) == len(actions)
    page = lead.get(f"/schools/{school.id}/plan").text
    assert page.count('class="pt-plan-action"') == len(actions)


def test_an_answer_is_kept_with_its_history(lead: FlaskClient, make: Factory, declared: PlanAction) -> None:
    save(lead, make, declared, status="partly_met", note="Half of it")
    save(
        lead, make, declared, status="met", note="All of it",
        **{"due_on-day": "27", "due_on-month": "3", "due_on-year": "2027"},
    )  # fmt: skip
    answer = current_answer(make, declared)
    assert (answer.status, answer.note, answer.due_on) == (ActionStatus.MET, "All of it", date(2027, 3, 27))
    page = lead.get(at(declared)).text
    assert "Priya Nair" in page
    assert "from “Partly met” to “Met”" in page
    assert "from “Half of it” to “All of it”" in page
    assert len(make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == declared.id)).all()) == 3


def test_an_answer_to_what_somebody_else_changed_is_not_saved(
    lead: FlaskClient, make: Factory, declared: PlanAction
) -> None:
    seen = str(current_answer(make, declared).id)
    save(lead, make, declared, status="met")
    late = save(lead, make, declared, status="not_met", seen=seen)
    assert "Somebody else has changed this action" in late.text
    assert current_answer(make, declared).status is ActionStatus.MET


def test_a_measured_action_follows_the_records(
    lead: FlaskClient, make: Factory, school: School, measured: PlanAction
) -> None:
    trained, untrained = (make.staff(school, StaffRole.TEACHING) for _ in range(2))
    make.completion(trained, on=date.today() - timedelta(days=30))
    page = lead.get(at(measured)).text
    assert "1 of 2 staff; 1 missing" in page
    assert f"/schools/{school.id}/staff?gap=prevent-awareness" in page
    assert untrained.full_name in lead.get(f"/schools/{school.id}/staff?gap=prevent-awareness").text
    save(lead, make, measured, status="met")
    assert current_answer(make, measured).status is ActionStatus.NOT_ANSWERED
    assert "Partly met" in lead.get(at(measured)).text


def test_an_override_needs_its_reason_and_shows_it(
    lead: FlaskClient, make: Factory, school: School, measured: PlanAction
) -> None:
    make.staff(school, StaffRole.TEACHING)
    save(lead, make, measured, status="met", override_reason="Paper certificates are in the office.")
    page = lead.get(at(measured)).text
    assert "Declared against the records" in page
    assert "Paper certificates are in the office." in page
    refused = save(lead, make, measured, override_reason="Because")
    assert "Choose the status that should stand" in refused.text


def test_a_link_and_a_file_are_evidence_and_can_be_removed_and_put_back(
    lead: FlaskClient, make: Factory, declared: PlanAction
) -> None:
    lead.post(at(declared, "/links"), data={"link-address": "https://drive.example/x", "link-title": "Minutes"})
    content = b"%PDF-1.7 " + bytes(range(256))
    lead.post(
        at(declared, "/files"), data={"file-files": (io.BytesIO(content), "../../reg|ister.pdf"), "file-title": ""}
    )
    make.session.expire_all()
    link, file = make.session.scalars(select(Evidence).order_by(Evidence.created_at)).all()
    revision = make.session.scalars(select(EvidenceRevision).where(EvidenceRevision.evidence_id == file.id)).one()
    assert (link.title, revision.file_name, revision.media_type, revision.size) == (
        "Minutes", "register.pdf", "application/pdf", len(content),
    )  # fmt: skip
    answer = lead.get(f"/schools/{declared.school_id}/evidence/{file.id}")
    assert answer.data == content
    assert answer.headers["Content-Disposition"] == "attachment; filename=register.pdf"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    lead.post(at(declared, f"/evidence/{file.id}/remove"))
    assert current_uses(make, declared) == [link.id]
    assert "Evidence that was removed" in lead.get(at(declared)).text
    lead.post(at(declared, f"/evidence/{file.id}/put-back"))
    assert set(current_uses(make, declared)) == {link.id, file.id}


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"MZ\x90\x00program", "photo.png", "This kind of file is not taken"),
        (b"<html><script>alert(1)</script>", "notes.txt", "This kind of file is not taken"),
        (b"#!/bin/sh\nrm", "notes.txt", "This kind of file is not taken"),
        (b"", "notes.txt", "The file is empty"),
        (b"PK\x03\x04broken", "plan.docx", "The file is damaged"),
    ],
)
def test_files_that_could_run_or_cannot_be_read_are_refused(
    lead: FlaskClient, make: Factory, declared: PlanAction, content: bytes, name: str, words: str
) -> None:
    answer = lead.post(at(declared, "/files"), data={"file-files": (io.BytesIO(content), name), "file-title": ""})
    assert words in answer.text
    assert make.session.scalars(select(Evidence)).all() == []


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://files.example", "drive.example/x"])
def test_a_link_must_be_a_web_address(lead: FlaskClient, make: Factory, declared: PlanAction, address: str) -> None:
    assert (
        "must start with https://"
        in lead.post(at(declared, "/links"), data={"link-address": address, "link-title": ""}).text
    )
    assert make.session.scalars(select(Evidence)).all() == []


def test_an_action_of_ones_own_is_added_taken_out_and_put_back(
    lead: FlaskClient, make: Factory, school: School, declared: PlanAction
) -> None:
    form = {"wording": "Ask the parish hall", "expectation_id": str(declared.expectation_id), "role": "dsl"}
    answer = lead.post(f"/schools/{school.id}/plan/actions/new", data=form)
    assert answer.status_code == 303
    own_id = uuid.UUID(answer.location.rpartition("/")[2])
    assert "Ask the parish hall" in lead.get(f"/schools/{school.id}/plan").text
    lead.post(f"/schools/{school.id}/plan/actions/{own_id}/remove")
    assert "Ask the parish hall" not in lead.get(f"/schools/{school.id}/plan").text
    assert "Ask the parish hall" in lead.get(f"/schools/{school.id}/plan/archive").text
    lead.post(f"/schools/{school.id}/plan/actions/{own_id}/put-back")
    assert "Ask the parish hall" in lead.get(f"/schools/{school.id}/plan").text


def test_an_editions_action_cannot_be_taken_out(lead: FlaskClient, make: Factory, declared: PlanAction) -> None:
    lead.post(at(declared, "/remove"))
    make.session.expire_all()
    assert make.session.get_one(PlanAction, declared.id).removed_at is None


def test_filters_and_the_file_show_the_same_actions(
    lead: FlaskClient, make: Factory, school: School, declared: PlanAction
) -> None:
    row = current_answer(make, declared)
    row.status, row.due_on = ActionStatus.NOT_MET, date(2026, 1, 1)
    make.session.commit()
    page = lead.get(f"/schools/{school.id}/plan?state=overdue").text
    assert page.count('class="pt-plan-action"') == 1
    file = lead.get(f"/schools/{school.id}/plan?state=overdue&format=csv").text
    assert file.strip().count("\n") == 1
    assert "Not met" in file


def test_a_reader_sees_everything_and_can_change_nothing(
    client: FlaskClient, make: Factory, school: School, declared: PlanAction
) -> None:
    sign_in(client, make.member(Role.SCHOOL_READER, school))
    page = client.get(at(declared)).text
    assert "Read only" in page
    assert "<textarea" not in page
    assert client.post(at(declared), data={}).status_code == 404
    assert client.post(at(declared, "/links"), data={}).status_code == 404


def test_the_overview_says_what_to_do_first(lead: FlaskClient, make: Factory, school: School) -> None:
    page = lead.get(f"/schools/{school.id}").text
    assert page.index("Add your staff") < page.index("Start your action plan")
    make.staff(school, StaffRole.PREVENT_LEAD, StaffRole.DSL)
    row = current_answer(make, next(each for each in make.actions(make.plan(school)) if not each.measure))
    row.status, row.due_on = ActionStatus.NOT_MET, date(2026, 1, 1)
    make.session.commit()
    page = lead.get(f"/schools/{school.id}").text
    assert "Finish 1 overdue action" in page
    assert "was due on 1 January 2026" in page
    assert page.index("Finish 1 overdue action") < page.index("Answer ")
    assert "red today" in page
