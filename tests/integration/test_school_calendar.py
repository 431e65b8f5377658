"""The school year at three levels: who sets it, from which file, and what is moved by it."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, SchoolScope, bind_scope
from tenants.access.models import Account, Role
from tenants.calendar.entries import as_json, in_order
from tenants.calendar.models import CalendarImport, CalendarImportState, CalendarYear
from tenants.calendar.queries import calendar_of
from tenants.calendar.rules import Season, academic_year_of
from tenants.calendar.school_year import USUAL_CALENDAR, Entry, EntryKind, usual_terms
from tenants.plan.adoption.actions import prepare_adoption
from tenants.plan.models import AdoptionKind, PlanAction, PlanAnswer
from tenants.reminders.gather import facts_of
from tenants.reminders.planning import plan_days
from tests.factories import Factory, sign_in

YEAR = academic_year_of(today())
WEEK = timedelta(weeks=1)


def terms(weeks_later: int = 0, year: int = YEAR) -> list[Entry]:
    """The usual terms of this year, moved by whole weeks."""
    by = weeks_later * WEEK
    found = []
    for term in usual_terms(year):
        assert term.half_term is not None
        found.append(Entry(EntryKind.TERM, term.first_on + by, term.last_on + by, term.season))
        half = term.half_term
        found.append(Entry(EntryKind.HALF_TERM, half.first_on + by, half.last_on + by, term.season))
    return found


def icalendar(entries: list[Entry]) -> bytes:
    names = {
        EntryKind.TERM: "term",
        EntryKind.HALF_TERM: "half term",
        EntryKind.INSET: "INSET",
        EntryKind.CLOSURE: "closed",
    }
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{number}\r\nSUMMARY:{entry.season or ''} {names[entry.kind]}\r\n"
        f"DTSTART;VALUE=DATE:{entry.first_on:%Y%m%d}\r\nDTEND;VALUE=DATE:{entry.last_on + timedelta(days=1):%Y%m%d}\r\n"
        "END:VEVENT\r\n"
        for number, entry in enumerate(entries)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n".encode()


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def authority(make: Factory) -> Any:
    return make.authority()


@pytest.fixture
def school(make: Factory, trust: Any, authority: Any) -> Any:
    return make.school(trust=trust, authority=authority, name="Mallard Primary School")


@pytest.fixture
def lead(make: Factory, client: FlaskClient, school: Any) -> Account:
    account = make.member(Role.PREVENT_LEAD, school, name="Priya Nair", email="priya@school.example")
    sign_in(client, account)
    return account


@pytest.fixture
def set_by(make: Factory) -> Callable[..., CalendarYear]:
    def set_by(entries: list[Entry], year: int = YEAR, **place: Any) -> CalendarYear:
        row = CalendarYear(year=year, entries=[as_json(entry) for entry in in_order(entries)], **place)
        return make.add(row)  # type: ignore[no-any-return]

    return set_by


def words(client: FlaskClient, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200, page
    main = BeautifulSoup(answer.text, "html.parser").main
    assert main is not None
    return " ".join(main.get_text(" ").split())


def form_of(client: FlaskClient, page: str) -> dict[str, str]:
    found = BeautifulSoup(client.get(page).text, "html.parser")
    fields = {str(each["name"]): str(each.get("value", "")) for each in found.select("main form input[name]")}
    return fields | {str(each["name"]): each.text.strip() for each in found.select("main form textarea")}


def box(name: str, day: date) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def filled(entries: list[Entry]) -> dict[str, str]:
    form: dict[str, str] = {}
    for entry in entries:
        infix = "_half" if entry.kind is EntryKind.HALF_TERM else ""
        form |= box(f"{entry.season}{infix}_first", entry.first_on) | box(f"{entry.season}{infix}_last", entry.last_on)
    return form


# Levels


def test_where_nobody_has_set_dates_the_page_says_so_and_then_who_set_each(
    client: FlaskClient, lead: Account, school: Any, trust: Any, authority: Any, set_by: Callable[..., CalendarYear]
) -> None:
    page = f"/schools/{school.id}/calendar"
    assert "Nobody has set term dates" in words(client, page)
    set_by(terms(), authority_id=authority.id)
    assert "Autumn term" in words(client, page)
    assert "Local authority" in words(client, page)
    inset = Entry(EntryKind.INSET, date(YEAR, 11, 9), date(YEAR, 11, 9))
    set_by([*terms(1), inset], trust_id=trust.id)
    set_by([Entry(EntryKind.CLOSURE, date(YEAR, 11, 10), date(YEAR, 11, 10), title="Boiler")], school_id=school.id)
    rows = BeautifulSoup(client.get(page).text, "html.parser").select("tbody tr")
    sources = {row.th.text: row.select("td")[-1].text for row in rows if row.th}
    assert sources["Autumn term"] == sources["INSET day"] == "Trust"
    assert sources["Boiler"] == "School"
    assert sources["Boxing Day"] == "Bank holiday in England"


def test_a_trust_sees_which_of_its_schools_go_their_own_way(
    client: FlaskClient, make: Factory, school: Any, trust: Any, set_by: Callable[..., CalendarYear]
) -> None:
    other = make.school(name="Neighbour")
    for each in (school, other):
        set_by(terms(1), school_id=each.id)
    sign_in(client, make.member(Role.TRUST_READER, trust))
    page = words(client, f"/trusts/{trust.id}/calendar")
    assert "Mallard Primary School: 6 dates" in page
    assert "Neighbour" not in page


def test_dates_of_other_trusts_schools_and_authorities_move_nothing(
    client: FlaskClient, make: Factory, web: Flask, school: Any, set_by: Callable[..., CalendarYear]
) -> None:
    other_trust, other_authority = make.trust(), make.authority()
    set_by(terms(2), trust_id=other_trust.id)
    set_by(terms(2), authority_id=other_authority.id)
    set_by(terms(2), school_id=make.school(trust=other_trust, authority=other_authority).id)
    bind_scope(SchoolScope(school.id))
    found = calendar_of(SchoolScope(school.id), day=today())
    assert found.deadlines(YEAR) == USUAL_CALENDAR.deadlines(YEAR)


def test_a_trust_s_dates_go_with_the_trust_that_the_school_is_in_today(
    make: Factory, web: Flask, school: Any, trust: Any, set_by: Callable[..., CalendarYear]
) -> None:
    set_by(terms(1), trust_id=trust.id)
    scope = SchoolScope(school.id)
    bind_scope(scope)
    assert calendar_of(scope, day=today()).year(YEAR).terms_from == "trust"
    make.session.execute(sa.text("update trust_membership set left_on = current_date"))
    make.session.commit()
    db.session.rollback()
    assert calendar_of(scope, day=today()).year(YEAR).terms_from is None


# By hand


def test_a_lead_sets_the_year_by_hand_and_takes_it_back(client: FlaskClient, lead: Account, school: Any) -> None:
    page = f"/schools/{school.id}/calendar/{YEAR}"
    form = (
        form_of(client, page)
        | filled(terms(1))
        | {"inset": f"1 September {YEAR}", "closures": f"6 May {YEAR + 1}: Polling day"}
    )
    assert client.post(page, data=form).status_code == 303
    year = words(client, f"/schools/{school.id}/calendar")
    assert "Nobody has set" not in year
    assert "Polling day" in year
    shown = form_of(client, page)
    assert shown["inset"] == f"1 September {YEAR}"
    assert shown["autumn_first-day"] == str(terms(1)[0].first_on.day)
    empty = dict.fromkeys(shown, "") | {"seen": shown["seen"]}
    assert client.post(page, data=empty).status_code == 303
    assert "Nobody has set" in words(client, f"/schools/{school.id}/calendar")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (box("autumn_first", date(YEAR, 9, 2)), "Enter the last day of the autumn term too"),
        (
            box("autumn_first", date(YEAR, 9, 2)) | box("autumn_last", date(YEAR, 12, 18)),
            "spring and the summer term too",
        ),
        ({"inset": "31 February 2027"}, "is not a date"),
        ({"closures": "soon: Fair"}, "is not a date"),
        ({"autumn_first-day": "40", "autumn_first-month": "9", "autumn_first-year": str(YEAR)}, "must be a real date"),
    ],
)
def test_dates_that_cannot_be_are_answered_in_the_page_and_nothing_is_kept(
    client: FlaskClient, make: Factory, lead: Account, school: Any, changes: dict[str, str], problem: str
) -> None:
    page = f"/schools/{school.id}/calendar/{YEAR}"
    answer = client.post(page, data=form_of(client, page) | changes)
    assert answer.status_code == 200
    assert problem in answer.text
    assert make.session.scalars(select(CalendarYear)).all() == []


def test_who_had_the_page_open_while_another_saved_sees_that_and_loses_nothing(
    client: FlaskClient, make: Factory, lead: Account, school: Any
) -> None:
    page = f"/schools/{school.id}/calendar/{YEAR}"
    mine = form_of(client, page) | {"closures": f"6 May {YEAR + 1}: Mine"}
    assert client.post(page, data=form_of(client, page) | {"closures": f"6 May {YEAR + 1}: Theirs"}).status_code == 303
    answer = client.post(page, data=mine)
    assert "Somebody else has changed these dates" in answer.text
    assert "Mine" in answer.text
    assert "Theirs" in words(client, f"/schools/{school.id}/calendar")


def test_who_only_reads_sees_the_year_without_buttons(client: FlaskClient, make: Factory, school: Any) -> None:
    sign_in(client, make.member(Role.SCHOOL_READER, school))
    assert "Import from a file" not in words(client, f"/schools/{school.id}/calendar")


@pytest.mark.parametrize("audience", ["trust", "authority"])
def test_a_trust_s_lead_and_the_platform_set_what_holds_at_schools(
    client: FlaskClient, make: Factory, web: Flask, school: Any, trust: Any, authority: Any, audience: str
) -> None:
    if audience == "trust":
        sign_in(client, make.member(Role.TRUST_LEAD, trust))
        page = f"/trusts/{trust.id}/calendar/{YEAR}"
    else:
        sign_in(client, make.member(Role.PLATFORM_ADMINISTRATOR))
        page = f"/platform/organisations/authorities/{authority.id}/calendar/{YEAR}"
    assert client.post(page, data=form_of(client, page) | filled(terms(1))).status_code == 303
    bind_scope(SchoolScope(school.id))
    held = calendar_of(SchoolScope(school.id), day=today()).year(YEAR)
    assert held.terms_from == audience
    assert held.terms[0].first_on == terms(1)[0].first_on


# From a file


def upload(client: FlaskClient, page: str, content: bytes, name: str = "dates.ics") -> str:
    answer = client.post(f"{page}/import", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_a_file_changes_nothing_before_it_is_applied_and_is_taken_back_as_a_whole(
    client: FlaskClient, make: Factory, lead: Account, school: Any, set_by: Callable[..., CalendarYear]
) -> None:
    page = f"/schools/{school.id}/calendar"
    before = [*terms(), Entry(EntryKind.CLOSURE, date(YEAR, 11, 10), date(YEAR, 11, 10), title="Boiler")]
    set_by(before, school_id=school.id)
    run = upload(client, page, icalendar([*terms(1), Entry(EntryKind.INSET, date(YEAR, 11, 9), date(YEAR, 11, 9))]))
    preview = words(client, run)
    assert "Nothing is changed yet" in preview
    assert "Set now, to be replaced" in preview
    assert current(make) == [as_json(entry) for entry in in_order(before)]
    assert client.post(f"{run}/apply").status_code == 303
    applied = current(make)
    assert {"Boiler"} == {entry["title"] for entry in applied if entry["kind"] == "closure"}
    assert sum(entry["kind"] == "inset" for entry in applied) == 1
    assert terms(1)[0].first_on.isoformat() in {entry["first_on"] for entry in applied}
    again = upload(client, page, icalendar([*terms(1), Entry(EntryKind.INSET, date(YEAR, 11, 9), date(YEAR, 11, 9))]))
    client.post(f"{again}/apply")
    assert current(make) == applied
    assert client.post(f"{run}/undo").status_code == 303
    assert current(make) == [as_json(entry) for entry in in_order(before)]
    states = {each.state for each in make.session.scalars(select(CalendarImport))}
    assert states == {CalendarImportState.UNDONE, CalendarImportState.APPLIED}


def current(make: Factory) -> list[dict[str, Any]]:
    make.session.expire_all()
    rows = make.session.scalars(select(CalendarYear).where(CalendarYear.replaced_at.is_(None))).all()
    return rows[0].entries if rows else []


def test_a_file_is_decided_about_once_and_not_taken_back_over_later_work(
    client: FlaskClient, make: Factory, lead: Account, school: Any
) -> None:
    page = f"/schools/{school.id}/calendar"
    run = upload(client, page, icalendar(terms(1)))
    client.post(f"{run}/apply")
    client.post(f"{run}/apply")
    assert "Somebody has already decided about this file." in client.get(page).text
    edit = f"{page}/{YEAR}"
    client.post(edit, data=form_of(client, edit) | {"closures": f"6 May {YEAR + 1}: Polling day"})
    client.post(f"{run}/undo")
    assert "were changed after this file" in client.get(run).text
    assert any(entry["title"] == "Polling day" for entry in current(make))


def test_a_table_with_faults_says_which_row_and_why_and_gives_them_back(
    client: FlaskClient, lead: Account, school: Any
) -> None:
    table = f"Event,Start date\nInset day,1/9/{YEAR}\nInset day,31/2/{YEAR + 1}\n=cmd(),2/9/{YEAR}\n".encode()
    run = upload(client, f"/schools/{school.id}/calendar", table, "dates.csv")
    page = words(client, run)
    assert f"31/2/{YEAR + 1}" in page
    lines = client.get(f"{run}?format=csv").text.splitlines()
    assert lines[1].startswith("3,Inset day,")
    assert lines[2].startswith("4,'=cmd()")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("dates.pdf", b"%PDF", "must be an iCalendar file"),
        ("dates.ics", b"hello", "not an iCalendar file"),
        ("dates.csv", b"\x00\x01\x02", "No row names the columns"),
        ("", b"", "Choose a file"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    client: FlaskClient, lead: Account, school: Any, name: str, content: bytes, problem: str
) -> None:
    data = {"file": (io.BytesIO(content), name)} if name else {}
    answer = client.post(f"/schools/{school.id}/calendar/import", data=data)
    assert answer.status_code == 200
    assert problem in answer.text


@pytest.mark.parametrize("form", ["csv", "ics"])
def test_a_year_that_was_taken_out_can_be_brought_back(
    client: FlaskClient, make: Factory, lead: Account, school: Any, set_by: Callable[..., CalendarYear], form: str
) -> None:
    inset = Entry(EntryKind.INSET, date(YEAR, 11, 9), date(YEAR, 11, 9))
    row = set_by([*terms(), inset], school_id=school.id)
    page = f"/schools/{school.id}/calendar"
    content = client.get(f"{page}?format={form}").data
    entries = row.entries
    make.session.delete(row)
    make.session.commit()
    client.post(f"{upload(client, page, content, f'year.{form}')}/apply")
    assert current(make) == entries


# What is moved by it


def test_reminders_go_by_each_school_s_own_calendar_in_a_fixed_number_of_queries(
    make: Factory, worker: Flask, trust: Any, authority: Any, school: Any, set_by: Callable[..., CalendarYear]
) -> None:
    half = next(entry for entry in terms() if entry.kind is EntryKind.HALF_TERM)
    monday, friday = half.first_on, half.first_on - timedelta(days=3)
    later = make.school(trust=trust, authority=authority)
    for each in (school, later):
        make.member(Role.PREVENT_LEAD, each)
        make.staff(each)
    set_by(terms(), school_id=school.id)
    set_by(terms(1), school_id=later.id)
    scope = AuthorityScope(authority.id)
    bind_scope(scope)
    statements: list[str] = []
    with counted(statements):
        facts = {each.school_id: each for each in facts_of(scope, day=friday, last_day=monday)}
    asked = len(statements)
    days = [friday, monday]
    sent = {key: {line.day for line in plan_days(days, each) if line.rule == "training"} for key, each in facts.items()}
    assert sent[school.id] == {friday}
    assert sent[later.id] == {friday, monday}
    assert not facts[school.id].days.is_sending_day(monday)
    assert facts[later.id].days.is_sending_day(monday)
    for _ in range(5):
        more = make.school(trust=trust, authority=authority)
        set_by(terms(1), school_id=more.id)
    db.session.rollback()
    statements.clear()
    with counted(statements):
        assert len(facts_of(scope, day=friday, last_day=monday)) == 7
    assert len(statements) == asked


class counted:  # reads as a verb
    """Notes the statements that are sent within the block."""

    def __init__(self, statements: list[str]) -> None:
        self.statements = statements

    def _note(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self.statements.append(statement)

    def __enter__(self) -> None:
        sa.event.listen(db.engine, "before_cursor_execute", self._note)

    def __exit__(self, *problem: object) -> None:
        sa.event.remove(db.engine, "before_cursor_execute", self._note)


def test_schools_for_which_the_same_dates_hold_share_a_calendar(
    make: Factory, worker: Flask, trust: Any, authority: Any, school: Any, set_by: Callable[..., CalendarYear]
) -> None:
    own = make.school(trust=trust, authority=authority)
    make.school(trust=trust, authority=authority)
    set_by(terms(), trust_id=trust.id)
    set_by(terms(1), school_id=own.id)
    scope = AuthorityScope(authority.id)
    bind_scope(scope)
    found = {each.school_id: each.days for each in facts_of(scope, day=today(), last_day=today())}
    assert len({id(days) for days in found.values()}) == 2
    assert found[own.id] is not found[school.id]


def test_the_plan_s_deadlines_are_the_ends_of_the_school_s_own_half_terms(
    client: FlaskClient, make: Factory, lead: Account, school: Any, set_by: Callable[..., CalendarYear]
) -> None:
    make.plan(school)
    for year in (YEAR, YEAR + 1):
        set_by(terms(1, year), year=year, school_id=school.id)
    page = client.get(f"/schools/{school.id}/plan").text
    wanted = next(each for each in USUAL_CALENDAR.next_deadlines(today() - WEEK) if each.on + WEEK >= today())
    assert f'value="{wanted.on + WEEK}"' in page or f'value="{wanted.on + WEEK - timedelta(days=1)}"' in page
    action_id = make.session.scalars(select(PlanAction.id).where(PlanAction.measure.is_(None))).first()
    address = f"/schools/{school.id}/plan/actions/{action_id}"
    shown = BeautifulSoup(client.get(address).text, "html.parser")
    chosen = str(shown.select("select[name=due_by] option")[1]["value"])
    seen = shown.select_one("input[name=seen]")
    assert seen is not None
    answer = {
        "status": "not_met",
        "owner_role": "",
        "owner_id": "",
        "due_by": chosen,
        "note": "",
        "seen": seen["value"],
    }
    assert client.post(address, data=answer).status_code == 303
    due = make.session.scalars(select(PlanAnswer.due_on).where(PlanAnswer.due_on.is_not(None))).all()
    assert [day.isoformat() for day in due] == [chosen]


def test_a_roll_out_sets_due_dates_by_each_school_s_own_calendar(
    make: Factory, web: Flask, trust: Any, school: Any, set_by: Callable[..., CalendarYear]
) -> None:
    other = make.school(trust=trust)
    set_by(terms(1), school_id=other.id)
    found = {}
    for each in (school, other):
        make.plan(each)
        scope = SchoolScope(each.id)
        bind_scope(scope)
        adopting = prepare_adoption(
            scope,
            edition_id=make.edition().id,
            kind=AdoptionKind.ROLL_OVER,
            deadline=f"{YEAR}-{(YEAR + 1) % 100:02d}-spring-half",
        )
        found[each.id] = {each.answer.due_on for each in adopting.carrying.actions}
    usual = USUAL_CALENDAR.deadline(f"{YEAR}-{(YEAR + 1) % 100:02d}-{Season.SPRING}-half").on
    assert found == {school.id: {usual}, other.id: {usual + WEEK}}
