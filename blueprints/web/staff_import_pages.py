"""What will change? A staff list of a school or of a whole trust: upload, columns, schools, preview, progress, result.

An audience's routes are thin: each makes its `StaffImportPages` and calls one of the methods.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, render_template, request, stream_with_context, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import Length

from blueprints.web.access import account_id, today
from blueprints.web.free_text import NoPupilData
from blueprints.web.import_steps import ButtonForm, ImportSteps
from blueprints.web.presentation import moment
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.jobs.staff import begin_staff_import, request_apply, request_reading, request_undo
from prevent_trust.tenancy import SchoolScope, TrustScope
from tenants.imports.models import ImportKind, ImportRun, ImportState
from tenants.imports.runs import EmptyFile
from tenants.imports.staff.models import EffectKind, Outcome, RememberedAs
from tenants.imports.staff.not_taken import file_of, kept_file_of, reasons_by_line
from tenants.imports.staff.preview import counts_of_rows
from tenants.imports.staff.queries import (
    MOST_QUESTIONS,
    PER_PAGE,
    decide,
    decide_the_obvious,
    open_questions,
    preview_lines,
    questions,
    schools_of_run,
    touched,
    unplaced_words,
)
from tenants.imports.staff.reader import FIELD_NAMES, StaffMapping, mapping_from_form
from tenants.imports.staff.remembered import remember_words, saved_mappings, word_key
from tenants.imports.staff.run import FileColumns, begin_reading, choose_columns, fields_of, forget_rows, open_stored
from tenants.imports.staff.undo import UNDONE_WITHIN
from tenants.imports.tabular.table import TableError
from tenants.organisations.queries import schools_of_trust

ACCEPTED = ".csv,.xlsx,.xls,.ods"
MOST_RUNS = 200
MOST_NAMED = 100
MOST_ROWS_IN_FILE = 200_000
CAN_CHANGE = {ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED}
STATE_WORDS = {
    ImportState.UPLOADED: "waits for its columns",
    ImportState.READING: "being read",
    ImportState.PREVIEWED: "waits for you to decide",
    ImportState.APPLYING: "being applied",
    ImportState.APPLIED: "applied",
    ImportState.FAILED: "not taken in",
    ImportState.UNDOING: "being undone",
    ImportState.UNDONE: "undone",
}
SHOWN_OUTCOMES = {
    Outcome.JOINS: "Join",
    Outcome.CHANGES: "Change",
    Outcome.LEAVES: "Leave",
    Outcome.SAME: "Stay as they are",
    Outcome.GONE: "Left before, not added",
}


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("Staff list", [FileRequired("Choose a file")])


class ColumnsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """Which column is what; `fields` are those that this kind of file can have."""

    school = SelectField(FIELD_NAMES["school"])
    full_name = SelectField(FIELD_NAMES["full_name"])
    given_name = SelectField(FIELD_NAMES["given_name"])
    family_name = SelectField(FIELD_NAMES["family_name"])
    email = SelectField(FIELD_NAMES["email"])
    staff_code = SelectField(FIELD_NAMES["staff_code"])
    trn = SelectField(FIELD_NAMES["trn"])
    role = SelectField(FIELD_NAMES["role"])
    starts_on = SelectField(FIELD_NAMES["starts_on"])
    leaves_on = SelectField(FIELD_NAMES["leaves_on"])
    codes_of_trust = BooleanField("Staff codes are the trust’s: the same code at two schools is the same person")
    complete = BooleanField("This list is complete: staff who are not in it have left")
    source_name = StringField("Name of this source", [Length(max=200), NoPupilData()])

    def offer(self, columns: FileColumns, fields: tuple[str, ...]) -> None:
        options = [("", "Not in this file")]
        for header in columns.readable:
            sample = ", ".join(columns.samples.get(header, ()))[:60]
            options.append((header, f"{header} ({sample})" if sample else header))
        for name in FIELD_NAMES:
            self[name].choices = options if name in fields else [("", "")]


@dataclass(frozen=True)
class StaffImportPages:
    """The pages for one school, or for a trust, whose files name the school in a column."""

    scope: SchoolScope | TrustScope
    endpoint: str
    back_to: str  # the address that the first step leads back to

    @property
    def steps(self) -> ImportSteps:
        return ImportSteps(self.scope, ImportKind.STAFF, self.endpoint)

    @property
    def of_trust(self) -> bool:
        return isinstance(self.scope, TrustScope)

    def upload(self) -> Response | FileResponse | str:
        """Step 1, and the earlier imports."""
        form = UploadForm()
        if form.validate_on_submit():
            upload = form.file.data
            try:
                run_id = begin_staff_import(
                    self.scope,
                    file_name=upload.filename or "staff.csv",
                    stream=upload.stream,
                    requested_by=account_id(),
                )
            except EmptyFile:
                form.file.errors = ["The file is empty. Export it again and check that it has rows"]
            except TableError as error:
                form.file.errors = [str(error)]
            else:
                return self.steps.to("run", run_id=run_id)
        wanted = request.args.get("state", "")
        runs = [run for run in self.steps.runs(limit=MOST_RUNS) if wanted in {"", run.state.value}]
        if request.args.get("format") == "csv":
            return _csv(_lines_of_runs(runs), "staff-imports.csv")
        settings: Settings = current_app.extensions["settings"]
        return self._page(
            "upload", form=form, runs=runs, wanted=wanted, megabytes=settings.upload_megabytes, accepted=ACCEPTED,
            states=STATE_WORDS, state_options=[(state.value, words) for state, words in STATE_WORDS.items()],
            sources=saved_mappings(self.scope),
            sources_home=url_for(self.endpoint.replace("staff_import", "staff_sources"), **self.steps.place),
        )  # fmt: skip

    def run(self, run_id: uuid.UUID) -> Response | str:
        """Where the run is: leads to the step that waits for somebody, else shows the progress or the result."""
        run = self.steps.run(run_id)
        if run.state is ImportState.UPLOADED:
            return self.steps.to("columns", run_id=run_id)
        if run.state is ImportState.PREVIEWED:
            unplaced = self.of_trust and unplaced_words(run_id)
            return self.steps.to("schools" if unplaced else "preview", run_id=run_id)
        schools = schools_of_run(run_id)
        return self._page(
            "run",
            run=run,
            job=self.steps.job(run),
            schools=schools,
            names=touched(run_id, limit=MOST_NAMED) if run.state is ImportState.APPLIED else [],
            kinds={EffectKind.JOINED: "joined", EffectKind.CHANGED: "changed", EffectKind.LEFT: "left"},
            may_undo=_may_undo(run),
            days=UNDONE_WITHIN.days,
            button=ButtonForm(formdata=None),
        )

    def columns(self, run_id: uuid.UUID) -> Response | str:
        """Step 2: which column is what, kept for the next file of the source."""
        run = self.steps.run(run_id)
        if run.state not in CAN_CHANGE:
            return self.steps.to("run", run_id=run_id)
        fields = fields_of(self.scope)
        kept = StaffMapping.from_json(run.mapping)
        form = ColumnsForm(
            complete=run.mapping.get("complete", False),
            codes_of_trust=kept.codes_of_trust,
            source_name=run.source_name,
            **{name: kept.columns.get(name, "") for name in FIELD_NAMES},
        )
        form.offer(FileColumns.of(run), fields)
        if form.validate_on_submit():
            mapping = mapping_from_form(form.data, fields, codes_of_trust=self.of_trust and form.codes_of_trust.data)
            problem = mapping.problem(of_trust=self.of_trust)
            if problem is None:
                choose_columns(
                    self.scope, run, mapping=mapping, complete=form.complete.data,
                    source_name=form.source_name.data, today=today(),
                )  # fmt: skip
                request_reading(self.scope, run)
                return self.steps.to("run", run_id=run_id)
            form["school" if problem.startswith("Choose the column that") else "full_name"].errors = [problem]
        return self._page("columns", run=run, form=form, fields=fields, columns=FileColumns.of(run))

    def schools(self, run_id: uuid.UUID) -> Response | str:
        """Step 3, for a trust: which of its schools the words mean that are not known."""
        run = self.steps.run(run_id)
        if run.state is not ImportState.PREVIEWED:
            return self.steps.to("run", run_id=run_id)
        assert isinstance(self.scope, TrustScope)  # noqa: S101  # a school's run has no such step
        words = unplaced_words(run_id)
        here = schools_of_trust(self.scope.trust_id)
        if ButtonForm().validate_on_submit():
            known: dict[str, uuid.UUID | None] = {str(school.id): school.id for school in here} | {"out": None}
            said = {
                word_key(word): known[answer]
                for number, (word, _) in enumerate(words)
                if (answer := request.form.get(f"school-{number}", "")) in known
            }
            if said:
                remember_words(self.scope, RememberedAs.SCHOOL, said)
                run.automatic = False  # somebody is looking at it now, and decides
                begin_reading(run, today=today())
                request_reading(self.scope, run)
                return self.steps.to("run", run_id=run_id)
            return self.steps.to("preview", run_id=run_id)
        return self._page("schools", run=run, words=words, here=here, form=ButtonForm(formdata=None))

    def preview(self, run_id: uuid.UUID) -> Response | FileResponse | str:
        """Step 4: who joins, changes, leaves, and who may be there already; a page of them at a time."""
        run = self.steps.run(run_id)
        if run.state is not ImportState.PREVIEWED:
            return self.steps.to("run", run_id=run_id)
        counts = counts_of_rows(run_id)
        shown = _outcome(request.args.get("show", ""), counts)
        school = _key(request.args.get("school", ""))
        words, as_csv = request.args.get("words", "").strip(), request.args.get("format") == "csv"
        page = 1 if as_csv else max(1, request.args.get("page", 1, type=int))
        per_page = MOST_ROWS_IN_FILE if as_csv else PER_PAGE
        lines, total = preview_lines(run_id, shown, school_id=school, words=words, page=page, per_page=per_page)
        if as_csv:
            rows = (
                [each.name, each.email, each.school, "; ".join(each.roles), "; ".join(each.changes)] for each in lines
            )
            return _csv([["Name", "Email", "School", "Roles", "Changes"], *rows], f"staff-{shown}.csv")
        asked, questions_in_all = questions(run_id)
        return self._page(
            "preview", run=run, counts=counts, shown=shown, lines=lines, total=total, page=page,
            pages_of_people=-(-total // PER_PAGE), outcomes=SHOWN_OUTCOMES, school=school, words=words,
            schools=schools_of_run(run_id) if self.of_trust else [], columns=FileColumns.of(run), asked=asked,
            questions_in_all=questions_in_all, most_questions=MOST_QUESTIONS, open_questions=open_questions(run_id),
            button=ButtonForm(formdata=None),
        )  # fmt: skip

    def decide(self, run_id: uuid.UUID) -> Response:
        """Keeps who the possible duplicates are."""
        run = self._waiting(run_id)
        if "obvious" in request.form:
            flash(f"{decide_the_obvious(run.id)} decided.", "success")
        else:
            answers = {
                key: value
                for name, value in request.form.items()
                if name.startswith("row-") and (key := _key(name.removeprefix("row-"))) is not None
            }
            if twice := decide(run.id, answers):
                flash(f"Two rows cannot be one person: choose again for {', '.join(twice)}.", "error")
            else:
                flash("Your answers are kept.", "success")
        return self.steps.to("preview", run_id=run_id, _anchor="questions")

    def apply(self, run_id: uuid.UUID) -> Response:
        run = self.steps.run(run_id)
        if run.state is ImportState.PREVIEWED:
            run.mapping = run.mapping | {"as_at": today().isoformat()}
            request_apply(self.scope, run, requested_by=account_id())
        return self.steps.to("run", run_id=run_id)

    def undo(self, run_id: uuid.UUID) -> Response:
        run = self.steps.run(run_id)
        if _may_undo(run):
            request_undo(self.scope, run, requested_by=account_id())
        else:
            flash("It is too late to undo this import.", "error")
        return self.steps.to("run", run_id=run_id)

    def cancel(self, run_id: uuid.UUID) -> Response:
        run = self.steps.run(run_id)
        if run.state in CAN_CHANGE:
            forget_rows(run)
        return self.steps.cancel(
            run_id,
            dropped="The file was dropped. Nothing was changed.",
            too_late="It is too late to drop this import.",
        )

    def state(self, run_id: uuid.UUID) -> FileResponse:
        return self.steps.state(run_id)

    def rejected(self, run_id: uuid.UUID) -> FileResponse:
        """The rows that were not taken, as they stood, with line and reason: to be mended and uploaded again."""
        run = self.steps.run(run_id)
        if run.state in {ImportState.APPLIED, ImportState.UNDOING, ImportState.UNDONE}:
            pieces = kept_file_of(run_id, run.preview["headers"])
        else:
            pieces = self._rejected_of_preview(run, reasons_by_line(run_id))
        return FileResponse(
            stream_with_context(pieces),
            mimetype="text/csv",
            headers={"Content-Disposition": 'attachment; filename="staff-not-taken.csv"'},
        )

    def _rejected_of_preview(self, run: ImportRun, reasons: dict[int, str]) -> Iterator[bytes]:
        """Read while it is sent: the file may be long."""
        with open_stored(run, self.steps.storage) as table:
            yield from file_of(table, reasons)

    def _waiting(self, run_id: uuid.UUID) -> ImportRun:
        """A run whose preview still stands."""
        run = self.steps.run(run_id)
        if not ButtonForm().validate_on_submit() or run.state is not ImportState.PREVIEWED:
            abort(404)
        return run

    def _page(self, step: str, **values: Any) -> str:
        return render_template(
            f"staff_import/{step}.html", pages=self, url=self.steps.url, back_to=self.back_to, **values
        )


def _may_undo(run: ImportRun) -> bool:
    return (
        run.state is ImportState.APPLIED
        and run.applied_at is not None
        and datetime.now(UTC) - run.applied_at <= UNDONE_WITHIN
    )


def _outcome(asked: str, counts: dict[str, int]) -> Outcome:
    """The list that is asked for, else the first that has anybody in it."""
    if asked in SHOWN_OUTCOMES:
        return Outcome(asked)
    return next((outcome for outcome in SHOWN_OUTCOMES if counts[outcome]), Outcome.JOINS)


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _lines_of_runs(runs: list[ImportRun]) -> list[list[object]]:
    head: list[object] = ["File", "Source", "Uploaded", "State", "Joined", "Changed", "Left", "Rows not taken"]
    counted = ("joins", "changes", "leaves", "rejected")
    return [
        head,
        *(
            [run.file_name, run.source_name, moment(run.created_at), STATE_WORDS[run.state]]
            + [run.result.get(name, "") for name in counted]
            for run in runs
        ),
    ]


def _csv(rows: list[list[Any]], name: str) -> FileResponse:
    head, *body = rows
    return FileResponse(
        csv_bytes([str(each) for each in head], body),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
