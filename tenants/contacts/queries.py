"""Reads of contacts: one's own and those that come from above."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_, select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, require_bound
from tenants.contacts.models import CONTACT_KIND_NAMES, Contact, ContactKind
from tenants.contacts.rules import is_stale, telephone_address
from tenants.organisations.models import LocalAuthority, School, Trust, TrustMembership

ContactScope = SchoolScope | TrustScope | PlatformScope


class ContactOwner(StrEnum):
    SCHOOL = "school"
    TRUST = "trust"
    AUTHORITY = "authority"
    NATIONAL = "national"


@dataclass(frozen=True)
class ContactCard:
    """A contact as a reader sees it: whose it is, whether the reader may change it, whether it should be checked."""

    contact: Contact
    owner: ContactOwner
    owner_name: str
    is_own: bool
    is_stale: bool

    @property
    def kind_name(self) -> str:
        return CONTACT_KIND_NAMES[self.contact.kind]

    @property
    def telephone_address(self) -> str | None:
        return telephone_address(self.contact.telephone) if self.contact.telephone else None


def contact_cards(scope: ContactScope, *, today: date) -> list[ContactCard]:
    """The contacts in force, by kind in the order in which one would ring them, the reader's own first in each.

    A school sees its own, its trust's, its authority's and the national ones; a trust its own and the national ones; the
    platform, which keeps them, the authorities' and the national ones.
    """
    require_bound(scope)
    rows = db.session.execute(
        select(Contact, School.name, Trust.name, LocalAuthority.name)
        .outerjoin(School, School.id == Contact.school_id)
        .outerjoin(Trust, Trust.id == Contact.trust_id)
        .outerjoin(LocalAuthority, LocalAuthority.id == Contact.authority_id)
        .where(Contact.removed_at.is_(None), _seen_by(scope))
    )
    cards = [_card(scope, contact, names, today) for contact, *names in rows]
    order = {kind: place for place, kind in enumerate(ContactKind)}
    owners = {owner: place for place, owner in enumerate(ContactOwner)}
    return sorted(
        cards,
        key=lambda card: (order[card.contact.kind], owners[card.owner], card.owner_name, card.contact.name.lower()),
    )


def _card(scope: ContactScope, contact: Contact, names: Iterable[str | None], today: date) -> ContactCard:
    owner = owner_of(contact)
    return ContactCard(
        contact=contact,
        owner=owner,
        owner_name=next((name for name in names if name), "National"),
        is_own=owner in _KEPT_BY[type(scope)],
        is_stale=is_stale(contact.verified_on, today),
    )


_KEPT_BY: dict[type, frozenset[ContactOwner]] = {
    SchoolScope: frozenset({ContactOwner.SCHOOL}),
    TrustScope: frozenset({ContactOwner.TRUST}),
    PlatformScope: frozenset({ContactOwner.AUTHORITY, ContactOwner.NATIONAL}),
}


def owner_of(contact: Contact) -> ContactOwner:
    if contact.school_id:
        return ContactOwner.SCHOOL
    if contact.trust_id:
        return ContactOwner.TRUST
    return ContactOwner.AUTHORITY if contact.authority_id else ContactOwner.NATIONAL


_NATIONAL = and_(Contact.school_id.is_(None), Contact.trust_id.is_(None), Contact.authority_id.is_(None))


def own_contacts(scope: ContactScope) -> ColumnElement[bool]:
    """The condition that a contact is the scope's own, to change."""
    match scope:
        case SchoolScope(school_id):
            return Contact.school_id == school_id
        case TrustScope(trust_id):
            return Contact.trust_id == trust_id
        case PlatformScope():
            return or_(Contact.authority_id.is_not(None), _NATIONAL)


def _seen_by(scope: ContactScope) -> ColumnElement[bool]:
    if not isinstance(scope, SchoolScope):
        return or_(own_contacts(scope), _NATIONAL)
    trust = select(TrustMembership.trust_id).where(
        TrustMembership.school_id == scope.school_id, TrustMembership.left_on.is_(None)
    )
    authority = select(School.authority_id).where(School.id == scope.school_id)
    return or_(
        own_contacts(scope),
        Contact.trust_id == trust.scalar_subquery(),
        Contact.authority_id == authority.scalar_subquery(),
        _NATIONAL,
    )


def own_contact(scope: ContactScope, contact_id: uuid.UUID) -> Contact | None:
    """A contact that the scope may change, also a removed one; none when there is no such contact."""
    require_bound(scope)
    return db.session.scalar(select(Contact).where(Contact.id == contact_id, own_contacts(scope)))


def authority_choices(scope: PlatformScope) -> list[tuple[uuid.UUID, str]]:
    """Every authority by name, for whom the platform keeps contacts."""
    require_bound(scope)
    rows = db.session.execute(select(LocalAuthority.id, LocalAuthority.name).order_by(LocalAuthority.name))
    return [(row.id, row.name) for row in rows]
