"""Who must read a document and who has confirmed it, with whom the filters in the address leave."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import request

from blueprints.web.access import today
from blueprints.web.presentation import long_date
from prevent_trust.mail_senders.types import MailState
from prevent_trust.tenancy import SchoolScope
from tenants.insights.measures.reading import reading_needs
from tenants.reading.campaigns import Asked, asked
from tenants.reading.queries import Confirmed, DocumentInForce, confirmations
from tenants.reading.sheets.queries import GivenSlip, slips_given
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole
from tenants.staff.queries import roles_on, staff_of

MAIL_NAMES = {
    MailState.WAITING: "the mail is on its way",
    MailState.HANDED_OVER: "the mail may have gone",
    MailState.SENT: "the mail was sent",
    MailState.KEPT: "the mail was written and kept here",
    MailState.REFUSED: "the mail was refused; check the address",
    MailState.BOUNCED: "the mail came back; check the address",
}
DID_NOT_REACH = frozenset({MailState.REFUSED, MailState.BOUNCED})
ASKED_OPTIONS = (
    ("", "Asked or not"),
    ("yes", "Asked by mail"),
    ("no", "Not asked by mail"),
    ("back", "Their mail came back"),
    ("slip", "Given a slip"),
    ("neither", "Neither asked nor given a slip"),
)


@dataclass(frozen=True)
class Reader:
    """Somebody of the staff list. Who need not read it and has not confirmed is neither missing nor confirmed."""

    staff_id: uuid.UUID
    name: str
    roles: tuple[StaffRole, ...]
    is_missing: bool
    confirmed: Confirmed | None
    asked: Asked | None
    slip: GivenSlip | None
    has_address: bool

    @property
    def role_words(self) -> str:
        return ", ".join(STAFF_ROLE_NAMES[role] for role in self.roles)

    @property
    def asked_words(self) -> str:
        """When they were sent a link and what became of the mail, and when they were given a slip; empty when neither."""
        mail = f"Asked on {long_date(self.asked.at)}; {MAIL_NAMES[self.asked.mail]}" if self.asked else ""
        locked = ", locked after wrong PINs" if self.slip and self.slip.is_locked else ""
        slip = f"Slip printed on {long_date(self.slip.at)}{locked}" if self.slip else ""
        return "; ".join(words for words in (mail, slip) if words)


@dataclass(frozen=True)
class ReaderFilter:
    """Empty texts leave everybody."""

    role: str = ""
    asked: str = ""

    def lets_through(self, reader: Reader) -> bool:
        if self.role and self.role not in reader.roles:
            return False
        if self.asked == "back":
            return reader.asked is not None and reader.asked.mail in DID_NOT_REACH
        if self.asked == "slip":
            return reader.slip is not None
        if self.asked == "neither":
            return reader.asked is None and reader.slip is None
        return not self.asked or (self.asked == "yes") == (reader.asked is not None)

    @property
    def address(self) -> dict[str, Any]:
        """What the address holds for it."""
        return {name: value for name, value in (("role", self.role), ("asked", self.asked)) if value}

    def selects(self) -> list[dict[str, Any]]:
        roles = [("", "Any role"), *((role.value, name) for role, name in STAFF_ROLE_NAMES.items())]
        return [
            {"name": "role", "label": "Role", "value": self.role, "options": roles},
            {"name": "asked", "label": "Asked", "value": self.asked, "options": ASKED_OPTIONS},
        ]


def filter_in_address() -> ReaderFilter:
    """What the request's address asks for; what it cannot mean is left out."""
    role, wanted = request.args.get("role", ""), request.args.get("asked", "")
    return ReaderFilter(
        role=role if role in set(StaffRole) else "", asked=wanted if wanted in dict(ASKED_OPTIONS) else ""
    )


def readers(scope: SchoolScope, document: DocumentInForce) -> list[Reader]:
    """Those of the staff list who must read the document or have confirmed it, by name."""
    day = today()
    needs = {need.staff_id: need.holds for need in reading_needs(scope, as_at=day) if need.key == document.key}
    done, links = confirmations(scope, document.edition_id), asked(scope, document.edition_id)
    slips = slips_given(scope, document.edition_id)
    everybody = (
        Reader(
            staff_id=member.id,
            name=member.full_name,
            roles=tuple(roles_on(member, day)),
            is_missing=needs.get(member.id) is False,
            confirmed=done.get(member.id),
            asked=links.get(member.id),
            slip=slips.get(member.id),
            has_address=bool(member.email),
        )
        for member in staff_of(scope, as_at=day)
    )
    return [reader for reader in everybody if reader.is_missing or reader.confirmed]


@dataclass(frozen=True)
class RoleCount:
    """How many holders of a role have confirmed, of how many who must or have. `role` is empty for those without one."""

    role: str
    name: str
    confirmed: int
    missing: int

    @property
    def people(self) -> int:
        return self.confirmed + self.missing


def by_role(people: list[Reader]) -> list[RoleCount]:
    """Each role that somebody holds, in the roles' order; who holds several counts in each."""
    groups = [
        (role.value, name, [each for each in people if role in each.roles]) for role, name in STAFF_ROLE_NAMES.items()
    ]
    groups.append(("", "No role", [each for each in people if not each.roles]))
    return [
        RoleCount(role, name, sum(each.confirmed is not None for each in group), sum(each.is_missing for each in group))
        for role, name, group in groups
        if group
    ]
