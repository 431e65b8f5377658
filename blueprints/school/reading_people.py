"""Who must read a document and who has confirmed it, with whom the filters in the address leave."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request

from blueprints.web.access import as_at_day, today
from blueprints.web.presentation import long_date
from prevent_trust.mail_senders.types import MailState
from prevent_trust.tenancy import SchoolScope
from tenants.insights.measures.reading_people import Confirmed, people_and_document
from tenants.reading.campaigns import Asked, asked
from tenants.reading.models import ConfirmationSource
from tenants.reading.queries import DocumentInForce
from tenants.reading.sheets.queries import GivenSlip, slips_given
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole

SOURCE_NAMES = {
    ConfirmationSource.RECORDED: "They told the Prevent lead",
    ConfirmationSource.PAPER: "They signed a sheet",
    ConfirmationSource.LINK: "By the link mailed to them",
    ConfirmationSource.SHEET: "By their printed slip",
    ConfirmationSource.CARRIED: "In the edition before, and nothing that they read has changed since",
}
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
    """Somebody of the staff list. Who need not read it and has not confirmed is neither missing nor confirmed.

    `earlier`: what somebody who is missing has confirmed, before their roles came to read more of it.
    """

    staff_id: uuid.UUID
    name: str
    roles: tuple[StaffRole, ...]
    is_missing: bool
    confirmed: Confirmed | None
    asked: Asked | None
    slip: GivenSlip | None
    has_address: bool
    earlier: Confirmed | None = None

    @property
    def role_words(self) -> str:
        return ", ".join(STAFF_ROLE_NAMES[role] for role in self.roles)

    @property
    def how_words(self) -> str:
        """How they confirmed; of a carried confirmation, in which edition."""
        done = self.confirmed
        if done is None:
            return ""
        if done.source is ConfirmationSource.CARRIED and done.carried_from:
            return f"In edition {done.carried_from}, and nothing that they read has changed since"
        return SOURCE_NAMES[done.source]

    @property
    def hint(self) -> str:
        """What is known of somebody who is missing."""
        before = (
            f"Has more to read than they confirmed on {long_date(self.earlier.confirmed_on)}" if self.earlier else ""
        )
        return ". ".join(words for words in (before, self.asked_words) if words)

    @property
    def asked_words(self) -> str:
        """When they were sent a link and what became of the mail, and when they were given a slip; empty when neither."""
        mail = f"Asked on {long_date(self.asked.at)}; {MAIL_NAMES[self.asked.mail]}" if self.asked else ""
        locked = ", locked after wrong PINs" if self.slip and self.slip.is_locked else ""
        slip = f"Slip printed on {long_date(self.slip.at)}{locked}" if self.slip else ""
        return "; ".join(words for words in (mail, slip) if words)


@dataclass(frozen=True)
class ReaderFilter:
    """Empty texts leave everybody. Of a past day it is not told who was asked."""

    as_at: date
    role: str = ""
    asked: str = ""

    @property
    def is_past(self) -> bool:
        return self.as_at < today()

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
    def day(self) -> dict[str, Any]:
        """What an address holds for the day; nothing for today."""
        return {"as_at": self.as_at.isoformat()} if self.is_past else {}

    @property
    def address(self) -> dict[str, Any]:
        """What the address holds for it."""
        return self.day | {name: value for name, value in (("role", self.role), ("asked", self.asked)) if value}

    def selects(self) -> list[dict[str, Any]]:
        roles = [("", "Any role"), *((role.value, name) for role, name in STAFF_ROLE_NAMES.items())]
        by_role = {"name": "role", "label": "Role", "value": self.role, "options": roles}
        by_asking = {"name": "asked", "label": "Asked", "value": self.asked, "options": ASKED_OPTIONS}
        return [by_role] if self.is_past else [by_role, by_asking]


def filter_in_address() -> ReaderFilter:
    """What the request's address asks for; what it cannot mean is left out."""
    day, role, wanted = as_at_day(), request.args.get("role", ""), request.args.get("asked", "")
    return ReaderFilter(
        as_at=day,
        role=role if role in set(StaffRole) else "",
        asked=wanted if wanted in dict(ASKED_OPTIONS) and day == today() else "",
    )


def readers(scope: SchoolScope, document: DocumentInForce, *, as_at: date | None = None) -> list[Reader]:
    """Those who must read the document on the day, or have confirmed it, by name; of today, with who was asked and how."""
    day = as_at or today()
    links = asked(scope, document.edition_id) if day == today() else {}
    slips = slips_given(scope, document.edition_id) if day == today() else {}
    return [
        Reader(
            staff_id=person.staff_id,
            name=person.name,
            roles=person.roles,
            is_missing=person.is_missing,
            confirmed=None if person.is_missing else person.confirmed,
            asked=links.get(person.staff_id),
            slip=slips.get(person.staff_id),
            has_address=person.has_address,
            earlier=person.confirmed if person.is_missing else None,
        )
        for person in people_and_document(scope, key=document.key, as_at=day)
    ]


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
