"""A Word plan through the browser: upload, preview, the worker, the result, and back again."""

import csv
import io
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Account, Role
from tenants.imports.models import ImportRun, ImportState
from tenants.imports.plan_document.run import import_plan_file
from tenants.organisations.models import School
from tenants.plan.models import (
    ActionStatus,
    Edition,
    EditionAction,
    Plan,
    PlanAction,
    PlanAnswer,
    PlanFinding,
    PlanPeriod,
)
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in


def word_plan(*actions: str, title: str = "Our plan") -> io.BytesIO:
    document: Any = Document()
    document.add_paragraph(title)
    table = document.add_table(rows=3, cols=4)
    for cell, text in zip(table.rows[0].cells, ("Duty", "What this means", "Action", "By whom"), strict=True):
        cell.text = text
    table.rows[1].cells[0].merge(table.rows[1].cells[3]).text = "Staff training"
    cells = table.rows[2].cells
    cells[0].text, cells[1].text, cells[3].text = "Train staff", "Everybody is trained", "All staff"
    for action in actions:
        cells[2].add_paragraph(action, style="List Bullet")
    stream = io.BytesIO()
    document.save(stream)
    stream.seek(0)
    return stream


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def account(make: Factory, school: School) -> Account:
    return make.member(Role.PREVENT_LEAD, school)


@pytest.fixture
def lead(client: FlaskClient, account: Account) -> FlaskClient:
    sign_in(client, account)
    return client


def upload(client: FlaskClient, school: School, stream: io.BytesIO, name: str = "plan.docx") -> Any:
    return client.post(f"/schools/{school.id}/plan/import", data={"file": (stream, name)})


def the_run(make: Factory) -> ImportRun:
    make.session.expire_all()
    return make.session.scalars(select(ImportRun).order_by(ImportRun.created_at.desc())).first()  # type: ignore[return-value]


def apply(client: FlaskClient, make: Factory, worker_app: Flask, school: School) -> ImportRun:
    """Presses the button, then does the job as the worker would."""
    run = the_run(make)
    assert client.post(f"/schools/{school.id}/plan/import/{run.id}/apply").status_code == 303
    do_job(worker_app, the_run(make).job_id)
    return the_run(make)


def do_job(worker_app: Flask, job_id: uuid.UUID | None) -> None:
    with worker_app.app_context():
        run_job(str(job_id))


def test_the_preview_shows_what_was_read_and_saves_no_plan(lead: FlaskClient, make: Factory, school: School) -> None:
    answer = upload(lead, school, word_plan("Read Keeping children safe in education 2023", "Take the course"))
    assert answer.status_code == 303
    page = lead.get(answer.location).text
    assert "1 section, 1 duty, 1 expectation and 2 actions" in page
    assert "Take the course" in page
    assert "All staff" in page
    assert make.session.scalar(select(func.count()).select_from(Plan)) == 0


def test_the_worker_makes_the_plan_and_says_what_is_out_of_date(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    upload(lead, school, word_plan("Read Keeping children safe in education (2023)", "Take the course"))
    run = apply(lead, make, worker_app, school)
    assert run.state is ImportState.APPLIED
    wordings = make.session.scalars(select(EditionAction.wording).join(PlanAction).order_by(PlanAction.position)).all()
    assert wordings == ["Read Keeping children safe in education (2023)", "Take the course"]
    assert any("2023" in finding.quote for finding in make.session.scalars(select(PlanFinding)))
    assert "Your plan is made" in lead.get(f"/schools/{school.id}/plan/import/{run.id}").text
    assert "Take the course" in lead.get(f"/schools/{school.id}/plan").text


def test_the_job_done_twice_makes_one_plan(lead: FlaskClient, make: Factory, worker_app: Flask, school: School) -> None:
    upload(lead, school, word_plan("One"))
    run = apply(lead, make, worker_app, school)
    job = make.session.get_one(JobRun, run.job_id)
    job.state = JobState.QUEUED
    make.session.commit()
    do_job(worker_app, run.job_id)
    assert make.session.scalar(select(func.count()).select_from(Plan)) == 1
    assert make.session.scalar(select(func.count()).select_from(Edition).where(Edition.school_id.is_not(None))) == 1


def test_a_worker_killed_after_the_plan_was_written_leaves_nothing_and_can_start_again(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(lead, school, word_plan("One"))
    run = the_run(make)
    lead.post(f"/schools/{school.id}/plan/import/{run.id}/apply")
    job_id = the_run(make).job_id

    class Killed(BaseException):
        pass

    def die(*args: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("tenants.imports.plan_document.run.forget_file_after_commit", die)
        with pytest.raises(Killed):
            do_job(worker_app, job_id)
    assert make.session.scalar(select(func.count()).select_from(Plan)) == 0
    do_job(worker_app, job_id)
    assert the_run(make).state is ImportState.APPLIED
    assert make.session.scalar(select(func.count()).select_from(Plan)) == 1


def test_undo_brings_the_earlier_plan_back(lead: FlaskClient, make: Factory, worker_app: Flask, school: School) -> None:
    earlier = make.plan(school)
    upload(lead, school, word_plan("One"))
    run = apply(lead, make, worker_app, school)
    lead.post(f"/schools/{school.id}/plan/import/{run.id}/undo")
    current = select(PlanPeriod.plan_id).where(PlanPeriod.current_until.is_(None))
    assert make.session.scalars(current).all() == [earlier.id]
    assert "Our plan" in lead.get(f"/schools/{school.id}/plan/archive").text


def test_a_dropped_import_can_no_longer_be_applied(lead: FlaskClient, make: Factory, school: School) -> None:
    upload(lead, school, word_plan("One"))
    run = the_run(make)
    lead.post(f"/schools/{school.id}/plan/import/{run.id}/cancel")
    lead.post(f"/schools/{school.id}/plan/import/{run.id}/apply")
    assert the_run(make).state is ImportState.CANCELLED
    assert make.session.scalar(select(func.count()).select_from(JobRun)) == 0


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "empty"), (b"plain words", "not a Word document")], ids=["empty", "text"]
)
def test_a_file_that_is_no_plan_is_answered_beside_the_field(
    lead: FlaskClient, make: Factory, school: School, content: bytes, words: str
) -> None:
    answer = upload(lead, school, io.BytesIO(content))
    assert answer.status_code == 200
    assert words in answer.text
    assert the_run(make) is None


def test_another_schools_import_does_not_exist(
    lead: FlaskClient, make: Factory, school: School, account: Account
) -> None:
    upload(lead, school, word_plan("One"))
    run = the_run(make)
    other = make.school()
    make.membership(account, Role.PREVENT_LEAD, other)
    assert lead.get(f"/schools/{other.id}/plan/import/{run.id}").status_code == 404


def test_the_real_plan_from_the_command_line(worker: Flask, make: Factory, shared: Path) -> None:
    school = make.school()
    scope = SchoolScope(school.id)
    bind_scope(scope)
    (path,) = (shared / "seed").glob("*.docx")
    with path.open("rb") as stream:
        tried = import_plan_file(scope, stream, path.name, dry_run=True, made_by=None)
    assert make.session.scalar(select(func.count()).select_from(Plan)) == 0
    with path.open("rb") as stream:
        made = import_plan_file(scope, stream, path.name, dry_run=False, made_by=None)
    db.session.commit()
    assert made == tried
    assert (made["sections"], made["duties"], made["expectations"], made["actions"]) == (5, 7, 11, 33)
    assert make.session.scalar(select(func.count()).select_from(PlanAction)) == 33
    known = {finding["reference_key"] for finding in made["out_of_date"]}
    assert any(key.startswith("kcsie") for key in known), known
    assert any(key.startswith("absent:") for key in known), known


# Other layouts, and moving to an edition


LAYOUT = "Area,What we do,Wer,RAG\r\nSpeakers,Ask each speaker beforehand what the talk will cover,Ada Byron,Green\r\n"


def upload_csv(lead: FlaskClient, school: School, text: str = LAYOUT) -> Any:
    return lead.post(f"/schools/{school.id}/plan/import", data={"file": (io.BytesIO(text.encode()), "plan.csv")})


def columns_of(answer: Any, *fields: str) -> dict[str, str]:
    return {"use-0": "y"} | {f"field-0-{number}": field for number, field in enumerate(fields)}


def test_columns_that_nobody_can_guess_are_said_and_remembered_for_the_trust(
    client: FlaskClient, make: Factory, worker_app: Flask
) -> None:
    trust = make.trust()
    school, sister = (make.school(trust=trust) for _ in range(2))
    person = make.staff(school, StaffRole.DSL, given_name="Ada", family_name="Byron")
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    answer = upload_csv(client, school)
    assert "cannot tell which of its columns" in client.get(answer.location).text
    page = client.get(f"{answer.location}/columns").text
    assert "Ask each speaker beforehand" in page
    wrong = client.post(f"{answer.location}/columns", data=columns_of(answer, "duty", "note", "note", "status"))
    assert "No action was found" in wrong.text
    client.post(f"{answer.location}/columns", data=columns_of(answer, "duty", "action", "owner", "status"))
    client.post(f"{answer.location}/apply")
    run = make.session.scalars(select(ImportRun)).one()
    with worker_app.app_context():
        run_job(str(run.job_id))
    make.session.expire_all()
    assert run.state is ImportState.APPLIED
    stands = make.session.scalars(
        select(PlanAnswer).where(PlanAnswer.school_id == school.id, PlanAnswer.recorded_until.is_(None))
    ).one()
    assert (stands.status, stands.owner_id) == (ActionStatus.MET, person.id)
    sign_in(client, make.member(Role.PREVENT_LEAD, sister))
    assert "1 action" in client.get(upload_csv(client, sister).location).text


def test_pasted_text_is_a_plan(lead: FlaskClient, school: School) -> None:
    answer = lead.post(
        f"/schools/{school.id}/plan/import", data={"text": "Training\n- Train staff – DSL – March 2027\n"}
    )
    page = lead.get(answer.location).text
    assert "Train staff" in page
    assert "March 2027" in page


def test_a_document_with_a_pupil_number_is_not_taken(lead: FlaskClient, make: Factory, school: School) -> None:
    text = "Area,Action,Lead\r\nSupport,Support pupil B801200005001,DSL\r\n"
    assert "Take it out" in upload_csv(lead, school, text).text
    assert make.session.scalars(select(ImportRun)).all() == []


def test_a_school_moves_from_its_document_to_the_edition_without_typing(
    lead: FlaskClient, make: Factory, school: School, worker_app: Flask
) -> None:
    text = (
        "Area,Action,Lead,RAG\r\n"
        "Speakers,Ask each visiting speaker beforehand what the talk will cover,DSL,Green\r\n"
        "Shed,Repaint the bicycle shed,Site team,Amber\r\n"
    )
    answer = upload_csv(lead, school, text)
    lead.post(f"{answer.location}/apply")
    with worker_app.app_context():
        run_job(str(make.session.scalars(select(ImportRun.job_id)).one()))
    edition = make.edition("prevent-2026-11")
    address = f"/schools/{school.id}/plan/editions/{edition.id}/match"
    soup = BeautifulSoup(lead.get(address).text, "html5lib")
    chosen = {
        select_["name"]: (select_.find("option", selected=True) or {"value": ""})["value"]
        for select_ in soup.find_all("select", class_="pt-match")
    }
    assert sorted(chosen.values()) == ["", "speaker-outline"]
    twice = BeautifulSoup(lead.post(address, data=dict.fromkeys(chosen, "speaker-research")).text, "html5lib")
    assert "Keep one of them as an action of your own" in twice.select_one(".govuk-error-summary").text
    assert [each["value"] for each in twice.select(".pt-match option[selected]")] == ["speaker-research"] * 2
    lead.post(address, data=chosen)
    plan = make.session.scalars(select(Plan).where(Plan.edition_id == edition.id)).one()
    outline = make.action(plan, "speaker-outline")
    stands = make.session.scalars(
        select(PlanAnswer).where(PlanAnswer.action_id == outline.id, PlanAnswer.recorded_until.is_(None))
    ).one()
    assert (stands.status, stands.awaits_confirmation) == (ActionStatus.MET, True)
    own = make.session.scalars(select(PlanAction.own_wording).where(PlanAction.own_wording.is_not(None))).all()
    assert own == ["Repaint the bicycle shed"]


def test_the_word_file_of_a_plan_is_the_same_plan_when_it_comes_back(
    lead: FlaskClient, make: Factory, school: School, worker_app: Flask
) -> None:
    plan = make.plan(school)
    person = make.staff(school, StaffRole.DSL, given_name="Ada", family_name="Byron")
    make.answer(make.action(plan, "speaker-outline"), ActionStatus.MET, owner_id=person.id, note="In the diary")
    make.answer(make.action(plan, "speaker-research"), ActionStatus.NOT_MET, due_on=date(2027, 3, 26), owner_role="dsl")
    before = lead.get(f"/schools/{school.id}/plan?format=csv").text
    word = lead.get(f"/schools/{school.id}/plan?format=docx").data
    answer = lead.post(f"/schools/{school.id}/plan/import", data={"file": (io.BytesIO(word), "plan.docx")})
    lead.post(f"{answer.location}/apply")
    with worker_app.app_context():
        run_job(str(make.session.scalars(select(ImportRun.job_id)).one()))
    after = lead.get(f"/schools/{school.id}/plan?format=csv").text
    kept = ("Section", "Duty", "What this means", "Action", "By whom", "Due")
    rows = [
        [[row[name] for name in kept] for row in csv.DictReader(io.StringIO(each.lstrip("\ufeff")))]
        for each in (before, after)
    ]
    assert rows[1] == rows[0]
    assert "In the diary" in after
    assert "Ada Byron" in after
