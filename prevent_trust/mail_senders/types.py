"""What every sender of mail can do, and how it says that it could not."""

import uuid
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr
from enum import StrEnum
from typing import Protocol


class MailState(StrEnum):
    WAITING = "waiting"
    HANDED_OVER = "handed_over"  # the sender has begun; only it knows whether the mail went
    SENT = "sent"
    KEPT = "kept"  # MAIL_URL=outbox: nothing is sent, the mail is there to be read
    REFUSED = "refused"
    BOUNCED = "bounced"  # it went, and came back


class MailRefused(Exception):
    """This mail is not taken, now or ever; nothing was sent."""

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


class NobodyTakesMail(MailRefused):
    """No mail is taken at present, whosever it is; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, lasting=False)


class NobodyKnows(Exception):
    """The line broke after the point of no return: the mail may have gone."""


class Sender(Protocol):
    """Hands over one message at a time.

    `send` calls `point_of_no_return` once, when the next thing it does may make the mail go; before that a worker
    can be killed and another start afresh. It raises MailRefused when the mail certainly did not go, and NobodyKnows when
    that cannot be said.
    """

    final_state: MailState
    remembers: bool  # whether `took` can be asked

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None: ...

    def took(self, mail_id: uuid.UUID) -> bool:
        """Whether it has the mail from us already. Raises MailRefused when it does not say."""

    def check(self) -> None:
        """Raises an exception with a sentence when mail cannot be sent."""

    def close(self) -> None:
        """Lets go of a connection that was kept for the next mail."""


def address_in(message: EmailMessage, header: str) -> str:
    return parseaddr(str(message[header]))[1]
