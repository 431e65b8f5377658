"""A school's coverage of training on a day: by course and role, who is missing, who lapses; as it was known then."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from dateutil.relativedelta import relativedelta
from flask import Flask
from flask.testing import FlaskClient

from blueprints.web.access import today
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.insights.measures.training import training_forecast
from tenants.staff.models import StaffRole
from tenants.training.models import TrainingCompletion
from tests.factories import Factory, sign_in
from tests.integration.test_comparison import counted

KEY = "prevent-awareness"  # counts for 24 months


@pytest.fixture
def school(make: Factory) -> Any:
    return make.school(name="Mallard Primary School")


def lines(client: FlaskClient, school: Any, file: str, **asked: str) -> list[str]:
    got = client.get(f"/schools/{school.id}/staff/coverage", query_string={"format": file, "course": KEY} | asked)
    assert got.status_code == 200
    return got.text.splitlines()[1:]


def test_who_is_missing_and_who_lapses_by_course_and_role(client: FlaskClient, make: Factory, school: Any) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    teacher = make.staff(school, StaffRole.TEACHING, StaffRole.SLT, given_name="Ada", family_name="Byron")
    make.completion(teacher, on=today() - timedelta(days=730 - 45))
    make.staff(school, StaffRole.TEACHING, given_name="Mary", family_name="Anning")
    assert lines(client, school, "courses") == ["Prevent awareness,1,2,1,0"]
    assert lines(client, school, "courses", within="60") == ["Prevent awareness,1,2,1,1"]
    assert lines(client, school, "roles", within="90") == ["SLT,1,1,0,1", "Teaching staff,1,2,1,1"]
    assert lines(client, school, "missing") == ["Mary Anning,Teaching staff,Prevent awareness,,"]
    assert lines(client, school, "missing", role="slt") == []
    assert lines(client, school, "lapsing") == []
    assert lines(client, school, "lapsing", within="60")[0].startswith(
        'Ada Byron,"SLT, Teaching staff",Prevent awareness'
    )
    page = client.get(f"/schools/{school.id}/staff/coverage?course={KEY}&role=teaching&within=60").text
    shown = " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split())
    assert "Prevent awareness 1 2 1 1" in shown
    assert "Mary Anning Prevent awareness Not completed yet" in shown
    odd = client.get(f"/schools/{school.id}/staff/coverage?course=x&role=y&within=7&as_at=soon")
    assert odd.status_code == 200


def test_a_past_day_is_shown_as_it_was_known_then(client: FlaskClient, make: Factory, school: Any) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    member = make.staff(school, StaffRole.TEACHING, given_name="Ada", family_name="Byron")
    make.add(
        TrainingCompletion(
            school_id=school.id,
            staff_id=member.id,
            course_id=make.course(KEY).id,
            completed_on=today() - timedelta(days=40),
            recorded_from=datetime.now(UTC),
        )
    )
    member.family_name = "King"
    make.session.commit()
    past = (today() - timedelta(days=1)).isoformat()
    assert lines(client, school, "courses") == ["Prevent awareness,1,1,0,0"]
    assert lines(client, school, "missing", as_at=past) == ["Ada Byron,Teaching staff,Prevent awareness,,"]
    page = client.get(f"/schools/{school.id}/staff/coverage?as_at={past}").text
    assert "as it was known then" in page
    long_ago = client.get(f"/schools/{school.id}/staff/coverage?as_at=1999-01-01").text
    assert "Nobody to count" in long_ago


def test_the_forecast_says_how_many_still_hold_a_course_in_each_month(
    web: Flask, client: FlaskClient, make: Factory, school: Any
) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    for months in (24 - 3, 24 - 9):
        make.completion(make.staff(school, StaffRole.TEACHING), on=today() - relativedelta(months=months))
    scope = SchoolScope(school.id)
    bind_scope(scope)
    day = date(2026, 11, 30)
    rows = [row for row in training_forecast(scope, as_at=today()) if row.course == KEY]
    assert [(row.holds, row.needs) for row in rows] == [(2, 2)] * 3 + [(1, 2)] * 6 + [(0, 2)] * 4
    ends = [row.day for row in training_forecast(scope, as_at=day) if row.course == KEY]
    assert ends[2:5] == [date(2027, 1, 30), date(2027, 2, 28), date(2027, 3, 30)]
    assert lines(client, school, "forecast") == ["Prevent awareness,2,2,2,2,1,1,1,1,1,1,0,0,0,0"]


def test_the_page_asks_as_often_for_many_people_as_for_one(
    web: Flask, client: FlaskClient, make: Factory, school: Any
) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    make.staff(school, StaffRole.TEACHING)
    client.get(f"/schools/{school.id}/staff/coverage")  # the first request of a sign-in asks more
    numbers = []
    for _ in range(2):
        with counted(web) as statements:
            assert client.get(f"/schools/{school.id}/staff/coverage").status_code == 200
        numbers.append(len(statements))
        for _ in range(5):
            make.completion(make.staff(school, StaffRole.TEACHING))
    assert numbers[0] == numbers[1]
