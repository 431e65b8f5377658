"""Where somebody lands after signing in: at their one organisation, or at the list to choose from."""

from flask import redirect, render_template
from werkzeug.wrappers import Response

from blueprints.auth.blueprint import blueprint
from blueprints.web.access import account_id, signed_in, today
from blueprints.web.navigation import home_of
from tenants.access.queries import memberships_of


@blueprint.get("/")
@signed_in
def home() -> Response | str:
    memberships = memberships_of(account_id(), today=today())
    places = {home_of(membership) for membership in memberships}
    if len(places) == 1:
        return redirect(places.pop())
    return render_template("account/organisations.html", choices=[(row, home_of(row)) for row in memberships])


@blueprint.get("/organisations")
@signed_in
def organisations() -> str:
    """All that the person may reach; also where “Change organisation” leads."""
    memberships = memberships_of(account_id(), today=today())
    return render_template("account/organisations.html", choices=[(row, home_of(row)) for row in memberships])
