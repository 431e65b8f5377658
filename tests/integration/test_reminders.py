"""Reminders: what is sent to whom on a day, exactly once whatever dies on the way."""

import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from blueprints.web.access import today
from prevent_trust.cli.database import upgrade
from prevent_trust.database import db
from prevent_trust.database_roles import RoleUrls
from prevent_trust.jobs import reminders as reminder_jobs
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.reminders import reading_link, request_reminders
from prevent_trust.mail import OutgoingMail, deliver_mail, record_bounce
from prevent_trust.mail_senders.outbox import OutboxSender
from prevent_trust.mail_senders.smtp import SmtpSender
from prevent_trust.mail_senders.types import MailState
from prevent_trust.tenancy import PlatformScope, TrustScope, bind_scope
from tenants.access.models import Membership, Role
from tenants.insights.measures.cover import post_cover
from tenants.insights.measures.dated import dated_actions
from tenants.insights.measures.outlook import outlook
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.training import (
    training_coverage,
    training_coverage_and_lapsing,
    training_lapsing,
)
from tenants.plan.models import ActionStatus, PlanAction, PlanAnswer
from tenants.reading.models import ReadingCampaign, ReadingLink
from tenants.reminders.ledger import settle
from tenants.reminders.models import (
    Delegation,
    ItemState,
    Reminder,
    ReminderItem,
    ReminderKind,
    ReminderRule,
    ReminderStart,
    ReminderStop,
)
from tenants.reminders.rules import day_of_reminders
from tenants.staff.models import StaffRole
from tenants.training.asking.models import StatementState
from tests.factories import Factory, sign_in
from tests.isolation.rows import SchoolRows
from tests.processes import Processes
from tests.smtp_server import PostOffice

MONDAY = date(2026, 11, 23)
SUNDAY = MONDAY - timedelta(days=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """Sets the day on which jobs believe to be."""

    def set_day(day: date) -> None:
        monkeypatch.setattr(reminder_jobs, "england_today", lambda: day)

    set_day(MONDAY)
    return set_day


def school_with_gaps(make: Factory, leads: int = 1, **values: Any) -> Any:
    """A school whose records are in order, but that somebody misses all training; with so many Prevent leads."""
    school = make.school(**values)
    make.staff(school, StaffRole.TEACHING, email=None)
    for _ in range(leads):
        make.member(Role.PREVENT_LEAD, school)
    return school


def ask(day: date = MONDAY, *, number: int = 0) -> uuid.UUID:
    """A job for a day beside the ledger's own, whose key would let it be asked for once only."""
    bind_scope(PlatformScope())
    job_id = request_job(
        "send_reminders", scope=PlatformScope(), title="Reminders", arguments={"day": day.isoformat()},
        once_key=f"test:{day}:{number}:{uuid.uuid4()}",
    )  # fmt: skip
    db.session.commit()
    return job_id


def send(day: date, clock: Callable[[date], None]) -> None:
    """A day's reminders, from the plan to the mail."""
    clock(day)
    run_job(str(ask(day)))
    deliver()


def deliver() -> int:
    bind_scope(PlatformScope())
    return deliver_mail(sender=OutboxSender(), mail_from="no-reply@trust.example", settled=settle)


def mails(make: Factory) -> list[OutgoingMail]:
    make.session.expire_all()
    return list(make.session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at, OutgoingMail.id)))


def items(make: Factory, **values: Any) -> list[ReminderItem]:
    make.session.expire_all()
    query = select(ReminderItem).filter_by(**values).order_by(ReminderItem.day, ReminderItem.rule, ReminderItem.thing)
    return list(make.session.scalars(query))


def open_action(make: Factory, school: Any, *, due_on: date, owner: Any = None) -> Any:
    """An action of a plan that is not met, as it was known since the plan began."""
    action = next(action for action in make.actions(make.plan(school)) if not action.measure)
    answer = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    answer.status, answer.due_on = ActionStatus.NOT_MET, due_on
    answer.owner_id = owner.id if owner else None
    make.session.commit()
    return action


# When


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 7, 6, 6, 0, tzinfo=UTC), date(2026, 7, 6)),  # seven o'clock in summer
        (datetime(2026, 7, 6, 23, 30, tzinfo=UTC), None),  # half past midnight in England
    ],
)
def test_a_day_s_reminders_begin_at_seven_in_england(now: datetime, day: date | None) -> None:
    assert day_of_reminders(now) == day


def test_a_day_is_asked_for_once(worker: Flask, make: Factory) -> None:
    bind_scope(PlatformScope())
    asked = {request_reminders(datetime(2026, 11, 23, hour, 30, tzinfo=UTC)) for hour in range(7, 23)}
    assert len(asked) == 1
    assert request_reminders(datetime(2026, 11, 24, 7, 30, tzinfo=UTC)) not in asked
    db.session.rollback()


def test_a_lead_hears_on_monday_what_is_due_and_not_again_before_the_next(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = school_with_gaps(make)
    for offset in range(7):
        send(MONDAY + timedelta(days=offset), clock)
    (mail,) = mails(make)
    assert school.name in mail.subject
    assert f"http://localhost/schools/{school.id}/staff?gap=prevent-awareness" in mail.text
    assert {item.state for item in items(make)} == {ItemState.KEPT}
    send(MONDAY + timedelta(days=7), clock)
    assert len(mails(make)) == 2


def test_nothing_goes_out_at_the_weekend_and_nobody_is_written_to_when_nothing_is_due(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school_with_gaps(make)
    send(SUNDAY, clock)
    assert mails(make) == []
    make.session.execute(sa.delete(Membership))
    make.session.commit()
    make.member(Role.PREVENT_LEAD, school_in_order(make))
    send(MONDAY, clock)
    assert mails(make) == []


def school_in_order(make: Factory) -> Any:
    """A school at which every post is switched off, and all is reviewed, so that nothing at all is due."""
    school = make.school()
    make.filtering_review(school, MONDAY - timedelta(days=30))
    make.add(ReminderRule(key="posts", school_id=school.id, active=False))
    return school


def test_after_days_without_a_run_one_mail_says_what_is_due_now(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = school_with_gaps(make)
    owner = make.staff(school, StaffRole.DSL, email="dsl@school.example")
    open_action(make, school, due_on=MONDAY + timedelta(days=1), owner=owner)
    waiting = [ask(MONDAY + timedelta(days=offset)) for offset in range(3)]  # Monday's and Tuesday's were never done
    clock(MONDAY + timedelta(days=2))
    for job_id in waiting:
        run_job(str(job_id))
    deliver()
    by_address = sorted((mail.to_address, mail.text.count("\n- ")) for mail in mails(make))
    assert len(by_address) == len({address for address, _ in by_address}) == 2
    (told,) = items(make, rule="action")
    assert (told.stage, told.day) == (f"after:{MONDAY + timedelta(days=1)}:0", MONDAY + timedelta(days=2))


def test_lines_of_a_day_that_never_became_a_mail_are_planned_anew(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    """As when the worker dies between planning and writing, and comes back after two days."""
    school = school_with_gaps(make)
    send(MONDAY, clock)
    make.session.execute(sa.update(ReminderItem).values(mail_id=None, state=ItemState.PLANNED))
    make.session.execute(sa.delete(OutgoingMail))
    make.session.commit()
    send(MONDAY + timedelta(days=2), clock)
    assert {item.day for item in items(make, school_id=school.id)} == {MONDAY + timedelta(days=2)}
    assert len(mails(make)) == 1


# To whom


def test_readers_and_former_leads_get_none(worker: Flask, make: Factory, clock: Callable[[date], None]) -> None:
    school = school_with_gaps(make, leads=0)
    make.member(Role.SCHOOL_READER, school)
    make.membership(make.account(), Role.PREVENT_LEAD, school, ends_on=date(2026, 1, 1))
    make.membership(make.account(active=False), Role.PREVENT_LEAD, school)
    send(MONDAY, clock)
    assert mails(make) == []


def test_somebody_who_leads_two_schools_gets_one_mail_with_a_section_for_each(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    first, second = school_with_gaps(make), school_with_gaps(make, leads=0)  # of two authorities
    make.membership(make.session.scalars(select(Membership)).one().account, Role.PREVENT_LEAD, second)
    send(MONDAY, clock)
    (mail,) = mails(make)
    assert mail.text.index(first.name) != mail.text.index(second.name)
    assert "Your 2 schools" in mail.subject
    assert {item.school_id for item in items(make)} == {first.id, second.id}


def test_nobody_hears_of_a_school_that_they_have_no_part_in(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    authority = make.authority()
    schools = [school_with_gaps(make, authority=authority, trust=make.trust()) for _ in range(4)]
    send(MONDAY, clock)
    leads = {row.account.email: row.school_id for row in make.session.scalars(select(Membership))}
    found = mails(make)
    assert {mail.to_address for mail in found} == set(leads)
    for mail in found:
        for school in schools:
            assert (str(school.id) in mail.text) is (leads[mail.to_address] == school.id)
            assert (school.name in mail.text.split()) is False or leads[mail.to_address] == school.id


def test_an_owner_on_the_staff_hears_of_their_action_and_the_headteacher_when_it_stays(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = make.school()
    make.staff(school, StaffRole.HEADTEACHER, email="head@school.example")
    owner = make.staff(school, StaffRole.SUPPORT, email="owner@school.example")
    open_action(make, school, due_on=date(2026, 11, 20), owner=owner)
    send(MONDAY, clock)
    assert [mail.to_address for mail in mails(make)] == ["owner@school.example"]
    send(MONDAY + timedelta(days=14), clock)
    to_head = [mail for mail in mails(make) if mail.to_address == "head@school.example"]
    assert len(to_head) == 1
    assert "cannot be stopped" in to_head[0].text


def test_people_hear_of_their_own_gaps_where_the_school_wants_it_and_of_nobody_else_s(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school, other = make.school(), make.school()
    ada = make.staff(school, StaffRole.TEACHING, given_name="Ada", family_name="Byron", email="ada@school.example")
    make.staff(school, StaffRole.TEACHING, given_name="Bob", family_name="Cole", email="bob@school.example")
    make.staff(other, StaffRole.TEACHING, email="carol@other.example")
    make.completion(ada, on=date(2026, 9, 1))
    for key in ("own-training", "own-reading"):
        make.add(ReminderRule(key=key, school_id=school.id, active=True))
    send(MONDAY, clock)
    by_address = {mail.to_address: mail for mail in mails(make)}
    assert set(by_address) == {"ada@school.example", "bob@school.example"}
    assert "Bob" not in by_address["ada@school.example"].text
    awareness = make.course().title
    assert awareness not in by_address["ada@school.example"].text
    assert awareness in by_address["bob@school.example"].text


def test_who_was_asked_to_read_is_reminded_with_their_own_link_while_it_works(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = make.school()
    edition = make.document_edition()
    campaign = make.add(
        ReadingCampaign(
            school_id=school.id,
            document_edition_id=edition.id,
            due_on=MONDAY,
            expires_at=datetime(2027, 3, 1, tzinfo=UTC),
        )
    )
    tokens = {}
    for name in ("ada", "bob"):
        member = make.staff(school, StaffRole.TEACHING, given_name=name, email=f"{name}@school.example")
        mail = OutgoingMail(
            scope=f"school:{school.id}", kind="reading", to_address=member.email, subject="", text="", html="",
            state=MailState.KEPT,
        )  # fmt: skip
        link = make.add(
            ReadingLink(school_id=school.id, campaign_id=campaign.id, staff_id=member.id, mail_id=make.add(mail).id)
        )
        tokens[f"{name}@school.example"] = reading_link(school.id, link.id)
    make.add(ReminderRule(key="own-reading", school_id=school.id, active=True))
    send(MONDAY, clock)
    sent = {mail.to_address: mail.text for mail in mails(make) if mail.kind == "reminders"}
    assert set(sent) == set(tokens)
    for address, text in sent.items():
        assert [token in text for token in tokens.values()].count(True) == 1
        assert tokens[address] in text
    campaign.withdrawn_at = datetime(2026, 12, 1, tzinfo=UTC)
    make.session.commit()
    send(MONDAY + timedelta(days=14), clock)
    later = [mail.text for mail in mails(make) if mail.kind == "reminders" and mail.text not in sent.values()]
    assert len(later) == 2
    assert not any("/read/" in text for text in later)


def test_the_lead_is_reminded_of_what_waits_without_a_name_until_it_is_decided(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = make.school()
    make.member(Role.PREVENT_LEAD, school, email="lead@school.example")
    rows = SchoolRows(make, school)
    statement = rows["training_statement"]

    def told(day: date) -> bool:
        send(day, clock)
        texts = [mail.text for mail in mails(make) if mail.to_address == "lead@school.example"]
        assert not any(rows["staff_member"].family_name in text for text in texts)
        return "1 answer of staff about their training waits for you" in texts[-1]

    assert told(MONDAY)
    statement.state, statement.decided_at = StatementState.ACCEPTED, datetime.now(UTC)
    make.session.commit()
    assert not told(MONDAY + timedelta(days=7))


def test_a_mail_to_a_lead_names_no_member_of_staff_and_tells_nothing_of_a_referral(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = make.school()
    make.member(Role.PREVENT_LEAD, school)
    make.staff(school, StaffRole.TEACHING, given_name="Zebedee", family_name="Thrupplewick", email="zt@school.example")
    make.referral(
        school, follow_up_due_on=date(2026, 10, 2), reference="R-2026-77", cpoms_reference="CP-4711", note="Slogans"
    )
    send(MONDAY, clock)
    (mail,) = mails(make)
    words = " ".join(item.words for item in items(make))
    for text in (mail.subject, mail.text, mail.html, words):
        for secret in ("Zebedee", "Thrupplewick", "zt@school.example", "R-2026-77", "CP-4711", "Slogans"):
            assert secret not in text
    assert "1 referral to follow up" in mail.text


def test_what_the_trust_sets_holds_at_its_schools_and_what_the_school_sets_there(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    trust = make.trust()
    schools = [school_with_gaps(make, trust=trust) for _ in range(2)]
    elsewhere = school_with_gaps(make, trust=make.trust())
    make.add(ReminderRule(key="training", trust_id=trust.id, active=False))
    make.add(ReminderRule(key="training", school_id=schools[1].id, active=True))
    send(MONDAY, clock)
    assert {item.school_id for item in items(make, rule="training")} == {schools[1].id, elsewhere.id}


def test_while_a_lead_is_away_another_of_the_school_gets_the_mail_but_not_what_follows_from_referrals(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = school_with_gaps(make, leads=0)
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    lead = make.member(Role.PREVENT_LEAD, school, name="Priya Nair", email="priya@school.example")
    stand_in = make.member(Role.SCHOOL_READER, school, email="deputy@school.example")
    away = {"account_id": lead.id, "from_on": MONDAY, "until_on": MONDAY + timedelta(days=4)}
    make.add(Delegation(school_id=school.id, to_account_id=stand_in.id, **away))
    send(MONDAY, clock)
    by_address = {mail.to_address: mail.text for mail in mails(make)}
    assert "Priya Nair is away" in by_address["deputy@school.example"]
    assert "referral" not in by_address["deputy@school.example"]
    assert "1 referral to follow up" in by_address["priya@school.example"]
    send(MONDAY + timedelta(days=7), clock)
    assert {item.to_address for item in items(make, day=MONDAY + timedelta(days=7))} == {"priya@school.example"}


def test_a_stand_in_who_no_longer_belongs_to_the_school_gets_nothing(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    school = school_with_gaps(make, leads=0)
    lead = make.member(Role.PREVENT_LEAD, school, email="priya@school.example")
    stand_in = make.account(email="gone@school.example")
    make.membership(stand_in, Role.SCHOOL_READER, school, ends_on=SUNDAY)
    make.add(
        Delegation(school_id=school.id, account_id=lead.id, to_account_id=stand_in.id, from_on=MONDAY, until_on=MONDAY)
    )
    send(MONDAY, clock)
    assert [mail.to_address for mail in mails(make)] == ["priya@school.example"]


def test_the_pages_that_a_mail_leads_to_are_there(
    worker_app: Flask, client: FlaskClient, make: Factory, clean: None, clock: Callable[[date], None]
) -> None:
    school = school_with_gaps(make)
    open_action(make, school, due_on=date(2026, 10, 1))
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    with worker_app.app_context():
        send(MONDAY, clock)
    (mail,) = mails(make)
    sign_in(client, make.session.scalars(select(Membership)).one().account)
    pages = re.findall(r"http://localhost(/\S+)", mail.text)
    assert len(pages) > 8
    assert [page for page in pages if client.get(page).status_code != 200] == []


# Stopping


def stop_pages(text: str) -> list[str]:
    return re.findall(r"http://localhost(/reminders/stop/\S+)", text)


def test_a_kind_is_stopped_in_one_tap_and_taken_back_on_the_same_page(
    worker_app: Flask, client: FlaskClient, make: Factory, clean: None, clock: Callable[[date], None]
) -> None:
    school = school_with_gaps(make)
    open_action(make, school, due_on=date(2026, 10, 1))
    with worker_app.app_context():
        send(MONDAY, clock)
    (page,) = {page for page in stop_pages(mails(make)[0].text) if page.endswith("/training")}
    looked = client.get(page)
    assert school.name in looked.text
    assert make.session.scalars(select(ReminderStop)).all() == []  # a scanner that follows links stops nothing
    assert client.post(page).status_code == 200
    (stop,) = make.session.scalars(select(ReminderStop)).all()
    assert (stop.school_id, stop.rule) == (school.id, "training")
    with worker_app.app_context():
        send(MONDAY + timedelta(days=7), clock)
    assert {item.rule for item in items(make, day=MONDAY + timedelta(days=7))} >= {"plan", "reading"}
    assert items(make, day=MONDAY + timedelta(days=7), rule="training") == []
    client.post(f"{page}/again")
    make.session.expire_all()
    assert make.session.scalars(select(ReminderStop)).all() == []


def test_the_mail_program_s_own_button_stops_everything_of_the_mail(
    worker_app: Flask, client: FlaskClient, make: Factory, clean: None, clock: Callable[[date], None]
) -> None:
    school_with_gaps(make)
    with worker_app.app_context():
        send(MONDAY, clock)
    address = mails(make)[0].stop_address
    assert address is not None
    answer = client.post(address.removeprefix("http://localhost"), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    with worker_app.app_context():
        send(MONDAY + timedelta(days=7), clock)
    assert len(mails(make)) == 1


def test_a_link_that_was_tampered_with_stops_nothing(client: FlaskClient, make: Factory) -> None:
    for page in ("/reminders/stop/nonsense/training", "/reminders/stop/WyJhIl0.abc/all"):
        assert client.get(page).status_code == 404
        assert client.post(page).status_code == 404


# Exactly once


def world(make: Factory) -> None:
    """Three schools in two areas; one lead of two of them; four mailboxes in all."""
    first, second = school_with_gaps(make, leads=1), school_with_gaps(make, leads=2)
    both = make.session.scalars(select(Membership).where(Membership.school_id == first.id)).one().account
    make.membership(both, Role.PREVENT_LEAD, second)


def forget(make: Factory) -> None:
    for model in (ReminderItem, OutgoingMail, JobRun):
        make.session.execute(sa.delete(model))
    make.session.commit()


def what_there_is(make: Factory) -> tuple[int, int, int]:
    """Mails, mailboxes with a mail, lines; each line hangs on a mail to its own address."""
    found = mails(make)
    lines = items(make)
    by_id = {mail.id: mail for mail in found}
    assert all(by_id[line.mail_id].to_address == line.to_address for line in lines if line.mail_id)
    return len(found), len({mail.to_address for mail in found}), len(lines)


@pytest.mark.parametrize(("way", "first"), [("the worker is killed", 1), ("the database hangs up", 2)])
def test_before_any_step_of_a_run_whatever_dies_each_reminder_is_there_once(
    worker: Flask, make: Factory, processes: Processes, clock: Callable[[date], None], way: str, first: int
) -> None:
    """Every statement and every commit of a run, from the plan to the mails, is a point at which it dies and is done again:
    the first, third, fifth in one way, those between in the other.
    """
    world(make)
    send(MONDAY, clock)
    expected = what_there_is(make)
    assert expected[:2] == (3, 3)
    forget(make)
    broken = processes.dies if way == "the worker is killed" else processes.loses_its_connection
    when_broken = set()
    for number in itertools.count(first, 2):
        job_id = ask(MONDAY, number=number)

        def run(job_id: uuid.UUID = job_id) -> None:
            run_job(str(job_id))
            deliver()

        if not broken(run, before_step=number):
            break
        when_broken.add(what_there_is(make))
        run_job(str(job_id))
        make.session.execute(  # what was handed over to nobody in particular is taken up after a quarter of an hour
            sa.update(OutgoingMail).values(finished_at=OutgoingMail.finished_at - timedelta(hours=1))
        )
        make.session.commit()
        deliver()
        assert what_there_is(make) == expected, f"broken before step {number}"
        assert {line.state for line in items(make)} == {ItemState.KEPT}, f"broken before step {number}"
        assert deliveries_asked_for(make) == 1, f"broken before step {number}"
        forget(make)
    assert number > 100  # it got through only after every point had been tried
    assert {found[0] for found in when_broken} == {0, 1, 2, 3}
    assert {found[2] for found in when_broken} > {0, expected[2]}


def deliveries_asked_for(make: Factory) -> int:
    make.session.expire_all()
    return len(make.session.scalars(select(JobRun.id).where(JobRun.kind == "deliver_mail")).all())


def test_two_schedulers_at_once_write_each_reminder_once(
    worker: Flask, make: Factory, processes: Processes, clock: Callable[[date], None]
) -> None:
    for _ in range(3):
        world(make)
    jobs = [ask(MONDAY, number=number) for number in range(2)]
    works = [lambda job_id=job_id: (run_job(str(job_id)), deliver()) for job_id in jobs]
    assert processes.at_once(*works) == [0, 0]
    found, mailboxes, _ = what_there_is(make)
    assert found == mailboxes == 9
    states = make.session.scalars(select(JobRun.state).where(JobRun.kind == "send_reminders")).all()
    assert states == [JobState.DONE] * 2
    assert {line.state for line in items(make)} == {ItemState.KEPT}


def test_a_job_that_lost_the_database_is_left_to_be_taken_up_again(
    worker: Flask, make: Factory, processes: Processes, clock: Callable[[date], None]
) -> None:
    world(make)
    job_id = ask(MONDAY)
    assert processes.loses_its_connection(lambda: run_job(str(job_id)), before_step=30)
    make.session.expire_all()
    assert make.session.get_one(JobRun, job_id).state is JobState.RUNNING


@pytest.fixture
def office() -> Iterator[PostOffice]:
    office = PostOffice()
    office.start()
    yield office
    office.stop()


def send_by_smtp(office: PostOffice) -> int:
    bind_scope(PlatformScope())
    return deliver_mail(sender=SmtpSender(office.url), mail_from="no-reply@trust.example", settled=settle)


def test_killed_before_any_step_of_sending_a_digest_arrives_once_at_most_and_its_lines_say_what_became_of_it(
    worker: Flask, make: Factory, processes: Processes, clock: Callable[[date], None], office: PostOffice
) -> None:
    school_with_gaps(make)
    after = set()
    for number in itertools.count(1):
        run_job(str(ask(MONDAY, number=number)))
        office.messages.clear()
        if not processes.dies(lambda: send_by_smtp(office), before_step=number):
            break
        make.session.execute(sa.update(OutgoingMail).values(finished_at=OutgoingMail.finished_at - timedelta(hours=1)))
        make.session.commit()
        send_by_smtp(office)
        (mail,) = mails(make)
        states = {line.state for line in items(make)}
        assert states == {ItemState.SENT if mail.state is MailState.SENT else ItemState.UNCERTAIN}
        assert len(office.messages) == 1, f"killed before step {number}"
        after |= states
        forget(make)
    assert after == {ItemState.SENT, ItemState.UNCERTAIN}


def test_when_an_address_refuses_or_sends_back_the_lines_say_so(
    worker: Flask, make: Factory, clock: Callable[[date], None], office: PostOffice
) -> None:
    school = school_with_gaps(make, leads=0)
    make.member(Role.PREVENT_LEAD, school, email="gone@school.example")
    make.member(Role.PREVENT_LEAD, school, email="full@school.example")
    office.refuses["gone@school.example"] = "550 No such user"
    run_job(str(ask(MONDAY)))
    assert send_by_smtp(office) == 1
    refused = items(make, to_address="gone@school.example")
    assert {(line.state, line.problem) for line in refused} == {(ItemState.REFUSED, "550 No such user")}
    assert {line.state for line in items(make, to_address="full@school.example")} == {ItemState.SENT}
    bind_scope(PlatformScope())
    (line, *_) = items(make, to_address="full@school.example")
    assert line.mail_id is not None
    assert record_bounce(line.mail_id, problem="5.2.2 Mailbox full", lasting=False, settled=settle)
    db.session.commit()
    back = items(make, to_address="full@school.example")
    assert {(line.state, line.problem) for line in back} == {(ItemState.BOUNCED, "5.2.2 Mailbox full")}


# Chasing by hand


def counts(make: Factory) -> tuple[int, int]:
    """How many reminders by hand there are, and how many of their mails."""
    make.session.expire_all()
    reminders = make.session.scalar(select(func.count()).select_from(Reminder))
    sent = make.session.scalar(select(func.count()).select_from(OutgoingMail))
    return int(reminders or 0), int(sent or 0)


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


def test_training_and_what_lapses_is_counted_as_everywhere_else(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    trust = make.trust()
    for number in range(3):
        school = make.school(trust=trust)
        for each in range(number + 1):
            member = make.staff(school, StaffRole.TEACHING)
            make.completion(member, on=date(2024, 12, 1 + each))
    scope = TrustScope(trust.id)
    bind_scope(scope)
    until = MONDAY + timedelta(days=30)
    together = training_coverage_and_lapsing(scope, as_at=MONDAY, until=until)
    assert together == (
        training_coverage(scope, as_at=MONDAY), training_lapsing(scope, as_at=MONDAY, until=until),
    )  # fmt: skip
    assert len(together[1]) == 3


def test_the_outlook_is_what_each_measure_says_by_itself(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    trust = make.trust()
    for number in range(3):
        school = make.school(trust=trust)
        plan = make.plan(school, since=datetime(2026, 9, 1, tzinfo=UTC))
        actions = select(PlanAction.id).where(PlanAction.plan_id == plan.id, PlanAction.measure.is_(None)).limit(3)
        make.session.execute(
            update(PlanAnswer)
            .where(PlanAnswer.action_id.in_(actions.scalar_subquery()))
            .values(due_on=MONDAY - timedelta(days=number))
        )
        make.session.commit()
        for each in range(number + 1):
            member = make.staff(school, StaffRole.TEACHING, *([StaffRole.DSL] if each else []))
            make.completion(member, on=date(2024, 12, 1 + each))
    scope = TrustScope(trust.id)
    bind_scope(scope)
    until, lapses = MONDAY + timedelta(days=20), MONDAY + timedelta(days=30)
    found = outlook(scope, as_at=MONDAY, until=until, lapse_until=lapses)
    assert found.actions == dated_actions(scope, as_at=MONDAY, until=until)
    assert found.training == training_coverage(scope, as_at=MONDAY)
    assert found.lapsing == training_lapsing(scope, as_at=MONDAY, until=lapses)
    assert found.reading == reading_coverage(scope, as_at=MONDAY)
    assert sorted(found.posts, key=str) == sorted(post_cover(scope, as_at=MONDAY), key=str)
    assert min(map(len, (found.actions, found.lapsing, found.reading, found.posts))) > 2


def test_the_lead_is_reminded_of_a_review_before_and_after_its_day_and_that_none_is_recorded(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    rule_came(make, MONDAY - timedelta(days=100))
    due, done, none = (make.school() for _ in range(3))
    for school in (due, done, none):
        make.member(Role.PREVENT_LEAD, school)
        make.plan(school)
    make.filtering_review(due, MONDAY - timedelta(days=355))
    make.filtering_review(done, MONDAY - timedelta(days=45))
    send(MONDAY, clock)
    assert {(item.school_id, item.rule) for item in items(make) if item.rule.startswith("filtering")} == {
        (due.id, "filtering"),
        (none.id, "filtering-none"),
    }
    texts = " ".join(mail.text for mail in mails(make))
    assert "Review filtering and monitoring" in texts
    assert "No review of filtering and monitoring is recorded" in texts
    for day in (1, 2, 7):
        send(MONDAY + timedelta(days=day), clock)
    assert len(items(make, school_id=due.id, rule="filtering")) == 1
    send(MONDAY + timedelta(days=14), clock)
    assert len(items(make, school_id=due.id, rule="filtering")) == 2
    assert any("Review filtering and monitoring: it was due on" in mail.text for mail in mails(make))


def rule_came(make: Factory, day: date) -> None:
    """Says on which day the upgrade brought the rule."""
    make.session.execute(sa.delete(ReminderStart))
    make.add(ReminderStart(rule="filtering-none", held_from=day))


def none_told(make: Factory) -> set[uuid.UUID]:
    return {item.school_id for item in items(make, rule="filtering-none")}


def test_that_no_review_is_recorded_is_said_only_weeks_after_the_school_started_here(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    """As with the other rules, a school that has not begun is left alone; one that has, gets time to find its way."""
    rule_came(make, MONDAY - timedelta(days=100))
    started = {"old": MONDAY - timedelta(days=200), "fresh": MONDAY - timedelta(days=21)}
    schools = {}
    for name, day in started.items():
        schools[name] = make.school()
        make.member(Role.PREVENT_LEAD, schools[name])
        make.plan(schools[name], since=datetime.combine(day, time(9), UTC))
    by_account = make.school()
    lead = make.member(Role.PREVENT_LEAD, by_account)
    membership = make.session.scalars(select(Membership).where(Membership.account_id == lead.id)).one()
    membership.created_at = datetime.combine(MONDAY - timedelta(days=28), time(9), UTC)
    make.school()  # of the register, and never used: nobody is there to be told
    make.session.commit()
    send(MONDAY, clock)
    assert none_told(make) == {schools["old"].id, by_account.id}
    send(MONDAY + timedelta(days=4), clock)
    assert schools["fresh"].id not in none_told(make)
    send(MONDAY + timedelta(days=7), clock)
    assert schools["fresh"].id in none_told(make)


def test_an_upgrade_that_brings_the_rule_writes_to_no_school_on_the_next_day(
    worker: Flask, make: Factory, clock: Callable[[date], None]
) -> None:
    rule_came(make, MONDAY - timedelta(days=21))
    for _ in range(3):
        school = make.school()
        make.member(Role.PREVENT_LEAD, school)
        make.plan(school, since=datetime.combine(MONDAY - timedelta(days=300), time(9), UTC))
    send(MONDAY, clock)
    assert none_told(make) == set()
    send(MONDAY + timedelta(days=4), clock)
    assert none_told(make) == set()
    send(MONDAY + timedelta(days=7), clock)
    assert len(none_told(make)) == 3


def test_the_upgrade_notes_once_on_which_day_a_rule_came(make: Factory, database: RoleUrls, worker: Flask) -> None:
    def noted() -> list[tuple[str, date]]:
        make.session.expire_all()
        return [(row.rule, row.held_from) for row in make.session.scalars(select(ReminderStart))]

    make.session.execute(sa.delete(ReminderStart))
    make.session.commit()
    upgrade(database.owner)
    assert noted() == [("filtering-none", today())]
    make.session.execute(update(ReminderStart).values(held_from=date(2026, 1, 5)))
    make.session.commit()
    upgrade(database.owner)
    assert noted() == [("filtering-none", date(2026, 1, 5))]
