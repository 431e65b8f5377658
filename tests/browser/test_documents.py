"""A document of one's own in a browser, at both widths: written, put in force, asked for, read; axe finds nothing."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from prevent_trust.mail import OutgoingMail
from tenants.staff.models import StaffRole
from tests.browser.conftest import Person
from tests.browser.test_pages import Place, look_at
from tests.factories import Factory


@pytest.fixture
def place(make: Factory, password_hash: str) -> Place:
    return Place(make, password_hash)


def press(person: Person, words: str) -> None:
    """A button or a link that looks like one."""
    person.page.click(f"main :is(button, a.govuk-button):has-text('{words}')")
    person.page.wait_for_load_state()
    check(person)


def check(person: Person) -> None:
    assert person.accessibility_problems() == [], person.page.url
    assert not person.is_wider_than_its_window(), person.page.url
    assert person.complaints == [], person.page.url


def write_edition(person: Person, base: str, tmp_path: Path) -> str:
    """A document with a text for everybody and a file for DSLs. Returns the address of its edition."""
    file = tmp_path / "code.txt"
    file.write_text("The code in full")
    look_at(person, f"{base}/documents/new")
    person.page.fill("input[name=title]", "Code of conduct")
    person.page.fill("input[name=label]", "2026-27")
    press(person, "Continue")
    edition = person.page.url.removeprefix(person.address)
    look_at(person, f"{edition}/parts/new?kind=text")
    person.page.fill("input[name=title]", "What we expect")
    person.page.fill("textarea[name=text]", "Be kind.\n\n- See https://code.example\n- Ask the DSL")
    press(person, "Save part")
    look_at(person, f"{edition}/parts/new?kind=file")
    person.page.fill("input[name=title]", "The whole code")
    person.page.set_input_files("input[type=file]", file)
    person.page.check("input[name=audience][value=dsl]")
    press(person, "Save part")
    look_at(person, f"{edition}/parts/new?kind=address")
    press(person, "Save part")  # with what is missing said
    look_at(person, edition)
    return edition


def put_in_force(person: Person, edition: str) -> None:
    person.open(edition)
    press(person, "See what changed and put it in force")
    press(person, "Put it in force")
    assert "is in force" in person.page.inner_text("main")


def test_a_school_writes_a_document_and_its_staff_read_it(
    person: Person, make: Factory, place: Place, tmp_path: Path
) -> None:
    make.staff(place.school, StaffRole.TEACHING, given_name="Ada", family_name="Finch", email="ada@school.example")
    person.sign_in(place.lead)
    base = f"/schools/{place.school.id}/reading"
    edition = write_edition(person, base, tmp_path)
    look_at(person, base)
    look_at(person, f"{edition}/delete")
    put_in_force(person, edition)
    look_at(person, f"{edition}/take-back")
    look_at(person, base)
    look_at(person, f"{base}?as_at=2026-09-15")
    person.open(base)
    person.page.click("text=Code of conduct >> nth=0")
    check(person)
    page = person.page.url.removeprefix(person.address)
    key = page.rpartition("/")[2]
    look_at(
        person, f"{page}?as_at=2026-09-15" if key == "kcsie-part-one" else f"{base}/kcsie-part-one?as_at=2026-09-15"
    )
    look_at(person, f"{base}/documents/{key}/withdraw")
    look_at(person, f"{base}/documents/safeguarding-policy/new-edition")
    person.open(f"{page}/ask")
    due_on = date.today() + timedelta(days=30)
    for part in ("day", "month", "year"):
        person.page.fill(f"input[name=due_on-{part}]", str(getattr(due_on, part)))
    press(person, "Send the links")
    mail = make.session.scalars(select(OutgoingMail).where(OutgoingMail.to_address == "ada@school.example")).one()
    found = re.search(r"/read/\S+", mail.text)
    assert found
    person.page.context.clear_cookies()
    look_at(person, found[0])
    assert "Be kind." in person.page.inner_text("main")
    assert "The whole code" not in person.page.inner_text("main"), "that part is for DSLs"
    press(person, "I have read it")
    assert "You have confirmed" in person.page.inner_text("h1")


def test_without_scripts_a_trust_gives_its_schools_an_edition(
    without_scripts: Person, place: Place, tmp_path: Path
) -> None:
    person = without_scripts
    person.sign_in(place.trust_lead)
    base = f"/trusts/{place.trust.id}/reading"
    person.open(f"{base}/documents/safeguarding-policy/new-edition")
    person.page.fill("input[name=label]", "Trust 1")
    person.page.click("main button:has-text('Continue')")
    person.page.click("main a:has-text('a text')")
    person.page.fill("input[name=title]", "Policy")
    person.page.fill("textarea[name=text]", "What we do.")
    person.page.click("text=Save part")
    person.page.click("text=See what changed")
    assert "New" in person.page.inner_text("table")
    person.page.click("main button:has-text('Put it in force')")
    person.open(base)
    assert "edition Trust 1 (your trust’s)" in person.page.inner_text("main")
