"""Fills an empty database with the demonstration: two years of records, the same for every start of a day."""

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import insert, select

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, bind_scope
from tenants.access.models import Account, Membership, Role
from tenants.calendar.rules import last_terms
from tenants.contacts.models import Contact, ContactKind
from tenants.demo import people
from tenants.demo.places import AUTHORITIES, SCHOOLS, TRUSTS, DemoSchool
from tenants.demo.records import add_filtering, add_plan, add_referrals, add_staff
from tenants.organisations.models import LocalAuthority, School, Trust, TrustMembership


@dataclass(frozen=True)
class Filled:
    """What was made, for the printed summary."""

    schools: int
    staff: int


def is_filled() -> bool:
    """Whether the register holds anything. Needs the platform's scope."""
    return db.session.scalar(select(School.id).limit(1)) is not None


def fill(*, password_hash: str, today: date) -> Filled:
    """Makes everything in the transaction under way; the caller commits, so that a fill that is cut off leaves nothing."""
    bind_scope(PlatformScope())
    schools = _add_register(today)
    accounts = _add_accounts(password_hash, schools)
    _add_shared_contacts(today)
    staff = 0
    for demo in SCHOOLS:
        school_id = schools[demo.urn]
        bind_scope(SchoolScope(school_id))
        staff += _add_records(demo, school_id, accounts[demo.urn], today)
    bind_scope(PlatformScope())
    return Filled(len(SCHOOLS), staff)


def _add_register(today: date) -> dict[int, uuid.UUID]:
    authorities = {code: LocalAuthority(code=code, name=name) for code, name in AUTHORITIES.items()}
    trusts = {uid: Trust(group_uid=uid, name=name, opened_on=date(2014, 9, 1)) for uid, name in TRUSTS.items()}
    db.session.add_all([*authorities.values(), *trusts.values()])
    db.session.flush()
    ids = {}
    for demo in SCHOOLS:
        school = School(
            urn=demo.urn,
            name=demo.name,
            authority_id=authorities[demo.authority].id,
            phase=demo.phase,
            type_name="Academy converter" if demo.trust else "Community school",
            pupils=demo.pupils,
            town=AUTHORITIES[demo.authority],
            opened_on=date(2014, 9, 1),
        )
        db.session.add(school)
        db.session.flush()
        ids[demo.urn] = school.id
        if demo.trust:
            joined = date(today.year - 4, 9, 1)
            db.session.add(TrustMembership(school_id=school.id, trust_id=trusts[demo.trust].id, joined_on=joined))
    db.session.flush()
    return ids


def _add_accounts(password_hash: str, schools: dict[int, uuid.UUID]) -> dict[int, Account]:
    """Everybody who signs in; returns each school's Prevent lead by its URN."""

    def account(who: people.DemoAccount) -> Account:
        made = Account(email=who.email, name=who.name, password=password_hash)
        db.session.add(made)
        db.session.flush()
        return made

    def member(made: Account, role: Role, **place: uuid.UUID) -> None:
        db.session.add(Membership(account_id=made.id, role=role, **place))

    trust_id = db.session.scalars(select(Trust.id).where(Trust.name == TRUSTS["99001"])).one()
    authority_id = db.session.scalars(select(LocalAuthority.id).where(LocalAuthority.code == "990")).one()
    leads = {990001: account(people.PREVENT_LEAD)}
    for demo in SCHOOLS[1:]:
        given, family = _name(random.Random(demo.urn))  # noqa: S311  # invented names
        slug = demo.name.split()[0].lower().strip(".’")
        leads[demo.urn] = account(people.DemoAccount(f"lead@{slug}{demo.urn % 100}.example", f"{given} {family}", ""))
    for urn, lead in leads.items():
        member(lead, Role.PREVENT_LEAD, school_id=schools[urn])
    member(account(people.READER), Role.SCHOOL_READER, school_id=schools[990001])
    member(account(people.TRUST_LEAD), Role.TRUST_LEAD, trust_id=trust_id)
    member(account(people.TRUST_READER), Role.TRUST_READER, trust_id=trust_id)
    member(account(people.OFFICER), Role.AUTHORITY_OFFICER, authority_id=authority_id)
    member(account(people.ADMINISTRATOR), Role.PLATFORM_ADMINISTRATOR)
    governor = account(people.SEVERAL)
    for urn in (990001, 990015):
        member(governor, Role.SCHOOL_READER, school_id=schools[urn])
    db.session.flush()
    return leads


def _name(chance: random.Random) -> tuple[str, str]:
    return chance.choice(people.GIVEN_NAMES), chance.choice(people.FAMILY_NAMES)


def _add_shared_contacts(today: date) -> None:
    """Numbers from the range that Ofcom keeps free for drama."""
    authority_id = db.session.scalars(select(LocalAuthority.id).where(LocalAuthority.code == "990")).one()
    trust_id = db.session.scalars(select(Trust.id).where(Trust.name == TRUSTS["99001"])).one()
    checked = today - timedelta(days=40)
    shared = [
        (ContactKind.MASH, "Wexmoor safeguarding hub", "01632 960101", "mash@wexmoor.example", checked),
        (ContactKind.PREVENT_OFFICER, "Ruth Lindqvist", "01632 960102", "prevent@wexmoor.example", checked),
        (ContactKind.POLICE, "Wexmoor Police Prevent team", "01632 960103", None, today - timedelta(days=500)),
        (ContactKind.CHANNEL_PANEL, "Wexmoor Channel panel", None, "channel@wexmoor.example", checked),
    ]
    for kind, name, telephone, email, verified in shared:
        db.session.add(
            Contact(
                authority_id=authority_id,
                kind=kind,
                name=name,
                organisation="Wexmoor Council",
                telephone=telephone,
                email=email,
                verified_on=verified,
            )
        )
    db.session.flush()
    bind_scope(TrustScope(trust_id))
    db.session.add(
        Contact(
            trust_id=trust_id,
            kind=ContactKind.TRUST,
            name=people.TRUST_LEAD.name,
            organisation=TRUSTS["99001"],
            telephone="01632 960110",
            email=people.TRUST_LEAD.email,
            verified_on=checked,
        )
    )
    db.session.flush()
    bind_scope(PlatformScope())


def _add_records(demo: DemoSchool, school_id: uuid.UUID, lead: Account, today: date) -> int:
    chance = random.Random(demo.urn)  # noqa: S311  # invented records, the same on each machine
    terms = last_terms(today, 6)
    began = datetime.combine(terms[0].first_day + timedelta(days=chance.randint(3, 20)), time(9, 30), UTC)
    staff = add_staff(demo, school_id, lead, chance, today)
    add_plan(demo, school_id, lead, chance, began=began, today=today, owners=staff)
    add_referrals(demo, school_id, lead, chance, since=terms[0].first_day, today=today)
    db.session.execute(
        insert(Contact),
        [
            {
                "id": new_id(),
                "school_id": school_id,
                "kind": ContactKind.SCHOOL,
                "name": lead.name,
                "organisation": "Prevent lead",
                "telephone": f"01632 9602{demo.urn % 100:02d}",
                "email": lead.email,
                "verified_on": today - timedelta(days=chance.randint(5, 300)),
                "recorded_from": began,
            }
        ],
    )
    add_filtering(demo, school_id, lead, chance, today)
    return len(staff)
