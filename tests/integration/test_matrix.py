"""People by course: states, filters, the file, as at a day, and as many queries for many people as for few."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from blueprints.school.matrix import PER_PAGE
from blueprints.web.access import today
from tenants.access.models import Role
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in
from tests.integration.test_comparison import counted

KEY = "prevent-awareness"  # counts for 24 months
TWO_YEARS = timedelta(days=730)


@pytest.fixture
def school(make: Factory) -> Any:
    return make.school()


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: Any) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


def matrix(client: FlaskClient, school: Any, **asked: str) -> str:
    got = client.get(f"/schools/{school.id}/staff/matrix", query_string=asked)
    assert got.status_code == 200
    return got.text


def lines(client: FlaskClient, school: Any, **asked: str) -> list[str]:
    return matrix(client, school, format="csv", course=KEY, **asked).splitlines()[1:]


def people(make: Factory, school: Any) -> dict[str, Any]:
    """One in each state, all teachers but the last."""
    found = {}
    done = {
        "Held": timedelta(days=30),
        "Lapsing": TWO_YEARS - timedelta(days=10),
        "Lapsed": TWO_YEARS * 2,
        "Missing": None,
    }
    for name, ago in done.items():
        role = StaffRole.SUPPORT if name == "Missing" else StaffRole.TEACHING
        found[name] = make.staff(school, role, given_name="Ada", family_name=name)
        if ago is not None:
            make.completion(found[name], on=today() - ago)
    return found


def test_each_state_can_be_told_and_filtered(lead: FlaskClient, make: Factory, school: Any) -> None:
    who = people(make, school)
    told = [line.split(",")[0] + ": " + line.split(",")[2] for line in lines(lead, school)]
    assert told == ["Ada Held: Holds it", "Ada Lapsed: Lapsed", "Ada Lapsing: Lapses soon", "Ada Missing: Missing"]
    for asked, names in (
        ({"state": "gap"}, ["Ada Lapsed", "Ada Missing"]),
        ({"state": "lapsing"}, ["Ada Lapsing"]),
        ({"state": "complete"}, ["Ada Held", "Ada Lapsing"]),
        ({"role": "support"}, ["Ada Missing"]),
        ({"name": "  laps  ADA "}, ["Ada Lapsed", "Ada Lapsing"]),
        ({"name": "nobody"}, []),
        ({"state": "x", "role": "y"}, ["Ada Held", "Ada Lapsed", "Ada Lapsing", "Ada Missing"]),
    ):
        assert [line.split(",")[0] for line in lines(lead, school, **asked)] == names, asked
    page = BeautifulSoup(matrix(lead, school, course=KEY), "html.parser")
    cells = {row.th.get_text(): row.td.get_text(" ", strip=True) for row in page.select(".pt-matrix tbody tr")}
    assert cells["Ada Missing"].startswith("✗ Missing Record")
    assert cells["Ada Held"].startswith("✓ Until")
    link = next(row.td.a["href"] for row in page.select(".pt-matrix tbody tr") if row.th.get_text() == "Ada Missing")
    assert link == f"/schools/{school.id}/staff/training?course={KEY}&person={who['Missing'].id}"
    assert lead.get(link).status_code == 200
    assert "Nobody matches" in matrix(lead, school, name="nobody")


def test_a_past_day_is_shown_as_it_was_and_offers_nothing_to_record(
    lead: FlaskClient, make: Factory, school: Any
) -> None:
    people(make, school)
    day = today() - timedelta(days=60)
    told = [line.split(",")[2] for line in lines(lead, school, as_at=day.isoformat())]
    assert told == ["Missing", "Lapsed", "Holds it", "Missing"]
    page = matrix(lead, school, as_at=day.isoformat())
    assert "/staff/training?" not in page
    assert f'name="as_at" value="{day.isoformat()}"' in page


def test_many_people_are_paged_and_ask_as_often_as_few(
    web: Flask, lead: FlaskClient, make: Factory, school: Any
) -> None:
    make.staff(school, StaffRole.TEACHING)
    matrix(lead, school)
    numbers = []
    for more in (PER_PAGE, 0):
        with counted(web) as statements:
            page = matrix(lead, school)
        numbers.append(len(statements))
        for _ in range(more):
            make.staff(school, StaffRole.TEACHING)
    assert numbers[0] == numbers[1]
    assert page.count('<th scope="row">') == PER_PAGE
    assert matrix(lead, school, page="2").count('<th scope="row">') == 1
    assert matrix(lead, school, page="9").count('<th scope="row">') == 1
    assert len(matrix(lead, school, format="csv").splitlines()) == PER_PAGE + 2


def test_a_school_without_staff_is_told_what_to_do(lead: FlaskClient, school: Any) -> None:
    assert "Nobody to show" in matrix(lead, school)
