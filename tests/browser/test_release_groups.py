"""A group of authorities in a browser: added, drafted and published, and read by an officer."""

from flask import Flask
from sqlalchemy import select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from tenants.access.models import Role
from tenants.calendar.rules import term_of
from tenants.insights.disclosure.types import ReleaseRules
from tests.areas import make_area, release
from tests.browser.conftest import Person
from tests.factories import Factory

LAST = term_of(today()).previous


def is_sound(person: Person) -> None:
    person.page.wait_for_load_state("networkidle")
    assert person.accessibility_problems() == [], person.page.url
    assert not person.is_wider_than_its_window(), person.page.url
    assert person.complaints == [], person.page.url


def do_jobs(worker_app: Flask, make: Factory) -> None:
    make.session.rollback()
    waiting = select(JobRun.id).where(JobRun.state == JobState.QUEUED, JobRun.queue == "reports")
    with worker_app.app_context():
        for job_id in make.session.scalars(waiting).all():
            run_job(str(job_id))
            db.session.remove()


def test_a_group_is_added_drafted_and_published_and_an_officer_reads_it(
    person: Person, make: Factory, worker_app: Flask, password_hash: str
) -> None:
    names = ("Ely", "March", "Soham")
    with worker_app.app_context():
        areas = [make_area(make, schools=4, term=LAST, name=name) for name in names]
        for area in areas:
            release(make, area, rules=ReleaseRules(schools=3))
    page = person.page
    person.sign_in(make.member(Role.RELEASE_PUBLISHER, password=password_hash))
    person.open("/platform/releases/groups")
    is_sound(person)
    page.click("text=Add a group")
    page.click("main button:has-text('Save')")
    page.wait_for_selector(".govuk-error-summary")
    is_sound(person)
    page.fill("input[name=name]", "Fens")
    for name in names:
        page.check(f"label:has-text('{name}')")
    page.click("main button:has-text('Save')")
    page.click("text=Draft the release of the")
    page.wait_for_selector("text=Waiting to start")
    is_sound(person)
    do_jobs(worker_app, make)
    page.reload()
    page.click(f"main a:has-text('{LAST.title}')")
    page.wait_for_selector("text=What its readers will see")
    is_sound(person)
    page.click("text=Approve and publish")
    page.wait_for_selector("text=The release is approved")
    do_jobs(worker_app, make)
    for path in ("/platform/releases?of=group", "/platform/releases/groups?search=ely"):
        person.open(path)
        assert "Fens" in page.inner_text("main table")
        is_sound(person)

    page.context.clear_cookies()
    person.sign_in(make.member(Role.AUTHORITY_OFFICER, areas[0].authority, password=password_hash))
    person.open(f"/authorities/{areas[0].authority.id}/releases")
    is_sound(person)
    page.click(f"text=Fens, {LAST.title}")
    page.wait_for_selector("h1:has-text('Fens')")
    is_sound(person)
    page.click("main a:has-text('Authorities')")
    page.wait_for_selector("main table")
    assert "March" in page.inner_text("main table")
    is_sound(person)
    page.go_back()
    page.click("main a:has-text('Training')")
    page.wait_for_selector("main figure")
    is_sound(person)
