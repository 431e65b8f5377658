"""Every main page in a browser: it draws, axe finds nothing, nothing spills over, scripts complain of nothing."""

import re
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from flask import Flask
from sqlalchemy import select

from prevent_trust.jobs.entry import run_job
from prevent_trust.mail import OutgoingMail
from prevent_trust.signed_links import STOP_LINK, signed_ids
from tenants.access.models import Role
from tenants.calendar.rules import academic_year_of
from tenants.imports.models import ImportRun
from tenants.plan.models import ActionStatus
from tenants.reading.models import ReadingConfirmation
from tenants.staff.models import StaffMember, StaffRole
from tests.browser.conftest import Person
from tests.factories import Factory

SCHOOL_PAGES = (
    "", "/plan", "/plan?state=overdue", "/plan?order=kcsie-2026", "/plan/actions/new", "/plan/archive", "/plan/import",
    "/plan/editions", "/plan/new-year", "/plan/hand-over", "/evidence", "/reports", "/staff", "/staff/new",
    "/staff/training", "/staff/training/sessions", "/staff/training/ask", "/staff/training/said", "/staff/training/import",
    "/staff/training/certificates", "/staff/coverage",
    "/staff/import", "/reading", "/reading/kcsie-part-one", "/reading/kcsie-part-one/ask",
    "/referrals", "/contacts", "/people",
    "/reminders", "/reminders/rules/action", "/reminders/rules/own-reading", "/reminders/sent", "/reminders/away",
    "/calendar", f"/calendar/{academic_year_of(date.today())}", "/calendar/import", "/calendar/address",
)  # fmt: skip
TRUST_PAGES = (
    "", "/compare", "/schools", "/chase", "/editions", "/new-year", "/checks", "/reports", "/contacts", "/people",
    "/reminders", "/reminders/rules/posts", "/reminders/away", "/calendar", "/training", "/reading",
    "/training/rules/channel-awareness",
)  # fmt: skip
PUBLIC_PAGES = ("/sign-in", "/help", "/help/status", "/accessibility", "/cookies", "/reset-password")


class Place:
    """A trust with a school that has a little of everything, and somebody who may see all of it."""

    def __init__(self, make: Factory, password_hash: str) -> None:
        self.trust = make.trust(name="Harbour Trust")
        self.school = make.school(trust=self.trust, name="Mallard Primary School")
        make.school(trust=self.trust, name="Heron Academy")
        self.lead = make.member(Role.PREVENT_LEAD, self.school, password=password_hash)
        self.trust_lead = make.member(Role.TRUST_LEAD, self.trust, password=password_hash)
        self.administrator = make.member(Role.PLATFORM_ADMINISTRATOR, password=password_hash)
        staff = [make.staff(self.school, StaffRole.TEACHING) for _ in range(3)]
        make.staff(self.school, StaffRole.DSL, StaffRole.PREVENT_LEAD, given_name="Priya", family_name="Nair")
        make.completion(staff[0], on=date.today() - timedelta(days=20))
        make.confirmation(staff[0])
        self.actions = make.actions(make.plan(self.school))
        make.referral(self.school)


@pytest.fixture
def place(make: Factory, password_hash: str) -> Place:
    return Place(make, password_hash)


def look_at(person: Person, path: str) -> None:
    person.open(path)
    assert person.accessibility_problems() == [], path
    assert not person.is_wider_than_its_window(), path
    assert person.complaints == [], path


def test_the_schools_pages(person: Person, make: Factory, place: Place) -> None:
    person.sign_in(place.lead)
    for page in SCHOOL_PAGES:
        look_at(person, f"/schools/{place.school.id}{page}")
    for action in (place.actions[0], next(each for each in place.actions if each.measure)):
        look_at(person, f"/schools/{place.school.id}/plan/actions/{action.id}")
    look_at(person, f"/schools/{place.school.id}/plan?edit={place.actions[0].id}")
    look_at(person, f"/schools/{place.school.id}/plan/editions/{make.edition('prevent-2026-11').id}")
    look_at(person, f"/schools/{place.school.id}/evidence/{make.evidence(place.actions[0]).id}/revisions")


def test_the_trusts_pages_draw_their_figures(person: Person, place: Place) -> None:
    person.sign_in(place.trust_lead)
    for page in TRUST_PAGES:
        look_at(person, f"/trusts/{place.trust.id}{page}")
    person.open(f"/trusts/{place.trust.id}/compare")
    person.page.wait_for_selector("[data-chart][data-drawn] svg", state="attached")
    assert person.page.locator("[data-chart][data-drawn]").count() == 4


def test_the_platforms_pages(person: Person, place: Place) -> None:
    person.sign_in(place.administrator)
    for page in ("organisations", "people", "editions", "imports", "jobs", "audit"):
        look_at(person, f"/platform/{page}")


def test_the_pages_for_everybody(person: Person) -> None:
    for page in PUBLIC_PAGES:
        look_at(person, page)


def test_without_scripts_reminders_are_stopped_in_one_tap_and_taken_back(
    without_scripts: Person, site: tuple[Flask, str], place: Place
) -> None:
    with site[0].app_context():
        token = signed_ids(STOP_LINK, place.school.id, place.lead.id)
    without_scripts.open(f"/reminders/stop/{token}/training")
    without_scripts.page.click("main button")
    assert "You get no more of these reminders" in without_scripts.page.inner_text("h1")
    without_scripts.page.click("main button")
    assert "Stop these reminders?" in without_scripts.page.inner_text("h1")


def test_the_page_that_stops_reminders(person: Person, site: tuple[Flask, str], place: Place) -> None:
    with site[0].app_context():
        token = signed_ids(STOP_LINK, place.school.id, place.lead.id)
    look_at(person, f"/reminders/stop/{token}/all")


def ask_to_read(person: Person, make: Factory, place: Place) -> str:
    """The lead asks Ada by mail; returns the path of the link in her mail."""
    make.staff(place.school, StaffRole.TEACHING, given_name="Ada", family_name="Finch", email="ada@school.example")
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/reading/kcsie-part-one/ask")
    due_on = date.today() + timedelta(days=30)
    for part in ("day", "month", "year"):
        person.page.fill(f"input[name=due_on-{part}]", str(getattr(due_on, part)))
    person.page.click("text=Send the links")
    mail = make.session.scalars(select(OutgoingMail).where(OutgoingMail.to_address == "ada@school.example")).one()
    found = re.search(r"/read/\S+", mail.text)
    assert found
    return found[0]


def test_the_pages_of_those_who_are_asked_to_read(person: Person, make: Factory, place: Place) -> None:
    link = ask_to_read(person, make, place)
    reading = f"/schools/{place.school.id}/reading/kcsie-part-one"
    for page in ("", "?asked=yes", "?asked=back", "/ask", "/withdraw"):
        look_at(person, f"{reading}{page}")
    confirmation = make.session.scalars(select(ReadingConfirmation)).one()
    look_at(person, f"{reading}/confirmations/{confirmation.id}/remove")
    person.page.context.clear_cookies()
    look_at(person, link)
    person.page.click("text=I have read it")
    look_at(person, link)
    assert "You have confirmed" in person.page.inner_text("h1")


def test_without_scripts_a_link_is_opened_and_confirmed_in_two_taps(
    without_scripts: Person, make: Factory, place: Place
) -> None:
    link = ask_to_read(without_scripts, make, place)
    without_scripts.page.context.clear_cookies()
    without_scripts.open(link)
    without_scripts.page.click("main button")
    assert "You have confirmed" in without_scripts.page.inner_text("h1")


def test_all_who_signed_a_sheet_are_ticked_at_once(person: Person, place: Place) -> None:
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/reading/kcsie-part-one")
    boxes = person.page.locator("input[name=staff]")
    person.page.click("[data-ticks-all]")
    assert boxes.count() == person.page.locator("input[name=staff]:checked").count() == 3
    assert "3 ticked" in person.page.inner_text("[data-ticks-count]")
    person.page.check("input[name=source][value=paper]")
    person.page.click("text=Record confirmations >> nth=-1")
    assert "3 confirmations recorded." in person.page.inner_text("main")


def test_without_scripts_an_action_is_answered_and_figures_are_tables(
    without_scripts: Person, make: Factory, place: Place
) -> None:
    person = without_scripts
    person.sign_in(place.lead)
    action = next(each for each in place.actions if not each.measure)
    person.open(f"/schools/{place.school.id}/plan/actions/{action.id}")
    person.page.check("input[name=status][value=met]")
    person.page.click("text=Save answer")
    assert "Saved." in person.page.inner_text("main")
    person.page.context.clear_cookies()
    person.sign_in(place.trust_lead)
    person.open(f"/trusts/{place.trust.id}/compare")
    assert person.page.locator("figure table").count() == 4
    assert person.page.locator("figure table").first.is_visible()
    assert not person.page.locator("[data-chart]").first.is_visible()


def plan_document(folder: Path) -> Path:
    document: Any = Document()
    document.add_paragraph("Our plan")
    table = document.add_table(rows=2, cols=4)
    for cell, text in zip(table.rows[0].cells, ("Duty", "What this means", "Action", "By whom"), strict=True):
        cell.text = text
    for cell, text in zip(
        table.rows[1].cells, ("Train", "All are trained", "Take the course", "All staff"), strict=True
    ):
        cell.text = text
    path = folder / "plan.docx"
    document.save(str(path))
    return path


def do_jobs(worker_app: Flask, make: Factory) -> None:
    make.session.expire_all()
    for job_id in make.session.scalars(select(ImportRun.job_id).where(ImportRun.job_id.is_not(None))):
        with worker_app.app_context():
            run_job(str(job_id))


def test_a_word_plan_is_brought_in_on_a_phone_or_a_desk(
    person: Person, place: Place, make: Factory, worker_app: Flask, tmp_path: Path
) -> None:
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/plan/import")
    person.page.set_input_files("input[type=file]", plan_document(tmp_path))
    person.page.click("text=Read it and show me")
    person.page.wait_for_selector("main:has-text('1 action')")
    assert person.accessibility_problems() == []
    person.page.click("text=Change what the columns mean")
    person.page.wait_for_selector("h1:has-text('What the columns mean')")
    assert person.accessibility_problems() == []
    assert not person.is_wider_than_its_window()
    person.page.click("text=Show me what comes of it")
    person.page.click("text=Make this our plan")
    person.page.wait_for_selector("progress")
    do_jobs(worker_app, make)
    person.page.wait_for_selector("text=Your plan is made")  # by itself: the page follows the job
    assert person.accessibility_problems() == []
    person.page.click("text=Match your actions with")
    person.page.wait_for_selector("h1:has-text('Match your actions')")
    assert person.accessibility_problems() == []
    assert not person.is_wider_than_its_window()
    person.open(f"/schools/{place.school.id}/plan")
    assert "Take the course" in person.page.inner_text("main")


def upload_staff(person: Person, content: str) -> None:
    person.page.set_input_files(
        "input[type=file]", {"name": "staff.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    person.page.click("main button:has-text('Upload')")


def is_sound(person: Person) -> None:
    assert person.accessibility_problems() == []
    assert not person.is_wider_than_its_window()


def test_a_staff_list_is_brought_in(person: Person, place: Place, make: Factory, worker_app: Flask) -> None:
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/staff/import")
    upload_staff(person, "Surname,Forename,Post\nFox,Amy,Teacher\n,Nobody,Cook\n")
    person.page.wait_for_selector("h1:has-text('Which column is what')")
    is_sound(person)
    person.page.click("text=Show what would change")
    person.page.wait_for_selector("progress")
    is_sound(person)
    do_jobs(worker_app, make)
    person.page.wait_for_selector("text=1 person joins")  # by itself: the page follows the job
    is_sound(person)
    person.page.click("text=Apply these changes")
    do_jobs(worker_app, make)
    person.page.wait_for_selector("text=The staff list is up to date")
    is_sound(person)
    assert make.session.scalar(select(StaffMember.id).where(StaffMember.family_name == "Fox")) is not None


def test_a_staff_list_of_the_whole_trust_is_brought_in_and_undone(
    person: Person, place: Place, make: Factory, worker_app: Flask
) -> None:
    make.staff(place.school, given_name="Sam", family_name="Lee", email="sam@school.example")
    person.sign_in(place.trust_lead)
    person.open(f"/trusts/{place.trust.id}/schools")
    person.page.click("text=Import the staff of all schools from one file")
    person.page.wait_for_selector("h1:has-text('Import staff')")
    is_sound(person)
    upload_staff(
        person,
        f"School,Surname,Forename,Post\n{place.school.urn},Fox,Amy,Teacher\n{place.school.urn},Lee,Sam,Cook\n"
        "The annexe,Hill,Ben,Cook\n",
    )
    person.page.wait_for_selector("h1:has-text('Which column is what')")
    is_sound(person)
    person.page.fill("input[name=source_name]", "Payroll")
    person.page.click("text=Show what would change")
    do_jobs(worker_app, make)
    person.page.wait_for_selector("h1:has-text('Which school is it?')")
    is_sound(person)
    person.page.select_option("select[name=school-0]", str(place.school.id))
    person.page.click("text=Continue")
    do_jobs(worker_app, make)
    person.page.wait_for_selector("text=2 people join")
    person.page.wait_for_selector("text=Is this the same person?")
    is_sound(person)
    person.page.locator("select[id^=row-]").select_option("new")
    person.page.click("text=Keep these answers")
    person.page.wait_for_selector("text=Your answers are kept")
    person.page.click("text=Apply these changes")
    do_jobs(worker_app, make)
    person.page.wait_for_selector("text=The staff list is up to date")
    is_sound(person)
    person.page.click("text=Undo this import")
    do_jobs(worker_app, make)
    person.page.wait_for_selector("h1:has-text('The import is undone')")
    is_sound(person)
    assert make.session.scalar(select(StaffMember.id).where(StaffMember.family_name == "Fox")) is None
    person.open(f"/trusts/{place.trust.id}/staff/import")
    is_sound(person)


def test_without_scripts_a_staff_list_is_brought_in(
    without_scripts: Person, place: Place, make: Factory, worker_app: Flask
) -> None:
    person = without_scripts
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/staff/import")
    upload_staff(person, "Surname,Forename,Post\nFox,Amy,Teacher\n")
    for button in ("Show what would change", "Apply these changes"):
        person.page.click(f"text={button}")
        do_jobs(worker_app, make)
        person.page.click("text=Check again")
    assert "The staff list is up to date" in person.page.inner_text("h1")


def test_a_page_that_is_not_there_says_so_plainly(person: Person, place: Place) -> None:
    person.sign_in(place.lead)
    answer = person.page.goto(f"{person.address}/schools/{uuid.uuid4()}")
    assert answer is not None
    assert answer.status == 404
    assert person.accessibility_problems() == []


def begin_line(person: Person, place: Place) -> None:
    """Asks for the form of the first action of the list."""
    person.open(f"/schools/{place.school.id}/plan")
    person.page.locator("[data-plan-row]").first.get_by_text("Change").click()
    person.page.wait_for_selector("[data-row-form]")


def finish_line(person: Person) -> str:
    """Sets the action to “Not met”; what its line says then."""
    person.page.select_option("[data-row-form] select[name=status]", "not_met")
    person.page.click("[data-row-form] button[type=submit]")
    person.page.wait_for_selector("[data-row-form]", state="detached")
    return person.page.locator("[data-plan-row]").first.inner_text()


def test_a_line_of_the_plan_is_changed_where_it_stands(person: Person, place: Place) -> None:
    person.sign_in(place.lead)
    asked = []
    person.page.on("framenavigated", lambda frame: asked.append(frame.url))
    begin_line(person, place)
    assert person.accessibility_problems() == []
    assert "Not met" in finish_line(person)
    assert len(asked) == 1  # the list itself, and no page after it
    assert person.complaints == []


def test_without_scripts_a_line_is_changed_where_it_stands_too(without_scripts: Person, place: Place) -> None:
    without_scripts.sign_in(place.lead)
    begin_line(without_scripts, place)
    assert "Not met" in finish_line(without_scripts)


def test_what_is_ticked_is_counted_and_changed_at_once(person: Person, place: Place) -> None:
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/plan")
    lines = person.page.locator("[data-plan-row]").count()
    person.page.locator(".pt-plan-action__tick label").nth(1).click()
    assert person.page.inner_text("#bulk summary").endswith("1 ticked")
    person.page.click("#bulk summary")
    person.page.click("[data-ticks-all]")
    assert person.page.inner_text("#bulk summary").endswith(f"{lines} ticked")
    assert person.accessibility_problems() == []
    person.page.select_option("#bulk select[name=owner]", "role:dsl")
    person.page.click("#bulk button[type=submit]")
    assert f"{lines} of {lines} actions were changed." in person.page.inner_text("main")
    assert person.complaints == []


def test_the_second_of_two_sees_what_the_first_changed(person: Person, make: Factory, place: Place) -> None:
    person.sign_in(place.lead)
    begin_line(person, place)
    make.answer(place.actions[0], ActionStatus.PARTLY_MET, note="Half of it", changed_by=place.trust_lead.id)
    person.page.select_option("[data-row-form] select[name=status]", "met")
    person.page.click("[data-row-form] button[type=submit]")
    person.page.wait_for_selector("[data-row-form] [role=alert]")
    told = person.page.locator("[data-row-form] [role=alert]").inner_text()
    assert place.trust_lead.name in told
    assert "Partly met" in told
    person.page.click("[data-row-form] button[type=submit]")
    person.page.wait_for_selector("[data-row-form]", state="detached")
    assert "Met" in person.page.locator("[data-plan-row]").first.inner_text()


def test_a_trust_writes_an_edition(person: Person, make: Factory, place: Place) -> None:
    person.sign_in(place.trust_lead)
    person.open(f"/trusts/{place.trust.id}/editions")
    person.page.click("text=Write an edition")
    person.page.fill("input[name=title]", "Our trust’s plan")
    person.page.click("text=Begin a draft")
    person.page.locator("button:has-text('Retire')").first.click()
    person.page.wait_for_selector("text=Retired: 1")
    assert person.accessibility_problems() == []
    assert not person.is_wider_than_its_window()
    person.page.click("text=Add an action")
    person.page.wait_for_selector("h1:has-text('Add an action')")
    assert person.accessibility_problems() == []
    person.page.go_back()
    person.page.fill("textarea[name=notes]", "We ask for less.")
    person.page.click("text=Save title and notes")
    person.page.click("text=Publish this edition")
    person.page.wait_for_selector("text=It never changes")
    assert person.accessibility_problems() == []
    person.open(f"/trusts/{place.trust.id}/editions")
    person.page.click("text=Roll out “Our trust’s plan”")
    person.page.wait_for_selector("h1:has-text('Roll out')")
    assert person.accessibility_problems() == []


def test_a_plan_is_read_by_a_link(person: Person, make: Factory, place: Place) -> None:
    person.sign_in(place.lead)
    person.open(f"/schools/{place.school.id}/reports")
    person.page.fill("input[name=reader]", "Chair")
    person.page.click("text=Make a link")
    person.page.wait_for_selector("code")
    link = person.page.locator("code").inner_text().removeprefix("http://localhost")
    assert person.accessibility_problems() == []
    person.page.context.clear_cookies()
    look_at(person, link)
    person.page.click("text=Open the plan")
    person.page.wait_for_selector("text=Download as PDF")
    assert person.accessibility_problems() == []
    assert not person.is_wider_than_its_window()
