"""Asking staff by mail to read and confirm, and what they do with the link."""

import itertools
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.mail import OutgoingMail
from prevent_trust.mail_senders.types import MailState
from prevent_trust.signed_links import PLAN_LINK, signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.organisations.models import School
from tenants.reading.campaigns import SentAs, ask_by_mail
from tenants.reading.models import ConfirmationSource, ReadingCampaign, ReadingConfirmation, ReadingLink
from tenants.reading.queries import document_in_force, edition_sha256
from tenants.reminders.rule_book import built_in_rule, in_words
from tenants.staff.models import StaffMember, StaffRole
from tenants.staff.queries import staff_of
from tests.factories import Factory, sign_in
from tests.processes import Processes

KEY = "kcsie-part-one"
TODAY = today()
DUE = TODAY + timedelta(days=60)
DAY = {"due_on-day": str(DUE.day), "due_on-month": str(DUE.month), "due_on-year": str(DUE.year)}


@pytest.fixture
def school(make: Factory) -> School:
    return make.school(name="Mallard Primary School")


@pytest.fixture
def people(make: Factory, school: School) -> list[StaffMember]:
    """Ada and Bea have an address, Cyd has none."""
    return [
        make.staff(school, StaffRole.TEACHING, given_name=name, family_name="Finch", email=email)
        for name, email in (("Ada", "ada@school.example"), ("Bea", "bea@school.example"), ("Cyd", None))
    ]


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school, name="Priya Nair"))
    return client


def page(school: School, then: str = "") -> str:
    return f"/schools/{school.id}/reading/{KEY}{then}"


def mails(make: Factory) -> dict[str, OutgoingMail]:
    make.session.rollback()
    rows = make.session.scalars(select(OutgoingMail).where(OutgoingMail.kind == "reading")).all()
    assert len({row.to_address for row in rows}) == len(rows), "somebody has two mails"
    return {row.to_address: row for row in rows}


def link_in(mail: OutgoingMail) -> str:
    found = re.search(r"http://localhost(/read/\S+)", mail.text)
    assert found
    return found[1]


def confirmations(make: Factory) -> list[ReadingConfirmation]:
    make.session.rollback()
    return list(make.session.scalars(select(ReadingConfirmation)))


def ask(lead: FlaskClient, school: School) -> None:
    assert lead.post(page(school, "/ask"), data=DAY).status_code == 303


@pytest.fixture
def link(lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]) -> str:
    """Ada's."""
    ask(lead, school)
    return link_in(mails(make)["ada@school.example"])


def test_the_lead_sees_who_gets_a_link_and_who_has_no_address(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    shown = lead.get(page(school, "/ask")).text
    assert "Will be sent a link: 2" in shown
    assert "Have no email address: 1" in shown
    assert mails(make) == {}


def test_those_who_have_not_confirmed_get_one_mail_each_however_often_they_are_asked(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    dee = make.staff(school, StaffRole.TEACHING, given_name="Dee", family_name="Finch", email="dee@school.example")
    make.confirmation(dee)
    ask(lead, school)
    ask(lead, school)
    assert set(mails(make)) == {"ada@school.example", "bea@school.example"}
    make.staff(school, StaffRole.SUPPORT, given_name="Eve", family_name="Finch", email="eve@school.example")
    ask(lead, school)
    assert set(mails(make)) == {"ada@school.example", "bea@school.example", "eve@school.example"}
    assert lead.get(page(school)).text.count("Asked on") == 3


@pytest.mark.parametrize(("year", "words"), [("2020", "today or within a year"), ("2031", "today or within a year")])
def test_a_day_that_cannot_be_is_refused_and_nobody_is_written_to(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], year: str, words: str
) -> None:
    answer = lead.post(page(school, "/ask"), data=DAY | {"due_on-year": year})
    assert answer.status_code == 200
    assert words in answer.text
    assert mails(make) == {}


def test_looking_at_the_link_confirms_nothing_and_the_button_confirms_once(
    client: FlaskClient, make: Factory, web_app: Flask, people: list[StaffMember], link: str
) -> None:
    reader = web_app.test_client()  # without an account
    for _ in range(2):
        shown = reader.get(link)
        assert "This link is for Ada Finch alone" in shown.text
        reader.head(link)
    assert confirmations(make) == []
    for _ in range(2):
        assert "You have confirmed" in reader.post(link, follow_redirects=True).text
    (row,) = confirmations(make)
    assert (row.staff_id, row.source, row.recorded_by) == (people[0].id, ConfirmationSource.LINK, None)
    with web_app.app_context():
        assert row.edition_sha256 == edition_sha256(make.document_edition(KEY).id)
    assert "By the link mailed to them" in client.get(f"/schools/{row.school_id}/reading/{KEY}").text


@pytest.mark.parametrize("reason", ["expired", "withdrawn", "left", "replaced"])
def test_a_link_that_is_over_confirms_nothing(
    make: Factory, web_app: Flask, people: list[StaffMember], link: str, reason: str
) -> None:
    if reason == "expired":
        make.session.execute(sa.update(ReadingCampaign).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    elif reason == "withdrawn":
        make.session.execute(sa.update(ReadingCampaign).values(withdrawn_at=datetime.now(UTC)))
    elif reason == "left":
        make.session.execute(
            sa.update(StaffMember).where(StaffMember.id == people[0].id).values(leaves_on=date(2020, 1, 1))
        )
    else:
        other = make.document_edition("safeguarding-policy")
        make.session.execute(sa.update(ReadingCampaign).values(document_edition_id=other.id))
        make.session.execute(
            sa.text("update document_edition set in_force_from = '2099-09-01' where id = :id"), {"id": other.id}
        )
    make.session.commit()
    try:
        reader = web_app.test_client()
        assert reader.get(link).status_code == 410
        reader.post(link)
        assert confirmations(make) == []
    finally:
        make.session.execute(
            sa.text("update document_edition set in_force_from = '2026-09-01' where in_force_from = '2099-09-01'")
        )
        make.session.commit()


def test_a_link_of_another_kind_or_one_that_was_changed_does_not_exist(
    make: Factory, web_app: Flask, school: School, link: str
) -> None:
    reader = web_app.test_client()
    assert reader.get(f"{link}x").status_code == 404
    row = make.session.scalars(select(ReadingLink)).first()
    assert row
    with web_app.app_context():
        token = signed_ids(PLAN_LINK, school.id, row.id)
    assert reader.get(f"/read/{token}").status_code == 404


def test_after_the_links_are_withdrawn_whoever_is_still_missing_is_asked_anew(
    lead: FlaskClient, make: Factory, web_app: Flask, school: School, link: str
) -> None:
    assert "Withdraw the links?" in lead.get(page(school, "/withdraw")).text
    assert web_app.test_client().get(link).status_code == 200, "looking withdraws nothing"
    lead.post(page(school, "/withdraw"))
    assert web_app.test_client().get(link).status_code == 410
    ask(lead, school)
    addresses = make.session.scalars(select(OutgoingMail.to_address).where(OutgoingMail.kind == "reading")).all()
    assert sorted(addresses) == ["ada@school.example"] * 2 + ["bea@school.example"] * 2


def asking(school: School) -> Callable[[], object]:
    school_id = school.id

    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        document = document_in_force(scope, KEY, TODAY)
        assert document
        ask_by_mail(
            scope, document=document, people=staff_of(scope, as_at=TODAY), due_on=DUE, today=TODAY,
            made_by=None, sent_as=SentAs("Mallard", "Priya Nair", lambda key: f"http://localhost/read/{key}"),
        )  # fmt: skip
        db.session.commit()

    return work


def pairs(make: Factory) -> list[tuple[str, uuid.UUID]]:
    """Each mail with the person whose link is in it."""
    make.session.rollback()
    return [
        (row.to_address, row.staff_id)
        for row in make.session.execute(
            select(OutgoingMail.to_address, ReadingLink.staff_id).outerjoin(
                ReadingLink, ReadingLink.mail_id == OutgoingMail.id
            )
        )
    ]


@pytest.mark.parametrize("way", ["the process is killed", "the database hangs up"])
def test_killed_before_any_step_and_done_again_everybody_has_one_link_and_one_mail(
    web: Flask, make: Factory, school: School, people: list[StaffMember], processes: Processes, way: str
) -> None:
    work = asking(school)
    expected = sorted((str(person.email), person.id) for person in people if person.email)
    broken = processes.dies if way == "the process is killed" else processes.loses_its_connection
    points = 0
    for number in itertools.count(1):
        if not broken(work, before_step=number):
            break
        points += 1
        assert pairs(make) == [], f"half of it was written before step {number}"
        assert processes.at_once(work) == [0]
        assert sorted(pairs(make)) == expected
        make.session.execute(sa.delete(ReadingCampaign))
        make.session.execute(sa.delete(OutgoingMail))
        make.session.commit()
    assert points > 8
    assert sorted(pairs(make)) == expected


def test_two_who_ask_at_once_send_one_mail_to_each(
    web: Flask, make: Factory, school: School, people: list[StaffMember], processes: Processes
) -> None:
    assert processes.at_once(asking(school), asking(school), asking(school)) == [0, 0, 0]
    assert sorted(pairs(make)) == sorted((str(person.email), person.id) for person in people if person.email)


def listed(lead: FlaskClient, school: School, query: str) -> list[str]:
    """The first names in the download, of those who have not confirmed and then of those who have."""
    lines = lead.get(f"{page(school)}?format=csv&{query}").text.splitlines()[1:]
    return [line.split()[0].strip('"') for line in lines]


def test_who_has_not_confirmed_is_filtered_by_role_and_by_whether_they_were_asked(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    ask(lead, school)
    make.session.execute(
        sa.update(OutgoingMail).where(OutgoingMail.to_address == "bea@school.example").values(state=MailState.BOUNCED)
    )
    make.session.commit()
    make.confirmation(make.staff(school, StaffRole.SUPPORT, given_name="Dee", family_name="Finch"))
    assert listed(lead, school, "") == ["Ada", "Bea", "Cyd", "Dee"]
    assert listed(lead, school, "asked=yes") == ["Ada", "Bea"]
    assert listed(lead, school, "asked=no") == ["Cyd", "Dee"]
    assert listed(lead, school, "asked=back") == ["Bea"]
    assert listed(lead, school, "role=support") == ["Dee"]
    assert listed(lead, school, "role=teaching&asked=no") == ["Cyd"]
    assert listed(lead, school, "role=nonsense&asked=nonsense") == ["Ada", "Bea", "Cyd", "Dee"]
    shown = lead.get(f"{page(school)}?asked=back").text
    assert "Not confirmed yet: 1" in shown
    assert "Bea Finch" in shown
    assert "Ada Finch" not in shown
    assert "1 of 4" in shown, "the figure stays everybody's"
    assert "Nobody matches" in lead.get(f"{page(school)}?role=support&asked=back").text


def test_somebody_ticked_is_recorded_and_the_filter_stays(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    signed = {"staff": str(people[2].id), "source": "paper"}
    day = {"confirmed_on-day": "26", "confirmed_on-month": "11", "confirmed_on-year": "2026"}
    answer = lead.post(f"{page(school)}?asked=no", data=signed | day)
    assert (answer.status_code, answer.location) == (303, f"{page(school)}?asked=no")
    (row,) = confirmations(make)
    assert (row.staff_id, row.source) == (people[2].id, ConfirmationSource.PAPER)


def test_the_page_says_when_people_are_reminded_and_leads_to_where_that_is_changed(
    lead: FlaskClient, school: School, people: list[StaffMember]
) -> None:
    rule = f"/schools/{school.id}/reminders/rules/own-reading"
    shown = lead.get(page(school)).text
    assert f'href="{rule}"' in shown
    own_reading = built_in_rule("own-reading")
    assert own_reading
    assert in_words(own_reading) in unescape(shown)


@pytest.mark.parametrize(
    ("where", "field", "day", "words"),
    [
        (f"/reading/{KEY}", "confirmed_on", ("", "", ""), "Enter the day of confirmation"),
        (f"/reading/{KEY}", "confirmed_on", ("31", "2", "2026"), "Day of confirmation must be a real date"),
        ("/staff/training", "completed_on", ("", "", ""), "Enter the day of completion"),
        ("/staff/training", "completed_on", ("3", "", "2026"), "Day of completion must include a month"),
    ],
)
def test_what_is_wrong_with_a_day_is_a_sentence(
    lead: FlaskClient,
    school: School,
    people: list[StaffMember],
    where: str,
    field: str,
    day: tuple[str, ...],
    words: str,
) -> None:
    boxes = dict(zip((f"{field}-day", f"{field}-month", f"{field}-year"), day, strict=True))
    shown = unescape(lead.post(f"/schools/{school.id}{where}", data=boxes).text)
    assert re.search(rf">\s*{words}", shown), "the sentence begins in capitals"
