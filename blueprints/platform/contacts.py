"""The contacts that the platform keeps: each authority's, and the national ones."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.platform.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.contact_pages import ContactPages
from prevent_trust.tenancy import PlatformScope
from tenants.access.permissions import Permission

BASE = "/platform/contacts"
PAGES = ContactPages(scope=PlatformScope(), endpoint="platform.contacts")


@blueprint.get(BASE)
@requires(Permission.ADMINISTER_PLATFORM)
def contacts() -> str | FileResponse:
    return PAGES.list(may_edit=True, template="platform/contacts.html")


@blueprint.route(f"{BASE}/add", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def contacts_add() -> Response | str:
    return PAGES.add()


@blueprint.route(f"{BASE}/<uuid:contact_id>/change", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def contacts_change(contact_id: uuid.UUID) -> Response | str:
    return PAGES.change(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/check")
@requires(Permission.ADMINISTER_PLATFORM)
def contacts_check(contact_id: uuid.UUID) -> Response:
    return PAGES.check(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/remove")
@requires(Permission.ADMINISTER_PLATFORM)
def contacts_remove(contact_id: uuid.UUID) -> Response:
    return PAGES.remove(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/restore")
@requires(Permission.ADMINISTER_PLATFORM)
def contacts_restore(contact_id: uuid.UUID) -> Response:
    return PAGES.restore(contact_id)
