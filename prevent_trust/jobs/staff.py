"""Staff imports: a file begins a run, is read by one job, applied school by school by another, and undone by a third."""

import uuid
from datetime import UTC, date, datetime
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from flask import current_app

from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import IMPORTS
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope, parse_scope
from tenants.access.actions import record_act
from tenants.imports.models import ImportRun, ImportState
from tenants.imports.staff.models import SchoolStep
from tenants.imports.staff.run import (
    Owner,
    apply_one,
    begin_reading,
    finish_run,
    open_run,
    read_run,
    schools_to_apply,
    waits_because,
)
from tenants.imports.staff.undo import undo_at_school
from tenants.organisations.queries import names_of_organisations

LONDON = ZoneInfo("Europe/London")


def begin_staff_import(
    scope: Owner,
    *,
    file_name: str,
    stream: BinaryIO,
    source_name: str | None = None,
    requested_by: uuid.UUID | None = None,
    automatic: bool = False,
) -> uuid.UUID:
    """Opens a run for a file, from a browser or from a source that delivers by itself. Returns its id.

    Works in the scope that is bound. With columns known from an earlier file of the source it is read at once, else
    somebody chooses them first. With `automatic` it is applied too when nobody needs to be asked: the columns are
    known, every school is, nobody may be a duplicate, at most one person in five changes; and nobody ever leaves by it.
    Raises EmptyFile, or TableError when it is no table; then nothing is kept.
    """
    run, known = open_run(
        scope,
        stream=stream,
        file_name=file_name,
        storage=_storage(),
        requested_by=requested_by,
        source_name=source_name,
        automatic=automatic,
    )
    if known:
        begin_reading(run, today=_today())
        request_reading(scope, run)
    elif automatic:
        run.problem = "The columns of this source are not known yet: choose them once."
    db.session.flush()
    return run.id


def request_reading(scope: Owner, run: ImportRun) -> None:
    """Asks for the job that reads the file for the preview."""
    run.job_id = request_job(
        "read_staff_import",
        scope=scope,
        title="Read the staff list",
        arguments={"owner": scope.stamp, "run_id": str(run.id)},
        requested_by=run.requested_by,
    )


def request_apply(scope: Owner, run: ImportRun, *, requested_by: uuid.UUID | None) -> None:
    """Asks for the job that makes what the preview shows so."""
    run.state = ImportState.APPLYING
    run.job_id = request_job(
        "import_staff",
        scope=scope,
        title="Bring the staff list up to date",
        arguments={"owner": scope.stamp, "run_id": str(run.id)},
        requested_by=requested_by,
        once_key=f"import_staff:{run.id}",
    )
    _record("staff import", scope, run, requested_by)


def request_undo(scope: Owner, run: ImportRun, *, requested_by: uuid.UUID | None) -> None:
    """Asks for the job that takes an applied import back."""
    run.state = ImportState.UNDOING
    run.job_id = request_job(
        "undo_staff_import",
        scope=scope,
        title="Undo the staff import",
        arguments={"owner": scope.stamp, "run_id": str(run.id)},
        requested_by=requested_by,
    )
    _record("staff import undone", scope, run, requested_by)


def _record(act: str, scope: Owner, run: ImportRun, account_id: uuid.UUID | None) -> None:
    place = {"trust_id": scope.trust_id} if isinstance(scope, TrustScope) else {"school_id": scope.school_id}
    record_act(act, account_id=account_id, **place, run_id=str(run.id), sha256=run.sha256)


@job("read_staff_import", queue=IMPORTS)
def read_staff_import(*, progress: Progress, owner: str, run_id: str) -> dict[str, Any]:
    """Reads the file in one transaction; killed anywhere, it has read nothing and begins again."""
    scope = _owner(owner)
    run = read_run(scope, uuid.UUID(run_id), storage=_storage(), progress=progress)
    if run.automatic and run.state is ImportState.PREVIEWED:
        run.problem = waits_because(scope, run)
        if run.problem is None:
            request_apply(scope, run, requested_by=run.requested_by)
    return {"problem": run.problem} if run.problem else dict(run.result)


@job("import_staff", queue=IMPORTS)
def import_staff(*, progress: Progress, owner: str, run_id: str) -> dict[str, Any]:
    """One school after the other, each in its own scope and transaction; killed anywhere, it goes on where it stopped."""
    scope, key = _owner(owner), uuid.UUID(run_id)
    run = db.session.get_one(ImportRun, key)
    if run.state is not ImportState.APPLYING:
        return dict(run.result)
    complete, as_at = bool(run.mapping["complete"]) and not run.automatic, date.fromisoformat(run.mapping["as_at"])
    schools = schools_to_apply(scope, key, SchoolStep.WAITING)
    names = names_of_organisations(set(schools))
    for number, school_id in enumerate(schools):
        progress(number, len(schools), names[school_id])
        apply_one(school_id, key, complete=complete, as_at=as_at)
        db.session.commit()
    bind_scope(scope)
    progress(len(schools), len(schools), "")
    return finish_run(scope, key, storage=_storage())


@job("undo_staff_import", queue=IMPORTS)
def undo_staff_import(*, progress: Progress, owner: str, run_id: str) -> dict[str, Any]:
    """One school after the other; where somebody changed the people since, all of that school stays and says whom."""
    scope, key = _owner(owner), uuid.UUID(run_id)
    schools = schools_to_apply(scope, key, SchoolStep.APPLIED, SchoolStep.KEPT)
    names = names_of_organisations(set(schools))
    for number, school_id in enumerate(schools):
        progress(number, len(schools), names[school_id])
        bind_scope(SchoolScope(school_id))
        undo_at_school(SchoolScope(school_id), key, now=datetime.now(UTC))
        db.session.commit()
    bind_scope(scope)
    kept = len(schools_to_apply(scope, key, SchoolStep.APPLIED, SchoolStep.KEPT))
    run = db.session.get_one(ImportRun, key, with_for_update=True)
    run.state = ImportState.APPLIED if kept else ImportState.UNDONE
    progress(len(schools), len(schools), "")
    return {"undone": len(schools) - kept, "kept": kept}


def _owner(stamp: str) -> Owner:
    scope = parse_scope(stamp)
    if not isinstance(scope, SchoolScope | TrustScope):
        raise TypeError(f"a staff import belongs to a school or a trust, not to {stamp}")
    return scope


def _storage() -> Storage:
    return current_app.extensions["storage"]  # type: ignore[no-any-return]  # the factory puts a Storage there


def _today() -> date:
    return datetime.now(LONDON).date()
