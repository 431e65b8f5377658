"""Making and withdrawing secret addresses. Each flushes; the caller commits."""

import secrets
import uuid
from datetime import UTC, datetime

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.feeds.models import CalendarFeed
from tenants.feeds.queries import own_feed, secret_hash

SECRET_BYTES = 32


def make_feed(account_id: uuid.UUID, *, scope: SchoolScope | None) -> str:
    """A new address in the place of the account's earlier one. Returns its secret, which is not kept.

    Of a school with its scope bound; without a scope, of what is the account's own.
    """
    if scope is not None:
        require_bound(scope)
    withdraw_feed(account_id, scope=scope)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    school_id = scope.school_id if scope else None
    db.session.add(CalendarFeed(account_id=account_id, school_id=school_id, secret_sha256=secret_hash(secret)))
    db.session.flush()
    return secret


def withdraw_feed(account_id: uuid.UUID, *, scope: SchoolScope | None) -> bool:
    """The account's address opens nothing from now on. False when there was none."""
    if scope is not None:
        require_bound(scope)
    feed = own_feed(account_id, scope.school_id if scope else None)
    if feed is None:
        return False
    feed.withdrawn_at = datetime.now(UTC)
    db.session.flush()
    return True


def withdraw_feed_of_school(scope: SchoolScope, *, feed_id: uuid.UUID) -> bool:
    """Somebody's address to the school's due dates opens nothing from now on. False when there is none."""
    require_bound(scope)
    feed = db.session.scalar(
        select(CalendarFeed).where(
            CalendarFeed.school_id == scope.school_id, CalendarFeed.id == feed_id, CalendarFeed.withdrawn_at.is_(None)
        )
    )
    if feed is None:
        return False
    feed.withdrawn_at = datetime.now(UTC)
    db.session.flush()
    return True
