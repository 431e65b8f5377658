"""The database as an authority's officers reach it: their own role, which is granted the release tables and no others."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope

_STAMP = text("select set_config('prevent.scope', :scope, true)")


@contextmanager
def released_to(scope: AuthorityScope) -> Iterator[Session]:
    """A session that sees this authority's releases and nothing else. It never commits."""
    with Session(db.engines["authority"], info={"scope": scope}) as session:
        event.listen(session, "after_begin", _stamp_on_begin)
        yield session


def _stamp_on_begin(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    scope: AuthorityScope = session.info["scope"]
    connection.execute(_STAMP, {"scope": scope.stamp})
