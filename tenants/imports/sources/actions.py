"""Writes to sources, and to what is known of each fetching."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.outside.sftp import host_key_of, new_key
from prevent_trust.tenancy import require_bound
from tenants.imports.sources.models import Every, FetchState, SourceKind, StaffFetch, StaffFetchPage, StaffSource
from tenants.imports.sources.queries import Owner, owner_columns, source_of, sources_of

KEPT_FETCHES = 50
Seal = Callable[[uuid.UUID, str], str]
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_WONDE_ID = re.compile(r"[A-Za-z0-9]{1,40}")


@dataclass
class SourceProblem(Exception):
    """What the person asking can put right: messages by the name of the field."""

    messages: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, words: str) -> None:
        self.messages.setdefault(name, []).append(words)


@dataclass(frozen=True)
class SourceDetails:
    """What is entered of a source. `secret` is a new password or token; none leaves the one that is there."""

    name: str
    place: str
    every: Every
    hour: int
    weekday: int = 0
    active: bool = True
    host: str | None = None
    port: int | None = None
    username: str | None = None
    host_key: str | None = None
    secret: str | None = None


def save_source(
    scope: Owner,
    *,
    source: StaffSource | None,
    kind: SourceKind,
    details: SourceDetails,
    seal: Seal,
    changed_by: uuid.UUID | None,
    now: datetime,
) -> StaffSource:
    """Adds a source, or changes one. Raises SourceProblem. A secret goes on only to the server it was entered for."""
    require_bound(scope)
    _check(scope, source, kind, details)
    there = source or StaffSource(id=new_id(), kind=kind, **owner_columns(scope))
    if _fetches_otherwise(there, details):
        there.etag, there.last_sha256 = None, None
    for name in ("name", "place", "every", "hour", "weekday", "active", "host", "port", "username"):
        setattr(there, name, getattr(details, name))
    key = host_key_of(details.host_key or "")
    there.host_key = " ".join(key) if key else None
    there.scheduled_from, there.changed_by = now, changed_by
    if details.secret:
        there.secret, there.public_key = seal(there.id, details.secret), None
    elif kind is SourceKind.SFTP and there.secret is None:
        private, there.public_key = new_key()
        there.secret = seal(there.id, private)
    db.session.add(there)
    db.session.flush()
    return there


def remove_source(scope: Owner, source_id: uuid.UUID) -> bool:
    """Removes a source with its secret and what is known of its fetchings; what was imported stays."""
    source = source_of(scope, source_id, lock=True)
    if source is None:
        return False
    db.session.delete(source)
    db.session.flush()
    return True


def _fetches_otherwise(source: StaffSource, details: SourceDetails) -> bool:
    return (source.place, source.host, source.port) != (details.place, details.host, details.port)


def _check(scope: Owner, source: StaffSource | None, kind: SourceKind, details: SourceDetails) -> None:
    problem = SourceProblem()
    for other in sources_of(scope):
        if other.name.lower() == details.name.lower() and (source is None or other.id != source.id):
            problem.add("name", "Another source has this name")
    _CHECKS[kind](details, problem)
    if source is not None and _goes_elsewhere(source, details):
        problem.add("secret", "Enter it again: it was given for another server")
    if kind is SourceKind.WONDE and not details.secret and (source is None or source.secret is None):
        problem.add("secret", "Enter the token that Wonde gave you")
    if problem.messages:
        raise problem


def _goes_elsewhere(source: StaffSource, details: SourceDetails) -> bool:
    """Whether a password or token that is kept would be told to another server; a key pair tells a server nothing."""
    if source.secret is None or source.public_key or details.secret:
        return False
    there = _server_of(source.kind, source.place, source.host, source.port)
    return _server_of(source.kind, details.place, details.host, details.port) != there


def _server_of(kind: SourceKind, place: str, host: str | None, port: int | None) -> tuple[object, ...]:
    if kind is SourceKind.HTTPS:
        return (urlsplit(place).netloc.lower(),)
    return (host or "").lower(), port


def _check_folder(details: SourceDetails, problem: SourceProblem) -> None:
    path = PurePosixPath(details.place)
    if not path.name or path.is_absolute() or ".." in path.parts:
        problem.add("place", "Enter a path below your folder, such as staff.csv or exports/staff-*.csv")


def _check_sftp(details: SourceDetails, problem: SourceProblem) -> None:
    if not PurePosixPath(details.place).name:
        problem.add("place", "Enter the path of the file, such as /exports/staff-*.csv")
    if not _HOST.fullmatch(details.host or ""):
        problem.add("host", "Enter the name of the server, such as sftp.example.org")
    if not details.username:
        problem.add("username", "Enter the user name")
    if host_key_of(details.host_key or "") is None:
        problem.add(
            "host_key", "Enter the server’s host key, which begins with ssh-ed25519, ecdsa-sha2-nistp256 or ssh-rsa"
        )


def _check_https(details: SourceDetails, problem: SourceProblem) -> None:
    try:
        parts = urlsplit(details.place)
        fine = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and (parts.port or 443) > 0
    except ValueError:
        fine = False
    if not fine:
        problem.add("place", "Enter an address that starts with https:// and has no user name or password in it")


def _check_wonde(details: SourceDetails, problem: SourceProblem) -> None:
    if details.place and not _WONDE_ID.fullmatch(details.place):
        problem.add("place", "Enter Wonde’s id of the school, such as A1930499544")


_CHECKS = {
    SourceKind.FOLDER: _check_folder,
    SourceKind.SFTP: _check_sftp,
    SourceKind.HTTPS: _check_https,
    SourceKind.WONDE: _check_wonde,
}


def begin_fetch(scope: Owner, source_id: uuid.UUID, period: str) -> StaffFetch:
    """The fetching of that period, new or as an earlier worker left it; older ones than the last fifty are forgotten."""
    require_bound(scope)
    db.session.execute(
        insert(StaffFetch)
        .values(id=new_id(), source_id=source_id, period=period, state=FetchState.FETCHING, **owner_columns(scope))
        .on_conflict_do_nothing(index_elements=["source_id", "period"])
    )
    fetch = db.session.scalars(
        select(StaffFetch).where(StaffFetch.source_id == source_id, StaffFetch.period == period)
    ).one()
    old = (
        select(StaffFetch.id)
        .where(StaffFetch.source_id == source_id, StaffFetch.id != fetch.id)
        .order_by(StaffFetch.created_at.desc())
        .offset(KEPT_FETCHES)
    )
    db.session.execute(delete(StaffFetch).where(StaffFetch.id.in_(old)))
    return fetch


def keep_page(
    scope: Owner, fetch_id: uuid.UUID, *, part: str, number: int, rows: list[list[str]], next_cursor: str | None
) -> None:
    """Keeps a page of a part with where the next one begins. Flushes."""
    require_bound(scope)
    db.session.add(
        StaffFetchPage(
            fetch_id=fetch_id, part=part, number=number, rows=rows, next_cursor=next_cursor, **owner_columns(scope)
        )
    )
    db.session.flush()


def forget_pages(scope: Owner, fetch_id: uuid.UUID, part: str | None = None) -> None:
    """Drops what was kept of a fetching, or of one part of it."""
    require_bound(scope)
    of_part = () if part is None else (StaffFetchPage.part == part,)
    db.session.execute(delete(StaffFetchPage).where(StaffFetchPage.fetch_id == fetch_id, *of_part))


def finish_fetch(
    scope: Owner,
    fetch: StaffFetch,
    *,
    state: FetchState,
    now: datetime,
    problem: str | None = None,
    run_id: uuid.UUID | None = None,
) -> None:
    """Writes down how a fetching ended, and drops its pages. Flushes."""
    require_bound(scope)
    fetch.state, fetch.problem, fetch.run_id, fetch.finished_at = state, problem, run_id, now
    forget_pages(scope, fetch.id)
    db.session.flush()
