"""A school's own documents, and its editions of shared ones. What they do is in `blueprints/web/document_pages.py`."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import url_for
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.school.reading import BASE
from blueprints.web import document_pages
from blueprints.web.access import requires
from blueprints.web.document_pages import DocumentDesk
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission

DOCUMENTS = f"{BASE}/documents"
EDITION = f"{BASE}/editions/<uuid:edition_id>"
PART = f"{EDITION}/parts/<uuid:part_id>"


def desk(school_id: uuid.UUID) -> DocumentDesk:
    def url(name: str, **values: Any) -> str:
        return url_for(_PAGES[name], school_id=school_id, **values)

    return DocumentDesk(SchoolScope(school_id), url, {"school_id": school_id})


_PAGES = {
    "reading": "school.reading",
    "new_document": "school.document_new",
    "new_edition": "school.document_new_edition",
    "edition": "school.document_edition",
    "new_part": "school.document_new_part",
    "part": "school.document_part",
    "part_move": "school.document_part_move",
    "part_remove": "school.document_part_remove",
    "part_file": "school.document_part_file",
    "publish": "school.document_publish",
    "take_back": "school.document_take_back",
    "delete": "school.document_delete",
    "withdraw": "school.document_withdraw",
}


@blueprint.route(f"{DOCUMENTS}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_new(school_id: uuid.UUID) -> Response | str:
    return document_pages.new_document(desk(school_id))


@blueprint.route(f"{DOCUMENTS}/<key>/new-edition", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_new_edition(school_id: uuid.UUID, key: str) -> Response | str:
    return document_pages.new_edition(desk(school_id), key)


@blueprint.route(f"{DOCUMENTS}/<key>/withdraw", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_withdraw(school_id: uuid.UUID, key: str) -> Response | str:
    return document_pages.withdraw_page(desk(school_id), key)


@blueprint.route(EDITION, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_edition(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.edition_page(desk(school_id), edition_id)


@blueprint.route(f"{EDITION}/publish", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_publish(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.publish_page(desk(school_id), edition_id)


@blueprint.route(f"{EDITION}/take-back", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_take_back(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.take_back_page(desk(school_id), edition_id)


@blueprint.route(f"{EDITION}/delete", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_delete(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.delete_page(desk(school_id), edition_id)


@blueprint.route(f"{EDITION}/parts/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_new_part(school_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.new_part(desk(school_id), edition_id)


@blueprint.route(PART, methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_part(school_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response | str:
    return document_pages.part_page(desk(school_id), edition_id, part_id)


@blueprint.post(f"{PART}/move")
@requires(Permission.EDIT_SCHOOL)
def document_part_move(school_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response:
    return document_pages.part_move(desk(school_id), edition_id, part_id)


@blueprint.route(f"{PART}/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def document_part_remove(school_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response | str:
    return document_pages.part_remove(desk(school_id), edition_id, part_id)


@blueprint.get(f"{PART}/file")
@requires(Permission.EDIT_SCHOOL)
def document_part_file(school_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> FileResponse:
    return document_pages.part_file(desk(school_id), edition_id, part_id)
