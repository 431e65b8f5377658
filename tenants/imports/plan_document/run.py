"""The steps of a plan's import: what the columns mean, a preview of what comes of it, then making it the school's plan."""

import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import IO, Any, BinaryIO, Protocol
from zoneinfo import ZoneInfo

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.models import ImportKind, ImportRun, ImportState
from tenants.imports.plan_document.apply import findings_in, make_plan_from_document
from tenants.imports.plan_document.blocks import DocumentBlocks
from tenants.imports.plan_document.columns import TableGuess, TableMapping, guess_columns
from tenants.imports.plan_document.files import read_blocks
from tenants.imports.plan_document.problems import NoActionFound, PlanDocumentError
from tenants.imports.plan_document.reader import plan_from
from tenants.imports.plan_document.types import PlanDocument
from tenants.imports.remembered import remember_columns, remembered_columns
from tenants.imports.runs import forget_file_after_commit
from tenants.plan.actions import PlanError
from tenants.plan.queries import current_plan
from tenants.referrals.rules import stated_identifiers

MOST_IN_MEMORY = 8 * 1024 * 1024


class Progress(Protocol):
    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


def guess_of(scope: SchoolScope, stream: BinaryIO, file_name: str) -> tuple[DocumentBlocks, list[TableGuess]]:
    """What is in a file, and what its columns seem to mean; what the trust's schools said before counts first.

    Raises PlanDocumentError, which says what is wrong and what to do.
    """
    blocks = read_blocks(stream, file_name)
    return blocks, guess_columns(blocks, remembered_columns(scope, ImportKind.PLAN))


def preview_of(blocks: DocumentBlocks, mapping: Sequence[TableMapping], *, file_name: str) -> dict[str, Any]:
    """What would be made of the document, as it is shown before anything is saved. Raises PlanDocumentError."""
    return _as_preview(_plan_of(blocks, mapping, file_name))


def _plan_of(blocks: DocumentBlocks, mapping: Sequence[TableMapping], file_name: str) -> PlanDocument:
    document = plan_from(blocks, mapping, file_title=file_name.rpartition(".")[0] or file_name)
    if not document.actions:
        raise NoActionFound(
            "No action was found with these columns. Say which column holds the actions, and try again."
        )
    for text in (file_name, *_texts(document)):
        for problem in stated_identifiers(text):
            raise PlanDocumentError(f"{problem.message} Then save the document and upload it again.")
    return document


def _texts(document: PlanDocument) -> list[str]:
    found = [document.title, *document.introduction, *document.leftovers]
    for section in document.sections:
        found.append(section.title)
        for duty in section.duties:
            found.append(duty.wording)
            for expectation in duty.expectations:
                found += [expectation.wording, expectation.note]
                for action in expectation.actions:
                    found += [action.wording, action.note, action.evidence, action.owner, *action.roles]
                    found += [action.status_words, action.due_words]
    return found


def _as_preview(document: PlanDocument) -> dict[str, Any]:
    return {
        "counts": document.counts(),
        "document": _as_json(asdict(document)),
        "findings": [vars(finding) for finding in findings_in(document)],
    }


def _as_json(value: Any) -> Any:
    """Dates as text, the rest as it is, so that it can be kept with the run."""
    if isinstance(value, dict):
        return {key: _as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def open_source(run: ImportRun, storage: Storage) -> IO[bytes]:
    """The uploaded file, in memory or on disk; the caller closes it."""
    local = tempfile.SpooledTemporaryFile(max_size=MOST_IN_MEMORY)  # noqa: SIM115  # the caller closes it
    with storage.open(run.storage_key) as stored:
        while chunk := stored.read(1024 * 1024):
            local.write(chunk)
    local.seek(0)
    return local


def begin_preview(run: ImportRun, mapping: Sequence[TableMapping], preview: Mapping[str, Any]) -> None:
    """Keeps with the run what its columns mean and what would come of it."""
    run.mapping = {"tables": [table.to_json() for table in mapping]}
    run.preview, run.state = dict(preview), ImportState.PREVIEWED
    db.session.flush()


def mapping_of(run: ImportRun) -> list[TableMapping]:
    return [TableMapping.from_json(raw) for raw in run.mapping.get("tables", [])]


def run_plan_import(scope: SchoolScope, run_id: uuid.UUID, *, storage: Storage, progress: Progress) -> dict[str, Any]:
    """Makes the stored document the school's plan. A run that is applied already is left alone.

    A document that cannot be read is the uploader's to mend: the run fails with the reason, the job does not.
    """
    require_bound(scope)
    run = db.session.get_one(ImportRun, run_id, with_for_update=True)
    if run.state in {ImportState.APPLIED, ImportState.CANCELLED}:
        return run.result
    progress(0, 2, "Reading the document")
    before = current_plan(scope)
    try:
        with open_source(run, storage) as local:
            blocks, guesses = guess_of(scope, local, run.file_name)  # type: ignore[arg-type]  # a binary stream
        mapping = mapping_of(run) or [guess.mapping for guess in guesses]
        document = _plan_of(blocks, mapping, run.file_name)
        progress(1, 2, "Making the plan")
        plan = make_plan_from_document(scope, document, import_id=run.id, today=_today(), made_by=run.requested_by)
    except (PlanDocumentError, PlanError) as error:
        run.state, run.problem = ImportState.FAILED, str(error)
        return {"problem": str(error)}
    remember_columns(scope, ImportKind.PLAN, _heads(guesses, mapping))
    run.state, run.applied_at = ImportState.APPLIED, datetime.now(UTC)
    run.result = {
        **document.counts(),
        "findings": len(findings_in(document)),
        "plan_id": str(plan.id),
        "earlier_plan_id": str(before.id) if before else None,
    }
    forget_file_after_commit(run, storage)
    db.session.flush()
    progress(2, 2, "The plan is made")
    return run.result


def _heads(guesses: Sequence[TableGuess], mapping: Sequence[TableMapping]) -> dict[str, str]:
    """What each head was taken to mean, for the next document."""
    found: dict[str, str] = {}
    for guess, table in zip(guesses, mapping, strict=False):
        if table.use:
            found |= {
                column.head: field.value
                for column, field in zip(guess.columns, table.fields, strict=False)
                if column.head
            }
    return found


def import_plan_file(
    scope: SchoolScope, stream: BinaryIO, file_name: str, *, dry_run: bool, made_by: uuid.UUID | None
) -> dict[str, Any]:
    """For the command line: makes the plan at once, or with `dry_run` only says what the document holds."""
    blocks, guesses = guess_of(scope, stream, file_name)
    document = _plan_of(blocks, [guess.mapping for guess in guesses], file_name)
    preview = _as_preview(document)
    if not dry_run:
        make_plan_from_document(scope, document, import_id=new_id(), today=_today(), made_by=made_by)
    actions = [{"action": action.wording, "by_whom": ", ".join(action.roles)} for action in document.actions]
    return {**preview["counts"], "document": file_name, "actions_read": actions, "out_of_date": preview["findings"]}


def _today() -> date:
    return datetime.now(ZoneInfo("Europe/London")).date()
