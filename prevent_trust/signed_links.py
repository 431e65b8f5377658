"""Links that carry the id of a row and a signature over it. What the link is still good for, the row itself says."""

import uuid

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from prevent_trust.config import Settings

INVITATION_LINK = "invitation"
PLAN_LINK = "plan"
STOP_LINK = "stop"
READING_LINK = "reading"
TRAINING_LINK = "training"


def signed_id(purpose: str, row_id: uuid.UUID) -> str:
    """A token for a link: the id, signed for this purpose only."""
    return _serializer(purpose).dumps(row_id.hex)


def read_signed_id(purpose: str, token: str) -> uuid.UUID | None:
    """The id in the token; none when it was not signed here, or for another purpose."""
    try:
        return uuid.UUID(hex=_serializer(purpose).loads(token))
    except (BadSignature, ValueError, AttributeError, TypeError):
        return None


def _serializer(purpose: str) -> URLSafeSerializer:
    settings: Settings = current_app.extensions["settings"]
    return URLSafeSerializer(settings.secret_key.get_secret_value(), salt=f"link:{purpose}")


def signed_ids(purpose: str, *row_ids: uuid.UUID) -> str:
    """A token for a link that names several rows, such as a school and one of its records."""
    return _serializer(purpose).dumps([row_id.hex for row_id in row_ids])


def read_signed_ids(purpose: str, token: str, *, count: int | None = None) -> tuple[uuid.UUID, ...] | None:
    """The ids in the token; none when it was not signed here, for another purpose, or holds another number of them.

    Without a `count` any number will do.
    """
    try:
        ids = tuple(uuid.UUID(hex=each) for each in _serializer(purpose).loads(token))
    except (BadSignature, ValueError, AttributeError, TypeError):
        return None
    return ids if count in {None, len(ids)} else None
