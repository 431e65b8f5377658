"""Completions in a browser, at both widths: what staff say, lists, certificates; axe finds nothing."""

from pathlib import Path

import pytest
from flask import Flask

from prevent_trust.signed_links import TRAINING_LINK, signed_ids
from tenants.access.models import Role
from tenants.staff.models import StaffRole
from tests.browser.conftest import Person
from tests.browser.test_pages import Place, do_jobs, look_at
from tests.factories import Factory
from tests.isolation.rows import SchoolRows


@pytest.fixture
def place(make: Factory, password_hash: str) -> Place:
    return Place(make, password_hash)


def test_what_somebody_says_by_their_link_and_what_the_lead_sees_of_it(
    person: Person, make: Factory, site: tuple[Flask, str], place: Place
) -> None:
    rows = SchoolRows(make, place.school)
    statement, link = rows["training_statement"], rows["training_link"]
    _ = rows["training_proof_person"]
    with site[0].app_context():
        token = signed_ids(TRAINING_LINK, place.school.id, link.id)
    look_at(person, f"/training/{token}")
    person.sign_in(place.lead)
    base = f"/schools/{place.school.id}/staff/training"
    for page in ("said", f"said/{statement.id}/refuse", "sessions", "ask", f"asks/{rows['training_ask'].id}/withdraw"):
        look_at(person, f"{base}/{page}")


def test_a_list_is_imported_step_by_step(
    person: Person, make: Factory, worker_app: Flask, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "training.csv"
    file.write_text(
        "Name,Course,Date completed\nPriya Nair,Prevent awareness,1/9/2026\nPriya Nair,Fire,1/9/2026\nEve Nobody,Fire,\n"
    )
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/staff/training/import")
    person.page.set_input_files("input[type=file]", file)
    person.page.click("main button:has-text('Upload')")
    for heading, button in (
        ("Which column is what", "Show what would be recorded"),
        ("Which course is it?", "Continue"),
        ("What would be recorded?", "Record this training"),
        ("The training is recorded", None),
    ):
        do_jobs(worker_app, make)
        person.page.wait_for_selector(f"h1:has-text('{heading}')")
        assert person.accessibility_problems() == [], heading
        assert not person.is_wider_than_its_window(), heading
        if button:
            person.page.click(f"main button:has-text('{button}')")
            person.page.wait_for_load_state()
    assert person.complaints == []


def test_a_certificate_is_confirmed(person: Person, make: Factory, place: Place) -> None:
    certificate = SchoolRows(make, place.school)["training_certificate"]
    person.sign_in(place.lead)
    base = f"/schools/{place.school.id}/staff/training/certificates"
    for page in (base, f"{base}/{certificate.id}", f"{base}/{certificate.id}/drop"):
        look_at(person, page)


def test_people_by_course_is_filtered_and_leads_to_what_is_to_be_recorded(
    person: Person, make: Factory, place: Place
) -> None:
    teacher = make.staff(place.school, StaffRole.TEACHING, given_name="Mary", family_name="Anning")
    make.staff(place.school, StaffRole.DSL, given_name="Ada", family_name="Byron")
    make.completion(teacher)
    person.sign_in(place.lead)
    base = f"/schools/{place.school.id}"
    for page in (f"{base}/staff/matrix", base, f"{base}/staff/{teacher.id}"):
        look_at(person, page)
    person.open(f"{base}/staff/matrix?name=mary&course=prevent-referrals")
    assert "Nobody matches" in person.page.inner_text("main")
    person.open(f"{base}/staff/matrix?name=byron&course=prevent-referrals")
    if person.page.is_visible(".pt-people summary"):
        person.page.click(".pt-people summary")
    person.page.locator("a:has-text('Record Prevent referrals for Ada Byron'):visible").click()
    person.page.wait_for_selector("h1:has-text('Record training')")
    assert person.page.is_checked("label:has-text('Ada Byron') >> xpath=../input")
    assert "Prevent awareness is to be taken before Prevent referrals." in person.page.inner_text("main")
    assert person.accessibility_problems() == []


def test_a_trust_adds_a_course_and_a_post_and_sees_who_is_outside_the_limits(
    person: Person, make: Factory, place: Place, password_hash: str
) -> None:
    trust = make.trust()
    for name in ("Mallard", "Teal"):
        school = make.school(trust=trust, name=f"{name} Primary School")
        for number in range(10):
            member = make.staff(school, StaffRole.TEACHING)
            if name == "Teal" or number == 0:
                make.completion(member)
    person.sign_in(make.member(Role.TRUST_LEAD, trust, password=password_hash, email="trust@example.org"))
    base = f"/trusts/{trust.id}/training"
    for page in (f"{base}?course=prevent-awareness", f"{base}/posts", f"{base}/posts/dsl", f"{base}/posts/new"):
        look_at(person, page)
    look_at(person, f"{base}/courses/new")
    person.page.fill("#title", "Trust briefing")
    person.page.fill("#validity_months", "12")
    person.page.click("main button:has-text('Add course')")
    person.page.wait_for_selector("h1:has-text('Training')")
    person.page.click("a:has-text('Change Trust briefing')")
    person.page.wait_for_selector("h1:has-text('Trust briefing')")
    assert person.accessibility_problems() == []
    assert not person.is_wider_than_its_window()
    person.page.click("a:has-text('Stop asking')")
    person.page.click("main button:has-text('Stop asking')")
    person.page.wait_for_selector("text=Nobody is asked for this course")
    person.page.click("main button:has-text('Take back')")
    person.page.wait_for_selector("text=Nobody was ever asked for it")
    assert person.complaints == []
