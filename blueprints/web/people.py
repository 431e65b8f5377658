"""Who may reach a tenant, inviting and ending: what the school's, the trust's and the platform's pages share.

An audience's routes are thin: each makes its `PeoplePages` and calls one of the methods.
"""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import EmailField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Email, Length

from blueprints.web.access import account_id, today
from blueprints.web.fields import DatePartsField
from blueprints.web.free_text import NoPupilData
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.signed_links import INVITATION_LINK, signed_id
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope
from tenants.access.actions import (
    AccessProblem,
    Place,
    end_membership,
    invite,
    place_of,
    send_invitation_again,
    set_end_date,
    withdraw_invitation,
)
from tenants.access.models import ROLE_NAMES, Account, Invitation, Membership, Role
from tenants.access.permissions import TenantKind
from tenants.access.queries import invitation_of, membership_of, pending_invitations, people_of
from tenants.access.rules import KIND_OF, ROLE_MEANS, state_of
from tenants.organisations.queries import names_of_organisations


def invitation_link(invitation_id: uuid.UUID) -> str:
    """The whole address of the page that accepts an invitation, starting with BASE_URL."""
    settings: Settings = current_app.extensions["settings"]
    return settings.base_url + url_for("auth.invitation", token=signed_id(INVITATION_LINK, invitation_id))


class InviteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    name = StringField("Full name", [DataRequired("Enter the person’s full name"), Length(max=200), NoPupilData()])
    email = EmailField(
        "Work email address",
        [
            DataRequired("Enter the person’s email address"),
            Email("Enter an email address in the correct format, like name@example.org"),
            Length(max=254),
        ],
    )
    role = RadioField("What they may do", validators=[DataRequired("Choose what the person may do")])
    school = SelectField("School", validate_choice=True)
    ends_on = DatePartsField("Last day of access", optional=True)


class EndDateForm(FlaskForm):  # type: ignore[misc]
    ends_on = DatePartsField("Last day of access", optional=True)


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """Nothing but the token against forgery."""


@dataclass(frozen=True)
class PeoplePages:
    """The pages about the people of one tenant.

    `endpoint` is the list's; the others are named after it: …_invite, …_again, …_withdraw, …_end, …_end_date.
    `schools` are those at which a trust's lead may give a school's roles.
    """

    scope: SchoolScope | TrustScope | PlatformScope
    endpoint: str
    roles: tuple[Role, ...]
    place: Place = field(default_factory=Place)
    schools: tuple[tuple[uuid.UUID, str], ...] = ()

    def url(self, suffix: str = "", **values: Any) -> str:
        address: dict[str, Any] = {name: value for name, value in self.place.columns.items() if value}
        return url_for(f"{self.endpoint}{suffix}", **address, **values)

    def people(self) -> str:
        """Everybody who may reach the tenant, and the invitations under way."""
        if isinstance(self.scope, PlatformScope):
            raise TypeError("the platform has a list of its own")
        people = people_of(self.scope, today=today())
        return render_template(
            "account/people.html",
            pages=self,
            people=[(row, ROLE_NAMES[row.role], self.manages(row)) for row in people],
            invitations=self.invitations(),
        )

    def manages(self, membership: Membership) -> bool:
        """Whether these pages may end it: a trust's people are seen at its schools and managed at the trust."""
        return isinstance(self.scope, TrustScope | PlatformScope) or membership.school_id == self.place.school_id

    def invitations(self) -> list[tuple[Invitation, str, str, str]]:
        """Each invitation under way with its role, its place and its state, in words."""
        now = datetime.now(UTC)
        rows = pending_invitations(self.scope)
        names = names_of_organisations({key for row in rows for key in place_of(row).columns.values() if key})
        return [
            (
                row,
                ROLE_NAMES[row.role],
                names.get(row.school_id or row.trust_id or row.authority_id or row.id, "the platform"),
                state_of(row, now=now).value,
            )
            for row in rows
        ]

    def invite(self) -> Response | str:
        """Asks whom to invite as what, and sends the invitation."""
        form = self._invite_form()
        if form.validate_on_submit():
            place = self._chosen_place(form)
            if place is not None and self.send(form, place):
                return redirect(self.url(), 303)
        return render_template("account/invite.html", pages=self, form=form, means=ROLE_MEANS)

    def send(self, form: FlaskForm, place: Place) -> bool:
        """Sends the invitation that the form describes; what cannot be is put into the form in words."""
        try:
            invitation = invite(
                email=form.email.data,
                name=form.name.data,
                role=Role(form.role.data),
                ends_on=form.ends_on.data,
                invited_by=account_id(),
                now=datetime.now(UTC),
                link=invitation_link,
                **place.columns,
            )
        except AccessProblem as problem:
            form.form_errors.append(str(problem))
            return False
        deliver_soon()
        flash(f"We have sent an invitation to {invitation.email}. The link in it works for 7 days.", "success")
        return True

    def _invite_form(self) -> InviteForm:
        form = InviteForm()
        form.role.choices = [(role.value, ROLE_NAMES[role]) for role in self.roles]
        form.school.choices = [("", "Choose a school"), *((str(key), name) for key, name in self.schools)]
        if not self.schools:
            del form.school
        return form

    def _chosen_place(self, form: InviteForm) -> Place | None:
        if KIND_OF[Role(form.role.data)] is not TenantKind.SCHOOL or self.place.school_id:
            return self.place
        if not form.school.data:
            form.school.errors = ["Choose the school for this role"]
            return None
        return Place(school_id=uuid.UUID(form.school.data))

    def again(self, invitation_id: uuid.UUID) -> Response:
        """Sends an invitation once more."""
        invitation = self._invitation(invitation_id)
        try:
            send_invitation_again(
                invitation=invitation, sent_by=account_id(), now=datetime.now(UTC), link=invitation_link
            )
        except AccessProblem as problem:
            flash(str(problem), "error")
        else:
            deliver_soon()
            flash(f"We have sent the invitation to {invitation.email} again.", "success")
        return redirect(self.url(), 303)

    def withdraw(self, invitation_id: uuid.UUID) -> Response | str:
        """Asks first, then makes the link worthless."""
        invitation = self._invitation(invitation_id)
        form = ConfirmForm()
        if not form.validate_on_submit():
            return render_template("account/withdraw_invitation.html", pages=self, invitation=invitation, form=form)
        try:
            withdraw_invitation(invitation=invitation, withdrawn_by=account_id(), now=datetime.now(UTC))
            flash(f"The invitation to {invitation.email} is withdrawn. Its link no longer works.", "success")
        except AccessProblem as problem:
            flash(str(problem), "error")
        return redirect(self.url(), 303)

    def end(self, membership_id: uuid.UUID) -> Response | str:
        """Asks first, then ends the access."""
        membership, account = self._membership(membership_id)
        form = ConfirmForm()
        if form.validate_on_submit():
            try:
                end_membership(membership=membership, ended_by=account_id(), today=today())
            except AccessProblem as problem:
                form.form_errors.append(str(problem))
            else:
                flash(f"{account.name} no longer has access.", "success")
                return redirect(self.url() if self._still_here(account) else url_for("auth.home"), 303)
        return self._about(membership, account, "account/end_access.html", form=form)

    def end_date(self, membership_id: uuid.UUID) -> Response | str:
        """Sets the last day of somebody's access, or none."""
        membership, account = self._membership(membership_id)
        form = EndDateForm(ends_on=membership.ends_on) if request.method == "GET" else EndDateForm()
        if form.validate_on_submit():
            try:
                set_end_date(membership=membership, ends_on=form.ends_on.data, changed_by=account_id(), today=today())
            except AccessProblem as problem:
                form.ends_on.errors = [str(problem)]
            else:
                flash(f"The last day of {account.name}’s access is saved.", "success")
                return redirect(self.url(), 303)
        return self._about(membership, account, "account/end_date.html", form=form)

    def _about(self, membership: Membership, account: Account, template: str, **values: object) -> str:
        return render_template(
            template,
            pages=self,
            person=account,
            membership=membership,
            role=ROLE_NAMES[membership.role],
            place=place_of(membership).name(),
            **values,
        )

    def _still_here(self, account: Account) -> bool:
        return account.id != account_id()

    def _membership(self, membership_id: uuid.UUID) -> tuple[Membership, Account]:
        membership = membership_of(self.scope, membership_id)
        if membership is None:
            abort(404)
        return membership, db.session.get_one(Account, membership.account_id)

    def _invitation(self, invitation_id: uuid.UUID) -> Invitation:
        return invitation_of(self.scope, invitation_id) or abort(404)
