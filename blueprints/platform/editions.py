"""The editions that the product ships, to be read. They are never changed: plans hang on their words."""

import uuid

from flask import abort, render_template

from blueprints.platform.blueprint import blueprint
from blueprints.web.access import requires
from tenants.access.permissions import Permission
from tenants.plan.edition_queries import built_in_edition, built_in_editions, wording_of
from tenants.plan.types import role_words


@blueprint.get("/platform/editions")
@requires(Permission.ADMINISTER_PLATFORM)
def editions() -> str:
    return render_template("platform/editions.html", editions=built_in_editions())


@blueprint.get("/platform/editions/<uuid:edition_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def edition(edition_id: uuid.UUID) -> str:
    found = built_in_edition(edition_id) or abort(404)
    return render_template("platform/edition.html", edition=found, sections=wording_of(found), role_words=role_words)
