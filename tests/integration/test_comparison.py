"""The trust's comparison: the same figures as worked out by hand, and as many queries for ninety schools as for five."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.insights.comparison import compare_schools
from tenants.insights.due import due_by_school
from tenants.insights.measures.compliance import action_states
from tenants.insights.measures.reading import reading_coverage, reading_needs
from tenants.insights.measures.training import training_coverage, training_lapsing, training_needs
from tenants.plan.models import ActionStanding, ActionStatus, PlanAnswer, Theme
from tenants.plan.rules import SectionState
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in

DAY = date(2026, 11, 24)


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def answer(make: Factory, action: Any, status: ActionStatus, **values: Any) -> None:
    row = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    row.status = status
    for name, value in values.items():
        setattr(row, name, value)
    make.session.commit()


def test_the_figures_are_those_worked_out_by_hand(web: Flask, make: Factory) -> None:
    trust = make.trust()
    school = make.school(trust=trust, pupils=200)
    make.school(trust=trust, pupils=400)
    make.school(pupils=100)  # of nobody
    teachers = [make.staff(school, StaffRole.TEACHING) for _ in range(4)]
    make.staff(school, StaffRole.TEACHING, leaves_on=date(2026, 11, 23))
    make.completion(teachers[0], on=date(2026, 9, 10))
    make.completion(teachers[1], on=date(2024, 11, 25))  # two years' validity: the last day is 24 November 2026
    make.completion(teachers[2], on=date(2024, 11, 24))  # lapsed on the day
    make.confirmation(teachers[0])
    resilience = [row for row in make.actions(make.plan(school)) if row.theme is Theme.RESILIENCE and not row.measure]
    answer(make, resilience[0], ActionStatus.MET)
    answer(make, resilience[1], ActionStatus.PARTLY_MET, due_on=date(2026, 11, 23))
    answer(make, resilience[2], ActionStatus.NOT_APPLICABLE)
    for day in (date(2026, 9, 1), date(2026, 11, 24), date(2026, 11, 25), date(2026, 8, 31)):
        make.referral(school, made_on=day)

    scope = TrustScope(trust.id)
    bind_scope(scope)
    compared = compare_schools(scope, as_at=DAY)
    assert len(compared.schools) == 2
    row = next(each for each in compared.schools if each.id == school.id)
    awareness = row.training["prevent-awareness"]
    assert (awareness.numerator, awareness.denominator) == (2, 4)
    assert (row.reading["kcsie-part-one"].numerator, row.reading["kcsie-part-one"].denominator) == (1, 4)
    section = row.sections[Theme.RESILIENCE]
    assert (section.met, section.partly_met, section.not_applicable, section.overdue) == (1, 1, 1, 1)
    assert section.state is SectionState.RED
    assert [row.referrals[term.key] for term in compared.terms[-2:]] == [1, 2]
    assert row.rate(compared.terms[-1]) == 10.0
    other = next(each for each in compared.schools if each.id != school.id)
    assert (other.has_plan, other.whole.total, other.sections[Theme.TRAINING].state) == (
        False, 0, SectionState.NOT_ANSWERED,
    )  # fmt: skip


def test_a_schools_own_page_and_the_trusts_comparison_agree(web: Flask, make: Factory) -> None:
    trust = make.trust()
    school = make.school(trust=trust)
    for number in range(5):
        member = make.staff(school, StaffRole.DSL if number == 0 else StaffRole.SUPPORT)
        make.completion(member, "dsl-training" if number == 0 else "safeguarding-annual", on=date(2026, 1, 5 + number))
        if number % 2:
            make.confirmation(member, on=date(2026, 10, 1))
    make.plan(school)
    bind_scope(TrustScope(trust.id))
    compared = compare_schools(TrustScope(trust.id), as_at=DAY).schools[0]
    scope = SchoolScope(school.id)
    bind_scope(scope)
    assert {row.key: row for row in training_coverage(scope, as_at=DAY)} == compared.training
    assert {row.key: row for row in reading_coverage(scope, as_at=DAY)} == compared.reading
    states = action_states(scope, as_at=DAY)
    assert len(states) == compared.whole.total
    assert sum(state.status is ActionStanding.MET for state in states) == compared.whole.met
    # The people behind the figures are as many as the figures say.
    needs = [*training_needs(scope, as_at=DAY), *reading_needs(scope, as_at=DAY)]
    for key, coverage in {**compared.training, **compared.reading}.items():
        mine = [need for need in needs if need.key == key]
        assert (sum(need.holds for need in mine), len(mine)) == (coverage.numerator, coverage.denominator)


def test_the_past_is_read_as_it_was_recorded(web: Flask, make: Factory) -> None:
    trust = make.trust()
    school = make.school(trust=trust)
    action = next(row for row in make.actions(make.plan(school)) if not row.measure)
    old = make.session.scalars(select(PlanAnswer).where(PlanAnswer.action_id == action.id)).one()
    changed = datetime(2026, 10, 15, 12, tzinfo=UTC)
    old.recorded_until = changed
    make.session.commit()
    make.add(PlanAnswer(school_id=school.id, action_id=action.id, status=ActionStatus.MET, recorded_from=changed))
    scope = TrustScope(trust.id)
    bind_scope(scope)
    met = [compare_schools(scope, as_at=date(2026, 10, day)).schools[0].whole.met for day in (14, 15)]
    assert met == [0, 1]


def test_training_that_lapses_soon_is_held_today(web: Flask, make: Factory) -> None:
    school = make.school()
    make.completion(make.staff(school, StaffRole.TEACHING), on=date(2024, 12, 1))
    make.completion(make.staff(school, StaffRole.TEACHING), on=date(2026, 1, 1))
    scope = SchoolScope(school.id)
    bind_scope(scope)
    (lapsing,) = training_lapsing(scope, as_at=DAY, until=date(2026, 12, 24))
    assert (lapsing.course, lapsing.people, lapsing.first_on) == ("prevent-awareness", 1, date(2026, 12, 1))
    assert due_by_school(scope, as_at=DAY)[school.id].lapsing == [lapsing]


@pytest.mark.parametrize("page", ["", "/compare", "/schools", "/chase", "/reports", "/compare?format=sections"])
def test_a_trusts_page_asks_as_often_for_ninety_schools_as_for_five(
    client: FlaskClient, web_app: Flask, make: Factory, page: str
) -> None:
    asked = []
    authority = make.authority()
    for size in (5, 90):
        trust = make.trust()
        account = make.member(Role.TRUST_LEAD, trust)
        schools = [make.school(trust=trust, authority=authority) for _ in range(size)]
        make.plan(schools[0])
        make.staff(schools[0], StaffRole.TEACHING)
        make.staff(schools[-1], StaffRole.TEACHING)
        sign_in(client, account)
        client.get(f"/trusts/{trust.id}{page}")
        with counted(web_app) as statements:
            assert client.get(f"/trusts/{trust.id}{page}").status_code == 200
        asked.append(len(statements))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("page", ["", "/plan", "/staff", "/reading", "/reading/kcsie-part-one", "/staff/training"])
def test_a_schools_page_asks_as_often_for_fifty_staff_as_for_two(
    client: FlaskClient, web_app: Flask, make: Factory, page: str
) -> None:
    asked = []
    for size in (2, 50):
        school = make.school()
        sign_in(client, make.member(Role.PREVENT_LEAD, school))
        make.plan(school)
        for _ in range(size):
            make.confirmation(make.staff(school, StaffRole.TEACHING, StaffRole.SLT))
        make.staff(school, StaffRole.TEACHING)
        client.get(f"/schools/{school.id}{page}")
        with counted(web_app) as statements:
            assert client.get(f"/schools/{school.id}{page}").status_code == 200
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_compare_filters_draws_and_downloads(client: FlaskClient, make: Factory) -> None:
    trust = make.trust()
    first = make.school(trust=trust, name="Alder School", phase="Primary")
    second = make.school(trust=trust, name="Birch School", phase="Secondary")
    make.plan(first)
    sign_in(client, make.member(Role.TRUST_READER, trust))
    page = client.get(f"/trusts/{trust.id}/compare?phase=Primary").text
    assert first.name in page
    assert second.name not in page
    assert page.count("data-chart-json") == 4
    assert "<caption" in page
    table = client.get(f"/trusts/{trust.id}/compare?format=sections")
    assert table.mimetype == "text/csv"
    assert "Alder School" in table.text
    assert "Birch School" in table.text
    future = client.get(f"/trusts/{trust.id}/compare?as_at=2999-01-01").text
    assert "2999" not in future
