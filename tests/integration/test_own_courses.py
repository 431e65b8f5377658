"""Courses of a trust's own: who sees them, who is asked for them and from when; what a school keeps when it leaves."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.calendar.rules import Season, Term
from tenants.imports.completions.run import known_courses
from tenants.insights.disclosure.catalogue import catalogue
from tenants.insights.disclosure.gather import gather, open_schools
from tenants.insights.measures.training import training_coverage
from tenants.insights.subjects import measure_choices, titles_of_subjects
from tenants.organisations.models import TrustMembership
from tenants.staff.models import CoverRule, StaffRole
from tenants.training.actions import CourseProblem, CourseWords, add_own_course, change_own_course, set_course_rule
from tenants.training.models import Course, RuleStanding
from tenants.training.queries import completions_of, courses
from tests.factories import Factory, sign_in

TITLE = "Trust Prevent briefing"
SENT = {"title": TITLE, "validity_months": "12", "grace_days": "0", "audience": ["teaching"], "prerequisite": ""}


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Any) -> Any:
    return make.school(trust=trust)


def own(make: Factory, trust: Any, *, title: str = TITLE, since: date | None = None) -> Course:
    """A course of the trust's own that teachers are asked for every 12 months, since a day."""
    scope = TrustScope(trust.id)
    bind_scope(scope)
    course = add_own_course(scope, words=CourseWords(title))
    set_course_rule(
        scope, course_id=course.id, standing=RuleStanding.OWN, from_on=since or today(), changed_by=None,
        validity_months=12, audience=["teaching"],
    )  # fmt: skip
    course_id = course.id
    db.session.commit()
    return make.session.get_one(Course, course_id)  # past row-level security, in whichever scope it is looked at


def held(school: Any, course: Course, day: date) -> tuple[int, int] | None:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    found = (row for row in training_coverage(scope, as_at=day) if row.key == course.key)
    return next(((row.numerator, row.denominator) for row in found), None)


def test_an_own_course_is_asked_for_at_the_trusts_schools_alone_and_from_its_day(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    elsewhere, alone = make.school(trust=make.trust()), make.school()
    for each in (school, elsewhere, alone):
        make.staff(each, StaffRole.TEACHING)
    make.staff(school, StaffRole.SUPPORT)
    course = own(make, trust, since=today() - timedelta(days=10))
    assert held(school, course, today()) == (0, 1)
    assert held(school, course, today() - timedelta(days=11)) is None
    assert held(elsewhere, course, today()) is None
    assert held(alone, course, today()) is None
    for scope, sees in (
        (SchoolScope(school.id), True),
        (SchoolScope(elsewhere.id), False),
        (SchoolScope(alone.id), False),
    ):
        bind_scope(scope)
        assert (course.key in titles_of_subjects(scope)) is sees
        assert (course.id in {each.id for each in courses(scope)}) is sees
        assert (course.id in known_courses(scope).values()) is sees
    for trust_id, sees in ((trust.id, True), (make.trust().id, False)):
        bind_scope(TrustScope(trust_id))
        assert (f"training:{course.key}" in dict(measure_choices(TrustScope(trust_id)))) is sees


def test_a_past_day_is_counted_as_the_trust_asked_then(web: Flask, make: Factory, trust: Any, school: Any) -> None:
    day = today()
    make.completion(make.staff(school, StaffRole.TEACHING), on=day - timedelta(days=200))
    course = own(make, trust, since=day - timedelta(days=20))
    scope = TrustScope(trust.id)
    bind_scope(scope)
    set_course_rule(scope, course_id=course.id, standing=RuleStanding.OFF, from_on=day, changed_by=None)
    db.session.commit()
    assert held(school, course, day) is None
    assert held(school, course, day - timedelta(days=1)) == (0, 1)
    bind_scope(scope)
    set_course_rule(
        scope, course_id=course.id, standing=RuleStanding.OWN, from_on=day, changed_by=None, audience=["support"]
    )
    db.session.commit()
    assert held(school, course, day) is None
    assert held(school, course, day - timedelta(days=1)) == (0, 1)


def test_a_school_that_leaves_keeps_what_its_people_completed_and_is_asked_no_more(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    member, stayed = make.staff(school, StaffRole.TEACHING), make.school(trust=trust)
    course = own(make, trust, since=today() - timedelta(days=5))
    other = own(make, trust, title="Another")
    make.completion(member, course.key, on=today() - timedelta(days=1))
    make.session.execute(update(TrustMembership).where(TrustMembership.school_id == school.id).values(left_on=today()))
    make.session.commit()
    scope = SchoolScope(school.id)
    bind_scope(scope)
    assert [row.course for row in completions_of(scope, member.id)] == [TITLE]
    assert titles_of_subjects(scope)[course.key] == TITLE
    assert other.key not in titles_of_subjects(scope)
    assert course.id not in {each.id for each in courses(scope)}
    assert held(school, course, today()) is None
    bind_scope(SchoolScope(stayed.id))
    assert db.session.scalar(select(Course.title).where(Course.id == course.id)) == TITLE


def test_an_authoritys_release_has_nothing_of_a_trusts_own_courses_and_posts_and_its_reminders_do(
    worker: Flask, make: Factory, trust: Any, school: Any
) -> None:
    for _ in range(12):
        make.staff(school, StaffRole.TEACHING)
    course = own(make, trust, since=date(2026, 9, 1))
    post = make.add(CoverRule(key="own-post", trust_id=trust.id, role=StaffRole.IT_SERVICE, from_on=date(2026, 9, 1)))
    scope, term = AuthorityScope(school.authority_id), Term(2026, Season.AUTUMN)
    bind_scope(scope)
    figures = gather(
        scope,
        term=term,
        area=open_schools(scope, term.last_day),
        schools={school.id},
        catalogue=catalogue(),
        phases=None,
    )
    assert "prevent-awareness" in figures.training
    assert "dsl" in figures.posts
    told = str(figures.as_json())
    assert course.key not in told
    assert TITLE not in told
    assert post.key not in told
    assert course.key in {row.key for row in training_coverage(scope, as_at=today())}
    assert titles_of_subjects(scope)[course.key] == TITLE


def test_titles_are_told_apart_and_no_course_comes_before_itself(
    web: Flask, make: Factory, trust: Any, school: Any
) -> None:
    own(make, trust)
    scope = TrustScope(trust.id)
    bind_scope(scope)
    first = db.session.scalars(select(Course).where(Course.trust_id == trust.id)).one()
    for title in (TITLE.upper(), "prevent awareness"):
        with pytest.raises(CourseProblem, match="of this title"):
            add_own_course(scope, words=CourseWords(title))
    second = add_own_course(scope, words=CourseWords("Second", prerequisite=first.key))
    with pytest.raises(CourseProblem, match="before itself"):
        change_own_course(scope, course=first, words=CourseWords(TITLE, prerequisite=second.key))
    with pytest.raises(CourseProblem, match="from the list"):
        add_own_course(scope, words=CourseWords("Third", prerequisite="own-of-nobody"))
    theirs = own(make, make.trust())
    db.session.rollback()
    bind_scope(scope)
    with pytest.raises(CourseProblem, match="from the list"):
        add_own_course(scope, words=CourseWords("Third", prerequisite=theirs.key))


def test_a_trust_adds_changes_ends_and_takes_back_a_course(
    client: FlaskClient, make: Factory, trust: Any, school: Any
) -> None:
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    make.staff(school, StaffRole.TEACHING)
    page = f"/trusts/{trust.id}/training"
    wrong = client.post(
        f"{page}/courses/new", data=SENT | {"title": " ", "address": "www.example.org", "grace_days": "x"}
    )
    assert wrong.status_code == 200
    for said in ("Enter what the course is called", "begins with https://", "Enter a whole number of days"):
        assert said in wrong.text
    assert (
        "There is a course of this title already"
        in client.post(f"{page}/courses/new", data=SENT | {"title": "Prevent awareness"}).text
    )
    assert client.post(f"{page}/courses/new", data=SENT).status_code == 303
    assert "Teaching staff, every 12 months." in client.get(page).text
    found = re.search(rf"{page}/courses/([0-9a-f-]{{36}})", client.get(page).text)
    assert found
    one = f"{page}/courses/{found[1]}"
    assert client.post(one, data=SENT | {"validity_months": "24"}).status_code == 303
    assert "every 24 months" in client.get(one).text
    assert client.get(f"{one}/end").status_code == 200
    assert client.post(f"{one}/end").status_code == 303
    assert "Not asked of your schools." in client.get(page).text
    assert "Ask for it again" in client.get(one).text
    assert client.post(f"{one}/take-back").status_code == 303
    assert "Nobody was ever asked for it" in client.get(one).text
    assert client.post(one, data=SENT).status_code == 303
    assert "Teaching staff, every 12 months." in client.get(page).text
    sign_in(client, make.member(Role.TRUST_LEAD, make.trust()))
    assert client.get(one).status_code == 404
    sign_in(client, make.member(Role.TRUST_READER, trust))
    assert client.get(one).status_code == 404
