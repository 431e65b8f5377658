"""What each role may do. A permission that is not in the table does not exist; a role that is not named has not got it."""

from enum import StrEnum

from tenants.access.models import Role


class TenantKind(StrEnum):
    SCHOOL = "school"
    TRUST = "trust"
    AUTHORITY = "authority"
    PLATFORM = "platform"


class Permission(StrEnum):
    READ_SCHOOL = "read a school's plan, contacts, coverage and reports"
    EDIT_SCHOOL = "change a school's plan, staff, training, reading and contacts"
    READ_STAFF = "read the names of a school's staff and what each is missing"
    READ_REFERRALS = "read a school's referral log"
    EDIT_REFERRALS = "change a school's referral log"
    VERIFY_SCHOOL = "verify or return a school's actions for its trust"
    INVITE_TO_SCHOOL = "invite people to a school and end their access"

    READ_TRUST = "compare a trust's schools"
    CHASE_SCHOOLS = "send reminders to a trust's schools"
    EDIT_TRUST = "change a trust's contacts and publish its editions"
    INVITE_TO_TRUST = "invite people to a trust and its schools"

    READ_RELEASES = "read an authority's releases"

    PUBLISH_RELEASES = "review authorities' releases and requests, and publish or withdraw them"
    ADMINISTER_PLATFORM = "run the register, people, editions, imports and jobs"


_LEAD, _READER = Role.PREVENT_LEAD, Role.SCHOOL_READER
_TRUST_LEAD, _TRUST_READER = Role.TRUST_LEAD, Role.TRUST_READER

# A trust's roles reach its schools as of today. The referral log is need-to-know: the trust compares volumes and
# does not read entries (KCSIE, information sharing: proportionate and necessary).
ALLOWED: dict[Permission, frozenset[Role]] = {
    Permission.READ_SCHOOL: frozenset({_LEAD, _READER, _TRUST_LEAD, _TRUST_READER}),
    Permission.EDIT_SCHOOL: frozenset({_LEAD}),
    Permission.READ_STAFF: frozenset({_LEAD, _READER, _TRUST_LEAD}),
    Permission.READ_REFERRALS: frozenset({_LEAD}),
    Permission.EDIT_REFERRALS: frozenset({_LEAD}),
    Permission.VERIFY_SCHOOL: frozenset({_TRUST_LEAD}),
    Permission.INVITE_TO_SCHOOL: frozenset({_LEAD, _TRUST_LEAD}),
    Permission.READ_TRUST: frozenset({_TRUST_LEAD, _TRUST_READER}),
    Permission.CHASE_SCHOOLS: frozenset({_TRUST_LEAD}),
    Permission.EDIT_TRUST: frozenset({_TRUST_LEAD}),
    Permission.INVITE_TO_TRUST: frozenset({_TRUST_LEAD}),
    Permission.READ_RELEASES: frozenset({Role.AUTHORITY_OFFICER}),
    Permission.PUBLISH_RELEASES: frozenset({Role.PLATFORM_ADMINISTRATOR, Role.RELEASE_PUBLISHER}),
    Permission.ADMINISTER_PLATFORM: frozenset({Role.PLATFORM_ADMINISTRATOR}),
}

TENANT_OF: dict[Permission, TenantKind] = {
    Permission.READ_SCHOOL: TenantKind.SCHOOL,
    Permission.EDIT_SCHOOL: TenantKind.SCHOOL,
    Permission.READ_STAFF: TenantKind.SCHOOL,
    Permission.READ_REFERRALS: TenantKind.SCHOOL,
    Permission.EDIT_REFERRALS: TenantKind.SCHOOL,
    Permission.VERIFY_SCHOOL: TenantKind.SCHOOL,
    Permission.INVITE_TO_SCHOOL: TenantKind.SCHOOL,
    Permission.READ_TRUST: TenantKind.TRUST,
    Permission.CHASE_SCHOOLS: TenantKind.TRUST,
    Permission.EDIT_TRUST: TenantKind.TRUST,
    Permission.INVITE_TO_TRUST: TenantKind.TRUST,
    Permission.READ_RELEASES: TenantKind.AUTHORITY,
    Permission.PUBLISH_RELEASES: TenantKind.PLATFORM,
    Permission.ADMINISTER_PLATFORM: TenantKind.PLATFORM,
}
