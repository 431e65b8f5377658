"""Digests and chasing: exactly once for each person and period, whatever dies on the way."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from email.message import Message
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.reminders import request_weekly_digests
from prevent_trust.mail import MailState, OutgoingMail, SmtpSender, deliver_mail, queue_mail
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.access.models import Role
from tenants.plan.models import ActionStatus, PlanAnswer
from tenants.reminders.models import Reminder, ReminderKind
from tenants.reminders.rules import digest_week
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in

MONDAY = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


class Killed(BaseException):
    """A process that stops between two statements."""


@contextmanager
def killed_before_statement(engine: sa.Engine, number: int) -> Iterator[list[str]]:
    """Raises before the `number`th statement on the engine, counted from 1. Gives the statements that got through."""
    done: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if len(done) + 1 == number:
            raise Killed
        done.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield done
    finally:
        event.remove(engine, "before_cursor_execute", count)


def school_with_gaps(make: Factory, leads: int = 1) -> Any:
    """A school where somebody misses all training, with so many Prevent leads."""
    school = make.school()
    make.staff(school, StaffRole.TEACHING)
    for _ in range(leads):
        make.member(Role.PREVENT_LEAD, school)
    return school


def ask_for_digests(now: datetime = MONDAY) -> Any:
    bind_scope(PlatformScope())
    job_id = request_weekly_digests(now)
    db.session.commit()
    return job_id


def counts(make: Factory) -> tuple[int, int]:
    """How many reminders there are, and how many of their mails."""
    make.session.expire_all()
    reminders = make.session.scalar(select(func.count()).select_from(Reminder))
    mails = make.session.scalar(select(func.count()).select_from(OutgoingMail))
    return int(reminders or 0), int(mails or 0)


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), "2026-W48"),
        (datetime(2026, 11, 29, 23, 59, tzinfo=UTC), "2026-W48"),
        (datetime(2026, 7, 6, 6, 0, tzinfo=UTC), "2026-W28"),  # seven o'clock in summer
        (datetime(2027, 1, 3, 12, 0, tzinfo=UTC), "2026-W53"),
    ],
)
def test_the_week_of_a_digest_begins_on_monday_at_seven_in_england(now: datetime, week: str | None) -> None:
    assert digest_week(now) == week


def test_a_lead_with_something_due_gets_one_digest_in_a_week(worker: Flask, make: Factory) -> None:
    school = school_with_gaps(make)
    job_id = ask_for_digests()
    assert ask_for_digests() == job_id
    run_job(str(job_id))
    assert counts(make) == (1, 1)
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert school.name in mail.subject
    assert f"http://localhost/schools/{school.id}/staff?gap=prevent-awareness" in mail.text
    assert mail.html.count("<li>") == mail.text.count("\n- ")
    next_week = ask_for_digests(datetime(2026, 11, 30, 8, tzinfo=UTC))
    run_job(str(next_week))
    assert counts(make) == (2, 2)


def test_nobody_is_written_to_when_nothing_is_due(worker: Flask, make: Factory) -> None:
    make.member(Role.PREVENT_LEAD, make.school())
    run_job(str(ask_for_digests()))
    assert counts(make) == (0, 0)


def test_readers_and_former_leads_get_no_digest(worker: Flask, make: Factory) -> None:
    school = school_with_gaps(make, leads=0)
    make.member(Role.SCHOOL_READER, school)
    make.membership(make.account(), Role.PREVENT_LEAD, school, ends_on=date(2026, 1, 1))
    make.membership(make.account(active=False), Role.PREVENT_LEAD, school)
    run_job(str(ask_for_digests()))
    assert counts(make) == (0, 0)


def test_overdue_actions_stand_in_the_digest(worker: Flask, make: Factory) -> None:
    school = make.school()
    make.member(Role.PREVENT_LEAD, school)
    action = next(action for action in make.actions(make.plan(school)) if not action.measure)
    answer = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    answer.status, answer.due_on = ActionStatus.NOT_MET, date(2026, 10, 1)
    make.session.commit()
    run_job(str(ask_for_digests()))
    assert "1 action overdue in the plan" in make.session.scalars(select(OutgoingMail.text)).one()


def test_killed_before_any_statement_and_run_again_each_digest_is_there_once(worker: Flask, make: Factory) -> None:
    for leads in (1, 2, 1):
        school_with_gaps(make, leads)
    points = 0
    for number in range(1, 1000):
        job_id = _job_beside_the_ledger("2026-W48", number)
        try:
            with killed_before_statement(db.engine, number):
                run_job(str(job_id))
        except Killed:
            points += 1
        else:
            break
        finally:
            db.session.remove()
        run_job(str(job_id))
        assert counts(make) == (4, 4), f"killed before statement {number}"
        make.session.execute(sa.delete(Reminder))
        make.session.execute(sa.delete(OutgoingMail))
        make.session.execute(sa.delete(JobRun))
        make.session.commit()
    assert points > 40  # the run got through only after every point had been tried


def test_two_runs_at_once_write_each_digest_once(worker_app: Flask, make: Factory, clean: None) -> None:
    for _ in range(4):
        school_with_gaps(make)
    with worker_app.app_context():
        job_ids = [_job_beside_the_ledger("2026-W48", number) for number in range(2)]
    start = threading.Barrier(2)

    def work(job_id: Any) -> None:
        with worker_app.app_context():
            start.wait()
            run_job(str(job_id))

    threads = [threading.Thread(target=work, args=(job_id,)) for job_id in job_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(make) == (4, 4)
    states = make.session.scalars(select(JobRun.state).where(JobRun.kind == "weekly_digests")).all()
    assert states == [JobState.DONE] * 2


def _job_beside_the_ledger(week: str, number: int) -> Any:
    """A second job for one week, which the ledger's key would not let happen."""
    bind_scope(PlatformScope())
    job_id = request_job(
        "weekly_digests", scope=PlatformScope(), title="Digests", arguments={"week": week}, once_key=f"test:{number}"
    )
    db.session.commit()
    return job_id


class Postbox:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        from email import message_from_bytes

        self.messages.append(message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture
def postbox() -> Iterator[tuple[Postbox, str]]:
    box = Postbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


def write_mail(subject: str = "Hello") -> None:
    bind_scope(PlatformScope())
    queue_mail(
        scope=PlatformScope().stamp,
        kind="test",
        to_address="lead@school.example",
        to_name="Priya Nair",
        subject=subject,
        plain="Words\n",
        html="<p>Words</p>",
    )
    db.session.commit()


def test_a_mail_goes_out_once_as_text_and_html(worker: Flask, make: Factory, postbox: tuple[Postbox, str]) -> None:
    box, url = postbox
    write_mail("Prevent – dashes and “quotes”")
    for _ in range(2):
        bind_scope(PlatformScope())
        deliver_mail(sender=SmtpSender(url), mail_from="Prevent Trust <no-reply@trust.example>")
    (message,) = box.messages
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert message["To"] == "Priya Nair <lead@school.example>"
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert (mail.state, mail.text) == (MailState.SENT, "")


def test_killed_before_any_statement_a_mail_is_never_sent_twice(
    worker: Flask, make: Factory, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    points = 0
    for number in range(1, 100):
        write_mail(f"Number {number}")
        sent = len(box.messages)
        try:
            with killed_before_statement(db.engine, number):
                bind_scope(PlatformScope())
                deliver_mail(sender=SmtpSender(url), mail_from="no-reply@trust.example")
        except Killed:
            points += 1
        else:
            break
        finally:
            db.session.remove()
        bind_scope(PlatformScope())
        deliver_mail(sender=SmtpSender(url), mail_from="no-reply@trust.example")
        make.session.expire_all()
        mail = make.session.scalars(select(OutgoingMail).where(OutgoingMail.subject == f"Number {number}")).one()
        arrived = len(box.messages) - sent
        # Past the point of no return nobody knows whether it went: then it is held for a person, not sent again.
        assert (arrived, mail.state) in {(1, MailState.SENT), (1, MailState.HANDED_OVER), (0, MailState.HANDED_OVER)}
    assert points > 3


def test_without_a_mail_server_mail_waits_and_goes_later(
    worker: Flask, make: Factory, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    write_mail()
    bind_scope(PlatformScope())
    assert deliver_mail(sender=SmtpSender("smtp://127.0.0.1:1"), mail_from="no-reply@trust.example") == 0
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert (mail.state, mail.attempts) == (MailState.WAITING, 1)
    assert "could not be reached" in (mail.problem or "")
    mail.try_after = None
    make.session.commit()
    bind_scope(PlatformScope())
    assert deliver_mail(sender=SmtpSender(url), mail_from="no-reply@trust.example") == 1
    assert len(box.messages) == 1


def test_the_trust_chases_a_school_once_a_day(client: FlaskClient, make: Factory) -> None:
    trust = make.trust()
    school = make.school(trust=trust)
    make.staff(school, StaffRole.TEACHING)
    make.member(Role.PREVENT_LEAD, school, name="Priya Nair")
    quiet = make.school(trust=trust)
    sign_in(client, make.member(Role.TRUST_LEAD, trust, name="Grace Okafor"))
    page = client.get(f"/trusts/{trust.id}/chase").text
    assert school.name in page
    assert quiet.name not in page
    form = {"schools": str(school.id), "message": "Before half term, please."}
    for _ in range(2):
        assert client.post(f"/trusts/{trust.id}/chase", data=form).status_code == 303
    assert counts(make) == (1, 1)
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert mail.subject == f"{school.name}: Grace Okafor asks about your Prevent plan"
    assert "Before half term, please." in mail.text
    reminder = make.session.scalars(select(Reminder)).one()
    assert reminder.kind is ReminderKind.CHASE
    assert not any("referral" in reason["words"] for reason in reminder.reasons)


def test_a_trust_cannot_chase_another_trusts_school(client: FlaskClient, make: Factory) -> None:
    trust, other = make.trust(), make.trust()
    school = make.school(trust=other)
    make.staff(school, StaffRole.TEACHING)
    make.member(Role.PREVENT_LEAD, school)
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    client.post(f"/trusts/{trust.id}/chase", data={"schools": str(school.id), "message": ""})
    assert counts(make) == (0, 0)
