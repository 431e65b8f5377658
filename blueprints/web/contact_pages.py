"""The contacts of a school, a trust or the platform: what their pages share.

An audience's routes are thin: each makes its `ContactPages` and calls one of the methods.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, EmailField, SelectField, StringField, TelField, TextAreaField
from wtforms.validators import Length

from blueprints.web.access import account_id, today
from blueprints.web.free_text import NoPupilData
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import PlatformScope
from tenants.contacts.actions import (
    ContactDetails,
    ContactProblem,
    add_contact,
    change_contact,
    remove_contact,
    restore_contact,
    verify_contact,
)
from tenants.contacts.models import CONTACT_KIND_NAMES, Contact, ContactKind
from tenants.contacts.queries import ContactScope, authority_choices, contact_cards, own_contact

CSV_HEADERS = ("Kind", "Name", "Organisation", "Telephone", "Email", "Web page", "Note", "Whose contact", "Checked on")


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class ContactForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    kind = SelectField("Kind of contact", choices=[(kind.value, CONTACT_KIND_NAMES[kind]) for kind in ContactKind])
    authority = SelectField("Whose contact", validate_choice=True)
    name = StringField("Name of the person, team or line", [Length(max=200), NoPupilData()], filters=[_stripped])
    organisation = StringField("Organisation (optional)", [Length(max=200), NoPupilData()], filters=[_stripped])
    telephone = TelField("Telephone number", [Length(max=40), NoPupilData()], filters=[_stripped])
    email = EmailField("Email address", [Length(max=254), NoPupilData()], filters=[_stripped])
    address = StringField("Web page or form", [Length(max=500), NoPupilData()], filters=[_stripped])
    note = TextAreaField("When to use it (optional)", [Length(max=500), NoPupilData()], filters=[_stripped])
    checked = BooleanField("I have checked today that this is right")

    def details(self) -> ContactDetails:
        return ContactDetails(
            kind=ContactKind(self.kind.data),
            name=self.name.data,
            organisation=self.organisation.data,
            telephone=self.telephone.data or None,
            email=self.email.data or None,
            address=self.address.data or None,
            note=self.note.data,
        )


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the token against forgery."""


@dataclass(frozen=True)
class ContactPages:
    """The contacts' pages of one tenant.

    `endpoint` is the list's; the others are named after it: …_add, …_change, …_check, …_remove, …_restore.
    """

    scope: ContactScope
    endpoint: str
    address: dict[str, Any] = field(default_factory=dict)

    def url(self, suffix: str = "", **values: Any) -> str:
        return url_for(f"{self.endpoint}{suffix}", **self.address, **values)

    def list(self, *, may_edit: bool, template: str) -> str | FileResponse:
        """Everybody whom one can ring, as a page or with `?format=csv` as a file."""
        cards = contact_cards(self.scope, today=today())
        if request.args.get("format") == "csv":
            rows = [
                (
                    card.kind_name,
                    card.contact.name,
                    card.contact.organisation,
                    card.contact.telephone,
                    card.contact.email,
                    card.contact.address,
                    card.contact.note,
                    card.owner_name,
                    card.contact.verified_on,
                )
                for card in cards
            ]
            return FileResponse(
                csv_bytes(CSV_HEADERS, rows),
                mimetype="text/csv",
                headers={"Content-Disposition": 'attachment; filename="contacts.csv"'},
            )
        removed = request.args.get("removed", type=uuid.UUID)
        undo = own_contact(self.scope, removed) if removed and may_edit else None
        return render_template(
            template,
            pages=self,
            cards=cards,
            may_edit=may_edit,
            undo=undo if undo is not None and undo.removed_at else None,
            confirm=ConfirmForm(),
        )

    def add(self) -> Response | str:
        """Asks for a contact and adds it."""
        form = self._form()
        if form.validate_on_submit():
            try:
                contact = add_contact(
                    self.scope,
                    details=form.details(),
                    authority_id=self._chosen_authority(form),
                    verified_on=today() if form.checked.data else None,
                    added_by=account_id(),
                )
            except ContactProblem as problem:
                _show(form, problem)
            else:
                flash(f"{contact.name} is added to your contacts.", "success")
                return redirect(self.url(), 303)
        return render_template("contacts/edit.html", pages=self, form=form, contact=None)

    def change(self, contact_id: uuid.UUID) -> Response | str:
        """Changes a contact of one's own."""
        contact = self._contact(contact_id)
        form = self._form(contact)
        if form.validate_on_submit():
            try:
                changed = change_contact(
                    self.scope,
                    contact_id=contact_id,
                    details=form.details(),
                    checked_on=today() if form.checked.data else None,
                    changed_by=account_id(),
                )
            except ContactProblem as problem:
                _show(form, problem)
            else:
                flash(f"{contact.name} is saved." if changed else "Nothing was changed.", "success")
                return redirect(self.url(), 303)
        return render_template("contacts/edit.html", pages=self, form=form, contact=contact)

    def check(self, contact_id: uuid.UUID) -> Response:
        """Notes that the contact was found right today."""
        self._contact(contact_id)
        contact = verify_contact(self.scope, contact_id=contact_id, verified_on=today(), verified_by=account_id())
        flash(f"{contact.name} is marked as checked today.", "success")
        return redirect(self.url(), 303)

    def remove(self, contact_id: uuid.UUID) -> Response:
        """Takes a contact off the list; the list then offers to put it back."""
        self._contact(contact_id)
        remove_contact(self.scope, contact_id=contact_id, removed_by=account_id())
        return redirect(self.url(removed=contact_id), 303)

    def restore(self, contact_id: uuid.UUID) -> Response:
        """Puts a removed contact back."""
        self._contact(contact_id)
        contact = restore_contact(self.scope, contact_id=contact_id, restored_by=account_id())
        flash(f"{contact.name} is back in your contacts.", "success")
        return redirect(self.url(), 303)

    def _contact(self, contact_id: uuid.UUID) -> Contact:
        return own_contact(self.scope, contact_id) or abort(404)

    def _form(self, contact: Contact | None = None) -> ContactForm:
        form = ContactForm(obj=contact) if contact is not None else ContactForm()
        if isinstance(self.scope, PlatformScope) and contact is None:
            names = [(str(key), name) for key, name in authority_choices(self.scope)]
            form.authority.choices = [("", "National, for every school"), *names]
        else:
            del form.authority
        return form

    def _chosen_authority(self, form: ContactForm) -> uuid.UUID | None:
        chosen = form.authority.data if "authority" in form else ""
        return uuid.UUID(chosen) if chosen else None


def _show(form: ContactForm, problem: ContactProblem) -> None:
    for name, messages in problem.messages.items():
        form[name].errors = [*form[name].errors, *messages]
