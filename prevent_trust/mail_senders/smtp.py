"""Mail by SMTP. The server cannot be asked afterwards whether it took a mail."""

import smtplib
import ssl
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from prevent_trust.mail_senders.types import MailRefused, MailState, NobodyKnows, NobodyTakesMail, address_in

MAILS_ON_A_CONNECTION = 100
SECONDS = 30


class SmtpSender:
    final_state = MailState.SENT
    remembers = False

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise ValueError("MAIL_URL names no host")
        self._host = parts.hostname
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit_tls else 587)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._connection: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None:
        """Takes the connection of the mail before, when it still stands; a line that broke in between is dialled anew."""
        content = message.as_bytes()
        connection = self._envelope(message)
        point_of_no_return()
        try:
            _accepted(*connection.data(content))
        except smtplib.SMTPDataError as error:
            _accepted(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NobodyKnows(f"The line broke while the mail was handed over: {error}") from error
        self._sent += 1
        if self._sent >= MAILS_ON_A_CONNECTION:
            self.close()

    def _envelope(self, message: EmailMessage) -> smtplib.SMTP:
        """A connection on which sender and recipient are taken."""
        kept = self._connection is not None
        connection = self._connection or self._connect()
        try:
            _accepted(*connection.mail(address_in(message, "From")))
            _accepted(*connection.rcpt(address_in(message, "To")))
        except MailRefused:
            self.close()  # so that the next mail begins with a clean slate
            raise
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            if kept:
                return self._envelope(message)
            raise NobodyTakesMail(f"The mail server broke off: {error}") from error
        self._connection = connection
        return connection

    def took(self, mail_id: uuid.UUID) -> bool:
        raise MailRefused("SMTP does not say what was taken.", lasting=False)

    def check(self) -> None:
        self._connect().close()

    def close(self) -> None:
        """Hangs up without a word: whatever was taken has been answered."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._sent = None, 0

    def _connect(self) -> smtplib.SMTP:
        """A connection that has been greeted and, where the address names a user, signed in to over TLS."""
        connection = smtplib.SMTP_SSL(timeout=SECONDS) if self._implicit_tls else smtplib.SMTP(timeout=SECONDS)
        try:
            connection.connect(self._host, self._port)
            connection.ehlo()
            if not self._implicit_tls and connection.has_extn("starttls"):
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            elif not self._implicit_tls and self._user:
                raise NobodyTakesMail("The mail server offers no TLS; the password was not sent.")
            if self._user:
                connection.login(self._user, self._password)
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            raise NobodyTakesMail(f"The mail server could not be reached: {error}") from error
        return connection


def _accepted(code: int, reply: bytes | str) -> None:
    if code == 421:
        raise NobodyTakesMail(f"421 {_words(reply)}")
    if code != 250:
        raise MailRefused(f"{code} {_words(reply)}", lasting=500 <= code < 600)


def _words(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply
