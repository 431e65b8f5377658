"""Reading in a browser, at both widths: from the printed slip to the confirmation, lists, questions; axe finds nothing."""

import io
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from playwright.sync_api import expect

from prevent_trust.signed_links import READING_LINK, signed_ids
from tests.browser.conftest import Person
from tests.browser.test_pages import Place, look_at
from tests.factories import Factory
from tests.isolation.rows import SchoolRows

KEY = "kcsie-part-one"


@pytest.fixture
def place(make: Factory, password_hash: str) -> Place:
    return Place(make, password_hash)


def pages_of(file: Path) -> list[tuple[str, list[str]]]:
    """The words on each page of a PDF, and what a camera reads on it."""
    return [
        (
            page.get_textpage().get_text_bounded(),
            [each.text for each in zxingcpp.read_barcodes(page.render(scale=3).to_pil())],
        )
        for page in pypdfium2.PdfDocument(io.BytesIO(file.read_bytes()))
    ]


def test_a_slip_is_printed_its_square_read_its_pin_entered_and_the_reading_confirmed_without_scripts(
    person: Person, without_scripts: Person, make: Factory, place: Place, tmp_path: Path
) -> None:
    make.staff(place.school, given_name="Bea", family_name="Finch", email=None)
    person.sign_in(place.lead)
    sheets = f"/schools/{place.school.id}/reading/{KEY}/sheets"
    look_at(person, sheets)
    due_on = date.today() + timedelta(days=60)
    for part in ("day", "month", "year"):
        person.page.fill(f"input[name=due_on-{part}]", str(getattr(due_on, part)))
    for box in person.page.locator("input[name=staff]").all():
        box.set_checked(False)
    person.page.get_by_label("Bea Finch").check()
    with person.page.expect_download() as download:
        person.page.click("main button:has-text('Make the PDF')")
    download.value.save_as(tmp_path / "slips.pdf")
    ((words, squares),) = pages_of(tmp_path / "slips.pdf")
    pin = words.split("Your PIN: ")[1][:7]
    path = squares[0].removeprefix("http://localhost")

    without_scripts.open(path)
    assert not without_scripts.is_wider_than_its_window()
    look_at(person, path)
    person.page.fill("input[name=pin]", "1")
    person.page.click("main button")
    person.page.wait_for_selector(".govuk-error-summary")
    assert person.accessibility_problems() == []
    without_scripts.page.fill("input[name=pin]", "1")
    without_scripts.page.click("main button")
    expect(without_scripts.page.locator(".govuk-error-summary")).to_contain_text("That did not work")
    assert not without_scripts.is_wider_than_its_window()
    without_scripts.page.fill("input[name=pin]", pin)
    without_scripts.page.click("main button")
    expect(without_scripts.page.locator("main")).to_contain_text("This slip is for Bea Finch alone")
    without_scripts.page.click("main button")
    expect(without_scripts.page.locator("h1")).to_contain_text("You have confirmed that you read")
    assert not without_scripts.is_wider_than_its_window()
    look_at(person, f"/schools/{place.school.id}/reading/{KEY}")
    expect(person.page.locator("main")).to_contain_text("By their printed slip")


def test_the_pages_around_slips_signed_lists_and_questions(person: Person, make: Factory, place: Place) -> None:
    rows = SchoolRows(make, place.school)
    for table in ("reading_slip", "reading_scan", "reading_answer", "reading_confirmation"):
        assert rows[table]
    person.sign_in(place.lead)
    base = f"/schools/{place.school.id}/reading/{KEY}"
    one = f"/sign-offs/{rows['reading_sign_off'].id}"
    scan = f"{one}/scans/{rows['reading_scan'].id}/remove"
    questions = ("/questions", "/questions/new", "/questions/1", "/questions/1/remove")
    for page in ("", "/sheets", "/sheets/withdraw", one, f"{one}/undo", scan, *questions):
        look_at(person, f"{base}{page}")
    person.open(f"{base}/questions/new")
    person.page.click("main button:has-text('Save the question')")
    person.page.wait_for_selector(".govuk-error-summary")
    assert person.accessibility_problems() == []


def test_questions_are_answered_and_explained(
    person: Person, make: Factory, site: tuple[Flask, str], place: Place
) -> None:
    rows = SchoolRows(make, place.school)
    assert rows["reading_question_set"]
    with site[0].app_context():
        token = signed_ids(READING_LINK, place.school.id, rows["reading_link"].id)
    look_at(person, f"/read/{token}")
    person.page.get_by_label("Nobody").check()
    person.page.click("main button")
    expect(person.page.locator(".govuk-error-summary")).to_contain_text("Not right yet. The DSL decides. Try again")
    assert person.accessibility_problems() == []
    person.page.locator(".govuk-error-summary a").click()
    person.page.get_by_label("The DSL").check()
    person.page.click("main button")
    expect(person.page.locator("h1")).to_contain_text("You have confirmed that you read")
    assert not person.is_wider_than_its_window()
