"""A trust's own documents, and its editions of shared ones. What they do is in `blueprints/web/document_pages.py`."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import url_for
from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.trust.reading import BASE
from blueprints.web import document_pages
from blueprints.web.access import requires
from blueprints.web.document_pages import DocumentDesk
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission

DOCUMENTS = f"{BASE}/documents"
EDITION = f"{BASE}/editions/<uuid:edition_id>"
PART = f"{EDITION}/parts/<uuid:part_id>"


def desk(trust_id: uuid.UUID) -> DocumentDesk:
    def url(name: str, **values: Any) -> str:
        return url_for(_PAGES[name], trust_id=trust_id, **values)

    return DocumentDesk(TrustScope(trust_id), url, {"trust_id": trust_id})


_PAGES = {
    "reading": "trust.reading",
    "new_document": "trust.document_new",
    "new_edition": "trust.document_new_edition",
    "edition": "trust.document_edition",
    "new_part": "trust.document_new_part",
    "part": "trust.document_part",
    "part_move": "trust.document_part_move",
    "part_remove": "trust.document_part_remove",
    "part_file": "trust.document_part_file",
    "publish": "trust.document_publish",
    "take_back": "trust.document_take_back",
    "delete": "trust.document_delete",
    "withdraw": "trust.document_withdraw",
}


@blueprint.route(f"{DOCUMENTS}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_new(trust_id: uuid.UUID) -> Response | str:
    return document_pages.new_document(desk(trust_id))


@blueprint.route(f"{DOCUMENTS}/<key>/new-edition", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_new_edition(trust_id: uuid.UUID, key: str) -> Response | str:
    return document_pages.new_edition(desk(trust_id), key)


@blueprint.route(f"{DOCUMENTS}/<key>/withdraw", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_withdraw(trust_id: uuid.UUID, key: str) -> Response | str:
    return document_pages.withdraw_page(desk(trust_id), key)


@blueprint.route(EDITION, methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_edition(trust_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.edition_page(desk(trust_id), edition_id)


@blueprint.route(f"{EDITION}/publish", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_publish(trust_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.publish_page(desk(trust_id), edition_id)


@blueprint.route(f"{EDITION}/take-back", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_take_back(trust_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.take_back_page(desk(trust_id), edition_id)


@blueprint.route(f"{EDITION}/delete", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_delete(trust_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.delete_page(desk(trust_id), edition_id)


@blueprint.route(f"{EDITION}/parts/new", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_new_part(trust_id: uuid.UUID, edition_id: uuid.UUID) -> Response | str:
    return document_pages.new_part(desk(trust_id), edition_id)


@blueprint.route(PART, methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_part(trust_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response | str:
    return document_pages.part_page(desk(trust_id), edition_id, part_id)


@blueprint.post(f"{PART}/move")
@requires(Permission.EDIT_TRUST)
def document_part_move(trust_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response:
    return document_pages.part_move(desk(trust_id), edition_id, part_id)


@blueprint.route(f"{PART}/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def document_part_remove(trust_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> Response | str:
    return document_pages.part_remove(desk(trust_id), edition_id, part_id)


@blueprint.get(f"{PART}/file")
@requires(Permission.EDIT_TRUST)
def document_part_file(trust_id: uuid.UUID, edition_id: uuid.UUID, part_id: uuid.UUID) -> FileResponse:
    return document_pages.part_file(desk(trust_id), edition_id, part_id)
