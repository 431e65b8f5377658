"""Lists of completed training: who and which course, what would be recorded, making it so, doing it again, undoing it."""

import csv
import io
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.storage import Storage, StoredFileMissing
from tenants.access.models import Role
from tenants.imports.completions.reader import FIELD_NAMES
from tenants.imports.models import ImportRun, ImportState
from tenants.organisations.models import School
from tenants.staff.models import StaffMember, StaffRole
from tenants.training.models import CompletionSource, Course, TrainingCompletion
from tests.factories import Factory, sign_in
from tests.processes import Processes

HEAD = "Staff code,Name,Email,TRN,Course,Date completed\n"
LIST = (
    HEAD + "P1,Ada Finch,,,prevent-awareness,01/09/2026\n"
    ",,bea@school.example,,prevent-awareness,2026-09-02\n"
    ',"Lark, Cyd",,,prevent-awareness,46268\n'
    ",,,7654321,prevent-awareness,4 Sep 2026\n"
)


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def people(make: Factory, school: School) -> dict[str, StaffMember]:
    said = {
        "Ada": {"family_name": "Finch", "staff_code": "p1", "trn": "1111111", "email": None},
        "Bea": {"family_name": "Wren", "email": "bea@school.example"},
        "Cyd": {"family_name": "Lark", "email": None},
        "Dee": {"family_name": "Swift", "trn": "7654321", "email": None},
    }
    return {
        name: make.staff(school, StaffRole.TEACHING, given_name=name, **values)  # type: ignore[arg-type]
        for name, values in said.items()
    }


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School, people: dict[str, StaffMember]) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


def upload(lead: FlaskClient, school: School, content: str | bytes, name: str = "training.csv") -> Any:
    data = content.encode() if isinstance(content, str) else content
    return lead.post(f"/schools/{school.id}/staff/training/import", data={"file": (io.BytesIO(data), name)})


def the_run(make: Factory) -> ImportRun:
    make.session.rollback()
    make.session.expire_all()
    return make.session.scalars(select(ImportRun).order_by(ImportRun.created_at.desc())).first()  # type: ignore[return-value]


def do_job(worker_app: Flask, make: Factory) -> None:
    job_id = the_run(make).job_id
    with worker_app.app_context():
        run_job(str(job_id))


def read(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, content: str | bytes, name: str = "training.csv",
    **values: str,
) -> str:  # fmt: skip
    """Uploads, takes the columns as they are guessed, and has the file read; the run's address."""
    assert upload(lead, school, content, name).status_code == 303
    run = the_run(make)
    chosen = dict.fromkeys(FIELD_NAMES, "") | {"course_id": ""} | run.mapping["columns"] | values
    address = f"/schools/{school.id}/staff/training/import/{run.id}"
    assert lead.post(f"{address}/columns", data=chosen).status_code == 303
    do_job(worker_app, make)
    return address


def apply(lead: FlaskClient, make: Factory, worker_app: Flask, address: str) -> None:
    lead.post(f"{address}/apply")
    do_job(worker_app, make)
    assert the_run(make).state is ImportState.APPLIED


def recorded(make: Factory) -> list[tuple[str, str, date]]:
    make.session.rollback()
    query = (
        select(StaffMember.given_name, Course.key, TrainingCompletion.completed_on)
        .join(StaffMember, StaffMember.id == TrainingCompletion.staff_id)
        .join(Course, Course.id == TrainingCompletion.course_id)
        .order_by(StaffMember.given_name, Course.key, TrainingCompletion.completed_on)
    )
    return [tuple(row) for row in make.session.execute(query)]


EXPECTED = [
    (name, "prevent-awareness", date(2026, 9, day)) for name, day in (("Ada", 1), ("Bea", 2), ("Cyd", 3), ("Dee", 4))
]


def test_people_are_known_by_code_address_name_and_trn_and_dates_in_every_form(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    address = read(lead, make, worker_app, school, LIST)
    page = lead.get(address, follow_redirects=True).text
    assert "4 completions are new, 0 are recorded already" in page
    assert "Ada Finch" in page
    assert recorded(make) == []
    apply(lead, make, worker_app, address)
    assert recorded(make) == EXPECTED
    assert set(make.session.scalars(select(TrainingCompletion.source))) == {CompletionSource.IMPORTED}
    assert "The training is recorded" in lead.get(address).text


def test_the_same_list_twice_changes_nothing_and_a_row_twice_counts_once(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    twice = LIST + LIST.removeprefix(HEAD)
    apply(lead, make, worker_app, read(lead, make, worker_app, school, twice))
    assert recorded(make) == EXPECTED
    page = lead.get(read(lead, make, worker_app, school, LIST), follow_redirects=True).text
    assert "0 completions are new, 4 are recorded already" in page
    assert "Nothing would change" in page


def test_a_workbook_with_titles_above_is_read_with_its_own_dates(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Autumn training"])
        sheet.write_row(2, 0, ["Name", "Course title", "Completed"])
        sheet.write_row(3, 0, ["Cyd Lark", "prevent-awareness"])
        sheet.write_datetime(3, 2, date(2026, 9, 3), book.add_format({"num_format": "dd/mm/yy"}))
    apply(lead, make, worker_app, read(lead, make, worker_app, school, stream.getvalue(), "training.xlsx"))
    assert recorded(make) == [EXPECTED[2]]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",Eve Nobody,,,prevent-awareness,01/09/2026", "Name", "of nobody on the staff list"),
        (",Ada,,,prevent-awareness,01/09/2026", "Name", "must have a first name and a surname"),
        ("P1,Bea Wren,,,prevent-awareness,01/09/2026", "Name", "is not the name of Ada Finch"),
        ("P1,,,1234567,prevent-awareness,01/09/2026", "TRN", "is not the teacher reference number of Ada Finch"),
        ("P9,Ada Finch,,,prevent-awareness,01/09/2026", "Staff code", "is not the staff code of Ada Finch"),
        ("P1,,not an address,,prevent-awareness,01/09/2026", "Email", "is not an email address"),
        ("P1,,,,prevent-awareness,31/02/2026", "Date completed", "is not a date"),
        ("P1,,,,prevent-awareness,", "Date completed", "is empty"),
        ("P1,,,,prevent-awareness,01/09/2099", "Date completed", "is still to come"),
        ("P1,,,,,01/09/2026", "Course", "is empty"),
        (",Sam Lee,,,prevent-awareness,01/09/2026", "Name", "more than one person"),
    ],
)
def test_what_cannot_be_taken_is_told_by_row_and_cell_and_the_rest_is_taken(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, row: str, column: str, words: str
) -> None:
    for _ in range(2):
        make.staff(school, given_name="Sam", family_name="Lee", email=None)
    address = read(lead, make, worker_app, school, f"{LIST}{row}\n")
    page = lead.get(address, follow_redirects=True).text
    assert words in page
    before = lead.get(f"{address}/rejected.csv").text
    apply(lead, make, worker_app, address)
    assert recorded(make) == EXPECTED
    after = lead.get(f"{address}/rejected.csv").text
    assert before == after
    (told,) = list(csv.DictReader(io.StringIO(after.removeprefix("\ufeff"))))
    assert told["Line"] == "6"
    assert told["Why it was not taken"].startswith(f"{column} ")
    assert words in told["Why it was not taken"]


def test_of_two_with_one_name_the_one_who_worked_there_on_the_day_is_meant(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    make.staff(school, given_name="Sam", family_name="Lee", email=None, leaves_on=date(2026, 8, 31))
    there = make.staff(school, given_name="Sam", family_name="Lee", email=None, starts_on=date(2026, 9, 1))
    apply(
        lead, make, worker_app, read(lead, make, worker_app, school, f"{HEAD},Sam Lee,,,prevent-awareness,05/09/2026\n")
    )
    assert make.session.scalars(select(TrainingCompletion.staff_id)).one() == there.id


def test_an_unknown_course_is_asked_for_once_and_remembered(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    content = (
        f"{HEAD}P1,,,,PREVENT e-learning 2026,01/09/2026\nP1,,,,Fire wardens,01/09/2026\nP1,,,,Lifting,01/09/2026\n"
    )
    address = read(lead, make, worker_app, school, content)
    page = lead.get(address, follow_redirects=True).text
    assert "3 words in the file’s course column are not known" in page
    meant = {"PREVENT e-learning 2026": str(make.course().id), "Fire wardens": "out", "Lifting": ""}
    order = sorted(meant, key=page.index)
    lead.post(f"{address}/courses", data={f"course-{number}": meant[word] for number, word in enumerate(order)})
    do_job(worker_app, make)
    page = lead.get(f"{address}/preview").text
    assert "1 completion is new" in page
    assert "2 rows are not taken" in page
    reasons = lead.get(f"{address}/rejected.csv").text
    assert "none of the courses" in reasons
    assert "not a course that is known" in reasons
    apply(lead, make, worker_app, address)
    assert recorded(make) == [EXPECTED[0]]
    assert sorted(lead.get(f"{address}/rejected.csv").text.split("\r\n")) == sorted(reasons.split("\r\n"))
    again = read(lead, make, worker_app, school, content.replace("01/09/2026", "02/09/2026"))
    assert "1 completion is new" in lead.get(f"{again}/preview").text


def test_a_list_that_names_no_course_is_about_the_one_that_is_chosen_and_columns_are_remembered(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    content = "Who,When\nAda Finch,01/09/2026\n"
    upload(lead, school, content)
    address = f"/schools/{school.id}/staff/training/import/{the_run(make).id}"
    empty = dict.fromkeys(FIELD_NAMES, "") | {"course_id": ""}
    for chosen, words in (
        ({}, "Choose a column that says who it is"),
        ({"full_name": "Who"}, "Choose the column with the course"),
        ({"full_name": "Who", "course_id": str(make.course().id)}, "Choose the column with the day"),
    ):
        assert words in lead.post(f"{address}/columns", data=empty | chosen).text
    values = {"full_name": "Who", "completed_on": "When", "course_id": str(make.course().id)}
    apply(lead, make, worker_app, read(lead, make, worker_app, school, content, **values))
    assert recorded(make) == [EXPECTED[0]]
    upload(lead, school, content)
    assert the_run(make).mapping["columns"] == {"full_name": "Who", "completed_on": "When"}


@pytest.mark.parametrize(("content", "words"), [("", "is empty"), ("1,2\n3,4\n", "No header row")])
def test_a_file_that_is_no_list_is_told_and_nothing_is_kept(
    lead: FlaskClient, make: Factory, school: School, content: str, words: str
) -> None:
    assert words in upload(lead, school, content).text
    assert make.session.scalars(select(ImportRun)).all() == []


def test_an_import_is_undone_within_fourteen_days_and_takes_away_only_its_own(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, people: dict[str, StaffMember]
) -> None:
    make.completion(people["Ada"], on=date(2026, 9, 1))
    address = read(lead, make, worker_app, school, LIST)
    apply(lead, make, worker_app, address)
    storage: Storage = worker_app.extensions["storage"]
    with pytest.raises(StoredFileMissing), storage.open(the_run(make).storage_key):
        pass
    lead.post(f"{address}/undo")
    do_job(worker_app, make)
    assert recorded(make) == [EXPECTED[0]]
    assert "The import is undone" in lead.get(address).text
    again = read(lead, make, worker_app, school, LIST)
    apply(lead, make, worker_app, again)
    run = the_run(make)
    run.applied_at = run.applied_at - timedelta(days=15)  # type: ignore[operator]
    make.session.commit()
    assert "too late" in lead.post(f"{again}/undo", follow_redirects=True).text
    assert recorded(make) == EXPECTED


def run_again(make: Factory, worker_app: Flask, job_id: uuid.UUID | None) -> None:
    job = make.session.get_one(JobRun, job_id)
    job.state = JobState.QUEUED
    make.session.commit()
    with worker_app.app_context():
        run_job(str(job_id))


def test_a_worker_killed_before_any_step_leaves_all_or_nothing_and_the_next_one_completes_it(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, processes: Processes
) -> None:
    content = f"{LIST},Eve Nobody,,,prevent-awareness,01/09/2026\n"
    assert upload(lead, school, content).status_code == 303
    run = the_run(make)
    address = f"/schools/{school.id}/staff/training/import/{run.id}"
    lead.post(f"{address}/columns", data=dict.fromkeys(FIELD_NAMES, "") | {"course_id": ""} | run.mapping["columns"])
    rows = sa.text("select (select count(*) from completion_import_row) + (select count(*) from import_rejection)")

    def killed_until_done(what: Any) -> list[Any]:
        job_id, seen, step = the_run(make).job_id, [], 1
        with worker_app.app_context():
            while processes.dies(lambda: run_job(str(job_id)), before_step=step):
                make.session.rollback()
                seen.append(what())
                step += 2
                assert step < 200
        run_again(make, worker_app, job_id)
        return seen

    assert set(killed_until_done(lambda: make.session.scalar(rows))) <= {0, 5}
    assert make.session.scalar(rows) == 5
    lead.post(f"{address}/apply")
    seen = killed_until_done(lambda: recorded(make))
    assert len(seen) > 5
    assert all(state in ([], EXPECTED) for state in seen)
    assert recorded(make) == EXPECTED
    assert the_run(make).result["rejected"] == 1
    lead.post(f"{address}/undo")
    assert all(state in ([], EXPECTED) for state in killed_until_done(lambda: recorded(make)))
    assert recorded(make) == []
