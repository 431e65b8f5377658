"""What a review of filtering asked for, in the action plan: made, linked, followed into later plans, done or not."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import AuditEntry, Role
from tenants.filtering.models import FilteringReview, ReviewAction, ReviewOutcome
from tenants.filtering.rules import asked_for
from tenants.insights.inspection_pack import review_missing
from tenants.insights.measures.filtering import filtering_reviews, filtering_standings
from tenants.insights.review_progress import AskedState, ReviewProgress, progress_of_reviews
from tenants.plan.actions import remove_own_action
from tenants.plan.adoption.actions import adopt, undo_adoption
from tenants.plan.models import ActionStatus, AdoptionKind, PlanAction, PlanAnswer
from tests.factories import Factory, sign_in
from tests.integration.test_comparison import counted
from tests.integration.test_filtering import lines, post, review, stored

PROVIDER, LOGS = "Ask the provider to block by school year", "Look at the logs each week"


@pytest.fixture
def school(make: Factory, client: FlaskClient) -> Any:
    """A school with a plan, whose Prevent lead is signed in."""
    school = make.school(name="Heron Primary School", trust=make.trust())
    make.plan(school)
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return school


@pytest.fixture
def needed(make: Factory, school: Any) -> FilteringReview:
    """A review of ten days ago that asked for two things."""
    on = today() - timedelta(days=10)
    return make.filtering_review(
        school,
        on,
        outcome=ReviewOutcome.ACTIONS_NEEDED,
        actions=f"- {PROVIDER}\n- {LOGS}",
        recorded_from=datetime.combine(on, time(12), UTC),
    )


def address(school: Any, needed: FilteringReview, rest: str = "") -> str:
    return f"/schools/{school.id}/filtering/reviews/{needed.id}/actions{rest}"


def progress(app: Flask, school: Any, needed: FilteringReview, as_at: date | None = None) -> ReviewProgress:
    scope, day = SchoolScope(school.id), as_at or today()
    with app.app_context():
        bind_scope(scope)
        return progress_of_reviews(scope, filtering_reviews(scope, as_at=day), as_at=day)[needed.id]


def states(app: Flask, school: Any, needed: FilteringReview, as_at: date | None = None) -> list[AskedState]:
    return [each.state for each in progress(app, school, needed, as_at).asked]


def linked(make: Factory, needed: FilteringReview, action: PlanAction, words: str, **values: Any) -> ReviewAction:
    return make.add(
        ReviewAction(school_id=needed.school_id, review_id=needed.id, action_id=action.id, words=words, **values)
    )


def current(make: Factory, action_id: uuid.UUID) -> PlanAction:
    make.session.expire_all()
    return make.session.get_one(PlanAction, action_id)


# Making and linking


def test_what_a_review_asks_for_becomes_actions_of_the_plan_and_is_done_when_all_of_them_are(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any
) -> None:
    asked = review(today(), outcome="actions_needed", actions=f"1. {PROVIDER}\n\n2) {LOGS}\n")
    saved = post(client, school, "reviews/new", asked)
    (made,) = stored(make, FilteringReview)
    assert saved.headers["Location"] == address(school, made)
    page = client.get(address(school, made)).text
    assert "Nothing of it is in the action plan yet" in page
    assert page.count("Make it an action of your plan") == 2
    form = client.get(address(school, made, "/new?about=2")).text
    assert LOGS in form
    plan_action = make.session.scalars(select(PlanAction)).first()
    assert plan_action is not None
    new = {
        "words": LOGS, "wording": "Look at the logs on Fridays", "owner": "role:it_service",
        "expectation_id": str(plan_action.expectation_id), "due_on-day": "1", "due_on-month": "3", "due_on-year": "2099",
    }  # fmt: skip
    assert client.post(address(school, made, "/new?about=2"), data=new).status_code == 303
    link = {"words": PROVIDER, "action_id": str(plan_action.id)}
    assert client.post(address(school, made, "/link?about=1"), data=link).status_code == 303
    assert "was linked already" in client.post(address(school, made, "/link"), data=link, follow_redirects=True).text
    own = make.session.scalars(select(PlanAction).where(PlanAction.own_wording.is_not(None))).one()
    answer = make.session.scalars(
        select(PlanAnswer).where(PlanAnswer.action_id == own.id, PlanAnswer.recorded_until.is_(None))
    ).one()
    assert (answer.status, answer.owner_role, answer.due_on) == (ActionStatus.NOT_MET, "it_service", date(2099, 3, 1))
    assert states(web_app, school, made) == [AskedState.OPEN, AskedState.OPEN]
    for action in (plan_action, own):
        shown = client.get(f"/schools/{school.id}/plan/actions/{action.id}").text
        assert address(school, made) in shown
        assert "Asked for by" in shown
    make.answer(own, ActionStatus.MET)
    assert progress(web_app, school, made).words == "1 of 2 done"
    assert "Everything that it asked for is done" not in client.get(address(school, made)).text
    make.answer(plan_action, ActionStatus.MET)
    assert progress(web_app, school, made).is_finished
    assert "Everything that it asked for is done" in client.get(address(school, made)).text
    acts = make.session.scalars(select(AuditEntry.act).where(AuditEntry.school_id == school.id)).all()
    assert acts[:3] == ["filtering review recorded", "filtering action added", "filtering action linked"]


@pytest.mark.parametrize(
    ("page", "values", "told"),
    [
        ("/new?about=1", {"wording": ""}, "Enter what is to be done"),
        ("/new?about=1", {"wording": "A123456789012 to be told"}, "looks like a unique pupil number"),
        ("/new?about=1", {"words": "Never asked for"}, "The review has been changed since"),
        ("/new?about=1", {"expectation_id": str(uuid.uuid4())}, "Not a valid choice"),
        ("/new?about=1", {"owner": f"person:{uuid.uuid4()}"}, "Not a valid choice"),
        ("/new?about=1", {"due_on-day": "31", "due_on-month": "2", "due_on-year": "2027"}, "must be a real date"),
        ("/link?about=1", {"words": "Never asked for"}, "The review has been changed since"),
        ("/link?about=1", {"action_id": str(uuid.uuid4())}, "Not a valid choice"),
    ],
)
def test_bad_input_says_what_to_do_and_changes_nothing(
    client: FlaskClient, make: Factory, school: Any, needed: FilteringReview, page: str, values: Any, told: str
) -> None:
    action = make.session.scalars(select(PlanAction).where(PlanAction.school_id == school.id)).first()
    assert action is not None
    fields = {
        "words": PROVIDER, "wording": PROVIDER, "owner": "", "expectation_id": str(action.expectation_id),
        "action_id": str(action.id),
    }  # fmt: skip
    got = client.post(address(school, needed, page), data=fields | values)
    assert got.status_code == 200
    assert told in got.text
    make.session.expire_all()
    assert make.session.scalars(select(ReviewAction)).all() == []
    assert make.session.scalars(select(PlanAction).where(PlanAction.own_wording.is_not(None))).all() == []


def test_no_action_of_another_school_is_offered_or_linked(
    client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    theirs = make.actions(make.plan(make.school()))[0]
    assert str(theirs.id) not in client.get(address(school, needed, "/link?about=1")).text
    got = client.post(address(school, needed, "/link?about=1"), data={"words": PROVIDER, "action_id": str(theirs.id)})
    assert "Not a valid choice" in got.text
    for about in ("0", "3", "-1"):
        assert client.get(address(school, needed, f"/link?about={about}")).status_code == 404


def test_without_a_plan_the_page_says_to_start_one(client: FlaskClient, make: Factory) -> None:
    school = make.school(trust=make.trust())
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    needed = make.filtering_review(school, today(), outcome=ReviewOutcome.ACTIONS_NEEDED, actions=PROVIDER)
    page = client.get(address(school, needed)).text
    assert "Start your action plan" in page
    assert "Make it an action of your plan" not in page
    assert client.get(address(school, needed, "/new?about=1")).status_code == 404


def test_who_only_reads_sees_what_came_of_it_and_changes_nothing(
    client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    linked(make, needed, make.session.scalars(select(PlanAction)).first(), PROVIDER)  # type: ignore[arg-type]  # there is one
    sign_in(client, make.member(Role.SCHOOL_READER, school))
    page = client.get(address(school, needed)).text
    assert "1 not in the action plan" in page
    assert "Take the link away" not in page
    assert "Make it an action" not in page


def test_the_overview_asks_to_put_into_the_plan_what_nobody_took_up(
    client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    first, second = make.session.scalars(
        select(PlanAction).where(PlanAction.measure.is_(None)).order_by(PlanAction.position).limit(2)
    ).all()
    page = f"/schools/{school.id}"
    shown = client.get(page).text
    assert "Put 2 things that the review of filtering asked for into your plan" in shown
    assert f'href="{address(school, needed)}"' in shown
    assert "What the last one asked for: nothing of it is in the action plan yet." in shown
    linked(make, needed, first, PROVIDER)
    assert "Put 1 thing that the review of filtering asked for into your plan" in client.get(page).text
    linked(make, needed, second, LOGS)
    shown = client.get(page).text
    assert "that the review of filtering asked for into" not in shown
    assert "What the last one asked for: 0 of 2 done." in shown


# Never a wrong green


def test_a_review_is_not_finished_while_anything_is_open_retired_or_not_in_the_plan(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    first, second, third = make.session.scalars(
        select(PlanAction).where(PlanAction.measure.is_(None)).order_by(PlanAction.position).limit(3)
    ).all()
    linked(make, needed, first, PROVIDER)
    make.answer(first, ActionStatus.MET)
    assert states(web_app, school, needed) == [AskedState.DONE, AskedState.NOT_IN_PLAN]
    assert "1 of 2 done, 1 not in the action plan" in client.get(f"/schools/{school.id}/filtering").text
    linked(make, needed, second, LOGS)
    make.answer(second, ActionStatus.NOT_APPLICABLE)
    assert states(web_app, school, needed)[1] is AskedState.OPEN  # that nothing applies is not that it is done
    linked(make, needed, third, LOGS)
    make.answer(third, ActionStatus.NOT_MET, due_on=today() - timedelta(days=1))
    assert states(web_app, school, needed)[1] is AskedState.OVERDUE
    assert progress(web_app, school, needed).words == "1 of 2 done, 1 overdue"
    make.answer(third, ActionStatus.MET)
    assert progress(web_app, school, needed).is_finished
    with web_app.app_context():
        scope = SchoolScope(school.id)
        bind_scope(scope)
        assert review_missing(filtering_standings(scope, as_at=today())[0], ReviewProgress(())) == []
        assert progress_of_reviews(scope, [], as_at=today()) == {}
    # More is asked for afterwards: the review is open again, and what it no longer says stays as long as it is linked.
    post(
        client, school, f"reviews/{needed.id}",
        review(needed.reviewed_on, outcome="actions_needed", actions=f"{PROVIDER}\nTrain the technician"),
    )  # fmt: skip
    assert states(web_app, school, needed) == [AskedState.DONE, AskedState.NOT_IN_PLAN, AskedState.DONE]
    assert "The review no longer says this" in client.get(address(school, needed)).text


def test_a_review_that_led_to_actions_cannot_be_said_to_have_met_the_standard(
    client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    link = linked(make, needed, make.session.scalars(select(PlanAction)).first(), PROVIDER)  # type: ignore[arg-type]
    got = post(client, school, f"reviews/{needed.id}", review(needed.reviewed_on))
    assert "Actions of your plan came of this review" in got.text
    assert client.post(address(school, needed, f"/{link.id}/unlink")).status_code == 303
    assert client.post(address(school, needed, f"/{link.id}/unlink")).status_code == 404
    assert post(client, school, f"reviews/{needed.id}", review(needed.reviewed_on)).status_code == 303


def test_a_link_follows_its_action_into_later_plans_and_back(
    web_app: Flask, make: Factory, school: Any, needed: FilteringReview
) -> None:
    scope = SchoolScope(school.id)
    action = make.session.scalars(
        select(PlanAction).where(PlanAction.measure.is_(None), PlanAction.recurs_months.is_(None))
    ).first()
    assert action is not None
    linked(make, needed, action, PROVIDER)
    make.answer(action, ActionStatus.NOT_MET)
    with web_app.app_context():
        bind_scope(scope)
        adoption = adopt(scope, edition_id=None, kind=AdoptionKind.ROLL_OVER, academic_year=2027, made_by=None)
        adoption_id = adoption.id
        db.session.commit()
    found = progress(web_app, school, needed).asked[0]
    assert found.state is AskedState.OPEN
    ((link, _),) = found.actions
    assert link.is_in_plan
    assert current(make, link.action_id).carried_from_id == action.id
    with web_app.app_context():
        bind_scope(scope)
        undo_adoption(scope, adoption_id=adoption_id, undone_by=None)
        db.session.commit()
    ((link, _),) = progress(web_app, school, needed).asked[0].actions
    assert link.action_id == action.id
    # A link that was made while the later plan stood counts for the plan that is brought back.
    successor = make.session.scalars(select(PlanAction).where(PlanAction.carried_from_id == action.id)).one()
    linked(make, needed, successor, LOGS)
    assert [each.actions[0][0].action_id for each in progress(web_app, school, needed).asked] == [action.id, action.id]


def test_an_action_that_is_taken_out_of_the_plan_counts_as_not_done(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    action = make.session.scalars(select(PlanAction)).first()
    assert action is not None
    new = {"words": PROVIDER, "wording": PROVIDER, "owner": "", "expectation_id": str(action.expectation_id)}
    client.post(address(school, needed, "/new?about=1"), data=new)
    own = make.session.scalars(select(PlanAction).where(PlanAction.own_wording.is_not(None))).one()
    make.answer(own, ActionStatus.MET)
    assert states(web_app, school, needed)[0] is AskedState.DONE
    with web_app.app_context():
        bind_scope(SchoolScope(school.id))
        remove_own_action(SchoolScope(school.id), action_id=own.id)
        db.session.commit()
    assert states(web_app, school, needed)[0] is AskedState.NOT_IN_PLAN
    assert "No longer in your action plan" in client.get(address(school, needed)).text


# As known on a day, and how much it asks of the database


def test_links_that_are_taken_away_stay_as_they_were_known_before(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    before = today() - timedelta(days=3)
    action = make.session.scalars(select(PlanAction).where(PlanAction.measure.is_(None))).first()
    assert action is not None
    link = linked(make, needed, action, PROVIDER, recorded_from=datetime.combine(before, time(8), UTC))
    client.post(address(school, needed, f"/{link.id}/unlink"))
    assert states(web_app, school, needed)[0] is AskedState.NOT_IN_PLAN
    assert states(web_app, school, needed, before)[0] is AskedState.OPEN
    assert states(web_app, school, needed, before - timedelta(days=1))[0] is AskedState.NOT_IN_PLAN
    shown = client.get(address(school, needed, f"?as_at={before}")).text
    assert "as it was known then" in shown
    assert "Take the link away" not in shown
    linked(make, needed, action, LOGS, recorded_from=datetime.combine(before, time(8), UTC))
    client.post(f"/schools/{school.id}/filtering/reviews/{needed.id}/remove")
    assert states(web_app, school, needed, before) == [AskedState.OPEN, AskedState.OPEN]
    assert make.session.scalars(select(ReviewAction)).all() == []


def test_the_list_asks_as_much_of_the_database_for_many_reviews_as_for_one(
    web_app: Flask, client: FlaskClient, make: Factory, school: Any, needed: FilteringReview
) -> None:
    actions = make.session.scalars(select(PlanAction)).all()

    def asked() -> int:
        with counted(web_app) as statements:
            assert lines(client, school, format="reviews")
        return len(statements)

    linked(make, needed, actions[0], PROVIDER)
    few = asked()
    for number in range(6):
        more = make.filtering_review(
            school, today() - timedelta(days=30 * number), outcome=ReviewOutcome.ACTIONS_NEEDED, actions=PROVIDER
        )
        linked(make, more, actions[number], PROVIDER)
    assert asked() == few


def test_each_line_is_one_thing_to_do_whatever_stands_before_it() -> None:
    written = "• Ask the provider\n\n 2. Look at 3 logs \n(3) Train\n–  Ask the provider\n1.5 hours for IT\n-\n"
    assert asked_for(written) == ["Ask the provider", "Look at 3 logs", "Train", "1.5 hours for IT", "-"]
    assert asked_for("") == []
