"""The account page: who I am here, what I may reach, my password, my sessions."""

from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from flask_security.utils import logout_user
from werkzeug.wrappers import Response

from blueprints.auth.blueprint import blueprint
from blueprints.web.access import account_id, signed_in, today
from blueprints.web.navigation import home_of
from tenants.access.actions import sign_out_everywhere
from tenants.access.queries import memberships_of


@blueprint.get("/account")
@signed_in
def account() -> str:
    memberships = memberships_of(account_id(), today=today())
    return render_template("account/account.html", choices=[(row, home_of(row)) for row in memberships])


@blueprint.post("/account/sign-out-everywhere")
@signed_in
def end_sessions() -> Response:
    sign_out_everywhere(account=current_user._get_current_object())
    logout_user()
    flash("You are signed out on every device.", "success")
    return redirect(url_for("security.login"), 303)
