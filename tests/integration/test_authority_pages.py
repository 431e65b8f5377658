"""An officer's pages, before there is a release and afterwards."""

import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.jobs.models import JobRun
from tenants.access.models import Role
from tenants.insights.disclosure.models import ReleaseFile, ReleaseRequest
from tenants.organisations.models import LocalAuthority
from tests.areas import AUTUMN, Area, draft, make_area, release
from tests.factories import Factory, sign_in

Page = Callable[[str], BeautifulSoup]


def signed_in(client: FlaskClient, make: Factory, authority: LocalAuthority) -> Page:
    """A function from the part of the address after the authority to the page."""
    sign_in(client, make.member(Role.AUTHORITY_OFFICER, authority))

    def page(path: str) -> BeautifulSoup:
        response = client.get(f"/authorities/{authority.id}{path}")
        assert response.status_code == 200, path
        return BeautifulSoup(response.get_data(as_text=True), "html5lib")

    return page


def words(page: BeautifulSoup) -> str:
    return " ".join(page.select_one("main").get_text(" ").split())  # type: ignore[union-attr]


# Before there is a release


@pytest.fixture
def new_page(client: FlaskClient, make: Factory) -> Page:
    return signed_in(client, make, make.authority(name="Fenshire"))


@pytest.mark.parametrize("path", ["", "/releases"])
def test_before_the_first_release_the_pages_say_when_there_will_be_one(new_page: Page, path: str) -> None:
    page = new_page(path)
    assert "No release yet" in words(page)
    link = page.find("a", string="Read how releases are made")
    assert link is not None
    assert new_page("/methods").h1.get_text() == "Methods"  # type: ignore[union-attr]


def test_before_the_first_release_there_are_no_tables_to_show(client: FlaskClient, make: Factory) -> None:
    authority = make.authority()
    signed_in(client, make, authority)
    response = client.get(f"/authorities/{authority.id}/tables")
    assert (response.status_code, response.location) == (303, f"/authorities/{authority.id}/releases")


def test_the_methods_state_the_rules_that_the_first_release_will_be_made_with(new_page: Page) -> None:
    text = words(new_page("/methods"))
    assert "With fewer than 10 such schools, nothing is shown" in text
    assert "A number from 1 to 4" in text
    assert "the latest release" not in text


def test_the_navigation_names_the_four_pages_and_marks_the_one_that_is_read(new_page: Page) -> None:
    page = new_page("/releases")
    items = [item.get_text(strip=True) for item in page.select("#navigation li")]
    assert items == ["Overview", "Releases", "Tables", "Methods", "Requests"]
    assert [link.get_text(strip=True) for link in page.select("#navigation a[aria-current]")] == ["Releases"]
    assert "Fenshire" in page.select_one(".govuk-service-navigation__service-name").get_text()  # type: ignore[union-attr]


# Afterwards


@pytest.fixture
def area(make: Factory) -> Area:
    return make_area(make)


@pytest.fixture
def made(worker_app: Flask, make: Factory, area: Area) -> uuid.UUID:
    with worker_app.app_context():
        key = release(make, area)
    assert key is not None
    return key


@pytest.fixture
def page(client: FlaskClient, make: Factory, area: Area, made: uuid.UUID) -> Page:
    return signed_in(client, make, area.authority)


def test_the_overview_says_the_latest_figures_in_words_and_figures(page: Page) -> None:
    found = page("")
    text = words(found)
    assert "Autumn term 2026, as at 31 December 2026. 12 of 12 schools are in this release." in text
    assert "Prevent awareness: 50% of 72 staff who need it have it. There is no release to compare it with." in text
    assert "Referrals: 12 made in the academic year so far" in text
    assert "No school is ever named" in text
    figures = found.select("figure")
    assert "Training" in [figure.h2.get_text() for figure in figures]
    assert all(figure.select("table") and figure.select_one(".pt-figure__caption") for figure in figures)
    assert "c" in [key.get_text(strip=True) for key in found.select("main dt")]


def test_the_overview_says_what_changed_and_keeps_the_past(
    page: Page, make: Factory, worker_app: Flask, area: Area
) -> None:
    for member in area.staff:
        make.completion(member, on=AUTUMN.next.first_day) if area.staff.index(member) % 6 == 0 else None
    with worker_app.app_context():
        release(make, area, term=AUTUMN.next)
    text = words(page(""))
    assert "Prevent awareness: 67% of 72 staff who need it have it. Up by 17 percentage points since" in text
    assert "About the same as in Autumn term 2026" in text
    assert "Autumn term 2026: 50% of 72 staff who need it have it" in text


def test_the_overview_leads_to_every_figure_s_table(page: Page, area: Area, made: uuid.UUID) -> None:
    links = {link["href"] for link in page("").select("main a")}
    for key in ("training", "reading", "referral-rates"):
        assert f"/authorities/{area.authority.id}/releases/{made}/tables/{key}" in links


def test_the_list_names_each_release_once_and_says_when_the_next_are_due(page: Page) -> None:
    found = page("/releases")
    rows = [row.get_text(" ", strip=True) for row in found.select("tbody tr")]
    assert len(rows) == 1
    assert rows[0].startswith("Autumn term 2026 31 December 2026")
    assert len(found.select("main .govuk-list--bullet li")) == 3


def test_a_release_says_what_it_is_of_and_gives_its_files(page: Page, client: FlaskClient, made: uuid.UUID) -> None:
    found = page(f"/releases/{made}")
    text = words(found)
    assert "from 1 September 2026 to 31 December 2026" in text
    assert "12 of 12 that are open" in text
    assert "Filtering and monitoring reviews" not in text  # no school has recorded one
    assert len([word for word in text.split() if len(word) == 64]) == 1
    files = [link["href"] for link in found.select("main a[download]")]
    assert [name.rpartition("/")[2] for name in files] == [
        "release.csv",
        "release.ods",
        "release.xlsx",
        "summary.pdf",
        "document.json",
    ]
    assert {client.get(name).status_code for name in files} == {200}


def test_the_tables_page_is_the_latest_release(page: Page, worker_app: Flask, make: Factory, area: Area) -> None:
    assert page("/tables").h1.get_text() == "Autumn term 2026"  # type: ignore[union-attr]
    with worker_app.app_context():
        release(make, area, term=AUTUMN.next)
    assert page("/tables").h1.get_text() == "Spring term 2027"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("key", "heading"),
    [("taking-part", "Schools that have taken part"), ("training", "Training"), ("referrals", "Referrals")],
)
def test_a_table_shows_its_cells_and_explains_the_symbols_in_it(
    page: Page, made: uuid.UUID, key: str, heading: str
) -> None:
    found = page(f"/releases/{made}/tables/{key}")
    assert found.h1.get_text() == heading  # type: ignore[union-attr]
    cells = [cell.get_text(strip=True) for cell in found.select("tbody td")]
    assert cells
    explained = [key.get_text(strip=True) for key in found.select("main dt")]
    assert explained == [symbol for symbol in ("c", "z", "x", "low") if symbol in cells]


def test_a_download_is_the_stored_bytes_under_the_term_s_name(
    page: Page, client: FlaskClient, area: Area, made: uuid.UUID, make: Factory
) -> None:
    page("")
    response = client.get(f"/authorities/{area.authority.id}/releases/{made}/tables/training?format=csv")
    stored = make.session.scalars(select(ReleaseFile.body).where(ReleaseFile.name == "training.csv")).one()
    assert response.get_data() == stored
    assert response.headers["Content-Disposition"] == 'attachment; filename="2026-27-autumn-training.csv"'
    assert response.mimetype == "text/csv"


def test_an_officer_asks_and_a_publisher_answers(
    page: Page, client: FlaskClient, web_app: Flask, area: Area, made: uuid.UUID, make: Factory
) -> None:
    page("")
    address = f"/authorities/{area.authority.id}/requests"
    sent = {"subject": "posts", "by": ["concern"], "term": AUTUMN.key, "purpose": "To plan"}
    assert "Only referrals have a type of concern" in client.post(address, data=sent).get_data(as_text=True)
    sent = {"subject": "referrals", "by": ["kind"], "term": AUTUMN.key, "purpose": "To plan"}
    assert client.post(address, data=sent).status_code == 303
    assert "Waits for an answer" not in words(page("/methods"))
    assert "Referrals by term, by type of school" in words(page("/requests"))
    publisher = web_app.test_client()
    sign_in(publisher, make.member(Role.RELEASE_PUBLISHER, None))
    asked = make.session.scalars(select(ReleaseRequest.id)).one()
    answer = f"/platform/releases/requests/{asked}"
    assert "To plan" in publisher.get(answer).get_data(as_text=True)
    assert "Say why" in publisher.post(f"{answer}/decline", data={"reason": ""}).get_data(as_text=True)
    assert publisher.post(f"{answer}/decline", data={"reason": "Too few schools."}).status_code == 303
    assert "Too few schools." in words(page("/requests"))


def test_a_publisher_sees_what_is_hidden_and_why_and_decides(
    web_app: Flask, worker_app: Flask, area: Area, make: Factory
) -> None:
    with worker_app.app_context():
        made = draft(area)
    publisher = web_app.test_client()
    sign_in(publisher, make.member(Role.RELEASE_PUBLISHER, None))
    assert publisher.get("/platform/people").status_code == 404
    address = f"/platform/releases/drafts/{made}"
    found = BeautifulSoup(publisher.get(address).get_data(as_text=True), "html5lib")
    text = words(found)
    assert "Audit Passed" in text
    assert "What is hidden, and why" in text
    numbers = [row.get_text(" ", strip=True) for row in found.select("#hidden ~ tbody tr")]
    assert any(number.startswith("Referrals, 2026/27 – Autumn term 2026 – ") for number in numbers)
    assert any("Would say the same of everybody in it" in number for number in numbers)
    assert not any("@" in number or "|" in number for number in numbers)
    assert "Say why" in publisher.post(f"{address}/send-back", data={"reason": ""}).get_data(as_text=True)
    assert publisher.post(f"{address}/approve").status_code == 303
    assert "Approved, about to come out" in words(
        BeautifulSoup(publisher.get(address).get_data(as_text=True), "html5lib")
    )
    jobs = make.session.scalars(select(JobRun.arguments).where(JobRun.kind == "settle_release")).all()
    assert jobs == [{"authority_id": str(area.authority.id), "draft_id": str(made)}]
    assert "Wait" not in publisher.get("/platform/releases?format=csv").get_data(as_text=True)


def test_a_school_and_its_trust_read_what_was_released_with_their_records(
    web_app: Flask, area: Area, made: uuid.UUID, make: Factory
) -> None:
    school, trust = area.schools[0], area.trusts[0]
    for role, place, path in ((Role.PREVENT_LEAD, school, "schools"), (Role.TRUST_LEAD, trust, "trusts")):
        reader = web_app.test_client()
        sign_in(reader, make.member(role, place))
        address = f"/{path}/{place.id}/releases"
        assert "Autumn term 2026" in reader.get(address).get_data(as_text=True)
        assert "Prevent awareness" in reader.get(f"{address}/{made}").get_data(as_text=True)
        assert reader.get(f"{address}/{uuid.uuid4()}").status_code == 404


def test_a_table_that_no_release_has_is_not_found(page: Page, client: FlaskClient, area: Area, made: uuid.UUID) -> None:
    page("")
    for path in (f"{made}/tables/schools", f"{made}/tables/tables.json", f"{uuid.uuid4()}"):
        assert client.get(f"/authorities/{area.authority.id}/releases/{path}").status_code == 404


def test_a_release_of_too_few_schools_says_so_on_every_page(
    client: FlaskClient, make: Factory, worker_app: Flask
) -> None:
    few = make_area(make, schools=9)
    with worker_app.app_context():
        made = release(make, few)
    page = signed_in(client, make, few.authority)
    assert "Too few schools are in it for figures to be shown" in words(page(""))
    assert "Too few to say" in words(page(f"/releases/{made}"))
    assert client.get(f"/authorities/{few.authority.id}/releases/{made}/tables/training").status_code == 404


def test_the_pages_ask_the_web_s_role_for_no_school_s_record(
    page: Page, web_app: Flask, client: FlaskClient, area: Area, made: uuid.UUID
) -> None:
    asked: list[str] = []
    with web_app.app_context():
        engine = db.engine

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        for path in ("", "/releases", "/tables", "/methods", f"/releases/{made}", f"/releases/{made}/tables/training"):
            page(path)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    tables = {name for name in db.metadata.tables if any(f" {name} " in f"{text} " for text in asked)}
    assert "membership" in tables
    assert tables <= {"account", "membership", "local_authority"}
