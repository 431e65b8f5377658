"""Staff lists that are fetched when they are due, and taken in by the importer that takes in uploaded ones."""

import csv
import hashlib
import io
import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.jobs.staff import begin_staff_import
from prevent_trust.outside.folder import fetch_from_folder
from prevent_trust.outside.https import client, fetch_by_https
from prevent_trust.outside.sealing import unseal
from prevent_trust.outside.sftp import SftpServer, fetch_by_sftp
from prevent_trust.outside.types import Limited, OutsideProblem, Reach
from prevent_trust.queues import IMPORTS
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, bind_scope, parse_scope, require_bound
from tenants.imports.runs import EmptyFile
from tenants.imports.sources.actions import begin_fetch, finish_fetch, forget_pages, keep_page
from tenants.imports.sources.models import FetchState, SourceKind, StaffFetch, StaffFetchPage, StaffSource
from tenants.imports.sources.queries import Owner, due_sources, last_page, pages_of, source_of
from tenants.imports.sources.rules import period_of
from tenants.imports.sources.wonde import HEADERS, CursorIsOld, Wonde, WondeSchool
from tenants.imports.staff.reader import guess_mapping
from tenants.imports.staff.remembered import save_mapping
from tenants.imports.staff.run import MOST_IN_MEMORY, fields_of
from tenants.imports.tabular.table import TableError

BROKEN = (
    "Something went wrong in this service. Its operators can see what; the list is fetched again when it is next due."
)


@dataclass(frozen=True)
class Fetched:
    """`changed` is false when the server itself says that nothing is new; then the file is empty."""

    name: str
    changed: bool = True
    etag: str | None = None


def request_due_fetches(now: datetime) -> int:
    """Asks for every source that is due, once for each day; returns how many are. Needs the platform's scope."""
    due = due_sources(PlatformScope(), now)
    db.session.commit()
    for scope, source_id, when in due:
        bind_scope(scope)
        request_fetch(scope, source_id, period=period_of(when))
        db.session.commit()
    return len(due)


def request_fetch(
    scope: Owner, source_id: uuid.UUID, *, period: str, requested_by: uuid.UUID | None = None, again: bool = False
) -> uuid.UUID:
    """Asks for one fetching. With `again` a file is taken in also when it is the one that was fetched before."""
    return request_job(
        "fetch_staff_source",
        scope=scope,
        title="Fetch a staff list",
        arguments={"owner": scope.stamp, "source_id": str(source_id), "period": period, "again": again},
        requested_by=requested_by,
        once_key=_once_key(source_id, period),
    )


@job("fetch_staff_source", queue=IMPORTS)
def fetch_staff_source(*, progress: Progress, owner: str, source_id: str, period: str, again: bool) -> dict[str, Any]:
    """Fetches, and begins an import in the transaction that notes the fetching as taken.

    Killed anywhere, it fetches anew, or goes on with the next page where there are pages. What the owner of the source
    has to put right is written beside it; the job has done its work.
    """
    scope = _owner(owner)
    source = source_of(scope, uuid.UUID(source_id))
    if source is None:
        return {"problem": "The source was removed."}
    fetch = begin_fetch(scope, source.id, period)
    if fetch.state in {FetchState.TAKEN, FetchState.UNCHANGED}:
        return {"state": fetch.state.value}
    fetch.state, fetch.problem, fetch.finished_at = FetchState.FETCHING, None, None
    db.session.commit()
    progress(0, None, "Fetching the file")
    fetch_id = fetch.id
    with tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY) as file:
        into = Limited(file, _reach(), beat=_beat(progress))  # type: ignore[arg-type]  # a binary stream
        try:
            fetched = _FETCHERS[source.kind](scope, source, fetch, into, again)
            return _take(scope, source.id, fetch_id, fetched, file, again=again)  # type: ignore[arg-type]  # as above
        except (OutsideProblem, TableError) as problem:
            db.session.rollback()
            return _failed(scope, fetch_id, str(problem))
        except EmptyFile:
            db.session.rollback()
            return _failed(scope, fetch_id, "The file is empty.")
        except Exception as error:
            db.session.rollback()
            if not (isinstance(error, DBAPIError) and error.connection_invalidated):
                _failed(scope, fetch_id, BROKEN)
                db.session.commit()
            raise


def given_up(scope: Owner, fetches: Iterable[StaffFetch]) -> set[uuid.UUID]:
    """Those that are marked as being fetched and that nobody fetches any more: each worker that tried was stopped."""
    require_bound(scope)
    under_way = {
        _once_key(each.source_id, each.period): each.id for each in fetches if each.state is FetchState.FETCHING
    }
    ended = db.session.scalars(
        select(JobRun.once_key).where(JobRun.once_key.in_(list(under_way)), JobRun.finished_at.is_not(None))
    )
    return {under_way[key] for key in ended if key is not None}


def _once_key(source_id: uuid.UUID, period: str) -> str:
    return f"fetch_staff_source:{source_id}:{period}"


def _take(
    scope: Owner, source_id: uuid.UUID, fetch_id: uuid.UUID, fetched: Fetched, file: BinaryIO, *, again: bool
) -> dict[str, Any]:
    """Begins the import of a file that is new; the source is locked, so that two fetchings do not both begin one."""
    source = source_of(scope, source_id, lock=True)
    if source is None:
        return {"problem": "The source was removed."}
    fetch = db.session.get_one(StaffFetch, fetch_id)
    size, digest = _measured(file)
    fetch.file_name = fetched.name[:200]
    if not fetched.changed or (digest == source.last_sha256 and not again):
        finish_fetch(scope, fetch, state=FetchState.UNCHANGED, now=_now())
        return {"state": fetch.state.value}
    if source.kind is SourceKind.WONDE:
        mapping = guess_mapping(HEADERS, fields_of(scope))
        save_mapping(scope, name=source.name, headers=HEADERS, mapping=mapping, now=_now())
    run_id = begin_staff_import(
        scope, file_name=fetched.name, stream=file, source_name=source.name, requested_by=None, automatic=True
    )
    fetch.size, source.last_sha256, source.etag = size, digest, fetched.etag
    finish_fetch(scope, fetch, state=FetchState.TAKEN, now=_now(), run_id=run_id)
    return {"state": fetch.state.value, "run_id": str(run_id)}


def _measured(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(1024 * 1024):
        digest.update(chunk)
    size = file.tell()
    file.seek(0)
    return size, digest.hexdigest()


def _failed(scope: Owner, fetch_id: uuid.UUID, problem: str) -> dict[str, Any]:
    fetch = db.session.get(StaffFetch, fetch_id)
    if fetch is not None:
        finish_fetch(scope, fetch, state=FetchState.FAILED, now=_now(), problem=problem)
    return {"problem": problem}


def _from_folder(scope: Owner, source: StaffSource, fetch: StaffFetch, into: Limited, again: bool) -> Fetched:
    owner = scope.trust_id if isinstance(scope, TrustScope) else scope.school_id
    return Fetched(fetch_from_folder(owner, source.place, into=into, reach=into.reach))


def _by_sftp(scope: Owner, source: StaffSource, fetch: StaffFetch, into: Limited, again: bool) -> Fetched:
    server = SftpServer(
        host=source.host or "", port=source.port or 22, username=source.username or "",
        host_key=source.host_key or "", secret=_secret(source) or "",
    )  # fmt: skip
    place = source.place
    db.session.commit()  # no transaction stays open while the server is waited for
    return Fetched(fetch_by_sftp(server, place, into=into, reach=into.reach))


def _by_https(scope: Owner, source: StaffSource, fetch: StaffFetch, into: Limited, again: bool) -> Fetched:
    place, token, etag = source.place, _secret(source), None if again else source.etag
    db.session.commit()
    answered = fetch_by_https(place, token=token, etag=etag, into=into, reach=into.reach)
    return Fetched(answered.name, answered.changed, answered.etag)


def _from_wonde(scope: Owner, source: StaffSource, fetch: StaffFetch, into: Limited, again: bool) -> Fetched:
    token, only, fetch_id, name = _secret(source), source.place, fetch.id, source.name
    db.session.commit()
    with client(into.reach, token) as asking:
        wonde = Wonde(asking, _settings().wonde_url, into.reach)
        schools = [each for each in wonde.schools() if only in {"", each.id}]
        if not schools:
            raise OutsideProblem("The token may read no school, or not the one that is entered here.")
        for school in schools:
            _read_school(scope, wonde, school, fetch_id)
    _write_rows(scope, fetch_id, into)
    return Fetched(f"{name}.csv")


def _read_school(scope: Owner, wonde: Wonde, school: WondeSchool, fetch_id: uuid.UUID) -> None:
    """Page after page, each committed with the cursor of the next one; goes on after the last that is there."""
    page = last_page(scope, fetch_id, school.id)
    number, cursor = (page.number + 1, page.next_cursor) if page else (0, None)
    if page is not None and cursor is None:
        return
    db.session.commit()
    while True:
        try:
            answer = wonde.employees(school, cursor)
        except CursorIsOld:
            # The interface forgot where we were: the school is read from its beginning.
            forget_pages(scope, fetch_id, school.id)
            number, cursor = 0, None
            answer = wonde.employees(school, None)
        keep_page(scope, fetch_id, part=school.id, number=number, rows=answer.rows, next_cursor=answer.next_cursor)
        db.session.commit()
        number, cursor = number + 1, answer.next_cursor
        if cursor is None:
            return


def _write_rows(scope: Owner, fetch_id: uuid.UUID, into: Limited) -> None:
    """The pages as one file, as if somebody had uploaded it. One page is held at a time."""
    into.write(_csv([list(HEADERS)]))
    for page_id in pages_of(scope, fetch_id):
        page = db.session.get_one(StaffFetchPage, page_id)
        into.write(_csv(page.rows))
        db.session.expunge(page)


def _csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


_FETCHERS = {
    SourceKind.FOLDER: _from_folder,
    SourceKind.SFTP: _by_sftp,
    SourceKind.HTTPS: _by_https,
    SourceKind.WONDE: _from_wonde,
}


def _beat(progress: Progress) -> Any:
    """Says how far it is with each further megabyte."""
    said = 0

    def beat(size: int) -> None:
        nonlocal said
        if size - said >= 1024 * 1024:
            said = size
            progress(size, None, f"{size // 1024 // 1024} MB fetched")

    return beat


def _secret(source: StaffSource) -> str | None:
    return unseal(_settings(), source.id, source.secret) if source.secret else None


def _reach() -> Reach:
    return Reach.of(_settings())


def _settings() -> Settings:
    return current_app.extensions["settings"]  # type: ignore[no-any-return]  # the factory puts Settings there


def _owner(stamp: str) -> Owner:
    scope = parse_scope(stamp)
    if not isinstance(scope, SchoolScope | TrustScope):
        raise TypeError(f"a source belongs to a school or a trust, not to {stamp}")
    return scope


def _now() -> datetime:
    return datetime.now(UTC)
