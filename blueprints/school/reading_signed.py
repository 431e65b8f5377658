"""What was recorded together and what shows it: the list to sign, its scans, and taking it all back."""

import uuid
from itertools import groupby

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileRequired, MultipleFileField
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.reading import BASE
from blueprints.school.reading_people import SOURCE_NAMES, Reader, readers
from blueprints.school.reading_scans import ACCEPTED, FileNotTaken, forget_scans, kept_scans
from blueprints.web.access import account_id, requires, today
from blueprints.web.uploads import stored_file
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.organisations.queries import names_of_organisations
from tenants.reading.queries import DocumentInForce, document_in_force, edition_sha256
from tenants.reading.sign_offs.actions import add_scans, remove_scan, undo_sign_off
from tenants.reading.sign_offs.pdf import ToSign, list_to_sign
from tenants.reading.sign_offs.queries import Scan, SignOff, people_signed_off, reading_scan, sign_offs_of
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole

ONE = f"{BASE}/<key>/sign-offs/<uuid:sign_off_id>"
NO_ROLE = "No role on the staff list"


class ScansForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    scans = MultipleFileField("Scans or photographs", [FileRequired("Choose a file")])


@blueprint.get(f"{BASE}/<key>/list-to-sign")
@requires(Permission.READ_STAFF)
def reading_list_to_sign(school_id: uuid.UUID, key: str) -> FileResponse:
    """Those who have not confirmed, by name or by role."""
    scope = SchoolScope(school_id)
    document = document_in_force(SchoolScope(school_id), key, today()) or abort(404)
    missing = [reader for reader in readers(scope, document) if reader.is_missing]
    to_sign = ToSign(
        school=names_of_organisations({school_id})[school_id],
        title=document.title,
        edition=document.edition,
        edition_sha256=edition_sha256(document.edition_id),
        printed_on=today(),
        people=_by_role(missing) if request.args.get("order") == "role" else [("", _lines(missing))],
    )
    return FileResponse(
        list_to_sign(to_sign),
        mimetype="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="list-to-sign-{document.key}.pdf"'},
    )


def _lines(people: list[Reader]) -> list[tuple[str, str]]:
    return [(reader.name, reader.role_words) for reader in people]


def _by_role(people: list[Reader]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each under the first of their roles, in the roles' order: nobody signs twice."""
    order = list(StaffRole)

    def place(reader: Reader) -> int:
        return min((order.index(role) for role in reader.roles), default=len(order))

    by_place = groupby(sorted(people, key=place), key=place)
    return [
        (STAFF_ROLE_NAMES[order[number]] if number < len(order) else NO_ROLE, _lines(list(group)))
        for number, group in by_place
    ]


@blueprint.route(ONE, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_sign_off(school_id: uuid.UUID, key: str, sign_off_id: uuid.UUID) -> Response | str:
    """More files can be added as long as it has not been undone."""
    scope = SchoolScope(school_id)
    document, sign_off = _found(scope, key, sign_off_id)
    form = ScansForm()
    if form.validate_on_submit():
        try:
            scans = kept_scans(scope, form.scans.data)
        except FileNotTaken as problem:
            form.scans.errors = [str(problem)]
        else:
            if add_scans(scope, sign_off_id=sign_off_id, scans=scans, added_by=account_id()):
                flash("The file is added." if len(scans) == 1 else f"{len(scans)} files are added.", "success")
            else:
                forget_scans(scans)
                flash("It was undone meanwhile, so no file was added.", "error")
            return _back(school_id, key, sign_off_id)
    return render_template(
        "school/reading/sign_off.html",
        school_id=school_id,
        document=document,
        sign_off=sign_off,
        people=people_signed_off(scope, sign_off_id),
        source_names=SOURCE_NAMES,
        accepted=ACCEPTED,
        form=form,
    )


@blueprint.route(f"{ONE}/undo", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_sign_off_undo(school_id: uuid.UUID, key: str, sign_off_id: uuid.UUID) -> Response | str:
    """Asks first."""
    scope = SchoolScope(school_id)
    document, sign_off = _found(scope, key, sign_off_id)
    form = StartForm()
    if form.validate_on_submit():
        storage: Storage = current_app.extensions["storage"]
        removed = undo_sign_off(scope, sign_off_id=sign_off_id, storage=storage)
        if removed is None:
            flash("It was undone already.", "error")
        else:
            record_act(
                "confirmations undone",
                account_id=account_id(),
                school_id=school_id,
                document=key,
                on=str(sign_off.confirmed_on),
                confirmations=removed,
            )
            flash("Undone: these people are asked again. The audit keeps that it was recorded.", "success")
        return redirect(url_for("school.reading_document", school_id=school_id, key=key), 303)
    return render_template(
        "school/reading/sign_off_undo.html", school_id=school_id, document=document, sign_off=sign_off, form=form
    )


@blueprint.get(f"{ONE}/scans/<uuid:scan_id>")
@requires(Permission.EDIT_SCHOOL)
def reading_sign_off_scan(school_id: uuid.UUID, key: str, sign_off_id: uuid.UUID, scan_id: uuid.UUID) -> FileResponse:
    """The file itself, as a download."""
    scope = SchoolScope(school_id)
    _scan(_found(scope, key, sign_off_id)[1], scan_id)
    row = reading_scan(scope, scan_id) or abort(404)
    return stored_file(row.storage_key, row.file_name, row.media_type, row.size)


@blueprint.route(f"{ONE}/scans/<uuid:scan_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_sign_off_scan_remove(
    school_id: uuid.UUID, key: str, sign_off_id: uuid.UUID, scan_id: uuid.UUID
) -> Response | str:
    """Asks first."""
    scope = SchoolScope(school_id)
    document, sign_off = _found(scope, key, sign_off_id)
    scan = _scan(sign_off, scan_id)
    form = StartForm()
    if form.validate_on_submit():
        storage: Storage = current_app.extensions["storage"]
        remove_scan(scope, scan_id=scan_id, storage=storage)
        record_act("signed list removed", account_id=account_id(), school_id=school_id, document=key)
        flash("The file is removed. The confirmations stay.", "success")
        return _back(school_id, key, sign_off_id)
    return render_template(
        "school/reading/scan_remove.html",
        school_id=school_id,
        document=document,
        sign_off=sign_off,
        scan=scan,
        form=form,
    )


def _found(scope: SchoolScope, key: str, sign_off_id: uuid.UUID) -> tuple[DocumentInForce, SignOff]:
    document = document_in_force(scope, key, today()) or abort(404)
    everything = sign_offs_of(scope, document.edition_id)
    return document, next((each for each in everything if each.id == sign_off_id), None) or abort(404)


def _scan(sign_off: SignOff, scan_id: uuid.UUID) -> Scan:
    return next((each for each in sign_off.scans if each.id == scan_id), None) or abort(404)


def _back(school_id: uuid.UUID, key: str, sign_off_id: uuid.UUID) -> Response:
    return redirect(url_for("school.reading_sign_off", school_id=school_id, key=key, sign_off_id=sign_off_id), 303)
