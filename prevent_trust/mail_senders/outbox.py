"""Mail that stays where it is: in the table, for the demo and for tests."""

import uuid
from collections.abc import Callable
from email.message import EmailMessage

from prevent_trust.mail_senders.types import MailState


class OutboxSender:
    final_state = MailState.KEPT
    remembers = True

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None:
        """Keeps the mail: there is nothing to do."""
        point_of_no_return()

    def took(self, mail_id: uuid.UUID) -> bool:
        """Nothing ever leaves, so nothing is sent twice."""
        return False

    def check(self) -> None:
        """The table is always there."""

    def close(self) -> None:
        """There is no connection."""
