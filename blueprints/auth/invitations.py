"""Taking up an invitation: the link in the mail is signed; the row says whether it still holds."""

from datetime import UTC, datetime

from flask import flash, redirect, render_template, request, url_for
from flask_login import current_user
from flask_security.utils import login_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from blueprints.auth.blueprint import blueprint
from blueprints.web.access import public
from blueprints.web.free_text import NoPupilData
from blueprints.web.navigation import home_of
from prevent_trust.extensions import limiter, security
from prevent_trust.passwords import hashed
from prevent_trust.signed_links import INVITATION_LINK, read_signed_id
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.access.actions import AccessProblem, accept, accept_with_new_account, place_of
from tenants.access.models import ROLE_NAMES, Account, Invitation, Membership
from tenants.access.queries import account_by_email, invitation_of
from tenants.access.rules import ROLE_MEANS, InvitationState, state_of

_ANSWERS = {
    InvitationState.ACCEPTED: "auth/invitation_accepted.html",
    InvitationState.WITHDRAWN: "auth/invitation_withdrawn.html",
    InvitationState.EXPIRED: "auth/invitation_expired.html",
}


class NewAccountForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    name = StringField("Your full name", [DataRequired("Enter your full name."), Length(max=200), NoPupilData()])
    password = PasswordField("Choose a password", [DataRequired("Choose a password.")])
    password_again = PasswordField(
        "Type the password again", [EqualTo("password", message="The two passwords differ. Type them again.")]
    )

    def password_is_good(self, invitation: Invitation) -> bool:
        """Sets the normalised password, or the reasons why it will not do."""
        problems, self.password.data = security.password_util.validate(
            self.password.data, True, email=invitation.email, name=self.name.data
        )
        self.password.errors = [*self.password.errors, *(problems or [])]
        return not problems


@blueprint.route("/invitations/<token>", methods=["GET", "POST"])
@limiter.limit("20 per minute")
@public("the signed link in the mail is what gives access")
def invitation(token: str) -> Response | str | tuple[str, int]:
    bind_scope(PlatformScope())
    invitation_id = read_signed_id(INVITATION_LINK, token)
    offer = invitation_of(PlatformScope(), invitation_id) if invitation_id else None
    if offer is None:
        return render_template("auth/invitation_unknown.html"), 404
    state = state_of(offer, now=datetime.now(UTC))
    if state is not InvitationState.OPEN:
        return render_template(_ANSWERS[state]), 410
    known = account_by_email(offer.email)
    if current_user.is_authenticated:
        return _accept_signed_in(offer)
    if known is not None and known.password is not None:
        return _page("auth/invitation_sign_in.html", offer, token=token)
    return _accept_anew(offer)


def _accept_signed_in(offer: Invitation) -> Response | str:
    account: Account = current_user._get_current_object()
    if account.email.lower() != offer.email.lower():
        return _page("auth/invitation_for_another.html", offer)
    if request.method == "GET":
        return _page("auth/invitation_accept.html", offer)
    try:
        return _arrived(accept(invitation=offer, account=account, now=datetime.now(UTC)))
    except AccessProblem as problem:
        flash(str(problem), "error")
        return redirect(url_for("auth.home"), 303)


def _accept_anew(offer: Invitation) -> Response | str:
    form = NewAccountForm(name=offer.name)
    if not (form.validate_on_submit() and form.password_is_good(offer)):
        return _page("auth/invitation_new_account.html", offer, form=form)
    try:
        membership = accept_with_new_account(
            invitation=offer,
            name=form.name.data,
            password_hash=hashed(form.password.data),
            now=datetime.now(UTC),
        )
    except AccessProblem as problem:
        form.form_errors.append(str(problem))
        return _page("auth/invitation_new_account.html", offer, form=form)
    login_user(membership.account, authn_via=["invitation"])
    return _arrived(membership)


def _arrived(membership: Membership) -> Response:
    flash(f"You now have access as {ROLE_NAMES[membership.role]}.", "success")
    return redirect(home_of(membership), 303)


def _page(template: str, offer: Invitation, **values: object) -> str:
    return render_template(
        template,
        invitation=offer,
        role=ROLE_NAMES[offer.role],
        means=ROLE_MEANS[offer.role],
        place=place_of(offer).name(),
        **values,
    )
