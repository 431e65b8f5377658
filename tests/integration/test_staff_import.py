"""Staff lists: what would change, making it so, and doing it again."""

import csv
import io
import uuid
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.storage import StoredFileMissing
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.imports.models import ImportRejection, ImportRun, ImportState
from tenants.imports.staff.command import import_staff_file
from tenants.imports.staff.models import StaffImportRow
from tenants.imports.staff.reader import FIELD_NAMES
from tenants.imports.tabular.table import TableError
from tenants.organisations.models import LocalAuthority, School
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tests.factories import Factory, sign_in
from tests.processes import Processes

DAY = date(2026, 11, 24)
LIST = """Surname,Forename,Job Title,Work Email,Payroll Number,DOB,Start Date
Nair,Priya,"Prevent lead, DSL",priya@school.example,P1,01/02/1980,01/09/2019
Fox,Amy,Class teacher,amy@school.example,P2,02/03/1990,01/09/2022
Hill,Ben,Caretaker,,P3,03/04/1970,
"""


def import_list(school: School, content: str, *, complete: bool = False, dry_run: bool = False, day: date = DAY) -> Any:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    stream = io.BytesIO(content.encode())
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
    assert (result["joins"], result["rejected"]) == (3, 0)
    assert names(make) == ["Amy Fox", "Ben Hill", "Priya Nair"]
    roles = make.session.scalars(select(StaffRoleHeld.role).join(StaffMember).where(StaffMember.family_name == "Nair"))
    assert set(roles) >= {StaffRole.PREVENT_LEAD, StaffRole.DSL}


def test_the_same_list_twice_changes_nothing(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    again = import_list(school, LIST, complete=True)
    assert (again["joins"], again["changes"], again["leaves"], again["same"]) == (0, 0, 0, 3)


def test_a_dry_run_says_the_same_and_writes_nothing(worker: Flask, make: Factory) -> None:
    school = make.school()
    assert import_list(school, LIST, dry_run=True)["joins"] == 3
    assert names(make) == []


def test_who_is_not_in_a_complete_list_leaves_and_comes_back_with_the_next(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    without_ben = LIST.replace("Hill,Ben,Caretaker,,P3,03/04/1970,\n", "")
    assert import_list(school, without_ben)["leaves"] == 0
    assert import_list(school, without_ben, complete=True)["leaves"] == 1
    assert names(make) == ["Amy Fox", "Priya Nair"]
    assert import_list(school, LIST)["changes"] == 1
    assert names(make) == ["Amy Fox", "Ben Hill", "Priya Nair"]


def test_nobody_leaves_while_a_row_cannot_be_taken(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    broken = LIST.replace("amy@school.example", "no address").replace("Hill,Ben,Caretaker,,P3,03/04/1970,\n", "")
    result = import_list(school, broken, complete=True)
    assert (result["rejected"], result["leaves"]) == (1, 0)
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
    assert (result["unclear"], result["joins"], result["leaves"]) == (1, 0, 0)


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


def upload(client: FlaskClient, school: School, content: str, name: str = "staff.csv") -> Any:
    return client.post(f"/schools/{school.id}/staff/import", data={"file": (io.BytesIO(content.encode()), name)})


def the_run(make: Factory) -> ImportRun:
    make.session.expire_all()
    return make.session.scalars(select(ImportRun).order_by(ImportRun.created_at.desc())).first()  # type: ignore[return-value]


def do_job(worker_app: Flask, job_id: uuid.UUID | None) -> None:
    with worker_app.app_context():
        run_job(str(job_id))


def columns(make: Factory, **values: str) -> dict[str, str]:
    """The columns page as it is sent back, with the guess kept."""
    return dict.fromkeys(FIELD_NAMES, "") | the_run(make).mapping["columns"] | values


def read(lead: FlaskClient, make: Factory, worker_app: Flask, school: School, content: str, **values: str) -> str:
    """Uploads, takes the columns as they are guessed, and has the file read; the run's address."""
    upload(lead, school, content)
    run = the_run(make)
    if run.state is ImportState.UPLOADED:
        answer = lead.post(f"/schools/{school.id}/staff/import/{run.id}/columns", data=columns(make, **values))
        assert answer.status_code == 303
    do_job(worker_app, the_run(make).job_id)
    assert the_run(make).state is ImportState.PREVIEWED
    return f"/schools/{school.id}/staff/import/{run.id}"


def apply(lead: FlaskClient, make: Factory, worker_app: Flask, address: str) -> None:
    lead.post(f"{address}/apply")
    do_job(worker_app, the_run(make).job_id)
    assert the_run(make).state is ImportState.APPLIED


def test_upload_columns_preview_apply_and_result(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    answer = upload(lead, school, LIST.replace("amy@school.example", "amy at school"))
    page = lead.get(answer.location, follow_redirects=True).text
    assert "Which column is what" in page
    assert "Never read, because this service must not hold it: DOB" in page
    run = the_run(make)
    address = f"/schools/{school.id}/staff/import/{run.id}"
    lead.post(f"{address}/columns", data=columns(make, staff_code="", starts_on="", complete="y"))
    assert "Reading the file" in lead.get(address).text
    do_job(worker_app, the_run(make).job_id)
    page = lead.get(address, follow_redirects=True).text
    assert "2 people join" in page
    assert "1 row is not taken" in page
    assert "Priya Nair" in page
    assert names(make) == []
    apply(lead, make, worker_app, address)
    assert names(make) == ["Ben Hill", "Priya Nair"]
    assert "The staff list is up to date" in lead.get(address).text


def test_what_is_sensitive_is_in_no_row_of_the_preview(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    read(lead, make, worker_app, school, LIST.replace("amy@school.example", "amy at school"))
    for table in ("staff_import_row", "import_rejection", "import_run"):
        rows = make.session.scalars(text(f"select to_jsonb(t)::text from {table} t")).all()
        assert rows
        assert not [row for row in rows if "1990" in row or "1980" in row]


def test_rejected_rows_come_back_with_reasons_and_without_dates_of_birth(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    address = read(lead, make, worker_app, school, LIST.replace("amy@school.example", "amy at school"))
    before = lead.get(f"{address}/rejected.csv").text
    apply(lead, make, worker_app, address)
    after = lead.get(f"{address}/rejected.csv").text
    assert before == after
    (row,) = list(csv.DictReader(io.StringIO(after.removeprefix("\ufeff"))))
    assert (row["Surname"], row["Work Email"], row["DOB"], row["Line"]) == ("Fox", "amy at school", "", "3")
    assert "email address" in row["Why it was not taken"]
    assert "1990" not in str(make.session.scalars(select(ImportRejection.cells)).all())


def test_the_file_of_rejected_rows_can_be_mended_and_taken_in(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    address = read(lead, make, worker_app, school, LIST.replace("amy@school.example", "-amy"), source_name="Arbor")
    apply(lead, make, worker_app, address)
    mended = lead.get(f"{address}/rejected.csv").text.replace("'-amy", "amy@school.example")
    apply(lead, make, worker_app, read(lead, make, worker_app, school, mended))
    assert names(make) == ["Amy Fox", "Ben Hill", "Priya Nair"]


def test_the_columns_of_a_source_are_asked_for_once(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    address = read(lead, make, worker_app, school, LIST, source_name="Arbor weekly export", role="")
    apply(lead, make, worker_app, address)
    answer = upload(lead, school, LIST.replace("Hill", "Hills"))
    assert the_run(make).state is ImportState.READING
    assert the_run(make).source_name == "Arbor weekly export"
    assert "role" not in the_run(make).mapping["columns"]
    do_job(worker_app, the_run(make).job_id)
    page = lead.get(answer.location, follow_redirects=True).text
    assert "Surname: Hill becomes Hills" in page


def test_possible_duplicates_wait_for_the_readers_say_and_are_asked_once(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    known = make.staff(school, given_name="Sam", family_name="Lee", email="sam@school.example")
    bare = "Surname,Forename,Post\nLee,Sam,Cook\n"
    address = read(lead, make, worker_app, school, bare, complete="y")
    page = lead.get(address, follow_redirects=True).text
    assert "Is this the same person?" in page
    assert "sam@school.example" in page
    assert "0 people leave" in page
    row = make.session.scalars(select(StaffImportRow.id)).one()
    lead.post(f"{address}/decide", data={f"row-{row}": str(known.id)})
    apply(lead, make, worker_app, address)
    assert names(make) == ["Sam Lee"]
    address = read(lead, make, worker_app, school, bare)
    assert "Is this the same person?" not in lead.get(address, follow_redirects=True).text
    assert the_run(make).result["same"] == 1


def test_an_answer_that_was_not_offered_is_not_kept(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    make.staff(school, given_name="Sam", family_name="Lee")
    other = make.staff(make.school())
    address = read(lead, make, worker_app, school, "Surname,Forename,Post\nLee,Sam,Cook\n")
    row = make.session.scalars(select(StaffImportRow.id)).one()
    lead.post(f"{address}/decide", data={f"row-{row}": str(other.id)})
    make.session.expire_all()
    assert make.session.scalars(select(StaffImportRow.decided)).one() is None


def test_nobody_leaves_who_was_added_after_the_preview(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    make.staff(school, given_name="Old", family_name="Timer")
    address = read(lead, make, worker_app, school, LIST, complete="y")
    make.staff(school, given_name="New", family_name="Comer")
    apply(lead, make, worker_app, address)
    assert names(make, working_on=the_day(make)) == ["New Comer", "Amy Fox", "Ben Hill", "Priya Nair"]


def the_day(make: Factory) -> date:
    return date.fromisoformat(the_run(make).mapping["as_at"])


def test_the_uploaded_file_and_the_rows_are_gone_once_it_is_applied(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    address = read(lead, make, worker_app, school, LIST)
    storage = worker_app.extensions["storage"]
    with storage.open(the_run(make).storage_key):
        pass
    apply(lead, make, worker_app, address)
    with pytest.raises(StoredFileMissing), storage.open(the_run(make).storage_key):
        pass
    assert make.session.scalars(select(StaffImportRow.id)).all() == []


STATE = """
select jsonb_build_object('member', to_jsonb(m) - 'recorded_from', 'roles', (
  select jsonb_agg(to_jsonb(r) - 'recorded_from' order by r.id) from staff_role_held r where r.staff_id = m.id))
from staff_member m order by m.id
"""


def staff_as_it_stands(make: Factory) -> Any:
    make.session.rollback()
    return make.session.scalars(text(STATE)).all()


CHANGED = """Surname,Forename,Job Title,Work Email,Payroll Number,Leaving
Nair-Shah,Priya,Headteacher,priya.nair@school.example,P1,
Fox,Amy,Teaching assistant,amy@school.example,P2,31/08/2026
New,Nadia,Cook,,P9,
"""


def test_undo_brings_everybody_back_exactly_as_they_stood(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    import_in(worker_app, school, LIST, day=date(2026, 9, 1))
    before = staff_as_it_stands(make)
    address = read(lead, make, worker_app, school, CHANGED, complete="y")
    apply(lead, make, worker_app, address)
    assert staff_as_it_stands(make) != before
    lead.post(f"{address}/undo")
    do_job(worker_app, the_run(make).job_id)
    assert the_run(make).state is ImportState.UNDONE
    assert staff_as_it_stands(make) == before


def test_undo_is_refused_where_somebody_changed_the_people_and_says_whom(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School
) -> None:
    address = read(lead, make, worker_app, school, LIST)
    apply(lead, make, worker_app, address)
    amy = make.session.scalars(select(StaffMember).where(StaffMember.family_name == "Fox")).one()
    make.completion(amy)
    hill = make.session.scalars(select(StaffMember).where(StaffMember.family_name == "Hill")).one()
    hill.email = "ben@school.example"
    make.session.commit()
    before = staff_as_it_stands(make)
    lead.post(f"{address}/undo")
    do_job(worker_app, the_run(make).job_id)
    assert "Changed since the import: Amy Fox, Ben Hill." in lead.get(address).text
    assert staff_as_it_stands(make) == before


def import_in(worker_app: Flask, school: School, content: str, **values: Any) -> Any:
    with worker_app.app_context():
        return import_list(school, content, **values)


def test_a_worker_killed_before_any_step_leaves_what_the_next_one_completes(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, processes: Processes
) -> None:
    """The job is killed before its first statement, then before its second, and so on until it is done."""
    import_in(worker_app, school, LIST, day=date(2026, 9, 1))
    address = read(lead, make, worker_app, school, CHANGED, complete="y")
    before = staff_as_it_stands(make)
    lead.post(f"{address}/apply")
    job_id = the_run(make).job_id
    seen, step = [], 1
    with worker_app.app_context():
        while processes.dies(lambda: run_job(str(job_id)), before_step=step):
            seen.append(staff_as_it_stands(make))
            step += 3
            assert step < 400
    after = staff_as_it_stands(make)
    assert the_run(make).state is ImportState.APPLIED
    assert len(seen) > 10
    assert all(state in (before, after) for state in seen)
    assert [row["member"]["given_name"] for row in after] == ["Priya", "Amy", "Ben", "Nadia"]
    job = make.session.get_one(JobRun, job_id)
    job.state = JobState.QUEUED
    make.session.commit()
    do_job(worker_app, job_id)
    assert staff_as_it_stands(make) == after


def test_one_person_in_two_posts_has_each_from_and_to_its_own_day(worker: Flask, make: Factory) -> None:
    school = make.school()
    posts = """Surname,Forename,Post,Staff code,Start date,Leaving date
Nair,Priya,Teacher,P1,01/09/2019,31/08/2026
Nair,Priya,DSL,P1,01/09/2026,
"""
    assert import_list(school, posts)["joins"] == 1
    held = make.session.execute(
        select(StaffRoleHeld.role, StaffRoleHeld.from_on, StaffRoleHeld.until_on).order_by(StaffRoleHeld.role)
    ).all()
    assert held == [
        (StaffRole.DSL, date(2026, 9, 1), None),
        (StaffRole.TEACHING, date(2019, 9, 1), date(2026, 8, 31)),
    ]
    again = import_list(school, posts)
    assert (again["same"], again["changes"]) == (1, 0)


def test_a_teacher_reference_number_is_one_person_under_two_codes(worker: Flask, make: Factory) -> None:
    school = make.school()
    lines = "Surname,Forename,Staff code,TRN\nNair,Priya,P1,1234567\nNair,Priya,P2,12/34567\n"
    assert import_list(school, lines)["joins"] == 1
    assert import_list(school, lines)["same"] == 1


def test_numbers_that_contradict_each_other_are_rejected_in_words(worker: Flask, make: Factory) -> None:
    school = make.school()
    make.staff(school, given_name="Ann", family_name="Old", staff_code="P1", trn="1111111")
    result = import_list(
        school, "Surname,Forename,Staff code,TRN\nNew,Nora,P2,1111111\nOld,Ann,P1,2222222\nShort,S,P3,12345\n"
    )
    assert (result["joins"], result["changes"]) == (0, 0)
    reasons = {each["line"]: each["reason"] for each in result["rejections"]}
    assert set(reasons) == {2, 3, 4}
    assert reasons[2].startswith("is that of Ann Old here")
    assert reasons[3].startswith("is another than Ann Old has here")
    assert "seven digits" in reasons[4]


def test_a_list_without_posts_changes_nobodys_role(worker: Flask, make: Factory) -> None:
    school = make.school()
    import_list(school, LIST)
    again = import_list(school, "Surname,Forename,Payroll Number\nFox,Amy,P2\n")
    assert (again["same"], again["changes"]) == (1, 0)


def test_people_who_left_before_and_were_never_here_are_not_added(worker: Flask, make: Factory) -> None:
    school = make.school()
    result = import_list(school, "Surname,Forename,Leaving date\nGone,Gary,31/08/2020\n")
    assert (result["joins"], result["gone"]) == (0, 1)


_NAME = st.sampled_from(["Amy", "Ben", "Chloé", "Sam", "Lee", "O’Neil"])
_ROW = st.fixed_dictionaries(
    {
        "Surname": _NAME,
        "Forename": _NAME,
        "Staff code": st.sampled_from(["", "", "P1", "P2", "p2", "P3"]),
        "TRN": st.sampled_from(["", "", "", "1234567", "7654321"]),
        "Email": st.sampled_from(["", "", "a@school.example", "A@school.example", "office@school.example"]),
        "Job title": st.sampled_from(["", "Teacher", "DSL", "Cook", "Wizard", "Teacher / SLT"]),
        "Start date": st.sampled_from(["", "01/09/2019", "44562"]),
        "Leaving date": st.sampled_from(["", "", "31/08/2020", "31/08/2027", "01/01/2018"]),
    }
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.lists(_ROW, min_size=1, max_size=8), second=st.lists(_ROW, min_size=1, max_size=8), complete=st.booleans()
)
def test_any_list_after_any_other_changes_nothing_the_second_time(
    worker: Flask, make: Factory, first: list[dict[str, str]], second: list[dict[str, str]], complete: bool
) -> None:
    school = make.school(authority=one_authority(make))
    import_list(school, as_csv(first))
    result = import_list(school, as_csv(second), complete=complete)
    before = [row for row in staff_as_it_stands(make) if row["member"]["school_id"] == str(school.id)]
    again = import_list(school, as_csv(second), complete=complete)
    assert (again["joins"], again["changes"]) == (0, 0), again
    assert again["leaves"] == 0 or result["unclear"] > 0
    after = [row for row in staff_as_it_stands(make) if row["member"]["school_id"] == str(school.id)]
    assert after == before


def test_an_address_that_two_people_of_a_file_have_is_nobodys_also_when_one_of_them_is_known(
    worker: Flask, make: Factory
) -> None:
    """The second time one of the two is known by the code: the other is not the third who has the address for that."""
    school = make.school()
    import_list(school, "Surname,Forename,Staff code,Email\nAmy,Amy,P2,a@school.example\n")
    second = "Surname,Forename,Staff code,Email\nAmy,Amy,,\nAmy,Amy,P1,a@school.example\nAmy,Ben,,a@school.example\n"
    result = import_list(school, second)
    assert (result["joins"], result["changes"], result["unclear"]) == (1, 0, 2)
    again = import_list(school, second)
    assert (again["joins"], again["changes"], again["unclear"]) == (0, 0, 2)


def test_a_row_without_a_number_is_that_of_the_first_number_with_its_code(worker: Flask, make: Factory) -> None:
    """The second number contradicts the first and is not taken; the row without one is not the second person's either."""
    school = make.school()
    lines = "Surname,Forename,Staff code,TRN\nAmy,Amy,P1,\nAmy,Amy,P1,1234567\nBen,Ben,P1,7654321\n"
    result = import_list(school, lines)
    assert (result["joins"], [each["line"] for each in result["rejections"]]) == (1, [4])
    assert names(make) == ["Amy Amy"]


def test_who_is_rejected_in_the_preview_is_not_forgotten_when_it_is_applied(worker: Flask, make: Factory) -> None:
    """Two of the file have the office's address. Without the rejected one it would seem to be one person's own."""
    school = make.school()
    make.staff(school, given_name="Ada", family_name="Byron", email="office@school.example")
    make.staff(school, given_name="Bea", family_name="Cole", trn="7654321")
    make.staff(school, given_name="Cyd", family_name="Dunn", staff_code="K1")
    lines = (
        "Surname,Forename,Staff code,TRN,Email\n"
        "Dunn,Cyd,K1,7654321,office@school.example\n"
        "Smith,Ada,,,office@school.example\n"
    )
    shown = import_list(school, lines, complete=True, dry_run=True)
    done = import_list(school, lines, complete=True)
    assert shown["rejections"][0]["reason"].startswith("is that of Bea Cole here")
    for name in ("joins", "changes", "leaves", "unclear"):
        assert done[name] == shown[name], name
    assert (done["changes"], done["leaves"], done["unclear"]) == (0, 0, 1)
    assert [each["line"] for each in done["rejections"]] == [2, 3]
    assert names(make) == ["Ada Byron", "Bea Cole", "Cyd Dunn"]


def test_an_address_that_a_file_takes_from_one_of_two_is_the_others_the_first_time_already(
    worker: Flask, make: Factory
) -> None:
    school = make.school()
    make.staff(school, given_name="Amy", family_name="Fox", staff_code="P1", email="office@school.example")
    make.staff(school, given_name="Ben", family_name="Hill", staff_code="P2", email="office@school.example")
    lines = "Surname,Forename,Staff code,Email\nFox,Amy,P1,amy@school.example\nHills,Ben,,office@school.example\n"
    assert import_list(school, lines)["changes"] == 2
    assert import_list(school, lines)["same"] == 2


def one_authority(make: Factory) -> LocalAuthority:
    """The same for every example: there are only so many codes."""
    return make.session.scalars(select(LocalAuthority)).first() or make.authority()


def as_csv(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def test_a_file_that_is_no_table_is_answered_beside_the_field(lead: FlaskClient, make: Factory, school: School) -> None:
    answer = upload(lead, school, "just one line of words\n")
    assert answer.status_code == 200
    assert "No header row was found" in answer.text
    assert the_run(make) is None
