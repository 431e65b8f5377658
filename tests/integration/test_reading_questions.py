"""Questions under what somebody reads: asked, explained, tried again, counted, and frozen once they were answered."""

import csv
import io
import itertools
import uuid
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.signed_links import READING_LINK, signed_ids
from prevent_trust.tenancy import SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.organisations.models import School
from tenants.reading.models import ReadingConfirmation
from tenants.reading.questions.actions import QuestionError, answer_questions, save_question
from tenants.reading.questions.models import ReadingAnswer, ReadingQuestionSet
from tenants.reading.questions.types import Question
from tests.factories import Factory, sign_in
from tests.isolation.rows import SchoolRows
from tests.processes import Processes

KEY = "kcsie-part-one"
TELL = {
    "text": "Whom do you tell first?",
    "answer_1": "Nobody",
    "answer_2": "",
    "answer_3": "The DSL",
    "right": "2",
    "why": "The DSL decides what to do next.",
}
UNDERSTOOD = {"text": "Have you understood it?", "answer_1": "Yes", "answer_2": "I want to talk", "right": "every"}


@pytest.fixture
def school(make: Factory) -> School:
    return make.school(name="Mallard Primary School")


@pytest.fixture
def rows(make: Factory, school: School) -> SchoolRows:
    return SchoolRows(make, school)


@pytest.fixture
def lead(client: FlaskClient, make: Factory, school: School) -> FlaskClient:
    sign_in(client, make.member(Role.PREVENT_LEAD, school, name="Priya Nair"))
    return client


@pytest.fixture
def reader(web_app: Flask) -> FlaskClient:
    return web_app.test_client()


@pytest.fixture
def link(web_app: Flask, school: School, rows: SchoolRows) -> str:
    """A link of somebody who has not confirmed."""
    link = rows["reading_link"]
    with web_app.app_context():
        return f"/read/{signed_ids(READING_LINK, school.id, link.id)}"


def page(school: School, then: str = "") -> str:
    return f"/schools/{school.id}/reading/{KEY}/questions{then}"


def version_on(lead: FlaskClient, address: str) -> str:
    box = BeautifulSoup(lead.get(address).text, "html.parser").select_one("input[name=version]")
    assert box
    return str(box["value"])


def save(lead: FlaskClient, school: School, question: dict[str, str], number: int | None = None) -> None:
    address = page(school, f"/{number}" if number else "/new")
    answer = lead.post(address, data=question | {"version": version_on(lead, address)})
    assert answer.status_code == 303, BeautifulSoup(answer.text, "html.parser").text


def sets(make: Factory) -> list[ReadingQuestionSet]:
    make.session.rollback()
    return list(make.session.scalars(select(ReadingQuestionSet).order_by(ReadingQuestionSet.version)))


def confirmed(make: Factory) -> int:
    make.session.rollback()
    return len(make.session.scalars(select(ReadingConfirmation)).all())


def answers(make: Factory) -> list[tuple[int, int, bool]]:
    make.session.rollback()
    found = make.session.scalars(select(ReadingAnswer).order_by(ReadingAnswer.created_at, ReadingAnswer.question))
    return [(row.question, row.tries, row.right_at is not None) for row in found]


def sent(shown: str, **chosen: str) -> dict[str, str]:
    """What the page posts when the reader chooses so."""
    box = BeautifulSoup(shown, "html.parser").select_one("input[name=asked]")
    assert box
    return {"asked": str(box.get("value", ""))} | chosen


def test_without_questions_the_page_asks_nothing_and_one_button_confirms(
    reader: FlaskClient, make: Factory, link: str
) -> None:
    shown = BeautifulSoup(reader.get(link).text, "html.parser")
    assert shown.select("input[type=radio]") == []
    assert reader.post(link).status_code == 303
    assert confirmed(make) == 1


def test_a_wrong_answer_is_explained_and_tried_again_and_only_then_is_it_confirmed(
    lead: FlaskClient, reader: FlaskClient, make: Factory, school: School, link: str
) -> None:
    save(lead, school, TELL)
    save(lead, school, UNDERSTOOD)
    shown = reader.get(link).text
    assert "Choose an answer to question 1" in reader.post(link, data=sent(shown, question_1="0")).text
    assert answers(make) == [], "an unfinished page writes nothing"
    wrong = reader.post(link, data=sent(shown, question_0="0", question_1="1"))
    assert wrong.status_code == 200
    assert "Not right yet. The DSL decides what to do next. Try again" in wrong.text
    assert "Right: I want to talk" in wrong.text
    assert (answers(make), confirmed(make)) == ([(0, 1, False), (1, 1, True)], 0)
    assert reader.post(link, data=sent(wrong.text, question_0="0")).status_code == 200
    right = reader.post(link, data=sent(wrong.text, question_0="1"))
    assert right.status_code == 303
    assert (answers(make), confirmed(make)) == ([(0, 3, True), (1, 1, True)], 1)
    assert "You have confirmed" in reader.get(link).text


def test_a_button_without_answers_confirms_nothing(
    lead: FlaskClient, reader: FlaskClient, make: Factory, school: School, link: str
) -> None:
    before = reader.get(link).text
    save(lead, school, TELL)
    assert "Choose an answer to question 1" in reader.post(link).text
    for data in (sent(before), {"asked": "nonsense", "question_0": "1"}, {"asked": str(uuid.uuid4())}):
        assert "The school has changed its questions" in reader.post(link, data=data).text
    shown = reader.get(link).text
    for chosen in ({"question_0": "7"}, {"question_0": "x"}, {}):
        assert reader.post(link, data=sent(shown, **chosen)).status_code == 200
    assert confirmed(make) == 0


def test_questions_that_nobody_answered_are_changed_in_place_and_answered_ones_stay_with_their_answers(
    lead: FlaskClient, reader: FlaskClient, make: Factory, school: School, link: str
) -> None:
    save(lead, school, TELL)
    save(lead, school, TELL | {"text": "Whom do you ring first?"}, number=1)
    (now,) = sets(make)
    assert (now.version, now.questions[0]["text"]) == (2, "Whom do you ring first?")
    shown = reader.get(link).text
    reader.post(link, data=sent(shown, question_0="0"))
    assert "Somebody has answered these" in lead.get(page(school)).text
    save(lead, school, TELL | {"answer_4": "The office"}, number=1)
    before, after = sets(make)
    assert before.questions[0]["text"] == "Whom do you ring first?"
    assert after.questions[0]["answers"] == ["Nobody", "The DSL", "The office"]
    late = reader.post(link, data=sent(shown, question_0="1"))
    assert "The school has changed its questions" in late.text
    assert confirmed(make) == 0
    reader.post(link, data=sent(reader.get(link).text, question_0="1"))
    assert confirmed(make) == 1
    assert answers(make) == [(0, 1, False), (0, 1, True)], "each with the questions of its time"


def test_the_lead_sees_how_many_were_right_first_time_and_nobody_s_answers(
    lead: FlaskClient, reader: FlaskClient, make: Factory, school: School, rows: SchoolRows, link: str
) -> None:
    save(lead, school, TELL)
    save(lead, school, UNDERSTOOD)
    shown = reader.get(link).text
    reader.post(link, data=sent(shown, question_0="0", question_1="1"))
    reader.post(link, data=sent(reader.get(link).text, question_0="1"))
    lines = list(csv.reader(io.StringIO(lead.get(f"{page(school)}?format=csv").text.lstrip("\ufeff"))))
    assert lines[1:] == [
        ["2", "Whom do you tell first?", "The DSL", "1", "0", "1"],
        ["2", "Have you understood it?", "", "1", "", "1"],
    ]
    people = list(csv.reader(io.StringIO(lead.get(f"{page(school)}?format=people").text.lstrip("\ufeff"))))
    assert people[1:] == [[rows["staff_member"].full_name, "Yes", "3"]]
    assert "Yes: 0; I want to talk: 1" in " ".join(
        BeautifulSoup(lead.get(page(school)).text, "html.parser").text.split()
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"text": " "}, "Enter the question"),
        ({"answer_3": ""}, "Enter at least two answers"),
        ({"answer_3": "nobody"}, "Two of the answers are the same"),
        ({"right": "1"}, "The right answer is empty"),
        ({"right": ""}, "Choose which answer is right"),
        ({"why": ""}, "Enter what explains the right answer"),
        ({"version": "7"}, "Somebody has changed the questions meanwhile"),
        ({"version": "x"}, "Somebody has changed the questions meanwhile"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(
    lead: FlaskClient, make: Factory, school: School, changed: dict[str, str], words: str
) -> None:
    answer = lead.post(page(school, "/new"), data=TELL | {"version": "0"} | changed)
    assert answer.status_code == 200
    assert words in BeautifulSoup(answer.text, "html.parser").text
    assert sets(make) == []


def test_there_are_at_most_five_questions_and_each_can_be_removed_after_a_question(
    lead: FlaskClient, make: Factory, school: School
) -> None:
    for number in range(5):
        save(lead, school, TELL | {"text": f"Question {number}?"})
    sixth = lead.post(page(school, "/new"), data=TELL | {"version": version_on(lead, page(school, "/new"))})
    assert "You can ask up to 5 questions" in sixth.text
    assert "Remove question 2?" in lead.get(page(school, "/2/remove")).text
    assert len(sets(make)[0].questions) == 5
    lead.post(page(school, "/2/remove"))
    assert [each["text"] for each in sets(make)[0].questions] == [f"Question {number}?" for number in (0, 2, 3, 4)]
    assert lead.get(page(school, "/5")).status_code == lead.get(page(school, "/5/remove")).status_code == 404


def asking(school_id: uuid.UUID, edition_id: uuid.UUID, version: int) -> Callable[[], object]:
    question = Question("Whom?", ("Nobody", "The DSL"), 1, "The DSL decides")

    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        save_question(scope, edition_id=edition_id, number=None, question=question, version=version, made_by=None)
        db.session.commit()

    return work


def answering(
    school_id: uuid.UUID, edition_id: uuid.UUID, set_id: uuid.UUID, staff_id: uuid.UUID
) -> Callable[[], object]:
    def work() -> None:
        scope = SchoolScope(school_id)
        bind_scope(scope)
        answer_questions(scope, edition_id=edition_id, set_id=set_id, staff_id=staff_id, chosen={0: 0})
        db.session.commit()

    return work


def test_of_two_who_change_the_same_questions_at_once_one_is_told(
    web: Flask, make: Factory, school: School, processes: Processes
) -> None:
    edition_id = make.document_edition(KEY).id
    assert sorted(processes.at_once(*[asking(school.id, edition_id, 0)] * 3)) == [0, 1, 1]
    (only,) = sets(make)
    assert (only.version, len(only.questions)) == (1, 1)
    with pytest.raises(QuestionError):
        asking(school.id, edition_id, 0)()
    db.session.rollback()


def test_answers_at_the_moment_of_a_change_are_kept_with_their_questions_or_not_taken(
    web: Flask, make: Factory, school: School, processes: Processes, rows: SchoolRows
) -> None:
    edition_id = make.document_edition(KEY).id
    staff_id = rows["staff_member"].id
    assert processes.at_once(asking(school.id, edition_id, 0)) == [0]
    for version in range(1, 5):
        latest = sets(make)[-1]
        answer = answering(school.id, edition_id, latest.id, staff_id)
        assert processes.at_once(answer, asking(school.id, edition_id, version), answer) == [0, 0, 0]
        kept = {row.id for row in sets(make)}
        assert {row.set_id for row in make.session.scalars(select(ReadingAnswer))} <= kept


@pytest.mark.parametrize("way", ["the process is killed", "the database hangs up"])
def test_cut_off_before_any_step_an_answer_is_counted_once(
    web: Flask, make: Factory, school: School, processes: Processes, rows: SchoolRows, way: str
) -> None:
    asked = rows["reading_question_set"]
    work = answering(school.id, asked.document_edition_id, asked.id, rows["staff_member"].id)
    broken = processes.dies if way == "the process is killed" else processes.loses_its_connection
    for number in itertools.count(1):
        if not broken(work, before_step=number):
            break
        assert answers(make) == []
    assert number > 3
    assert answers(make) == [(0, 1, False)]
