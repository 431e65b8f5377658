"""Whose rows a transaction may see.

A scope names one tenant, never a list of ids. It is stamped on each transaction (`prevent.scope`, local to the
transaction); PostgreSQL's row-level security resolves it through `visible_schools()` and shows nothing without it.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, event, func, text
from sqlalchemy.orm import InstrumentedAttribute, Session, SessionTransaction

from prevent_trust.database import db

_STAMP = text("select set_config('prevent.scope', :scope, true), set_config('prevent.account', :account, true)")


@dataclass(frozen=True)
class SchoolScope:
    """One school's records."""

    school_id: uuid.UUID

    @property
    def stamp(self) -> str:
        return f"school:{self.school_id}"


@dataclass(frozen=True)
class TrustScope:
    """The records of every school that is in the trust today, and the trust's own."""

    trust_id: uuid.UUID

    @property
    def stamp(self) -> str:
        return f"trust:{self.trust_id}"


@dataclass(frozen=True)
class AuthorityScope:
    """Every school in the authority's area. The database honours it for the worker's role alone, which makes releases and
    plans reminders: each school is in one area, so all of England is planned in 153 steps and none is left out."""

    authority_id: uuid.UUID

    @property
    def stamp(self) -> str:
        return f"authority:{self.authority_id}"


@dataclass(frozen=True)
class PlatformScope:
    """The register, accounts, editions and jobs; no school's records."""

    @property
    def stamp(self) -> str:
        return "platform:"


@dataclass(frozen=True)
class RecipientScope:
    """What is to be said to one mailbox, at whichever schools, and no other record of any. For the worker's role alone, which
    puts a digest together: somebody at several schools gets one mail, and nobody reads a school that they do not belong to."""

    recipient: uuid.UUID

    @property
    def stamp(self) -> str:
        return f"recipient:{self.recipient}"


Scope = SchoolScope | TrustScope | AuthorityScope | PlatformScope | RecipientScope


def parse_scope(stamp: str) -> Scope:
    """The scope that a stamp was made from. Raises ValueError for anything else."""
    kind, _, key = stamp.partition(":")
    match kind:
        case "school":
            return SchoolScope(uuid.UUID(key))
        case "trust":
            return TrustScope(uuid.UUID(key))
        case "authority":
            return AuthorityScope(uuid.UUID(key))
        case "recipient":
            return RecipientScope(uuid.UUID(key))
        case "platform" if not key:
            return PlatformScope()
    raise ValueError(f"not a scope: {stamp!r}")


def current_scope() -> Scope | None:
    return db.session.info.get("scope")


def bind_scope(scope: Scope | None) -> None:
    """From here on the session sees this scope's rows only, in the transaction under way and in later ones.

    What was read under another scope is forgotten, so that the identity map cannot hand it out.
    """
    session = db.session()
    if session.info.get("scope") == scope:
        return
    session.flush()
    session.expire_all()
    session.info["scope"] = scope
    _stamp_transaction_under_way(session)


@contextmanager
def scope_bound(scope: Scope) -> Iterator[None]:
    """Within the block the session sees this scope's rows; afterwards what it saw before."""
    before = current_scope()
    bind_scope(scope)
    try:
        yield
    finally:
        if db.session().is_active:
            bind_scope(before)
        else:
            db.session().info["scope"] = before


def bind_account(account_id: uuid.UUID | None) -> None:
    """Who is asking: makes that person's own memberships visible before any scope is known."""
    session = db.session()
    session.info["account"] = account_id
    _stamp_transaction_under_way(session)


def _stamp_transaction_under_way(session: Session) -> None:
    if session.in_transaction():
        session.execute(_STAMP, _stamp_values(session))


def _stamp_values(session: Session) -> dict[str, str]:
    scope: Scope | None = session.info.get("scope")
    account = session.info.get("account")
    return {"scope": scope.stamp if scope else "", "account": str(account) if account else ""}


def stamp_each_transaction() -> None:
    """Registers the stamp on the application's session; called once by the factory."""
    if not event.contains(db.session, "after_begin", _stamp_on_begin):
        event.listen(db.session, "after_begin", _stamp_on_begin)


def _stamp_on_begin(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if session.info:
        connection.execute(_STAMP, _stamp_values(session))


_Key = ColumnElement[uuid.UUID] | InstrumentedAttribute[uuid.UUID]


def within(scope: Scope, column: _Key | InstrumentedAttribute[uuid.UUID | None]) -> ColumnElement[bool]:
    """The condition that a row's school belongs to the scope: the third lock, beside row-level security.

    Raises WrongScope when the session is bound to another scope, since the rows would silently be missing.
    """
    require_bound(scope)
    if isinstance(scope, SchoolScope):
        return column == scope.school_id
    return column == func.any(func.visible_schools())


def require_bound(scope: Scope) -> None:
    """Raises WrongScope unless the session is bound to this scope."""
    if current_scope() != scope:
        raise WrongScope(f"asked for {scope.stamp}, bound to {current_scope()}")


class WrongScope(RuntimeError):
    """A query names another tenant than the one that the session is bound to."""
