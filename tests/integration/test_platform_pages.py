"""The platform's pages, each as an administrator reads and uses it."""

import io
import json
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from prevent_trust.config import Environment, Settings
from prevent_trust.factory import create_app
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.mail import OutgoingMail
from prevent_trust.mail_senders.types import MailState
from tenants.access.models import Account, AuditEntry, Invitation, Membership, Role
from tenants.imports.models import ImportRun, ImportState
from tenants.organisations.models import FormerUrn, School
from tests.factories import Factory, sign_in

REGISTER = (
    "URN,LA (code),LA (name),EstablishmentName,EstablishmentStatus (name),OpenDate,NumberOfPupils\r\n"
    "110602,873,Fenshire,St Zoë’s School,Open,01-09-1990,210\r\n"
    "11060,873,Fenshire,Mill School,Open,,1\r\n"
    "110604,873,Fenshire,Fen School,Open,31-02-2020,1\r\n"
)


@pytest.fixture
def admin(client: FlaskClient, make: Factory) -> FlaskClient:
    sign_in(client, make.member(Role.PLATFORM_ADMINISTRATOR, name="Ada Administrator"))
    return client


def page(response: TestResponse) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.get_data(as_text=True), "html5lib")


def words(response: TestResponse) -> str:
    main = page(response).select_one("main")
    assert main is not None
    return " ".join(main.get_text(" ").split()).replace(" ,", ",")


def listed(response: TestResponse) -> list[str]:
    """The heads of the rows of the page's tables."""
    return [cell.get_text(" ", strip=True) for cell in page(response).select("tbody th")]


# Organisations


def test_an_empty_register_says_to_import_it_first(admin: FlaskClient) -> None:
    found = page(admin.get("/platform/organisations"))
    assert "The register is empty" in found.get_text()
    assert found.select_one("main a[href='/platform/imports']") is not None


@pytest.mark.parametrize("words_typed", ["mill", "110602", " 110601 "])
def test_a_school_is_found_by_its_name_its_urn_and_a_urn_that_it_had(
    admin: FlaskClient, make: Factory, words_typed: str
) -> None:
    mill = make.school(urn=110602, name="Mill School", town="Ely")
    make.add(FormerUrn(school_id=mill.id, urn=110601, name="Mill Primary", until=date(2024, 8, 31)))
    make.school(urn=110603, name="Fen School")
    response = admin.get("/platform/organisations", query_string={"search": words_typed})
    assert listed(response) == ["Mill School"]
    assert "1 school for" in words(response)


def test_a_trust_and_an_authority_are_found_by_name_and_number(admin: FlaskClient, make: Factory) -> None:
    trust, authority = make.trust(name="Umber Trust", group_uid="2001"), make.authority(name="Fenshire", code="873")
    make.school(trust=trust, authority=authority)
    for kind, typed, name in (
        ("trust", "umber", "Umber Trust"),
        ("trust", "2001", "Umber Trust"),
        ("authority", "fen", "Fenshire"),
        ("authority", "873", "Fenshire"),
    ):
        found = admin.get("/platform/organisations", query_string={"kind": kind, "search": typed})
        assert listed(found) == [name], typed


def test_a_search_without_a_match_says_what_to_try(admin: FlaskClient, make: Factory) -> None:
    make.school()
    assert "Nothing in the register matches “zzz”" in words(admin.get("/platform/organisations?search=zzz"))


def test_a_long_register_comes_in_pages(admin: FlaskClient, make: Factory) -> None:
    authority = make.authority()
    for number in range(51):
        make.school(authority=authority, name=f"School {number:02}")
    assert len(listed(admin.get("/platform/organisations"))) == 50
    assert listed(admin.get("/platform/organisations?page=2")) == ["School 50"]
    assert listed(admin.get("/platform/organisations?page=nonsense"))[0] == "School 00"


def test_a_school_s_page_shows_the_register_and_none_of_its_records(admin: FlaskClient, make: Factory) -> None:
    trust = make.trust(name="Umber Trust")
    school = make.school(trust=trust, name="Mill School", pupils=1210)
    make.add(FormerUrn(school_id=school.id, urn=110601, name="Mill Primary", until=date(2024, 8, 31)))
    make.staff(school, family_name="Thrupplewick")
    response = admin.get(f"/platform/organisations/schools/{school.id}")
    text = words(response)
    assert "1,210" in text
    assert "110601, Mill Primary, until 31 August 2024" in text
    assert "Umber Trust, from 1 September 2020, now" in text
    assert "Thrupplewick" not in text


def test_a_trust_s_page_lists_its_schools_and_an_authority_s_its_code(admin: FlaskClient, make: Factory) -> None:
    trust, authority = make.trust(), make.authority(name="Fenshire", code="873")
    make.school(trust=trust, authority=authority, name="Mill School")
    assert "Mill School, URN" in words(admin.get(f"/platform/organisations/trusts/{trust.id}"))
    assert "873" in words(admin.get(f"/platform/organisations/authorities/{authority.id}"))
    assert "None. Import the group links" in words(admin.get(f"/platform/organisations/trusts/{make.trust().id}"))


# People


def test_people_are_found_by_name_and_address_with_what_they_may_reach(admin: FlaskClient, make: Factory) -> None:
    school = make.school(name="Mill School")
    make.member(Role.PREVENT_LEAD, school, name="Pat Lead", email="pat@mill.example")
    for typed in ("pat", "mill.example"):
        response = admin.get("/platform/people", query_string={"search": typed})
        assert "Pat Lead" in listed(response)[0]
        assert "Prevent lead, Mill School" in words(response)
    assert "Nobody’s name or address contains “zzz”" in words(admin.get("/platform/people?search=zzz"))


def test_an_account_is_switched_off_and_on_again(admin: FlaskClient, web_app: Flask, make: Factory) -> None:
    person = make.member(Role.PREVENT_LEAD, make.school(), name="Pat Lead")
    theirs = web_app.test_client()
    sign_in(theirs, person)
    assert theirs.get("/account").status_code == 200
    address = f"/platform/people/accounts/{person.id}"
    assert "Pat Lead can no longer sign in" in words(admin.post(f"{address}/off", follow_redirects=True))
    assert theirs.get("/account").status_code == 302
    assert "Pat Lead can sign in again" in words(admin.post(f"{address}/on", follow_redirects=True))
    acts = make.session.scalars(select(AuditEntry.act).order_by(AuditEntry.created_at)).all()
    assert acts == ["account switched off", "account switched on"]


def test_nobody_switches_off_their_own_account(admin: FlaskClient, make: Factory) -> None:
    me = make.session.scalars(select(Account).where(Account.name == "Ada Administrator")).one()
    assert "You cannot switch off your own account" in words(admin.post(f"/platform/people/accounts/{me.id}/off"))
    make.session.refresh(me)
    assert me.active


def invitation_form(**values: str) -> dict[str, str]:
    return {"name": "Nia New", "email": "nia@example.org", "role": Role.PREVENT_LEAD.value, "number": ""} | values


def test_a_prevent_lead_is_invited_by_the_school_s_urn(admin: FlaskClient, make: Factory) -> None:
    school = make.school(urn=110602)
    response = admin.post("/platform/people/invite", data=invitation_form(number="110602"), follow_redirects=True)
    assert "We have sent an invitation to nia@example.org" in words(response)
    invitation = make.session.scalars(select(Invitation)).one()
    assert (invitation.school_id, invitation.role) == (school.id, Role.PREVENT_LEAD)
    mail = make.session.scalars(select(OutgoingMail)).one()
    assert mail.to_address == "nia@example.org"
    assert mail.text.count("http://localhost/invitations/") >= 1


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"number": "999999"}, "There is no school with the number 999999"),
        ({"number": ""}, "Enter the school’s URN, 6 digits"),
        ({"role": "trust_lead", "number": "x"}, "There is no trust with the number x"),
        ({"role": "authority_officer"}, "Enter the authority’s code, 3 digits"),
        ({"email": "nia"}, "Enter an email address in the correct format"),
    ],
)
def test_an_invitation_that_cannot_be_is_answered_in_words(
    admin: FlaskClient, make: Factory, values: dict[str, str], problem: str
) -> None:
    found = page(admin.post("/platform/people/invite", data=invitation_form(**values)))
    assert problem in found.select_one(".govuk-error-summary").get_text()  # type: ignore[union-attr]
    assert make.session.scalars(select(Invitation)).all() == []


def test_an_invitation_is_sent_again_and_withdrawn(admin: FlaskClient, make: Factory) -> None:
    make.authority(code="873", name="Fenshire")
    admin.post("/platform/people/invite", data=invitation_form(role="authority_officer", number="873"))
    invitation = make.session.scalars(select(Invitation)).one()
    address = f"/platform/people/invitations/{invitation.id}"
    assert "again" in words(admin.post(f"{address}/again", follow_redirects=True))
    assert "nia@example.org" in words(admin.get(f"{address}/withdraw"))
    assert "is withdrawn" in words(admin.post(f"{address}/withdraw", follow_redirects=True))
    make.session.refresh(invitation)
    assert invitation.withdrawn_at is not None


def test_access_is_given_a_last_day_and_ended(admin: FlaskClient, make: Factory) -> None:
    account = make.member(Role.TRUST_READER, make.trust(name="Umber Trust"), name="Tom Reader")
    membership = make.session.scalars(select(Membership).where(Membership.account_id == account.id)).one()
    address = f"/platform/people/{membership.id}"
    day = date.today() + timedelta(days=30)
    parts = {"ends_on-day": day.day, "ends_on-month": day.month, "ends_on-year": day.year}
    assert "Tom Reader" in words(admin.get(f"{address}/end-date"))
    assert "is saved" in words(admin.post(f"{address}/end-date", data=parts, follow_redirects=True))
    make.session.refresh(membership)
    assert membership.ends_on == day
    assert "End the access of Tom Reader?" in words(admin.get(f"{address}/end"))
    assert "no longer has access" in words(admin.post(f"{address}/end", follow_redirects=True))
    assert make.session.scalars(select(Membership.role)).all() == [Role.PLATFORM_ADMINISTRATOR]


def test_the_last_administrator_stays(admin: FlaskClient, make: Factory) -> None:
    membership = make.session.scalars(select(Membership)).one()
    response = admin.post(f"/platform/people/{membership.id}/end")
    assert page(response).select_one(".govuk-error-summary") is not None
    assert make.session.scalars(select(Membership.id)).all() == [membership.id]


# Contacts


def test_the_platform_keeps_the_authorities_contacts_and_the_national_ones(admin: FlaskClient, make: Factory) -> None:
    authority = make.authority(name="Fenshire")
    assert "No contacts yet" in words(admin.get("/platform/contacts"))
    form = {"kind": "mash", "name": "Front door", "telephone": "01632 960001", "authority": str(authority.id)}
    text = words(admin.post("/platform/contacts/add", data=form, follow_redirects=True))
    assert "Front door is added to your contacts" in text
    assert "Fenshire" in text
    assert admin.get("/platform/contacts?format=csv").mimetype == "text/csv"
    navigation = page(admin.get("/platform/contacts")).select("#navigation a[aria-current]")
    assert [link.get_text(strip=True) for link in navigation] == ["Contacts"]


# Editions


def test_the_edition_that_the_product_ships_can_be_read_whole(admin: FlaskClient) -> None:
    title, _ = listed(admin.get("/platform/editions"))
    link = page(admin.get("/platform/editions")).select_one("tbody th a")
    assert link is not None
    text = words(admin.get(str(link["href"])))
    assert title in text
    assert "Good looks like:" in text
    assert admin.get(f"/platform/editions/{uuid.uuid4()}").status_code == 404


# Imports


def upload(admin: FlaskClient, content: bytes, name: str = "edubaseall.csv") -> TestResponse:
    return admin.post(
        "/platform/imports", data={"file": (io.BytesIO(content), name)}, content_type="multipart/form-data"
    )


def do_jobs(worker_app: Flask, make: Factory, kind: str) -> None:
    make.session.expire_all()
    with worker_app.app_context():
        for job_id in make.session.scalars(select(JobRun.id).where(JobRun.kind == kind)).all():
            run_job(str(job_id))
    make.session.expire_all()


def test_an_upload_is_read_by_a_worker_and_its_page_says_what_changed_and_what_was_not_taken(
    admin: FlaskClient, worker_app: Flask, make: Factory
) -> None:
    response = upload(admin, REGISTER.encode("cp1252"))
    assert response.status_code == 303
    waiting = words(admin.get(response.location))
    assert "Import of edubaseall.csv" in waiting
    assert "Waiting to start" in waiting
    do_jobs(worker_app, make, "import_gias")
    done = words(admin.get(response.location))
    assert "Schools added 1" in done
    assert "2 rows not taken in" in done
    assert "is not a URN: six digits" in done
    assert make.session.scalars(select(School.name)).all() == ["St Zoë’s School"]
    assert "edubaseall.csv" in listed(admin.get("/platform/imports"))


def test_the_rows_not_taken_in_can_be_downloaded(admin: FlaskClient, worker_app: Flask, make: Factory) -> None:
    location = upload(admin, REGISTER.encode("cp1252")).location
    do_jobs(worker_app, make, "import_gias")
    response = admin.get(f"{location}/rejections.csv")
    lines = response.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert response.mimetype == "text/csv"
    assert lines[0] == "Line,Column,Value,Why it was not imported,The row"
    assert lines[1].startswith("3,URN,11060,")
    assert lines[2].startswith("4,OpenDate,31-02-2020,")
    assert "Fen School" in lines[2]


def test_a_file_that_is_no_register_download_says_why_and_the_job_is_done(
    admin: FlaskClient, worker_app: Flask, make: Factory
) -> None:
    location = upload(admin, b"Name,Age\r\nAda,36\r\n").location
    do_jobs(worker_app, make, "import_gias")
    assert "The file was not taken in." in words(admin.get(location))
    assert make.session.scalars(select(ImportRun.state)).one() is ImportState.FAILED
    assert make.session.scalars(select(JobRun.state).where(JobRun.kind == "import_gias")).one() is JobState.DONE


@pytest.mark.parametrize(("content", "problem"), [(b"", "The file is empty"), (None, "Choose a file")])
def test_an_empty_upload_is_answered_in_words(
    admin: FlaskClient, make: Factory, content: bytes | None, problem: str
) -> None:
    response = upload(admin, content) if content is not None else admin.post("/platform/imports", data={})
    assert problem in page(response).select_one(".govuk-error-summary").get_text()  # type: ignore[union-attr]
    assert make.session.scalars(select(ImportRun)).all() == []


# Jobs


def make_job(make: Factory, state: JobState, **values: object) -> JobRun:
    defaults = {"scope": "platform:", "kind": "make_releases", "queue": "reports", "title": f"Job {state.value}"}
    job: JobRun = make.add(JobRun(**defaults | {"state": state} | values))
    return job


def test_jobs_are_listed_and_filtered_by_state(admin: FlaskClient, make: Factory) -> None:
    for state in JobState:
        make_job(make, state)
    assert len(listed(admin.get("/platform/jobs"))) == 4
    assert listed(admin.get("/platform/jobs?state=failed")) == ["Job failed"]
    assert len(listed(admin.get("/platform/jobs?state=nonsense"))) == 4
    assert "No worker is running" in words(admin.get("/platform/jobs"))


def test_mail_that_went_well_is_left_out_until_asked_for(admin: FlaskClient, make: Factory) -> None:
    make_job(make, JobState.DONE, kind="deliver_mail", title="Send mail")
    assert "No jobs" in words(admin.get("/platform/jobs"))
    assert listed(admin.get("/platform/jobs?routine=yes")) == ["Send mail"]


def test_a_failed_job_shows_its_log_and_can_be_run_again(admin: FlaskClient, worker_app: Flask, make: Factory) -> None:
    job = make_job(
        make, JobState.FAILED, message="OSError: disk full", log="Traceback", finished_at=datetime.now(UTC), attempts=1
    )
    text = words(admin.get(f"/platform/jobs/{job.id}"))
    assert "OSError: disk full" in text
    assert "Traceback" in text
    state = json.loads(admin.get(f"/platform/jobs/{job.id}/state").get_data())
    assert (state["state"], state["finished"]) == ("failed", True)
    assert "The job will run again" in words(admin.post(f"/platform/jobs/{job.id}/again", follow_redirects=True))
    do_jobs(worker_app, make, "make_releases")
    make.session.refresh(job)
    assert job.state is JobState.DONE


def test_a_job_that_is_not_finished_is_not_run_again(admin: FlaskClient, make: Factory) -> None:
    job = make_job(make, JobState.RUNNING)
    response = admin.post(f"/platform/jobs/{job.id}/again", follow_redirects=True)
    assert "has not finished yet" in words(response)
    assert page(response).select_one("main form") is None


def test_a_refused_mail_is_shown_and_sent_again(admin: FlaskClient, worker_app: Flask, make: Factory) -> None:
    mail = make.add(
        OutgoingMail(
            scope="platform:",
            kind="invitation",
            to_address="nia@example.org",
            subject="Invitation",
            text="Come",
            html="<p>Come</p>",
            state=MailState.REFUSED,
            problem="550 No such user",
        )
    )
    assert "550 No such user" in words(admin.get("/platform/jobs"))
    again = f"/platform/mails/{mail.id}/again"
    assert "will be sent again" in words(admin.post(again, follow_redirects=True))
    do_jobs(worker_app, make, "deliver_mail")
    make.session.refresh(mail)
    assert mail.state is MailState.KEPT
    assert "That mail has gone" in words(admin.post(again, follow_redirects=True))


# Audit


@pytest.fixture
def acts(make: Factory) -> None:
    pat, sam = make.account(name="Pat Lead", email="pat@mill.example"), make.account(name="Sam Lee")
    school = make.school(name="Mill School")
    moments = (datetime(2026, 11, 2, 9, tzinfo=UTC), datetime(2026, 11, 3, 23, 30, tzinfo=UTC))
    make.add(AuditEntry(account_id=pat.id, school_id=school.id, act="plan started", created_at=moments[0]))
    make.add(AuditEntry(account_id=sam.id, act="signed in", created_at=moments[1], detail={"from": "=1+1"}))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["Signed in", "Plan started"]),
        ({"act": "plan started"}, ["Plan started"]),
        ({"person": "mill.example"}, ["Plan started"]),
        ({"since": "2026-11-03"}, ["Signed in"]),
        ({"until": "2026-11-02"}, ["Plan started"]),
        ({"since": "2026-11-03", "until": "2026-11-03"}, ["Signed in"]),
        ({"since": "nonsense"}, ["Signed in", "Plan started"]),
    ],
)
def test_the_audit_is_filtered_by_act_person_and_day(
    admin: FlaskClient, acts: None, asked: dict[str, str], found: list[str]
) -> None:
    rows = page(admin.get("/platform/audit", query_string=asked)).select("tbody tr")
    assert [row.select("td")[1].get_text() for row in rows] == found


def test_the_audit_says_where_and_can_be_downloaded(admin: FlaskClient, acts: None) -> None:
    assert "Mill School" in words(admin.get("/platform/audit"))
    response = admin.get("/platform/audit?format=csv&act=signed+in")
    lines = response.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert lines[0] == "When,Who,Act,Where,Detail"
    assert len(lines) == 2
    assert "Sam Lee,signed in" in lines[1]


def test_an_audit_without_a_match_says_so(admin: FlaskClient, acts: None) -> None:
    assert "Nothing to show for this filter" in words(admin.get("/platform/audit?person=zzz"))


# The demo's mailbox


@pytest.fixture
def demo(settings: Settings, clean: None) -> FlaskClient:
    app = create_app(settings.model_copy(update={"environment": Environment.DEMO}))
    app.testing = True
    return app.test_client()


def test_in_the_demo_everybody_reads_the_mail_that_would_have_gone(demo: FlaskClient, make: Factory) -> None:
    assert "None yet" in words(demo.get("/demo/mail"))
    mail = make.add(
        OutgoingMail(
            scope=f"school:{make.school().id}",
            kind="invitation",
            to_address="nia@example.org",
            subject="You are invited",
            text="Come: https://example.org/invitations/x",
            html="<p onclick='x()'>Come</p>",
            state=MailState.KEPT,
        )
    )
    assert listed(demo.get("/demo/mail")) == ["You are invited"]
    message = page(demo.get(f"/demo/mail/{mail.id}"))
    frame = message.select_one("iframe")
    assert frame is not None
    assert frame["sandbox"] == []  # the attribute, with nothing allowed
    assert frame["srcdoc"] == mail.html
    assert message.select_one("[onclick]") is None
    assert demo.get(f"/demo/mail/{uuid.uuid4()}").status_code == 404


def test_outside_the_demo_there_is_no_mailbox(admin: FlaskClient) -> None:
    assert admin.get("/demo/mail").status_code == 404
