"""From a release of real records, whatever an officer can ask for: no school, no person, no small number."""

import csv
import io
import os
import re
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, text, update
from werkzeug.test import TestResponse

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.database_roles import WORKER
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import request_job
from prevent_trust.mail import OutgoingMail
from prevent_trust.tenancy import AuthorityScope, PlatformScope, bind_scope
from tenants.access.models import Role
from tenants.calendar.rules import term_of
from tenants.insights.disclosure.models import (
    Release,
    ReleaseContribution,
    ReleaseDraft,
    ReleaseDraftFile,
    ReleaseFile,
    ReleaseValue,
)
from tenants.insights.disclosure.publishing import approve
from tenants.organisations.models import School
from tenants.plan.models import ActionStatus, PlanAnswer
from tenants.referrals.models import Referral
from tests.areas import Area, add_school, draft, make_area, release
from tests.factories import Factory, sign_in

SMALL = {"1", "2", "3", "4"}
TABLES = ("taking-part", "plan", "training", "reading", "referrals", "referral-rates")
FILES = ("release.csv", "release.ods", "release.xlsx", "summary.pdf", "document.json")


@pytest.fixture
def area(make: Factory) -> Area:
    return make_area(make)


@pytest.fixture
def officer(client: FlaskClient, make: Factory, area: Area) -> FlaskClient:
    sign_in(client, make.member(Role.AUTHORITY_OFFICER, area.authority, name="Olive Officer"))
    return client


@pytest.fixture
def make_release_in_worker(worker_app: Flask, make: Factory) -> Callable[[Area], uuid.UUID | None]:
    def make_it(area: Area) -> uuid.UUID | None:
        with worker_app.app_context():
            return release(make, area)

    return make_it


MakeRelease = Callable[[Area], uuid.UUID | None]


def addresses(app: Flask, area: Area, release_id: uuid.UUID) -> Iterator[str]:
    """Every page and download of the authority, for every table, and the pages that say that there is none."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if not rule.endpoint.startswith("authority."):
                continue
            values = {"authority_id": area.authority.id, "release_id": release_id}
            assert rule.arguments <= {*values, "key"}, f"{rule.rule}: what does its new argument stand for?"
            if "GET" not in (rule.methods or ()):
                continue
            keys = FILES if rule.endpoint == "authority.release_download" else TABLES
            for key in keys if "key" in rule.arguments else (None,):
                known = {name: value for name, value in (values | {"key": key}).items() if name in rule.arguments}
                yield url_for(rule.endpoint, **known)
                yield url_for(rule.endpoint, **known, format="csv")
            for name in rule.arguments:
                lost = "nothing" if name == "key" else uuid.uuid4()
                filled = {"authority_id": area.authority.id, "release_id": release_id, "key": "plan"} | {name: lost}
                yield url_for(rule.endpoint, **{name: filled[name] for name in rule.arguments})
        for endpoint in ("auth.home", "auth.organisations", "auth.account"):
            yield url_for(endpoint)
        for school in area.schools[:1]:
            yield from (url_for(rule.endpoint, school_id=school.id) for rule in _of_a_school(app))


def _of_a_school(app: Flask) -> list[Any]:
    return [
        rule for rule in app.url_map.iter_rules() if rule.arguments == {"school_id"} and "GET" in (rule.methods or ())
    ]


def everything(app: Flask, officer: FlaskClient, area: Area, release_id: uuid.UUID) -> dict[str, TestResponse]:
    found = {address: officer.get(address) for address in addresses(app, area, release_id)}
    assert sum(response.status_code == 200 for response in found.values()) > 12
    return found


def said(response: TestResponse) -> str:
    """Headers and body; of a spreadsheet the text of all that is packed in it."""
    body = response.get_data()
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            body = b"\n".join(archive.read(name) for name in archive.namelist())
    return f"{response.headers}\n{body.decode(errors='replace')}"


def names_in(text_: str, area: Area) -> set[str]:
    held = (secret for secret in area.secrets if secret in text_)
    return {secret for secret in held if re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text_)}


def shown_cells(response: TestResponse) -> list[str]:
    """The cells of every table of a page, or of a file, without those that head their row."""
    if response.mimetype not in {"text/csv", "text/html"}:
        return []
    body = response.get_data(as_text=True)
    if response.mimetype == "text/csv":
        return [cell for line in list(csv.reader(io.StringIO(body)))[1:] for cell in line[1:]]
    return [cell.get_text(strip=True) for cell in BeautifulSoup(body, "html5lib").select("td")]


# What is said


def test_nothing_that_an_officer_can_fetch_names_a_school_or_a_person(
    web_app: Flask, officer: FlaskClient, area: Area, make_release_in_worker: MakeRelease
) -> None:
    made = make_release_in_worker(area)
    assert made is not None
    for address, response in everything(web_app, officer, area, made).items():
        assert response.status_code in {200, 302, 303, 404}, address
        assert names_in(said(response), area) == set(), address


def test_the_error_page_of_a_damaged_release_names_nobody(
    web_app: Flask,
    officer: FlaskClient,
    area: Area,
    make: Factory,
    make_release_in_worker: MakeRelease,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_release_in_worker(area)
    make.session.execute(text("set local session_replication_role = replica"))  # past the trigger that forbids it
    make.session.execute(update(ReleaseFile).values(body=b"{}"))
    make.session.commit()
    monkeypatch.setitem(web_app.config, "TESTING", False)
    response = officer.get(f"/authorities/{area.authority.id}/releases/{made}")
    assert response.status_code == 500
    assert names_in(said(response), area) == set()
    assert "release_file" not in said(response)


def test_the_secrets_would_be_found_on_a_page_that_says_them(
    web_app: Flask, client: FlaskClient, make: Factory, area: Area
) -> None:
    school = area.schools[0]
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    response = client.get(f"/schools/{school.id}/staff")
    assert {school.name, area.staff[0].family_name} <= names_in(said(response), area)


def test_no_number_from_one_to_four_is_shown(
    web_app: Flask, officer: FlaskClient, area: Area, make_release_in_worker: MakeRelease
) -> None:
    made = make_release_in_worker(area)
    assert made is not None
    pages = everything(web_app, officer, area, made)
    cells = [cell for response in pages.values() for cell in shown_cells(response)]
    assert "c" in cells
    assert "12" in cells
    assert SMALL & set(cells) == set()
    # The rules themselves speak of three schools; they are the same for every release.
    in_words = " ".join(
        BeautifulSoup(response.get_data(as_text=True), "html5lib").get_text(" ", strip=True)
        for address, response in pages.items()
        if response.mimetype == "text/html" and "/methods" not in address
    )
    assert not re.search(r"(?<![\d.,])[1-4] (?:schools?|referrals?|staff|actions?|of)\b", in_words)


def test_a_hidden_cell_says_nothing_in_its_attributes(
    officer: FlaskClient, area: Area, make_release_in_worker: MakeRelease
) -> None:
    made = make_release_in_worker(area)
    page = officer.get(f"/authorities/{area.authority.id}/releases/{made}/tables/referrals")
    hidden = [
        cell
        for cell in BeautifulSoup(page.get_data(as_text=True), "html5lib").select("td")
        if cell.get_text(strip=True) == "c"
    ]
    assert hidden
    for cell in hidden:
        for tag in (cell, *cell.find_all(True)):
            assert not re.search(
                r"\d", str({name: value for name, value in tag.attrs.items() if name != "viewbox"})
            ) or (tag.find_parent("svg") or tag.name == "svg"), tag
    assert len({str(cell) for cell in hidden}) == 1


def test_with_nine_schools_there_is_not_one_number(
    web_app: Flask, client: FlaskClient, make: Factory, make_release_in_worker: MakeRelease
) -> None:
    few = make_area(make, schools=9)
    sign_in(client, make.member(Role.AUTHORITY_OFFICER, few.authority))
    made = make_release_in_worker(few)
    assert made is not None
    tidy = client.get(f"/authorities/{few.authority.id}/releases/{made}/files/release.csv")
    assert shown_cells(tidy) == []
    for address in addresses(web_app, few, made):
        response = client.get(address)
        assert names_in(said(response), few) == set()
        assert "9 schools" not in said(response)
    overview = BeautifulSoup(client.get(f"/authorities/{few.authority.id}").get_data(as_text=True), "html5lib")
    assert "Too few schools" in overview.get_text(" ", strip=True)
    assert overview.select("main td, main li, main figure") == []


def test_three_referrals_look_like_none_that_may_be_told(
    officer: FlaskClient, area: Area, make: Factory, make_release_in_worker: MakeRelease
) -> None:
    make.session.execute(delete(Referral).where(Referral.school_id != area.schools[0].id))
    make.session.commit()
    make.referral(area.schools[1], made_on=area.term.first_day)
    made = make_release_in_worker(area)
    of_three = officer.get(f"/authorities/{area.authority.id}/releases/{made}/tables/referrals?format=csv")
    assert SMALL & set(shown_cells(of_three)) == set()
    document = officer.get(f"/authorities/{area.authority.id}/releases/{made}/files/document.json").get_json()
    assert all(cell.get("shown") != 3 for key, cell in document["cells"].items() if key.startswith("referrals"))


# Once, and for good


def _content(officer: FlaskClient, address: str) -> str:
    """The page without the token of its sign-out form, in which the second of its making is signed."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", officer.get(address).get_data().decode("latin-1"))


def test_a_frozen_release_stays_as_it_is_whatever_schools_change(
    web_app: Flask, officer: FlaskClient, area: Area, make: Factory, make_release_in_worker: MakeRelease
) -> None:
    made = make_release_in_worker(area)
    assert made is not None
    asked = list(addresses(web_app, area, made))
    before = [_content(officer, address) for address in asked]
    _change_everything(make, area)
    assert make_release_in_worker(area) is None
    after = [_content(officer, address) for address in asked]
    assert [address for address, was, is_now in zip(asked, before, after, strict=True) if was != is_now] == []


def _change_everything(make: Factory, area: Area) -> None:
    for member in area.staff[:40]:
        make.completion(member, "safeguarding-annual", on=area.term.first_day)
    for school in area.schools:
        make.referral(school, made_on=area.term.first_day)
    make.session.execute(update(PlanAnswer).values(status=ActionStatus.MET))
    make.session.execute(update(School).values(pupils=999))
    make.session.commit()
    add_school(make, area, 50)


def test_a_release_is_one_authority_s_alone(
    client: FlaskClient, make: Factory, area: Area, make_release_in_worker: MakeRelease
) -> None:
    made = make_release_in_worker(area)
    elsewhere = make.authority()
    sign_in(client, make.member(Role.AUTHORITY_OFFICER, elsewhere))
    for path in ("", "/tables/plan", "/tables/plan?format=csv"):
        assert client.get(f"/authorities/{elsewhere.id}/releases/{made}{path}").status_code == 404
        assert client.get(f"/authorities/{area.authority.id}/releases/{made}{path}").status_code == 404


# Killed anywhere


def test_a_draft_s_job_that_is_killed_anywhere_leaves_no_half_draft(
    worker_app: Flask, make: Factory, superuser: sa.Engine
) -> None:
    area = make_area(make, schools=9, term=term_of(today()).previous)
    with worker_app.app_context():
        job_id = _ask_for(area.scope, "make_release", term=area.term.key)
    drafts = (ReleaseDraft, ReleaseValue)
    deaths = _killed_step_by_step(
        worker_app, superuser, job_id, lambda: _rows(make, *drafts), {(0, 0), (1, 1)}, stride=5
    )
    assert deaths > 5
    files = _rows(make, ReleaseDraftFile)
    with worker_app.app_context():
        run_job(str(job_id))
        db.session.remove()
    assert _rows(make, *drafts, ReleaseDraftFile) == (1, 1, *files)
    assert _rows(make, Release) == (0,)


def test_a_publication_that_is_killed_anywhere_shows_no_half_release_and_tells_each_officer_once(
    worker_app: Flask, client: FlaskClient, make: Factory, superuser: sa.Engine
) -> None:
    area = make_area(make, schools=9, term=term_of(today()).previous)
    officer = make.member(Role.AUTHORITY_OFFICER, area.authority)
    sign_in(client, officer)
    approver = make.account().id
    with worker_app.app_context():
        made = draft(area)
        assert made is not None
        bind_scope(PlatformScope())
        approve(PlatformScope(), draft_id=made, account_id=approver)
        job_id = _ask_for(area.scope, "settle_release", draft_id=str(made))
    (files,) = _rows(make, ReleaseDraftFile)
    parts = (Release, ReleaseFile, ReleaseContribution)

    def there() -> tuple[int, ...]:
        found = _rows(make, *parts)
        page = client.get(f"/authorities/{area.authority.id}/releases").get_data(as_text=True)
        assert ("No release yet" in page) is (found == (0, 0, 0))
        return found

    deaths = _killed_step_by_step(worker_app, superuser, job_id, there, {(0, 0, 0), (1, files, 1)}, stride=2)
    assert deaths > 10
    assert _rows(make, *parts) == (1, files, 1)
    mails = make.session.scalars(select(OutgoingMail.to_address).where(OutgoingMail.kind == "release")).all()
    assert mails == [officer.email]


def _killed_step_by_step(
    worker_app: Flask,
    superuser: sa.Engine,
    job_id: uuid.UUID,
    there: Callable[[], tuple[int, ...]],
    allowed: set[tuple[int, ...]],
    *,
    stride: int,
) -> int:
    """Kills the job before its first statement, then `stride` later, and so on until it gets through. Returns how often."""
    with superuser.connect() as connection:
        started = connection.scalar(text("select clock_timestamp()"))
    deaths = 0
    while _killed_at(worker_app, job_id, deaths * stride + 1):
        deaths += 1
        assert deaths < 250
        _wait_until_the_dead_let_go(superuser, since=started)
        assert there() in allowed, deaths
    return deaths


def _ask_for(scope: AuthorityScope, kind: str, **arguments: str) -> uuid.UUID:
    bind_scope(scope)
    arguments |= {"authority_id": str(scope.authority_id)}
    job_id = request_job(kind, scope=scope, title="Release", arguments=arguments)
    db.session.commit()
    db.session.remove()
    return job_id


def _killed_at(worker_app: Flask, job_id: uuid.UUID, step: int) -> bool:
    """Does the job in a process of its own that dies before its `step`-th statement or commit. False when it got through."""
    child = os.fork()
    if child == 0:
        _do_until(worker_app, job_id, step)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {0, 9}
    return code == 9


def _do_until(worker_app: Flask, job_id: uuid.UUID, step: int) -> None:
    steps = iter(range(1, step))

    def die_at_the_last(*_: object) -> None:
        if next(steps, None) is None:
            os._exit(9)

    try:
        with worker_app.app_context():
            for event in ("before_cursor_execute", "commit"):
                sa.event.listen(db.engine, event, die_at_the_last)
            run_job(str(job_id))
            os._exit(0)
    finally:
        os._exit(1)


def _wait_until_the_dead_let_go(superuser: sa.Engine, *, since: datetime) -> None:
    """Until PostgreSQL has noticed that the process is gone, and rolled back."""
    query = text("select count(*) from pg_stat_activity where usename = :role and backend_start > :since")
    for _ in range(500):
        with superuser.connect() as connection:
            if connection.scalar(query, {"role": WORKER, "since": since}) == 0:
                return
            connection.execute(text("select pg_sleep(0.02)"))
    pytest.fail("the dead process still holds its connections")


def _rows(make: Factory, *models: type[Any]) -> tuple[int, ...]:
    make.session.rollback()
    return tuple(make.session.scalar(select(func.count()).select_from(each)) or 0 for each in models)
