"""Reviews of filtering and monitoring in a browser, at both widths, with and without scripts; axe finds nothing."""

from datetime import date, timedelta

import pytest

from blueprints.web.access import today
from tenants.filtering.models import FilteringReview, ReviewOutcome
from tests.browser.conftest import Person
from tests.browser.test_pages import Place, look_at
from tests.factories import Factory
from tests.isolation.rows import SchoolRows


@pytest.fixture
def place(make: Factory, password_hash: str) -> Place:
    return Place(make, password_hash)


def record(person: Person, place: Place, day: date) -> None:
    """What a lead does after a review: from the empty page to the day on which the next is due."""
    page = person.page
    person.open(f"/schools/{place.school.id}/filtering")
    page.click("main a:has-text('Record a review')")
    for part, value in (("day", day.day), ("month", day.month), ("year", day.year)):
        page.fill(f"input[name=reviewed_on-{part}]", str(value))
    page.check("label:has-text('DSL')")
    page.check("label:has-text('Meets the standard')")
    page.click("main button:has-text('Save review')")
    assert "Choose what was looked at" in page.inner_text(".govuk-error-summary")
    for box in page.locator("input[name=points]").all():
        box.check()
    page.click("main button:has-text('Save review')")
    assert "The review is saved" in page.inner_text("main")
    assert "Every point" in page.inner_text("#main-content, main")


def test_a_review_is_recorded_and_what_is_due_is_seen(person: Person, make: Factory, place: Place) -> None:
    person.sign_in(place.lead)
    base = f"/schools/{place.school.id}/filtering"
    look_at(person, base)
    record(person, place, today() - timedelta(days=3))
    check = SchoolRows(make, place.school)["filtering_check"]
    review = SchoolRows(make, place.school)["filtering_review"]
    for page in (
        "", "?outcome=meets", "/reviews/new", f"/reviews/{review.id}", f"/reviews/{review.id}/remove", "/checks/new",
        f"/checks/{check.id}", f"/checks/{check.id}/remove",
    ):  # fmt: skip
        look_at(person, f"{base}{page}")


def test_without_scripts_a_review_is_recorded_too(without_scripts: Person, place: Place) -> None:
    without_scripts.sign_in(place.lead)
    record(without_scripts, place, today() - timedelta(days=3))


def put_into_the_plan(person: Person, place: Place, review: FilteringReview) -> str:
    """What a lead does with what a review asked for: one thing becomes an action, another is linked. Returns the page."""
    page, path = person.page, f"/schools/{place.school.id}/filtering/reviews/{review.id}/actions"
    person.open(path)
    page.click("main a:has-text('Make it an action of your plan') >> nth=0")
    page.fill("textarea[name=wording]", "")
    page.click("main button:has-text('Add action')")
    assert "Enter what is to be done" in page.inner_text(".govuk-error-summary")
    page.fill("textarea[name=wording]", "Ask the provider to block by account")
    page.select_option("select[name=owner]", "role:it_service")
    page.click("main button:has-text('Add action')")
    page.click("main a:has-text('Link an action that is there') >> nth=1")
    page.click("main button:has-text('Link action')")
    assert "0 of 2 done" in page.inner_text("main")
    page.click("main .pt-card a >> nth=0")
    assert "Asked for by" in page.inner_text("main")
    return path


@pytest.fixture
def needed(make: Factory, place: Place) -> FilteringReview:
    return make.filtering_review(
        place.school,
        today() - timedelta(days=3),
        outcome=ReviewOutcome.ACTIONS_NEEDED,
        actions="- Ask the provider\n- Look at the logs each week",
    )


def test_what_a_review_asked_for_is_put_into_the_plan(person: Person, place: Place, needed: FilteringReview) -> None:
    person.sign_in(place.lead)
    path = put_into_the_plan(person, place, needed)
    for page in ("", "/new?about=1", "/link?about=2"):
        look_at(person, f"{path}{page}")
    look_at(person, f"/schools/{place.school.id}/filtering")


def test_without_scripts_what_a_review_asked_for_is_put_into_the_plan_too(
    without_scripts: Person, place: Place, needed: FilteringReview
) -> None:
    without_scripts.sign_in(place.lead)
    put_into_the_plan(without_scripts, place, needed)
