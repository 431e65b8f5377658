"""Certificates: read from PDFs in a confined process, guessed at, confirmed by somebody, kept with the training."""

import io
from datetime import date
from typing import Any

import pypdf
import pytest
import typst
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.storage import Storage, StoredFileMissing
from tenants.access.models import Role
from tenants.imports.certificates.models import CertificateState, TrainingCertificate
from tenants.organisations.models import School
from tenants.staff.models import StaffMember, StaffRole
from tenants.training.models import CompletionSource, TrainingCompletion
from tenants.training.proofs.models import TrainingFile
from tests.factories import Factory, sign_in
from tests.processes import Processes

WORDS = "This is to certify that \\ Ada Finch \\ has completed \\ Prevent awareness \\ on 4 September 2026"


def pdf(words: str) -> bytes:
    made = typst.compile(f"#set page(width: 12cm, height: 9cm)\n{words}".encode())
    assert isinstance(made, bytes)
    return made


def locked() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(WORDS)))
    writer.encrypt("secret", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def people(make: Factory, school: School) -> list[StaffMember]:
    return [make.staff(school, StaffRole.TEACHING, given_name=name, family_name="Finch") for name in ("Ada", "Bea")]


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School, people: list[StaffMember]) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


def page(school: School, then: str = "") -> str:
    return f"/schools/{school.id}/staff/training/certificates{then}"


def upload(lead: FlaskClient, school: School, **files: bytes) -> Any:
    sent = [(io.BytesIO(content), name.replace("_", ".")) for name, content in files.items()]
    return lead.post(page(school), data={"files": sent}, content_type="multipart/form-data")


def rows_of(make: Factory, model: type[Any]) -> list[Any]:
    make.session.rollback()
    make.session.expire_all()
    return list(make.session.scalars(select(model).order_by(model.created_at, model.id)))


def read(worker_app: Flask, make: Factory) -> None:
    jobs = [job for job in rows_of(make, JobRun) if job.kind == "read_certificates" and job.state is JobState.QUEUED]
    for job in jobs:
        with worker_app.app_context():
            run_job(str(job.id))


def confirm(lead: FlaskClient, school: School, row: TrainingCertificate, **values: str) -> Any:
    day = row.completed_on
    guessed = {"staff_id": str(row.staff_id or ""), "course_id": str(row.course_id or "")}
    parts = {f"completed_on-{part}": str(getattr(day, part)) if day else "" for part in ("day", "month", "year")}
    return lead.post(page(school, f"/{row.id}"), data=guessed | parts | values)


def test_what_a_certificate_says_is_shown_and_counts_when_it_is_confirmed(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, people: list[StaffMember]
) -> None:
    content = pdf(WORDS)
    assert upload(lead, school, ada_pdf=content).status_code == 303
    assert "Read the certificates" in lead.get(page(school)).text
    read(worker_app, make)
    (row,) = rows_of(make, TrainingCertificate)
    assert (row.staff_id, row.course_id, row.completed_on) == (people[0].id, make.course().id, date(2026, 9, 4))
    assert "Ada Finch" in lead.get(page(school)).text
    address = page(school, f"/{row.id}")
    shown = lead.get(address).text
    assert "Check it before you record it" in shown
    assert rows_of(make, TrainingCompletion) == []
    confirm(lead, school, row)
    (done,) = rows_of(make, TrainingCompletion)
    assert (done.staff_id, done.completed_on, done.source) == (
        people[0].id,
        date(2026, 9, 4),
        CompletionSource.CERTIFICATE,
    )
    (file,) = rows_of(make, TrainingFile)
    assert f"/staff/training/files/{file.id}" in lead.get(f"/schools/{school.id}/staff/{people[0].id}").text
    assert lead.get(f"/schools/{school.id}/staff/training/files/{file.id}").data == content
    assert rows_of(make, TrainingCertificate) == []
    assert lead.get(address).status_code == 404


def test_a_wrong_guess_is_corrected_and_the_next_certificate_follows(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, people: list[StaffMember]
) -> None:
    upload(lead, school, one_pdf=pdf(WORDS), two_pdf=pdf("Prevent awareness"))
    read(worker_app, make)
    first, second = rows_of(make, TrainingCertificate)
    answer = confirm(lead, school, first, **{"staff_id": str(people[1].id), "completed_on-day": "3"})
    assert answer.location.endswith(str(second.id))
    (done,) = rows_of(make, TrainingCompletion)
    assert (done.staff_id, done.completed_on) == (people[1].id, date(2026, 9, 3))
    assert "Not everything could be told" in lead.get(answer.location).text
    assert second.staff_id is None
    told = confirm(
        lead, school, second, **{"completed_on-day": "1", "completed_on-month": "9", "completed_on-year": "2099"}
    )
    assert "Choose whose certificate it is" in told.text
    assert "must be today or in the past" in told.text
    assert len(rows_of(make, TrainingCompletion)) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("scan_pdf", pdf("#rect(width: 5cm, height: 3cm, fill: gray)"), "has no text: it is a picture of a page"),
        ("locked_pdf", locked(), "has a password"),
        ("damaged_pdf", b"%PDF-1.7\n" + b"\x00garbage" * 50, "damaged"),
        ("photo_png", b"\x89PNG\r\n\x1a\n" + b"photo" * 20, "Only PDFs are read"),
    ],
)
def test_what_cannot_be_read_says_so_and_asks_and_can_still_be_recorded(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, people: list[StaffMember], name: str,
    content: bytes, words: str,
) -> None:  # fmt: skip
    assert upload(lead, school, **{name: content}).status_code == 303
    read(worker_app, make)
    (row,) = rows_of(make, TrainingCertificate)
    shown = lead.get(page(school, f"/{row.id}")).text
    assert words in shown
    assert "Please say what the certificate shows" in shown
    day = {"completed_on-day": "4", "completed_on-month": "9", "completed_on-year": "2026"}
    confirm(lead, school, row, staff_id=str(people[0].id), course_id=str(make.course().id), **day)
    assert len(rows_of(make, TrainingCompletion)) == 1


def test_of_several_files_all_are_taken_or_none(lead: FlaskClient, make: Factory, school: School) -> None:
    answer = upload(lead, school, good_pdf=pdf(WORDS), bad_pdf=b"MZ program")
    assert "bad.pdf: This kind of file is not taken" in answer.text
    assert "Choose a file" in upload(lead, school).text
    assert rows_of(make, TrainingCertificate) == []
    assert rows_of(make, TrainingFile) == []


def test_a_certificate_is_dropped_with_its_file_after_asking(
    lead: FlaskClient, make: Factory, web_app: Flask, school: School
) -> None:
    upload(lead, school, ada_pdf=pdf(WORDS))
    (row,) = rows_of(make, TrainingCertificate)
    (file,) = rows_of(make, TrainingFile)
    drop, key = page(school, f"/{row.id}/drop"), file.storage_key
    assert "Drop this certificate?" in lead.get(drop).text
    assert len(rows_of(make, TrainingCertificate)) == 1
    lead.post(drop)
    assert rows_of(make, TrainingFile) == []
    storage: Storage = web_app.extensions["storage"]
    with pytest.raises(StoredFileMissing), storage.open(key):
        pass


def test_a_worker_killed_before_any_step_reads_the_rest_the_next_time(
    lead: FlaskClient, make: Factory, worker_app: Flask, school: School, processes: Processes
) -> None:
    upload(lead, school, one_pdf=pdf(WORDS), two_pdf=pdf(WORDS.replace("Ada", "Bea")))
    (job,) = [job for job in rows_of(make, JobRun) if job.kind == "read_certificates"]
    job_id, step = job.id, 1
    with worker_app.app_context():
        while processes.dies(lambda: run_job(str(job_id)), before_step=step):
            for row in rows_of(make, TrainingCertificate):
                assert (row.state is CertificateState.WAITING) == (row.completed_on is not None)
            step += 5
            assert step < 200
    rows = rows_of(make, TrainingCertificate)
    assert step > 10
    assert [row.state for row in rows] == [CertificateState.WAITING] * 2
    assert len({row.staff_id for row in rows}) == 2
