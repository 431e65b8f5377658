"""Changing the plan from its list, sharing it, its files, its pack; and what no text may hold."""

import csv
import io
import uuid
import zipfile
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from blueprints.web.access import today
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun
from tenants.access.models import Role
from tenants.organisations.models import School
from tenants.plan.evidence.models import Evidence, EvidenceRevision, EvidenceUse
from tenants.plan.models import ActionStatus, Plan, PlanAction, PlanAnswer, PlanOpening
from tenants.plan.sharing.models import InspectionPack, PackState, PlanShare, PlanShareOpening
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in

UPN = "B801200005001"


@pytest.fixture
def school(make: Factory) -> School:
    return make.school(name="Mallard Primary School")


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school, name="Priya Nair", email="priya@school.example"))
    return client


@pytest.fixture
def plan(make: Factory, school: School) -> Plan:
    return make.plan(school)


@pytest.fixture
def outline(make: Factory, plan: Plan) -> PlanAction:
    return make.action(plan, "speaker-outline")


def current(make: Factory, action: PlanAction) -> PlanAnswer:
    make.session.rollback()
    return make.session.scalars(
        select(PlanAnswer).where(PlanAnswer.action_id == action.id, PlanAnswer.recorded_until.is_(None))
    ).one()


def at(action: PlanAction) -> str:
    return f"/schools/{action.school_id}/plan/actions/{action.id}"


# In the list


def save_row(client: FlaskClient, make: Factory, action: PlanAction, in_place: bool = False, **fields: str) -> Any:
    form = {"status": "not_met", "owner": "role:dsl", "due_on": "2027-03-27", "seen": str(current(make, action).id)}
    headers = {"X-In-Place": "1"} if in_place else {}
    return client.post(f"{at(action)}/row", data=form | fields, headers=headers)


def test_the_list_shows_a_line_as_a_form_where_it_stands(
    lead: FlaskClient, school: School, outline: PlanAction
) -> None:
    page = lead.get(f"/schools/{school.id}/plan?state=not_answered&edit={outline.id}").text
    assert page.count("data-row-form") == 1
    assert page.index("data-row-form") > page.index("Speakers and hirers are checked")


def test_a_line_is_saved_and_leads_back_to_the_list_as_it_was(
    lead: FlaskClient, make: Factory, outline: PlanAction
) -> None:
    answer = save_row(lead, make, outline, back="state=not_answered&evil=https://elsewhere.example")
    assert answer.location.endswith(f"/plan?state=not_answered#action-{outline.id}")
    row = current(make, outline)
    assert (row.status, row.owner_role, row.due_on) == (ActionStatus.NOT_MET, "dsl", date(2027, 3, 27))


def test_with_script_the_line_comes_back_alone(lead: FlaskClient, make: Factory, outline: PlanAction) -> None:
    assert "data-row-form" in lead.get(f"{at(outline)}/row?edit=yes").text
    answer = save_row(lead, make, outline, in_place=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "due 27 March 2027" in answer.text


@pytest.mark.parametrize("in_place", [True, False])
def test_the_second_of_two_is_shown_what_the_first_changed_and_loses_nothing(
    lead: FlaskClient, make: Factory, outline: PlanAction, in_place: bool
) -> None:
    seen = str(current(make, outline).id)
    save_row(lead, make, outline)
    late = save_row(lead, make, outline, in_place=in_place, status="met", owner="role:slt", seen=seen)
    assert late.status_code == (409 if in_place else 200)
    assert "Priya Nair" in late.text
    assert "from “Not answered” to “Not met”" in late.text
    assert '<option value="met" selected>' in late.text
    assert current(make, outline).status is ActionStatus.NOT_MET
    save_row(lead, make, outline, status="met", owner="role:slt", seen=str(current(make, outline).id))
    assert current(make, outline).status is ActionStatus.MET


def test_a_date_that_is_none_is_told(lead: FlaskClient, make: Factory, outline: PlanAction) -> None:
    assert "Enter the due date" in save_row(lead, make, outline, due_on="soon").text
    assert current(make, outline).status is ActionStatus.NOT_ANSWERED


def test_what_is_ticked_gets_the_same_owner_and_date(
    lead: FlaskClient, make: Factory, school: School, plan: Plan
) -> None:
    person = make.staff(school, StaffRole.DSL)
    ticked = [make.action(plan, key) for key in ("speaker-outline", "speaker-research", "awareness-course")]
    stranger = make.actions(make.plan(make.school()))[0]
    form = {
        "actions": [str(action.id) for action in [*ticked, stranger]],
        "owner": f"person:{person.id}",
        "due": "other",
        "due_on-day": "26",
        "due_on-month": "3",
        "due_on-year": "2027",
    }
    lead.post(f"/schools/{school.id}/plan/bulk", data=form)
    assert [(current(make, each).owner_id, current(make, each).due_on) for each in ticked] == [
        (person.id, date(2027, 3, 26))
    ] * 3
    assert current(make, stranger).owner_id is None


def test_a_deadline_is_the_end_of_a_half_term(lead: FlaskClient, school: School, plan: Plan) -> None:
    page = lead.get(f"/schools/{school.id}/plan").text
    assert "End of the spring half term, " in page


def test_bulk_without_ticks_says_what_to_do(lead: FlaskClient, school: School, plan: Plan) -> None:
    lead.post(f"/schools/{school.id}/plan/bulk", data={"owner": "as_it_is", "due": "as_it_is"})
    assert "Tick the actions first" in lead.get(f"/schools/{school.id}/plan").text


def test_everything_that_somebody_has_is_handed_over_and_history_is_kept(
    lead: FlaskClient, make: Factory, school: School, plan: Plan, outline: PlanAction
) -> None:
    leaver, successor = make.staff(school, StaffRole.DSL), make.staff(school, StaffRole.DSL)
    other = make.action(plan, "speaker-research")
    for action in (outline, other):
        make.answer(action, ActionStatus.PARTLY_MET, owner_id=leaver.id)
    form = {"from_id": str(leaver.id), "owner": f"person:{successor.id}"}
    lead.post(f"/schools/{school.id}/plan/hand-over", data=form)
    assert [current(make, action).owner_id for action in (outline, other)] == [successor.id] * 2
    assert leaver.full_name in lead.get(at(outline)).text


def test_my_actions_are_those_of_the_member_of_staff_with_my_address(
    lead: FlaskClient, make: Factory, school: School, outline: PlanAction
) -> None:
    me = make.staff(school, StaffRole.PREVENT_LEAD, email="Priya@School.example")
    make.answer(outline, ActionStatus.PARTLY_MET, owner_id=me.id)
    page = lead.get(f"/schools/{school.id}/plan?owner=mine").text
    assert page.count("data-plan-row") == 1


def test_actions_are_filtered_by_person_and_by_role_apart(
    lead: FlaskClient, make: Factory, school: School, outline: PlanAction
) -> None:
    me = make.staff(school, StaffRole.DSL, given_name="Ada", family_name="Byron")
    make.answer(outline, ActionStatus.PARTLY_MET, owner_id=me.id, owner_role="dsl")

    def shown(query: str) -> int:
        return lead.get(f"/schools/{school.id}/plan?{query}").text.count("data-plan-row")

    everything, with_role = shown(""), shown("role=DSL")
    assert shown("owner=Ada+Byron") == shown("owner=Ada+Byron&role=DSL") == 1
    assert shown("owner=nobody") == everything - 1
    assert 1 < with_role == shown("owner=nobody&role=DSL") + 1


def test_a_plan_in_the_order_of_guidance_names_what_nothing_serves(
    lead: FlaskClient, make: Factory, school: School, plan: Plan
) -> None:
    page = lead.get(f"/schools/{school.id}/plan?order=kcsie-2026").text
    assert "No action of this plan serves:" in page
    assert "Information is kept and shared when a pupil moves on" in page
    assert all(action.own_wording is None for action in make.actions(plan))
    assert "Serves no part of it" in page
    file = lead.get(f"/schools/{school.id}/plan?order=kcsie-2026&format=csv").text
    assert "Part one: All staff read Part one in full" in file


def test_looking_at_the_plan_is_noted_once_a_day_and_only_for_those_who_may_change_it(
    lead: FlaskClient, make: Factory, school: School, plan: Plan
) -> None:
    for _ in range(2):
        lead.get(f"/schools/{school.id}/plan")
    sign_in(lead, make.member(Role.SCHOOL_READER, school))
    lead.get(f"/schools/{school.id}/plan")
    make.session.rollback()
    assert len(make.session.scalars(select(PlanOpening)).all()) == 1


# Texts


@pytest.mark.parametrize("text", [f"See {UPN}", "Born 3 March 2015", "DOB: 03/03/15"])
@pytest.mark.parametrize("field", ["note", "local_wording"])
def test_no_text_of_an_answer_holds_a_pupil_number_or_a_date_of_birth(
    lead: FlaskClient, make: Factory, outline: PlanAction, text: str, field: str
) -> None:
    form = {"status": "met", "owner_role": "", "owner_id": "", "seen": str(current(make, outline).id), "note": ""}
    assert "Take it out" in lead.post(at(outline), data=form | {field: text}).text
    assert current(make, outline).status is ActionStatus.NOT_ANSWERED


def test_a_date_that_is_nobody_s_birthday_may_stand_in_a_note(
    lead: FlaskClient, make: Factory, outline: PlanAction
) -> None:
    form = {"status": "met", "owner_role": "", "owner_id": "", "seen": str(current(make, outline).id)}
    lead.post(at(outline), data=form | {"note": "Policy of 12 January 2019, reviewed 3 March 2026"})
    assert current(make, outline).status is ActionStatus.MET


def test_a_note_that_cites_what_was_replaced_says_so(lead: FlaskClient, make: Factory, outline: PlanAction) -> None:
    make.answer(outline, ActionStatus.MET, note="As in Keeping children safe in education 2023")
    page = lead.get(at(outline)).text
    assert "Refer to the 2026 edition" in page


def test_evidence_that_cites_what_was_replaced_says_so(lead: FlaskClient, make: Factory, outline: PlanAction) -> None:
    assert "Refer to the 2026 edition" not in lead.get(at(outline)).text
    lead.post(f"{at(outline)}/notes", data={"note-text": "All read KCSIE 2024", "note-title": "Staff meeting"})
    assert "Refer to the 2026 edition" in lead.get(at(outline)).text


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("links", {"link-address": f"https://drive.example/{UPN}"}),
        ("links", {"link-address": "https://drive.example/a", "link-title": f"Report {UPN}"}),
        ("notes", {"note-text": "Talked to the family. DOB: 03/03/15"}),
        ("files", {"file-files": (io.BytesIO(b"%PDF-1.7 x"), f"Report {UPN}.pdf")}),
        ("submit", {"step": "submitted", "comment": f"About {UPN}"}),
    ],
)
def test_no_evidence_and_no_comment_holds_a_pupil_number(
    lead: FlaskClient, make: Factory, outline: PlanAction, page: str, form: dict[str, Any]
) -> None:
    make.answer(outline, ActionStatus.MET)
    assert "ake it out" in lead.post(f"{at(outline)}/{page}", data=form).text
    assert "No evidence yet" in lead.get(at(outline)).text


# Evidence


def test_evidence_has_revisions_and_every_one_can_be_read(
    lead: FlaskClient, make: Factory, school: School, outline: PlanAction
) -> None:
    first, second = (b"%PDF-1.7 " + bytes([number]) * 100 for number in (1, 2))
    lead.post(f"{at(outline)}/files", data={"file-files": (io.BytesIO(first), "policy.pdf"), "file-title": "Policy"})
    piece = make.session.scalars(select(Evidence)).one()
    base = f"/schools/{school.id}/evidence/{piece.id}"
    lead.post(
        f"{base}/revisions",
        data={
            "file-files": (io.BytesIO(second), "policy-2.pdf"),
            "file-effective_from-day": "1", "file-effective_from-month": "9", "file-effective_from-year": "2026",
            "file-expires_on-day": "31", "file-expires_on-month": "8", "file-expires_on-year": "2027",
        },
    )  # fmt: skip
    assert lead.get(base).data == second
    assert lead.get(f"{base}?revision=1").data == first
    make.session.rollback()
    stored = make.session.scalars(select(EvidenceRevision).order_by(EvidenceRevision.number)).all()
    assert [each.sha256 for each in stored] == [sha256(content).hexdigest() for content in (first, second)]
    assert (stored[1].effective_from, stored[1].expires_on) == (date(2026, 9, 1), date(2027, 8, 31))
    assert "Revision 2" in lead.get(f"{base}/revisions").text


def test_evidence_that_expires_before_it_takes_effect_is_refused(
    lead: FlaskClient, make: Factory, outline: PlanAction
) -> None:
    form = {
        "link-address": "https://school.example/x",
        "link-title": "",
        "link-expires_on-day": "1", "link-expires_on-month": "9", "link-expires_on-year": "2020",
    }  # fmt: skip
    assert "would expire before it takes effect" in lead.post(f"{at(outline)}/links", data=form).text
    assert make.session.scalars(select(Evidence)).all() == []


def test_one_piece_serves_several_actions(
    lead: FlaskClient, make: Factory, school: School, plan: Plan, outline: PlanAction
) -> None:
    piece = make.evidence(outline)
    other = make.action(plan, "speaker-research")
    lead.post(f"{at(other)}/evidence", data={"evidence_id": str(piece.id)})
    assert "Serves 2 actions" in lead.get(at(outline)).text
    lead.post(f"/schools/{school.id}/evidence/{piece.id}/serves", data={"actions": [str(other.id)]})
    assert "No evidence yet" in lead.get(at(outline)).text
    assert "Minutes" in lead.get(at(other)).text


def test_of_several_files_all_are_taken_or_none(lead: FlaskClient, make: Factory, outline: PlanAction) -> None:
    files = [(io.BytesIO(b"%PDF-1.7 good"), "good.pdf"), (io.BytesIO(b"MZ bad"), "bad.pdf")]
    answer = lead.post(f"{at(outline)}/files", data={"file-files": files, "file-title": ""})
    assert "bad.pdf" in answer.text
    assert make.session.scalars(select(Evidence)).all() == []


# Files and links


@pytest.mark.parametrize("kind", ["docx", "pdf", "xlsx", "csv"])
def test_the_plan_is_given_in_each_format(
    lead: FlaskClient, make: Factory, school: School, outline: PlanAction, kind: str
) -> None:
    make.answer(outline, ActionStatus.MET, note="In the diary")
    answer = lead.get(f"/schools/{school.id}/plan?format={kind}")
    assert answer.status_code == 200
    assert (
        answer.data[:4]
        == {"docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "pdf": b"%PDF", "csv": "\ufeffS".encode()}[kind]
    )


def link_of(lead: FlaskClient, make: Factory, school: School) -> str:
    answer = lead.post(f"/schools/{school.id}/reports/links", data={"reader": "Chair", "days": "14", "shows": "now"})
    page = lead.get(answer.location).text
    return page.partition("<code>")[2].partition("</code>")[0].removeprefix("http://localhost")


def test_a_reader_without_an_account_opens_the_plan_and_the_school_sees_when(
    lead: FlaskClient, make: Factory, web_app: Flask, school: School, outline: PlanAction
) -> None:
    person = make.staff(school, StaffRole.DSL)
    make.answer(outline, ActionStatus.MET, owner_id=person.id, owner_role="dsl")
    link = link_of(lead, make, school)
    governor = web_app.test_client()
    assert school.name in governor.get(link).text
    assert governor.get(f"{link}/plan").status_code == 303  # not before the button
    make.session.rollback()
    assert make.session.scalars(select(PlanShareOpening)).all() == []
    page = governor.post(link, follow_redirects=True).text
    assert "Ask every visiting speaker" in page
    assert person.family_name not in page
    assert governor.get(f"{link}/plan.pdf").data.startswith(b"%PDF")
    assert "1 time" in lead.get(f"/schools/{school.id}/reports").text


def test_a_link_that_is_withdrawn_or_over_shows_nothing(
    lead: FlaskClient, make: Factory, web_app: Flask, school: School, plan: Plan
) -> None:
    link = link_of(lead, make, school)
    governor = web_app.test_client()
    governor.post(link)
    share = make.session.scalars(select(PlanShare)).one()
    lead.post(f"/schools/{school.id}/reports/links/{share.id}/withdraw")
    assert governor.get(link).status_code == 410
    assert governor.get(f"{link}/plan").status_code == 303
    assert school.name not in governor.get(link).text


def test_a_link_that_was_tampered_with_does_not_exist(
    lead: FlaskClient, make: Factory, web_app: Flask, school: School, plan: Plan
) -> None:
    link = link_of(lead, make, school)
    assert web_app.test_client().get(f"{link[:-2]}xx").status_code == 404


# The pack


def make_pack(lead: FlaskClient, make: Factory, worker_app: Flask, school: School, **as_at: str) -> InspectionPack:
    lead.post(f"/schools/{school.id}/reports/packs", data=as_at)
    make.session.rollback()
    pack = make.session.scalars(select(InspectionPack).order_by(InspectionPack.created_at.desc())).first()
    assert pack is not None
    with worker_app.app_context():
        run_job(str(pack.job_id))
    make.session.rollback()
    return pack


def test_a_pack_holds_the_plan_the_evidence_and_an_index_that_is_true(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, plan: Plan, outline: PlanAction
) -> None:
    make.answer(outline, ActionStatus.MET)
    make.answer(make.action(plan, "speaker-research"), ActionStatus.PARTLY_MET)
    make.staff(school)
    content = b"%PDF-1.7 minutes"
    lead.post(
        f"{at(outline)}/files", data={"file-files": (io.BytesIO(content), "minutes.pdf"), "file-title": "Minutes"}
    )
    pack = make_pack(lead, make, worker_app, school)
    assert pack.state is PackState.READY
    answer = lead.get(f"/schools/{school.id}/reports/packs/{pack.id}/file")
    assert sha256(answer.data).hexdigest() == pack.sha256
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {
            "plan.docx", "plan.pdf", "plan.xlsx", "training.csv", "reading.csv", "contacts.csv", "evidence.csv",
            "filtering-reviews.csv", "filtering-checks.csv", "evidence/001-minutes.pdf", "missing.txt", "index.csv",
        } == names  # fmt: skip
        assert archive.read("evidence/001-minutes.pdf") == content
        index = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode("utf-8-sig"))))
        assert {row["File"] for row in index} == names - {"index.csv"}
        for row in index:
            assert sha256(archive.read(row["File"])).hexdigest() == row["SHA-256"]
        missing = archive.read("missing.txt").decode("utf-8-sig")
        assert "Not answered: " in missing
        assert "No review of filtering and monitoring is recorded" in missing
        assert "Partly met: Look into the speaker" in missing
        assert "(From records: 0 of 1 staff; 1 missing, target 100%)" in missing
    page = lead.get(f"/schools/{school.id}/reports/packs/{pack.id}").text
    assert "Not answered: " in page


def test_a_pack_names_the_last_review_of_filtering_and_holds_its_record(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, plan: Plan, outline: PlanAction
) -> None:
    record = make.evidence(outline, title="Minutes of the review")
    make.session.execute(delete(EvidenceUse))  # it serves no action, and is asked for all the same
    make.session.commit()
    on = today() - timedelta(days=400)
    make.filtering_review(school, on, evidence_id=record.id)
    pack = make_pack(lead, make, worker_app, school)
    assert f"Filtering and monitoring were last reviewed over a year ago, on {on}" in pack.missing
    answer = lead.get(f"/schools/{school.id}/reports/packs/{pack.id}/file")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        reviews = archive.read("filtering-reviews.csv").decode("utf-8-sig")
        assert f"{on},Meets the standard,Member of the SLT; DSL," in reviews
        assert "Minutes of the review" in reviews
        assert "Minutes of the review" in archive.read("evidence.csv").decode("utf-8-sig")
        assert f"Reviews of filtering and monitoring, the last on {on}" in archive.read("index.csv").decode("utf-8-sig")


def test_a_pack_as_at_a_day_before_there_was_a_plan_says_so(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, plan: Plan
) -> None:
    pack = make_pack(lead, make, worker_app, school, **{"as_at-day": "1", "as_at-month": "5", "as_at-year": "2026"})
    assert (pack.state, pack.problem) == (PackState.FAILED, "The school had no plan on that day.")


def test_a_pack_is_as_at_its_day(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, outline: PlanAction
) -> None:
    make.answer(outline, ActionStatus.MET)
    make.evidence(outline, "Of today")
    yesterday = date.today() - timedelta(days=1)
    parts = {"as_at-day": str(yesterday.day), "as_at-month": str(yesterday.month), "as_at-year": str(yesterday.year)}
    pack = make_pack(lead, make, worker_app, school, **parts)
    data = lead.get(f"/schools/{school.id}/reports/packs/{pack.id}/file").data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "Of today" not in archive.read("evidence.csv").decode("utf-8-sig")


def test_evidence_whose_file_is_gone_is_named_as_missing(
    lead: FlaskClient, make: Factory, web_app: Flask, worker_app: Flask, school: School, outline: PlanAction
) -> None:
    lead.post(f"{at(outline)}/files", data={"file-files": (io.BytesIO(b"%PDF-1.7 x"), "a.pdf"), "file-title": "Lost"})
    revision = make.session.scalars(select(EvidenceRevision)).one()
    web_app.extensions["storage"].delete(revision.storage_key)
    pack = make_pack(lead, make, worker_app, school)
    assert "The file of the evidence “Lost” is not in the storage." in pack.missing


def test_the_file_of_a_pack_is_deleted_and_what_it_held_stays_listed(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, plan: Plan
) -> None:
    pack = make_pack(lead, make, worker_app, school)
    base = f"/schools/{school.id}/reports/packs/{pack.id}"
    lead.post(f"{base}/delete")
    assert lead.get(f"{base}/file").status_code == 404
    assert "plan.docx" in lead.get(base).text


def test_a_pack_that_is_asked_for_twice_is_made_twice_and_a_job_only_once(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, plan: Plan
) -> None:
    pack = make_pack(lead, make, worker_app, school)
    first = pack.sha256
    job = make.session.get_one(JobRun, pack.job_id)
    job.state, job.finished_at = job.state.__class__("queued"), None
    make.session.commit()
    with worker_app.app_context():
        run_job(str(uuid.UUID(str(job.id))))
    make.session.rollback()
    assert pack.sha256 == first
