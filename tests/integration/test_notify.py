"""Mail by GOV.UK Notify: each mail once, also when we die between its going and our knowing; and what Notify reports."""

import itertools
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun
from prevent_trust.mail import OutgoingMail, deliver_mail, queue_mail_once
from prevent_trust.mail_senders import sender_from_url
from prevent_trust.mail_senders.notify import NotifySender
from prevent_trust.mail_senders.types import MailState
from prevent_trust.tenancy import PlatformScope, bind_scope
from tests.factories import Factory
from tests.notify_server import API_KEY, SECRET, SERVICE, TEMPLATE, NotifyServer
from tests.processes import Processes

TOKEN = "a token for receipts that is long enough"


@pytest.fixture
def notify() -> Iterator[NotifyServer]:
    server = NotifyServer()
    yield server
    server.close()


def write_mail(subject: str = "Hello") -> None:
    bind_scope(PlatformScope())
    queue_mail_once(
        once_key=f"test:{subject}", scope="platform:", kind="test", to_address="lead@school.example", to_name="Priya",
        subject=subject, plain="Words\n", html="<p>Words</p>", stop_address="https://trust.example/stop",
    )  # fmt: skip
    db.session.commit()


def deliver(notify: NotifyServer, key: str = API_KEY) -> int:
    bind_scope(PlatformScope())
    return deliver_mail(sender=NotifySender(notify.url, key), mail_from="no-reply@trust.example")


def mail_of(make: Factory, subject: str = "Hello") -> OutgoingMail:
    make.session.expire_all()
    return make.session.scalars(select(OutgoingMail).where(OutgoingMail.subject == subject)).one()


def time_passes(make: Factory) -> None:
    hour = timedelta(hours=1)
    make.session.execute(
        sa.update(OutgoingMail).values(
            try_after=OutgoingMail.try_after - hour, finished_at=OutgoingMail.finished_at - hour
        )
    )
    make.session.commit()


def test_a_mail_goes_with_its_words_its_reference_and_a_way_to_stop_it(
    worker: Flask, make: Factory, notify: NotifyServer
) -> None:
    write_mail()
    assert deliver(notify) == 1
    (body,) = notify.taken
    assert body == {
        "email_address": "lead@school.example",
        "template_id": TEMPLATE,
        "personalisation": {"subject": "Hello", "body": "Words\n"},
        "reference": str(mail_of(make).id),
        "one_click_unsubscribe_url": "https://trust.example/stop",
    }
    assert mail_of(make).state is MailState.SENT
    assert notify.asked_for == []


@pytest.mark.parametrize("way", ["killed", "without its database"])
def test_before_any_statement_whatever_dies_each_mail_goes_exactly_once(
    worker: Flask, make: Factory, processes: Processes, notify: NotifyServer, way: str
) -> None:
    broken = processes.dies if way == "killed" else processes.loses_its_connection
    seen = set()
    for number in itertools.count(1):
        subject = f"Number {number}"
        write_mail(subject)
        if not broken(lambda: deliver(notify), before_step=number):
            break
        seen.add((mail_of(make, subject).state, sum(_is(each, subject) for each in notify.taken)))
        time_passes(make)
        deliver(notify)
        assert mail_of(make, subject).state is MailState.SENT, f"broken before step {number}"
        assert sum(_is(each, subject) for each in notify.taken) == 1, f"broken before step {number}"
    assert seen >= {(MailState.WAITING, 0), (MailState.HANDED_OVER, 1)}


def _is(body: dict[str, dict[str, str]], subject: str) -> bool:
    return body["personalisation"]["subject"] == subject


@pytest.mark.parametrize("takes_anyway", [True, False])
def test_after_a_fault_of_notify_it_is_asked_whether_it_has_the_mail(
    worker: Flask, make: Factory, notify: NotifyServer, takes_anyway: bool
) -> None:
    notify.answers, notify.takes_anyway = [(500, "Internal server error")], takes_anyway
    write_mail()
    deliver(notify)
    assert notify.asked_for == [str(mail_of(make).id)]
    assert mail_of(make).state is (MailState.SENT if takes_anyway else MailState.WAITING)
    time_passes(make)
    deliver(notify)
    assert len(notify.taken) == 1
    assert mail_of(make).state is MailState.SENT


@pytest.mark.parametrize("took_it", [True, False])
def test_a_mail_whose_line_broke_is_looked_for_before_it_is_sent_again(
    worker: Flask, make: Factory, notify: NotifyServer, took_it: bool
) -> None:
    notify.hangs_up, notify.takes_anyway = True, took_it
    notify.answers = [] if took_it else [(503, "Away")]
    write_mail()
    assert deliver(notify) == 0
    assert mail_of(make).state is MailState.HANDED_OVER
    notify.hangs_up, notify.answers_questions = False, False
    time_passes(make)
    assert deliver(notify) == 0  # it does not say: nothing is risked
    assert mail_of(make).state is MailState.HANDED_OVER
    notify.answers_questions = True
    deliver(notify)
    assert len(notify.taken) == 1
    assert mail_of(make).state is MailState.SENT


def test_too_many_mails_wait_and_an_address_that_notify_refuses_is_given_up(
    worker: Flask, make: Factory, notify: NotifyServer
) -> None:
    notify.answers = [(429, "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds")]
    write_mail()
    assert deliver(notify) == 0
    mail = mail_of(make)
    assert (mail.state, mail.bounced_at) == (MailState.WAITING, None)
    assert "Exceeded rate limit" in (mail.problem or "")
    time_passes(make)
    notify.answers = [(400, "email_address Not a valid email address")]
    deliver(notify)
    mail = mail_of(make)
    assert mail.state is MailState.REFUSED
    assert mail.problem == "400 email_address Not a valid email address"
    assert mail.bounced_at is not None


def test_with_a_wrong_key_every_mail_waits(worker: Flask, make: Factory, notify: NotifyServer) -> None:
    write_mail("First")
    write_mail("Second")
    assert deliver(notify, f"a_key-{SERVICE}-{uuid.uuid4()}") == 0
    first, second = mail_of(make, "First"), mail_of(make, "Second")
    assert (first.state, second.attempts) == (MailState.WAITING, 0)
    assert "403 Invalid token" in (first.problem or "")


def test_the_check_says_whether_key_and_template_are_right(notify: NotifyServer) -> None:
    NotifySender(notify.url, API_KEY).check()
    with pytest.raises(ValueError, match="403"):
        NotifySender(notify.url, f"a-{SERVICE}-{uuid.uuid4()}").check()
    with pytest.raises(ValueError, match="404 No result found"):
        NotifySender(notify.url.replace(TEMPLATE, str(uuid.uuid4())), API_KEY).check()


@pytest.mark.parametrize(
    ("url", "key"), [(f"notify:{TEMPLATE}", None), ("notify:x", API_KEY), (f"notify:{TEMPLATE}", SECRET)]
)
def test_settings_that_cannot_work_are_refused(url: str, key: str | None) -> None:
    with pytest.raises(ValueError, match=r"NOTIFY_API_KEY|MAIL_URL"):
        sender_from_url(url, notify_api_key=SecretStr(key) if key else None)


# Receipts


@pytest.fixture
def with_receipts(web_app: Flask) -> Iterator[None]:
    settings: Settings = web_app.extensions["settings"]
    web_app.extensions["settings"] = settings.model_copy(update={"notify_receipt_token": SecretStr(TOKEN)})
    yield
    web_app.extensions["settings"] = settings


def receipt(mail_id: uuid.UUID, status: str) -> dict[str, str]:
    return {"id": str(uuid.uuid4()), "reference": str(mail_id), "status": status, "notification_type": "email"}


def test_a_receipt_of_a_failure_is_noted_by_the_worker(
    with_receipts: None, worker_app: Flask, worker: Flask, client: FlaskClient, make: Factory, notify: NotifyServer
) -> None:
    write_mail()
    deliver(notify)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    key = mail_of(make).id
    assert client.post("/notify/receipts", json=receipt(key, "delivered"), headers=headers).status_code == 204
    assert make.session.scalars(select(JobRun)).all() == []
    for _ in range(2):
        assert (
            client.post("/notify/receipts", json=receipt(key, "permanent-failure"), headers=headers).status_code == 204
        )
    (job,) = make.session.scalars(select(JobRun)).all()
    run_job(str(job.id))
    mail = mail_of(make)
    assert mail.state is MailState.BOUNCED
    assert mail.bounced_at is not None


def test_a_receipt_without_the_token_is_not_heard(with_receipts: None, client: FlaskClient, make: Factory) -> None:
    body = receipt(uuid.uuid4(), "permanent-failure")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        assert client.post("/notify/receipts", json=body, headers=headers).status_code == 403
    assert make.session.scalars(select(JobRun)).all() == []


def test_without_a_token_in_the_settings_no_receipt_is_heard(client: FlaskClient, make: Factory) -> None:
    answer = client.post("/notify/receipts", json={}, headers={"Authorization": "Bearer "})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body", ["[]", '{"reference": "x", "status": "permanent-failure"}', "nonsense", '{"status": 1}']
)
def test_a_receipt_that_is_none_is_answered_with_what_is_wrong(
    with_receipts: None, client: FlaskClient, body: str
) -> None:
    answer = client.post(
        "/notify/receipts", data=body, headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    )
    assert answer.status_code == 400
