"""What the steps of every import share: each step has an address of its own, to be left and found again."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from blueprints.web.job_state import job_state_json
from prevent_trust.jobs.ledger import job_run
from prevent_trust.jobs.models import JobRun
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, TrustScope
from tenants.imports.models import ImportKind, ImportRun
from tenants.imports.runs import cancel_run, run_of, runs_of


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button alone."""


@dataclass(frozen=True)
class ImportSteps:
    """The runs of one kind at a school or a trust. `endpoint` is that of the first step, such as `school.staff_import`."""

    scope: SchoolScope | TrustScope
    kind: ImportKind
    endpoint: str

    @property
    def place(self) -> dict[str, Any]:
        """What every address of these steps names first."""
        if isinstance(self.scope, TrustScope):
            return {"trust_id": self.scope.trust_id}
        return {"school_id": self.scope.school_id}

    @property
    def storage(self) -> Storage:
        return current_app.extensions["storage"]  # type: ignore[no-any-return]  # the factory puts a Storage there

    def url(self, step: str = "", **values: Any) -> str:
        """The address of a step: none is the first, `run` a run's own page, then `columns`, `state` and so on."""
        return url_for(f"{self.endpoint}_{step}" if step else self.endpoint, **(self.place | values))

    def to(self, step: str = "", **values: Any) -> Response:
        return redirect(self.url(step, **values), 303)

    def run(self, run_id: uuid.UUID) -> ImportRun:
        """The run, or the page that says that there is none."""
        return run_of(self.scope, run_id, self.kind) or abort(404)

    def runs(self, *, limit: int = 20) -> list[ImportRun]:
        return runs_of(self.scope, self.kind, limit=limit)

    def job(self, run: ImportRun) -> JobRun | None:
        return job_run(run.job_id) if run.job_id else None

    def state(self, run_id: uuid.UUID) -> FileResponse:
        return job_state_json(self.job(self.run(run_id)) or abort(404))

    def cancel(self, run_id: uuid.UUID, *, dropped: str, too_late: str) -> Response:
        """Drops a run that nobody applied; says which of the two it was."""
        if cancel_run(self.run(run_id), storage=self.storage):
            flash(dropped, "success")
        else:
            flash(too_late, "error")
        return self.to()
