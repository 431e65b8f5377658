"""Who may be given which role by whom, and when an invitation still holds."""

from datetime import datetime, timedelta
from enum import StrEnum

from prevent_trust.tenancy import AuthorityScope, PlatformScope, RecipientScope, SchoolScope, Scope, TrustScope
from tenants.access.models import Invitation, Role
from tenants.access.permissions import TenantKind

INVITATION_LASTS = timedelta(days=7)

ROLES_AT: dict[TenantKind, tuple[Role, ...]] = {
    TenantKind.SCHOOL: (Role.PREVENT_LEAD, Role.SCHOOL_READER),
    TenantKind.TRUST: (Role.TRUST_LEAD, Role.TRUST_READER),
    TenantKind.AUTHORITY: (Role.AUTHORITY_OFFICER,),
    TenantKind.PLATFORM: (Role.PLATFORM_ADMINISTRATOR, Role.RELEASE_PUBLISHER),
}

KIND_OF: dict[Role, TenantKind] = {role: kind for kind, roles in ROLES_AT.items() for role in roles}

# A place where somebody must always hold the role: without one nobody could do the work or let anybody else in.
NEVER_VACANT = frozenset({Role.PREVENT_LEAD, Role.PLATFORM_ADMINISTRATOR})

ROLE_MEANS = {
    Role.PREVENT_LEAD: "Keeps the school's plan, staff, training, contacts and referral log, and invites people.",
    Role.SCHOOL_READER: "Reads the school's plan, training and reports, and changes nothing. "
    "For a headteacher or a link governor.",
    Role.TRUST_LEAD: "Compares the trust's schools, sends reminders, and invites people to the trust and its schools.",
    Role.TRUST_READER: "Compares the trust's schools and changes nothing. For trustees.",
    Role.AUTHORITY_OFFICER: "Reads the authority's releases. Never sees a school.",
    Role.PLATFORM_ADMINISTRATOR: "Runs the register, people, imports and jobs. Never sees a school's records.",
    Role.RELEASE_PUBLISHER: "Reviews authorities' releases and lets them come out. Never an officer of the same authority.",
}


class InvitationState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


def state_of(invitation: Invitation, *, now: datetime) -> InvitationState:
    if invitation.accepted_at is not None:
        return InvitationState.ACCEPTED
    if invitation.withdrawn_at is not None:
        return InvitationState.WITHDRAWN
    return InvitationState.OPEN if now < invitation.expires_at else InvitationState.EXPIRED


def kinds_granted_in(scope: Scope) -> frozenset[TenantKind]:
    """At which kinds of tenant somebody who works in the scope may give roles.

    A trust's lead gives roles at the trust and at its schools; officers and administrators come from the platform.
    """
    match scope:
        case SchoolScope():
            return frozenset({TenantKind.SCHOOL})
        case TrustScope():
            return frozenset({TenantKind.TRUST, TenantKind.SCHOOL})
        case AuthorityScope() | RecipientScope():
            return frozenset()
        case PlatformScope():
            return frozenset(TenantKind)
