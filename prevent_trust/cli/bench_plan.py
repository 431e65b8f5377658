"""The plan's own measurements: an edition adopted by the largest trust, and an inspection pack of many large files."""

import io
import json
import os
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from flask import Flask
from sqlalchemy import Connection, insert, text

from prevent_trust.config import postgresql_url
from prevent_trust.database import db, new_id
from prevent_trust.storage import FolderStorage
from prevent_trust.tenancy import SchoolScope, bind_scope, stamp_each_transaction
from tenants.insights.inspection_pack import make_pack
from tenants.plan.adoption.rollout import adopt_for_school
from tenants.plan.evidence.models import Evidence, EvidenceKind, EvidenceRevision, EvidenceUse
from tenants.plan.models import AdoptionKind
from tenants.plan.sharing.models import InspectionPack

MEGABYTE = 1024 * 1024
PACK_FILES, PACK_MEGABYTES = 300, 500


class MeasurementFailed(RuntimeError):
    """A measuring process ended badly; the message is what it said."""


def measure_adoption(worker_url: str, trust_group: str) -> dict[str, Any]:
    """Every school of a trust adopts the newest edition, one transaction each, in a process of its own."""
    return _in_its_own_process("adopt", worker_url, trust_group)


def measure_pack(worker_url: str, trust_group: str, folder: Path, scale: float) -> dict[str, Any]:
    """A pack of 300 files and 500 megabytes (or as much of that as `scale` says), in a process of its own."""
    return _in_its_own_process("pack", worker_url, trust_group, str(folder), str(min(scale, 1.0)))


def _in_its_own_process(*arguments: str) -> dict[str, Any]:
    code = f"from prevent_trust.cli.bench_plan import measure; measure(*{arguments!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(what: str, worker_url: str, trust_group: str, *rest: str) -> None:
    """Does one of the two and prints seconds and megabytes as JSON; called in a process of its own."""
    app = Flask("prevent_trust.bench")
    app.config["SQLALCHEMY_DATABASE_URI"] = postgresql_url(worker_url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"prepare_threshold": 0}}
    db.init_app(app)
    stamp_each_transaction()
    with app.app_context():
        connection = db.session.connection()
        schools = _schools(connection, trust_group)
        newest = connection.scalar(
            text("select id from edition where source = 'built_in' order by published_on desc limit 1")
        )
        db.session.rollback()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if what == "adopt":
            result = _adopt(schools, cast("uuid.UUID", newest))
        else:
            result = _pack(schools[0], Path(rest[0]), float(rest[1]))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = {"most_megabytes": round(most / 1024), "megabytes_over_start": round((most - before) / 1024)}
    print(json.dumps(result | memory))  # read by the process that asked


def _schools(connection: Connection, trust_group: str) -> list[uuid.UUID]:
    rows = connection.scalars(
        text("select m.school_id from trust_membership m join trust t on t.id = m.trust_id where t.group_uid = :group"),
        {"group": trust_group},
    )
    return list(rows)


def _adopt(schools: list[uuid.UUID], edition_id: uuid.UUID) -> dict[str, Any]:
    batch_id = uuid.uuid4()
    begun = time.monotonic()
    for school_id in schools:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        adopt_for_school(
            scope,
            edition_id=edition_id,
            kind=AdoptionKind.EDITION,
            academic_year=2026,
            batch_id=batch_id,
            made_by=None,
        )
        db.session.commit()
    return {"schools": len(schools), "seconds": round(time.monotonic() - begun, 2)}


class _Noise(io.RawIOBase):
    """So many bytes that no archive makes smaller, made as they are read."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def read(self, amount: int = -1) -> bytes:
        amount = min(self._left, amount if amount >= 0 else self._left)
        self._left -= amount
        return os.urandom(amount)


def _pack(school_id: uuid.UUID, folder: Path, scale: float) -> dict[str, Any]:
    storage = FolderStorage(folder)
    scope = SchoolScope(school_id)
    bind_scope(scope)
    files = max(1, round(PACK_FILES * scale))
    size = round(PACK_MEGABYTES * MEGABYTE * scale / files)
    action_id = db.session.scalar(
        text(
            "select a.id from plan_action a join plan_period p on p.plan_id = a.plan_id and p.current_until is null"
            " where a.school_id = :school order by a.position limit 1"
        ),
        {"school": school_id},
    )
    for table, rows in _evidence(storage, school_id, cast("uuid.UUID", action_id), files, size):
        db.session.execute(insert(table), rows)
    pack = InspectionPack(school_id=school_id, as_at=_today())
    db.session.add(pack)
    db.session.commit()
    bind_scope(scope)
    begun = time.monotonic()
    result = make_pack(scope, pack.id, storage=storage, progress=lambda *told: None, today=_today())
    db.session.commit()
    seconds = round(time.monotonic() - begun, 2)
    return {"files": files, "megabytes": round(result["bytes"] / MEGABYTE), "seconds": seconds}


def _evidence(
    storage: FolderStorage, school_id: uuid.UUID, action_id: uuid.UUID, files: int, size: int
) -> Iterator[tuple[type[Any], list[dict[str, Any]]]]:
    pieces, revisions, uses = [], [], []
    for number in range(files):
        piece_id = new_id()
        stored = storage.save(cast("BinaryIO", _Noise(size)), key=f"evidence/{school_id}/{piece_id}")
        pieces.append({"id": piece_id, "school_id": school_id, "kind": EvidenceKind.FILE, "title": f"Piece {number}"})
        row = {"school_id": school_id, "evidence_id": piece_id}
        revisions.append(
            row
            | {
                "id": new_id(),
                "number": 1,
                "storage_key": stored.key,
                "file_name": f"piece-{number}.pdf",
                "media_type": "application/pdf",
                "size": stored.size,
                "sha256": stored.sha256,
                "effective_from": _today(),
            }
        )
        uses.append(row | {"id": new_id(), "action_id": action_id})
    yield Evidence, pieces
    yield EvidenceRevision, revisions
    yield EvidenceUse, uses


def _today() -> date:
    return datetime.now(UTC).date()
