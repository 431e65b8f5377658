"""Which parts of an edition somebody reads, by role, and who is therefore counted."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.config import ROOT
from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.insights.measures.reading import reading_coverage, reading_needs
from tenants.organisations.models import School
from tenants.reading.models import DocumentEdition, DocumentPart, PartKind
from tenants.reading.queries import DocumentInForce, document_in_force, edition_sha256
from tenants.staff.models import StaffMember, StaffRole
from tests.factories import Factory, sign_in
from tests.integration.test_reading_links import link_in, mails

TODAY = date(2026, 11, 27)
KEY = "kcsie-part-one"
LEADERS = [StaffRole.HEADTEACHER, StaffRole.SLT]


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def for_leaders(make: Factory) -> Iterator[DocumentEdition]:
    """The edition in force has two parts, both for leaders alone."""
    edition = make.document_edition(KEY)
    first, before = edition.parts[0], edition.parts[0].audience
    first.audience = list(LEADERS)
    add_part(make, edition, "Annex B", ["slt"])
    make.session.commit()
    yield edition
    make.session.rollback()
    first.audience = before
    for part in edition.parts[1:]:
        make.session.delete(part)
    make.session.commit()
    make.session.refresh(edition)


def add_part(make: Factory, edition: DocumentEdition, title: str, audience: list[str]) -> DocumentPart:
    place = {"document_edition_id": edition.id, "position": len(edition.parts)}
    part = make.add(DocumentPart(title=title, audience=audience, kind=PartKind.WHOLE, sha256="0" * 64, **place))
    make.session.refresh(edition)
    return part  # type: ignore[no-any-return]


@pytest.fixture
def people(make: Factory, school: School) -> dict[str, StaffMember]:
    return {
        "head": make.staff(school, StaffRole.HEADTEACHER),
        "both": make.staff(school, StaffRole.TEACHING, StaffRole.SLT),
        "teacher": make.staff(school, StaffRole.TEACHING),
        "none": make.staff(school),
    }


def who_must(app: Flask, school: School, people: dict[str, StaffMember], day: date = TODAY) -> set[str]:
    """By the list of people, which must agree with the count."""
    keys = {name: member.id for name, member in people.items()}
    scope = SchoolScope(school.id)
    with app.app_context():
        bind_scope(scope)
        needs = {need.staff_id for need in reading_needs(scope, as_at=day) if need.key == KEY}
        counted = {row.key: row.denominator for row in reading_coverage(scope, as_at=day)}
        db.session.rollback()
    assert counted.get(KEY, 0) == len(needs)
    return {name for name, key in keys.items() if key in needs}


def test_whom_no_part_concerns_need_not_read_but_whoever_holds_no_role_must(
    web_app: Flask, make: Factory, school: School, people: dict[str, StaffMember], for_leaders: DocumentEdition
) -> None:
    make.session.commit()
    assert who_must(web_app, school, people) == {"head", "both", "none"}
    for_leaders.parts[0].audience = []
    make.session.commit()
    assert who_must(web_app, school, people) == set(people), "a part without roles is for everybody"
    for_leaders.parts[0].audience = ["slt"]
    make.session.commit()
    assert who_must(web_app, school, people) == {"both", "none"}


@pytest.mark.parametrize(("name", "parts"), [("head", {"Part one"}), ("both", {"Part one", "Annex B"})])
def test_behind_the_link_stand_the_parts_that_the_reader_reads(
    client: FlaskClient,
    make: Factory,
    school: School,
    people: dict[str, StaffMember],
    for_leaders: DocumentEdition,
    name: str,
    parts: set[str],
) -> None:
    address = people[name].email
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    due_on = date.today() + timedelta(days=60)
    asked = {f"due_on-{part}": str(getattr(due_on, part)) for part in ("day", "month", "year")}
    assert client.post(f"/schools/{school.id}/reading/{KEY}/ask", data=asked).status_code == 303
    shown = client.get(link_in(mails(make)[address or ""])).text
    assert {part for part in ("Part one", "Annex B") if f"<li>{part}</li>" in shown} == parts


def test_the_school_sees_who_reads_which_part(
    client: FlaskClient, make: Factory, school: School, for_leaders: DocumentEdition
) -> None:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    assert "Annex B: SLT" in client.get(f"/schools/{school.id}/reading/{KEY}").text


def test_on_a_past_day_the_rule_of_the_edition_that_was_in_force_then_holds(web_app: Flask, school: School) -> None:
    with web_app.app_context():
        scope = SchoolScope(school.id)
        bind_scope(scope)
        old = document_in_force(scope, KEY, date(2026, 8, 31))
        new = document_in_force(scope, KEY, date(2026, 9, 1))
        db.session.rollback()
    assert old is not None
    assert new is not None

    def read(document: DocumentInForce, *roles: StaffRole) -> list[str]:
        return [part.title for part in document.parts_for(roles)]

    assert "Annex B" in read(old, StaffRole.TEACHING)
    assert not any("Annex A" in part for part in read(old, StaffRole.TEACHING))
    assert read(old, StaffRole.GOVERNOR) == ["Part one or, where the school decides so, Annex A"]
    assert old.parts_for([]) == old.parts, "whoever holds no role reads all"
    assert read(new, StaffRole.GOVERNOR) == read(new, StaffRole.TEACHING) == ["Part one"]


def test_who_reads_which_part_is_in_the_hash(web_app: Flask, make: Factory, for_leaders: DocumentEdition) -> None:
    key = for_leaders.id
    with web_app.app_context():
        bind_scope(PlatformScope())
        before = edition_sha256(key)
        db.session.rollback()
        for_leaders.parts[1].audience = ["headteacher"]
        make.session.commit()
        assert edition_sha256(key) != before


def test_the_hash_of_an_edition_that_lists_its_parts_by_title_is_what_it_always_was(
    web_app: Flask, make: Factory
) -> None:
    """Confirmations carry it: a shared edition says today what it said when they were given."""
    edition = make.session.scalars(select(DocumentEdition).where(DocumentEdition.label == "2025")).one()
    shipped = yaml.safe_load((ROOT / "tenants/reading/documents.yaml").read_text())["documents"][0]
    told = shipped["editions"][0]
    said = {
        "document": KEY,
        "title": shipped["title"],
        "edition": "2025",
        "in_force_from": "2025-09-01",
        "address": told["address"],
        "parts": [part["title"] for part in told["parts"]],
        "part_audience": {part["title"]: part["audience"] for part in told["parts"]},
    }
    body = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    with web_app.app_context():
        bind_scope(PlatformScope())
        assert edition_sha256(edition.id) == hashlib.sha256(body.encode()).hexdigest()


def test_every_role_of_the_shipped_rules_is_one_and_nobody_is_left_without_a_part(make: Factory) -> None:
    for edition in make.session.scalars(select(DocumentEdition)):
        named = {role for part in edition.parts for role in part.audience}
        assert edition.parts
        assert named <= set(StaffRole)
        is_for_all = any(not part.audience for part in edition.parts)
        assert is_for_all or named == set(StaffRole), edition.label
