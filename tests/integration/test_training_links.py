"""Asking staff by mail when they did a course, what they say by their link, and that it counts when it is accepted."""

import io
import itertools
import re
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.web.access import today
from blueprints.web.presentation import long_date
from prevent_trust.database import db
from prevent_trust.mail import OutgoingMail
from prevent_trust.signed_links import READING_LINK, signed_ids
from prevent_trust.storage import Storage, StoredFileMissing
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.imports.certificates.models import TrainingCertificate
from tenants.insights.measures.training import training_coverage
from tenants.organisations.models import School
from tenants.reading.campaigns import SentAs
from tenants.staff.models import StaffMember, StaffRole
from tenants.staff.queries import staff_of
from tenants.training.asking.links import ask_about_training, opened_ask
from tenants.training.asking.models import StatementState, TrainingAsk, TrainingLink, TrainingStatement
from tenants.training.asking.statements import accept_statements, say_by_link
from tenants.training.models import CompletionSource, Course, TrainingCompletion
from tenants.training.proofs.models import TrainingFile
from tests.factories import Factory, sign_in
from tests.integration.test_certificates import pdf, read
from tests.processes import Processes

KEY = "prevent-awareness"
TODAY = today()
DUE = (TODAY + timedelta(days=63)).replace(day=28)
DAY = {"due_on-day": "28", "due_on-month": f"{DUE.month}", "due_on-year": f"{DUE.year}"}
DONE = {"completed_on-day": "4", "completed_on-month": "11", "completed_on-year": "2026"}
CERTIFICATE = b"%PDF-1.7 certificate"


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


def page(school: School, then: str) -> str:
    return f"/schools/{school.id}/staff/training/{then}"


def ask(lead: FlaskClient, school: School, people: list[StaffMember], **day: str) -> Any:
    staff = [str(person.id) for person in people if person.email]
    return lead.post(page(school, f"ask?course={KEY}"), data=DAY | day | {"staff": staff})


def mails(make: Factory, kind: str = "training") -> dict[str, OutgoingMail]:
    make.session.rollback()
    rows = make.session.scalars(select(OutgoingMail).where(OutgoingMail.kind == kind)).all()
    assert len({row.to_address for row in rows}) == len(rows), "somebody has two mails"
    return {row.to_address: row for row in rows}


def link_in(mail: OutgoingMail) -> str:
    found = re.search(r"http://localhost(/training/\S+)", mail.text)
    assert found
    return found[1]


def rows_of(make: Factory, model: type[Any]) -> list[Any]:
    make.session.rollback()
    make.session.expire_all()
    return list(make.session.scalars(select(model).order_by(model.created_at)))


def held(app: Flask, school: School) -> int:
    with app.app_context():
        bind_scope(SchoolScope(school.id))
        coverage = training_coverage(SchoolScope(school.id), as_at=today())
        return next(row.numerator for row in coverage if row.key == KEY)


def say(reader: FlaskClient, link: str, file: bytes | None = None, **day: str) -> Any:
    data: dict[str, Any] = DONE | day
    if file is not None:
        data["certificate"] = (io.BytesIO(file), "certificate.pdf")
    return reader.post(link, data=data, content_type="multipart/form-data", follow_redirects=True)


@pytest.fixture
def link(lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]) -> str:
    """Ada's."""
    assert ask(lead, school, people).status_code == 303
    return link_in(mails(make)["ada@school.example"])


def test_those_who_are_missing_it_and_have_an_address_are_ticked_and_asked_once(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    dee = make.staff(school, StaffRole.TEACHING, given_name="Dee", family_name="Finch", email="dee@school.example")
    make.completion(dee)
    shown = lead.get(page(school, f"ask?course={KEY}")).text
    ticked = re.findall(r'value="([0-9a-f-]{36})"[^>]* checked', shown)
    assert set(ticked) == {str(person.id) for person in people[:2]}
    assert "Missing it and without an email address: 1" in shown
    ask(lead, school, people)
    ask(lead, school, people)
    assert set(mails(make)) == {"ada@school.example", "bea@school.example"}
    assert long_date(DUE) in lead.get(page(school, f"ask?course={KEY}")).text
    ask(lead, school, [*people, dee])
    assert set(mails(make)) == {"ada@school.example", "bea@school.example", "dee@school.example"}


@pytest.mark.parametrize("years", [-6, 5])
def test_a_day_that_cannot_be_is_refused_and_nobody_is_written_to(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], years: int
) -> None:
    answer = ask(lead, school, people, **{"due_on-year": f"{DUE.year + years}"})
    assert "today or within a year" in answer.text
    assert "Choose at least one person" in lead.post(page(school, f"ask?course={KEY}"), data=DAY).text
    assert mails(make) == {}


def test_looking_says_nothing_and_what_is_said_counts_only_when_it_is_accepted(
    client: FlaskClient, make: Factory, web_app: Flask, school: School, people: list[StaffMember], link: str
) -> None:
    reader = web_app.test_client()  # without an account
    for _ in range(2):
        assert "This link is for Ada Finch alone" in reader.get(link).text
        reader.head(link)
    assert rows_of(make, TrainingStatement) == []
    for _ in range(2):
        assert "The school will look at it" in say(reader, link, CERTIFICATE).text
    (said,) = rows_of(make, TrainingStatement)
    assert (said.staff_id, said.completed_on, said.state) == (people[0].id, date(2026, 11, 4), StatementState.WAITING)
    assert held(web_app, school) == 0
    assert "1 answer of staff about their training waits for you" in client.get(f"/schools/{school.id}/staff").text
    client.post(page(school, "said"), data={"statements": str(said.id)})
    assert held(web_app, school) == 1
    (row,) = rows_of(make, TrainingCompletion)
    assert (row.completed_on, row.source) == (date(2026, 11, 4), CompletionSource.LINK)
    shown = client.get(f"/schools/{school.id}/staff/{people[0].id}").text
    assert "Said by themselves and accepted" in shown
    assert "certificate.pdf" in shown
    assert "The school has accepted" in reader.get(link).text
    say(reader, link, **{"completed_on-day": "5"})
    assert len(rows_of(make, TrainingStatement)) == 1
    assert "waits for you" not in client.get(f"/schools/{school.id}/staff").text


def test_what_is_said_anew_takes_the_place_and_the_page_of_before_accepts_nothing(
    client: FlaskClient, make: Factory, web_app: Flask, school: School, link: str
) -> None:
    reader = web_app.test_client()
    say(reader, link, CERTIFICATE)
    (before,) = rows_of(make, TrainingStatement)
    (file,) = rows_of(make, TrainingFile)
    seen, key = str(before.id), file.storage_key
    say(reader, link, b"%PDF-1.7 another", **{"completed_on-day": "5"})
    answer = client.post(page(school, "said"), data={"statements": seen}, follow_redirects=True)
    assert "decided meanwhile" in answer.text
    client.post(page(school, "said"), data={"all": "yes", "shown": seen})
    assert rows_of(make, TrainingCompletion) == []
    say(reader, link, **{"completed_on-day": "6"})
    (now,) = rows_of(make, TrainingStatement)
    (kept,) = rows_of(make, TrainingFile)
    assert (now.completed_on.day, now.file_id) == (6, kept.id)
    storage: Storage = web_app.extensions["storage"]
    with storage.open(kept.storage_key) as stream:
        assert stream.read() == b"%PDF-1.7 another"
    with pytest.raises(StoredFileMissing), storage.open(key):
        pass


def test_a_refusal_needs_a_reason_which_is_mailed_and_it_can_be_said_again(
    client: FlaskClient, make: Factory, web_app: Flask, school: School, link: str
) -> None:
    reader = web_app.test_client()
    say(reader, link)
    (said,) = rows_of(make, TrainingStatement)
    refuse = page(school, f"said/{said.id}/refuse")
    assert "Enter why" in client.post(refuse, data={"reason": " "}).text
    for _ in range(2):
        client.post(refuse, data={"reason": "The certificate is for another course"})
    mail = mails(make, "training_refused")["ada@school.example"]
    assert "another course" in mail.text
    assert link_in(mail) == link
    assert "another course" in reader.get(link).text
    client.post(page(school, "said"), data={"statements": str(said.id)})
    assert rows_of(make, TrainingCompletion) == []
    say(reader, link, CERTIFICATE)
    _, again = rows_of(make, TrainingStatement)
    client.post(page(school, "said"), data={"all": "yes", "shown": str(again.id)})
    assert held(web_app, school) == 1
    listed = client.get(page(school, "said?format=csv")).text
    assert "Refused,The certificate is for another course,Priya Nair" in listed
    assert "Accepted,,Priya Nair" in listed


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"completed_on-year": "2099"}, "must be today or in the past"),
        ({"completed_on-day": "31"}, "must be a real date"),
        ({"file": b"MZ program"}, "This kind of file is not taken"),
    ],
)
def test_what_cannot_be_is_told_beside_the_field_and_nothing_is_kept(
    make: Factory, web_app: Flask, link: str, sent: dict[str, Any], words: str
) -> None:
    assert words in say(web_app.test_client(), link, **sent).text
    assert rows_of(make, TrainingStatement) == []
    assert rows_of(make, TrainingFile) == []


@pytest.mark.parametrize("reason", ["expired", "withdrawn", "left"])
def test_a_link_that_is_over_says_nothing(
    client: FlaskClient,
    make: Factory,
    web_app: Flask,
    school: School,
    people: list[StaffMember],
    link: str,
    reason: str,
) -> None:
    if reason == "expired":
        make.session.execute(sa.update(TrainingAsk).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    elif reason == "withdrawn":
        withdraw = page(school, f"asks/{rows_of(make, TrainingAsk)[0].id}/withdraw")
        assert "Withdraw the links?" in client.get(withdraw).text
        assert web_app.test_client().get(link).status_code == 200, "looking withdraws nothing"
        client.post(withdraw)
    else:
        left = sa.update(StaffMember).where(StaffMember.id == people[0].id).values(leaves_on=date(2020, 1, 1))
        make.session.execute(left)
    make.session.commit()
    assert web_app.test_client().get(link).status_code == 410
    assert say(web_app.test_client(), link, CERTIFICATE).status_code == 410
    assert rows_of(make, TrainingStatement) == []
    assert rows_of(make, TrainingFile) == []


def test_a_link_of_another_kind_or_one_that_was_changed_does_not_exist(
    make: Factory, web_app: Flask, school: School, link: str
) -> None:
    reader = web_app.test_client()
    assert reader.get(f"{link}x").status_code == 404
    with web_app.app_context():
        token = signed_ids(READING_LINK, school.id, rows_of(make, TrainingLink)[0].id)
    assert reader.get(f"/training/{token}").status_code == 404


def asking(school: School) -> Callable[[], object]:
    school_id = school.id

    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        course = db.session.scalars(select(Course).where(Course.key == KEY)).one()
        ask_about_training(
            scope, course=course, people=staff_of(scope, as_at=TODAY), due_on=DUE, today=TODAY,
            made_by=None, sent_as=SentAs("Mallard", "Priya Nair", lambda key: f"http://localhost/training/{key}"),
        )  # fmt: skip
        db.session.commit()

    return work


def pairs(make: Factory) -> list[tuple[str, uuid.UUID]]:
    """Each mail with the person whose link is in it."""
    make.session.rollback()
    query = select(OutgoingMail.to_address, TrainingLink.staff_id, OutgoingMail.text, TrainingLink.id).outerjoin(
        TrainingLink, TrainingLink.mail_id == OutgoingMail.id
    )
    found = make.session.execute(query).all()
    assert all(str(link_id) in text for _, _, text, link_id in found), "a mail has another's link, or none"
    return [(address, staff_id) for address, staff_id, _, _ in found]


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
        make.session.execute(sa.delete(TrainingAsk))
        make.session.execute(sa.delete(OutgoingMail))
        make.session.commit()
    assert points > 8
    assert sorted(pairs(make)) == expected


def test_two_who_ask_at_once_send_one_mail_to_each(
    web: Flask, make: Factory, school: School, people: list[StaffMember], processes: Processes
) -> None:
    assert processes.at_once(asking(school), asking(school), asking(school)) == [0, 0, 0]
    assert sorted(pairs(make)) == sorted((str(person.email), person.id) for person in people if person.email)


def saying(school: School, link_id: uuid.UUID, storage: Storage) -> Callable[[], object]:
    scope = SchoolScope(school.id)

    def work() -> None:
        bind_scope(scope)
        link = opened_ask(scope, link_id, today=TODAY)
        assert link
        say_by_link(scope, link, completed_on=date(2026, 11, 4), file_id=None, today=TODAY, storage=storage)
        db.session.commit()

    return work


def test_tapped_twice_at_once_one_answer_waits_and_accepted_twice_at_once_it_is_one_completion(
    web: Flask, make: Factory, school: School, people: list[StaffMember], processes: Processes
) -> None:
    assert processes.at_once(asking(school)) == [0]
    link = next(each for each in rows_of(make, TrainingLink) if each.staff_id == people[0].id)
    work = saying(school, link.id, web.extensions["storage"])
    assert processes.at_once(work, work, work) == [0, 0, 0]
    (said,) = rows_of(make, TrainingStatement)
    said_id, scope = said.id, SchoolScope(school.id)

    def accept() -> None:
        bind_scope(scope)
        accept_statements(scope, statement_ids=[said_id], decided_by=None)
        db.session.commit()

    assert processes.at_once(accept, accept) == [0, 0]
    assert len(rows_of(make, TrainingCompletion)) == 1
    assert processes.at_once(work) == [0]
    (kept,) = rows_of(make, TrainingStatement)
    assert kept.state is StatementState.ACCEPTED


def test_a_certificate_that_is_added_to_what_somebody_says_is_read_beside_it(
    lead: FlaskClient, make: Factory, web_app: Flask, worker_app: Flask, school: School, link: str
) -> None:
    reader = web_app.test_client()
    words = "This is to certify that \\ Ada Finch \\ has completed \\ Prevent awareness \\ on {} November 2026"
    for day, told in (
        (4, "The certificate says the same."),
        (3, "Look at the certificate: its day is 3 November 2026."),
    ):
        say(reader, link, pdf(words.format(day)))
        assert "The certificate is not read yet." in lead.get(page(school, "said")).text
        read(worker_app, make)
        assert told in lead.get(page(school, "said")).text
    say(reader, link)  # said again without a file: the file stays and is read for what is said now
    read(worker_app, make)
    assert "its day is 3 November 2026" in lead.get(page(school, "said")).text
    assert "3 November" not in lead.get(page(school, "certificates")).text
    assert len(rows_of(make, TrainingCertificate)) == 1
    assert lead.post(page(school, "said"), data={"all": "yes", "shown": _waiting_id(make)}).status_code == 303
    assert rows_of(make, TrainingCertificate) == []
    assert [row.completed_on for row in rows_of(make, TrainingCompletion)] == [date(2026, 11, 4)]
    assert len(rows_of(make, TrainingFile)) == 1


def _waiting_id(make: Factory) -> str:
    (row,) = rows_of(make, TrainingStatement)
    return str(row.id)
