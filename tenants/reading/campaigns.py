"""Asking staff by mail to read and confirm: a link for each person, which needs no account and expires.

All that one asking writes is in one transaction: the campaign, the links, and their mails in the outbox, which a worker
delivers. Stopped anywhere before the commit, nothing was asked; after it, everybody's mail waits. Asked again, only
those get a mail who have none of this campaign.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.mail import OutgoingMail, queue_mail_once
from prevent_trust.mail_senders.types import MailState
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.reading.actions import record_confirmations
from tenants.reading.in_force import IN_FORCE_SQL
from tenants.reading.models import (
    ConfirmationSource,
    Document,
    DocumentEdition,
    DocumentPart,
    ReadingCampaign,
    ReadingConfirmation,
    ReadingLink,
)
from tenants.reading.queries import DocumentInForce, Part, documents_in_force
from tenants.reading.questions.queries import are_questions_left
from tenants.staff.models import StaffMember
from tenants.staff.queries import roles_on

LATEST_DUE = timedelta(days=365)
WORKS_AFTER_DUE = timedelta(days=30)  # whoever is late can still confirm
MAIL_KIND = "reading"


class CampaignError(ValueError):
    """What cannot be, in a sentence for the person who asked."""


@dataclass(frozen=True)
class SentAs:
    """How the mail is written: from whom, about which school, and where each link leads."""

    school_name: str
    sender: str
    link_for: Callable[[uuid.UUID], str]


def running_campaign(scope: SchoolScope, edition_id: uuid.UUID) -> ReadingCampaign | None:
    """The school's campaign about an edition, unless its links were withdrawn."""
    require_bound(scope)
    return db.session.scalar(
        select(ReadingCampaign).where(
            ReadingCampaign.school_id == scope.school_id,
            ReadingCampaign.document_edition_id == edition_id,
            ReadingCampaign.withdrawn_at.is_(None),
        )
    )


def ask_by_mail(
    scope: SchoolScope,
    *,
    document: DocumentInForce,
    people: Sequence[StaffMember],
    due_on: date,
    today: date,
    made_by: uuid.UUID | None,
    sent_as: SentAs,
) -> int:
    """Mails a link to each of the people who have an address and no link of the running campaign yet.

    A later day moves the running campaign's. Returns how many mails were written. Two at once: the second waits for the
    first and finds its links. Raises CampaignError for a day that is past or more than a year ahead.
    """
    campaign_id = begin_campaign(scope, edition_id=document.edition_id, due_on=due_on, today=today, made_by=made_by)
    have_one = set(
        db.session.scalars(
            select(ReadingLink.staff_id).where(
                ReadingLink.school_id == scope.school_id, ReadingLink.campaign_id == campaign_id
            )
        )
    )
    to_write = [person for person in people if person.email and person.id not in have_one]
    return sum(_write(scope, campaign_id, document, person, due_on, sent_as) for person in to_write)


def begin_campaign(
    scope: SchoolScope, *, edition_id: uuid.UUID, due_on: date, today: date, made_by: uuid.UUID | None
) -> uuid.UUID:
    """The running campaign, begun where there is none, with that last day. Its row stays locked until the transaction ends.

    Raises CampaignError for a day that is past or more than a year ahead.
    """
    require_bound(scope)
    if not today <= due_on <= today + LATEST_DUE:
        raise CampaignError("The day must be today or within a year from today")
    expires_at = datetime.combine(due_on + WORKS_AFTER_DUE, time(), UTC)
    statement = insert(ReadingCampaign).values(
        id=new_id(), school_id=scope.school_id, document_edition_id=edition_id, due_on=due_on, expires_at=expires_at,
        made_by=made_by,
    )  # fmt: skip
    statement = statement.on_conflict_do_update(
        index_elements=["school_id", "document_edition_id"],
        index_where=ReadingCampaign.withdrawn_at.is_(None),
        set_={"due_on": due_on, "expires_at": expires_at},
    )
    return db.session.execute(statement.returning(ReadingCampaign.id)).scalar_one()


def _write(
    scope: SchoolScope,
    campaign_id: uuid.UUID,
    document: DocumentInForce,
    person: StaffMember,
    due_on: date,
    sent_as: SentAs,
) -> bool:
    link_id = new_id()
    content = render_mail(
        "reading",
        name=person.given_name,
        school=sent_as.school_name,
        sender=sent_as.sender,
        title=document.title,
        edition=document.edition,
        due_on=due_on,
        link=sent_as.link_for(link_id),
    )
    mail_id = queue_mail_once(
        once_key=f"{MAIL_KIND}:{campaign_id}:{person.id}",
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
        ReadingLink(id=link_id, school_id=scope.school_id, campaign_id=campaign_id, staff_id=person.id, mail_id=mail_id)
    )
    db.session.flush()
    return True


def withdraw_campaign(scope: SchoolScope, *, edition_id: uuid.UUID) -> bool:
    """Ends the links at once; confirmations stay. False when none is running."""
    require_bound(scope)
    ended = db.session.scalars(
        update(ReadingCampaign)
        .where(
            ReadingCampaign.school_id == scope.school_id,
            ReadingCampaign.document_edition_id == edition_id,
            ReadingCampaign.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=datetime.now(UTC))
        .returning(ReadingCampaign.id)
    ).all()
    return bool(ended)


@dataclass(frozen=True)
class Asked:
    """When somebody was sent a link, and what became of the mail."""

    at: datetime
    mail: MailState


def asked(scope: SchoolScope, edition_id: uuid.UUID) -> dict[uuid.UUID, Asked]:
    """Whom the running campaign about an edition has asked, by member of staff."""
    require_bound(scope)
    rows = db.session.execute(
        select(ReadingLink.staff_id, ReadingLink.created_at, OutgoingMail.state)
        .join(ReadingCampaign, ReadingCampaign.id == ReadingLink.campaign_id)
        .join(OutgoingMail, OutgoingMail.id == ReadingLink.mail_id)
        .where(
            ReadingLink.school_id == scope.school_id,
            ReadingCampaign.school_id == scope.school_id,
            ReadingCampaign.document_edition_id == edition_id,
            ReadingCampaign.withdrawn_at.is_(None),
        )
    )
    return {row[0]: Asked(row[1], row[2]) for row in rows}


_LINKS = text(f"""
with {IN_FORCE_SQL}
select l.staff_id, d.key, l.id
from edition_here h
join document d on d.id = h.document_id
join reading_campaign c on c.school_id = h.school_id and c.document_edition_id = h.id
join reading_link l on l.school_id = c.school_id and l.campaign_id = c.id
where c.withdrawn_at is null and c.expires_at > :ends
""")


def links_that_work(scope: Scope, *, as_at: date) -> dict[tuple[uuid.UUID, str], uuid.UUID]:
    """By member of staff and document: their link, of a campaign that runs and asks about the edition in force. One query."""
    require_bound(scope)
    ends = datetime.combine(as_at + timedelta(days=1), time(), UTC)
    rows = db.session.execute(_LINKS, {"as_at": as_at, "ends": ends})
    return {(staff_id, key): link_id for staff_id, key, link_id in rows}


@dataclass(frozen=True)
class OpenedLink:
    """What somebody sees behind their link. `document` is none when the link is over.

    `parts` are what they have to read by their roles of today; `new` those of them that are new or have changed since they
    last confirmed an edition of the document, if they ever did. `confirmed_on` only where they have confirmed all of them.
    """

    staff_id: uuid.UUID
    name: str
    due_on: date
    document: DocumentInForce | None
    confirmed_on: date | None
    parts: tuple[Part, ...] = ()
    new: frozenset[uuid.UUID] = frozenset()

    @property
    def shown(self) -> str:
        """What stands for the words and files behind the link: another when any of them is another."""
        said = "\n".join(f"{part.id} {part.sha256}" for part in self.parts)
        return hashlib.sha256(said.encode("utf-8")).hexdigest()


def opened_link(scope: SchoolScope, link_id: uuid.UUID, *, today: date) -> OpenedLink | None:
    """What a mailed link leads to."""
    require_bound(scope)
    link = db.session.execute(
        select(ReadingLink.campaign_id, ReadingLink.staff_id).where(
            ReadingLink.school_id == scope.school_id, ReadingLink.id == link_id
        )
    ).one_or_none()
    return opened(scope, campaign_id=link.campaign_id, staff_id=link.staff_id, today=today) if link else None


def opened(scope: SchoolScope, *, campaign_id: uuid.UUID, staff_id: uuid.UUID, today: date) -> OpenedLink | None:
    """What a campaign asks of somebody. It is over once it expired or was withdrawn, they left, or the edition was replaced."""
    require_bound(scope)
    row = db.session.execute(
        select(ReadingCampaign, StaffMember, ReadingConfirmation)
        .join(StaffMember, StaffMember.school_id == ReadingCampaign.school_id)
        .outerjoin(
            ReadingConfirmation,
            (ReadingConfirmation.staff_id == StaffMember.id)
            & (ReadingConfirmation.document_edition_id == ReadingCampaign.document_edition_id),
        )
        .where(
            ReadingCampaign.school_id == scope.school_id, ReadingCampaign.id == campaign_id, StaffMember.id == staff_id
        )
    ).one_or_none()
    if row is None:
        return None
    campaign, member, confirmed = row
    works = (
        campaign.withdrawn_at is None
        and campaign.expires_at > datetime.now(UTC)
        and (member.leaves_on is None or member.leaves_on >= today)
    )
    in_force = {each.edition_id: each for each in documents_in_force(scope, today)} if works else {}
    document = in_force.get(campaign.document_edition_id)
    if document is None:
        return OpenedLink(
            member.id, member.full_name, campaign.due_on, None, confirmed.confirmed_on if confirmed else None
        )
    parts = document.parts_for(roles_on(member, today))
    has_all = confirmed and (confirmed.parts is None or {part.id for part in parts} <= set(confirmed.parts))
    return OpenedLink(
        staff_id=member.id,
        name=member.full_name,
        due_on=campaign.due_on,
        document=document,
        confirmed_on=confirmed.confirmed_on if has_all else None,
        parts=parts,
        new=frozenset() if has_all else new_parts(scope, member.id, document, parts),
    )


def new_parts(
    scope: SchoolScope, staff_id: uuid.UUID, document: DocumentInForce, parts: Sequence[Part]
) -> frozenset[uuid.UUID]:
    """Those of the parts that somebody has not confirmed in any edition; none when they never confirmed the document."""
    require_bound(scope)
    known = db.session.execute(
        select(DocumentPart.id, DocumentPart.sha256, DocumentPart.kind)
        .join(DocumentEdition, DocumentEdition.id == DocumentPart.document_edition_id)
        .join(Document, Document.id == DocumentEdition.document_id)
        .join(ReadingConfirmation, ReadingConfirmation.document_edition_id == DocumentEdition.id)
        .where(
            ReadingConfirmation.school_id == scope.school_id,
            ReadingConfirmation.staff_id == staff_id,
            Document.key == document.key,
            DocumentPart.id == func.any(ReadingConfirmation.parts),
        )
    ).all()
    if not known:
        return frozenset()
    ids, contents = {row.id for row in known}, {(row.kind, row.sha256) for row in known}
    return frozenset(
        part.id
        for part in parts
        if part.id not in ids and not (part.can_be_compared and (part.kind, part.sha256) in contents)
    )


def confirm_by_link(
    scope: SchoolScope, link: OpenedLink, *, today: date, source: ConfirmationSource = ConfirmationSource.LINK
) -> bool:
    """Writes that the reader confirmed. False when the link is over, a question is left, or they had confirmed already."""
    if link.document is None or are_questions_left(scope, link.document.edition_id, link.staff_id):
        return False
    written = record_confirmations(
        scope,
        staff_ids=[link.staff_id],
        edition_id=link.document.edition_id,
        confirmed_on=today,
        source=source,
        recorded_by=None,
    )
    return bool(written)
