"""The catalogue: what is taken first, what nobody is asked for until a trust says so, and a course that was split."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from blueprints.web.access import today
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.insights.measures.training import training_needs
from tenants.insights.subjects import measure_choices
from tenants.staff.models import StaffRole
from tenants.training.models import CourseRule, RuleStanding
from tests.factories import Factory, sign_in

SPLIT_ON = date(2026, 12, 1)
LEADERS, IT = "filtering-and-monitoring", "filtering-and-monitoring-it"


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Any) -> Any:
    return make.school(trust=trust)


def needs_of(member: Any, day: date) -> dict[str, bool]:
    """The courses that somebody needs on a day, and whether they hold each."""
    scope = SchoolScope(member.school_id)
    bind_scope(scope)
    return {need.key: need.holds for need in training_needs(scope, as_at=day) if need.staff_id == member.id}


def test_channel_awareness_is_asked_for_only_where_the_trust_has_set_its_own_terms(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    lead = make.staff(school, StaffRole.PREVENT_LEAD)
    course = make.course("channel-awareness")
    assert "channel-awareness" not in needs_of(lead, today())
    for days, standing, asked in ((0, RuleStanding.OWN, True), (1, RuleStanding.SHIPPED, False)):
        day = today() + timedelta(days=days)
        make.add(
            CourseRule(
                trust_id=trust.id, course_id=course.id, from_on=day, standing=standing, audience=["prevent_lead"]
            )
        )
        assert ("channel-awareness" in needs_of(lead, day)) is asked


def test_a_course_for_it_is_met_by_the_undivided_one_only_from_before_the_split(
    web: Flask, make: Factory, school: Any
) -> None:
    before, after = (make.staff(school, StaffRole.COMPUTING_LEAD) for _ in range(2))
    make.completion(before, LEADERS, on=SPLIT_ON - timedelta(days=1))
    make.completion(after, LEADERS, on=SPLIT_ON)
    day = SPLIT_ON + timedelta(days=1)
    assert needs_of(before, day)[IT] is True
    assert needs_of(after, day)[IT] is False
    assert LEADERS not in needs_of(before, day)
    assert needs_of(before, SPLIT_ON + timedelta(days=366))[IT] is False
    leader = make.staff(school, StaffRole.SLT)
    make.completion(leader, IT, on=SPLIT_ON)
    assert needs_of(leader, day)[LEADERS] is False


def test_plans_can_still_count_filtering_and_monitoring(web: Flask, make: Factory, school: Any) -> None:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    names = dict(measure_choices(scope))
    assert {f"training:{LEADERS}", f"training:{IT}", "training:channel-awareness"} <= set(names)


def test_a_course_without_the_one_before_it_is_recorded_and_told(
    client: FlaskClient, make: Factory, school: Any
) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    ready, other = (make.staff(school, StaffRole.DSL) for _ in range(2))
    make.completion(ready, on=today() - timedelta(days=1))
    day = {
        "completed_on-day": str(today().day),
        "completed_on-month": str(today().month),
        "completed_on-year": str(today().year),
    }
    sent = day | {"course_id": str(make.course("prevent-referrals").id)}
    told = client.post(
        f"/schools/{school.id}/staff/training",
        data=sent | {"staff": [str(ready.id), str(other.id)]},
        follow_redirects=True,
    ).text
    assert "2 completions recorded." in told
    assert "1 person has no completion of Prevent awareness, which is to be taken first." in told
    listed = client.get(f"/schools/{school.id}/staff/training?course=channel-awareness").text
    assert "Prevent awareness is to be taken before Channel awareness." in listed
    assert listed.count("Has not taken Prevent awareness") == 1
    shown = client.get(f"/schools/{school.id}/staff/training?course=prevent-awareness").text
    assert "has not taken" not in shown.lower()
    third = make.staff(school, StaffRole.DSL)
    assert "Take Prevent awareness first" in client.get(f"/schools/{school.id}/staff/{third.id}").text
    make.completion(third)
    assert "Prevent awareness, which comes first, is done" in client.get(f"/schools/{school.id}/staff/{third.id}").text
    again = client.post(
        f"/schools/{school.id}/staff/training", data=sent | {"staff": [str(ready.id)]}, follow_redirects=True
    ).text
    assert "is to be taken first" not in again
