"""The scope on a transaction decides which rows there are."""

import pytest
from flask import Flask
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import (
    AuthorityScope,
    PlatformScope,
    SchoolScope,
    TrustScope,
    WrongScope,
    bind_scope,
    require_bound,
    scope_bound,
)
from tenants.staff.models import StaffMember
from tests.factories import Factory


def names() -> set[str]:
    return set(db.session.scalars(select(StaffMember.family_name)))


def test_without_a_scope_nothing_is_visible(make: Factory, web: Flask) -> None:
    make.staff(make.school())
    assert names() == set()


def test_a_school_sees_its_own_staff_only(make: Factory, web: Flask) -> None:
    ours, theirs = make.school(), make.school()
    make.staff(ours, family_name="Ours")
    make.staff(theirs, family_name="Theirs")
    bind_scope(SchoolScope(ours.id))
    assert names() == {"Ours"}


def test_a_trust_sees_the_schools_that_are_in_it_today(make: Factory, web: Flask) -> None:
    trust = make.trust()
    inside, outside = make.school(trust=trust), make.school(trust=make.trust())
    make.staff(inside, family_name="Inside")
    make.staff(outside, family_name="Outside")
    bind_scope(TrustScope(trust.id))
    assert names() == {"Inside"}


def test_an_authority_s_scope_shows_the_web_process_nothing(make: Factory, web: Flask) -> None:
    authority = make.authority()
    make.staff(make.school(authority=authority))
    bind_scope(AuthorityScope(authority.id))
    assert names() == set()


def test_an_authority_s_scope_lets_the_worker_read_its_schools(make: Factory, worker: Flask) -> None:
    authority = make.authority()
    make.staff(make.school(authority=authority), family_name="Within")
    make.staff(make.school(), family_name="Elsewhere")
    bind_scope(AuthorityScope(authority.id))
    assert names() == {"Within"}


def test_the_platform_sees_no_school_s_records(make: Factory, web: Flask) -> None:
    make.staff(make.school())
    bind_scope(PlatformScope())
    assert names() == set()


def test_what_was_read_under_one_scope_is_not_handed_out_under_another(make: Factory, web: Flask) -> None:
    ours, theirs = make.school(), make.school()
    member = make.staff(theirs)
    with scope_bound(SchoolScope(theirs.id)):
        assert db.session.get(StaffMember, member.id) is not None
    bind_scope(SchoolScope(ours.id))
    assert db.session.get(StaffMember, member.id) is None


def test_the_scope_holds_in_the_next_transaction_too(make: Factory, web: Flask) -> None:
    school = make.school()
    make.staff(school, family_name="Ours")
    bind_scope(SchoolScope(school.id))
    db.session.commit()
    assert names() == {"Ours"}


def test_a_query_for_another_scope_than_the_bound_one_is_refused(make: Factory, web: Flask) -> None:
    bind_scope(SchoolScope(make.school().id))
    with pytest.raises(WrongScope):
        require_bound(SchoolScope(make.school().id))
