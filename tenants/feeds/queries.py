"""Secret addresses: whose they are, and whether one still opens."""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, bind_account, require_bound
from tenants.access.models import Account
from tenants.access.permissions import Permission, TenantKind
from tenants.access.queries import access_to, may
from tenants.feeds.models import CalendarFeed


def secret_hash(secret: str) -> str:
    """As it is kept. The secret has 256 random bits, so that nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def own_feed(account_id: uuid.UUID, school_id: uuid.UUID | None = None) -> CalendarFeed | None:
    """The account's address that works: of the school, or of what is its own everywhere. The account must be bound."""
    return db.session.scalar(
        select(CalendarFeed).where(
            CalendarFeed.account_id == account_id,
            CalendarFeed.school_id == school_id if school_id else CalendarFeed.school_id.is_(None),
            CalendarFeed.withdrawn_at.is_(None),
        )
    )


@dataclass(frozen=True)
class HeldFeed:
    """An address to a school's due dates that works: whose it is."""

    id: uuid.UUID
    account_id: uuid.UUID
    name: str
    made_on: date


def feeds_of_school(scope: SchoolScope) -> list[HeldFeed]:
    """Who reads the school's due dates in a calendar of their own, by name; also those whose access has ended."""
    require_bound(scope)
    rows = db.session.execute(
        select(CalendarFeed.id, CalendarFeed.account_id, Account.name, CalendarFeed.created_at)
        .join(Account, Account.id == CalendarFeed.account_id)
        .where(CalendarFeed.school_id == scope.school_id, CalendarFeed.withdrawn_at.is_(None))
        .order_by(Account.name, CalendarFeed.id)
    )
    return [HeldFeed(row[0], row[1], row[2], row[3].date()) for row in rows]


@dataclass(frozen=True)
class OpenFeed:
    """An address that opens, with whose it is."""

    feed: CalendarFeed
    account: Account


def open_feed(account_id: uuid.UUID, secret: str, *, today: date) -> OpenFeed | None:
    """The feed behind an address; none when it does not exist, was withdrawn, or its account may no longer read there.

    Binds the account: row-level security shows its own addresses and nothing else.
    """
    bind_account(account_id)
    wanted = secret_hash(secret)
    row = db.session.execute(
        select(CalendarFeed, Account)
        .join(Account, Account.id == CalendarFeed.account_id)
        .where(
            CalendarFeed.account_id == account_id,
            CalendarFeed.secret_sha256 == wanted,
            CalendarFeed.withdrawn_at.is_(None),
            Account.active,
        )
    ).one_or_none()
    if row is None or not hmac.compare_digest(row[0].secret_sha256, wanted):
        return None
    feed, account = row
    if feed.school_id is not None and not _may_read(account_id, feed.school_id, today):
        return None
    return OpenFeed(feed, account)


def _may_read(account_id: uuid.UUID, school_id: uuid.UUID, today: date) -> bool:
    kind = TenantKind.SCHOOL
    access = access_to(account_id=account_id, kind=kind, tenant_id=school_id, today=today)
    return may(access, Permission.READ_SCHOOL, kind)
