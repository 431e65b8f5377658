"""Reports that a mail could not be delivered (RFC 3464), as a mail server pipes them to `prevent-trust mail bounce`."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

_MESSAGE_ID = re.compile(
    r"<\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^>\s]*\s*>", re.IGNORECASE
)  # as prevent_trust.mail makes them
_STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_LONGEST_PROBLEM = 500


@dataclass(frozen=True)
class Bounce:
    """Which mail came back, why, and whether for good (a status of class 5)."""

    mail_id: uuid.UUID
    problem: str
    lasting: bool


def read_bounce(content: bytes) -> Bounce | None:
    """The bounce that a report is about; none for anything else, such as a notice of delay, a reply or an advertisement."""
    message = message_from_bytes(content, policy=policy.compat32)
    if message.get_content_type() != "multipart/report":
        return None
    failed = next((fields for fields in _recipients(message) if _field(fields, "Action").lower() == "failed"), None)
    mail_id = _original(message)
    if failed is None or mail_id is None:
        return None
    status = _STATUS.search(_field(failed, "Status"))
    words = _field(failed, "Diagnostic-Code").partition(";")[2].strip() or _field(failed, "Status")
    return Bounce(mail_id, " ".join(words.split())[:_LONGEST_PROBLEM], lasting=status is not None and status[1] == "5")


def _recipients(message: Message) -> Iterator[Message]:
    """The groups of fields of the report's machine-readable part, one for each recipient."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            yield from (group for group in payload if isinstance(group, Message)) if isinstance(payload, list) else ()


def _original(message: Message) -> uuid.UUID | None:
    """The id of the mail that came back, from the copy of it, or of its header, that the report carries."""
    for part in message.walk():
        if part.get_content_type() == "message/rfc822" and isinstance(part.get_payload(), list):
            found = _MESSAGE_ID.search(_field(part.get_payload(0), "Message-ID"))
        elif part.get_content_type() in {"text/rfc822-headers", "message/rfc822-headers"}:
            text = part.get_payload(decode=True)
            found = _MESSAGE_ID.search(text.decode(errors="replace")) if isinstance(text, bytes) else None
        else:
            continue
        if found:
            return uuid.UUID(found[1])
    return None


def _field(fields: object, name: str) -> str:
    return str(fields.get(name) or "").strip() if isinstance(fields, Message) else ""
