"""Deny by default: every view says who may call it, and the declaration is data on the view.

    @blueprint.get("/schools/<uuid:school_id>/plan")
    @requires(Permission.READ_SCHOOL)
    def plan(school_id): …

The tenant comes from the address. Whoever may not see it is answered as if it did not exist.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, abort, current_app, g, request
from flask_login import current_user
from werkzeug.wrappers import Response

from prevent_trust.tenancy import (
    AuthorityScope,
    PlatformScope,
    SchoolScope,
    Scope,
    TrustScope,
    bind_account,
    bind_scope,
)
from tenants.access.permissions import TENANT_OF, Permission, TenantKind
from tenants.access.queries import Access, access_to, may

View = Callable[..., Any]
LONDON = ZoneInfo("Europe/London")

_ADDRESS_NAMES = {
    TenantKind.SCHOOL: "school_id",
    TenantKind.TRUST: "trust_id",
    TenantKind.AUTHORITY: "authority_id",
}


@dataclass(frozen=True)
class Declaration:
    """Who may call a view: holders of a permission, anybody signed in, or everybody for a stated reason."""

    permission: Permission | None = None
    signed_in: bool = False
    public_because: str | None = None


def requires(permission: Permission) -> Callable[[View], View]:
    """The view is for holders of the permission at the tenant that its address names; it runs in that tenant's scope."""
    kind = TENANT_OF[permission]

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return ask_to_sign_in()
            tenant_id = kwargs[_ADDRESS_NAMES[kind]] if kind in _ADDRESS_NAMES else None
            access = access_to(account_id=current_user.id, kind=kind, tenant_id=tenant_id, today=today())
            if not may(access, permission, kind):
                abort(404)
            g.access, g.tenant_kind = access, kind
            bind_scope(_scope(kind, tenant_id))
            return view(*args, **kwargs)

        guarded.access = Declaration(permission=permission)  # type: ignore[attr-defined]  # data on the view
        return guarded

    return declare


def signed_in(view: View) -> View:
    """The view is for anybody with an account and shows what is that account's own."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if not current_user.is_authenticated:
            return ask_to_sign_in()
        return view(*args, **kwargs)

    guarded.access = Declaration(signed_in=True)  # type: ignore[attr-defined]  # data on the view
    return guarded


def public(reason: str) -> Callable[[View], View]:
    """The view is for everybody; the reason says why that is right."""

    def declare(view: View) -> View:
        view.access = Declaration(public_because=reason)  # type: ignore[attr-defined]  # data on the view
        return view

    return declare


def declaration_of(app: Flask, endpoint: str) -> Declaration | None:
    return getattr(app.view_functions[endpoint], "access", None)


def ask_to_sign_in() -> Response:
    return current_app.login_manager.unauthorized()  # type: ignore[attr-defined,no-any-return]  # set by Flask-Login


def can(permission: Permission) -> bool:
    """Whether the reader of this page holds the permission at the page's tenant; for templates."""
    access: Access | None = g.get("access")
    return access is not None and may(access, permission, g.tenant_kind)


def account_id() -> uuid.UUID:
    return current_user.id  # type: ignore[no-any-return]  # an Account, behind Flask-Login's proxy


def today() -> date:
    """Today in England."""
    return datetime.now(LONDON).date()


def as_at_day() -> date:
    """The day that the address asks for, never one to come."""
    try:
        return min(date.fromisoformat(request.args.get("as_at", "")), today())
    except ValueError:
        return today()


def _scope(kind: TenantKind, tenant_id: uuid.UUID | None) -> Scope | None:
    match kind, tenant_id:
        case TenantKind.SCHOOL, uuid.UUID():
            return SchoolScope(tenant_id)
        case TenantKind.TRUST, uuid.UUID():
            return TrustScope(tenant_id)
        case TenantKind.AUTHORITY, uuid.UUID():
            return AuthorityScope(tenant_id)
        case _:
            return PlatformScope()


def install_access(app: Flask) -> None:
    """Stamps who is asking on each request's session, and refuses to serve a view without a declaration."""

    @app.before_request
    def _declared() -> None:
        if request.endpoint is not None and declaration_of(app, request.endpoint) is None:
            raise RuntimeError(f"the view {request.endpoint} does not declare who may call it")

    @app.before_request
    def _stamp_account() -> None:
        if current_user.is_authenticated:
            bind_account(current_user.id)

    app.jinja_env.globals["can"] = can
    app.jinja_env.globals["Permission"] = Permission
