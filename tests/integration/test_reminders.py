"""Digests and chasing: exactly once for each person and period, whatever dies on the way."""

import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.reminders import request_weekly_digests
from prevent_trust.mail import MailState, OutgoingMail, SmtpSender, deliver_mail, queue_mail
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.access.models import Membership, Role
from tenants.plan.models import ActionStatus, PlanAnswer
from tenants.reminders.models import Reminder, ReminderKind
from tenants.reminders.rules import digest_week
from tenants.staff.models import StaffRole
from tenants.training.models import Course, TrainingCompletion
from tests.factories import Factory, sign_in
from tests.processes import Processes

MONDAY = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


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


@pytest.mark.parametrize(
    ("status", "in_days", "told"),
    [
        (ActionStatus.NOT_MET, 0, True),
        (ActionStatus.NOT_ANSWERED, 14, True),
        (ActionStatus.PARTLY_MET, 14, True),
        (ActionStatus.PARTLY_MET, 15, False),
        (ActionStatus.MET, 3, False),
        (ActionStatus.NOT_APPLICABLE, 3, False),
    ],
)
def test_an_action_that_is_due_within_two_weeks_stands_in_the_digest(
    worker: Flask, make: Factory, status: ActionStatus, in_days: int, told: bool
) -> None:
    school = make.school()
    make.member(Role.PREVENT_LEAD, school)
    action = next(action for action in make.actions(make.plan(school)) if not action.measure)
    answer = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    answer.status, answer.due_on = status, today() + timedelta(days=in_days)
    make.session.commit()
    run_job(str(ask_for_digests()))
    assert counts(make) == ((1, 1) if told else (0, 0))
    if told:
        mail = make.session.scalars(select(OutgoingMail)).one()
        assert f"1 action due within two weeks\n  http://localhost/schools/{school.id}/plan\n" in mail.text
        assert "overdue" not in mail.text


@pytest.mark.parametrize(("in_days", "told"), [(30, True), (33, False)])
def test_training_that_lapses_within_thirty_days_stands_in_the_digest(
    worker: Flask, make: Factory, in_days: int, told: bool
) -> None:
    school = make.school()
    make.member(Role.PREVENT_LEAD, school)
    member = make.staff(school, StaffRole.SUPPORT)
    for course in make.session.scalars(select(Course)).all():
        make.completion(member, course.key, on=today())
    make.session.execute(sa.delete(TrainingCompletion).where(TrainingCompletion.course_id == make.course().id))
    make.session.commit()
    make.completion(member, on=two_years_before(today() + timedelta(days=in_days)))
    run_job(str(ask_for_digests()))
    text = make.session.scalars(select(OutgoingMail.text)).one()
    assert ("lapses for 1 person" in text) is told


def two_years_before(day: date) -> date:
    return day.replace(year=day.year - 2, day=28 if (day.month, day.day) == (2, 29) else day.day)


def test_a_mail_names_no_member_of_staff_and_tells_nothing_of_a_referral(worker: Flask, make: Factory) -> None:
    school = make.school()
    make.member(Role.PREVENT_LEAD, school)
    make.staff(school, StaffRole.TEACHING, given_name="Zebedee", family_name="Thrupplewick", email="zt@school.example")
    make.referral(
        school,
        follow_up_due_on=date(2026, 10, 2),
        reference="R-2026-77",
        cpoms_reference="CP-4711",
        note="Wrote slogans",
    )
    run_job(str(ask_for_digests()))
    mail = make.session.scalars(select(OutgoingMail)).one()
    reasons = make.session.scalars(select(Reminder.reasons)).one()
    for text in (mail.subject, mail.text, mail.html, str(reasons)):
        for secret in ("Zebedee", "Thrupplewick", "zt@school.example", "R-2026-77", "CP-4711", "slogans"):
            assert secret not in text
    assert "1 referral to follow up" in mail.text


def test_somebody_who_leads_two_schools_gets_a_digest_of_each(worker: Flask, make: Factory) -> None:
    first, second = school_with_gaps(make), school_with_gaps(make, leads=0)
    make.membership(make.session.scalars(select(Membership)).one().account, Role.PREVENT_LEAD, second)
    run_job(str(ask_for_digests()))
    assert sorted(make.session.scalars(select(Reminder.school_id))) == sorted([first.id, second.id])
    assert len(set(make.session.scalars(select(Reminder.account_id)))) == 1


def test_the_pages_that_a_mail_leads_to_are_there(
    worker_app: Flask, client: FlaskClient, make: Factory, clean: None
) -> None:
    school = school_with_gaps(make)
    action = next(action for action in make.actions(make.plan(school)) if not action.measure)
    answer = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    answer.due_on = date(2026, 10, 1)
    make.session.commit()
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    with worker_app.app_context():
        run_job(str(ask_for_digests()))
    mail = make.session.scalars(select(OutgoingMail)).one()
    sign_in(client, make.session.scalars(select(Membership)).one().account)
    pages = re.findall(r"http://localhost(/\S+)", mail.text)
    assert len(pages) > 4
    assert [page for page in pages if client.get(page).status_code != 200] == []


def test_killed_before_any_step_and_run_again_each_digest_is_there_once(
    worker: Flask, make: Factory, processes: Processes
) -> None:
    for leads in (1, 2):
        school_with_gaps(make, leads)
    written_when_killed = set()
    for number in itertools.count(1):
        job_id = _job_beside_the_ledger("2026-W48", number)
        if not processes.dies(lambda: run_job(str(job_id)), before_step=number):  # noqa: B023  # called at once
            break
        reminders, mails = counts(make)
        assert reminders == mails, f"killed before step {number}"
        written_when_killed.add(reminders)
        run_job(str(job_id))
        assert counts(make) == (3, 3), f"killed before step {number}"
        assert deliveries_asked_for(make) == 1, f"killed before step {number}"
        pairs = make.session.execute(select(Reminder.school_id, Reminder.account_id)).all()
        assert len(set(pairs)) == 3
        for model in (Reminder, OutgoingMail, JobRun):
            make.session.execute(sa.delete(model))
        make.session.commit()
    assert number > 50  # it got through only after every point had been tried
    assert written_when_killed == {0, 1, 3}  # none, the first school's, the second's two together


def test_a_run_that_finds_every_digest_written_asks_for_their_delivery(worker: Flask, make: Factory) -> None:
    """As when the worker died after the last school and before it could ask."""
    school_with_gaps(make)
    for number in range(2):
        make.session.execute(sa.delete(JobRun))
        make.session.commit()
        run_job(str(_job_beside_the_ledger("2026-W48", number)))
    assert counts(make) == (1, 1)
    assert deliveries_asked_for(make) == 1


def deliveries_asked_for(make: Factory) -> int:
    make.session.expire_all()
    return len(make.session.scalars(select(JobRun.id).where(JobRun.kind == "deliver_mail")).all())


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
        self.before_answering: Callable[[], None] = lambda: None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content))
        self.before_answering()
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
    assert [deliver(url), deliver(url)] == [1, 0]
    (message,) = box.messages
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert message["To"] == "Priya Nair <lead@school.example>"
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert (mail.state, mail.text) == (MailState.SENT, "")


def deliver(url: str) -> int:
    bind_scope(PlatformScope())
    return deliver_mail(sender=SmtpSender(url), mail_from="no-reply@trust.example")


def test_killed_before_any_step_a_mail_is_never_sent_twice_and_one_that_did_not_begin_is_sent(
    worker: Flask, make: Factory, processes: Processes, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    seen = set()
    for number in itertools.count(1):
        write_mail(f"Number {number}")
        box.messages.clear()
        if not processes.dies(lambda: deliver(url), before_step=number):
            break
        make.session.expire_all()
        mail = make.session.scalars(select(OutgoingMail).where(OutgoingMail.subject == f"Number {number}")).one()
        when_killed = (mail.state, len(box.messages))
        deliver(url)
        make.session.refresh(mail)
        after = (mail.state, len(box.messages))
        if when_killed == (MailState.WAITING, 0):
            assert after == (MailState.SENT, 1), f"killed before step {number}"
        else:
            # Nobody knows whether it went: it is held for a person, or it is known to have gone, and is not sent again.
            assert when_killed in {(MailState.HANDED_OVER, 1), (MailState.SENT, 1)}
            assert after == when_killed, f"killed before step {number}"
        seen.add(when_killed)
    assert seen == {(MailState.WAITING, 0), (MailState.HANDED_OVER, 1), (MailState.SENT, 1)}


def test_killed_while_the_server_answers_a_mail_is_held_for_a_person(
    worker: Flask, make: Factory, processes: Processes, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    write_mail()
    box.before_answering = processes.kill
    assert processes.dies(lambda: deliver(url))
    assert deliver(url) == 0
    assert make.session.scalars(select(OutgoingMail.state)).one() is MailState.HANDED_OVER
    assert len(box.messages) == 1


def test_two_workers_at_once_deliver_each_mail_once(
    worker: Flask, worker_app: Flask, make: Factory, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    for number in range(20):
        write_mail(f"Number {number}")
    db.session.remove()
    start = threading.Barrier(2)

    def work() -> None:
        with worker_app.app_context():
            start.wait()
            deliver(url)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["Subject"] for message in box.messages) == sorted(f"Number {n}" for n in range(20))


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
