"""Training sessions: who was there and the register, kept as evidence is and shown on each person's page."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tenants.access.models import Role
from tenants.organisations.models import School
from tenants.staff.models import StaffMember, StaffRole
from tenants.training.models import TrainingCompletion
from tenants.training.proofs.models import TrainingFile, TrainingProof, TrainingProofPerson
from tests.factories import Factory, sign_in

PICTURE = b"\x89PNG\r\n\x1a\n" + b"register" * 20


@pytest.fixture
def school(make: Factory) -> School:
    return make.school(name="Mallard Primary School")


@pytest.fixture
def people(make: Factory, school: School) -> list[StaffMember]:
    return [make.staff(school, StaffRole.TEACHING, given_name=name, family_name="Finch") for name in ("Ada", "Bea")]


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school, name="Priya Nair"))
    return client


def record(
    lead: FlaskClient, make: Factory, people: list[StaffMember], register: tuple[bytes, str] | None = None
) -> Any:
    data: dict[str, Any] = {
        "course_id": str(make.course().id), "completed_on-day": "1", "completed_on-month": "9",
        "completed_on-year": "2026", "staff": [str(person.id) for person in people],
    }  # fmt: skip
    if register:
        data["register"] = (io.BytesIO(register[0]), register[1])
    address = f"/schools/{people[0].school_id}/staff/training"
    return lead.post(address, data=data, content_type="multipart/form-data")


def kept(make: Factory, model: type[Any]) -> list[Any]:
    make.session.rollback()
    return list(make.session.scalars(select(model)))


def test_the_register_is_kept_once_and_shown_on_the_page_of_everybody_who_was_there(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    away = make.staff(school, StaffRole.TEACHING)
    make.completion(away)
    assert record(lead, make, people, (PICTURE, "INSET 1 September.png")).status_code == 303
    (file,) = kept(make, TrainingFile)
    for person in people:
        page = lead.get(f"/schools/{school.id}/staff/{person.id}").text
        assert f"/staff/training/files/{file.id}" in page
        assert "INSET 1 September.png" in page
    assert "training/files" not in lead.get(f"/schools/{school.id}/staff/{away.id}").text
    given = lead.get(f"/schools/{school.id}/staff/training/files/{file.id}")
    assert (given.data, given.mimetype) == (PICTURE, "image/png")
    assert "attachment" in given.headers["Content-Disposition"]


def test_a_session_is_one_record_with_or_without_a_register_also_of_those_recorded_before(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    assert "No session is recorded yet" in lead.get(f"/schools/{school.id}/staff/training/sessions").text
    record(lead, make, people[:1])
    record(lead, make, people, (PICTURE, "register.png"))
    assert len(kept(make, TrainingCompletion)) == 2
    assert sorted(proof.file_id is None for proof in kept(make, TrainingProof)) == [False, True]
    assert len(kept(make, TrainingProofPerson)) == 3
    page = lead.get(f"/schools/{school.id}/staff/training/sessions").text
    assert "Ada Finch, Bea Finch" in page
    assert "None kept" in page
    listed = lead.get(f"/schools/{school.id}/staff/training/sessions?format=csv").text
    assert "Ada Finch; Bea Finch,register.png,Priya Nair" in listed
    assert "register.png" in lead.get(f"/schools/{school.id}/staff/{people[0].id}").text


@pytest.mark.parametrize(
    ("register", "words"),
    [((b"MZ\x90\x00\x00program", "register.png"), "This kind of file is not taken"), ((b"", "r.png"), "is empty")],
)
def test_a_file_that_cannot_be_taken_is_named_and_nothing_is_recorded(
    lead: FlaskClient, make: Factory, people: list[StaffMember], register: tuple[bytes, str], words: str
) -> None:
    answer = record(lead, make, people, register)
    assert answer.status_code == 200
    assert words in answer.text
    for model in (TrainingCompletion, TrainingProof, TrainingFile):
        assert kept(make, model) == []


def test_a_completion_that_is_removed_takes_its_register_from_the_page_but_not_from_the_session(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    record(lead, make, people, (PICTURE, "register.png"))
    row = next(each for each in kept(make, TrainingCompletion) if each.staff_id == people[0].id)
    lead.post(f"/schools/{school.id}/staff/{people[0].id}/training/{row.id}/remove")
    assert "register.png" not in lead.get(f"/schools/{school.id}/staff/{people[0].id}").text
    assert "Ada Finch, Bea Finch" in lead.get(f"/schools/{school.id}/staff/training/sessions").text
