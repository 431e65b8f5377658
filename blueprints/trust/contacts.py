"""Whom a trust rings: its own contacts and those it has from above."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import can, requires
from blueprints.web.contact_pages import ContactPages
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission

BASE = "/trusts/<uuid:trust_id>/contacts"


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def contacts(trust_id: uuid.UUID) -> str | FileResponse:
    return _pages(trust_id).list(may_edit=can(Permission.EDIT_TRUST), template="trust/contacts/list.html")


@blueprint.route(f"{BASE}/add", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def contacts_add(trust_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).add()


@blueprint.route(f"{BASE}/<uuid:contact_id>/change", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def contacts_change(trust_id: uuid.UUID, contact_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).change(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/check")
@requires(Permission.EDIT_TRUST)
def contacts_check(trust_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
    return _pages(trust_id).check(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/remove")
@requires(Permission.EDIT_TRUST)
def contacts_remove(trust_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
    return _pages(trust_id).remove(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/restore")
@requires(Permission.EDIT_TRUST)
def contacts_restore(trust_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
    return _pages(trust_id).restore(contact_id)


def _pages(trust_id: uuid.UUID) -> ContactPages:
    return ContactPages(scope=TrustScope(trust_id), endpoint="trust.contacts", address={"trust_id": trust_id})
