"""Every address of the application, asked for by everybody: who is let in, who is told that there is nothing.

What is expected follows from the declaration on the view; the rows behind the addresses are real (`addresses.py`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from blueprints.web.access import Declaration, declaration_of
from tenants.access.models import Account, Role
from tenants.access.permissions import ALLOWED, TENANT_OF, Permission, TenantKind
from tenants.organisations.models import TrustMembership
from tests.application import application_unplugged
from tests.factories import Factory, sign_in
from tests.isolation.addresses import SHARED_ARGUMENTS, TENANT_ARGUMENTS, Tenants, maker_of
from tests.states import KeptState, empty

RULES = sorted(application_unplugged().url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
CALLS = [(rule, method) for rule in RULES for method in sorted((rule.methods or set()) & {"GET", "POST"})]
EACH_CALL = pytest.mark.parametrize(("rule", "method"), CALLS, ids=[f"{method} {rule.rule}" for rule, method in CALLS])

_AT = {"school": TenantKind.SCHOOL, "trust": TenantKind.TRUST, "authority": TenantKind.AUTHORITY}


@dataclass(frozen=True)
class Person:
    """Somebody with one role at most. `place` is the tenant where it is held; `ours` when it is one of those asked for."""

    who: str
    role: Role | None = None
    place: str = "platform"
    ours: bool = True
    has_ended: bool = False

    def reaches(self, kind: TenantKind) -> bool:
        """A trust's roles reach its schools; every other role its own tenant."""
        if self.role is None or self.has_ended or not self.ours:
            return False
        held_at = _AT.get(self.place, TenantKind.PLATFORM)
        return held_at is kind or (held_at is TenantKind.TRUST and kind is TenantKind.SCHOOL)

    def may_call(self, declared: Declaration) -> bool:
        if declared.permission is None:
            return True
        return self.reaches(TENANT_OF[declared.permission]) and self.role in ALLOWED[declared.permission]


PEOPLE = (
    Person("somebody without a role"),
    Person("the school's Prevent lead", Role.PREVENT_LEAD, "school"),
    Person("the school's reader", Role.SCHOOL_READER, "school"),
    Person("the trust's lead", Role.TRUST_LEAD, "trust"),
    Person("the trust's reader", Role.TRUST_READER, "trust"),
    Person("the authority's officer", Role.AUTHORITY_OFFICER, "authority"),
    Person("the platform's administrator", Role.PLATFORM_ADMINISTRATOR),
    Person("another school's Prevent lead", Role.PREVENT_LEAD, "school", ours=False),
    Person("the Prevent lead of another school of the trust", Role.PREVENT_LEAD, "sister", ours=False),
    Person("another trust's lead", Role.TRUST_LEAD, "trust", ours=False),
    Person("the lead of the trust that the school has left", Role.TRUST_LEAD, "former trust", ours=False),
    Person("another authority's officer", Role.AUTHORITY_OFFICER, "authority", ours=False),
    Person("the school's Prevent lead of last year", Role.PREVENT_LEAD, "school", has_ended=True),
    Person("the trust's lead of last year", Role.TRUST_LEAD, "trust", has_ended=True),
    Person("last year's officer", Role.AUTHORITY_OFFICER, "authority", has_ended=True),
    Person("last year's administrator", Role.PLATFORM_ADMINISTRATOR, has_ended=True),
)


def declared(rule: Rule) -> Declaration:
    declaration = declaration_of(application_unplugged(), rule.endpoint)
    assert declaration is not None, f"{rule.endpoint} does not declare who may call it"
    return declaration


@dataclass
class World:
    """The tenants that are asked for, others beside them, and the people."""

    app: Flask
    tenants: Tenants
    neighbours: Tenants
    accounts: dict[Person, Account]

    def client_of(self, person: Person) -> FlaskClient:
        client = self.app.test_client()
        sign_in(client, self.accounts[person])
        return client

    def address(self, rule: Rule, arguments: dict[str, Any]) -> str:
        with self.app.test_request_context():
            return url_for(rule.endpoint, **arguments)


class Worlds:
    """The world as each test finds it, made once: with a school that has no records yet, and with one of every kind."""

    def __init__(self, app: Flask, make: Factory, superuser: sa.Engine) -> None:
        self._app, self._make = app, make
        self._tenants, self._neighbours = Tenants.made_by(make, app), Tenants.made_by(make, app)
        # A Prevent lead and a trust's lead besides those who ask, so that nobody is the last one.
        make.member(Role.PREVENT_LEAD, self._tenants.school)
        make.member(Role.TRUST_LEAD, self._tenants.trust)
        assert self._tenants.rows["trust_membership"]  # the only one until now
        self._accounts = {person: self._account(person) for person in PEOPLE}
        self._new_school = KeptState(superuser), self._tenants.found_again(make)
        self._tenants.rows.fill()
        self._filled = KeptState(superuser), self._tenants

    def brought_back(self, make: Factory, *, filled: bool) -> World:
        state, tenants = self._filled if filled else self._new_school
        state.bring_back()
        found = tenants.found_again(make), self._neighbours.found_again(make)
        return World(self._app, *found, self._accounts)

    def _account(self, person: Person) -> Account:
        if person.role is None:
            return self._make.account(name=person.who)
        ends = {"ends_on": date(2025, 8, 31)} if person.has_ended else {}
        account = self._make.account(name=person.who)
        self._make.membership(account, person.role, self._place(person), **ends)
        return account

    def _place(self, person: Person) -> Any:
        tenants = self._tenants if person.ours else self._neighbours
        match person.place:
            case "sister":
                return self._make.school(trust=self._tenants.trust, authority=self._tenants.authority)
            case "former trust":
                return self._former_trust()
            case "platform":
                return None
            case place:
                return getattr(tenants, place)

    def _former_trust(self) -> Any:
        trust = self._make.trust()
        left = TrustMembership(school_id=self._tenants.school.id, trust_id=trust.id, left_on=date(2026, 8, 31))
        self._make.add(left)
        return trust


@pytest.fixture(scope="module")
def worlds(web_app: Flask, superuser: sa.Engine) -> Worlds:
    with Session(superuser, expire_on_commit=False) as session:
        made = Worlds(web_app, Factory(session), superuser)
    empty(superuser)
    return made


@pytest.fixture
def world(worlds: Worlds, make: Factory, rule: Rule) -> World:
    return worlds.brought_back(make, filled=rule.endpoint not in FOR_A_NEW_SCHOOL)


def call(client: FlaskClient, method: str, address: str) -> TestResponse:
    return client.open(address, method=method)


def asks_to_sign_in(response: TestResponse) -> bool:
    return response.status_code in {302, 303} and (response.location or "").startswith("/sign-in")


# Nothing is forgotten


@pytest.mark.parametrize("rule", RULES, ids=[rule.rule for rule in RULES])
def test_every_address_is_classified(rule: Rule) -> None:
    declaration = declared(rule)
    ways = [declaration.permission is not None, declaration.signed_in, bool(declaration.public_because)]
    assert sum(ways) == 1
    for name in rule.arguments - set(TENANT_ARGUMENTS):
        assert maker_of(rule.endpoint, name), f"{rule.endpoint}: no row for {name}"
    methods = rule.methods or set()
    assert methods <= {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("rule", RULES, ids=[rule.rule for rule in RULES])
def test_the_tenant_stands_in_the_address(rule: Rule) -> None:
    permission = declared(rule).permission
    named = [name for name in TENANT_ARGUMENTS if name in rule.arguments]
    if permission is None:
        assert named == []
        return
    begins = {
        TenantKind.SCHOOL: "/schools/<uuid:school_id>",
        TenantKind.TRUST: "/trusts/<uuid:trust_id>",
        TenantKind.AUTHORITY: "/authorities/<uuid:authority_id>",
        TenantKind.PLATFORM: "/platform/",
    }
    assert rule.rule.startswith(begins[TENANT_OF[permission]])
    assert len(named) == (0 if TENANT_OF[permission] is TenantKind.PLATFORM else 1)


# Who is let in


@EACH_CALL
def test_who_is_not_let_in(world: World, rule: Rule, method: str) -> None:
    declaration = declared(rule)
    address = world.address(rule, world.tenants.arguments(rule))
    anonymous = call(world.app.test_client(), method, address)
    assert anonymous.status_code < 500
    assert asks_to_sign_in(anonymous) is (declaration.public_because is None or rule.endpoint == "security.logout")
    for person in PEOPLE:
        if person.may_call(declaration):
            continue
        response = call(world.client_of(person), method, address)
        assert response.status_code == 404, person.who
        assert world.tenants.school.name not in response.get_data(as_text=True)


def allowed(rule: Rule) -> list[Person]:
    return [person for person in PEOPLE if person.may_call(declared(rule))]


@EACH_CALL
def test_who_is_let_in(world: World, rule: Rule, method: str) -> None:
    people = allowed(rule)
    assert people, "nobody may call it"
    for person in people if method == "GET" else people[:1]:
        client = world.client_of(person)
        address = world.address(rule, world.tenants.arguments(rule))
        response = call(client, method, address)
        assert not (asks_to_sign_in(response) and rule.endpoint not in LEADS_TO_SIGN_IN), person.who
        assert response.status_code in expected_codes(rule), (person.who, response.status_code)
        is_page = method == "GET" and response.mimetype == "text/html"
        if is_page and "format=csv" in response.get_data(as_text=True):
            assert call(client, "GET", f"{address}?format=csv").status_code == 200


# Asked for by a school that has no plan yet.
FOR_A_NEW_SCHOOL = {"school.plan_start"}
# Ways out, and a link for somebody who is signed out.
LEADS_TO_SIGN_IN = {"security.logout", "security.reset_password", "auth.end_sessions"}
# The demo's mailbox is nowhere but in the demo.
ELSEWHERE = {
    "platform.demo_mail": {404},
    "platform.demo_mail_message": {404},
    "public.notify_receipt": {403},  # without the token
}


def expected_codes(rule: Rule) -> set[int]:
    return ELSEWHERE.get(rule.endpoint, {200, 302, 303})


# One's own address, another's rows


def _own_rows(rule: Rule) -> set[str]:
    return set(rule.arguments) - set(TENANT_ARGUMENTS) - SHARED_ARGUMENTS


WITHIN_A_TENANT = [
    (rule, method) for rule, method in CALLS if set(TENANT_ARGUMENTS) & set(rule.arguments) and _own_rows(rule)
]


@pytest.mark.parametrize(
    ("rule", "method"), WITHIN_A_TENANT, ids=[f"{method} {rule.rule}" for rule, method in WITHIN_A_TENANT]
)
def test_another_tenant_s_row_is_not_found_under_one_s_own_address(world: World, rule: Rule, method: str) -> None:
    own, theirs = world.tenants.arguments(rule), world.neighbours.arguments(rule)
    client = world.client_of(allowed(rule)[0])
    for name in _own_rows(rule):
        response = call(client, method, world.address(rule, own | {name: theirs[name]}))
        assert response.status_code == 404, name
    mixed = own | {name: theirs[name] for name in _own_rows(rule)}
    assert call(client, method, world.address(rule, mixed)).status_code == 404


# What the table of permissions says, once in other words


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (Role.PREVENT_LEAD, {TenantKind.SCHOOL}),
        (Role.SCHOOL_READER, {TenantKind.SCHOOL}),
        (Role.TRUST_LEAD, {TenantKind.SCHOOL, TenantKind.TRUST}),
        (Role.TRUST_READER, {TenantKind.SCHOOL, TenantKind.TRUST}),
        (Role.AUTHORITY_OFFICER, {TenantKind.AUTHORITY}),
        (Role.PLATFORM_ADMINISTRATOR, {TenantKind.PLATFORM}),
    ],
)
def test_each_role_is_for_its_own_kind_of_tenant(role: Role, kinds: set[TenantKind]) -> None:
    assert {TENANT_OF[permission] for permission, roles in ALLOWED.items() if role in roles} == kinds


def test_every_permission_is_in_both_tables() -> None:
    assert set(ALLOWED) == set(TENANT_OF) == set(Permission)
