"""Training: a trust's own rules from the day they are made, grace for joiners, the latest completion by its own date."""

from datetime import date, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.insights.measures.cover import CoverState, post_cover
from tenants.insights.measures.training import training_coverage, training_needs
from tenants.staff.models import StaffRole
from tenants.training.actions import set_course_rule
from tenants.training.models import CourseRule, RuleStanding
from tests.factories import Factory, sign_in
from tests.integration.test_comparison import counted

KEY = "prevent-awareness"


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Any) -> Any:
    return make.school(trust=trust, name="Mallard Primary School")


def rule(make: Factory, trust: Any, standing: RuleStanding, *, on: date, **terms: Any) -> None:
    make.add(CourseRule(trust_id=trust.id, course_id=make.course(KEY).id, from_on=on, standing=standing, **terms))


def held(school: Any, day: date) -> tuple[int, int] | None:
    """How many hold Prevent awareness, of how many; none where nobody is asked for it."""
    scope = SchoolScope(school.id)
    bind_scope(scope)
    return next(
        ((row.numerator, row.denominator) for row in training_coverage(scope, as_at=day) if row.key == KEY), None
    )


def test_a_trusts_terms_hold_from_their_day_and_only_at_its_schools(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    day = today()
    other = make.school(trust=make.trust())
    for each in (school, other):
        make.completion(make.staff(each, StaffRole.TEACHING), on=day - timedelta(days=400))
        make.staff(each, StaffRole.SUPPORT)
    assert held(school, day) == (1, 2)
    rule(make, trust, RuleStanding.OWN, on=day, validity_months=12, audience=["teaching"])
    assert held(school, day) == (0, 1)
    assert held(other, day) == (1, 2)
    rule(make, trust, RuleStanding.OFF, on=day + timedelta(days=1))
    assert held(school, day + timedelta(days=1)) is None
    assert held(school, day) == (0, 1)
    rule(make, trust, RuleStanding.SHIPPED, on=day + timedelta(days=2))
    assert held(school, day + timedelta(days=2)) == (1, 2)


def test_a_joiner_is_counted_when_the_grace_is_over_and_is_never_ready_for_a_post_before(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    day = today()
    rule(make, trust, RuleStanding.OWN, on=day - timedelta(days=1), validity_months=24, audience=[], grace_days=14)
    make.staff(school, StaffRole.PREVENT_LEAD, starts_on=day)
    make.staff(school, StaffRole.TEACHING)  # nobody knows since when: no grace
    assert held(school, day) == (0, 1)
    assert held(school, day + timedelta(days=13)) == (0, 1)
    assert held(school, day + timedelta(days=14)) == (0, 2)
    lead = next(post for post in post_cover(SchoolScope(school.id), as_at=day) if post.rule == "prevent-lead")
    assert (lead.holders, lead.ready, lead.state) == (1, 0, CoverState.UNTRAINED)


def test_the_later_completion_counts_and_not_the_one_entered_last(web: Flask, make: Factory, school: Any) -> None:
    day = today()
    member = make.staff(school, StaffRole.TEACHING)
    make.completion(member, on=day - timedelta(days=30))
    make.completion(member, on=day - timedelta(days=900))
    scope = SchoolScope(school.id)
    bind_scope(scope)
    need = next(need for need in training_needs(scope, as_at=day) if need.key == KEY)
    assert (need.holds, need.done_on) == (True, day - timedelta(days=30))


def test_a_rule_made_twice_on_one_day_is_the_last_one(web: Flask, make: Factory, trust: Any, school: Any) -> None:
    make.staff(school, StaffRole.TEACHING)
    scope = TrustScope(trust.id)
    bind_scope(scope)
    for standing in (RuleStanding.OFF, RuleStanding.SHIPPED):
        set_course_rule(
            scope, course_id=make.course(KEY).id, standing=standing, from_on=today(), changed_by=None, grace_days=5
        )
    db.session.commit()
    assert held(school, today()) == (0, 1)


def test_a_trust_sees_where_training_is_short_and_sets_its_terms(
    client: FlaskClient, make: Factory, trust: Any, school: Any
) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    make.staff(school, StaffRole.TEACHING)
    page = f"/trusts/{trust.id}/training"
    shown = " ".join(BeautifulSoup(client.get(page).text, "html.parser").get_text(" ").split())
    assert "Mallard Primary School Prevent lead Vacant" in shown
    assert "Mallard Primary School Prevent awareness 0 1 1 0" in shown
    address = f"{page}/rules/{KEY}"
    terms = {"standing": "own", "validity_months": "36", "audience": ["teaching"], "grace_days": "21"}
    refused = client.post(address, data=terms | {"validity_months": "0", "grace_days": "many"})
    assert refused.status_code == 200
    assert "Enter a whole number of months from 1 to 120" in refused.text
    assert "Enter a whole number of days from 0 to 180" in refused.text
    assert client.post(address, data=terms).status_code == 303
    assert "Teaching staff, every 36 months. Joiners have 21 days." in client.get(page).text
    lines = client.get(page, query_string={"format": "csv", "course": KEY}).text.splitlines()
    assert lines[1:] == ["Mallard Primary School,Prevent awareness,0,1,1,0"]
    assert client.get(f"{page}/rules/nothing").status_code == 404
    sign_in(client, make.member(Role.TRUST_READER, trust))
    assert client.post(address, data=terms).status_code in {403, 404}
    read = client.get(page).text
    assert f'href="/schools/{school.id}"' in read
    assert f'href="/schools/{school.id}/staff' not in read
    assert f"{page}/rules/" not in read


def test_the_trusts_page_asks_as_often_for_many_schools_as_for_one(
    web: Flask, client: FlaskClient, make: Factory, trust: Any, school: Any
) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    make.staff(school, StaffRole.TEACHING)
    client.get(f"/trusts/{trust.id}/training")  # the first request of a sign-in asks more
    numbers = []
    for _ in range(2):
        with counted(web) as statements:
            assert client.get(f"/trusts/{trust.id}/training").status_code == 200
        numbers.append(len(statements))
        for _ in range(4):
            make.staff(make.school(trust=trust), StaffRole.TEACHING)
    assert numbers[0] == numbers[1]


def test_a_schools_staff_page_says_which_posts_need_somebody(client: FlaskClient, make: Factory, school: Any) -> None:
    make.staff(school, StaffRole.DSL)
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    text = client.get(f"/schools/{school.id}/staff").text
    assert "Prevent lead: vacant" in text
    assert "DSL: training missing or expired" in text


def test_the_trusts_page_says_which_schools_lie_outside_the_limits_as_at_a_day(
    client: FlaskClient, make: Factory, trust: Any, school: Any
) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    day = today() - timedelta(days=10)
    other = make.school(trust=trust, name="Teal Secondary School")
    for _ in range(12):
        make.staff(school, StaffRole.TEACHING)
        make.completion(make.staff(other, StaffRole.TEACHING), on=today() - timedelta(days=5))
        make.completion(make.staff(other, StaffRole.TEACHING), on=today() - timedelta(days=5))
    page = f"/trusts/{trust.id}/training"

    def told(**asked: str) -> str:
        got = client.get(page, query_string={"course": KEY} | asked)
        assert got.status_code == 200
        return " ".join(BeautifulSoup(got.text, "html.parser").get_text(" ").split())

    assert "2 of 2 schools lie further from all schools together" in told()
    lines = client.get(page, query_string={"format": "limits", "course": KEY}).text.splitlines()
    assert lines[1].startswith("Mallard Primary School,0,12,0%,24%,100%,Below by 25 points")
    assert lines[2].startswith("Teal Secondary School,24,24,100%,")
    past = told(as_at=day.isoformat())
    assert "No school. Each differs" in past
    assert "stood on" in past
    assert client.get(
        page, query_string={"as_at": day.isoformat(), "format": "limits", "course": KEY}
    ).text.splitlines()[1:] == [
        "Mallard Primary School,0,12,0%,0%,0%,Within",
        "Teal Secondary School,0,24,0%,0%,0%,Within",
    ]
