"""Staff lists: what would change, making it so, and doing it again."""

import csv
import io
import uuid
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.storage import StoredFileMissing
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.imports.models import ImportRejection, ImportRun, ImportState
from tenants.imports.staff.reader import FIELD_NAMES
from tenants.imports.staff.run import import_staff_file
from tenants.imports.tabular.table import TableError
from tenants.organisations.models import School
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tests.factories import Factory, sign_in

DAY = date(2026, 11, 24)
LIST = """Surname,Forename,Job Title,Work Email,Payroll Number,DOB,Start Date
Nair,Priya,"Prevent lead, DSL",priya@school.example,P1,01/02/1980,01/09/2019
Fox,Amy,Class teacher,amy@school.example,P2,02/03/1990,01/09/2022
Hill,Ben,Caretaker,,P3,03/04/1970,
"""


def import_list(school: School, text: str, *, complete: bool = False, dry_run: bool = False, day: date = DAY) -> Any:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    stream = io.BytesIO(text.encode())
    result = import_staff_file(scope, stream, "staff.csv", complete=complete, as_at=day, dry_run=dry_run)
    db.session.commit()
    return result


def names(make: Factory, *, working_on: date = DAY) -> list[str]:
    make.session.expire_all()
    rows = make.session.scalars(select(StaffMember).order_by(StaffMember.family_name))
    return [row.full_name for row in rows if row.leaves_on is None or row.leaves_on >= working_on]


def test_a_first_list_makes_everybody_join(worker: Flask, make: Factory) -> None:
    school = make.school()
    result = import_list(school, LIST)
    assert (result["joiners"], result["rejected"]) == (3, 0)
    assert names(make) == ["Amy Fox", "Ben Hill", "Priya Nair"]
    roles = make.session.scalars(select(StaffRoleHeld.role).join(StaffMember).where(StaffMember.family_name == "Nair"))
    assert set(roles) >= {StaffRole.PREVENT_LEAD, StaffRole.DSL}


def test_the_same_list_twice_changes_nothing(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    again = import_list(school, LIST, complete=True)
    assert (again["joiners"], again["changes"], again["leavers"], again["unchanged"]) == (0, 0, 0, 3)


def test_a_dry_run_says_the_same_and_writes_nothing(worker: Flask, make: Factory) -> None:
    school = make.school()
    assert import_list(school, LIST, dry_run=True)["joiners"] == 3
    assert names(make) == []


def test_who_is_not_in_a_complete_list_leaves_and_comes_back_with_the_next(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    without_ben = LIST.replace("Hill,Ben,Caretaker,,P3,03/04/1970,\n", "")
    assert import_list(school, without_ben)["leavers"] == 0
    assert import_list(school, without_ben, complete=True)["leavers"] == 1
    assert names(make) == ["Amy Fox", "Priya Nair"]
    assert import_list(school, LIST)["changes"] == 1
    assert names(make) == ["Amy Fox", "Ben Hill", "Priya Nair"]


def test_nobody_leaves_while_a_row_cannot_be_taken(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    broken = LIST.replace("amy@school.example", "no address").replace("Hill,Ben,Caretaker,,P3,03/04/1970,\n", "")
    result = import_list(school, broken, complete=True)
    assert (result["rejected"], result["leavers"]) == (1, 0)
    assert result["rejections"][0]["line"] == 3
    assert result["rejections"][0]["column"] == "Work Email"


def test_a_changed_post_ends_one_role_and_begins_another(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST, day=date(2026, 9, 1))
    result = import_list(school, LIST.replace("Class teacher", "Teaching assistant"))
    assert result["changes"] == 1
    held = make.session.execute(
        select(StaffRoleHeld.role, StaffRoleHeld.until_on)
        .join(StaffMember)
        .where(StaffMember.family_name == "Fox")
        .order_by(StaffRoleHeld.role)
    ).all()
    assert held == [(StaffRole.SUPPORT, None), (StaffRole.TEACHING, date(2026, 11, 23))]
    assert import_list(school, LIST.replace("Class teacher", "Teaching assistant"))["changes"] == 0


def test_a_role_changed_twice_on_one_day_leaves_no_day_long_role(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST.replace("01/09/2022", "24/11/2026"))
    assert (
        import_list(school, LIST.replace("01/09/2022", "24/11/2026").replace("Class teacher", "Cook"))["changes"] == 1
    )
    assert (
        import_list(school, LIST.replace("01/09/2022", "24/11/2026").replace("Class teacher", "Cook"))["changes"] == 0
    )


def test_two_people_of_one_name_are_left_for_somebody_to_decide(worker: Flask, make: Factory) -> None:
    school = make.school()
    make.staff(school, given_name="Sam", family_name="Lee", email=None)
    make.staff(school, given_name="Sam", family_name="Lee", email=None)
    result = import_list(school, "Surname,Forename,Post\nLee,Sam,Cook\n", complete=True)
    assert (result["unclear"], result["joiners"], result["leavers"]) == (1, 0, 0)


def test_a_file_without_names_says_what_is_missing(worker: Flask, make: Factory) -> None:
    with pytest.raises(TableError, match="full name"):
        import_list(make.school(), "Room,Phone\nA1,123\n")


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


def upload(client: FlaskClient, school: School, text: str, name: str = "staff.csv") -> Any:
    return client.post(f"/schools/{school.id}/staff/import", data={"file": (io.BytesIO(text.encode()), name)})


def the_run(make: Factory) -> ImportRun:
    make.session.expire_all()
    return make.session.scalars(select(ImportRun).order_by(ImportRun.created_at.desc())).first()  # type: ignore[return-value]


def do_job(worker_app: Flask, job_id: uuid.UUID | None) -> None:
    with worker_app.app_context():
        run_job(str(job_id))


def test_upload_columns_preview_apply_and_result(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    page = lead.get(upload(lead, school, LIST.replace("amy@school.example", "amy at school")).location).text
    assert "2 people join" in page
    assert "1 row is not taken" in page
    assert "DOB" in page.split("Which column is what")[0]
    run = the_run(make)
    columns = dict.fromkeys(FIELD_NAMES, "") | {
        "family_name": "Surname",
        "given_name": "Forename",
        "role": "Job Title",
        "email": "Work Email",
    }
    lead.post(f"/schools/{school.id}/staff/import/{run.id}", data=columns | {"complete": "y"})
    assert the_run(make).mapping["complete"] is True
    assert names(make) == []
    lead.post(f"/schools/{school.id}/staff/import/{run.id}/apply")
    do_job(worker_app, the_run(make).job_id)
    assert the_run(make).state is ImportState.APPLIED
    assert names(make) == ["Ben Hill", "Priya Nair"]
    page = lead.get(f"/schools/{school.id}/staff/import/{run.id}").text
    assert "The staff list is up to date" in page


def test_rejected_rows_come_back_with_reasons_and_without_dates_of_birth(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    upload(lead, school, LIST.replace("amy@school.example", "amy at school"))
    run = the_run(make)
    before = lead.get(f"/schools/{school.id}/staff/import/{run.id}/rejected.csv").text
    lead.post(f"/schools/{school.id}/staff/import/{run.id}/apply")
    do_job(worker_app, the_run(make).job_id)
    after = lead.get(f"/schools/{school.id}/staff/import/{run.id}/rejected.csv").text
    assert before == after
    (row,) = list(csv.DictReader(io.StringIO(after.removeprefix("\ufeff"))))
    assert (row["Surname"], row["Work Email"], row["DOB"], row["Line"]) == ("Fox", "amy at school", "", "3")
    assert "email address" in row["Why it was not taken"]
    assert "1990" not in str(make.session.scalars(select(ImportRejection.cells)).all())


def test_the_uploaded_file_is_gone_once_it_is_applied(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    upload(lead, school, LIST)
    storage = worker_app.extensions["storage"]
    with storage.open(the_run(make).storage_key):
        pass
    lead.post(f"/schools/{school.id}/staff/import/{the_run(make).id}/apply")
    do_job(worker_app, the_run(make).job_id)
    with pytest.raises(StoredFileMissing), storage.open(the_run(make).storage_key):
        pass


@pytest.mark.parametrize("step", ["apply_staff_import", "_keep_rejections", "forget_file_after_commit"])
def test_a_worker_killed_at_any_step_leaves_nothing_half_done(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    upload(lead, school, LIST)
    lead.post(f"/schools/{school.id}/staff/import/{the_run(make).id}/apply")
    job_id = the_run(make).job_id

    class Killed(BaseException):
        pass

    from tenants.imports.staff import run as steps

    real = getattr(steps, step)

    def work_and_die(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(steps, step, work_and_die)
        with pytest.raises(Killed):
            do_job(worker_app, job_id)
    assert names(make) == []
    do_job(worker_app, job_id)
    assert names(make) == ["Amy Fox", "Ben Hill", "Priya Nair"]
    job = make.session.get_one(JobRun, job_id)
    job.state = JobState.QUEUED
    make.session.commit()
    do_job(worker_app, job_id)
    assert make.session.scalar(select(func.count()).select_from(StaffMember)) == 3


def test_a_file_that_is_no_table_is_answered_beside_the_field(lead: FlaskClient, make: Factory, school: School) -> None:
    answer = upload(lead, school, "just one line of words\n")
    assert answer.status_code == 200
    assert "No header row was found" in answer.text
    assert the_run(make) is None
