"""Giving and ending access, and the record of what was done. Every grant and end is in the audit."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select

from prevent_trust.database import db, new_id
from prevent_trust.mail import queue_mail
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import PlatformScope, current_scope, require_bound
from tenants.access.models import ROLE_NAMES, Account, AuditEntry, Invitation, Membership, Role
from tenants.access.permissions import TenantKind
from tenants.access.queries import (
    account_by_email,
    grantable_school,
    invitation_is_open_for,
    membership_like,
    somebody_else_holds,
)
from tenants.access.rules import (
    INVITATION_LASTS,
    KIND_OF,
    NEVER_VACANT,
    ROLE_MEANS,
    InvitationState,
    kinds_granted_in,
    state_of,
)
from tenants.organisations.models import LocalAuthority, School, Trust


class AccessProblem(Exception):
    """Something that cannot be done as asked; the message says to the person what to do instead."""


@dataclass(frozen=True)
class Place:
    """The one tenant that a role is held at; none of the three is the platform."""

    school_id: uuid.UUID | None = None
    trust_id: uuid.UUID | None = None
    authority_id: uuid.UUID | None = None

    @property
    def kind(self) -> TenantKind:
        if self.school_id:
            return TenantKind.SCHOOL
        if self.trust_id:
            return TenantKind.TRUST
        return TenantKind.AUTHORITY if self.authority_id else TenantKind.PLATFORM

    @property
    def columns(self) -> dict[str, uuid.UUID | None]:
        return {"school_id": self.school_id, "trust_id": self.trust_id, "authority_id": self.authority_id}

    def name(self) -> str:
        tenant: School | Trust | LocalAuthority | None = None
        if self.school_id:
            tenant = db.session.get(School, self.school_id)
        elif self.trust_id:
            tenant = db.session.get(Trust, self.trust_id)
        elif self.authority_id:
            tenant = db.session.get(LocalAuthority, self.authority_id)
        return tenant.name if tenant else "the platform"


def place_of(row: Membership | Invitation) -> Place:
    return Place(school_id=row.school_id, trust_id=row.trust_id, authority_id=row.authority_id)


def record_act(
    act: str,
    *,
    account_id: uuid.UUID | None,
    school_id: uuid.UUID | None = None,
    trust_id: uuid.UUID | None = None,
    authority_id: uuid.UUID | None = None,
    **detail: Any,
) -> None:
    """Writes an entry of the audit in the transaction of the act itself. `detail` must be what JSON can hold.

    The statement asks for nothing back: whoever acts may write an entry that only the platform may read.
    """
    db.session.execute(
        insert(AuditEntry.__table__).values(  # type: ignore[arg-type]  # a Table
            id=new_id(),
            account_id=account_id,
            school_id=school_id,
            trust_id=trust_id,
            authority_id=authority_id,
            act=act,
            detail=detail,
        )
    )


def record_sign_in(*, account: Account, now: datetime) -> None:
    account.last_signed_in_at = now
    record_act("signed in", account_id=account.id)


def sign_out_everywhere(*, account: Account) -> None:
    """Ends every session of the account, this one too: a session names the uniquifier that it began with."""
    account.fs_uniquifier = uuid.uuid4().hex
    record_act("signed out everywhere", account_id=account.id)
    db.session.flush()


# Invitations


def invite(
    *,
    email: str,
    name: str,
    role: Role,
    school_id: uuid.UUID | None = None,
    trust_id: uuid.UUID | None = None,
    authority_id: uuid.UUID | None = None,
    ends_on: date | None = None,
    invited_by: uuid.UUID | None,
    now: datetime,
    link: Callable[[uuid.UUID], str],
) -> Invitation:
    """Offers a role by mail. `link` makes the whole address of the page that accepts an invitation.

    Works in the scope that is bound and grants only what that scope manages. Raises AccessProblem when the role cannot
    be offered, in words for the person who asked.
    """
    place = Place(school_id=school_id, trust_id=trust_id, authority_id=authority_id)
    email = email.strip()
    _require_grantable(role, place)
    if ends_on is not None and ends_on < now.date():
        raise AccessProblem("The last day of access must be today or later.")
    account = account_by_email(email)
    if account is not None and membership_like(account.id, role, place.columns, today=now.date()):
        raise AccessProblem(f"{account.name} is already {ROLE_NAMES[role]} at {place.name()}.")
    if invitation_is_open_for(email, role, place.columns, now=now):
        raise AccessProblem(f"{email} is already invited. Send the invitation again instead.")
    invitation = Invitation(
        email=email,
        name=name.strip(),
        role=role,
        ends_on=ends_on,
        invited_by=invited_by,
        expires_at=now + INVITATION_LASTS,
        **place.columns,
    )
    db.session.add(invitation)
    db.session.flush()
    _mail_invitation(invitation, link(invitation.id))
    record_act("invited", account_id=invited_by, email=email, role=role.value, **place.columns)
    return invitation


def _require_grantable(role: Role, place: Place) -> None:
    """Raises AccessProblem unless the bound scope manages the place, and the role is one of that kind of place."""
    scope = current_scope()
    if KIND_OF[role] is not place.kind:
        raise AccessProblem(f"{ROLE_NAMES[role]} is not a role there. Choose another role or another place.")
    if scope is None or place.kind not in kinds_granted_in(scope) or not _is_within(place):
        raise AccessProblem("You cannot give access there. Choose a place that you manage.")


def _is_within(place: Place) -> bool:
    scope = current_scope()
    if scope == PlatformScope():
        return True
    if place.trust_id is not None:
        return getattr(scope, "trust_id", None) == place.trust_id
    return place.school_id is not None and grantable_school(place.school_id)


def send_invitation_again(
    *, invitation: Invitation, sent_by: uuid.UUID | None, now: datetime, link: Callable[[uuid.UUID], str]
) -> None:
    """Mails the link once more and lets it hold for another week. Raises AccessProblem for one that is used up."""
    if state_of(invitation, now=now) not in {InvitationState.OPEN, InvitationState.EXPIRED}:
        raise AccessProblem("This invitation was accepted or withdrawn. Invite the person afresh.")
    _require_grantable(invitation.role, place_of(invitation))
    invitation.expires_at = now + INVITATION_LASTS
    db.session.flush()
    _mail_invitation(invitation, link(invitation.id))
    record_act("invitation sent again", account_id=sent_by, email=invitation.email, **place_of(invitation).columns)


def withdraw_invitation(*, invitation: Invitation, withdrawn_by: uuid.UUID | None, now: datetime) -> None:
    """Makes the link worthless. Raises AccessProblem when it was accepted already."""
    if invitation.accepted_at is not None:
        raise AccessProblem("This invitation was accepted already. End the person's access instead.")
    invitation.withdrawn_at = now
    db.session.flush()
    record_act("invitation withdrawn", account_id=withdrawn_by, email=invitation.email, **place_of(invitation).columns)


def accept_with_new_account(*, invitation: Invitation, name: str, password_hash: str, now: datetime) -> Membership:
    """Makes the invited person's account (or gives one that never had a password its first) and the membership.

    Raises AccessProblem like `accept`, and when the address has an account with a password: that one must sign in.
    """
    _hold_open(invitation, now=now)
    account = account_by_email(invitation.email)
    if account is None:
        account = Account(email=invitation.email, name=name.strip(), password=password_hash)
        db.session.add(account)
    elif account.password is not None:
        raise AccessProblem("There is an account for this address. Sign in with it to accept.")
    else:
        _require_active(account)
        account.name, account.password = name.strip(), password_hash
    db.session.flush()
    return _grant(invitation, account, now=now)


def accept(*, invitation: Invitation, account: Account, now: datetime) -> Membership:
    """Turns the invitation into a membership. Needs the platform's scope: the person belongs to no tenant yet.

    Raises AccessProblem for another person's invitation, one that no longer holds, and a deactivated account.
    """
    _hold_open(invitation, now=now)
    if account.email.lower() != invitation.email.lower():
        raise AccessProblem("This invitation is for another email address.")
    _require_active(account)
    return _grant(invitation, account, now=now)


def _hold_open(invitation: Invitation, *, now: datetime) -> None:
    require_bound(PlatformScope())
    db.session.refresh(invitation, with_for_update=True)
    if state_of(invitation, now=now) is not InvitationState.OPEN:
        raise AccessProblem("This invitation no longer holds. Ask the person who sent it for another.")


def _require_active(account: Account) -> None:
    if not account.active:
        raise AccessProblem("This account is switched off. Ask whoever runs this service to switch it on.")


def _grant(invitation: Invitation, account: Account, *, now: datetime) -> Membership:
    place = place_of(invitation)
    membership = db.session.scalar(
        select(Membership)
        .where(Membership.account_id == account.id, Membership.role == invitation.role)
        .filter_by(**place.columns)
    )
    if membership is None:
        membership = Membership(account_id=account.id, role=invitation.role, **place.columns)
        db.session.add(membership)
    membership.ends_on = invitation.ends_on
    invitation.accepted_at = now
    db.session.flush()
    record_act("access given", account_id=account.id, role=invitation.role.value, **place.columns)
    return membership


def _mail_invitation(invitation: Invitation, link: str) -> None:
    scope = current_scope() or PlatformScope()
    inviter = db.session.get(Account, invitation.invited_by) if invitation.invited_by else None
    mail = render_mail(
        "invitation",
        name=invitation.name,
        inviter=inviter.name if inviter else None,
        role=ROLE_NAMES[invitation.role],
        means=ROLE_MEANS[invitation.role],
        place=place_of(invitation).name(),
        link=link,
        expires_on=invitation.expires_at.date(),
        ends_on=invitation.ends_on,
    )
    queue_mail(
        scope=scope.stamp,
        kind="invitation",
        to_address=invitation.email,
        to_name=invitation.name,
        subject=mail.subject,
        plain=mail.plain,
        html=mail.html,
    )


# Memberships


def end_membership(*, membership: Membership, ended_by: uuid.UUID | None, today: date) -> None:
    """Ends the access at once. Raises AccessProblem for the last holder of a role that must not be vacant."""
    account = db.session.get_one(Account, membership.account_id)
    _require_successor(membership, account, on=today)
    place = place_of(membership)
    record_act(
        "access ended",
        account_id=ended_by,
        role=membership.role.value,
        person=account.name,
        email=account.email,
        **place.columns,
    )
    db.session.delete(membership)
    db.session.flush()


def set_end_date(*, membership: Membership, ends_on: date | None, changed_by: uuid.UUID | None, today: date) -> None:
    """Sets the last day of the access, or none. Raises AccessProblem for a day gone by and for a vacancy to come."""
    account = db.session.get_one(Account, membership.account_id)
    if ends_on is not None:
        if ends_on < today:
            raise AccessProblem(
                "The last day of access must be today or later. To end it at once, choose “End access”."
            )
        _require_successor(membership, account, on=ends_on)
    membership.ends_on = ends_on
    db.session.flush()
    record_act(
        "end of access set",
        account_id=changed_by,
        role=membership.role.value,
        email=account.email,
        ends_on=ends_on.isoformat() if ends_on else None,
        **place_of(membership).columns,
    )


def _require_successor(membership: Membership, account: Account, *, on: date) -> None:
    if membership.role not in NEVER_VACANT:
        return
    place = place_of(membership)
    key = (membership.school_id or uuid.UUID(int=0)).bytes[8:]
    # Two people who end each other at the same moment must not both find the other still there.
    db.session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key, signed=True))))
    if not somebody_else_holds(membership, on=on):
        role = ROLE_NAMES[membership.role]
        raise AccessProblem(
            f"{account.name} is the only {role} of {place.name()}. Invite another {role} first; "
            f"once the invitation is accepted, you can end this access."
        )


# Accounts


def deactivate_account(*, account: Account, deactivated_by: uuid.UUID) -> None:
    """Stops the person from signing in and ends their sessions; what they may reach is kept for a return.

    Raises AccessProblem for the last platform administrator. A school's last Prevent lead can be switched off: a
    stolen account must not wait for a successor.
    """
    require_bound(PlatformScope())
    administrator = db.session.scalar(
        select(Membership).where(Membership.account_id == account.id, Membership.role == Role.PLATFORM_ADMINISTRATOR)
    )
    if administrator is not None:
        _require_successor(administrator, account, on=date.max)
    account.active = False
    account.fs_uniquifier = uuid.uuid4().hex
    db.session.flush()
    record_act("account switched off", account_id=deactivated_by, person=account.name, email=account.email)


def reactivate_account(*, account: Account, reactivated_by: uuid.UUID) -> None:
    require_bound(PlatformScope())
    account.active = True
    db.session.flush()
    record_act("account switched on", account_id=reactivated_by, person=account.name, email=account.email)


def create_administrator(
    *,
    email: str,
    name: str,
    now: datetime,
    password_hash: str | None = None,
    link: Callable[[uuid.UUID], str] | None = None,
) -> Account | Invitation:
    """Makes a platform administrator: at once with a hashed password, else by an invitation, which needs `link`.

    An account that is there already becomes an administrator with the password it has. Needs the platform's scope.
    """
    require_bound(PlatformScope())
    if password_hash is None:
        if link is None:
            raise ValueError("an invitation needs a link")
        return invite(email=email, name=name, role=Role.PLATFORM_ADMINISTRATOR, invited_by=None, now=now, link=link)
    account = account_by_email(email)
    if account is None:
        account = Account(email=email.strip(), name=name.strip(), password=password_hash)
        db.session.add(account)
        db.session.flush()
    if not membership_like(account.id, Role.PLATFORM_ADMINISTRATOR, Place().columns, today=now.date()):
        db.session.add(Membership(account_id=account.id, role=Role.PLATFORM_ADMINISTRATOR))
        db.session.flush()
    record_act("access given", account_id=None, role=Role.PLATFORM_ADMINISTRATOR.value, email=account.email)
    return account
