"""Who has not confirmed? By document, in the edition that is in force."""

import uuid
from datetime import UTC, datetime

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectMultipleField
from wtforms.validators import ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.reading_people import SOURCE_NAMES, Reader, ReaderFilter, by_role, filter_in_address, readers
from blueprints.school.reading_scans import ACCEPTED, FileNotTaken, forget_scans, kept_scans
from blueprints.web.access import account_id, as_at_day, can, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.uploads import stored_file
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.types import Coverage
from tenants.reading.actions import remove_confirmation
from tenants.reading.campaigns import running_campaign
from tenants.reading.models import ConfirmationSource
from tenants.reading.own_queries import own_editions
from tenants.reading.queries import DocumentInForce, document_in_force, documents_in_force, stored_part
from tenants.reading.sheets.queries import slips_given
from tenants.reading.sign_offs.actions import record_sign_off
from tenants.reading.sign_offs.queries import sign_offs_of
from tenants.reminders.coming import LOOKED_AHEAD, OWN_READING, next_nudge
from tenants.reminders.queries import rules_here
from tenants.reminders.rule_book import in_words
from tenants.reminders.rules import next_day_of_reminders
from tenants.staff.models import STAFF_ROLE_NAMES

BASE = "/schools/<uuid:school_id>/reading"
BY_HAND = (ConfirmationSource.RECORDED, ConfirmationSource.PAPER)


class ConfirmForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    confirmed_on = DatePartsField("When did they confirm?", called="Day of confirmation")
    source = RadioField(
        "How did they confirm?",
        choices=[(source.value, SOURCE_NAMES[source]) for source in BY_HAND],
        default=ConfirmationSource.RECORDED.value,
    )
    scans = MultipleFileField("The signed list")
    staff = SelectMultipleField("Who has read it?", coerce=as_uuid)

    def validate_confirmed_on(self, confirmed: DatePartsField) -> None:
        if confirmed.data and confirmed.data > today():
            raise ValidationError("The day of confirmation must be today or in the past")

    def validate_staff(self, staff: SelectMultipleField) -> None:
        if not staff.data:
            raise ValidationError("Choose at least one person")


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def reading(school_id: uuid.UUID) -> FileResponse | str:
    scope, day = SchoolScope(school_id), as_at_day()
    coverage = {row.key: row for row in reading_coverage(scope, as_at=day)}
    documents = [(document, coverage.get(document.key)) for document in documents_in_force(scope, day)]
    if request.args.get("format") == "csv":
        return _list_csv(documents)
    return render_template(
        "school/reading/list.html",
        school_id=school_id,
        documents=documents,
        as_at=day,
        is_past=day < today(),
        today=today(),
        kept={"as_at": day.isoformat()} if day < today() else {},
        may_edit=can(Permission.EDIT_SCHOOL) and day == today(),
        written=[each for each in own_editions(scope) if each.published_on is None],
    )


def _list_csv(documents: list[tuple[DocumentInForce, Coverage | None]]) -> FileResponse:
    lines = [
        (
            document.title,
            document.edition,
            document.in_force_from,
            *((row.numerator, row.denominator, row.missing) if row else (0, 0, 0)),
        )
        for document, row in documents
    ]
    return FileResponse(
        csv_bytes(("Document", "Edition", "In force from", "Confirmed", "Must read it", "Missing"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="reading.csv"'},
    )


@blueprint.get(f"{BASE}/<key>")
@requires(Permission.READ_STAFF)
def reading_document(school_id: uuid.UUID, key: str) -> FileResponse | str:
    scope, wanted = SchoolScope(school_id), filter_in_address()
    document = document_in_force(scope, key, wanted.as_at) or abort(404)
    people = readers(scope, document, as_at=wanted.as_at)
    if request.args.get("format") == "csv":
        return _csv(document, people, wanted)
    if request.args.get("format") == "roles":
        return _csv_of_roles(document, people)
    return _page(scope, document, people, wanted, ConfirmForm(formdata=None, confirmed_on=today()))


@blueprint.get(f"{BASE}/<key>/parts/<uuid:part_id>")
@requires(Permission.READ_STAFF)
def reading_part_file(school_id: uuid.UUID, key: str, part_id: uuid.UUID) -> FileResponse:
    """The file of a part of the edition in force on the day, the school's own or its trust's."""
    scope = SchoolScope(school_id)
    document = document_in_force(scope, key, as_at_day()) or abort(404)
    if all(part.id != part_id for part in document.parts):
        abort(404)
    kept = stored_part(scope, part_id) or abort(404)
    return stored_file(kept.storage_key, kept.file_name, kept.media_type, kept.size)


@blueprint.post(f"{BASE}/<key>")
@requires(Permission.EDIT_SCHOOL)
def reading_confirm(school_id: uuid.UUID, key: str) -> Response | str:
    scope = SchoolScope(school_id)
    document = document_in_force(scope, key, today()) or abort(404)
    people = readers(scope, document)
    form = ConfirmForm()
    form.staff.choices = [(reader.staff_id, reader.name) for reader in people if reader.is_missing]
    if not form.validate_on_submit():
        return _page(scope, document, people, filter_in_address(), form)
    try:
        scans = kept_scans(scope, form.scans.data)
    except FileNotTaken as problem:
        form.scans.errors = [str(problem)]
        return _page(scope, document, people, filter_in_address(), form)
    sign_off_id, written = record_sign_off(
        scope,
        staff_ids=form.staff.data,
        edition_id=document.edition_id,
        confirmed_on=form.confirmed_on.data or today(),
        source=ConfirmationSource(form.source.data),
        recorded_by=account_id(),
        scans=scans,
    )
    if sign_off_id is None:
        forget_scans(scans)
    flash(f"{written} {'confirmation' if written == 1 else 'confirmations'} recorded.", "success")
    _say_who_has_more_to_read(readers(scope, document), set(form.staff.data))
    address = filter_in_address().address
    return redirect(url_for("school.reading_document", school_id=school_id, key=key, **address), 303)


def _say_who_has_more_to_read(people: list[Reader], ticked: set[uuid.UUID]) -> None:
    """A day on which somebody had a narrower role confirms what they had to read then, and no more."""
    names = [reader.name for reader in people if reader.is_missing and reader.staff_id in ticked]
    if names:
        flash(
            f"On that day these people had less to read than now, so they still stand as missing: {', '.join(names)}."
        )


def _page(
    scope: SchoolScope, document: DocumentInForce, people: list[Reader], wanted: ReaderFilter, form: ConfirmForm
) -> str:
    """The figures are everybody's; the lists are of those whom the filters leave."""
    missing = [reader for reader in people if reader.is_missing and wanted.lets_through(reader)]
    form.staff.choices = [(reader.staff_id, reader.name) for reader in missing]
    return render_template(
        "school/reading/document.html",
        school_id=scope.school_id,
        document=document,
        running=running_campaign(scope, document.edition_id),
        slips=len(slips_given(scope, document.edition_id)),
        sign_offs=sign_offs_of(scope, document.edition_id),
        accepted=ACCEPTED,
        nudge=next(here.rule for here in rules_here(scope) if here.rule.key == OWN_READING),
        in_words=in_words,
        next_nudge=next_nudge(scope, document=document.key, first_day=next_day_of_reminders(datetime.now(UTC)))
        if any(reader.is_missing for reader in people)
        else None,
        looked_ahead=LOOKED_AHEAD,
        out_of_reach=sum(reader.is_missing and not reader.has_address for reader in people),
        roles=by_role(people),
        count_missing=sum(reader.is_missing for reader in people),
        count_confirmed=sum(reader.confirmed is not None for reader in people),
        missing=missing,
        confirmed=[reader for reader in people if reader.confirmed and wanted.lets_through(reader)],
        hints={reader.staff_id: reader.hint for reader in missing if reader.hint},
        wanted=wanted,
        may_edit=can(Permission.EDIT_SCHOOL) and not wanted.is_past,
        today=today(),
        form=form,
        role_names=STAFF_ROLE_NAMES,
    )


def _csv(document: DocumentInForce, people: list[Reader], wanted: ReaderFilter) -> FileResponse:
    """Those whom the filters leave: first who is missing, then who has confirmed."""
    shown = [reader for reader in people if wanted.lets_through(reader)]
    lines: list[tuple[object, ...]] = [
        (reader.name, reader.role_words, "No", "", "", reader.asked_words) for reader in shown if reader.is_missing
    ]
    lines += [
        (reader.name, reader.role_words, "Yes", done.confirmed_on, reader.how_words, reader.asked_words)
        for reader in shown
        if (done := reader.confirmed)
    ]
    return FileResponse(
        csv_bytes(("Name", "Roles", "Confirmed", "On", "How", "Asked"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="reading-{document.key}.csv"'},
    )


def _csv_of_roles(document: DocumentInForce, people: list[Reader]) -> FileResponse:
    lines = [(row.name, row.confirmed, row.people, row.missing) for row in by_role(people)]
    return FileResponse(
        csv_bytes(("Role", "Confirmed", "Must read it", "Not confirmed"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="reading-by-role-{document.key}.csv"'},
    )


@blueprint.route(f"{BASE}/<key>/confirmations/<uuid:confirmation_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_remove(school_id: uuid.UUID, key: str, confirmation_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    document = document_in_force(scope, key, today()) or abort(404)
    people = readers(scope, document)
    row = next((each for each in people if each.confirmed and each.confirmed.id == confirmation_id), None) or abort(404)
    confirmed = row.confirmed or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        remove_confirmation(scope, confirmation_id=confirmation_id)
        record_act(
            "confirmation removed",
            account_id=account_id(),
            school_id=school_id,
            document=key,
            on=str(confirmed.confirmed_on),
        )
        flash("The confirmation is removed. The audit keeps that it was there.", "success")
        return redirect(url_for("school.reading_document", school_id=school_id, key=key), 303)
    return render_template("school/reading/remove.html", school_id=school_id, document=document, row=row, form=form)
