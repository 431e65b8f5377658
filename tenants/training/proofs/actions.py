"""Writes of what shows training. The file is in the storage before its row is written."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import event, insert, select

from prevent_trust.database import db, new_id
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.staff.queries import of_this_school
from tenants.training.proofs.models import ProofKind, TrainingFile, TrainingProof, TrainingProofPerson


@dataclass(frozen=True)
class KeptFile:
    """A file that is in the storage already. Size in bytes."""

    storage_key: str
    file_name: str
    media_type: str
    size: int
    sha256: str


def add_training_file(scope: SchoolScope, *, kept: KeptFile, added_by: uuid.UUID | None) -> uuid.UUID:
    """Writes down a stored file. Returns its id."""
    require_bound(scope)
    row = TrainingFile(id=new_id(), school_id=scope.school_id, added_by=added_by, **vars(kept))
    db.session.add(row)
    db.session.flush()
    return row.id


def forget_training_file(scope: SchoolScope, *, file_id: uuid.UUID, storage: Storage) -> None:
    """Drops a file that nothing shows; what was stored goes once the transaction is safe."""
    require_bound(scope)
    row = db.session.scalars(
        select(TrainingFile).where(TrainingFile.school_id == scope.school_id, TrainingFile.id == file_id)
    ).one()
    key = row.storage_key
    db.session.delete(row)
    db.session.flush()
    event.listen(db.session(), "after_commit", lambda session: storage.delete(key), once=True)


def add_proof(
    scope: SchoolScope,
    *,
    kind: ProofKind,
    staff_ids: Sequence[uuid.UUID],
    course_id: uuid.UUID,
    completed_on: date,
    file_id: uuid.UUID | None,
    recorded_by: uuid.UUID | None,
) -> uuid.UUID | None:
    """Writes what shows that people of the school completed a course. None when none of them is of the school."""
    ours = of_this_school(scope, staff_ids)
    if not ours:
        return None
    proof_id = new_id()
    proof = TrainingProof(
        id=proof_id,
        school_id=scope.school_id,
        kind=kind,
        course_id=course_id,
        completed_on=completed_on,
        file_id=file_id,
        recorded_by=recorded_by,
    )
    db.session.add(proof)
    db.session.flush()
    people = [
        {"id": new_id(), "school_id": scope.school_id, "proof_id": proof_id, "staff_id": staff_id} for staff_id in ours
    ]
    db.session.execute(insert(TrainingProofPerson), people)
    return proof_id
