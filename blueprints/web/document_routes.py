"""The addresses of documents of one's own: the same for a school and for a trust, each for those who may write there."""

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Blueprint, url_for

from blueprints.web import document_pages
from blueprints.web.access import requires
from blueprints.web.document_pages import DocumentDesk
from tenants.access.permissions import Permission
from tenants.reading.own_queries import OwnScope


class _Page(NamedTuple):
    """A page under `documents` or `editions`; its endpoint is `document_` and the name. `show` gets the desk and what the
    address holds.
    """

    name: str
    address: str
    show: Callable[..., Any]
    methods: tuple[str, ...] = ("GET", "POST")


_EDITION = "editions/<uuid:edition_id>"
_PART = f"{_EDITION}/parts/<uuid:part_id>"
_PAGES = (
    _Page("new", "documents/new", document_pages.new_document),
    _Page("new_edition", "documents/<key>/new-edition", document_pages.new_edition),
    _Page("withdraw", "documents/<key>/withdraw", document_pages.withdraw_page),
    _Page("edition", _EDITION, document_pages.edition_page),
    _Page("publish", f"{_EDITION}/publish", document_pages.publish_page),
    _Page("take_back", f"{_EDITION}/take-back", document_pages.take_back_page),
    _Page("delete", f"{_EDITION}/delete", document_pages.delete_page),
    _Page("new_part", f"{_EDITION}/parts/new", document_pages.new_part),
    _Page("part", _PART, document_pages.part_page),
    _Page("part_move", f"{_PART}/move", document_pages.part_move, ("POST",)),
    _Page("part_remove", f"{_PART}/remove", document_pages.part_remove),
    _Page("part_file", f"{_PART}/file", document_pages.part_file, ("GET",)),
)


def add_document_routes(
    blueprint: Blueprint, base: str, *, tenant: str, scope: Callable[[uuid.UUID], OwnScope], permission: Permission
) -> None:
    """Hangs the pages on the blueprint, below `base`, whose address holds the tenant's id under the name `tenant`.

    All of them are for holders of the permission.
    """

    def desk(tenant_id: uuid.UUID) -> DocumentDesk:
        def url(name: str, **values: Any) -> str:
            endpoint = name if name == "reading" else f"document_{name}"
            return url_for(f"{blueprint.name}.{endpoint}", **(values | {tenant: tenant_id}))

        return DocumentDesk(scope(tenant_id), url, {tenant: tenant_id})

    def view_of(page: _Page) -> Callable[..., Any]:
        def view(**values: Any) -> Any:
            return page.show(desk(values.pop(tenant)), **values)

        return requires(permission)(view)

    for page in _PAGES:
        blueprint.add_url_rule(f"{base}/{page.address}", f"document_{page.name}", view_of(page), methods=page.methods)
