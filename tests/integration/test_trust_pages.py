"""The trust's pages, each as its safeguarding lead or a reader opens and uses it."""

import csv
import io
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Select, event, func, select
from werkzeug.test import TestResponse

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.models import JobRun
from prevent_trust.mail import OutgoingMail
from tenants.access.models import AuditEntry, Role
from tenants.filtering.rules import due_after
from tenants.organisations.models import School, Trust, TrustMembership
from tenants.plan.models import ActionStatus, PlanAnswer
from tenants.reading.models import Document
from tenants.reminders.models import Reminder
from tenants.staff.models import StaffMember, StaffRole
from tenants.training.models import Course
from tests.factories import Factory, sign_in

PAGES = ("", "/compare", "/schools", "/chase", "/reading", "/reports")
CHANGED = datetime(2026, 10, 15, 12, tzinfo=UTC)
EACH_PAGE = pytest.mark.parametrize("page", PAGES)


@pytest.fixture
def trust(make: Factory) -> Trust:
    return make.trust(name="Harbour Trust")


@pytest.fixture
def lead(client: FlaskClient, make: Factory, trust: Trust) -> FlaskClient:
    sign_in(client, make.member(Role.TRUST_LEAD, trust, name="Grace Okafor"))
    return client


@pytest.fixture
def reader(client: FlaskClient, make: Factory, trust: Trust) -> FlaskClient:
    sign_in(client, make.member(Role.TRUST_READER, trust))
    return client


def page(response: TestResponse) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.get_data(as_text=True), "html5lib")


def words(response: TestResponse) -> str:
    main = page(response).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split())


def lines(response: TestResponse) -> list[dict[str, str]]:
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    assert "attachment" in response.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(response.get_data().decode("utf-8-sig"))))


def row_of(response: TestResponse, figure: str, school: str) -> list[str]:
    """The cells of a school's row in the table of a figure."""
    rows = page(response).select(f"#figure-{figure} tbody tr")
    found = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in rows]
    return next(cells for cells in found if cells[0] == school)


def answer(make: Factory, school: School, status: ActionStatus, *, count: int = 1, **values: Any) -> None:
    """Gives a school without a plan a plan, and the first of its own actions that status."""
    for action in [each for each in make.actions(make.plan(school)) if not each.measure][:count]:
        row = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
        row.status = status
        for name, value in values.items():
            setattr(row, name, value)
    make.session.commit()


def with_gap(make: Factory, trust: Trust, name: str, *, leads: int = 1) -> School:
    """A school where a teacher misses everything, with so many Prevent leads."""
    school = make.school(trust=trust, name=name)
    make.staff(school, StaffRole.TEACHING, given_name="Zebedee", family_name="Thrupplewick")
    for number in range(leads):
        make.member(Role.PREVENT_LEAD, school, name=f"Priya Nair{'' if number == 0 else number}")
    return school


def in_order(make: Factory, trust: Trust, name: str = "Calm School") -> School:
    """A school that has a Prevent lead and a plan, and nothing that presses."""
    school = make.school(trust=trust, name=name)
    make.member(Role.PREVENT_LEAD, school)
    make.plan(school)
    return school


def staff_of(school: School) -> Select[tuple[StaffMember]]:
    return select(StaffMember).where(StaffMember.school_id == school.id)


def count(make: Factory, model: type[Any]) -> int:
    make.session.expire_all()
    return make.session.scalar(select(func.count()).select_from(model)) or 0


# Who may open them


@EACH_PAGE
@pytest.mark.parametrize("role", [Role.TRUST_LEAD, Role.TRUST_READER])
def test_the_trusts_own_people_open_every_page(
    client: FlaskClient, make: Factory, trust: Trust, role: Role, page: str
) -> None:
    make.school(trust=trust)
    sign_in(client, make.member(role, trust))
    assert client.get(f"/trusts/{trust.id}{page}").status_code == 200


@EACH_PAGE
def test_another_trusts_lead_finds_nothing(client: FlaskClient, make: Factory, trust: Trust, page: str) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, make.trust()))
    assert client.get(f"/trusts/{trust.id}{page}").status_code == 404
    assert client.get(f"/trusts/{uuid.uuid4()}{page}").status_code == 404


@EACH_PAGE
def test_a_schools_prevent_lead_finds_nothing(client: FlaskClient, make: Factory, trust: Trust, page: str) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, make.school(trust=trust)))
    assert client.get(f"/trusts/{trust.id}{page}").status_code == 404


@EACH_PAGE
def test_a_school_of_another_trust_or_one_that_left_is_on_no_page(
    lead: FlaskClient, make: Factory, trust: Trust, page: str
) -> None:
    ours = with_gap(make, trust, "Alder School", leads=0)
    with_gap(make, make.trust(), "Elsewhere School")
    gone = with_gap(make, trust, "Gone School")
    membership = make.session.scalars(select(TrustMembership).where(TrustMembership.school_id == gone.id)).one()
    membership.left_on = date(2026, 8, 31)
    make.session.commit()
    text = words(lead.get(f"/trusts/{trust.id}{page}"))
    assert ours.name in text
    assert "Elsewhere School" not in text
    assert "Gone School" not in text


@EACH_PAGE
def test_a_trust_without_schools_is_told_so(lead: FlaskClient, trust: Trust, page: str) -> None:
    text = words(lead.get(f"/trusts/{trust.id}{page}"))
    assert any(said in text for said in ("No schools yet", "No school matches", "Nothing to chase today"))


@EACH_PAGE
def test_no_member_of_staff_is_named(lead: FlaskClient, make: Factory, trust: Trust, page: str) -> None:
    with_gap(make, trust, "Alder School")
    text = words(lead.get(f"/trusts/{trust.id}{page}"))
    assert "Zebedee" not in text
    assert "Thrupplewick" not in text


# Overview


def test_the_schools_that_need_somebody_come_in_the_order_of_what_weighs_most(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    in_order(make, trust)
    late = make.school(trust=trust, name="Alder School")
    answer(make, late, ActionStatus.PARTLY_MET, due_on=date(2026, 10, 1))
    make.member(Role.PREVENT_LEAD, late)
    make.member(Role.PREVENT_LEAD, make.school(trust=trust, name="Birch School"))
    make.plan(make.school(trust=trust, name="Cedar School"))
    response = lead.get(f"/trusts/{trust.id}")
    steps = [step.get_text(" ", strip=True) for step in page(response).select(".pt-step")]
    assert [step.split(" School")[0] for step in steps] == ["Cedar", "Birch", "Alder"]
    assert "Nobody can sign in as its Prevent lead" in steps[0]
    assert "It has no action plan here yet" in steps[1]
    assert "Red: " in steps[2]
    assert "1 action overdue" in steps[2]
    assert "3 schools need you this week, of 4" in words(response)


def test_gaps_alone_press_on_nobody(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    """Half of the staff hold everything, so that what is measured is partly met: amber, and not red."""
    school = in_order(make, trust)
    make.staff(school, StaffRole.SUPPORT)
    holder = make.staff(school, StaffRole.SUPPORT)
    for key in make.session.scalars(select(Course.key)).all():
        make.completion(holder, key, on=today())
    for key in make.session.scalars(select(Document.key)).all():
        make.confirmation(holder, key, on=today())
    assert "No school needs you today" in words(lead.get(f"/trusts/{trust.id}"))


def test_a_review_of_filtering_presses_once_it_is_overdue_and_one_that_was_never_recorded_is_a_gap(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    in_order(make, trust, "Alder School")  # has none, and nothing else that presses
    late = in_order(make, trust, "Birch School")
    none = make.school(trust=trust, name="Elm School")
    make.member(Role.PREVENT_LEAD, none)
    answer(make, none, ActionStatus.NOT_MET, due_on=date(2026, 10, 1))
    for name in ("Cedar School", "Dogwood School"):
        make.filtering_review(in_order(make, trust, name), today() - timedelta(days=20))
    recorded = datetime.combine(today() - timedelta(days=380), time(12), UTC)
    make.filtering_review(late, today() - timedelta(days=380), recorded_from=recorded)
    response = lead.get(f"/trusts/{trust.id}")
    steps = [each.get_text(" ", strip=True) for each in page(response).select(".pt-step")]
    assert [step.split(" School")[0] for step in steps] == ["Elm", "Birch"]
    assert "No review of filtering and monitoring is recorded" in steps[0]
    assert "The review of filtering and monitoring was due by" in steps[1]
    assert "Filtering reviewed within a year 20% 40%" in words(response)  # a month ago that of Birch School was in time


def test_one_gap_is_not_called_several(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School", leads=0)
    (member,) = make.session.scalars(staff_of(school))
    for key in make.session.scalars(select(Course.key).where(Course.key != "prevent-awareness")).all():
        make.completion(member, key, on=today())
    assert "1 gap in training" in words(lead.get(f"/trusts/{trust.id}"))


def test_the_first_ten_are_shown_and_the_others_named_as_being_elsewhere(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    for _ in range(11):
        make.school(trust=trust)
    response = lead.get(f"/trusts/{trust.id}")
    assert len(page(response).select(".pt-step")) == 10
    assert "These are the 10 most pressing" in words(response)


def test_the_change_since_a_month_ago_stands_beside_today(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = make.school(trust=trust)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    action = next(each for each in make.actions(make.plan(school)) if not each.measure)
    before = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    before.recorded_until = yesterday
    make.session.commit()
    values = {"status": ActionStatus.NOT_MET, "due_on": date(2026, 9, 2), "recorded_from": yesterday}
    make.add(PlanAnswer(school_id=school.id, action_id=action.id, **values))
    rows = page(lead.get(f"/trusts/{trust.id}")).select("tbody tr")
    changes = {row.th.get_text(): [cell.get_text() for cell in row.select("td")] for row in rows if row.th}
    assert changes["Actions overdue"] == ["0", "1"]
    assert changes["Actions answered"][0] == "0%"


# Compare


def past_and_present(make: Factory, trust: Trust) -> School:
    """A school that met one action on 15 October 2026."""
    school = make.school(trust=trust, name="Alder School")
    action = next(each for each in make.actions(make.plan(school)) if not each.measure)
    before = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    before.recorded_until = CHANGED
    make.session.commit()
    values = {"status": ActionStatus.MET, "recorded_from": CHANGED}
    make.add(PlanAnswer(school_id=school.id, action_id=action.id, **values))
    return school


@pytest.mark.parametrize("where", ["compare", "reports"])
def test_the_day_in_the_address_decides_what_is_shown(
    reader: FlaskClient, make: Factory, trust: Trust, where: str
) -> None:
    past_and_present(make, trust)
    met = [
        row_of(reader.get(f"/trusts/{trust.id}/{where}{day}"), "sections", "Alder School")[6]
        for day in ("?as_at=2026-10-14", "?as_at=2026-10-15", "")
    ]
    assert met[0] == "0%"
    assert met[1] == met[2] != "0%"
    assert "14 October 2026" in words(reader.get(f"/trusts/{trust.id}/{where}?as_at=2026-10-14"))


@pytest.mark.parametrize("where", ["compare", "reports"])
@pytest.mark.parametrize("asked", ["2999-01-01", "soon", "", "2026-02-30"])
def test_a_day_to_come_or_none_means_today(
    reader: FlaskClient, make: Factory, trust: Trust, where: str, asked: str
) -> None:
    make.school(trust=trust)
    box = page(reader.get(f"/trusts/{trust.id}/{where}?as_at={asked}")).select_one("#as_at")
    assert box is not None
    assert box["value"] == box["max"] == today().isoformat()


def test_a_school_leads_to_its_plan_on_that_day_read_only(reader: FlaskClient, make: Factory, trust: Trust) -> None:
    school = past_and_present(make, trust)
    response = reader.get(f"/trusts/{trust.id}/compare?as_at=2026-10-14")
    links = {str(link["href"]) for link in page(response).find_all("a", string="Alder School")}
    address = f"/schools/{school.id}/plan?as_at=2026-10-14"
    assert links == {address, f"/schools/{school.id}/filtering?as_at=2026-10-14"}
    plan = reader.get(address)
    assert plan.status_code == 200
    assert "Read only" in plan.text


def test_on_a_phone_each_school_has_five_small_states(reader: FlaskClient, make: Factory, trust: Trust) -> None:
    make.school(trust=trust, name="Alder School")
    answer(make, make.school(trust=trust, name="Birch School"), ActionStatus.NOT_MET)
    schools = page(reader.get(f"/trusts/{trust.id}/compare")).select(".pt-schools__one")
    states = [[mark.get_text(strip=True) for mark in each.select(".pt-state--mark")] for each in schools]
    assert [len(each) for each in states] == [5, 5]
    assert all(state.endswith("Not answered") for state in states[0])
    assert sum(state.endswith("Red") for state in states[1]) == 1
    assert states[1][0].startswith("Risk assessment")


@pytest.fixture
def two_kinds(make: Factory, trust: Trust) -> tuple[School, School]:
    alder = make.school(trust=trust, name="Alder School", phase="Primary", authority=make.authority(name="Fenshire"))
    birch = make.school(trust=trust, name="Birch School", phase="Secondary", authority=make.authority(name="Marshire"))
    for school in (alder, birch):
        make.staff(school, StaffRole.TEACHING)
    return alder, birch


@pytest.mark.parametrize(
    "by", [lambda school: f"phase={school.phase}", lambda school: f"authority={school.authority_id}"]
)
def test_every_figure_of_the_comparison_follows_the_filter(
    reader: FlaskClient, trust: Trust, two_kinds: tuple[School, School], by: Callable[[School], str]
) -> None:
    response = reader.get(f"/trusts/{trust.id}/compare?{by(two_kinds[1])}")
    assert "Alder School" not in words(response)
    for figure in ("sections", "coverage-by-school", "referrals"):
        assert row_of(response, figure, "Birch School")
    coverage = page(response).select("#figure-coverage tbody tr")[0]
    assert [cell.get_text(strip=True) for cell in coverage.select("td")][1] == "1"  # of one teacher, not of two


@pytest.mark.parametrize("key", ["sections", "coverage", "coverage-by-school", "referrals"])
def test_a_figures_file_is_its_table_with_the_same_filters_and_day(
    reader: FlaskClient, trust: Trust, two_kinds: tuple[School, School], key: str
) -> None:
    response = reader.get(f"/trusts/{trust.id}/compare?phase=Secondary&as_at=2026-10-14")
    link = page(response).select_one(f"#figure-{key} .pt-download a")
    assert link is not None
    shown = [
        [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        for row in page(response).select(f"#figure-{key} tbody tr")
    ]
    assert shown
    assert [list(line.values()) for line in lines(reader.get(str(link["href"])))] == shown


def test_what_the_trust_does_not_have_is_no_filter(
    reader: FlaskClient, make: Factory, trust: Trust, two_kinds: tuple[School, School]
) -> None:
    elsewhere = make.authority()
    for query in (f"authority={elsewhere.id}", "authority=none", "phase=Nursery", "course=juggling"):
        text = words(reader.get(f"/trusts/{trust.id}/compare?{query}"))
        assert "Alder School" in text
        assert "Birch School" in text


def test_a_course_can_be_looked_at_school_by_school(
    reader: FlaskClient, make: Factory, trust: Trust, two_kinds: tuple[School, School]
) -> None:
    (member,) = make.session.scalars(staff_of(two_kinds[0]))
    make.completion(member, "safeguarding-annual", on=today())
    response = reader.get(f"/trusts/{trust.id}/compare?course=safeguarding-annual")
    assert row_of(response, "coverage-by-school", "Alder School")[1:] == ["1", "1", "0", "100%"]
    assert row_of(response, "coverage-by-school", "Birch School")[1:] == ["0", "1", "1", "0%"]


# Schools


def test_the_list_says_who_leads_each_school_and_where_nobody_does(
    reader: FlaskClient, make: Factory, trust: Trust
) -> None:
    make.member(Role.PREVENT_LEAD, make.school(trust=trust, name="Alder School"), name="Priya Nair")
    make.membership(
        make.account(name="Olive Old"), Role.PREVENT_LEAD, make.school(trust=trust, name="Birch School"),
        ends_on=date(2026, 1, 1),
    )  # fmt: skip
    rows = page(reader.get(f"/trusts/{trust.id}/schools")).select("tbody tr")
    assert [row.select("td")[0].get_text(strip=True) for row in rows] == ["Priya Nair", "Nobody"]


def test_the_list_is_filtered_and_so_is_its_file(
    reader: FlaskClient, trust: Trust, two_kinds: tuple[School, School]
) -> None:
    response = reader.get(f"/trusts/{trust.id}/schools?phase=Secondary")
    assert [each.get_text(strip=True) for each in page(response).select("tbody th")] == ["Birch School"]
    link = page(response).select_one(".pt-download a")
    assert link is not None
    (line,) = lines(reader.get(str(link["href"])))
    assert (line["School"], line["URN"], line["Plan"], line["Authority"]) == (
        "Birch School", str(two_kinds[1].urn), "No", "Marshire",
    )  # fmt: skip


# Chase


def chase(client: FlaskClient, trust: Trust, *schools: School, **more: str) -> TestResponse:
    form = {"schools": [str(school.id) for school in schools], "message": "", **more}
    return client.post(f"/trusts/{trust.id}/chase", data=form)


def test_what_is_overdue_and_missing_stands_by_school(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School")
    answer(make, school, ActionStatus.NOT_MET, count=2, due_on=date(2026, 10, 1))
    text = words(lead.get(f"/trusts/{trust.id}/chase"))
    assert "2 actions overdue in the plan" in text
    assert "Prevent awareness: 1 of 1 staff are missing it" in text


@pytest.mark.parametrize("has_gap", [True, False])
def test_what_is_only_due_soon_or_is_a_referral_is_not_the_trusts_to_chase(
    lead: FlaskClient, make: Factory, trust: Trust, has_gap: bool
) -> None:
    school = with_gap(make, trust, "Alder School") if has_gap else make.school(trust=trust)
    answer(make, school, ActionStatus.NOT_MET, due_on=today() + timedelta(days=1))
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    make.filtering_review(school, today() - timedelta(days=350))
    text = words(lead.get(f"/trusts/{trust.id}/chase"))
    assert ("Nothing to chase today" in text) is not has_gap
    chase(lead, trust, school)
    for said in (text, *make.session.scalars(select(OutgoingMail.text))):
        assert "due within two weeks" not in said
        assert "review of filtering" not in said.lower()
        assert "referral" not in said
    assert count(make, OutgoingMail) == has_gap


def test_a_review_of_filtering_that_is_overdue_or_was_never_recorded_is_chased(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    schools = {}
    for name, ago in (("Alder School", 400), ("Birch School", None), ("Cedar School", 20)):
        schools[name] = make.school(trust=trust, name=name)
        make.member(Role.PREVENT_LEAD, schools[name])
        if ago is not None:
            make.filtering_review(schools[name], today() - timedelta(days=ago))
    make.member(Role.PREVENT_LEAD, make.school(trust=trust, name="Dogwood School"))  # has not begun
    make.plan(schools["Birch School"])
    due_on = due_after(today() - timedelta(days=400))
    overdue = f"The review of filtering and monitoring was due by {due_on.day} {due_on:%B %Y}"
    text = words(lead.get(f"/trusts/{trust.id}/chase"))
    assert overdue in text
    assert "No review of filtering and monitoring is recorded" in text
    assert "Cedar School" not in text
    assert "Dogwood School" not in text
    found = lines(lead.get(f"/trusts/{trust.id}/chase?format=csv"))
    assert {row["School"]: row["Review of filtering was due by"] for row in found} == {
        "Alder School": due_on.isoformat(),
        "Birch School": "None recorded",
    }
    chase(lead, trust, schools["Alder School"])
    (mail,) = make.session.scalars(select(OutgoingMail.text))
    assert overdue in mail
    assert f"/schools/{schools['Alder School'].id}/filtering" in mail


def test_who_was_reminded_is_said_and_written_down(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School", leads=2)
    assert chase(lead, trust, school).status_code == 303
    assert count(make, Reminder) == count(make, OutgoingMail) == 2
    text = words(lead.get(f"/trusts/{trust.id}/chase"))
    assert "Reminded: Priya Nair (Alder School), Priya Nair1 (Alder School)." in text
    assert "Last chased" in text
    entry = make.session.scalars(select(AuditEntry).where(AuditEntry.act == "schools chased")).one()
    assert (entry.trust_id, entry.detail["leads"]) == (trust.id, 2)
    assert make.session.scalars(select(JobRun.kind)).all() == ["deliver_mail"]


def test_only_the_schools_that_were_ticked_are_reminded(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    ticked, not_ticked = with_gap(make, trust, "Alder School"), with_gap(make, trust, "Birch School")
    chase(lead, trust, ticked)
    assert make.session.scalars(select(Reminder.school_id)).all() == [ticked.id]
    chase(lead, trust, ticked, not_ticked)
    assert sorted(make.session.scalars(select(Reminder.school_id))) == sorted([ticked.id, not_ticked.id])
    text = words(lead.get(f"/trusts/{trust.id}/chase"))
    assert "Reminded: Priya Nair (Birch School)." in text
    assert "Reminded earlier today, so not again: Priya Nair (Alder School)." in text


def test_a_second_trust_lead_does_not_chase_the_same_school_on_the_same_day(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    school = with_gap(make, trust, "Alder School")
    chase(lead, trust, school)
    sign_in(lead, make.member(Role.TRUST_LEAD, trust, name="Second Lead"))
    chase(lead, trust, school)
    assert count(make, OutgoingMail) == 1


def test_a_school_that_was_chased_yesterday_can_be_chased_today(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School")
    chase(lead, trust, school)
    reminder = make.session.scalars(select(Reminder)).one()
    reminder.period = (today() - timedelta(days=1)).isoformat()
    make.session.commit()
    chase(lead, trust, school)
    assert count(make, Reminder) == count(make, OutgoingMail) == 2


def test_a_school_without_a_prevent_lead_is_named_and_cannot_be_ticked(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    school = with_gap(make, trust, "Alder School", leads=0)
    response = lead.get(f"/trusts/{trust.id}/chase")
    assert "Nobody can be reminded: invite a Prevent lead" in words(response)
    assert page(response).select("input[type=checkbox]") == []
    assert chase(lead, trust, school).status_code == 200
    assert count(make, Reminder) == 0


def test_a_reader_sees_what_is_due_and_can_send_nothing(reader: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School")
    response = reader.get(f"/trusts/{trust.id}/chase")
    assert "Prevent awareness: 1 of 1" in words(response)
    assert page(response).select("main button, main input[type=checkbox], main textarea") == []
    assert chase(reader, trust, school).status_code == 404
    assert count(make, Reminder) == count(make, OutgoingMail) == 0


def test_another_trusts_lead_can_send_nothing(client: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School")
    sign_in(client, make.member(Role.TRUST_LEAD, make.trust()))
    assert chase(client, trust, school).status_code == 404
    assert count(make, Reminder) == 0


def test_nothing_ticked_is_said_beside_the_list(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    with_gap(make, trust, "Alder School")
    response = chase(lead, trust)
    assert "Choose at least one school" in words(response)
    assert page(response).title.get_text().startswith("Error: ")  # type: ignore[union-attr]


@pytest.mark.parametrize("typed", ["not an id", "0190a1b2-0000-7000-8000-000000000001"])
def test_a_school_that_is_not_in_the_list_is_refused(
    lead: FlaskClient, make: Factory, trust: Trust, typed: str
) -> None:
    with_gap(make, trust, "Alder School")
    assert lead.post(f"/trusts/{trust.id}/chase", data={"schools": typed, "message": ""}).status_code == 200
    assert count(make, Reminder) == 0


def test_the_line_of_ones_own_may_be_missing(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School")
    assert lead.post(f"/trusts/{trust.id}/chase", data={"schools": str(school.id)}).status_code == 303
    assert "writes:" not in make.session.scalars(select(OutgoingMail.text)).one()


@pytest.mark.parametrize("typed", ["Look at A123456789012 again", "The boy born 3.4.2014 please"])
def test_a_pupil_number_or_a_date_of_birth_does_not_go_into_a_mail(
    lead: FlaskClient, make: Factory, trust: Trust, typed: str
) -> None:
    school = with_gap(make, trust, "Alder School")
    response = chase(lead, trust, school, message=typed)
    assert "Take it out" in words(response)
    assert page(response).select_one("input[name=schools][checked]") is not None  # what was ticked is kept
    assert count(make, Reminder) == count(make, OutgoingMail) == 0


def test_a_line_with_a_number_to_ring_and_a_day_to_come_goes_through(
    lead: FlaskClient, make: Factory, trust: Trust
) -> None:
    school = with_gap(make, trust, "Alder School")
    line = f"Ring me on 01632 960001 before {today() + timedelta(days=9):%d/%m/%Y}"
    assert chase(lead, trust, school, message=line).status_code == 303
    assert line in make.session.scalars(select(OutgoingMail.text)).one()


def test_the_line_of_ones_own_is_text_in_the_mails_html(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    chase(lead, trust, with_gap(make, trust, "Alder School"), message="<a href=x>Click</a>")
    html = make.session.scalars(select(OutgoingMail.html)).one()
    assert "&lt;a href=x&gt;Click&lt;/a&gt;" in html


def test_the_chase_list_as_a_file(lead: FlaskClient, make: Factory, trust: Trust) -> None:
    school = with_gap(make, trust, "Alder School")
    answer(make, school, ActionStatus.NOT_MET, due_on=date(2026, 10, 1))
    (line,) = lines(lead.get(f"/trusts/{trust.id}/chase?format=csv"))
    assert (line["School"], line["Prevent lead"], line["Actions overdue"]) == ("Alder School", "Priya Nair", "1")
    assert int(line["Gaps in training"]) > 0


# Reports


def test_the_report_says_in_words_what_its_tables_say(reader: FlaskClient, make: Factory, trust: Trust) -> None:
    answer(make, make.school(trust=trust, name="Alder School"), ActionStatus.NOT_MET, due_on=date(2026, 10, 1))
    make.school(trust=trust, name="Birch School")
    text = words(reader.get(f"/trusts/{trust.id}/reports"))
    assert "1 school has no action plan here: Birch School." in text
    assert "0 schools are green in all five sections." in text
    assert "1 school has at least one red section : Alder School." in text.replace("section:", "section :")
    assert "1 action is overdue over all schools." in text


@pytest.mark.parametrize("key", ["sections", "coverage", "referrals"])
def test_a_table_of_the_report_is_that_of_the_comparison_on_the_day_and_can_be_downloaded(
    reader: FlaskClient, make: Factory, trust: Trust, key: str
) -> None:
    school = past_and_present(make, trust)
    make.completion(make.staff(school, StaffRole.TEACHING), on=date(2026, 10, 15))
    make.referral(school, made_on=date(2026, 10, 15))
    link = page(reader.get(f"/trusts/{trust.id}/reports?as_at=2026-10-14")).select_one(f"#figure-{key} .pt-download a")
    assert link is not None
    report = lines(reader.get(str(link["href"])))
    on_the_day, the_next_day = (
        lines(reader.get(f"/trusts/{trust.id}/compare?as_at=2026-10-{day}&format={key}")) for day in (14, 15)
    )
    assert report == on_the_day != the_next_day


# Reading


def test_reading_is_counted_by_school_and_document_as_at_the_day(
    reader: FlaskClient, make: Factory, trust: Trust
) -> None:
    alder, birch = make.school(trust=trust, name="Alder School"), make.school(trust=trust, name="Birch School")
    member, _ = make.staff(alder, StaffRole.TEACHING), make.staff(alder, StaffRole.GOVERNOR)
    make.confirmation(member, on=date(2026, 9, 10))
    make.session.commit()
    address = f"/trusts/{trust.id}/reading"
    assert row_of(reader.get(address), "reading-by-school", "Alder School")[1] == "1 of 2"
    assert row_of(reader.get(address), "reading-by-school", "Birch School")[1] == "Nobody must"
    part_one = [row for row in lines(reader.get(f"{address}?format=rows")) if "Part one" in row["Document"]]
    assert [(row["School"], row["Confirmed"], row["Must read it"], row["Missing"]) for row in part_one] == [
        (alder.name, "1", "2", "1")
    ]
    table = lines(reader.get(f"{address}?format=table"))
    assert [row["School"] for row in table] == [alder.name, birch.name]
    earlier = words(reader.get(f"{address}?as_at=2025-08-31"))
    assert "No document had an edition in force" in earlier


def test_reading_takes_as_many_statements_for_four_schools_as_for_one(
    reader: FlaskClient, make: Factory, trust: Trust, web_app: Flask
) -> None:
    with web_app.app_context():
        engine = db.engine

    def statements() -> int:
        seen: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        assert reader.get(f"/trusts/{trust.id}/reading").status_code == 200
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    make.staff(make.school(trust=trust), StaffRole.TEACHING)
    make.session.commit()
    statements()  # the first request also opens what later ones find open
    of_one = statements()
    for _ in range(3):
        make.staff(make.school(trust=trust), StaffRole.TEACHING)
    make.session.commit()
    assert statements() == of_one
