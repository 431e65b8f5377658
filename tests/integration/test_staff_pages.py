"""Staff of a school and of a trust: long absences, roles from and to a day, and each person counted once for the trust."""

import uuid
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.web.access import today
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.insights.measures.people import people_of_trust
from tenants.insights.measures.training import training_coverage
from tenants.organisations.models import School
from tenants.staff.models import AbsenceReason, StaffAbsence, StaffMember, StaffRole
from tests.factories import Factory, sign_in


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


def absence(from_on: date | None, until_on: date | None = None, reason: str = "parental") -> dict[str, str]:
    """The form as it is sent."""
    sent = {"reason": reason}
    for name, day in (("from_on", from_on), ("until_on", until_on)):
        for part in ("day", "month", "year"):
            sent[f"{name}-{part}"] = str(getattr(day, part)) if day else ""
    return sent


def address(member: StaffMember, rest: str = "new") -> str:
    return f"/schools/{member.school_id}/staff/{member.id}/absences/{rest}"


def needing_training(app: Flask, school: School) -> int:
    with app.app_context():
        bind_scope(SchoolScope(school.id))
        return max(row.denominator for row in training_coverage(SchoolScope(school.id), as_at=today()))


def test_who_is_away_is_shown_with_a_reason_and_left_out_of_the_figures(
    web_app: Flask, lead: FlaskClient, make: Factory, school: School
) -> None:
    member, _ = make.staff(school, StaffRole.TEACHING), make.staff(school, StaffRole.TEACHING)
    assert needing_training(web_app, school) == 2
    assert lead.post(address(member), data=absence(date(2026, 9, 1))).status_code == 303
    page = lead.get(f"/schools/{school.id}/staff/{member.id}").text
    assert "Maternity, paternity or adoption leave, from 1 September 2026, until somebody enters the last day" in page
    assert "Away now" in page
    assert needing_training(web_app, school) == 1
    there = make.session.scalars(select(StaffAbsence)).one()
    assert lead.post(address(member, f"{there.id}/remove")).status_code == 303
    assert needing_training(web_app, school) == 2


def test_an_absence_that_cannot_be_is_answered_beside_the_field(
    lead: FlaskClient, make: Factory, school: School
) -> None:
    member = make.staff(school)
    lead.post(address(member), data=absence(date(2026, 9, 1), date(2026, 12, 1)))
    overlapping = lead.post(address(member), data=absence(date(2026, 12, 1))).text
    assert "Another absence is recorded for some of these days" in overlapping
    backwards = lead.post(address(member), data=absence(date(2027, 2, 1), date(2027, 1, 1))).text
    assert "The last day away must be on or after the first" in backwards
    assert "Choose why they are away" in lead.post(address(member), data=absence(None, reason="")).text
    there = make.session.scalars(select(StaffAbsence)).one()
    lead.post(address(member, str(there.id)), data=absence(date(2026, 9, 2), date(2026, 11, 1), "other"))
    make.session.expire_all()
    assert (there.reason, there.from_on, there.until_on) == (AbsenceReason.OTHER, date(2026, 9, 2), date(2026, 11, 1))


def test_a_reader_sees_that_somebody_is_away_and_not_why(client: FlaskClient, make: Factory, school: School) -> None:
    member = make.staff(school)
    make.add(
        StaffAbsence(school_id=school.id, staff_id=member.id, reason=AbsenceReason.SICKNESS, from_on=date(2026, 9, 1))
    )
    sign_in(client, make.member(Role.SCHOOL_READER, school))
    page = client.get(f"/schools/{school.id}/staff/{member.id}").text
    assert "Away from 1 September 2026" in page
    assert "sickness" not in page.lower()


def test_one_person_at_two_schools_is_one_for_the_trust_and_one_at_each(
    web_app: Flask, client: FlaskClient, make: Factory
) -> None:
    trust = make.trust()
    first, second = make.school(trust=trust), make.school(trust=trust)
    key = uuid.uuid4()
    for school, role in ((first, StaffRole.DSL), (second, StaffRole.TEACHING)):
        make.staff(school, role, given_name="Priya", family_name="Nair", person_key=key)
    make.staff(first)
    gone = make.staff(second, leaves_on=date(2026, 1, 1))
    with web_app.app_context():
        bind_scope(TrustScope(trust.id))
        found = people_of_trust(TrustScope(trust.id), as_at=today())
    assert found.people == 2
    assert sorted((each.people, each.elsewhere_too) for each in found.schools) == [(1, 1), (2, 1)]
    assert [each.name for each in found.shared] == ["Priya Nair"]
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    page = client.get(f"/trusts/{trust.id}/staff").text
    assert "2 people work at the trust" in page
    assert "counted 3 times" in page
    assert gone.family_name not in page
    lines = client.get(f"/trusts/{trust.id}/staff?format=csv&school={second.id}").text
    assert "Priya Nair" in lines
    assert "DSL" in lines


def test_a_trust_reader_sees_numbers_and_no_names(client: FlaskClient, make: Factory) -> None:
    trust = make.trust()
    key = uuid.uuid4()
    for school in (make.school(trust=trust), make.school(trust=trust)):
        make.staff(school, given_name="Priya", family_name="Nair", person_key=key)
    sign_in(client, make.member(Role.TRUST_READER, trust))
    page = client.get(f"/trusts/{trust.id}/staff").text
    assert "1 person works at" in page
    assert "Nair" not in page
    assert "Nair" not in client.get(f"/trusts/{trust.id}/staff?format=csv").text
