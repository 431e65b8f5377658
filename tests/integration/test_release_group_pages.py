"""The pages of groups of authorities: a publisher keeps them and decides, an officer of each authority reads."""

import csv
import io
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.models import JobRun, JobState
from tenants.access.models import Role
from tenants.calendar.rules import term_of
from tenants.insights.disclosure.models import DraftState, ReleaseDraft, ReleaseGroup
from tenants.insights.disclosure.types import ReleaseRules
from tests.areas import Area, make_area, release
from tests.factories import Factory, sign_in
from tests.isolation.addresses import make_draft_row, make_release_row

GROUPS = "/platform/releases/groups"
LAST = term_of(today()).previous


@dataclass
class Reader:
    """Somebody who is signed in."""

    client: FlaskClient

    def get(self, address: str) -> str:
        """What the page's main part says."""
        return words(self.page(address))

    def page(self, address: str) -> BeautifulSoup:
        answer = self.client.get(address)
        assert answer.status_code == 200, address
        return BeautifulSoup(answer.text, "html5lib")

    def post(self, address: str, **data: Any) -> str:
        """What the page says that the form leads to."""
        answer = self.client.post(address, data=data, follow_redirects=True)
        assert answer.status_code == 200, address
        return words(BeautifulSoup(answer.text, "html5lib"))

    def table(self, address: str) -> list[list[str]]:
        answer = self.client.get(address)
        assert answer.mimetype == "text/csv"
        return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def words(page: BeautifulSoup) -> str:
    return " ".join(page.select_one("main").get_text(" ").split())  # type: ignore[union-attr]


@pytest.fixture
def publisher(web_app: Flask, make: Factory) -> Reader:
    reader = Reader(web_app.test_client())
    sign_in(reader.client, make.member(Role.RELEASE_PUBLISHER))
    return reader


def officer_of(web_app: Flask, make: Factory, area: Area) -> Reader:
    reader = Reader(web_app.test_client())
    sign_in(reader.client, make.member(Role.AUTHORITY_OFFICER, area.authority))
    return reader


def do_jobs(worker_app: Flask, make: Factory) -> None:
    """Everything that was asked for and is about releases."""
    make.session.rollback()
    waiting = select(JobRun.id).where(JobRun.state == JobState.QUEUED, JobRun.queue == "reports")
    with worker_app.app_context():
        for job_id in make.session.scalars(waiting.order_by(JobRun.created_at)).all():
            run_job(str(job_id))
            db.session.remove()
    make.session.rollback()


def test_a_group_is_added_with_at_least_three_authorities_and_changed(publisher: Reader, make: Factory) -> None:
    assert "No groups yet" in publisher.get(GROUPS)
    keys = {name: make.authority(name=name).id for name in ("Ely", "Wisbech", "March", "Soham")}
    choices = [label.get_text(strip=True) for label in publisher.page(f"{GROUPS}/new").select("main label")]
    assert choices == ["Name of the group", "Ely", "March", "Soham", "Wisbech"]
    two = [keys["Ely"], keys["March"]]
    assert "Choose at least 3 authorities" in publisher.post(f"{GROUPS}/new", name="Fens", authorities=two)
    assert "Choose at least 3 authorities" in publisher.post(f"{GROUPS}/new", name="Fens", authorities=["x", "y", "z"])
    three = [*two, keys["Soham"]]
    assert "Enter what the group is called" in publisher.post(f"{GROUPS}/new", name="", authorities=three)
    assert "Use at most 200 characters" in publisher.post(f"{GROUPS}/new", name="F" * 201, authorities=three)
    refused = publisher.client.post(f"{GROUPS}/new", data={"name": " ", "authorities": three}).text
    page = BeautifulSoup(refused, "html5lib")
    assert page.select_one(".govuk-error-summary a")["href"] == "#name"  # type: ignore[index]
    assert page.title.get_text().startswith("Error: ")  # type: ignore[union-attr]
    assert len(page.select("input[name=authorities][checked]")) == 3  # nothing has to be chosen again
    assert make.session.scalars(select(ReleaseGroup)).all() == []

    saved = publisher.post(f"{GROUPS}/new", name="Fens", authorities=three)
    assert "The group is saved" in saved
    assert "0 of 3 authorities have a release that is out" in saved
    assert "a group of that name already" in publisher.post(f"{GROUPS}/new", name="Fens", authorities=three)
    make.session.rollback()
    group = make.session.scalars(select(ReleaseGroup)).one()
    address = f"{GROUPS}/{group.id}"
    assert "Wisbech: no release that is out" in publisher.post(address, name="Isle", authorities=list(keys.values()))
    make.session.refresh(group)
    assert (group.name, len(group.authorities)) == ("Isle", 4)
    assert "0 of the 4 authorities have a release" in publisher.post(f"{address}/draft")
    assert make.session.scalars(select(JobRun)).all() == []  # nothing was asked for that cannot be made
    assert publisher.client.get(f"{GROUPS}/{uuid.uuid4()}").status_code == 404


def make_groups(make: Factory) -> dict[str, ReleaseGroup]:
    """Two groups over the same two authorities, each with one of its own; one has a draft of the last term."""
    shared = [make.authority(name=name).id for name in ("Ely", "March")]
    found = {}
    for name, own in (("Fens", "Soham"), ("Wolds", "Louth")):
        found[name] = make.add(ReleaseGroup(name=name, authorities=[*shared, make.authority(name=own).id]))
    make_draft_row(make, found["Fens"], term=LAST.previous.key, state=DraftState.APPROVED)
    make_draft_row(make, found["Wolds"], term=LAST.key)
    make_draft_row(make, make.authority(name="Thetford"), term=LAST.key, state=DraftState.REFUSED)
    return found


def test_the_list_of_groups_is_filtered_and_downloaded(publisher: Reader, make: Factory) -> None:
    make_groups(make)

    def listed(query: str) -> list[str]:
        return [row.th.get_text() for row in publisher.page(f"{GROUPS}?{query}").select("tbody tr")]  # type: ignore[union-attr]

    assert listed("") == ["Fens", "Wolds"]
    assert listed("search=louth") == ["Wolds"]  # an authority's name finds its groups
    assert listed("state=drafted") == ["Wolds"]
    assert listed("state=waiting&search=fen") == ["Fens"]
    assert "No group is like that" in publisher.get(f"{GROUPS}?search=nowhere")
    headers, *rows = publisher.table(f"{GROUPS}?format=csv&search=wolds")
    assert headers == ["Group", f"Release of the {LAST.title.lower()}", "Authority", "Its release is out"]
    assert rows == [["Wolds", "Drafted, not out", name, "No"] for name in ("Ely", "Louth", "March")]


def test_the_ledger_is_filtered_paged_and_downloaded(publisher: Reader, make: Factory) -> None:
    make_groups(make)

    def listed(query: str) -> list[str]:
        page = publisher.page(f"/platform/releases?{query}")
        return [row.th.get_text() for row in page.select("tbody tr")]  # type: ignore[union-attr]

    assert len(listed("")) == 3
    assert listed("of=group&state=awaiting") == ["Wolds, Summer term 2026"]
    assert listed(f"term={LAST.key}&of=authority") == ["Thetford, Summer term 2026"]
    assert listed("search=fens") == ["Fens, Summer term 2026"]
    assert "No draft or release is like that" in publisher.get("/platform/releases?search=nowhere")
    headers, *rows = publisher.table("/platform/releases?format=csv&of=group")
    assert headers[:4] == ["Authority or group", "Kind", "Release", "State"]
    assert sorted(row[:2] for row in rows) == [["Fens", "Group"], ["Wolds", "Group"]]
    for _ in range(48):
        make_draft_row(make, make.authority(), state=DraftState.REFUSED)
    assert (len(listed("")), len(listed("page=2"))) == (50, 1)


def test_an_officer_reads_the_releases_of_groups_that_their_authority_is_in_and_no_other(
    web_app: Flask, make: Factory
) -> None:
    area = make_area(make, schools=0)
    others = [make.authority(name=f"Other {number}").id for number in range(3)]
    inside = make.add(ReleaseGroup(name="Fens", authorities=[area.authority.id, *others[:2]]))
    outside = make.add(ReleaseGroup(name="Wolds", authorities=others))
    ours, theirs, own = (
        make_release_row(make, owner, ledger=number) for number, owner in enumerate((inside, outside, area.authority))
    )
    reader = officer_of(web_app, make, area)
    base = f"/authorities/{area.authority.id}/releases"

    def listed(query: str = "") -> list[str]:
        return [row.th.get_text() for row in reader.page(base + query).select("tbody tr")]  # type: ignore[union-attr]

    assert sorted(listed()) == ["Fens, Summer term 2026", "Summer term 2026"]
    assert listed("?of=group") == ["Fens, Summer term 2026"]
    assert listed("?of=own") == ["Summer term 2026"]
    headers, *rows = reader.table(f"{base}?format=csv")
    assert headers[:3] == ["Of", "Release", "As at"]
    assert sorted(row[0] for row in rows) == ["Fenshire", "Fens"] or sorted(row[0] for row in rows) == [
        "Fens",
        "Fenshire",
    ]
    assert "Their own numbers are not in it" in reader.get(f"{base}/{ours.id}")
    assert reader.client.get(f"{base}/{own.id}").status_code == 200
    for path in ("", "/tables/plan", "/tables/plan?format=csv", "/files/release.csv"):
        assert reader.client.get(f"{base}/{ours.id}{path}").status_code == 200, path
        for authority in (area.authority.id, others[0]):
            assert reader.client.get(f"/authorities/{authority}/releases/{theirs.id}{path}").status_code == 404, path
    assert reader.client.get(f"/authorities/{others[0]}/releases/{ours.id}").status_code == 404
    assert reader.client.get(f"{GROUPS}/{inside.id}").status_code == 404


@pytest.fixture
def areas(make: Factory, worker_app: Flask) -> list[Area]:
    """Three small authorities, whose releases of the last term are out; together they have schools enough for figures."""
    with worker_app.app_context():
        found = [make_area(make, schools=4, term=LAST) for _ in range(3)]
        for area in found:
            release(make, area, rules=ReleaseRules(schools=3))
    return found


def test_a_group_s_draft_goes_back_comes_out_is_read_and_withdrawn_members_overtake_it(
    publisher: Reader, web_app: Flask, worker_app: Flask, make: Factory, areas: list[Area]
) -> None:
    keys = [area.authority.id for area in areas]
    assert "3 of 3 authorities have a release that is out" in publisher.post(
        f"{GROUPS}/new", name="Fens", authorities=keys
    )
    group = make.session.scalars(select(ReleaseGroup)).one()
    address = f"{GROUPS}/{group.id}"
    asked = publisher.post(f"{address}/draft")
    assert "The draft is being made" in asked
    assert f"Draft release for Fens, {LAST.title} Waiting to start" in asked
    do_jobs(worker_app, make)
    assert f"{LAST.title} , made on" in publisher.get(address)
    assert "There is a draft or a release of that term already" in publisher.post(f"{address}/draft")

    first = newest(make, group)
    assert "Say why" in publisher.post(f"{draft_of(first)}/send-back", reason=" ")
    assert "Sent back: The area is not complete." in publisher.post(
        f"{draft_of(first)}/send-back", reason="The area is not complete."
    )
    assert "The draft is being made" in publisher.post(f"{draft_of(first)}/again")
    do_jobs(worker_app, make)
    second = newest(make, group)
    assert second.id != first.id
    shown = publisher.get(draft_of(second))
    assert "Checked against 3 earlier releases" in shown
    assert "Authorities of the group, and how many of their schools are in this release" in shown
    assert "Would say the same of everybody in it" in shown
    assert "staff who are asked for it and do not have it" in shown
    assert not any(mark in shown for mark in ("@", "|", "area="))
    assert "Approved, about to come out" in publisher.post(f"{draft_of(second)}/approve")
    do_jobs(worker_app, make)
    assert "State Published" in publisher.get(draft_of(second))
    _is_read_by_an_officer(officer_of(web_app, make, areas[0]), areas[0])

    _is_overtaken(publisher, worker_app, make, areas, group)


def draft_of(draft: ReleaseDraft) -> str:
    return f"/platform/releases/drafts/{draft.id}"


def newest(make: Factory, group: ReleaseGroup) -> ReleaseDraft:
    make.session.rollback()
    query = select(ReleaseDraft).where(ReleaseDraft.group_id == group.id).order_by(ReleaseDraft.created_at.desc())
    return make.session.scalars(query.limit(1)).one()


def _is_read_by_an_officer(officer: Reader, area: Area) -> None:
    base = f"/authorities/{area.authority.id}/releases"
    link = officer.page(f"{base}?of=group").select_one("tbody a")
    assert link is not None
    assert link.get_text() == f"Fens, {LAST.title}"
    found = officer.page(str(link["href"]))
    text = words(found)
    assert "12 of 12 that are open" in text
    assert "Authorities of the group" in text
    for address in [str(each["href"]) for each in found.select("main a[download]")]:
        assert officer.client.get(address).status_code == 200, address
    tables = [str(each["href"]) for each in found.select("main ul a") if "/tables/" in str(each["href"])]
    pages = {address: officer.page(address) for address in tables}
    withheld = [address for address, page in pages.items() if "This table is withheld" in words(page)]
    assert len(pages) - len(withheld) > 5
    assert all(page.select("main table") for address, page in pages.items() if address not in withheld)
    assert all(len(officer.table(f"{address}?format=csv")) > 1 for address in pages)


def _is_overtaken(publisher: Reader, worker_app: Flask, make: Factory, areas: list[Area], group: ReleaseGroup) -> None:
    """Another group of the same authorities is drafted; one of their releases is withdrawn before that comes out."""
    publisher.post(f"{GROUPS}/new", name="Wolds", authorities=[area.authority.id for area in areas])
    make.session.rollback()
    wolds = make.session.scalars(select(ReleaseGroup).where(ReleaseGroup.name == "Wolds")).one()
    publisher.post(f"{GROUPS}/{wolds.id}/draft")
    do_jobs(worker_app, make)
    made = newest(make, wolds)
    of_member = make.session.scalars(
        select(ReleaseDraft).where(ReleaseDraft.authority_id == areas[0].authority.id)
    ).one()
    assert "being withdrawn" in publisher.post(f"{draft_of(of_member)}/withdraw", reason="A fault in the list.")
    publisher.post(f"{draft_of(made)}/approve")
    do_jobs(worker_app, make)
    shown = publisher.get(draft_of(made))
    assert "State Overtaken, to be made again" in shown
    assert "Overtaken: A release that it adds up was withdrawn since this draft was made." in shown
    assert "2 of the 3 authorities have a release" in publisher.post(f"{draft_of(made)}/again")
    assert f"{LAST.title} , made on" in publisher.get(f"{GROUPS}/{group.id}")  # the first group's release stands
