"""Scans and photographs of signed lists: taken through the same checks as evidence, but only what a signature can be on."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO, cast

from flask import current_app
from werkzeug.datastructures import FileStorage

from blueprints.web.uploads import keep_file
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.plan.actions import PlanError
from tenants.plan.evidence_files import media_type_of, safe_name
from tenants.reading.sign_offs.actions import KeptScan

ACCEPTED = ".pdf,.png,.jpg,.jpeg,.heic"
MOST_FILES = 10
_PICTURES = frozenset({"application/pdf", "image/png", "image/jpeg", "image/heic"})


class FileNotTaken(Exception):  # reads as what it is
    """Why a file is not taken, in a sentence that names it."""


def kept_scans(scope: SchoolScope, uploads: Iterable[FileStorage | str] | None) -> list[KeptScan]:
    """Checks, scans for viruses and stores the files. When one cannot be taken, none is. Raises FileNotTaken."""
    chosen = [each for each in uploads or () if isinstance(each, FileStorage) and each.filename]
    if len(chosen) > MOST_FILES:
        raise FileNotTaken(f"Choose at most {MOST_FILES} files")
    kept: list[KeptScan] = []
    try:
        for upload in chosen:
            _look_at(upload)
            kept.append(KeptScan(**vars(keep_file(scope, upload))))
    except (PlanError, FileNotTaken) as problem:
        forget_scans(kept)
        raise FileNotTaken(str(problem)) from problem
    return kept


def _look_at(upload: FileStorage) -> None:
    name = safe_name(upload.filename or "")
    try:
        media_type = media_type_of(cast("BinaryIO", upload.stream))
    except PlanError as error:
        raise FileNotTaken(f"{name}: {error}") from error
    if media_type not in _PICTURES:
        raise FileNotTaken(f"{name}: a signed list is a PDF or a picture (JPEG, PNG or HEIC). Scan or photograph it")


def forget_scans(kept: Sequence[KeptScan]) -> None:
    """Takes out of the storage what was put there for nothing."""
    storage: Storage = current_app.extensions["storage"]
    for scan in kept:
        storage.delete(scan.storage_key)
