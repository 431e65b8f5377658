"""The account page: who I am here, what I may reach, my password, my sessions."""

from flask import flash, redirect, render_template, url_for
from flask_login import current_user
from flask_security.utils import logout_user
from werkzeug.wrappers import Response

from blueprints.auth.blueprint import blueprint
from blueprints.web.access import account_id, signed_in, today
from blueprints.web.navigation import home_of
from tenants.access.actions import sign_out_everywhere
from tenants.access.models import Membership
from tenants.access.queries import memberships_of, tenant_name


@blueprint.get("/account")
@signed_in
def account() -> str:
    memberships = memberships_of(account_id(), today=today())
    return render_template(
        "account/account.html",
        choices=[(row, home_of(row)) for row in memberships],
        away=sorted({(tenant_name(row), href) for row in memberships if (href := _away_page(row))}),
    )


def _away_page(membership: Membership) -> str | None:
    """Where somebody says who gets their reminders of the place; authorities and the platform send none."""
    if membership.school_id is not None:
        return url_for("school.reminders_away", school_id=membership.school_id)
    if membership.trust_id is not None:
        return url_for("trust.reminders_away", trust_id=membership.trust_id)
    return None


@blueprint.post("/account/sign-out-everywhere")
@signed_in
def end_sessions() -> Response:
    sign_out_everywhere(account=current_user._get_current_object())
    logout_user()
    flash("You are signed out on every device.", "success")
    return redirect(url_for("security.login"), 303)
