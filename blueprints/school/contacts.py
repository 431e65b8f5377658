"""Whom a school rings: its own contacts and those it has from above."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.web.access import can, requires
from blueprints.web.contact_pages import ContactPages
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission

BASE = "/schools/<uuid:school_id>/contacts"


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def contacts(school_id: uuid.UUID) -> str | FileResponse:
    return _pages(school_id).list(may_edit=can(Permission.EDIT_SCHOOL), template="school/contacts/list.html")


@blueprint.route(f"{BASE}/add", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def contacts_add(school_id: uuid.UUID) -> Response | str:
    return _pages(school_id).add()


@blueprint.route(f"{BASE}/<uuid:contact_id>/change", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def contacts_change(school_id: uuid.UUID, contact_id: uuid.UUID) -> Response | str:
    return _pages(school_id).change(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/check")
@requires(Permission.EDIT_SCHOOL)
def contacts_check(school_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
    return _pages(school_id).check(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/remove")
@requires(Permission.EDIT_SCHOOL)
def contacts_remove(school_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
    return _pages(school_id).remove(contact_id)


@blueprint.post(f"{BASE}/<uuid:contact_id>/restore")
@requires(Permission.EDIT_SCHOOL)
def contacts_restore(school_id: uuid.UUID, contact_id: uuid.UUID) -> Response:
    return _pages(school_id).restore(contact_id)


def _pages(school_id: uuid.UUID) -> ContactPages:
    return ContactPages(scope=SchoolScope(school_id), endpoint="school.contacts", address={"school_id": school_id})
