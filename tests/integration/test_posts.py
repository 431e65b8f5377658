"""A trust's rules for posts: from their day, by phase, with what the holder must hold; what is past is never rewritten."""

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
from tenants.insights.measures.cover import Cover, CoverState, post_cover
from tenants.staff.cover import CoverTerms, set_cover_rule, take_back_cover_rule
from tenants.staff.models import CoverRule, StaffRole
from tests.factories import Factory, sign_in

SENT = {"at_least": "1", "warning_days": "30", "reason": "Somebody runs the filters."}


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Any) -> Any:
    return make.school(trust=trust, name="Mallard Primary School", phase="Primary")


def say(
    trust: Any, *, key: str | None = "dsl", role: StaffRole = StaffRole.DSL, on: date | None = None, **terms: Any
) -> str:
    scope = TrustScope(trust.id)
    bind_scope(scope)
    values = {"at_least": 1, "courses": [], "phases": [], "warning_days": 30, "reason": "Because."} | terms
    written = set_cover_rule(scope, key=key, terms=CoverTerms(role, **values), from_on=on or today(), changed_by=None)
    db.session.commit()
    return written


def posts(school: Any, day: date) -> dict[str, Cover]:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    return {post.rule: post for post in post_cover(scope, as_at=day)}


def parts(day: date) -> dict[str, str]:
    return {f"from_on-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}


def test_a_rule_holds_from_its_day_at_the_trusts_schools_of_its_phases(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    day = today()
    secondary = make.school(trust=trust, phase="Secondary")
    elsewhere = make.school(trust=make.trust(), phase="Primary")
    key = say(trust, key=None, role=StaffRole.COMPUTING_LEAD, phases=["Secondary"], on=day - timedelta(days=3))
    assert key not in posts(school, day)
    assert posts(secondary, day)[key].state is CoverState.VACANT
    assert key not in posts(secondary, day - timedelta(days=4))
    assert key not in posts(elsewhere, day)
    say(trust, at_least=2, on=day)
    say(trust, at_least=0, on=day + timedelta(days=5))
    assert posts(school, day)["dsl"].at_least == 2
    assert posts(school, day - timedelta(days=1))["dsl"].at_least == 1
    assert "dsl" not in posts(school, day + timedelta(days=5))
    assert posts(elsewhere, day)["dsl"].at_least == 1


def test_a_holder_is_ready_by_what_the_post_asks_for_also_where_the_role_is_asked_for_nothing(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    day = today()
    key = say(trust, key=None, role=StaffRole.VOLUNTEER, courses=["dsl-training"], warning_days=100)
    holder = make.staff(school, StaffRole.VOLUNTEER)
    assert posts(school, day)[key].state is CoverState.UNTRAINED
    make.completion(holder, "dsl-training", on=day - timedelta(days=730 - 60))
    assert posts(school, day)[key].state is CoverState.LAPSING
    say(trust, key=key, role=StaffRole.VOLUNTEER, courses=["dsl-training"], warning_days=10)
    assert posts(school, day)[key].state is CoverState.FILLED
    say(trust, key=key, role=StaffRole.VOLUNTEER, courses=["dsl-training", "prevent-awareness"])
    assert posts(school, day)[key].state is CoverState.UNTRAINED


def test_what_was_said_for_an_earlier_day_is_not_taken_back(web: Flask, make: Factory, trust: Any, school: Any) -> None:
    day = today()
    say(trust, at_least=3, on=day - timedelta(days=1))
    say(trust, at_least=2, on=day)
    scope = TrustScope(trust.id)
    for on, taken in ((day - timedelta(days=1), False), (day, True), (day, False)):
        bind_scope(scope)
        assert take_back_cover_rule(scope, key="dsl", from_on=on, today=day) is taken
    db.session.commit()
    assert posts(school, day)["dsl"].at_least == 3


def test_a_trust_changes_its_posts_and_takes_a_change_back(
    client: FlaskClient, make: Factory, trust: Any, school: Any
) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    page, later = f"/trusts/{trust.id}/training/posts", today() + timedelta(days=30)
    wrong = client.post(
        f"{page}/dsl", data=SENT | parts(today() - timedelta(days=1)) | {"at_least": "x", "reason": " "}
    )
    for told in ("Enter a whole number from 0 to 50", "Enter why the post is asked for", "must be today or to come"):
        assert told in wrong.text
    assert client.post(f"{page}/dsl", data=SENT | parts(today()) | {"phases": ["Nowhere"]}).status_code == 200
    sent = SENT | parts(today()) | {"phases": ["Primary"], "courses": ["dsl-training"], "warning_days": "60"}
    assert client.post(f"{page}/dsl", data=sent).status_code == 303
    told = "At least 1 at every school of the phase Primary. They hold Training for designated safeguarding leads"
    assert told in client.get(page).text
    assert client.post(f"{page}/dsl", data=SENT | parts(later) | {"at_least": "0"}).status_code == 303
    assert told in client.get(page).text
    assert "Not asked of your schools." in client.get(f"{page}/dsl").text
    new = client.post(f"{page}/new", data=SENT | parts(today()) | {"role": "it_service"})
    assert new.status_code == 303
    assert "IT service" in client.get(page).text
    assert "it_service" not in client.get(f"{page}/new").text
    for day in (today(), later):
        assert client.post(f"{page}/dsl/take-back", data={"from_on": day.isoformat()}).status_code == 303
    assert told not in client.get(page).text
    assert client.post(f"{page}/dsl/take-back", data={"from_on": "soon"}).status_code == 303
    sign_in(client, make.member(Role.TRUST_READER, trust))
    assert "Change" not in BeautifulSoup(client.get(page).text, "html.parser").main.get_text()  # type: ignore[union-attr]
    assert client.get(f"{page}/dsl").status_code == 404


def test_another_trusts_post_has_no_page(client: FlaskClient, make: Factory, trust: Any) -> None:
    key = make.add(CoverRule(key="own-theirs", trust_id=trust.id, role=StaffRole.IT_SERVICE, from_on=today())).key
    other = make.trust()
    sign_in(client, make.member(Role.TRUST_LEAD, other))
    assert client.get(f"/trusts/{other.id}/training/posts/{key}").status_code == 404
    assert client.get(f"/trusts/{other.id}/training/posts/dsl").status_code == 200


def test_the_overviews_of_school_and_trust_say_which_posts_are_short(
    client: FlaskClient, make: Factory, trust: Any, school: Any
) -> None:
    make.staff(school, StaffRole.DSL)
    sign_in(client, make.member(Role.TRUST_LEAD, trust))

    def text(address: str) -> str:
        return " ".join(BeautifulSoup(client.get(address).text, "html.parser").get_text(" ").split())

    shown = text(f"/schools/{school.id}")
    assert "Posts Prevent lead Vacant" in shown
    assert "DSL Training missing or expired" in shown
    shown = text(f"/trusts/{trust.id}")
    assert "3 posts are vacant" in shown
    assert "1 post has nobody whose training is complete" in shown
