"""The register, which everybody may read: it is public (GIAS, Open Government Licence)."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select, union_all
from sqlalchemy.orm import joinedload, selectinload

from prevent_trust.database import db
from tenants.organisations.models import FormerUrn, LocalAuthority, School, Trust, TrustMembership


class OrganisationKind(StrEnum):
    SCHOOL = "school"
    TRUST = "trust"
    AUTHORITY = "authority"


@dataclass(frozen=True)
class Found:
    """A line of a search through the register."""

    id: uuid.UUID
    kind: OrganisationKind
    name: str
    number: str  # URN, group UID or authority code
    detail: str


def search_register(kind: OrganisationKind, words: str, *, page: int, per_page: int) -> tuple[list[Found], int]:
    """Organisations of the kind by part of a name or by their number, in the order of names, and how many in all.

    A school is also found by a URN that it had before.
    """
    match kind:
        case OrganisationKind.SCHOOL:
            query = _schools(words.strip())
        case OrganisationKind.TRUST:
            query = _trusts(words.strip())
        case OrganisationKind.AUTHORITY:
            query = _authorities(words.strip())
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = db.session.execute(query.limit(per_page).offset((page - 1) * per_page))
    return [Found(row.id, kind, row.name, row.number, row.detail or "") for row in rows], total


def _schools(words: str) -> Select[tuple[uuid.UUID, str, str, str | None]]:
    query = (
        select(
            School.id,
            School.name,
            cast(School.urn, String).label("number"),
            func.concat_ws(", ", School.phase, School.town, LocalAuthority.name).label("detail"),
        )
        .join(School.authority)
        .order_by(func.lower(School.name), School.id)
    )
    if not words:
        return query
    matches: ColumnElement[bool] = School.name.icontains(words, autoescape=True)
    if words.isdecimal():
        former = select(FormerUrn.school_id).where(cast(FormerUrn.urn, String) == words)
        matches = or_(matches, cast(School.urn, String) == words, School.id.in_(former))
    return query.where(matches)


def _trusts(words: str) -> Select[tuple[uuid.UUID, str, str, str | None]]:
    schools = (
        select(func.count())
        .where(TrustMembership.trust_id == Trust.id, TrustMembership.left_on.is_(None))
        .correlate(Trust)
        .scalar_subquery()
    )
    query = select(
        Trust.id,
        Trust.name,
        Trust.group_uid.label("number"),
        (cast(schools, String) + " schools").label("detail"),
    ).order_by(func.lower(Trust.name), Trust.id)
    if words:
        numbers = (Trust.group_uid, Trust.group_id, Trust.companies_house_number)
        query = query.where(or_(Trust.name.icontains(words, autoescape=True), *(number == words for number in numbers)))
    return query  # type: ignore[return-value]


def _authorities(words: str) -> Select[tuple[uuid.UUID, str, str, str | None]]:
    schools = (
        select(func.count()).where(School.authority_id == LocalAuthority.id).correlate(LocalAuthority).scalar_subquery()
    )
    query = select(
        LocalAuthority.id,
        LocalAuthority.name,
        LocalAuthority.code.label("number"),
        (cast(schools, String) + " schools").label("detail"),
    ).order_by(func.lower(LocalAuthority.name), LocalAuthority.id)
    if words:
        query = query.where(or_(LocalAuthority.name.icontains(words, autoescape=True), LocalAuthority.code == words))
    return query  # type: ignore[return-value]


def school_by_id(school_id: uuid.UUID) -> School | None:
    """A school with its authority and the URNs that it had."""
    return db.session.scalar(
        select(School)
        .where(School.id == school_id)
        .options(joinedload(School.authority), selectinload(School.former_urns))
    )


def school_by_urn(urn: int) -> School | None:
    """The school that has this URN, or had it before it became what it is."""
    return db.session.scalar(
        select(School).where(
            or_(School.urn == urn, School.id.in_(select(FormerUrn.school_id).where(FormerUrn.urn == urn)))
        )
    )


def trust_by_id(trust_id: uuid.UUID) -> Trust | None:
    return db.session.get(Trust, trust_id)


def authority_codes(authorities: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The three digits of each authority, by id."""
    rows = db.session.execute(select(LocalAuthority.id, LocalAuthority.code).where(LocalAuthority.id.in_(authorities)))
    return {row.id: row.code for row in rows}


def authority_names() -> dict[str, str]:
    """The name of each authority by its three digits."""
    return {row.code: row.name for row in db.session.execute(select(LocalAuthority.code, LocalAuthority.name))}


def all_authorities() -> list[LocalAuthority]:
    """The register's authorities by name."""
    return list(db.session.scalars(select(LocalAuthority).order_by(LocalAuthority.name)))


def authority_by_id(authority_id: uuid.UUID) -> LocalAuthority | None:
    return db.session.get(LocalAuthority, authority_id)


def trust_history(school_id: uuid.UUID) -> list[TrustMembership]:
    """The school's times in trusts, the latest first, with the trusts."""
    return list(
        db.session.scalars(
            select(TrustMembership)
            .where(TrustMembership.school_id == school_id)
            .options(joinedload(TrustMembership.trust))
            .order_by(TrustMembership.left_on.desc().nulls_first(), TrustMembership.joined_on.desc().nulls_last())
        )
    )


def schools_of_trust(trust_id: uuid.UUID) -> list[School]:
    """The schools that are in the trust today, by name."""
    return list(
        db.session.scalars(
            select(School)
            .join(TrustMembership, TrustMembership.school_id == School.id)
            .where(TrustMembership.trust_id == trust_id, TrustMembership.left_on.is_(None))
            .order_by(func.lower(School.name), School.id)
        )
    )


def counts_of_register() -> dict[OrganisationKind, int]:
    """How many organisations of each kind the register holds."""
    return {
        kind: db.session.scalar(select(func.count()).select_from(model)) or 0
        for kind, model in (
            (OrganisationKind.SCHOOL, School),
            (OrganisationKind.TRUST, Trust),
            (OrganisationKind.AUTHORITY, LocalAuthority),
        )
    }


def names_of_organisations(ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of schools, trusts and authorities by their ids, in one query."""
    parts = [select(model.id, model.name).where(model.id.in_(ids)) for model in (School, Trust, LocalAuthority)]
    return {row.id: row.name for row in db.session.execute(union_all(*parts))}


def organisation_by_number(kind: OrganisationKind, number: str) -> uuid.UUID | None:
    """The id of the school with that URN, the trust with that group UID, or the authority with that code."""
    match kind:
        case OrganisationKind.SCHOOL:
            query = select(School.id).where(cast(School.urn, String) == number)
        case OrganisationKind.TRUST:
            query = select(Trust.id).where(Trust.group_uid == number)
        case OrganisationKind.AUTHORITY:
            query = select(LocalAuthority.id).where(LocalAuthority.code == number)
    return db.session.scalar(query)
