"""Mail leaves through a table: written with the change that caused it, delivered afterwards by a worker.

Delivery (`deliver_mail`) hands one mail at a time to the sender that MAIL_URL names (`mail_senders`). SMTP cannot say
whether a mail was taken when the line breaks between the last byte and the answer; such a mail stays `handed_over`, is
shown to the platform, and is never sent twice by itself. GOV.UK Notify can be asked, and is.
"""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, formataddr, parseaddr

from sqlalchemy import Index, func, select, true, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set, db, new_id
from prevent_trust.mail_senders.types import MailRefused, MailState, NobodyKnows, NobodyTakesMail, Sender

BOUNCES_THAT_ARE_ENOUGH = 2


class OutgoingMail(Record):
    __tablename__ = "outgoing_mail"

    scope: Mapped[str]  # the stamp of the tenant it belongs to
    kind: Mapped[str]
    to_address: Mapped[str]
    to_name: Mapped[str] = mapped_column(default="", server_default="")
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    stop_address: Mapped[str | None]  # where one POST stops more of the kind (RFC 8058)
    once_key: Mapped[str | None] = mapped_column(unique=True)  # a mail that there is once, e.g. a digest of a day
    state: Mapped[MailState] = mapped_column(
        closed_set(MailState, "state"), default=MailState.WAITING, server_default="waiting"
    )
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    problem: Mapped[str | None]
    try_after: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]  # when the address refused it for good, or sent it back

    __table_args__ = (
        Index("ix_outgoing_mail_waiting", "created_at", postgresql_where=sql("state = 'waiting'")),
        Index("ix_outgoing_mail_handed_over", "created_at", postgresql_where=sql("state = 'handed_over'")),
        Index("ix_outgoing_mail_scope_created_at", "scope", "created_at"),
        Index(
            "ix_outgoing_mail_bounced", func.lower(sql("to_address")), postgresql_where=sql("bounced_at is not null")
        ),
    )


# Written out, since with a parameter the planner could not tell that the indexes of these few rows will do.
IS_WAITING = sql("outgoing_mail.state = 'waiting'")
IS_HANDED_OVER = sql("outgoing_mail.state = 'handed_over'")


def queue_mail(
    *, scope: str, kind: str, to_address: str, to_name: str, subject: str, plain: str, html: str
) -> OutgoingMail:
    """Writes a mail to be delivered once the surrounding transaction has committed."""
    mail = OutgoingMail(
        scope=scope, kind=kind, to_address=to_address, to_name=to_name, subject=subject, text=plain, html=html
    )
    db.session.add(mail)
    db.session.flush()
    return mail


def queue_mail_once(
    *,
    once_key: str,
    scope: str,
    kind: str,
    to_address: str,
    to_name: str,
    subject: str,
    plain: str,
    html: str,
    stop_address: str | None,
) -> uuid.UUID | None:
    """The same, unless there is a mail of that key already; then none. Two at once: the second waits for the first."""
    mail_id = new_id()
    values = {
        "id": mail_id, "once_key": once_key, "scope": scope, "kind": kind, "to_address": to_address, "to_name": to_name,
        "subject": subject, "text": plain, "html": html, "stop_address": stop_address,
    }  # fmt: skip
    statement = insert(OutgoingMail).values(values).on_conflict_do_nothing(index_elements=["once_key"])
    written = db.session.scalar(statement.returning(OutgoingMail.id))
    return mail_id if written else None


LONGEST_WAIT_MINUTES = 6 * 60
MOST_ATTEMPTS = 12
ABANDONED_AFTER = timedelta(minutes=15)
LONGEST_RUN_SECONDS = 40 * 60  # of a job that RQ ends after an hour
NOBODY_KNOWS = "The line broke while the mail was handed over, so it may have gone."

Settled = Callable[[OutgoingMail], None]


def _nothing_more(mail: OutgoingMail) -> None:
    """Nobody keeps a copy of the mail's state."""


def deliver_mail(
    *,
    sender: Sender,
    mail_from: str,
    settled: Settled = _nothing_more,
    beat: Callable[[int], None] | None = None,
) -> int:
    """Delivers what waits, oldest first, and returns how many left. Commits after each mail.

    `settled` is called, in the transaction that notes it, with each mail whose state is another now. Needs the
    platform's scope. Workers share the work: a mail is locked from its claim to the point of no return.
    """
    begun, delivered = time.monotonic(), 0
    _look_after_abandoned(sender, settled)
    try:
        while time.monotonic() - begun < LONGEST_RUN_SECONDS and (mail := _next_waiting()) is not None:
            try:
                delivered += _deliver(mail, sender, mail_from, settled)
            except NobodyTakesMail as refusal:
                _put_back(mail, refusal, settled)
                break
            if beat and delivered % 20 == 1:
                beat(delivered)
    finally:
        sender.close()
    return delivered


def _deliver(mail: OutgoingMail, sender: Sender, mail_from: str, settled: Settled) -> bool:
    """Hands the mail over and notes what came of it. Returns whether it left."""
    if _is_given_up(mail.to_address):
        words = f"{BOUNCES_THAT_ARE_ENOUGH} mails to this address came back, so nothing more is sent to it"
        _put_back(mail, MailRefused(words, lasting=True), settled, came_back=False)
        return False
    try:
        if not (mail.attempts and sender.remembers and sender.took(mail.id)):
            sender.send(_as_message(mail, mail_from), lambda: _hand_over(mail))
    except NobodyTakesMail:
        raise
    except MailRefused as refusal:
        _put_back(mail, refusal, settled)
        return False
    except NobodyKnows as uncertain:
        mail.problem = str(uncertain)
        settled(mail)
        db.session.commit()
        return False
    _note_sent(mail, sender, settled)
    return True


def _note_sent(mail: OutgoingMail, sender: Sender, settled: Settled) -> None:
    mail.state = sender.final_state
    mail.problem = None
    mail.finished_at = datetime.now(UTC)
    if sender.final_state is MailState.SENT:
        mail.text = mail.html = ""  # links inside give access; the ledger needs only that it went
    settled(mail)
    db.session.commit()


def _next_waiting() -> OutgoingMail | None:
    now = datetime.now(UTC)
    mail = db.session.scalar(
        select(OutgoingMail)
        .where(
            IS_WAITING,
            (OutgoingMail.try_after.is_(None)) | (OutgoingMail.try_after <= now),
        )
        .order_by(OutgoingMail.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if mail is None:
        db.session.commit()
    return mail


def _is_given_up(address: str) -> bool:
    bounces = db.session.scalar(
        select(func.count()).where(
            func.lower(OutgoingMail.to_address) == address.lower(), OutgoingMail.bounced_at.is_not(None)
        )
    )
    return (bounces or 0) >= BOUNCES_THAT_ARE_ENOUGH


def _hand_over(mail: OutgoingMail) -> None:
    mail.state = MailState.HANDED_OVER
    mail.attempts += 1
    mail.finished_at = datetime.now(UTC)
    db.session.commit()


def _look_after_abandoned(sender: Sender, settled: Settled) -> None:
    """Mails whose worker died, or whose line broke, after the point of no return.

    A sender that remembers is asked; what it has is sent, the rest waits again. With the others a mail stays as it is,
    and its state is told on once.
    """
    abandoned = (
        select(OutgoingMail)
        .where(
            IS_HANDED_OVER,
            OutgoingMail.finished_at < datetime.now(UTC) - ABANDONED_AFTER,
            true() if sender.remembers else OutgoingMail.problem.is_(None),
        )
        .order_by(OutgoingMail.created_at)
        .with_for_update(skip_locked=True)
        .limit(1)
    )
    while (mail := db.session.scalar(abandoned)) is not None:
        if not sender.remembers:
            mail.problem = NOBODY_KNOWS
            settled(mail)
            db.session.commit()
            continue
        try:
            took = sender.took(mail.id)
        except MailRefused:
            break  # it does not say today: ask again in the next run
        if took:
            _note_sent(mail, sender, settled)
        else:
            mail.state, mail.finished_at = MailState.WAITING, None
            db.session.commit()
    db.session.commit()


def _put_back(mail: OutgoingMail, refusal: MailRefused, settled: Settled, *, came_back: bool = True) -> None:
    if mail.state is MailState.WAITING:
        mail.attempts += 1
    mail.problem = str(refusal)
    mail.finished_at = None
    if refusal.lasting or mail.attempts >= MOST_ATTEMPTS:
        mail.state = MailState.REFUSED
        mail.finished_at = datetime.now(UTC)
        mail.bounced_at = mail.finished_at if refusal.lasting and came_back else None
    else:
        mail.state = MailState.WAITING
        mail.try_after = datetime.now(UTC) + timedelta(minutes=min(2**mail.attempts, LONGEST_WAIT_MINUTES))
    settled(mail)
    db.session.commit()


def record_bounce(mail_id: uuid.UUID, *, problem: str, lasting: bool, settled: Settled = _nothing_more) -> bool:
    """Notes that a mail came back. Returns whether there is such a mail; told twice, it is noted once.

    Needs the platform's scope; the caller commits.
    """
    mail = db.session.get(OutgoingMail, mail_id, with_for_update=True)
    if mail is None:
        return False
    if mail.state is not MailState.BOUNCED:
        mail.state, mail.problem = MailState.BOUNCED, problem
        mail.bounced_at = datetime.now(UTC) if lasting else None
        settled(mail)
        db.session.flush()
    return True


def try_address_again(address: str) -> int:
    """Forgets what came back from an address, so that mail is sent to it again. Returns how many bounces were forgotten."""
    forgotten = db.session.execute(
        update(OutgoingMail)
        .where(func.lower(OutgoingMail.to_address) == address.lower(), OutgoingMail.bounced_at.is_not(None))
        .values(bounced_at=None)
        .returning(OutgoingMail.id)
    )
    return len(forgotten.all())


def addresses_given_up(limit: int = 200) -> list[tuple[str, int, datetime]]:
    """Addresses to which nothing more is sent: how many mails came back, and when the last. Needs the platform's scope."""
    address, last = func.lower(OutgoingMail.to_address), func.max(OutgoingMail.bounced_at)
    rows = db.session.execute(
        select(address, func.count(), last)
        .where(OutgoingMail.bounced_at.is_not(None))
        .group_by(address)
        .having(func.count() >= BOUNCES_THAT_ARE_ENOUGH)
        .order_by(last.desc())
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in rows]


LONGEST_ADDRESS_IN_A_HEADER = 900  # characters; a line may have 998 (RFC 5322, 2.1.1)


class _Policy(EmailPolicy):
    """Like SMTP, but the address in List-Unsubscribe stays in one piece: folded as words, no mail program could open it."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


def _as_message(mail: OutgoingMail, mail_from: str) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    name, address = parseaddr(mail_from)
    message["From"] = formataddr((name, address))
    message["To"] = formataddr((mail.to_name, mail.to_address))
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = message_id(mail.id, address)
    message["Auto-Submitted"] = "auto-generated"
    if mail.stop_address and len(mail.stop_address) <= LONGEST_ADDRESS_IN_A_HEADER:
        message["List-Unsubscribe"] = f"<{mail.stop_address}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def message_id(mail_id: uuid.UUID, from_address: str) -> str:
    """The same for every attempt, so that a receiving system can see a repeat."""
    return f"<{mail_id}@{from_address.partition('@')[2] or 'localhost'}>"
