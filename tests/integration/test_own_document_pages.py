"""Writing documents of one's own on the pages of a school and of a trust, and reading them behind the link."""

import io
import re
import uuid
from datetime import date, datetime, timedelta
from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tenants.access.models import Role
from tenants.insights.measures.known import LONDON
from tenants.organisations.models import School, Trust
from tenants.reading.models import ConfirmationSource, DocumentEdition, DocumentPart, ReadingConfirmation
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tests.factories import Factory, sign_in
from tests.integration.test_reading_links import link_in, mails
from tests.integration.test_reading_sheets import printed


def boxes(name: str, day: date) -> dict[str, str]:
    return {f"{name}-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}


TODAY = boxes("in_force_from", datetime.now(LONDON).date())
DUE = boxes("due_on", datetime.now(LONDON).date() + timedelta(days=60))
TEXT = "Tell the DSL.\n\n- Ring 01632 960001\n- See https://gov.example/prevent <script>alert(1)</script>"
PDF = b"%PDF-1.7 the policy"


@pytest.fixture
def trust(make: Factory) -> Trust:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Trust) -> School:
    return make.school(trust=trust, name="Mallard Primary School")


@pytest.fixture
def ada(make: Factory, school: School) -> StaffMember:
    return make.staff(school, StaffRole.TEACHING, given_name="Ada", family_name="Finch", email="ada@school.example")


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    return client


@pytest.fixture
def trust_lead(web_app: Flask, make: Factory, trust: Trust) -> FlaskClient:
    client = web_app.test_client()
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    return client


def follow(response: TestResponse) -> str:
    assert response.status_code == 303, response.text
    return str(response.location)


def begun(client: FlaskClient, base: str, label: str = "1", key: str | None = None) -> str:
    """The address of an edition that is being written: of a shared document, or of one that is made for it."""
    if key is None:
        values = {"title": "Code of conduct", "label": label} | TODAY
        return follow(client.post(f"{base}/documents/new", data=values))
    values = {"label": label} | TODAY
    return follow(client.post(f"{base}/documents/{key}/new-edition", data=values))


def add_text(client: FlaskClient, edition: str, title: str, text: str, *roles: str) -> None:
    values = {"title": title, "text": text, "audience": list(roles)}
    follow(client.post(f"{edition}/parts/new?kind=text", data=values))


def add_file(client: FlaskClient, edition: str, title: str, *roles: str, content: bytes = PDF) -> None:
    file = (io.BytesIO(content), "policy.pdf")
    follow(client.post(f"{edition}/parts/new?kind=file", data={"title": title, "file": file, "audience": list(roles)}))


def put_in_force(client: FlaskClient, edition: str, asks: str = "changed") -> str:
    return client.post(f"{edition}/publish", data={"asks": asks}, follow_redirects=True).text


def own_key(make: Factory, title: str = "Code of conduct") -> str:
    make.session.rollback()
    return str(
        make.session.execute(sa.text("select key from document where title = :title"), {"title": title}).scalar_one()
    )


def asked(client: FlaskClient, make: Factory, school: School, key: str) -> str:
    """Ada's link."""
    follow(client.post(f"/schools/{school.id}/reading/{key}/ask", data=DUE))
    make.session.rollback()
    return link_in(mails(make)["ada@school.example"])


def shown(page: str) -> dict[str, str]:
    found = re.search(r'name="shown"[^>]*value="([0-9a-f]+)"', page)
    assert found
    return {"shown": found[1]}


def test_a_document_of_ones_own_is_written_put_in_force_asked_for_read_and_confirmed(
    lead: FlaskClient, web_app: Flask, make: Factory, school: School, ada: StaffMember
) -> None:
    base = f"/schools/{school.id}/reading"
    edition = begun(lead, base)
    add_text(lead, edition, "What to do", TEXT)
    add_file(lead, edition, "The policy")
    add_file(lead, edition, "For governors", "governor", content=b"%PDF-1.7 for governors")
    assert "Code of conduct, edition 1" in lead.get(base).text, "one finds again what is being written"
    assert "is in force" in put_in_force(lead, edition)
    link = asked(lead, make, school, own_key(make))
    reader = web_app.test_client()
    page = reader.get(link).text
    assert "<li>Ring 01632 960001</li>" in page
    assert '<a class="govuk-link govuk-link--no-visited-state" href="https://gov.example/prevent"' in page
    assert "<script>alert" not in page
    assert "For governors" not in page
    parts = {
        part.title: part
        for part in make.session.scalars(select(DocumentPart).where(DocumentPart.school_id == school.id))
    }
    served = reader.get(f"{link}/parts/{parts['The policy'].id}")
    assert served.data == PDF
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert served.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    for title in ("For governors", "What to do"):
        assert reader.get(f"{link}/parts/{parts[title].id}").status_code == 404, "not theirs to read, or no file"
    assert "You have confirmed" in reader.post(link, data=shown(page), follow_redirects=True).text
    row = make.session.scalars(select(ReadingConfirmation)).one()
    assert set(row.parts or []) == {parts["What to do"].id, parts["The policy"].id}


def test_behind_a_slip_stand_the_same_words_and_files_as_behind_a_link(
    lead: FlaskClient, web_app: Flask, make: Factory, school: School
) -> None:
    cook = make.staff(school, StaffRole.SUPPORT, given_name="Bea", family_name="Finch", email=None)
    edition = begun(lead, f"/schools/{school.id}/reading")
    add_text(lead, edition, "What to do", TEXT)
    add_file(lead, edition, "The policy")
    add_file(lead, edition, "For governors", "governor", content=b"%PDF-1.7 for governors")
    put_in_force(lead, edition)
    sheets = f"/schools/{school.id}/reading/{own_key(make)}/sheets"
    paper = printed(lead.post(sheets, data=DUE | {"staff": [str(cook.id)]}).data)[0]
    parts = {part.title: part.id for part in make.session.scalars(select(DocumentPart))}
    reader = web_app.test_client()
    closed = reader.get(f"{paper.address}/read/parts/{parts['The policy']}")
    assert (closed.status_code, closed.location) == (303, paper.address)
    page = reader.post(paper.address, data={"pin": paper.pin}, follow_redirects=True).text
    assert "<li>Ring 01632 960001</li>" in page
    assert f"{paper.address}/read/parts/{parts['The policy']}" in page
    assert reader.get(f"{paper.address}/read/parts/{parts['The policy']}").data == PDF
    assert reader.get(f"{paper.address}/read/parts/{parts['For governors']}").status_code == 404
    assert "You have confirmed" in reader.post(f"{paper.address}/read", data=shown(page), follow_redirects=True).text
    row = make.session.scalars(select(ReadingConfirmation)).one()
    assert (row.source, set(row.parts or [])) == (ConfirmationSource.SHEET, {parts["What to do"], parts["The policy"]})


def test_what_is_new_since_one_last_confirmed_is_marked_and_what_changed_while_reading_is_not_confirmed(
    lead: FlaskClient, web_app: Flask, make: Factory, school: School, ada: StaffMember
) -> None:
    base = f"/schools/{school.id}/reading"
    edition = begun(lead, base)
    add_text(lead, edition, "Stays", "As it was.")
    put_in_force(lead, edition)
    key = own_key(make)
    reader = web_app.test_client()
    first = asked(lead, make, school, key)
    reader.post(first, data=shown(reader.get(first).text))
    make.session.execute(sa.text("update outgoing_mail set to_address = 'old@school.example'"))
    make.session.commit()
    second = begun(lead, base, "2", key)
    assert "Stays" not in lead.get(second).text, "the box to begin from the one before was not ticked"
    add_text(lead, second, "Stays", "As it was.")
    add_text(lead, second, "Added", "Something new.")
    told = lead.get(f"{second}/publish").text
    assert re.search(r"Stays</th><td>Says the same", told)
    assert re.search(r"Added</th><td>New", told)
    put_in_force(lead, second)
    assert reader.get(first).status_code == 410
    link = asked(lead, make, school, key)
    page = reader.get(link).text
    assert re.search(r"Added <strong[^>]*>New to you", page)
    assert not re.search(r"Stays <strong", page)
    # The lead corrects the edition, which nobody has confirmed yet, while the page is open.
    assert "Take this edition back" in lead.get(f"{second}/take-back").text
    follow(lead.post(f"{second}/take-back"))
    assert reader.post(link, data=shown(page)).status_code == 303
    added = make.session.scalars(select(DocumentPart).filter_by(title="Added")).one()
    follow(lead.post(f"{second}/parts/{added.id}", data={"title": "Added", "text": "Other words."}))
    put_in_force(lead, second)
    again = reader.post(link, data=shown(page), follow_redirects=True).text
    assert "has changed since you opened this page" in again
    assert "You have confirmed" in reader.post(link, data=shown(again), follow_redirects=True).text


def test_a_new_edition_begins_from_the_one_before_and_says_who_need_not_confirm_again(
    lead: FlaskClient, make: Factory, school: School, ada: StaffMember
) -> None:
    base = f"/schools/{school.id}/reading"
    edition = begun(lead, base, key="safeguarding-policy")
    add_text(lead, edition, "Policy", "As it was.")
    put_in_force(lead, edition)
    page = f"{base}/safeguarding-policy"
    day = boxes("confirmed_on", datetime.now(LONDON).date())
    follow(lead.post(page, data={"staff": str(ada.id), "source": "paper"} | day))
    values = {"label": "2", "from_the_one_before": "y"} | TODAY
    second = follow(lead.post(f"{base}/documents/safeguarding-policy/new-edition", data=values))
    assert "As it was." in lead.get(second).text
    assert "1 confirmation of the edition before still counts" in put_in_force(lead, second)
    assert "In edition 1, and nothing that they read has changed since" in lead.get(page).text
    assert "In edition 1" in lead.get(f"{page}?format=csv").text


def test_whose_day_of_confirmation_lies_before_a_wider_role_stands_as_missing_and_the_page_says_why(
    lead: FlaskClient, make: Factory, school: School, ada: StaffMember
) -> None:
    base = f"/schools/{school.id}/reading"
    edition = begun(lead, base, key="safeguarding-policy")
    add_text(lead, edition, "For all", "Words.")
    add_text(lead, edition, "For DSLs", "More words.", "dsl")
    put_in_force(lead, edition)
    make.add(StaffRoleHeld(school_id=school.id, staff_id=ada.id, role=StaffRole.DSL, from_on=date(2026, 11, 2)))
    day = boxes("confirmed_on", date(2026, 11, 1))
    page = f"{base}/safeguarding-policy"
    told = lead.post(page, data={"staff": str(ada.id), "source": "paper"} | day, follow_redirects=True).text
    assert "they still stand as missing: Ada Finch" in told
    assert "Has more to read than they confirmed on 1 November 2026" in told


def test_the_reading_pages_of_a_past_day_show_what_was_known_then(
    lead: FlaskClient, make: Factory, school: School, ada: StaffMember
) -> None:
    make.confirmation(ada, on=date(2026, 9, 20))
    page = f"/schools/{school.id}/reading"
    assert "0 of 1" in unescape(re.sub(r"<[^>]+>", "", lead.get(f"{page}?as_at=2026-09-19").text))
    assert "1 of 1" in unescape(re.sub(r"<[^>]+>", "", lead.get(f"{page}?as_at=2026-09-20").text))
    one = f"{page}/kcsie-part-one"
    assert "Ada Finch,Teaching staff,Yes" in lead.get(f"{one}?as_at=2026-09-20&format=csv").text
    before = lead.get(f"{one}?as_at=2026-09-19")
    assert "as it was known then" in before.text
    assert 'name="staff"' not in before.text, "nothing is recorded on a past day's page"
    assert "Ada Finch,Teaching staff,No" in lead.get(f"{one}?as_at=2026-09-19&format=csv").text
    assert "2025" in lead.get(f"{one}?as_at=2026-08-31").text, "the edition that was in force then"
    assert lead.get(f"{page}?as_at=2026-09-20&format=csv").text.count("\n") == 4
    assert lead.get(f"{page}?as_at=nonsense").status_code == 200


@pytest.mark.parametrize(
    ("kind", "values", "problem"),
    [
        ("text", {"title": "", "text": "x"}, "Enter a title"),
        ("text", {"title": "T", "text": ""}, "Enter the text"),
        ("text", {"title": "T", "text": "UPN A123456789012"}, "pupil"),
        ("text", {"title": "T", "text": "x" * 20001}, "Use fewer characters"),
        ("address", {"title": "T", "address": "javascript:alert(1)"}, "must start with https://"),
        ("file", {"title": "T"}, "Choose a file"),
        ("file", {"title": "T", "file": (io.BytesIO(b"<html>"), "x.pdf")}, "not taken"),
    ],
)
def test_a_part_that_cannot_be_is_refused_in_words(
    lead: FlaskClient, make: Factory, school: School, kind: str, values: dict[str, object], problem: str
) -> None:
    edition = begun(lead, f"/schools/{school.id}/reading")
    told = lead.post(f"{edition}/parts/new?kind={kind}", data=values)
    assert told.status_code == 200
    assert problem in unescape(told.text)
    assert make.session.scalars(select(DocumentPart).where(DocumentPart.school_id == school.id)).all() == []


def test_a_trust_writes_for_all_its_schools_and_sees_which_have_their_own(
    lead: FlaskClient,
    trust_lead: FlaskClient,
    web_app: Flask,
    make: Factory,
    school: School,
    trust: Trust,
    ada: StaffMember,
) -> None:
    sister = make.school(trust=trust, name="Teal Primary School")
    make.staff(sister, StaffRole.TEACHING)
    base = f"/trusts/{trust.id}/reading"
    edition = begun(trust_lead, base, "Trust 1", "safeguarding-policy")
    add_file(trust_lead, edition, "Policy")
    assert "at every school of your trust" in put_in_force(trust_lead, edition)
    seen = lead.get(f"/schools/{school.id}/reading/safeguarding-policy").text
    assert "edition Trust 1 (your trust’s)" in seen
    part = make.session.scalars(select(DocumentPart).where(DocumentPart.trust_id == trust.id)).one()
    assert lead.get(f"/schools/{school.id}/reading/safeguarding-policy/parts/{part.id}").data == PDF
    reader = web_app.test_client()
    link = asked(lead, make, school, "safeguarding-policy")
    assert reader.get(f"{link}/parts/{part.id}").data == PDF
    own = begun(lead, f"/schools/{school.id}/reading", "Ours", "safeguarding-policy")
    add_text(lead, own, "Policy", "Our words.")
    put_in_force(lead, own)
    whole = trust_lead.get(base).text
    assert "(your trust’s)" in whole
    table = whole[whole.index("Editions that schools have of their own") :]
    assert "Mallard Primary School" in table
    assert "Teal Primary School" not in table
    assert "Mallard Primary School" in trust_lead.get(f"{base}?format=rows").text
    told = lead.get(f"/schools/{school.id}/reading/documents/safeguarding-policy/withdraw").text
    assert "your trust’s edition Trust 1 holds at your school" in told
    follow(lead.post(f"/schools/{school.id}/reading/documents/safeguarding-policy/withdraw"))
    assert "edition Trust 1" in lead.get(f"/schools/{school.id}/reading").text


def test_an_edition_that_was_confirmed_offers_a_new_one_and_nothing_else_and_a_draft_is_deleted_when_asked_twice(
    lead: FlaskClient, make: Factory, school: School, ada: StaffMember
) -> None:
    base = f"/schools/{school.id}/reading"
    edition = begun(lead, base)
    add_text(lead, edition, "Part", "Words.")
    put_in_force(lead, edition)
    assert "Take it back to correct or delete it" in lead.get(edition).text
    row = make.session.scalars(select(DocumentEdition).where(DocumentEdition.school_id == school.id)).one()
    make.add(
        ReadingConfirmation(
            school_id=school.id, staff_id=ada.id, document_edition_id=row.id, confirmed_on=date(2026, 11, 27), parts=[]
        )
    )
    page = lead.get(edition).text
    assert "Take it back" not in page
    assert "Write a new edition" in page
    assert lead.post(f"{edition}/take-back").status_code == 404
    key = own_key(make)
    draft = begun(lead, base, "2", key)
    assert lead.get(f"{base}/documents/{key}/new-edition").location == draft, "one goes on with what is being written"
    assert "Delete this edition?" in lead.get(f"{draft}/delete").text
    assert follow(lead.post(f"{draft}/delete")) == base
    assert lead.get(draft).status_code == 404
    assert lead.get(edition).status_code == 200


def test_a_first_day_to_come_and_a_name_that_is_taken_are_refused(
    lead: FlaskClient, make: Factory, school: School
) -> None:
    base = f"/schools/{school.id}/reading/documents/safeguarding-policy/new-edition"
    day = boxes("in_force_from", datetime.now(LONDON).date() + timedelta(days=40))
    assert "must be today or in the past" in lead.post(base, data={"label": "1"} | day).text
    edition = follow(lead.post(base, data={"label": "1"} | TODAY))
    add_text(lead, edition, "Part", "Words.")
    put_in_force(lead, edition)
    assert "an edition of this document with that name" in lead.post(base, data={"label": "1"} | TODAY).text
    for key in ("kcsie-part-one", f"own-{uuid.uuid4().hex}"):
        page = f"/schools/{school.id}/reading/documents/{key}/new-edition"
        assert lead.post(page, data={"label": "2"} | TODAY).status_code == 404, (
            "the Department’s words are nobody’s to replace"
        )
