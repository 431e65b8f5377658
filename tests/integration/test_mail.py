"""Delivery: a mail goes once, whatever dies between any two steps; what comes back is noted and told."""

import itertools
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.mail import (
    OutgoingMail,
    deliver_mail,
    message_id,
    queue_mail,
    queue_mail_once,
    record_bounce,
    try_address_again,
)
from prevent_trust.mail_senders.smtp import SmtpSender
from prevent_trust.mail_senders.types import MailState
from prevent_trust.tenancy import PlatformScope, bind_scope
from tests.factories import Factory
from tests.processes import Processes
from tests.smtp_server import STEPS, PostOffice

LEAD = "lead@school.example"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    office = PostOffice()
    office.start()
    yield office
    office.stop()


def write_mail(subject: str = "Hello", address: str = LEAD, stop: str | None = None) -> None:
    bind_scope(PlatformScope())
    queue_mail_once(
        once_key=f"test:{subject}", scope=PlatformScope().stamp, kind="test", to_address=address, to_name="Priya Nair",
        subject=subject, plain="Words\n", html="<p>Words</p>", stop_address=stop,
    )  # fmt: skip
    db.session.commit()


def deliver(url: str) -> int:
    bind_scope(PlatformScope())
    return deliver_mail(sender=SmtpSender(url), mail_from="no-reply@trust.example")


def mail_of(make: Factory, subject: str = "Hello") -> OutgoingMail:
    make.session.expire_all()
    return make.session.scalars(select(OutgoingMail).where(OutgoingMail.subject == subject)).one()


def time_passes(make: Factory) -> None:
    """An hour in which nothing happens: what waits for its turn has it, what was handed over is abandoned."""
    hour = timedelta(hours=1)
    make.session.execute(
        sa.update(OutgoingMail).values(
            try_after=OutgoingMail.try_after - hour, finished_at=OutgoingMail.finished_at - hour
        )
    )
    make.session.commit()


def test_a_mail_goes_out_once_as_text_and_html(worker: Flask, make: Factory, office: PostOffice) -> None:
    stop = f"https://trust.example/reminders/stop/{'aB9-_.' * 100}/all"
    write_mail("Prevent – dashes and “quotes”", stop=stop)
    assert [deliver(office.url), deliver(office.url)] == [1, 0]
    (message,) = office.messages
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert message["To"] == "Priya Nair <lead@school.example>"
    assert message["List-Unsubscribe"] == f"<{stop}>"  # in one piece, or no mail program opens it
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert (mail.state, mail.text) == (MailState.SENT, "")


def test_many_mails_go_over_one_connection(worker: Flask, make: Factory, office: PostOffice) -> None:
    greetings: list[str] = []
    office.at = lambda step: greetings.append(step) if step == "EHLO" else None
    for number in range(150):
        write_mail(f"Number {number}")
    assert deliver(office.url) == 150
    assert len(greetings) == 2
    assert len({message["Subject"] for message in office.messages}) == 150


def test_two_mails_of_one_key_are_one(worker: Flask, make: Factory) -> None:
    write_mail()
    write_mail()
    assert len(make.session.scalars(select(OutgoingMail)).all()) == 1


def test_killed_before_any_statement_a_mail_is_never_sent_twice_and_one_that_did_not_begin_is_sent(
    worker: Flask, make: Factory, processes: Processes, office: PostOffice
) -> None:
    seen = set()
    for number in itertools.count(1):
        write_mail(f"Number {number}")
        office.messages.clear()
        if not processes.dies(lambda: deliver(office.url), before_step=number):
            break
        seen.add(_after_a_break(make, office, number))
    assert seen == {(MailState.WAITING, 0), (MailState.HANDED_OVER, 1), (MailState.SENT, 1)}


def test_without_its_database_before_any_statement_a_mail_is_never_sent_twice(
    worker: Flask, make: Factory, processes: Processes, office: PostOffice
) -> None:
    seen = set()
    for number in itertools.count(1):
        write_mail(f"Number {number}")
        office.messages.clear()
        if not processes.loses_its_connection(lambda: deliver(office.url), before_step=number):
            break
        seen.add(_after_a_break(make, office, number))
    assert seen >= {(MailState.WAITING, 0), (MailState.HANDED_OVER, 1)}


def _after_a_break(make: Factory, office: PostOffice, number: int) -> tuple[MailState, int]:
    """What the break left behind, once it is sure that another run makes the best of it."""
    mail = mail_of(make, f"Number {number}")
    when_broken = (mail.state, len(office.messages))
    deliver(office.url)
    mail = mail_of(make, f"Number {number}")
    after = (mail.state, len(office.messages))
    if when_broken[0] is MailState.WAITING:
        assert when_broken[1] == 0, f"broken before step {number}"
        assert after == (MailState.SENT, 1), f"broken before step {number}"
    else:
        # Nobody knows whether it went: it is held for a person, or it is known to have gone, and is not sent again.
        assert after == when_broken, f"broken before step {number}"
    return when_broken


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_of_the_conversation_a_mail_arrives_once_at_most(
    worker: Flask, make: Factory, processes: Processes, office: PostOffice, step: str
) -> None:
    write_mail()
    office.at = lambda reached: processes.kill() if reached == step else None
    assert processes.dies(lambda: deliver(office.url))
    office.at = lambda reached: None
    _is_there_once_or_held(make, office, step, taken=step in {"taking", "answering"})


@pytest.mark.parametrize("step", STEPS)
def test_when_the_server_stops_at_any_step_of_the_conversation_a_mail_arrives_once_at_most(
    worker: Flask, make: Factory, office: PostOffice, step: str
) -> None:
    write_mail()
    office.at = lambda reached: office.go_down() if reached == step else None
    assert deliver(office.url) == 0
    office.stop()
    assert deliver(office.url) == 0
    office.at = lambda reached: None
    office.start()
    _is_there_once_or_held(make, office, step, taken=step == "answering")


def _is_there_once_or_held(make: Factory, office: PostOffice, step: str, *, taken: bool) -> None:
    """Before the point of no return it goes later; after it nobody knows, and it is never sent again by itself."""
    time_passes(make)
    deliver(office.url)
    mail = mail_of(make)
    if step in {"connect", "EHLO", "MAIL", "RCPT"}:
        assert (mail.state, len(office.messages)) == (MailState.SENT, 1)
    else:
        assert mail.state is MailState.HANDED_OVER
        assert len(office.messages) == (1 if taken else 0)
        assert mail.problem


def test_a_line_that_broke_between_two_mails_is_dialled_anew(worker: Flask, make: Factory, office: PostOffice) -> None:
    for number in range(3):
        write_mail(f"Number {number}")
    seen: list[str] = []

    def hang_up_once(step: str) -> None:
        seen.append(step)
        if seen.count("MAIL") == 2 and step == "MAIL":
            office._hang_up()

    office.at = hang_up_once
    assert deliver(office.url) == 3
    assert sorted(message["Subject"] for message in office.messages) == ["Number 0", "Number 1", "Number 2"]


def test_two_workers_at_once_deliver_each_mail_once(
    worker: Flask, worker_app: Flask, make: Factory, office: PostOffice
) -> None:
    for number in range(20):
        write_mail(f"Number {number}")
    db.session.remove()
    start = threading.Barrier(2)

    def work() -> None:
        with worker_app.app_context():
            start.wait()
            deliver(office.url)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["Subject"] for message in office.messages) == sorted(f"Number {n}" for n in range(20))


def test_without_a_mail_server_mail_waits_and_only_the_first_is_tried(
    worker: Flask, make: Factory, office: PostOffice
) -> None:
    write_mail("First")
    write_mail("Second")
    assert deliver("smtp://127.0.0.1:1") == 0
    first, second = mail_of(make, "First"), mail_of(make, "Second")
    assert [(mail.state, mail.attempts) for mail in (first, second)] == [(MailState.WAITING, 1), (MailState.WAITING, 0)]
    assert "could not be reached" in (first.problem or "")
    time_passes(make)
    assert deliver(office.url) == 2
    assert len(office.messages) == 2


# What comes back


def test_an_address_that_refused_for_good_twice_is_not_written_to_until_it_is_changed_or_tried_again(
    worker: Flask, make: Factory, office: PostOffice
) -> None:
    office.refuses[LEAD] = "550 No such user"
    for number in range(2):
        write_mail(f"Refused {number}")
    assert deliver(office.url) == 0
    assert "550 No such user" in (mail_of(make, "Refused 1").problem or "")
    office.refuses.clear()
    write_mail("Third", address=LEAD.upper())
    write_mail("To another address", address="priya@school.example")
    assert deliver(office.url) == 1
    third = mail_of(make, "Third")
    assert third.state is MailState.REFUSED
    assert "nothing more is sent" in (third.problem or "")
    bind_scope(PlatformScope())
    assert try_address_again(LEAD) == 2
    db.session.commit()
    write_mail("Fourth")
    assert deliver(office.url) == 1


def test_a_refusal_for_now_is_no_bounce(worker: Flask, make: Factory, office: PostOffice) -> None:
    office.refuses[LEAD] = "451 Try later"
    write_mail()
    deliver(office.url)
    mail = mail_of(make)
    assert (mail.state, mail.bounced_at) == (MailState.WAITING, None)


def test_a_bounce_is_noted_once(worker: Flask, make: Factory, office: PostOffice) -> None:
    write_mail()
    deliver(office.url)
    key = mail_of(make).id
    for _ in range(2):
        bind_scope(PlatformScope())
        assert record_bounce(key, problem="550 5.1.1 No such user", lasting=True)
        db.session.commit()
    mail = mail_of(make)
    assert (mail.state, mail.problem) == (MailState.BOUNCED, "550 5.1.1 No such user")
    assert mail.bounced_at is not None


def report_about(mail_id: str) -> bytes:
    """What a mail server sends back (RFC 3464), with the header of the mail."""
    outer = EmailMessage(policy=SMTP)
    outer["From"], outer["To"], outer["Subject"] = "MAILER-DAEMON@mx.example", "no-reply@trust.example", "Undelivered"
    return (
        bytes(outer).rstrip(b"\r\n")
        + b'\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        b"--B\r\n\r\nYour message could not be delivered.\r\n"
        b"--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; lead@school.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 No such\r\n  user\r\n\r\n"
        b"--B\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + mail_id.encode() + b"\r\n\r\n--B--\r\n"
    )


def test_a_report_on_standard_input_is_matched_to_its_mail(
    worker_app: Flask, worker: Flask, make: Factory, office: PostOffice
) -> None:
    from prevent_trust.cli.mail import mail_commands

    write_mail()
    deliver(office.url)
    content = report_about(message_id(mail_of(make).id, "no-reply@trust.example"))
    run = worker_app.test_cli_runner().invoke(mail_commands, ["bounce"], input=content)
    assert run.exit_code == 0, run.output
    mail = mail_of(make)
    assert (mail.state, mail.problem) == (MailState.BOUNCED, "550 5.1.1 No such user")


def test_a_reply_on_standard_input_is_passed_by(worker_app: Flask, worker: Flask, make: Factory) -> None:
    from prevent_trust.cli.mail import mail_commands

    run = worker_app.test_cli_runner().invoke(
        mail_commands, ["bounce"], input=b"Subject: Re: Hello\r\n\r\nThank you\r\n"
    )
    assert run.exit_code == 0
    assert "no report" in run.output


def test_a_mail_of_a_page_waits_for_its_transaction(worker: Flask, make: Factory) -> None:
    bind_scope(PlatformScope())
    queue_mail(scope="platform:", kind="test", to_address=LEAD, to_name="", subject="Never", plain="", html="")
    db.session.rollback()
    assert make.session.scalars(select(OutgoingMail)).all() == []
