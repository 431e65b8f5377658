"""Completions in a browser, at both widths: what staff say, lists, certificates; axe finds nothing."""

from pathlib import Path

import pytest
from flask import Flask

from prevent_trust.signed_links import TRAINING_LINK, signed_ids
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
