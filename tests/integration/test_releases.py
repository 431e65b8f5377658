"""Making releases: which schools and figures are in them, once a term, and never changed."""

import uuid
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from tenants.insights.disclosure.release import TermNotOver

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.schedule import make_releases
from prevent_trust.released import released_to
from prevent_trust.tenancy import PlatformScope, bind_scope
from tenants.calendar.rules import Term, term_of
from tenants.insights.disclosure.models import Release, ReleaseFile, ReleaseValue
from tenants.insights.disclosure.queries import ReleaseDamaged, latest_release, release_file, release_list
from tenants.insights.disclosure.types import ProtectedTable, PublishedRelease, ReleaseRules
from tenants.organisations.models import School, SchoolStatus
from tests.areas import AUTUMN, STAFF_EACH, Area, add_school, make_area, release
from tests.factories import Factory


def published(area: Area) -> PublishedRelease:
    with released_to(area.scope) as session:
        found = latest_release(session, area.scope)
    assert found is not None
    return found


def table(area: Area, key: str) -> ProtectedTable:
    found = published(area).content.table(key)
    assert found is not None
    return found


def row(area: Area, key: str, heading: str) -> list[str]:
    return next(
        [cell.text for cell in each.cells] for each in table(area, key).rows if each.heading.startswith(heading)
    )


def count(make: Factory, model: type[Release] | type[ReleaseFile] | type[ReleaseValue]) -> int:
    make.session.expire_all()
    return make.session.scalar(select(func.count()).select_from(model)) or 0


# What is in it


def test_the_figures_are_the_sums_of_what_the_schools_hold(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    staff, with_it = 12 * STAFF_EACH, 12 * STAFF_EACH // 2
    assert row(area, "training", "Prevent awareness") == [str(staff), str(with_it), "50%"]
    assert row(area, "reading", "Keeping children safe") == [str(staff), str(with_it), "50%"]
    assert row(area, "referrals", "Autumn term 2026")[0] == "12"
    assert row(area, "plan", "Working in partnership")[:2] == [str(12 * 12), str(12 * 4)]
    assert published(area).content.schools == 12


def test_the_rate_is_per_thousand_pupils_of_the_register(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    pupils = sum(school.pupils for school in area.schools)
    assert row(area, "referrals", "Autumn")[1] == f"{12_000 / pupils:.1f}"


def test_three_answers_of_three_schools_are_hidden_with_company(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    resilience = row(area, "plan", "Building resilience")
    assert resilience[2] == "c"
    assert resilience[1:5].count("c") >= 2


def test_a_line_to_which_few_schools_add_is_left_out(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    headings = [each.heading for each in table(area, "training").rows]
    assert not any(heading.startswith("Training for designated") for heading in headings)


def test_a_school_without_a_number_of_pupils_is_left_out_of_the_referrals(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    make.session.execute(update(School).where(School.id == area.schools[0].id).values(pupils=None))
    make.session.commit()
    release(area)
    assert row(area, "referrals", "Autumn")[0] == "10"


def test_what_was_made_after_the_term_is_not_in_it(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    for school in area.schools:
        make.referral(school, made_on=AUTUMN.next.first_day)
    for member in area.staff:
        make.completion(member, "safeguarding-annual", on=AUTUMN.next.first_day)
    release(area)
    assert row(area, "referrals", "Autumn")[0] == "12"
    assert row(area, "training", "Yearly safeguarding update")[1] == "c"


def closed_before_the_end(area: Area) -> dict[str, object]:
    return {"status": SchoolStatus.CLOSED, "closed_on": area.term.last_day}


def closed_afterwards(area: Area) -> dict[str, object]:
    return {"status": SchoolStatus.CLOSED, "closed_on": area.term.last_day + timedelta(days=1)}


@pytest.mark.parametrize(("change", "schools"), [(closed_before_the_end, 12), (closed_afterwards, 13)])
def test_a_school_is_in_it_if_it_was_open_on_the_last_day(
    make: Factory, worker: Flask, change: Callable[[Area], dict[str, object]], schools: int
) -> None:
    area = make_area(make, schools=13)
    make.session.execute(update(School).where(School.id == area.schools[0].id).values(change(area)))
    make.session.commit()
    release(area)
    assert published(area).content.schools == schools


def test_a_school_without_a_plan_or_of_another_authority_is_not_in_it(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    make.school(authority=area.authority)
    make.plan(make.school(authority=make.authority()))
    release(area)
    assert published(area).content.schools == 12


def test_with_nine_schools_nothing_is_shown(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=9)
    release(area)
    content = published(area).content
    assert content.schools is None
    assert [each.rows for each in content.tables] == [(), (), (), ()]
    assert all("fewer than 10 schools" in each.withheld for each in content.tables)


def test_a_stricter_setting_is_kept_to_and_written_into_the_release(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area, rules=ReleaseRules(schools=13))
    content = published(area).content
    assert (content.schools, content.rules.schools) == (None, 13)


def test_a_school_that_joined_alone_waits_for_a_later_release(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    add_school(make, area, 12)
    release(area, term=AUTUMN.next)
    assert published(area).summary.term == AUTUMN.next.key
    assert published(area).content.schools == 12


def test_five_schools_that_joined_come_in_together(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    for number in range(12, 17):
        add_school(make, area, number)
    release(area, term=AUTUMN.next)
    assert published(area).content.schools == 17


# Once, and for good


def test_there_is_one_release_a_term(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=10)
    assert release(area) is not None
    assert release(area) is None
    assert count(make, Release) == 1


def test_a_term_that_is_not_over_has_no_release(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=10, term=term_of(date(2027, 2, 1)))
    with pytest.raises(TermNotOver):
        release_on(area, area.term.last_day)
    assert release_on(area, area.term.last_day + timedelta(days=1)) is not None


def release_on(area: Area, day: date) -> uuid.UUID | None:
    from tenants.insights.disclosure.release import make_release

    bind_scope(area.scope)
    try:
        return make_release(area.scope, term=area.term, rules=ReleaseRules(), today=day)
    finally:
        db.session.commit()
        bind_scope(None)


def test_the_newest_release_comes_first(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=10)
    release(area)
    release(area, term=AUTUMN.next)
    with released_to(area.scope) as session:
        terms = [each.term for each in release_list(session, area.scope)]
    assert terms == [AUTUMN.next.key, AUTUMN.key]


def test_bytes_that_are_not_those_that_were_frozen_are_not_served(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=10)
    made = release(area)
    make.session.execute(update(ReleaseFile).where(ReleaseFile.name == "plan.csv").values(body=b"Section,1"))
    make.session.commit()
    assert made is not None
    with released_to(area.scope) as session, pytest.raises(ReleaseDamaged):
        release_file(session, area.scope, made, "plan.csv")


def test_the_audit_s_report_is_kept_for_the_publisher(make: Factory, worker: Flask) -> None:
    area = make_area(make)
    release(area)
    kept = make.session.scalars(select(ReleaseValue)).one()
    assert any(line.startswith("plan: ") for line in kept.audit)
    assert {uuid.UUID(key) for key in kept.values["schools"]} == {school.id for school in area.schools}


# The jobs


def last_term() -> Term:
    return term_of(today()).previous


def run(kind: str, *, scope: object = PlatformScope(), **arguments: object) -> JobRun:
    bind_scope(PlatformScope())
    key = request_job(kind, scope=scope, title=kind, arguments=arguments)  # type: ignore[arg-type]
    db.session.commit()
    run_job(str(key))
    bind_scope(PlatformScope())
    return db.session.get_one(JobRun, key, populate_existing=True)


def test_the_job_makes_the_release_and_says_so(make: Factory, worker: Flask) -> None:
    area = make_area(make, schools=10, term=last_term())
    job = run("make_release", scope=area.scope, authority_id=str(area.authority.id), term=last_term().key)
    assert (job.state, job.result["made"]) == (JobState.DONE, True)
    again = run("make_release", scope=area.scope, authority_id=str(area.authority.id), term=last_term().key)
    assert (again.state, again.result["made"]) == (JobState.DONE, False)
    assert count(make, Release) == 1


def test_a_release_is_asked_for_once_a_term_for_every_authority_with_a_plan(make: Factory, worker: Flask) -> None:
    first, second = (make_area(make, schools=1, term=last_term()) for _ in range(2))
    make.school(authority=make.authority())
    assert run("make_releases").result == {"term": last_term().key, "asked_for": 2}
    run("make_releases")
    asked = make.session.scalars(select(JobRun.scope).where(JobRun.kind == "make_release")).all()
    assert sorted(asked) == sorted([first.scope.stamp, second.scope.stamp])


def test_the_schedule_asks_once_a_day(make: Factory, worker: Flask) -> None:
    make_releases()
    make_releases()
    assert len(make.session.scalars(select(JobRun.id).where(JobRun.kind == "make_releases")).all()) == 1
