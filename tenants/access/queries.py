"""Who may reach what. These run before a scope is bound: row-level security shows an account its own memberships."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import contains_eager, joinedload

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, Scope, TrustScope, current_scope, require_bound, within
from tenants.access.models import Account, AuditEntry, Invitation, Membership, Role
from tenants.access.permissions import ALLOWED, TENANT_OF, Permission, TenantKind
from tenants.access.rules import ROLES_AT
from tenants.organisations.models import School, TrustMembership


@dataclass(frozen=True)
class Access:
    """The roles that somebody holds at one tenant, and what follows from them."""

    roles: frozenset[Role]

    def allows(self, permission: Permission) -> bool:
        return bool(self.roles & ALLOWED[permission])


def access_to(*, account_id: uuid.UUID, kind: TenantKind, tenant_id: uuid.UUID | None, today: date) -> Access:
    """The roles that the account holds at the tenant today.

    At a school these include the roles held at the trust that the school is in today.
    """
    roles = db.session.scalars(
        select(Membership.role).where(
            Membership.account_id == account_id,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
            _reaches(kind, tenant_id),
        )
    )
    return Access(frozenset(roles))


def _reaches(kind: TenantKind, tenant_id: uuid.UUID | None) -> ColumnElement[bool]:
    match kind:
        case TenantKind.SCHOOL:
            in_trust_today = exists().where(
                TrustMembership.trust_id == Membership.trust_id,
                TrustMembership.school_id == tenant_id,
                TrustMembership.left_on.is_(None),
            )
            return or_(Membership.school_id == tenant_id, and_(Membership.trust_id.is_not(None), in_trust_today))
        case TenantKind.TRUST:
            return Membership.trust_id == tenant_id
        case TenantKind.AUTHORITY:
            return Membership.authority_id == tenant_id
        case TenantKind.PLATFORM:
            return Membership.role.in_(ROLES_AT[TenantKind.PLATFORM])


def may(access: Access, permission: Permission, kind: TenantKind) -> bool:
    """Whether the access is to a tenant of the permission's kind and has a role that the permission names."""
    return TENANT_OF[permission] is kind and access.allows(permission)


def memberships_of(account_id: uuid.UUID, *, today: date) -> list[Membership]:
    """An account's memberships that have not ended, with their tenants, in the order of their names."""
    rows = db.session.scalars(
        select(Membership)
        .where(
            Membership.account_id == account_id,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
        )
        .options(joinedload(Membership.school), joinedload(Membership.trust), joinedload(Membership.authority))
    ).all()
    return sorted(rows, key=lambda row: (row.role.value, tenant_name(row)))


def tenant_name(membership: Membership) -> str:
    tenant = membership.school or membership.trust or membership.authority
    return tenant.name if tenant else "Platform"


def account_by_email(email: str) -> Account | None:
    return db.session.scalar(select(Account).where(func.lower(Account.email) == email.strip().lower()))


# People of a tenant, for its own pages


def people_of(scope: SchoolScope | TrustScope, *, today: date) -> list[Membership]:
    """Everybody who may reach the tenant today, with their accounts, in the order of their names.

    For a school these include the people of its trust; for a trust, the Prevent leads and readers of its schools.
    """
    require_bound(scope)
    rows = db.session.scalars(
        select(Membership)
        .join(Membership.account)
        .where(_has_not_ended(today), or_(within(scope, Membership.school_id), _of_trust(scope)))
        .options(contains_eager(Membership.account), joinedload(Membership.school), joinedload(Membership.trust))
        .order_by(func.lower(Account.name), Account.id)
    )
    return list(rows)


def _of_trust(scope: SchoolScope | TrustScope) -> ColumnElement[bool]:
    return Membership.trust_id == func.any(func.visible_trusts())


def _has_not_ended(today: date) -> ColumnElement[bool]:
    return or_(Membership.ends_on.is_(None), Membership.ends_on >= today)


def pending_invitations(scope: Scope) -> list[Invitation]:
    """Invitations of the scope that nobody has taken up or withdrawn, the latest first; some may have expired.

    On the platform these are the invitations of officers and administrators: a school's are the school's.
    """
    require_bound(scope)
    query = select(Invitation).where(Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
    match scope:
        case SchoolScope() | TrustScope():
            query = query.where(
                or_(within(scope, Invitation.school_id), Invitation.trust_id == getattr(scope, "trust_id", None))
            )
        case _:
            query = query.where(Invitation.school_id.is_(None), Invitation.trust_id.is_(None))
    return list(db.session.scalars(query.order_by(Invitation.created_at.desc()).limit(200)))


def membership_of(scope: Scope, membership_id: uuid.UUID) -> Membership | None:
    """A membership that the scope manages; none for one that it can merely see, such as the trust's at a school."""
    require_bound(scope)
    return db.session.scalar(
        select(Membership).where(
            Membership.id == membership_id, _managed(scope, Membership.school_id, Membership.trust_id)
        )
    )


def invitation_of(scope: Scope, invitation_id: uuid.UUID) -> Invitation | None:
    require_bound(scope)
    return db.session.scalar(
        select(Invitation).where(
            Invitation.id == invitation_id, _managed(scope, Invitation.school_id, Invitation.trust_id)
        )
    )


def _managed(scope: Scope, school_id: Any, trust_id: Any) -> ColumnElement[bool]:
    match scope:
        case SchoolScope():
            return within(scope, school_id)
        case TrustScope():
            return or_(within(scope, school_id), trust_id == scope.trust_id)
        case PlatformScope():
            return true()
        case _:
            return false()


def names_of(account_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of accounts by their ids."""
    rows = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(account_ids)))
    return {row.id: row.name for row in rows}


# What the actions ask before they write


def membership_like(
    account_id: uuid.UUID, role: Role, place: dict[str, uuid.UUID | None], *, today: date
) -> Membership | None:
    """The account's membership with that role at that place, when it has not ended."""
    return db.session.scalar(
        select(Membership)
        .where(Membership.account_id == account_id, Membership.role == role, _has_not_ended(today))
        .filter_by(**place)
    )


def invitation_is_open_for(email: str, role: Role, place: dict[str, uuid.UUID | None], *, now: datetime) -> bool:
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    func.lower(Invitation.email) == email.lower(),
                    Invitation.role == role,
                    Invitation.accepted_at.is_(None),
                    Invitation.withdrawn_at.is_(None),
                    Invitation.expires_at > now,
                    *(getattr(Invitation, column).is_not_distinct_from(value) for column, value in place.items()),
                )
            )
        )
    )


def grantable_school(school_id: uuid.UUID) -> bool:
    """Whether the bound scope reaches the school, as the database sees it."""
    scope = current_scope()
    if not isinstance(scope, SchoolScope | TrustScope):
        return False
    return bool(db.session.scalar(select(School.id).where(School.id == school_id, within(scope, School.id))))


def somebody_else_holds(membership: Membership, *, on: date) -> bool:
    """Whether another active account holds the same role at the same place on that day."""
    return bool(
        db.session.scalar(
            select(Membership.id)
            .join(Membership.account)
            .where(
                Membership.id != membership.id,
                Membership.account_id != membership.account_id,
                Membership.role == membership.role,
                Membership.school_id.is_not_distinct_from(membership.school_id),
                Membership.trust_id.is_not_distinct_from(membership.trust_id),
                or_(Membership.ends_on.is_(None), Membership.ends_on >= on),
                Account.active,
            )
            .limit(1)
        )
    )


# The platform


def accounts_like(search: str, *, page: int, per_page: int) -> tuple[list[Account], int]:
    """Accounts whose name or address contains the words, by name, and how many there are in all."""
    require_bound(PlatformScope())
    query = select(Account)
    if words := search.strip():
        query = query.where(
            or_(Account.name.icontains(words, autoescape=True), Account.email.icontains(words, autoescape=True))
        )
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.session.scalars(
        query.order_by(func.lower(Account.name), Account.id).limit(per_page).offset((page - 1) * per_page)
    )
    return list(rows), total


def memberships_of_accounts(account_ids: set[uuid.UUID]) -> dict[uuid.UUID, list[Membership]]:
    """All memberships, ended ones too, of each account; one query for a page of people."""
    require_bound(PlatformScope())
    rows = db.session.scalars(
        select(Membership)
        .where(Membership.account_id.in_(account_ids))
        .options(joinedload(Membership.school), joinedload(Membership.trust), joinedload(Membership.authority))
        .order_by(Membership.created_at)
    )
    found: dict[uuid.UUID, list[Membership]] = {account_id: [] for account_id in account_ids}
    for row in rows:
        found[row.account_id].append(row)
    return found


@dataclass(frozen=True)
class AuditFilter:
    """Which entries of the audit: an act, a person (part of a name or address), days in England from and to."""

    act: str = ""
    person: str = ""
    since: datetime | None = None
    before: datetime | None = None


def audit_entries(wanted: AuditFilter, *, page: int, per_page: int) -> tuple[list[tuple[AuditEntry, str | None]], int]:
    """Entries with the name of who acted, the latest first, and how many there are in all."""
    query = _audit(wanted)
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.session.execute(query.limit(per_page).offset((page - 1) * per_page))
    return [(row[0], row[1]) for row in rows], total


def _audit(wanted: AuditFilter) -> Select[AuditEntry, str]:
    require_bound(PlatformScope())
    query = (
        select(AuditEntry, Account.name)
        .outerjoin(Account, Account.id == AuditEntry.account_id)
        .order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc())
    )
    if wanted.act:
        query = query.where(AuditEntry.act == wanted.act)
    if words := wanted.person.strip():
        query = query.where(
            or_(Account.name.icontains(words, autoescape=True), Account.email.icontains(words, autoescape=True))
        )
    if wanted.since:
        query = query.where(AuditEntry.created_at >= wanted.since)
    if wanted.before:
        query = query.where(AuditEntry.created_at < wanted.before)
    return query


def acts_in_audit() -> list[str]:
    require_bound(PlatformScope())
    return list(db.session.scalars(select(AuditEntry.act).distinct().order_by(AuditEntry.act)))
