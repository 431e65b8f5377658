"""Due dates at a secret address: what is in them, for whom they open, and when they stop."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select, update

from blueprints.web.access import today
from prevent_trust.extensions import limiter
from tenants.access.models import Account, AuditEntry, Membership, Role
from tenants.calendar.models import CalendarYear
from tenants.feeds.models import CalendarFeed
from tenants.filtering.rules import due_after
from tenants.organisations.models import TrustMembership
from tenants.plan.evidence.models import EvidenceRevision
from tenants.plan.models import ActionStatus, PlanAction, PlanAnswer
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in

SOON = timedelta(days=20)
WORDING = (
    "Ask the governors; then, “écoute”\\, tell the hall’s hirers about it, and write down what they said to it: " * 2
)


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Any) -> Any:
    return make.school(trust=trust, name="Mallard Primary School")


@pytest.fixture
def lead(make: Factory, client: FlaskClient, school: Any) -> Account:
    account = make.member(Role.PREVENT_LEAD, school, name="Priya Nair", email="priya@school.example")
    sign_in(client, account)
    return account


def action(make: Factory, school: Any, *, wording: str = WORDING, **answer: Any) -> PlanAction:
    """An action of the school's own with an answer."""
    plan = make.plan(school)
    some = make.session.scalars(select(PlanAction).where(PlanAction.plan_id == plan.id)).first()
    assert some is not None
    made: PlanAction = make.add(
        PlanAction(
            school_id=school.id, plan_id=plan.id, expectation_id=some.expectation_id, theme=some.theme, position=1000,
            own_wording=wording,
        )
    )  # fmt: skip
    values = {"status": ActionStatus.NOT_MET, "due_on": today() + SOON} | answer
    make.add(PlanAnswer(school_id=school.id, action_id=made.id, **values))
    return made


def made_at(client: FlaskClient, page: str) -> str:
    """The address that the page shows, without the host."""
    answer = client.post(page)
    assert answer.status_code == 200
    box = BeautifulSoup(answer.text, "html.parser").select_one(".pt-link-box")
    assert box is not None
    return box.text.strip().removeprefix("http://localhost")


def of_school(client: FlaskClient, school: Any) -> str:
    return made_at(client, f"/schools/{school.id}/calendar/address")


def read(client: FlaskClient, address: str) -> Calendar:
    answer = client.application.test_client().get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    calendar = Calendar.from_ical(answer.data)
    assert isinstance(calendar, Calendar)
    assert all(event.errors == [] for event in calendar.walk())
    return calendar


def titles(calendar: Calendar) -> dict[str, date]:
    return {str(event["SUMMARY"]): event["DTSTART"].dt for event in calendar.walk("VEVENT")}


def status(client: FlaskClient, address: str) -> int:
    return client.application.test_client().get(address).status_code


# What is in it


def test_a_school_s_calendar_has_what_falls_due_and_names_nobody(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    member = make.staff(school, StaffRole.TEACHING, given_name="Olu", family_name="Adeyemi")
    made = action(make, school, owner_id=member.id)
    make.completion(member, "prevent-awareness", on=today() - timedelta(days=365 * 2 - 20))
    make.referral(school, follow_up_due_on=today() + SOON)
    entry = {
        "kind": "inset",
        "first_on": f"{today() + SOON}",
        "last_on": f"{today() + SOON}",
        "season": None,
        "title": "",
    }
    make.add(
        CalendarYear(school_id=school.id, year=(today() + SOON).year - ((today() + SOON).month < 9), entries=[entry])
    )
    calendar = read(client, of_school(client, school))
    found = titles(calendar)
    due = next(title for title in found if title.startswith("Due: Ask the governors; then, “écoute”\\, tell"))
    assert found[due] == today() + SOON
    assert found["INSET day"] == today() + SOON
    assert any(title.startswith("Lapses for 1 person") for title in found)
    text = calendar.to_ical().decode()
    for word in ("Olu", "Adeyemi", "Priya", "eferral", "follow-up"):
        assert word not in text
    event = next(each for each in calendar.walk("VEVENT") if str(each["SUMMARY"]) == due)
    assert event["DTEND"].dt == today() + SOON + timedelta(days=1)
    assert str(event["URL"]).endswith(f"/plan/actions/{made.id}")


def test_the_next_review_of_filtering_is_one_day_that_a_new_review_moves(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    address, title = of_school(client, school), "Due: review of filtering and monitoring"

    def found() -> list[tuple[str, date]]:
        events = [each for each in read(client, address).walk("VEVENT") if str(each["SUMMARY"]) == title]
        return [(str(each["UID"]), each["DTSTART"].dt) for each in events]

    assert found() == []
    make.filtering_review(school, today() - timedelta(days=380))
    ((key, day),) = found()
    assert day == due_after(today() - timedelta(days=380))  # overdue, and still there
    make.filtering_review(school, today() - timedelta(days=2), next_due_on=today() + SOON)
    assert found() == [(key, today() + SOON)]
    make.filtering_review(make.school(), today())
    assert len(found()) == 1


def test_lines_are_folded_ended_and_required_fields_are_there(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    action(make, school)
    content = client.get(of_school(client, school)).data
    lines = content.split(b"\r\n")
    assert lines[-1] == b""
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    for event in Calendar.from_ical(content).walk("VEVENT"):
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= set(event)
    assert {"VERSION", "PRODID"} <= set(Calendar.from_ical(content))


def test_the_addresses_in_it_lead_to_pages(client: FlaskClient, make: Factory, school: Any, lead: Account) -> None:
    evidence = make.evidence(action(make, school))
    make.session.execute(
        update(EvidenceRevision).where(EvidenceRevision.evidence_id == evidence.id).values(expires_on=today() + SOON)
    )
    make.session.commit()
    calendar = read(client, of_school(client, school))
    assert any(title.startswith("Evidence runs out") for title in titles(calendar))
    for event in calendar.walk("VEVENT"):
        assert client.get(str(event["URL"]).removeprefix("http://localhost")).status_code == 200, event["URL"]


def test_the_same_thing_keeps_its_identity_and_nothing_new_is_not_sent_again(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    made = action(make, school)
    address = of_school(client, school)
    first = client.get(address)
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert "no-store" not in first.headers["Cache-Control"]
    before = {str(event["UID"]) for event in Calendar.from_ical(first.data).walk("VEVENT")}
    make.session.execute(update(PlanAnswer).where(PlanAnswer.action_id == made.id).values(due_on=today() + 2 * SOON))
    make.session.commit()
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    after = {str(event["UID"]) for event in Calendar.from_ical(again.data).walk("VEVENT")}
    assert before == after


def test_a_person_s_calendar_has_what_is_theirs_at_each_school_and_nothing_else(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    me = make.staff(school, StaffRole.DSL, email="Priya@School.example")
    other = make.staff(school, StaffRole.TEACHING)
    action(make, school, wording="Mine by name", owner_id=me.id)
    for wording, answer in (
        ("Mine by post", {"owner_role": "dsl"}),
        ("Mine as the lead", {"owner_role": "prevent_lead"}),
        ("Another’s", {"owner_id": other.id}),
        ("Another’s post", {"owner_role": "headteacher"}),
        ("Nobody’s", {}),
    ):
        again = make.session.scalars(select(PlanAction).where(PlanAction.own_wording == "Mine by name")).one()
        made = make.add(
            PlanAction(
                school_id=school.id, plan_id=again.plan_id, expectation_id=again.expectation_id, theme=again.theme,
                position=1001, own_wording=wording,
            )
        )  # fmt: skip
        make.add(
            PlanAnswer(
                school_id=school.id, action_id=made.id, status=ActionStatus.NOT_MET, due_on=today() + SOON, **answer
            )
        )
    for each in (me, other):
        make.completion(each, on=today() - timedelta(days=365 * 2 - 20))
    neighbour = make.school()
    action(make, neighbour, wording="At another school", owner_role="prevent_lead")
    second = make.school()
    make.membership(lead, Role.SCHOOL_READER, second)
    action(make, second, wording="The lead’s at the second school", owner_role="prevent_lead")
    found = titles(read(client, made_at(client, "/account/calendar")))
    assert {title for title in found if title.startswith("Due")} == {
        "Due: Mine by name", "Due: Mine by post", "Due: Mine as the lead",
    }  # fmt: skip
    assert sum(title.startswith("Lapses") for title in found) == 1


# For whom it opens


def test_only_a_hash_of_the_secret_is_kept_and_it_is_shown_once(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    address = of_school(client, school)
    secret = address.rpartition("/")[2].removesuffix(".ics")
    row = make.session.scalars(select(CalendarFeed)).one()
    assert secret not in str(vars(row))
    assert secret not in client.get(f"/schools/{school.id}/calendar/address").text
    assert secret not in str([vars(entry) for entry in make.session.scalars(select(AuditEntry))])
    assert len(secret) >= 43


def test_an_address_that_was_not_made_here_opens_nothing(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    address = of_school(client, school)
    owner, _, secret = address.removeprefix("/calendars/").partition("/")
    other = make.account()
    for wrong in (
        f"/calendars/{owner}/{secret[:-5]}x.ics",
        f"/calendars/{other.id}/{secret}",
        f"/calendars/{uuid.uuid4()}/{secret}",
        f"/calendars/{owner}/.ics",
        f"/calendars/{owner}/{make.session.scalars(select(CalendarFeed.secret_sha256)).one()}.ics",
    ):
        assert status(client, wrong) == 404, wrong
    assert status(client, address) == 200


def test_a_new_address_ends_the_old_one_and_a_withdrawn_one_opens_nothing(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    first = of_school(client, school)
    second = of_school(client, school)
    own = made_at(client, "/account/calendar")
    assert [status(client, each) for each in (first, second, own)] == [404, 200, 200]
    client.post(f"/schools/{school.id}/calendar/address/withdraw")
    assert [status(client, each) for each in (second, own)] == [404, 200]
    client.post("/account/calendar/withdraw")
    assert status(client, own) == 404


def test_it_stops_when_the_person_s_access_ends(client: FlaskClient, make: Factory, school: Any, lead: Account) -> None:
    address = of_school(client, school)
    yesterday = today() - timedelta(days=1)
    make.session.execute(update(Membership).where(Membership.account_id == lead.id).values(ends_on=yesterday))
    make.session.commit()
    assert status(client, address) == 404


def test_it_stops_when_the_account_is_closed(client: FlaskClient, make: Factory, school: Any, lead: Account) -> None:
    addresses = of_school(client, school), made_at(client, "/account/calendar")
    make.session.execute(update(Account).where(Account.id == lead.id).values(active=False))
    make.session.commit()
    assert [status(client, each) for each in addresses] == [404, 404]


def test_a_trust_s_people_lose_it_when_the_school_leaves_the_trust(
    client: FlaskClient, make: Factory, school: Any, trust: Any
) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    address = of_school(client, school)
    assert status(client, address) == 200
    make.session.execute(update(TrustMembership).where(TrustMembership.school_id == school.id).values(left_on=today()))
    make.session.commit()
    assert status(client, address) == 404


def test_who_has_lost_a_school_sees_nothing_of_it_in_a_calendar_of_their_own(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    action(make, school, wording="Mine", owner_role="prevent_lead")
    address = made_at(client, "/account/calendar")
    assert titles(read(client, address))
    yesterday = today() - timedelta(days=1)
    make.session.execute(update(Membership).where(Membership.account_id == lead.id).values(ends_on=yesterday))
    make.session.commit()
    assert titles(read(client, address)) == {}


def test_a_lead_sees_who_else_has_an_address_and_withdraws_it(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    reader = make.member(Role.SCHOOL_READER, school, name="Rita Reader")
    sign_in(client, reader)
    address = of_school(client, school)
    page = f"/schools/{school.id}/calendar/address"
    sign_in(client, lead)
    shown = BeautifulSoup(client.get(page).text, "html.parser")
    form = shown.select_one("dd form")
    assert form is not None
    assert "Rita Reader" in shown.text
    sign_in(client, reader)
    assert client.post(str(form["action"])).status_code == 404
    assert status(client, address) == 200
    sign_in(client, lead)
    assert client.post(str(form["action"])).status_code == 303
    assert status(client, address) == 404


def test_one_address_is_answered_so_often_an_hour_and_no_more(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    address, own = of_school(client, school), made_at(client, "/account/calendar")
    codes = [status(client, address) for _ in range(61)]
    assert codes == [200] * 60 + [429]
    assert status(client, own) == 200
    limiter.reset()
