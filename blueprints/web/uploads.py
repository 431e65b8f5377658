"""Files that somebody uploads: looked into, scanned and stored; and given back as downloads that no browser runs."""

from collections.abc import Iterator
from typing import BinaryIO, cast

from flask import Response as FileResponse
from flask import abort, current_app
from werkzeug.datastructures import FileStorage

from prevent_trust.database import new_id
from prevent_trust.storage import Storage, StoredFileMissing
from prevent_trust.tenancy import SchoolScope, TrustScope
from prevent_trust.virus_scan import FileInfected, ScannerUnavailable
from tenants.plan.actions import PlanError
from tenants.plan.evidence.actions import StoredContent
from tenants.plan.evidence_files import media_type_of, safe_name
from tenants.referrals.rules import stated_identifiers

CHUNK = 256 * 1024


def keep_file(scope: SchoolScope | TrustScope, upload: FileStorage) -> StoredContent:
    """Looks into an uploaded file, has it scanned and stores it. Raises PlanError that names the file and says why not."""
    name = safe_name(upload.filename or "")
    for problem in stated_identifiers(name):
        raise PlanError(f"The file’s name: {problem.message} Then give the file another name and add it again.")
    stream = cast("BinaryIO", upload.stream)
    scanner = current_app.extensions["virus_scanner"]
    storage: Storage = current_app.extensions["storage"]
    try:
        media_type = media_type_of(stream)
        scanner.scan(stream)
    except PlanError as error:
        raise PlanError(f"{name}: {error}") from error
    except FileInfected as error:
        raise PlanError(f"{name}: the virus scanner found “{error}” in it, so it was not taken.") from error
    except ScannerUnavailable as error:
        raise PlanError(
            f"{name}: it could not be scanned for viruses just now, so it was not taken. Try again later."
        ) from error
    stream.seek(0)
    owner = scope.school_id if isinstance(scope, SchoolScope) else scope.trust_id
    stored = storage.save(stream, key=f"evidence/{owner}/{new_id()}")
    return StoredContent(stored.key, name, media_type, stored.size, stored.sha256)


def stored_file(key: str, name: str, media_type: str, size: int) -> FileResponse:
    """A stored file, streamed as a download that no browser runs."""
    storage: Storage = current_app.extensions["storage"]
    opened = storage.open(key)
    try:
        stream = opened.__enter__()
    except StoredFileMissing:
        abort(404)

    def chunks() -> Iterator[bytes]:
        try:
            while chunk := stream.read(CHUNK):
                yield chunk
        finally:
            opened.__exit__(None, None, None)

    response = FileResponse(chunks(), mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.content_length = size
    return response
