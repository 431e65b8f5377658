"""A staff list of a whole trust in one file: whose school each word means, school by school, one person at several."""

import io
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.staff import begin_staff_import
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.imports.models import ImportRejection, ImportRun, ImportState
from tenants.imports.staff.models import SchoolStep, StaffImportRow, StaffImportSchool
from tenants.imports.staff.reader import FIELD_NAMES
from tenants.organisations.models import School, Trust, TrustMembership
from tenants.staff.models import StaffMember
from tests.factories import Factory, sign_in
from tests.processes import Processes

HEAD = "URN,Surname,Forename,Job Title,Work Email,Payroll Number,TRN"


@dataclass
class Place:
    trust: Trust
    north: School
    south: School
    elsewhere: School
    client: FlaskClient
    make: Factory
    worker_app: Flask

    @property
    def base(self) -> str:
        return f"/trusts/{self.trust.id}/staff/import"

    @property
    def address(self) -> str:
        return f"{self.base}/{self.run.id}"

    @property
    def run(self) -> ImportRun:
        self.make.session.expire_all()
        query = select(ImportRun).where(ImportRun.trust_id == self.trust.id).order_by(ImportRun.created_at.desc())
        return self.make.session.scalars(query).first()  # type: ignore[return-value]

    def file(self, *rows: str, head: str = HEAD) -> str:
        return "\n".join([head, *rows]) + "\n"

    def two_schools(self) -> str:
        north, south = self.north.urn, self.south.urn
        return self.file(
            f"{north},Nair,Priya,Headteacher,priya@trust.example,N1,1234567",
            f"{north},Fox,Amy,Teacher,amy@trust.example,N2,",
            f"{south},Nair,Priya,SLT,p.nair@south.example,S1,1234567",
            f"{south},Hill,Ben,Cook,,S2,",
        )

    def do_job(self) -> None:
        with self.worker_app.app_context():
            run_job(str(self.run.job_id))

    def read(self, content: str, **values: str) -> None:
        self.client.post(self.base, data={"file": (io.BytesIO(content.encode()), "trust.csv")})
        if self.run.state is ImportState.UPLOADED:
            columns = dict.fromkeys(FIELD_NAMES, "") | self.run.mapping["columns"] | values
            assert self.client.post(f"{self.address}/columns", data=columns).status_code == 303
        self.do_job()

    def apply(self) -> None:
        self.client.post(f"{self.address}/apply")
        self.do_job()
        assert self.run.state is ImportState.APPLIED

    def page(self, step: str = "") -> str:
        return self.client.get(self.address + step, follow_redirects=True).text

    def staff(self, school: School) -> list[str]:
        self.make.session.expire_all()
        rows = self.make.session.scalars(
            select(StaffMember).where(StaffMember.school_id == school.id).order_by(StaffMember.family_name)
        )
        return [row.full_name for row in rows]

    def standing(self) -> Any:
        self.make.session.rollback()
        return self.make.session.scalars(
            text("""select jsonb_build_object('m', to_jsonb(m) - 'recorded_from', 'r', (
              select jsonb_agg(to_jsonb(r) - 'recorded_from' order by r.id) from staff_role_held r
              where r.staff_id = m.id)) from staff_member m order by m.id""")
        ).all()


@pytest.fixture
def place(client: FlaskClient, make: Factory, worker_app: Flask) -> Place:
    trust = make.trust()
    north = make.school(trust=trust, name="North Academy")
    south = make.school(trust=trust, name="St Mary’s South")
    elsewhere = make.school(trust=make.trust(), name="Another Trust’s School")
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    return Place(trust, north, south, elsewhere, client, make, worker_app)


def test_one_file_brings_every_school_up_to_date_and_counts_a_person_once(place: Place) -> None:
    place.read(place.two_schools())
    page = place.page()
    assert "4 people join" in page
    assert "at 2 schools" in page
    place.apply()
    assert place.staff(place.north) == ["Amy Fox", "Priya Nair"]
    assert place.staff(place.south) == ["Ben Hill", "Priya Nair"]
    keys = place.make.session.scalars(select(StaffMember.person_key).where(StaffMember.family_name == "Nair")).all()
    assert len(set(keys)) == 1
    assert keys[0] is not None
    others = place.make.session.scalars(select(StaffMember.person_key).where(StaffMember.family_name != "Nair")).all()
    assert others == [None, None]
    page = place.page()
    assert "The staff list is up to date" in page
    assert "St Mary’s South" in page


def test_the_same_file_twice_changes_nothing(place: Place) -> None:
    place.read(place.two_schools())
    place.apply()
    before = place.standing()
    place.read(place.two_schools(), complete="y")
    assert "Nothing would change" in place.page()
    place.apply()
    assert place.standing() == before


def test_rows_of_a_school_outside_the_trust_are_rejected_and_touch_nobody(place: Place) -> None:
    there = place.make.staff(place.elsewhere, staff_code="N2", given_name="Amy", family_name="Fox")
    place.read(place.file(f"{place.elsewhere.urn},Fox,Amelia,Teacher,,N2,", f"{place.north.urn},Hill,Ben,Cook,,S2,"))
    place.apply()
    assert place.staff(place.elsewhere) == ["Amy Fox"]
    rejected = place.make.session.scalars(select(ImportRejection)).one()
    assert "is not in the trust" in rejected.reason
    assert rejected.line == 2
    assert place.make.session.get_one(StaffMember, there.id).given_name == "Amy"


def test_a_word_for_a_school_is_asked_for_once(place: Place) -> None:
    rows = ["Mary's,Hill,Ben,Cook,,S2,", "north  academy,Fox,Amy,Teacher,,N2,", "Head office,Boss,Bo,Manager,,H1,"]
    content = place.file(*rows, head=HEAD.replace("URN", "School"))
    place.read(content, source_name="Payroll")
    page = place.page()
    assert "Which school is it?" in page
    assert "Mary&#39;s" in page
    assert "north  academy" not in page
    place.client.post(f"{place.address}/schools", data={"school-0": "out", "school-1": str(place.south.id)})
    place.do_job()
    place.apply()
    assert place.staff(place.south) == ["Ben Hill"]
    assert place.staff(place.north) == ["Amy Fox"]
    place.read(content)
    assert place.run.state is ImportState.PREVIEWED
    assert "Which school is it?" not in place.page()
    assert place.run.result["same"] == 2
    assert place.run.result["rejected"] == 1


def test_a_word_for_a_school_of_another_trust_is_not_taken(place: Place) -> None:
    place.read(place.file("Here,Fox,Amy,Teacher,,N2,", head=HEAD.replace("URN", "School")))
    place.client.post(f"{place.address}/schools", data={"school-0": str(place.elsewhere.id)})
    assert place.make.session.scalars(select(StaffImportRow.school_id)).all() == [None]


def test_a_school_that_is_not_in_a_complete_file_loses_nobody(place: Place) -> None:
    place.make.staff(place.south, given_name="Only", family_name="One")
    place.make.staff(place.north, given_name="Left", family_name="Over")
    place.read(place.file(f"{place.north.urn},Fox,Amy,Teacher,,N2,"), complete="y")
    assert place.run.result["leaves"] == 1
    place.apply()
    left = place.make.session.scalars(select(StaffMember.family_name).where(StaffMember.leaves_on.is_not(None))).all()
    assert left == ["Over"]


def test_a_worker_killed_anywhere_leaves_whole_schools_and_the_next_goes_on(place: Place, processes: Processes) -> None:
    place.read(place.two_schools())
    place.client.post(f"{place.address}/apply")
    job_id, step, seen = place.run.job_id, 1, set()
    with place.worker_app.app_context():
        while processes.dies(lambda: run_job(str(job_id)), before_step=step):
            seen.add((len(place.staff(place.north)), len(place.staff(place.south))))
            step += 4
            assert step < 500
    assert place.run.state is ImportState.APPLIED
    assert seen <= {(0, 0), (2, 0), (0, 2), (2, 2)}
    assert {(0, 0), (2, 2)} < seen
    assert place.staff(place.north) == ["Amy Fox", "Priya Nair"]
    assert place.staff(place.south) == ["Ben Hill", "Priya Nair"]


def test_undo_brings_each_school_back_unless_its_people_were_changed_since(place: Place) -> None:
    place.make.staff(place.north, given_name="Amy", family_name="Fox", email="old@trust.example", staff_code="N2")
    before = place.standing()
    place.read(place.two_schools())
    place.apply()
    ben = place.make.session.scalars(select(StaffMember).where(StaffMember.family_name == "Hill")).one()
    ben.email = "ben@south.example"
    place.make.session.commit()
    place.client.post(f"{place.address}/undo")
    place.do_job()
    assert "Changed since the import: Ben Hill." in place.page()
    assert [each for each in place.standing() if each["m"]["school_id"] == str(place.north.id)] == before
    assert place.staff(place.south) == ["Ben Hill", "Priya Nair"]
    ben.email = None
    place.make.session.commit()
    place.client.post(f"{place.address}/undo")
    place.do_job()
    assert place.run.state is ImportState.UNDONE
    assert place.standing() == before


def test_after_fourteen_days_an_import_stays(place: Place) -> None:
    place.read(place.two_schools())
    place.apply()
    run = place.run
    run.applied_at = datetime.now(UTC) - timedelta(days=15)
    place.make.session.commit()
    assert "Undo this import" not in place.page()
    place.client.post(f"{place.address}/undo")
    assert place.run.state is ImportState.APPLIED


def test_what_is_of_no_more_use_is_forgotten_when_the_next_import_begins(place: Place) -> None:
    place.read(place.two_schools())
    place.apply()
    applied = place.run
    place.read(place.two_schools())
    waiting = place.run
    long_ago = datetime.now(UTC) - timedelta(days=31)
    applied.applied_at, waiting.created_at = long_ago, long_ago
    place.make.session.commit()
    place.client.post(place.base, data={"file": (io.BytesIO(place.two_schools().encode()), "next.csv")})
    place.make.session.expire_all()
    assert waiting.state is ImportState.CANCELLED
    for table in ("staff_import_row", "staff_import_effect"):
        assert place.make.session.scalar(text(f"select count(*) from {table}")) == 0
    assert place.staff(place.north) == ["Amy Fox", "Priya Nair"]


def test_a_school_that_left_the_trust_since_the_preview_is_not_touched(place: Place) -> None:
    place.read(place.two_schools())
    membership = place.make.session.scalars(
        select(TrustMembership).where(TrustMembership.school_id == place.south.id)
    ).one()
    membership.left_on = date(2026, 8, 31)
    place.make.session.commit()
    place.apply()
    assert place.staff(place.north) == ["Amy Fox", "Priya Nair"]
    assert place.staff(place.south) == []


def test_a_school_sees_nothing_of_its_trusts_run(place: Place, web_app: Flask) -> None:
    place.read(place.two_schools())
    lead = web_app.test_client()
    sign_in(lead, place.make.member(Role.PREVENT_LEAD, place.north))
    assert lead.get(place.address).status_code == 404
    assert lead.get(f"/schools/{place.north.id}/staff/import/{place.run.id}").status_code == 404


def deliver(place: Place, content: str, source: str = "Payroll") -> ImportRun:
    """As a source that delivers by itself does, without a browser."""
    with place.worker_app.app_context():
        bind_scope(TrustScope(place.trust.id))
        begin_staff_import(
            TrustScope(place.trust.id),
            file_name="payroll.csv",
            stream=io.BytesIO(content.encode()),
            source_name=source,
            automatic=True,
        )
        db.session.commit()
    for _ in range(2):
        if place.run.job_id is not None:
            place.do_job()
    return place.run


def many(place: Place, *more: str) -> str:
    return place.file(*(f"{place.north.urn},Fox,Amy,Teacher,a{n}@x.example,N{n}," for n in range(20)), *more)


def test_a_delivered_file_is_applied_by_itself_when_nobody_needs_to_be_asked(place: Place) -> None:
    first = deliver(place, many(place))
    assert first.state is ImportState.UPLOADED
    assert first.problem is not None
    place.read(many(place), source_name="Payroll")
    place.apply()
    run = deliver(place, many(place, f"{place.north.urn},New,Nora,Cook,,N99,"))
    assert run.state is ImportState.APPLIED
    assert "Nora New" in place.staff(place.north)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Somewhere,New,Nora,Cook,,N99,", "a school that is not known"),
        ("{urn},Known,Kim,Cook,,N98,", "who are there already"),
    ],
)
def test_a_delivered_file_that_raises_a_question_waits(place: Place, row: str, why: str) -> None:
    place.make.staff(place.north, given_name="Kim", family_name="Known")
    place.read(many(place), source_name="Payroll")
    place.apply()
    run = deliver(place, many(place, row.format(urn=place.north.urn)))
    assert run.state is ImportState.PREVIEWED
    assert why in (run.problem or "")
    assert "Nobody applied this by itself" in place.page("/preview")


def test_a_delivered_file_that_somebody_looks_at_waits_for_them(place: Place) -> None:
    content = many(place, "Annexe,New,Nora,Cook,,N99,")
    place.read(content, source_name="Payroll")
    place.apply()
    deliver(place, content)
    place.client.post(f"{place.address}/schools", data={"school-0": str(place.north.id)})
    place.do_job()
    assert place.run.state is ImportState.PREVIEWED
    assert "1 person joins" in place.page()
    assert "Nora New" not in place.staff(place.north)


def test_a_delivered_file_that_changes_more_than_one_in_five_waits_and_never_makes_anybody_leave(place: Place) -> None:
    place.read(many(place), source_name="Payroll", complete="y")
    place.apply()
    run = deliver(place, many(place).replace("Fox", "Wolf"))
    assert run.state is ImportState.PREVIEWED
    assert "20 of 20" in (run.problem or "")
    shorter = "\n".join(many(place).splitlines()[:15]) + "\n"
    assert deliver(place, shorter).state is ImportState.APPLIED
    gone = place.make.session.scalar(
        select(func.count()).select_from(StaffMember).where(StaffMember.leaves_on.is_not(None))
    )
    assert gone == 0


def test_the_preview_is_paged_filtered_and_downloaded(place: Place) -> None:
    place.read(place.file(*(f"{place.north.urn},Fox{n:03},Amy,Teacher,,N{n}," for n in range(120))))
    first, last = place.page("/preview"), place.page("/preview?page=3")
    assert "Amy Fox000" in first
    assert "Amy Fox119" in last
    assert "Amy Fox119" not in first
    found = place.page("/preview?words=fox11")
    assert "Join: 10 people" in found
    assert place.client.get(f"{place.address}/preview?format=csv").text.count("\n") == 121
    assert place.client.get(f"{place.base}?format=csv").text.count("trust.csv") == 1
    assert "No import is in that state" in place.client.get(f"{place.base}?state=failed").text


def test_each_school_of_a_run_is_applied_in_its_own_scope(place: Place) -> None:
    """A row that names another school of the same run is not written from this school's turn."""
    place.read(place.two_schools())
    with place.worker_app.app_context():
        from tenants.imports.staff.apply import apply_at_school

        scope = SchoolScope(place.north.id)
        bind_scope(scope)
        apply_at_school(scope, place.run.id, complete=False, as_at=date(2026, 11, 24))
        db.session.commit()
    assert place.staff(place.south) == []
    steps = dict(
        place.make.session.execute(select(StaffImportSchool.school_id, StaffImportSchool.step)).all()  # type: ignore[arg-type]
    )
    assert steps == {place.north.id: SchoolStep.APPLIED, place.south.id: SchoolStep.WAITING}
    assert isinstance(place.run.id, uuid.UUID)


def test_pages_of_the_trusts_staff_stand_under_schools(client: FlaskClient, make: Factory) -> None:
    trust = make.trust()
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    for then in ("staff", "staff/import", "staff/sources", "schools"):
        page = BeautifulSoup(client.get(f"/trusts/{trust.id}/{then}").text, "html.parser")
        active = [each.get_text(strip=True) for each in page.select(".govuk-service-navigation__item--active")]
        assert active == ["Schools"], then
