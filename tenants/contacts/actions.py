"""Writes to contacts. Each flushes, leaves the commit to its caller and writes an entry of the audit."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, require_bound
from tenants.access.models import AuditEntry
from tenants.contacts.models import Contact, ContactKind
from tenants.contacts.queries import ContactScope, own_contact
from tenants.contacts.rules import address_problem, email_problem, telephone_problem


@dataclass
class ContactProblem(Exception):
    """What the person asking can put right: messages by the name of the field."""

    messages: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ContactDetails:
    """All that is written of a contact. At least one of telephone, email and address is needed."""

    kind: ContactKind
    name: str
    organisation: str = ""
    telephone: str | None = None
    email: str | None = None
    address: str | None = None
    note: str = ""


def add_contact(
    scope: ContactScope,
    *,
    details: ContactDetails,
    authority_id: uuid.UUID | None = None,
    verified_on: date | None,
    added_by: uuid.UUID | None,
) -> Contact:
    """Adds a contact of the scope's own. The platform's is an authority's when one is given, else a national one.

    Raises ContactProblem when it cannot be reached or an address is malformed.
    """
    require_bound(scope)
    _check(details)
    owner: dict[str, uuid.UUID | None]
    match scope:
        case SchoolScope(school_id):
            owner = {"school_id": school_id}
        case TrustScope(trust_id):
            owner = {"trust_id": trust_id}
        case PlatformScope():
            owner = {"authority_id": authority_id}
    contact = Contact(**owner, **vars(details), verified_on=verified_on)
    db.session.add(contact)
    db.session.flush()
    _note(contact, "contact added", by=added_by)
    return contact


def change_contact(
    scope: ContactScope,
    *,
    contact_id: uuid.UUID,
    details: ContactDetails,
    checked_on: date | None,
    changed_by: uuid.UUID | None,
) -> bool:
    """Writes what changed; returns whether anything did. `checked_on` is the day when the writer checked it, if so.

    A number or address that changed without being checked counts as never checked. Raises ContactProblem; LookupError
    when the scope has no such contact.
    """
    contact = _own(scope, contact_id)
    _check(details)
    changed = [name for name, value in vars(details).items() if getattr(contact, name) != value]
    if checked_on is None and not changed:
        return False
    for name in changed:
        setattr(contact, name, getattr(details, name))
    if checked_on is not None:
        contact.verified_on = checked_on
    elif {"telephone", "email", "address"} & set(changed):
        contact.verified_on = None
    db.session.flush()
    _note(contact, "contact changed", by=changed_by, changed=changed)
    return True


def verify_contact(
    scope: ContactScope, *, contact_id: uuid.UUID, verified_on: date, verified_by: uuid.UUID | None
) -> Contact:
    """Says that somebody checked the contact on that day. LookupError when the scope has no such contact."""
    contact = _own(scope, contact_id)
    contact.verified_on = verified_on
    db.session.flush()
    _note(contact, "contact checked", by=verified_by)
    return contact


def remove_contact(scope: ContactScope, *, contact_id: uuid.UUID, removed_by: uuid.UUID | None) -> Contact:
    """Takes the contact off every list; it can be put back. LookupError when the scope has no such contact."""
    contact = _own(scope, contact_id)
    if contact.removed_at is None:
        contact.removed_at = datetime.now(UTC)
        db.session.flush()
        _note(contact, "contact removed", by=removed_by)
    return contact


def restore_contact(scope: ContactScope, *, contact_id: uuid.UUID, restored_by: uuid.UUID | None) -> Contact:
    """Puts a removed contact back. LookupError when the scope has no such contact."""
    contact = _own(scope, contact_id)
    if contact.removed_at is not None:
        contact.removed_at = None
        db.session.flush()
        _note(contact, "contact put back", by=restored_by)
    return contact


def _own(scope: ContactScope, contact_id: uuid.UUID) -> Contact:
    contact = own_contact(scope, contact_id)
    if contact is None:
        raise LookupError(f"no contact {contact_id} of {scope.stamp}")
    return contact


def _check(details: ContactDetails) -> None:
    problems: dict[str, list[str]] = {}
    if not details.name:
        problems["name"] = ["Enter the name of the person, team or line"]
    if not (details.telephone or details.email or details.address):
        problems["telephone"] = ["Enter a telephone number, an email address or a web address"]
    for name, why in (("telephone", telephone_problem), ("email", email_problem), ("address", address_problem)):
        value = getattr(details, name)
        message = why(value) if value else None
        if message:
            problems[name] = [message]
    if problems:
        raise ContactProblem(problems)


def _note(contact: Contact, act: str, *, by: uuid.UUID | None, changed: list[str] | None = None) -> None:
    detail: dict[str, Any] = {"contact_id": str(contact.id)}
    if changed:
        detail["changed"] = changed
    db.session.add(
        AuditEntry(
            account_id=by,
            school_id=contact.school_id,
            trust_id=contact.trust_id,
            authority_id=contact.authority_id,
            act=act,
            detail=detail,
        )
    )
    db.session.flush()
