"""Certificates are read one after the other, each in its own transaction."""

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.queues import IMPORTS
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.imports.certificates.run import certificates_to_read, read_certificate

LONDON = ZoneInfo("Europe/London")


def request_certificates(scope: SchoolScope, *, requested_by: uuid.UUID | None) -> uuid.UUID:
    """Asks for the job that reads what the school uploaded. Returns its id."""
    return request_job(
        "read_certificates",
        scope=scope,
        title="Read the certificates",
        arguments={"school_id": str(scope.school_id)},
        requested_by=requested_by,
    )


@job("read_certificates", queue=IMPORTS)
def read_certificates(*, progress: Progress, school_id: str) -> dict[str, Any]:
    """Killed anywhere, those that are read stay read and the next one goes on with the others."""
    scope = SchoolScope(uuid.UUID(school_id))
    waiting = certificates_to_read(scope)
    for number, certificate_id in enumerate(waiting):
        progress(number, len(waiting), "Certificates read")
        bind_scope(scope)
        read_certificate(
            scope, certificate_id, storage=current_app.extensions["storage"], today=datetime.now(LONDON).date()
        )
        db.session.commit()
    bind_scope(scope)
    progress(len(waiting), len(waiting), "")
    return {"read": len(waiting)}
