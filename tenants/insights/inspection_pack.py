"""The ZIP for an inspection: the plan, its evidence, who is trained and has read what, whom to ring, and what is missing.

Everything is as it was on the pack's day. Files are streamed from the storage into the archive one after the other, so that
memory does not grow with their size; the index gives the SHA-256 of each.
"""

import hashlib
import io
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, Protocol

from prevent_trust.csv_output import csv_bytes
from prevent_trust.database import db
from prevent_trust.storage import Storage, StoredFileMissing
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.contacts.queries import contact_cards
from tenants.insights.filtering_lists import CHECK_HEADERS, REVIEW_HEADERS, check_lines, review_lines
from tenants.insights.measures.filtering import (
    FilteringStanding,
    KnownReview,
    ReviewState,
    filtering_checks,
    filtering_reviews,
    filtering_standings,
)
from tenants.insights.measures.reading import reading_needs
from tenants.insights.measures.training import training_needs
from tenants.insights.measures.types import PersonNeed
from tenants.insights.plan_export import evidence_by_action, exported_plan, how_known
from tenants.insights.plan_reading import PlanReading, end_of_day, read_plan
from tenants.insights.review_progress import ReviewProgress, progress_of_reviews
from tenants.insights.subjects import titles_of_subjects
from tenants.plan.evidence.models import EvidenceKind
from tenants.plan.evidence.queries import EvidencePiece, evidence_of_school
from tenants.plan.evidence_files import safe_name
from tenants.plan.exports.pdf import plan_as_pdf
from tenants.plan.exports.sheet import plan_as_sheet
from tenants.plan.exports.types import ExportedPlan
from tenants.plan.exports.word import plan_as_word
from tenants.plan.models import ActionStanding
from tenants.plan.sharing.models import InspectionPack, PackState
from tenants.plan.types import STANDING_NAMES
from tenants.staff.queries import staff_of

CHUNK = 1024 * 1024
_STORED = {"application/pdf", "image/png", "image/jpeg", "image/heic"}  # packed already


class Progress(Protocol):
    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


@dataclass
class _Archive:
    """The ZIP being written, and its index as it grows."""

    zip: zipfile.ZipFile
    day: date
    index: list[dict[str, Any]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add(self, name: str, what: str, source: BinaryIO, *, packed: bool = False) -> None:
        """Streams a file in. A name that is there already gets a number."""
        name = self._free(name)
        entry = zipfile.ZipInfo(name, date_time=(self.day.year, self.day.month, self.day.day, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self.zip.open(entry, "w", force_zip64=True) as target:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
        self.index.append({"file": name, "what": what, "bytes": size, "sha256": digest.hexdigest()})

    def add_bytes(self, name: str, what: str, content: bytes) -> None:
        self.add(name, what, io.BytesIO(content))

    def _free(self, name: str) -> str:
        stem, dot, ending = name.rpartition(".")
        number, free = 1, name
        while free.lower() in self.names:
            number += 1
            free = f"{stem}-{number}.{ending}" if dot else f"{name}-{number}"
        self.names.add(free.lower())
        return free


def make_pack(
    scope: SchoolScope, pack_id: uuid.UUID, *, storage: Storage, progress: Progress, today: date
) -> dict[str, Any]:
    """Makes the pack that was asked for. One that is ready is left alone; a run that was cut off begins afresh."""
    require_bound(scope)
    pack = db.session.get_one(InspectionPack, pack_id, with_for_update=True)
    if pack.state is not PackState.ASKED_FOR:
        return {"state": pack.state.value}
    reading = read_plan(scope, as_at=pack.as_at, today=today)
    if reading is None:
        pack.state, pack.problem = PackState.FAILED, "The school had no plan on that day."
        return {"problem": pack.problem}
    with tempfile.TemporaryFile() as whole:
        with zipfile.ZipFile(whole, "w", allowZip64=True) as archive:
            missing = _fill(_Archive(archive, pack.as_at), scope, reading, storage, progress, pack)
        whole.seek(0)
        stored = storage.save(whole, key=f"packs/{scope.school_id}/{pack.id}")
    pack.state, pack.storage_key, pack.size, pack.sha256 = PackState.READY, stored.key, stored.size, stored.sha256
    pack.missing = missing
    db.session.flush()
    return {"files": len(pack.contents), "bytes": stored.size, "missing": len(missing)}


def _fill(
    archive: _Archive,
    scope: SchoolScope,
    reading: PlanReading,
    storage: Storage,
    progress: Progress,
    pack: InspectionPack,
) -> list[str]:
    plan = exported_plan(scope, reading)
    reviews = filtering_reviews(scope, as_at=reading.as_at)
    asked = progress_of_reviews(scope, reviews, as_at=reading.as_at)
    used = {piece.id for pieces in evidence_by_action(scope, reading).values() for piece in pieces}
    used |= {review.evidence_id for review in reviews if review.evidence_id}
    at = end_of_day(reading.as_at) if reading.is_past else None
    pieces = [piece for piece in evidence_of_school(scope, at=at) if piece.id in used]
    total = len(pieces) + 3
    progress(0, total, "Writing the plan")
    writers: tuple[tuple[str, Callable[[ExportedPlan, BinaryIO], None]], ...] = (
        ("docx", plan_as_word),
        ("pdf", plan_as_pdf),
        ("xlsx", plan_as_sheet),
    )
    for ending, write in writers:
        target = io.BytesIO()
        write(plan, target)
        archive.add_bytes(f"plan.{ending}", f"The action plan as at {reading.as_at.isoformat()}", target.getvalue())
    progress(1, total, "Writing the lists")
    for name, what, content in (
        *_lists(scope, reading, pieces),
        *_filtering_lists(scope, reading.as_at, reviews, pieces, asked),
    ):
        archive.add_bytes(name, what, content)
    gone = []
    for number, piece in enumerate(pieces, start=1):
        progress(1 + number, total, f"Adding evidence: {piece.title}")
        if piece.kind is EvidenceKind.FILE and not _add_file(archive, piece, number, storage):
            gone.append(f"The file of the evidence “{piece.title}” is not in the storage.")
    standing = filtering_standings(scope, as_at=reading.as_at)[0]
    last = asked[reviews[0].id] if reviews else None
    missing = [*what_is_missing(reading), *review_missing(standing, last), *gone]
    archive.add_bytes("missing.txt", "What is missing", _text(missing or ["Nothing that the service knows of."]))
    lines = [(entry["file"], entry["what"], entry["bytes"], entry["sha256"]) for entry in archive.index]
    archive.add_bytes("index.csv", "This list", csv_bytes(("File", "What it is", "Bytes", "SHA-256"), lines))
    progress(total, total, "Storing the pack")
    pack.contents = archive.index
    return missing


def _add_file(archive: _Archive, piece: EvidencePiece, number: int, storage: Storage) -> bool:
    now = piece.now
    name = f"evidence/{number:03d}-{safe_name(now.file_name or 'file')}"
    try:
        with storage.open(now.storage_key or "") as stream:
            archive.add(name, f"Evidence: {piece.title}", stream, packed=(now.media_type or "") in _STORED)
    except StoredFileMissing:
        return False
    return True


def _lists(scope: SchoolScope, reading: PlanReading, pieces: list[EvidencePiece]) -> Iterable[tuple[str, str, bytes]]:
    day = reading.as_at
    titles = titles_of_subjects(scope)
    people = {person.id: person.full_name for person in staff_of(scope, as_at=day, leavers=True)}

    def needs(rows: list[PersonNeed]) -> bytes:
        lines = sorted(
            (
                titles.get(need.key, need.key),
                people.get(need.staff_id, ""),
                "Yes" if need.holds else "No",
                str(need.done_on or ""),
                str(need.until or ""),
            )
            for need in rows
        )
        return csv_bytes(("What", "Who", "In date", "Done on", "Until"), lines)

    yield "training.csv", "Who holds which training", needs(training_needs(scope, as_at=day))
    yield "reading.csv", "Who has confirmed which reading", needs(reading_needs(scope, as_at=day))
    cards = [
        (each.name, each.organisation, each.telephone, each.email, each.verified_on)
        for each in (card.contact for card in contact_cards(scope, today=day))
    ]
    yield (
        "contacts.csv",
        "Whom to ring, today",
        csv_bytes(("Name", "Organisation", "Telephone", "Email", "Checked on"), cards),
    )
    wordings = {action.id: action.wording for action in reading.actions}
    serving = [
        (
            number,
            piece.title,
            piece.kind.value,
            piece.now.address or piece.now.note or piece.now.file_name,
            piece.now.effective_from,
            piece.now.expires_on,
            piece.now.sha256,
            "; ".join(wordings[key] for key in piece.action_ids if key in wordings),
        )
        for number, piece in enumerate(pieces, start=1)
    ]
    headers = ("Number", "Evidence", "Kind", "Content", "Effective from", "Expires after", "SHA-256", "Serves")
    yield "evidence.csv", "Evidence and the actions that it serves", csv_bytes(headers, serving)


def _filtering_lists(
    scope: SchoolScope,
    day: date,
    reviews: list[KnownReview],
    pieces: list[EvidencePiece],
    asked: Mapping[uuid.UUID, ReviewProgress],
) -> Iterable[tuple[str, str, bytes]]:
    last = f"the last on {reviews[0].reviewed_on.isoformat()}" if reviews else "none recorded"
    lines = review_lines(reviews, {piece.id: piece.title for piece in pieces}, asked)
    yield "filtering-reviews.csv", f"Reviews of filtering and monitoring, {last}", csv_bytes(REVIEW_HEADERS, lines)
    checks = csv_bytes(CHECK_HEADERS, check_lines(filtering_checks(scope, as_at=day)))
    yield "filtering-checks.csv", "Checks that blocking works", checks


def review_missing(standing: FilteringStanding, last: ReviewProgress | None) -> list[str]:
    """What an inspector would ask for of filtering and monitoring and not find. `last`: what came of the last review."""
    open_ = []
    if last is not None and last.asked and not last.is_finished:
        open_ = [f"What the last review of filtering and monitoring asked for: {last.words}"]
    return [*_review_itself(standing), *open_]


def _review_itself(standing: FilteringStanding) -> list[str]:
    if standing.state is ReviewState.NONE:
        return ["No review of filtering and monitoring is recorded"]
    if standing.state is ReviewState.OVER_A_YEAR and standing.reviewed_on:
        return [f"Filtering and monitoring were last reviewed over a year ago, on {standing.reviewed_on.isoformat()}"]
    return []


def what_is_missing(reading: PlanReading) -> list[str]:
    """What an inspector would ask for and not find: unanswered, overdue, stale, not or partly met, not shown."""
    found = []
    for action in reading.actions:
        state = reading.states.get(action.id)
        if state is None:
            continue
        if state.status is ActionStanding.NOT_ANSWERED:
            found.append(f"Not answered: {action.wording}")
        elif state.is_overdue:
            found.append(f"Overdue since {state.due_on.isoformat() if state.due_on else ''}: {action.wording}")
        elif state.status is ActionStanding.STALE:
            found.append(f"Due for review: {action.wording}")
        elif state.status in {ActionStanding.NOT_MET, ActionStanding.PARTLY_MET}:
            known = f" ({how_known(state)})" if state.is_derived else ""
            found.append(f"{STANDING_NAMES[state.status]}: {action.wording}{known}")
        if state.status is ActionStanding.MET and not state.is_derived and not action.evidence_count:
            found.append(f"Met, but nothing shows it: {action.wording}")
        if action.expired_count:
            found.append(f"Evidence has expired: {action.wording}")
    return found


def _text(lines: list[str]) -> bytes:
    return ("\r\n".join(lines) + "\r\n").encode("utf-8-sig")
