"""What stands at the top of each page: the tenant's name, its pages, and as whom one reads."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for
from sqlalchemy import select

from prevent_trust.database import db
from tenants.access.models import ROLE_NAMES, Membership, Role
from tenants.access.permissions import Permission, TenantKind
from tenants.access.queries import Access, tenant_name
from tenants.organisations.models import LocalAuthority, School, Trust


@dataclass(frozen=True)
class Item:
    """A page of an audience's service navigation, for holders of the permission.

    It stands out on the pages below its own address, and on those at and below the addresses of `also`.
    """

    text: str
    endpoint: str
    permission: Permission
    also: tuple[str, ...] = ()


ITEMS: dict[TenantKind, tuple[Item, ...]] = {
    TenantKind.SCHOOL: (
        Item("Overview", "school.overview", Permission.READ_SCHOOL),
        Item("Action plan", "school.plan", Permission.READ_SCHOOL),
        Item("Staff and training", "school.staff", Permission.READ_STAFF),
        Item("Reading", "school.reading", Permission.READ_SCHOOL),
        Item("Filtering", "school.filtering", Permission.READ_SCHOOL),
        Item("Referrals", "school.referrals", Permission.READ_REFERRALS),
        Item("Contacts", "school.contacts", Permission.READ_SCHOOL),
        Item("Reports", "school.reports", Permission.READ_SCHOOL, also=("school.releases",)),
        Item("Calendar", "school.calendar", Permission.READ_SCHOOL),
        Item("Reminders", "school.reminders", Permission.READ_STAFF),
        Item("People", "school.people", Permission.INVITE_TO_SCHOOL),
    ),
    TenantKind.TRUST: (
        Item("Overview", "trust.overview", Permission.READ_TRUST),
        Item("Compare", "trust.compare", Permission.READ_TRUST),
        Item("Schools", "trust.schools", Permission.READ_TRUST, also=("trust.staff",)),
        Item("Training", "trust.training", Permission.READ_TRUST),
        Item("Chase", "trust.chase", Permission.READ_TRUST),
        Item("Reading", "trust.reading", Permission.READ_TRUST),
        Item("Reminders", "trust.reminders", Permission.READ_TRUST),
        Item("Calendar", "trust.calendar", Permission.READ_TRUST),
        Item("Editions", "trust.editions", Permission.READ_TRUST),
        Item("Checks", "trust.checks", Permission.READ_TRUST),
        Item("Reports", "trust.reports", Permission.READ_TRUST, also=("trust.releases",)),
        Item("People", "trust.people", Permission.INVITE_TO_TRUST),
        Item("Contacts", "trust.contacts", Permission.READ_TRUST),
    ),
    TenantKind.AUTHORITY: (
        Item("Overview", "authority.overview", Permission.READ_RELEASES),
        Item("Releases", "authority.releases", Permission.READ_RELEASES),
        Item("Tables", "authority.tables", Permission.READ_RELEASES),
        Item("Methods", "authority.methods", Permission.READ_RELEASES),
        Item("Requests", "authority.requests", Permission.READ_RELEASES),
    ),
    TenantKind.PLATFORM: (
        Item("Organisations", "platform.organisations", Permission.ADMINISTER_PLATFORM),
        Item("People", "platform.people", Permission.ADMINISTER_PLATFORM),
        Item("Contacts", "platform.contacts", Permission.ADMINISTER_PLATFORM),
        Item("Editions", "platform.editions", Permission.ADMINISTER_PLATFORM),
        Item("Releases", "platform.releases", Permission.PUBLISH_RELEASES),
        Item("Imports", "platform.imports", Permission.ADMINISTER_PLATFORM),
        Item("Jobs", "platform.jobs", Permission.ADMINISTER_PLATFORM),
        Item("Audit", "platform.audit", Permission.ADMINISTER_PLATFORM),
    ),
}

_TENANTS: dict[TenantKind, tuple[str, type[School] | type[Trust] | type[LocalAuthority]]] = {
    TenantKind.SCHOOL: ("school_id", School),
    TenantKind.TRUST: ("trust_id", Trust),
    TenantKind.AUTHORITY: ("authority_id", LocalAuthority),
}

_READERS = (Role.SCHOOL_READER, Role.TRUST_LEAD, Role.TRUST_READER)


def install_navigation(app: Flask) -> None:
    """Gives every page inside a tenant its `tenant_name`, `navigation` and `reading_as`; other pages empty ones."""
    app.context_processor(page_heading)
    app.jinja_env.globals.update(tenant_of=tenant_name, role_name=ROLE_NAMES.__getitem__)


def page_heading() -> dict[str, Any]:
    """One query at most: the tenant's name. None where nobody has been let in, as on error pages."""
    access: Access | None = g.get("access")
    if access is None:
        return {"tenant_name": None, "navigation": [], "reading_as": None}
    kind: TenantKind = g.tenant_kind
    return {
        "tenant_name": _name_of_tenant(kind),
        "navigation": navigation(kind, access, request.view_args or {}),
        "reading_as": reading_as(kind, access),
    }


def _name_of_tenant(kind: TenantKind) -> str | None:
    if kind is TenantKind.PLATFORM:
        return "Platform"
    if "tenant_name" not in g:
        argument, model = _TENANTS[kind]
        tenant_id = (request.view_args or {})[argument]
        g.tenant_name = db.session.scalar(select(model.name).where(model.id == tenant_id))
    return g.tenant_name  # type: ignore[no-any-return]  # what Flask's g holds


def navigation(kind: TenantKind, access: Access, address: dict[str, Any]) -> list[dict[str, Any]]:
    """The pages that the reader may open, as the service navigation takes them; the one being read is active."""
    argument = _TENANTS[kind][0] if kind in _TENANTS else None
    values = {argument: address[argument]} if argument else {}
    shown = [
        item for item in ITEMS[kind] if item.endpoint in current_app.view_functions and access.allows(item.permission)
    ]
    addresses = [(url_for(endpoint, **values), item) for item in shown for endpoint in (item.endpoint, *item.also)]
    here = [(href, item) for href, item in addresses if request.path == href or request.path.startswith(f"{href}/")]
    active = max(here, key=lambda place: len(place[0]))[1] if here else None
    return [{"text": item.text, "href": url_for(item.endpoint, **values), "active": item is active} for item in shown]


def reading_as(kind: TenantKind, access: Access) -> str | None:
    """As whom somebody reads a school without being able to change it: “a trust safeguarding lead”."""
    if kind is not TenantKind.SCHOOL or access.allows(Permission.EDIT_SCHOOL):
        return None
    role = next(role for role in _READERS if role in access.roles)
    name = ROLE_NAMES[role]
    return f"a {name[0].lower()}{name[1:]}"


def home_of(membership: Membership) -> str:
    """The address of the first page of the membership's tenant."""
    kind, values = _tenant_of(membership)
    for item in ITEMS[kind]:
        if item.endpoint in current_app.view_functions and Access(frozenset({membership.role})).allows(item.permission):
            return url_for(item.endpoint, **values)
    return url_for("auth.organisations")


def _tenant_of(membership: Membership) -> tuple[TenantKind, dict[str, Any]]:
    for kind, (argument, _) in _TENANTS.items():
        tenant_id = getattr(membership, argument)
        if tenant_id is not None:
            return kind, {argument: tenant_id}
    return TenantKind.PLATFORM, {}
