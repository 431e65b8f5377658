"""Confirmations recorded together: the list to sign, the scans that show it, undoing it."""

import io
import itertools
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pypdfium2
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import AuditEntry, Role
from tenants.organisations.models import School
from tenants.reading.models import ConfirmationSource, ReadingConfirmation, ReadingSignOff
from tenants.reading.queries import edition_sha256
from tenants.reading.sign_offs.actions import KeptScan, record_sign_off, undo_sign_off
from tenants.reading.sign_offs.models import ReadingScan
from tenants.staff.models import StaffMember, StaffRole
from tests.factories import Factory, sign_in
from tests.processes import Processes

KEY = "kcsie-part-one"
DAY = {"confirmed_on-day": "26", "confirmed_on-month": "11", "confirmed_on-year": "2026"}
PICTURE = b"\xff\xd8\xff\xe0 a photograph of a list"


@pytest.fixture
def school(make: Factory) -> School:
    return make.school(name="Mallard Primary School")


@pytest.fixture
def people(make: Factory, school: School) -> list[StaffMember]:
    roles = (StaffRole.TEACHING, StaffRole.SUPPORT, StaffRole.TEACHING)
    return [
        make.staff(school, role, given_name=given, family_name=family)
        for role, (given, family) in zip(roles, (("Cyd", "Archer"), ("Bea", "Finch"), ("Ada", "Wren")), strict=True)
    ]


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School, people: list[StaffMember]) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school, name="Priya Nair"))
    return client


def page(school: School, then: str = "") -> str:
    return f"/schools/{school.id}/reading/{KEY}{then}"


def record(lead: FlaskClient, school: School, people: list[StaffMember], *files: tuple[bytes, str]) -> Any:
    data: dict[str, Any] = DAY | {"source": "paper", "staff": [str(person.id) for person in people]}
    data["scans"] = [(io.BytesIO(content), name) for content, name in files]
    return lead.post(page(school), data=data, content_type="multipart/form-data")


def rows(make: Factory, model: type[Any]) -> list[Any]:
    make.session.rollback()
    return list(make.session.scalars(select(model)))


def stored(settings: Settings, school: School) -> list[bytes]:
    """What lies in the storage of the school."""
    folder = Path(urlsplit(settings.storage_url).path) / "evidence" / str(school.id)
    return [each.read_bytes() for each in folder.iterdir()] if folder.is_dir() else []


def test_the_list_to_sign_has_who_is_missing_by_name_or_by_role_with_edition_and_hash(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], web_app: Flask
) -> None:
    make.confirmation(make.staff(school, StaffRole.SUPPORT, given_name="Eve", family_name="Done"))

    def text(order: str) -> str:
        answer = lead.get(page(school, f"/list-to-sign?order={order}"))
        assert answer.mimetype == "application/pdf"
        return "\n".join(
            each.get_textpage().get_text_bounded() for each in pypdfium2.PdfDocument(io.BytesIO(answer.data))
        )

    by_name = text("name")
    assert [by_name.index(name) for name in ("Cyd Archer", "Bea Finch", "Ada Wren")] == sorted(
        by_name.index(name) for name in ("Cyd Archer", "Bea Finch", "Ada Wren")
    )
    assert "Eve Done" not in by_name
    with web_app.app_context():
        assert edition_sha256(make.document_edition(KEY).id)[:16] in by_name
    by_role = text("role")
    assert by_role.index("Ada Wren") < by_role.index("Bea Finch")
    assert by_role.count("Bea Finch") == 1


def test_a_signed_list_is_kept_with_the_confirmations_that_it_shows_and_given_back_as_a_download(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], settings: Settings
) -> None:
    answer = record(lead, school, people[:2], (PICTURE, "first.jpg"), (b"%PDF-1.7 list", "second.pdf"))
    assert answer.status_code == 303
    (sign_off,) = rows(make, ReadingSignOff)
    assert {row.sign_off_id for row in rows(make, ReadingConfirmation)} == {sign_off.id}
    assert {row.source for row in rows(make, ReadingConfirmation)} == {ConfirmationSource.PAPER}
    shown = BeautifulSoup(lead.get(page(school)).text, "html.parser")
    (recorded,) = {str(link["href"]) for link in shown.select("a[href*=sign-offs]")}
    one = BeautifulSoup(lead.get(recorded).text, "html.parser")
    assert one.main
    assert "Bea Finch" in one.main.text
    links = [str(link["href"]) for link in one.select("a[download]")]
    files = [lead.get(link) for link in links]
    assert [file.data for file in files] == [PICTURE, b"%PDF-1.7 list"]
    for file in files:
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in file.headers["Content-Security-Policy"]
    assert sorted(stored(settings, school)) == sorted([PICTURE, b"%PDF-1.7 list"])


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"Ada, Bea, Cyd", "list.csv", "list.csv: a signed list is a PDF or a picture"),
        (b"<svg onload=alert(1)>", "list.svg", "list.svg: This kind of file is not taken"),
        (b"", "list.pdf", "list.pdf: The file is empty"),
    ],
)
def test_a_file_that_is_no_picture_of_a_list_is_refused_and_nothing_is_recorded(
    lead: FlaskClient,
    make: Factory,
    school: School,
    people: list[StaffMember],
    settings: Settings,
    content: bytes,
    name: str,
    words: str,
) -> None:
    answer = record(lead, school, people[:1], (PICTURE, "good.jpg"), (content, name))
    assert answer.status_code == 200
    assert words in BeautifulSoup(answer.text, "html.parser").text
    assert rows(make, ReadingConfirmation) == rows(make, ReadingSignOff) == []
    assert stored(settings, school) == []


def test_undone_as_a_whole_after_a_question_it_counts_no_more_and_its_files_are_gone(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], settings: Settings
) -> None:
    make.confirmation(people[2])
    record(lead, school, people[:2], (PICTURE, "list.jpg"))
    (sign_off,) = rows(make, ReadingSignOff)
    undo = page(school, f"/sign-offs/{sign_off.id}/undo")
    assert "2 confirmations of 26 November 2026 will be taken back, and 1 file deleted" in lead.get(undo).text
    assert len(rows(make, ReadingConfirmation)) == 3, "looking undoes nothing, and who had confirmed is not in it"
    for _ in range(2):
        assert lead.post(undo).status_code == 303
    (left,) = rows(make, ReadingConfirmation)
    assert left.staff_id == people[2].id
    assert stored(settings, school) == rows(make, ReadingScan) == []
    (entry,) = make.session.scalars(select(AuditEntry).where(AuditEntry.act == "confirmations undone"))
    assert entry.detail["confirmations"] == 2
    late = {"scans": [(io.BytesIO(PICTURE), "late.jpg")]}
    lead.post(page(school, f"/sign-offs/{sign_off.id}"), data=late, content_type="multipart/form-data")
    assert stored(settings, school) == []
    assert "undone on" in lead.get(page(school)).text


def test_files_are_added_later_and_removed_after_a_question_and_the_confirmations_stay(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], settings: Settings
) -> None:
    record(lead, school, people[:1])
    (sign_off,) = rows(make, ReadingSignOff)
    one = page(school, f"/sign-offs/{sign_off.id}")
    assert "Choose a file" in lead.post(one, data={}).text
    late = {"scans": [(io.BytesIO(PICTURE), "late.jpg")]}
    assert lead.post(one, data=late, content_type="multipart/form-data").status_code == 303
    (scan,) = rows(make, ReadingScan)
    remove = f"{one}/scans/{scan.id}/remove"
    assert "Remove this file?" in lead.get(remove).text
    assert stored(settings, school) == [PICTURE]
    lead.post(remove)
    assert stored(settings, school) == rows(make, ReadingScan) == []
    assert len(rows(make, ReadingConfirmation)) == 1


@pytest.mark.parametrize("role", [Role.SCHOOL_READER, Role.TRUST_LEAD])
def test_signatures_are_seen_by_those_who_keep_the_school_s_records_alone(
    client: FlaskClient, web_app: Flask, make: Factory, role: Role
) -> None:
    trust = make.trust()
    school = make.school(trust=trust)
    person = make.staff(school, StaffRole.TEACHING)
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    record(client, school, [person], (PICTURE, "list.jpg"))
    (scan,) = rows(make, ReadingScan)
    address = page(school, f"/sign-offs/{scan.sign_off_id}/scans/{scan.id}")
    assert client.get(address).status_code == 200
    other = web_app.test_client()
    sign_in(other, make.member(role, trust if role is Role.TRUST_LEAD else school))
    assert other.get(address).status_code == 404
    assert other.get(page(school)).status_code == 200


def undoing(school: School, sign_off: ReadingSignOff, storage: Storage) -> Callable[[], object]:
    school_id, sign_off_id = school.id, sign_off.id

    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        undo_sign_off(scope, sign_off_id=sign_off_id, storage=storage)
        db.session.commit()

    return work


def test_killed_before_any_step_an_undoing_is_done_wholly_or_not_at_all(
    web: Flask,
    make: Factory,
    school: School,
    people: list[StaffMember],
    processes: Processes,
    settings: Settings,
) -> None:
    storage: Storage = web.extensions["storage"]
    key = f"evidence/{school.id}/00000000-0000-0000-0000-000000000001"
    storage.save(io.BytesIO(PICTURE), key=key)
    scope = SchoolScope(school.id)
    bind_scope(scope)
    record_sign_off(
        scope,
        staff_ids=[person.id for person in people],
        edition_id=make.document_edition(KEY).id,
        confirmed_on=date(2026, 11, 26),
        source=ConfirmationSource.PAPER,
        recorded_by=None,
        scans=[KeptScan(key, "list.jpg", "image/jpeg", len(PICTURE), "0" * 64)],
    )
    db.session.commit()
    db.session.remove()
    (sign_off,) = rows(make, ReadingSignOff)
    work = undoing(school, sign_off, storage)
    for number in itertools.count(1):
        if not processes.dies(work, before_step=number):
            break
        assert len(rows(make, ReadingConfirmation)) == 3
        assert len(rows(make, ReadingScan)) == len(stored(settings, school)) == 1
    assert number > 4
    assert rows(make, ReadingConfirmation) == rows(make, ReadingScan) == stored(settings, school) == []
    assert processes.at_once(work, work) == [0, 0]


def test_a_list_for_nobody_is_an_empty_list(client: FlaskClient, make: Factory) -> None:
    school = make.school()
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    for order in ("name", "role"):
        assert client.get(page(school, f"/list-to-sign?order={order}")).data.startswith(b"%PDF")
