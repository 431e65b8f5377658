"""When those who have not confirmed are reminded next, and how many there are of each role."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.organisations.models import School
from tenants.reminders.coming import next_nudge
from tenants.reminders.models import ReminderRule, ReminderStop
from tenants.reminders.queries import preview
from tenants.reminders.rules import next_day_of_reminders
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in
from tests.isolation.rows import SchoolRows

KEY = "kcsie-part-one"
DAY = date(2026, 12, 1)  # a Tuesday in term


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


def switched_on(make: Factory, school: School) -> None:
    make.add(ReminderRule(school_id=school.id, key="own-reading", active=True))


def page(client: FlaskClient, school: School, then: str = "") -> str:
    main = BeautifulSoup(client.get(f"/schools/{school.id}/reading/{KEY}{then}").text, "html.parser").main
    assert main
    return " ".join(main.text.split())


def test_it_is_the_first_day_that_the_preview_of_reminders_has_for_the_document(
    web: Flask, make: Factory, school: School
) -> None:
    switched_on(make, school)
    for name in ("Ada", "Bea"):
        make.staff(school, StaffRole.TEACHING, given_name=name, family_name="Finch", email=f"{name}@school.example")
    make.staff(school, StaffRole.SUPPORT, given_name="Cyd", family_name="Finch", email=None)
    scope = SchoolScope(school.id)
    bind_scope(scope)
    found = next_nudge(scope, document=KEY, first_day=DAY)
    lines = [
        line
        for line in preview(scope, today=DAY - timedelta(days=1), days=21)
        if line.rule == "own-reading" and line.thing.startswith(KEY)
    ]
    assert found
    assert (found.day, found.people) == (lines[0].day, 2)


def test_in_holidays_nothing_goes_and_what_was_stopped_is_not_counted(
    web: Flask, make: Factory, school: School
) -> None:
    switched_on(make, school)
    ada = make.staff(school, StaffRole.TEACHING, email="ada@school.example")
    scope = SchoolScope(school.id)
    bind_scope(scope)
    in_the_holidays = next_nudge(scope, document=KEY, first_day=date(2026, 12, 25))
    assert in_the_holidays
    assert in_the_holidays.day > date(2027, 1, 1)
    assert next_nudge(scope, document="no-such-document", first_day=DAY) is None
    make.add(ReminderStop(school_id=school.id, person=ada.id, rule="own-reading"))
    assert next_nudge(scope, document=KEY, first_day=DAY) is None


def test_before_seven_in_the_morning_the_day_s_own_reminders_are_still_to_come() -> None:
    assert next_day_of_reminders(datetime(2026, 7, 1, 5, 59, tzinfo=UTC)) == date(2026, 7, 1)
    assert next_day_of_reminders(datetime(2026, 7, 1, 6, 0, tzinfo=UTC)) == date(2026, 7, 2)


def test_the_page_says_when_the_next_goes_or_why_none_does(client: FlaskClient, make: Factory, school: School) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    make.staff(school, StaffRole.TEACHING, email="ada@school.example")
    make.staff(school, StaffRole.SUPPORT, email=None)
    shown = page(client, school)
    assert "No reminder goes to them as long as this is switched off" in shown
    assert "1 person of those who have not confirmed has no email address" in shown
    switched_on(make, school)
    assert re.search(r"The next reminder goes on \d+ \w+ 202\d, to 1 person, unless", page(client, school))
    assert "No reminder goes" not in page(client, school)


def test_each_role_has_its_counts_on_the_page_and_as_a_file(client: FlaskClient, make: Factory, school: School) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    make.confirmation(make.staff(school, StaffRole.TEACHING))
    make.staff(school, StaffRole.TEACHING)
    make.staff(school, StaffRole.SUPPORT)
    lines = csv.reader(
        io.StringIO(client.get(f"/schools/{school.id}/reading/{KEY}?format=roles").text.lstrip("\ufeff"))
    )
    assert list(lines)[1:] == [["Teaching staff", "1", "2", "1"], ["Support staff", "0", "1", "1"]]
    table = BeautifulSoup(client.get(f"/schools/{school.id}/reading/{KEY}").text, "html.parser").select_one(
        "div[aria-labelledby=table-roles]"
    )
    assert table
    (link,) = [each for each in table.select("a") if each.text == "Support staff"]
    assert str(link["href"]).endswith("?role=support")


def test_the_page_asks_the_database_as_often_for_many_people_as_for_few(
    client: FlaskClient, web_app: Flask, make: Factory, school: School
) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    switched_on(make, school)
    with web_app.app_context():
        engine = db.engine

    def statements() -> int:
        asked: list[str] = []

        def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
            asked.append(statement)

        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            assert client.get(f"/schools/{school.id}/reading/{KEY}").status_code == 200
            assert client.get(f"/schools/{school.id}/reading/{KEY}/questions").status_code == 200
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
        return len(asked)

    rows = SchoolRows(make, school)
    for table in ("reading_slip", "reading_scan", "reading_answer"):
        assert rows[table]
    few = statements()
    sign_off_id = rows["reading_sign_off"].id
    for number in range(12):
        person = make.staff(school, StaffRole.SUPPORT, email=f"person{number}@school.example")
        if number % 2:
            make.confirmation(person, sign_off_id=sign_off_id)
    assert statements() == few
