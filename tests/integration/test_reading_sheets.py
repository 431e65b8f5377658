"""Slips of paper for people without an address: printed, opened with a PIN, confirmed, locked, replaced, withdrawn."""

import io
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.public import reading_sheet
from blueprints.web.access import today
from prevent_trust.database import db
from prevent_trust.extensions import limiter
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import AuditEntry, Role
from tenants.organisations.models import School
from tenants.reading.campaigns import confirm_by_link, opened
from tenants.reading.models import ConfirmationSource, ReadingCampaign, ReadingConfirmation
from tenants.reading.queries import document_in_force, edition_sha256
from tenants.reading.sheets.actions import make_slips, open_slip
from tenants.reading.sheets.models import MOST_TRIES, ReadingSlip
from tenants.staff.models import StaffMember, StaffRole
from tenants.staff.queries import staff_of
from tests.factories import Factory, sign_in
from tests.processes import Processes

KEY = "kcsie-part-one"
TODAY = today()
DUE = TODAY + timedelta(days=60)
DAY = {"due_on-day": str(DUE.day), "due_on-month": str(DUE.month), "due_on-year": str(DUE.year)}
DOES_NOT_FIT = "That did not work"


@pytest.fixture(autouse=True)
def _no_limits_from_before() -> Iterator[None]:
    limiter.reset()
    yield
    limiter.reset()


@pytest.fixture
def school(make: Factory) -> School:
    return make.school(name="Mallard Primary School")


@pytest.fixture
def people(make: Factory, school: School) -> list[StaffMember]:
    """Ada has an address; Bea and Cyd have none."""
    return [
        make.staff(school, StaffRole.SUPPORT, given_name=name, family_name="Finch", email=email)
        for name, email in (("Ada", "ada@school.example"), ("Bea", None), ("Cyd", None))
    ]


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School, people: list[StaffMember]) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school, name="Priya Nair"))
    return client


@dataclass(frozen=True)
class Paper:
    """A slip as somebody holds it."""

    name: str
    address: str
    typed: str
    pin: str


def printed(pdf: bytes) -> list[Paper]:
    """What stands on the slips, and what a camera reads in their squares."""
    assert pdf.startswith(b"%PDF")
    found = []
    for page in pypdfium2.PdfDocument(io.BytesIO(pdf)):
        text = page.get_textpage().get_text_bounded()
        names = re.findall(r"(\w+ Finch)\s+Mallard", text)
        typed = re.findall(r"localhost(/r/[0-9A-Z-]+)", text)
        pins = re.findall(r"Your PIN: (\d{3} \d{3})", text)
        squares = sorted(
            zxingcpp.read_barcodes(page.render(scale=3).to_pil()), key=lambda each: each.position.top_left.y
        )
        addresses = [each.text.removeprefix("http://localhost") for each in squares]
        found += [Paper(*each) for each in zip(names, addresses, typed, pins, strict=True)]
    return found


def slips(lead: FlaskClient, school: School, *people: StaffMember) -> list[Paper]:
    chosen = {"staff": [str(person.id) for person in people]}
    answer = lead.post(f"/schools/{school.id}/reading/{KEY}/sheets", data=DAY | chosen)
    assert answer.mimetype == "application/pdf", answer.text
    return printed(answer.data)


@pytest.fixture
def paper(lead: FlaskClient, school: School, people: list[StaffMember]) -> Paper:
    """Bea's."""
    return slips(lead, school, people[1])[0]


@pytest.fixture
def reader(web_app: Flask) -> FlaskClient:
    """Somebody without an account."""
    return web_app.test_client()


def confirmations(make: Factory) -> list[ReadingConfirmation]:
    make.session.rollback()
    return list(make.session.scalars(select(ReadingConfirmation)))


def slip_rows(make: Factory) -> list[ReadingSlip]:
    make.session.rollback()
    return list(make.session.scalars(select(ReadingSlip).order_by(ReadingSlip.created_at, ReadingSlip.id)))


def words(answer_text: str) -> str:
    """What somebody sees of a page, without the form's secrets."""
    page = BeautifulSoup(answer_text, "html.parser")
    return " ".join(page.main.get_text(" ").split()) if page.main else ""


def test_those_without_an_address_are_ticked_and_the_file_holds_what_is_kept_nowhere(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    page = BeautifulSoup(lead.get(f"/schools/{school.id}/reading/{KEY}/sheets").text, "html.parser")
    ticked = {str(box["value"]) for box in page.select("input[name=staff]") if box.has_attr("checked")}
    assert ticked == {str(people[1].id), str(people[2].id)}
    assert slip_rows(make) == []
    bea, cyd = slips(lead, school, people[1], people[2])
    assert (bea.name, cyd.name) == ("Bea Finch", "Cyd Finch")
    assert bea.typed.replace("-", "") == bea.address
    assert len({bea.address, cyd.address, bea.pin, cyd.pin}) == 4
    kept = str([vars(row) for row in slip_rows(make)])
    for secret in (bea.address.removeprefix("/r/"), bea.pin.replace(" ", ""), cyd.pin.replace(" ", "")):
        assert secret not in kept
    (entry,) = make.session.scalars(select(AuditEntry).where(AuditEntry.act == "reading slips printed"))
    assert sorted(entry.detail["staff"]) == sorted([str(people[1].id), str(people[2].id)])
    shown = lead.get(f"/schools/{school.id}/reading/{KEY}").text
    assert shown.count("Slip printed on") == 2


def test_a_pin_and_one_more_tap_confirm_and_looking_confirms_nothing(
    lead: FlaskClient, reader: FlaskClient, make: Factory, web_app: Flask, people: list[StaffMember], paper: Paper
) -> None:
    assert "Bea" not in reader.get(paper.address).text
    assert reader.get(f"{paper.address}/read").location == paper.address, "not without the PIN"
    opened_page = reader.post(paper.address, data={"pin": paper.pin}, follow_redirects=True)
    assert "This slip is for Bea Finch alone" in opened_page.text
    assert confirmations(make) == []
    for _ in range(2):
        assert "You have confirmed" in reader.post(f"{paper.address}/read", follow_redirects=True).text
    (row,) = confirmations(make)
    assert (row.staff_id, row.source, row.recorded_by) == (people[1].id, ConfirmationSource.SHEET, None)
    with web_app.app_context():
        assert row.edition_sha256 == edition_sha256(make.document_edition(KEY).id)
    assert "By their printed slip" in lead.get(f"/schools/{row.school_id}/reading/{KEY}").text


def test_an_address_typed_by_hand_may_be_in_small_letters_with_letters_for_digits(
    reader: FlaskClient, paper: Paper
) -> None:
    typed = paper.typed.lower().replace("0", "o").replace("1", "l")
    answer = reader.post(typed, data={"pin": paper.pin.replace(" ", "-")}, follow_redirects=True)
    assert "Bea Finch" in answer.text


def test_what_one_slip_opened_opens_no_other(
    lead: FlaskClient, reader: FlaskClient, school: School, people: list[StaffMember], monkeypatch: pytest.MonkeyPatch
) -> None:
    bea, cyd = slips(lead, school, people[1], people[2])
    assert DOES_NOT_FIT in reader.post(cyd.address, data={"pin": bea.pin}).text
    reader.post(bea.address, data={"pin": bea.pin})
    assert reader.get(f"{bea.address}/read").status_code == 200
    assert reader.get(f"{cyd.address}/read").location == cyd.address
    later = reading_sheet.time.time() + reading_sheet.OPEN_FOR + 1
    monkeypatch.setattr(reading_sheet.time, "time", lambda: later)
    assert reader.get(f"{bea.address}/read").location == bea.address


def test_five_wrong_pins_lock_a_slip_for_the_right_one_too_and_the_lead_sees_it(
    lead: FlaskClient, reader: FlaskClient, make: Factory, school: School, people: list[StaffMember], paper: Paper
) -> None:
    wrong = "000000" if paper.pin != "000 000" else "000001"
    for _ in range(MOST_TRIES - 1):
        assert DOES_NOT_FIT in reader.post(paper.address, data={"pin": wrong}).text
    assert reader.post(paper.address, data={"pin": paper.pin}).status_code == 303, "the fifth is right"
    assert slip_rows(make)[0].tries == 0
    for _ in range(MOST_TRIES):
        assert DOES_NOT_FIT in reader.post(paper.address, data={"pin": wrong}).text
    limiter.reset()
    assert DOES_NOT_FIT in reader.post(paper.address, data={"pin": paper.pin}).text
    assert "locked after wrong PINs" in lead.get(f"/schools/{school.id}/reading/{KEY}").text
    fresh = slips(lead, school, people[1])[0]
    assert reader.post(fresh.address, data={"pin": fresh.pin}).status_code == 303


@pytest.mark.parametrize(
    "reason", ["expired", "withdrawn", "links withdrawn", "left", "printed again", "locked", "unknown"]
)
def test_a_slip_that_is_over_is_answered_as_one_that_never_was(
    lead: FlaskClient,
    reader: FlaskClient,
    make: Factory,
    school: School,
    people: list[StaffMember],
    paper: Paper,
    reason: str,
) -> None:
    never = reader.post("/r/ZZZZ-ZZZZ-ZZZZ", data={"pin": paper.pin})
    base = f"/schools/{school.id}/reading/{KEY}"
    open_before = reader.post(paper.address, data={"pin": paper.pin})
    assert open_before.status_code == 303
    address = paper.address
    if reason == "expired":
        make.session.execute(sa.update(ReadingCampaign).values(expires_at=datetime.now(UTC) - timedelta(minutes=1)))
    elif reason == "withdrawn":
        assert "1 slip for" in lead.get(f"{base}/sheets/withdraw").text
        assert reader.get(f"{address}/read").status_code == 200, "looking withdraws nothing"
        assert lead.post(f"{base}/sheets/withdraw").status_code == 303
    elif reason == "links withdrawn":
        lead.post(f"{base}/withdraw")
    elif reason == "left":
        make.session.execute(
            sa.update(StaffMember).where(StaffMember.id == people[1].id).values(leaves_on=date(2020, 1, 1))
        )
    elif reason == "printed again":
        slips(lead, school, people[1])
    elif reason == "locked":
        make.session.execute(sa.update(ReadingSlip).values(tries=MOST_TRIES))
    else:
        address = f"{paper.address[:-1]}{'0' if paper.address[-1] != '0' else '2'}"
    make.session.commit()
    answer = reader.post(address, data={"pin": paper.pin})
    assert (answer.status_code, words(answer.text)) == (never.status_code, words(never.text))
    assert words(reader.get(address).text) == words(reader.get("/r/nonsense").text)
    if reason != "locked":  # a PIN that was right before stays open for its half hour
        assert reader.get(f"{address}/read").status_code == 303
        reader.post(f"{address}/read")
        assert confirmations(make) == []


@pytest.mark.parametrize(
    ("sent", "words_of_it"),
    [
        ({}, "Choose at least one person"),
        ({"due_on-year": "2020"}, "today or within a year"),
        ({"due_on-day": "31", "due_on-month": "2"}, "Last day must be a real date"),
    ],
)
def test_what_cannot_be_printed_is_said_and_nothing_is_made(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember], sent: dict[str, str], words_of_it: str
) -> None:
    chosen = {"staff": str(people[1].id)} if sent else {}
    answer = lead.post(f"/schools/{school.id}/reading/{KEY}/sheets", data=DAY | chosen | sent)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert words_of_it in answer.text
    assert slip_rows(make) == []


def test_somebody_of_another_school_gets_no_slip_here(
    lead: FlaskClient, make: Factory, school: School, people: list[StaffMember]
) -> None:
    stranger = make.staff(make.school(), StaffRole.SUPPORT, given_name="Zed", family_name="Finch")
    chosen = {"staff": [str(people[1].id), str(stranger.id)]}
    answer = lead.post(f"/schools/{school.id}/reading/{KEY}/sheets", data=DAY | chosen)
    assert answer.mimetype == "text/html"
    assert slip_rows(make) == []


def test_one_slip_is_asked_so_often_a_minute_and_no_more(reader: FlaskClient) -> None:
    codes = [reader.post("/r/K7QM-2XWP-9TRD", data={"pin": "1"}).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]
    assert reader.post("/r/9TRD-2XWP-K7QM", data={"pin": "1"}).status_code == 200


def trying(paper: Paper, pin: str) -> Callable[[], object]:
    code = paper.address.removeprefix("/r/")

    def work() -> None:
        bind_scope(None)
        is_open = open_slip(code, pin) is not None
        db.session.commit()
        assert is_open == (pin == paper.pin)

    return work


def test_however_many_pins_are_tried_at_once_only_five_are_looked_at(
    web: Flask, make: Factory, paper: Paper, processes: Processes
) -> None:
    wrong = [f"{number:06}" for number in range(12) if f"{number:06}" != paper.pin.replace(" ", "")]
    assert set(processes.at_once(*(trying(paper, pin) for pin in wrong))) == {0}
    (row,) = slip_rows(make)
    assert row.tries == MOST_TRIES
    assert processes.at_once(trying(paper, paper.pin)) == [1], "the right one comes too late"


@pytest.mark.parametrize("way", ["the process is killed", "the database hangs up"])
def test_a_try_that_was_cut_off_told_nothing_or_was_counted(
    web: Flask, make: Factory, paper: Paper, processes: Processes, way: str
) -> None:
    work = trying(paper, "1")
    broken = processes.dies if way == "the process is killed" else processes.loses_its_connection
    for number in itertools.count(1):
        if not broken(work, before_step=number):
            break
        assert slip_rows(make)[0].tries == 0, "nothing was answered yet"
    assert number > 4
    assert slip_rows(make)[0].tries == 1


def making(school: School) -> Callable[[], object]:
    school_id = school.id

    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        document = document_in_force(scope, KEY, TODAY)
        assert document
        people = [person for person in staff_of(scope, as_at=TODAY) if not person.email]
        make_slips(scope, document=document, people=people, due_on=DUE, today=TODAY, made_by=None)
        db.session.commit()

    return work


def current(make: Factory) -> list[str]:
    return sorted(str(row.staff_id) for row in slip_rows(make) if row.ended_at is None)


@pytest.mark.parametrize("way", ["the process is killed", "the database hangs up"])
def test_killed_before_any_step_and_done_again_everybody_has_one_slip_that_works(
    web: Flask, make: Factory, school: School, people: list[StaffMember], processes: Processes, way: str
) -> None:
    work = making(school)
    broken = processes.dies if way == "the process is killed" else processes.loses_its_connection
    for number in itertools.count(1):
        if not broken(work, before_step=number):
            break
        assert current(make) == [], f"half of it was written before step {number}"
    assert number > 6
    assert processes.at_once(work) == [0]
    assert current(make) == sorted(str(person.id) for person in people[1:])
    assert len(slip_rows(make)) == 4, "the earlier ones have ended"


def test_two_who_print_at_once_leave_one_slip_each_that_works(
    web: Flask, make: Factory, school: School, people: list[StaffMember], processes: Processes
) -> None:
    assert processes.at_once(making(school), making(school), making(school)) == [0, 0, 0]
    assert current(make) == sorted(str(person.id) for person in people[1:])


def test_confirmed_twice_at_once_is_confirmed_once(
    web: Flask, make: Factory, school: School, paper: Paper, processes: Processes
) -> None:
    (slip,) = slip_rows(make)
    school_id, campaign_id, staff_id = slip.school_id, slip.campaign_id, slip.staff_id

    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        link = opened(scope, campaign_id=campaign_id, staff_id=staff_id, today=TODAY)
        assert link
        confirm_by_link(scope, link, today=TODAY, source=ConfirmationSource.SHEET)
        db.session.commit()

    assert processes.at_once(work, work, work, work) == [0, 0, 0, 0]
    assert len(confirmations(make)) == 1
