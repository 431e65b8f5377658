"""Reviews of filtering and monitoring: recorded, changed, removed, as known on a day; where they are counted and told."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import AuditEntry, Role
from tenants.filtering.models import FilteringCheck, FilteringReview
from tenants.filtering.rules import due_after, points
from tenants.insights.disclosure.drafting import make_requested_draft
from tenants.insights.disclosure.gather import Figures
from tenants.insights.disclosure.models import DraftState, ReleaseDraft, ReleaseDraftFile
from tenants.insights.disclosure.requests import ask
from tenants.insights.disclosure.types import ReleaseRules
from tenants.insights.measures.compliance import action_states
from tenants.insights.measures.filtering import ReviewState, filtering_standings
from tenants.plan.models import ActionStanding
from tests.areas import make_area, release
from tests.factories import Factory, sign_in
from tests.integration.test_comparison import counted
from tests.integration.test_releases import row

EVERY_POINT = [point.key for point in points()]


@pytest.fixture
def school(make: Factory, client: FlaskClient) -> Any:
    """A school whose Prevent lead is signed in."""
    school = make.school(name="Heron Primary School", trust=make.trust())
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return school


def review(on: date, **values: Any) -> dict[str, Any]:
    """What the form posts of a review that found everything in order."""
    parts = {"reviewed_on-day": on.day, "reviewed_on-month": on.month, "reviewed_on-year": on.year}
    return {**parts, "reviewers": ["slt", "dsl"], "points": EVERY_POINT, "outcome": "meets", "evidence": ""} | values


def check(on: date, **values: Any) -> dict[str, Any]:
    parts = {"checked_on-day": on.day, "checked_on-month": on.month, "checked_on-year": on.year}
    tried = {"place": "A tablet in the library", "tested": "The provider’s test page", "result": "blocked"}
    return {**parts, **tried} | values


def post(client: FlaskClient, school: Any, page: str, data: dict[str, Any]) -> Any:
    return client.post(f"/schools/{school.id}/filtering/{page}", data=data)


def stored(make: Factory, model: type[FilteringReview] | type[FilteringCheck]) -> list[Any]:
    make.session.expire_all()
    return list(make.session.scalars(select(model)))


def standing(app: Flask, school: Any, as_at: date) -> Any:
    scope = SchoolScope(school.id)
    with app.app_context():
        bind_scope(scope)
        return filtering_standings(scope, as_at=as_at)[0]


def lines(client: FlaskClient, school: Any, **asked: str) -> list[str]:
    got = client.get(f"/schools/{school.id}/filtering", query_string=asked)
    assert got.status_code == 200
    return got.get_data(as_text=True).splitlines()[1:]


# Recording


def test_a_lead_records_a_review_and_sees_when_the_next_is_due(client: FlaskClient, make: Factory, school: Any) -> None:
    page = f"/schools/{school.id}/filtering"
    assert "No review is recorded yet" in client.get(page).text
    on = today() - timedelta(days=10)
    assert post(client, school, "reviews/new", review(on, names="R. Okafor")).status_code == 303
    (made,) = stored(make, FilteringReview)
    assert (made.reviewed_on, made.next_due_on, made.points) == (on, due_after(on), EVERY_POINT)
    shown = client.get(page).text
    assert "It found that the school meets the standard" in shown
    assert "Without: Governor, IT service" in shown
    assert "Every point" in shown
    assert lines(client, school, format="reviews")[0].startswith(f"{on},Meets the standard,Member of the SLT; DSL,")
    acts = make.session.scalars(select(AuditEntry.act).where(AuditEntry.school_id == school.id)).all()
    assert acts == ["filtering review recorded"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"points": ["roles"]}, "Not everything was looked at"),
        ({"outcome": "actions_needed"}, "Enter what is to be done and by whom"),
        ({"reviewers": []}, "Choose who took part"),
        ({"points": []}, "Choose what was looked at"),
        ({"outcome": ""}, "Choose what came of it"),
        ({"reviewed_on-year": "2199"}, "The day of the review must have a year between"),
        ({"reviewed_on-year": str(today().year + 1)}, "The day of the review must be today or in the past"),
        ({"names": "A123456789012"}, "looks like a unique pupil number"),
        ({"evidence": str(uuid.uuid4())}, "Not a valid choice"),
        (
            {"next_due_on-day": "1", "next_due_on-month": "1", "next_due_on-year": str(today().year + 3)},
            "The next review must be after this one and within a year of it",
        ),
    ],
)
def test_a_review_that_will_not_do_says_what_to_do_and_is_not_stored(
    client: FlaskClient, make: Factory, school: Any, values: dict[str, Any], told: str
) -> None:
    got = post(client, school, "reviews/new", review(today(), **values))
    assert got.status_code == 200
    assert told in got.text
    assert stored(make, FilteringReview) == []


def test_a_check_that_let_something_through_says_what_was_done(client: FlaskClient, make: Factory, school: Any) -> None:
    got = post(client, school, "checks/new", check(today(), result="let_through"))
    assert "Enter what was done about it" in got.text
    assert post(client, school, "checks/new", check(today(), result="let_through", done="Told IT")).status_code == 303
    assert post(client, school, "checks/new", check(today())).status_code == 303
    assert lines(client, school, format="checks", result="let_through") == [
        f"{today()},A tablet in the library,The provider’s test page,Not blocked,Told IT"
    ]
    assert len(lines(client, school, format="checks")) == 2
    for found in stored(make, FilteringCheck):
        assert "Do you want to remove" in client.get(f"/schools/{school.id}/filtering/checks/{found.id}/remove").text
        post(client, school, f"checks/{found.id}/remove", {})
    assert stored(make, FilteringCheck) == []


def test_a_review_names_a_piece_of_the_school_s_evidence_and_of_no_other_school(
    client: FlaskClient, make: Factory, school: Any
) -> None:
    ours, theirs = (
        make.evidence(make.actions(make.plan(place))[0], title=title)
        for place, title in ((school, "Minutes of the review"), (make.school(), "Somebody else’s"))
    )
    asked = client.get(f"/schools/{school.id}/filtering/reviews/new").text
    assert "Minutes of the review" in asked
    assert "Somebody else’s" not in asked
    assert "Not a valid choice" in post(client, school, "reviews/new", review(today(), evidence=str(theirs.id))).text
    assert post(client, school, "reviews/new", review(today(), evidence=str(ours.id))).status_code == 303
    assert f"/evidence/{ours.id}" in client.get(f"/schools/{school.id}/filtering").text


# As known on a day


def test_what_is_changed_or_removed_stays_as_it_was_known_on_the_days_before(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any
) -> None:
    before, on = today() - timedelta(days=5), today() - timedelta(days=40)
    made = make.filtering_review(
        school, on, recorded_from=datetime.combine(on, time(12), UTC), names="First", evidence_id=None
    )
    assert post(client, school, f"reviews/{made.id}", review(on, names="Second")).status_code == 303
    assert ",First," in lines(client, school, format="reviews", as_at=before.isoformat())[0]
    assert ",Second," in lines(client, school, format="reviews")[0]
    assert "Do you want to remove" in client.get(f"/schools/{school.id}/filtering/reviews/{made.id}/remove").text
    assert len(stored(make, FilteringReview)) == 1
    post(client, school, f"reviews/{made.id}/remove", {})
    assert stored(make, FilteringReview) == []
    assert standing(web_app, school, today()).state is ReviewState.NONE
    assert standing(web_app, school, before).state is ReviewState.WITHIN_A_YEAR
    assert standing(web_app, school, on - timedelta(days=1)).state is ReviewState.NONE
    then = client.get(f"/schools/{school.id}/filtering?as_at={before}").text
    assert "as it was known then" in then
    assert "Record a review" not in then


def test_a_review_that_was_entered_later_was_not_known_before(web_app: Flask, make: Factory, school: Any) -> None:
    make.filtering_review(school, today() - timedelta(days=90), recorded_from=datetime.now(UTC) - timedelta(days=2))
    assert standing(web_app, school, today() - timedelta(days=30)).state is ReviewState.NONE
    assert standing(web_app, school, today()).state is ReviewState.WITHIN_A_YEAR


def test_the_year_of_the_rules_and_of_the_database_is_the_same(web: Flask) -> None:
    """Also of a 29 February: a day that a form takes is never one that the constraint refuses."""
    days = "generate_series(date '2019-01-01', date '2032-12-31', interval '1 day') as t (day)"
    rows = db.session.execute(text(f"select day::date, (day::date + interval '1 year')::date from {days}")).all()
    assert len(rows) == 5114
    assert [(day, due_after(day)) for day, _ in rows] == [tuple(row) for row in rows]


def test_the_last_day_of_the_year_is_within_it_and_an_earlier_day_that_the_school_set_is_told(
    web_app: Flask, make: Factory, school: Any
) -> None:
    on = date(2025, 3, 3)
    make.filtering_review(school, on, next_due_on=date(2025, 9, 1))
    assert standing(web_app, school, date(2026, 3, 3)).state is ReviewState.WITHIN_A_YEAR
    assert standing(web_app, school, date(2026, 3, 4)).state is ReviewState.OVER_A_YEAR
    assert not standing(web_app, school, date(2025, 9, 1)).is_due_past(date(2025, 9, 1))
    assert standing(web_app, school, date(2025, 9, 2)).is_due_past(date(2025, 9, 2))


# Where it is counted


def test_the_overview_says_what_is_due(client: FlaskClient, make: Factory, school: Any) -> None:
    page = f"/schools/{school.id}"
    assert "Record the review of filtering and monitoring" in client.get(page).text
    made = make.filtering_review(school, today() - timedelta(days=30))
    shown = client.get(page).text
    assert "Review filtering and monitoring</h3>" not in shown
    assert "Last reviewed on" in shown
    assert post(client, school, f"reviews/{made.id}", review(today() - timedelta(days=350))).status_code == 303
    assert "Review filtering and monitoring</h3>" in client.get(page).text


def test_an_action_that_names_the_measure_takes_its_status_from_the_reviews(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any
) -> None:
    action = make.action(make.plan(school), "filtering-reviewed")
    action.measure, action.target_percent = "filtering:reviewed", 100
    page = f"/schools/{school.id}/plan/actions/{action.id}"
    make.session.commit()

    def status() -> ActionStanding:
        scope = SchoolScope(school.id)
        with web_app.app_context():
            bind_scope(scope)
            return next(each.status for each in action_states(scope, as_at=today()) if each.action_id == action.id)

    assert status() is ActionStanding.NOT_MET
    assert "From records: no review within a year" in client.get(page).text
    make.filtering_review(school, today() - timedelta(days=400))
    assert status() is ActionStanding.NOT_MET
    make.filtering_review(school, today() - timedelta(days=4))
    assert status() is ActionStanding.MET
    shown = client.get(page).text
    assert "From records: reviewed within a year" in shown
    assert f'href="/schools/{school.id}/filtering"' in shown


def test_the_trust_compares_its_schools_in_one_query_and_sees_no_other_trust_s(
    web_app: Flask, client: FlaskClient, make: Factory
) -> None:
    trust, other = make.trust(), make.trust()
    schools = [make.school(trust=trust, name=f"School {n:02d}") for n in range(12)]
    make.filtering_review(schools[0], today() - timedelta(days=400))
    make.filtering_review(schools[1], today() - timedelta(days=40))
    make.filtering_review(make.school(trust=other), today())
    scope = TrustScope(trust.id)
    with web_app.app_context(), counted(web_app) as statements:
        bind_scope(scope)
        found = {each.school_id: each.state for each in filtering_standings(scope, as_at=today())}
    assert len([line for line in statements if "filtering_review" in line]) == 1
    assert set(found) == {each.id for each in schools}
    assert [found[each.id] for each in schools[:3]] == [
        ReviewState.OVER_A_YEAR, ReviewState.WITHIN_A_YEAR, ReviewState.NONE,
    ]  # fmt: skip
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    rows = client.get(f"/trusts/{trust.id}/compare?format=filtering").text.splitlines()[1:]
    assert len(rows) == 12
    assert next(line for line in rows if "Reviewed within a year" in line).startswith("School 01,")
    assert rows[-2].startswith("School 00,Last reviewed over a year ago,")
    assert "have none within a year" in client.get(f"/trusts/{trust.id}/compare").text
    assert "no review within a year at 11 schools" in client.get(f"/trusts/{trust.id}/reports").text
    assert "No review recorded" in client.get(f"/trusts/{trust.id}/compare?format=filtering&as_at=2024-01-01").text


# What the area is told


def test_a_release_tells_of_reviews_once_some_school_has_recorded_one(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=14)
    for school in area.schools[:7]:
        make.filtering_review(school, area.term.last_day - timedelta(days=100))
    release(make, area)
    assert row(area, "filtering-reviews", "Last review") == ["7", "7", "c", "c", "14"]


def test_figures_of_terms_before_reviews_were_recorded_still_read() -> None:
    earlier = {
        "term": "2025-26-autumn", "as_at": "2025-12-31", "classes": {}, "open_schools": {}, "sections": {}, "training": {},
        "reading": {}, "posts": {}, "overdue": {}, "referrals": {}, "pupils": {}, "titles": {},
    }  # fmt: skip
    assert Figures.from_json(earlier).filtering == {}


@pytest.mark.parametrize("with_reviews", [True, False])
def test_officers_can_ask_for_reviews_by_phase_also_of_a_term_that_has_none(
    make: Factory, worker: Flask, with_reviews: bool
) -> None:
    area = make_area(make, schools=14)
    for school in area.schools[:7] if with_reviews else ():
        make.filtering_review(school, area.term.last_day - timedelta(days=100))
    release(make, area)
    officer = make.member(Role.AUTHORITY_OFFICER, area.authority)
    bind_scope(area.scope)
    asked = ask(
        area.scope,
        account_id=officer.id,
        term=area.term.key,
        subject="filtering-reviews",
        by=["phase"],
        purpose="To plan",
    )
    made = make_requested_draft(area.scope, request_id=asked.id, rules=ReleaseRules())
    found = db.session.get_one(ReleaseDraft, made)
    assert found.state is DraftState.AWAITING, found.problem
    tables = db.session.scalars(select(ReleaseDraftFile.body).where(ReleaseDraftFile.draft_id == made)).all()
    assert any(b"Last review of filtering and monitoring" in body for body in tables) is with_reviews
