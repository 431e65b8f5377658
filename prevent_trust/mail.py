"""Mail leaves through a table: written with the change that caused it, delivered afterwards by a worker.

Delivery (`deliver_mail`) hands one mail at a time to a sender chosen by MAIL_URL. SMTP cannot say whether a mail was
taken when the line breaks between the last byte and the answer; such a mail stays `handed_over`, is shown to the
platform, and is never sent twice by itself.
"""

import smtplib
import ssl
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote, urlsplit

from sqlalchemy import Index, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set, db


class MailState(StrEnum):
    WAITING = "waiting"
    HANDED_OVER = "handed_over"  # the sender has begun; only it knows whether the mail went
    SENT = "sent"
    KEPT = "kept"  # MAIL_URL=outbox: nothing is sent, the mail is there to be read
    REFUSED = "refused"


class OutgoingMail(Record):
    __tablename__ = "outgoing_mail"

    scope: Mapped[str]  # the stamp of the tenant it belongs to
    kind: Mapped[str]
    to_address: Mapped[str]
    to_name: Mapped[str] = mapped_column(default="", server_default="")
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    state: Mapped[MailState] = mapped_column(
        closed_set(MailState, "state"), default=MailState.WAITING, server_default="waiting"
    )
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    problem: Mapped[str | None]
    try_after: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_outgoing_mail_waiting", "created_at", postgresql_where=sql("state = 'waiting'")),
        Index("ix_outgoing_mail_scope_created_at", "scope", "created_at"),
    )


class MailRefused(Exception):
    """The server will not take this mail now or ever; nothing was sent."""

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


class Sender(Protocol):
    """Hands over one message.

    `send` calls `point_of_no_return` once, when the next thing it does may make the mail go; before that a worker
    can be killed and another start afresh. It raises MailRefused when the mail certainly did not go.
    """

    final_state: MailState
    repeatable: bool  # sending the same mail twice does nobody harm

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None: ...

    def check(self) -> None:
        """Raises an exception with a sentence when mail cannot be sent."""


class OutboxSender:
    final_state = MailState.KEPT
    repeatable = True

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None:
        """Keeps the mail where it is: in the table."""
        point_of_no_return()

    def check(self) -> None:
        """The table is always there."""


class SmtpSender:
    final_state = MailState.SENT
    repeatable = False

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError("MAIL_URL names no host")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None:
        connection = self._connect()
        try:
            _accepted(*connection.mail(parseaddr(message["From"])[1]), expected=250)
            _accepted(*connection.rcpt(parseaddr(message["To"])[1]), expected=250)
            point_of_no_return()
            _accepted(*connection.data(message.as_bytes()), expected=250)
        except smtplib.SMTPDataError as error:
            _accepted(error.smtp_code, error.smtp_error, expected=250)
        finally:
            connection.close()

    def check(self) -> None:
        connection = self._connect()
        connection.close()

    def _connect(self) -> smtplib.SMTP:
        """A connection that has been greeted and, where the address names a user, signed in to over TLS."""
        connection = smtplib.SMTP_SSL(timeout=30) if self._implicit_tls else smtplib.SMTP(timeout=30)
        try:
            connection.connect(self._host, self._port)
            connection.ehlo()
            if not self._implicit_tls and connection.has_extn("starttls"):
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            elif not self._implicit_tls and self._user:
                raise MailRefused("The mail server offers no TLS; the password was not sent.", lasting=False)
            if self._user:
                connection.login(self._user, self._password)
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            raise MailRefused(f"The mail server could not be reached: {error}", lasting=False) from error
        return connection


def _accepted(code: int, reply: bytes | str, *, expected: int) -> None:
    if code != expected:
        words = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
        raise MailRefused(f"{code} {words}", lasting=500 <= code < 600)


def sender_from_url(url: str) -> Sender:
    """The sender that MAIL_URL names: `outbox:`, `smtp://…` or `smtps://…`."""
    scheme = url.partition(":")[0]
    if scheme == "outbox":
        return OutboxSender()
    if scheme in {"smtp", "smtps"}:
        return SmtpSender(url)
    raise ValueError("MAIL_URL must start with outbox:, smtp:// or smtps://")


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


LONGEST_WAIT_MINUTES = 6 * 60
MOST_ATTEMPTS = 12
ABANDONED_AFTER = timedelta(minutes=15)


def deliver_mail(*, sender: Sender, mail_from: str, limit: int = 500, beat: Callable[[int], None] | None = None) -> int:
    """Delivers what waits, oldest first, and returns how many left. Commits after each mail.

    Needs the platform's scope. Workers share the work: a mail is locked from its claim to the point of no return.
    """
    if sender.repeatable:
        _take_up_abandoned()
    delivered = 0
    while delivered < limit and (mail := _next_waiting()) is not None:
        try:
            sender.send(_as_message(mail, mail_from), lambda: _hand_over(mail))
        except MailRefused as refusal:
            _put_back(mail, refusal)
            continue
        mail.state = sender.final_state
        mail.finished_at = datetime.now(UTC)
        if sender.final_state is MailState.SENT:
            mail.text = mail.html = ""  # links inside give access; the ledger needs only that it went
        db.session.commit()
        delivered += 1
        if beat:
            beat(delivered)
    return delivered


def _next_waiting() -> OutgoingMail | None:
    now = datetime.now(UTC)
    mail = db.session.scalar(
        select(OutgoingMail)
        .where(
            OutgoingMail.state == MailState.WAITING,
            (OutgoingMail.try_after.is_(None)) | (OutgoingMail.try_after <= now),
        )
        .order_by(OutgoingMail.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if mail is None:
        db.session.commit()
    return mail


def _hand_over(mail: OutgoingMail) -> None:
    mail.state = MailState.HANDED_OVER
    mail.attempts += 1
    mail.finished_at = datetime.now(UTC)
    db.session.commit()


def _take_up_abandoned() -> None:
    db.session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.state == MailState.HANDED_OVER,
            OutgoingMail.finished_at < datetime.now(UTC) - ABANDONED_AFTER,
        )
        .values(state=MailState.WAITING, finished_at=None)
    )
    db.session.commit()


def _put_back(mail: OutgoingMail, refusal: MailRefused) -> None:
    if mail.state is MailState.WAITING:
        mail.attempts += 1
    mail.problem = str(refusal)
    mail.finished_at = None
    if refusal.lasting or mail.attempts >= MOST_ATTEMPTS:
        mail.state = MailState.REFUSED
        mail.finished_at = datetime.now(UTC)
    else:
        mail.state = MailState.WAITING
        mail.try_after = datetime.now(UTC) + timedelta(minutes=min(2**mail.attempts, LONGEST_WAIT_MINUTES))
    db.session.commit()


def _as_message(mail: OutgoingMail, mail_from: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    name, address = parseaddr(mail_from)
    message["From"] = formataddr((name, address))
    message["To"] = formataddr((mail.to_name, mail.to_address))
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = message_id(mail.id, address)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def message_id(mail_id: uuid.UUID, from_address: str) -> str:
    """The same for every attempt, so that a receiving system can see a repeat."""
    return f"<{mail_id}@{from_address.partition('@')[2] or 'localhost'}>"
