"""What the authority was given that contains this school's records: exactly the released tables, and nothing of others."""

import uuid

from flask import abort, render_template

from blueprints.school.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.released_pages import released_list, released_table
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.insights.disclosure.review import releases_with

BASE = "/schools/<uuid:school_id>/releases"


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def releases(school_id: uuid.UUID) -> str:
    found = released_list(releases_with(SchoolScope(school_id)))
    return render_template("school/releases.html", school_id=school_id, releases=found)


@blueprint.get(f"{BASE}/<uuid:release_id>")
@requires(Permission.READ_SCHOOL)
def release(school_id: uuid.UUID, release_id: uuid.UUID) -> str:
    found = released_table(releases_with(SchoolScope(school_id)), release_id) or abort(404)
    return render_template("school/release.html", school_id=school_id, release=found[0], tables=found[1])
