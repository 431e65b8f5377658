"""What authorities were given that contains records of the trust's schools."""

import uuid

from flask import abort, render_template

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.released_pages import released_list, released_table
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.disclosure.review import releases_with

BASE = "/trusts/<uuid:trust_id>/releases"


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def releases(trust_id: uuid.UUID) -> str:
    found = released_list(releases_with(TrustScope(trust_id)))
    return render_template("trust/releases.html", trust_id=trust_id, releases=found)


@blueprint.get(f"{BASE}/<uuid:release_id>")
@requires(Permission.READ_TRUST)
def release(trust_id: uuid.UUID, release_id: uuid.UUID) -> str:
    found = released_table(releases_with(TrustScope(trust_id)), release_id) or abort(404)
    return render_template("trust/release.html", trust_id=trust_id, release=found[0], tables=found[1])
