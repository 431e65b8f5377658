"""Asking staff by mail when they did a course: a link for each person, which needs no account and expires.

All that one asking writes is in one transaction: the asking, the links, and their mails in the outbox, which a worker
delivers. Stopped anywhere before the commit, nobody was asked; after it, everybody's mail waits. Asked again, only those
get a mail who have none of this asking.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.mail import OutgoingMail, queue_mail_once
from prevent_trust.mail_senders.types import MailState
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.campaigns import LATEST_DUE, WORKS_AFTER_DUE, SentAs
from tenants.staff.models import StaffMember
from tenants.training.asking.models import TrainingAsk, TrainingLink, TrainingStatement
from tenants.training.models import Course

MAIL_KIND = "training"


class AskError(ValueError):
    """What cannot be, in a sentence for the person who asked."""


def running_ask(scope: SchoolScope, course_id: uuid.UUID) -> TrainingAsk | None:
    """The school's asking about a course, unless its links were withdrawn."""
    require_bound(scope)
    return db.session.scalar(
        select(TrainingAsk).where(
            TrainingAsk.school_id == scope.school_id,
            TrainingAsk.course_id == course_id,
            TrainingAsk.withdrawn_at.is_(None),
        )
    )


def ask_about_training(
    scope: SchoolScope,
    *,
    course: Course,
    people: Sequence[StaffMember],
    due_on: date,
    today: date,
    made_by: uuid.UUID | None,
    sent_as: SentAs,
) -> int:
    """Mails a link to each of the people who have an address and no link of the running asking yet.

    A later day moves the running asking's. Returns how many mails were written. Two at once: the second waits for the
    first and finds its links. Raises AskError for a day that is past or more than a year ahead.
    """
    require_bound(scope)
    if not today <= due_on <= today + LATEST_DUE:
        raise AskError("The day must be today or within a year from today")
    ask_id = _ask(scope, course.id, due_on, made_by)
    have_one = set(
        db.session.scalars(
            select(TrainingLink.staff_id).where(
                TrainingLink.school_id == scope.school_id, TrainingLink.ask_id == ask_id
            )
        )
    )
    to_write = [person for person in people if person.email and person.id not in have_one]
    return sum(_write(scope, ask_id, course, person, due_on, sent_as) for person in to_write)


def _ask(scope: SchoolScope, course_id: uuid.UUID, due_on: date, made_by: uuid.UUID | None) -> uuid.UUID:
    """The running asking, begun where there is none. Its row stays locked until the transaction ends."""
    expires_at = datetime.combine(due_on + WORKS_AFTER_DUE, time(), UTC)
    statement = insert(TrainingAsk).values(
        id=new_id(), school_id=scope.school_id, course_id=course_id, due_on=due_on, expires_at=expires_at,
        made_by=made_by,
    )  # fmt: skip
    statement = statement.on_conflict_do_update(
        index_elements=["school_id", "course_id"],
        index_where=TrainingAsk.withdrawn_at.is_(None),
        set_={"due_on": due_on, "expires_at": expires_at},
    )
    return db.session.execute(statement.returning(TrainingAsk.id)).scalar_one()


def _write(
    scope: SchoolScope, ask_id: uuid.UUID, course: Course, person: StaffMember, due_on: date, sent_as: SentAs
) -> bool:
    link_id = new_id()
    content = render_mail(
        "training",
        name=person.given_name,
        school=sent_as.school_name,
        sender=sent_as.sender,
        title=course.title,
        due_on=due_on,
        link=sent_as.link_for(link_id),
    )
    mail_id = queue_mail_once(
        once_key=f"{MAIL_KIND}:{ask_id}:{person.id}",
        scope=scope.stamp,
        kind=MAIL_KIND,
        to_address=person.email or "",
        to_name=person.full_name,
        subject=content.subject,
        plain=content.plain,
        html=content.html,
        stop_address=None,
    )
    if mail_id is None:
        return False
    db.session.add(
        TrainingLink(id=link_id, school_id=scope.school_id, ask_id=ask_id, staff_id=person.id, mail_id=mail_id)
    )
    db.session.flush()
    return True


def withdraw_ask(scope: SchoolScope, *, ask_id: uuid.UUID) -> bool:
    """Ends the links at once; what was said stays. False when the school has no such asking that runs."""
    require_bound(scope)
    ended = db.session.scalars(
        update(TrainingAsk)
        .where(TrainingAsk.school_id == scope.school_id, TrainingAsk.id == ask_id, TrainingAsk.withdrawn_at.is_(None))
        .values(withdrawn_at=datetime.now(UTC))
        .returning(TrainingAsk.id)
    ).all()
    return bool(ended)


def ask_of(scope: SchoolScope, ask_id: uuid.UUID) -> tuple[TrainingAsk, Course] | None:
    """An asking of the school that still runs, with its course."""
    require_bound(scope)
    row = db.session.execute(
        select(TrainingAsk, Course)
        .join(Course, Course.id == TrainingAsk.course_id)
        .where(TrainingAsk.school_id == scope.school_id, TrainingAsk.id == ask_id, TrainingAsk.withdrawn_at.is_(None))
    ).one_or_none()
    return (row[0], row[1]) if row else None


@dataclass(frozen=True)
class AskedPerson:
    """When somebody was sent a link, and what became of the mail."""

    at: datetime
    mail: MailState


def asked_about(scope: SchoolScope, course_id: uuid.UUID) -> dict[uuid.UUID, AskedPerson]:
    """Whom the running asking about a course has asked, by member of staff."""
    require_bound(scope)
    rows = db.session.execute(
        select(TrainingLink.staff_id, TrainingLink.created_at, OutgoingMail.state)
        .join(TrainingAsk, TrainingAsk.id == TrainingLink.ask_id)
        .join(OutgoingMail, OutgoingMail.id == TrainingLink.mail_id)
        .where(
            TrainingLink.school_id == scope.school_id,
            TrainingAsk.school_id == scope.school_id,
            TrainingAsk.course_id == course_id,
            TrainingAsk.withdrawn_at.is_(None),
        )
    )
    return {row[0]: AskedPerson(row[1], row[2]) for row in rows}


@dataclass(frozen=True)
class OpenedAsk:
    """What somebody sees behind their link. `said` is what they said last by it; `works` is false when it is over."""

    link_id: uuid.UUID
    staff_id: uuid.UUID
    name: str
    course: Course
    due_on: date
    works: bool
    said: TrainingStatement | None


def opened_ask(scope: SchoolScope, link_id: uuid.UUID, *, today: date) -> OpenedAsk | None:
    """The link, which is over when it expired or was withdrawn, or its person has left. Two queries."""
    require_bound(scope)
    row = db.session.execute(
        select(TrainingAsk, StaffMember, Course)
        .join(TrainingLink, TrainingLink.ask_id == TrainingAsk.id)
        .join(StaffMember, StaffMember.id == TrainingLink.staff_id)
        .join(Course, Course.id == TrainingAsk.course_id)
        .where(TrainingLink.school_id == scope.school_id, TrainingLink.id == link_id)
    ).one_or_none()
    if row is None:
        return None
    ask, member, course = row
    works = (
        ask.withdrawn_at is None
        and ask.expires_at > datetime.now(UTC)
        and (member.leaves_on is None or member.leaves_on >= today)
    )
    said = db.session.scalars(
        select(TrainingStatement)
        .where(TrainingStatement.school_id == scope.school_id, TrainingStatement.link_id == link_id)
        .order_by(TrainingStatement.created_at.desc(), TrainingStatement.id.desc())
        .limit(1)
    ).one_or_none()
    return OpenedAsk(link_id, member.id, member.full_name, course, ask.due_on, works, said)
