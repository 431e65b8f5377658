"""What do we ask about a document, and how was it answered? Counts; by person only who has confirmed, after how many tries."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.school.reading import BASE
from blueprints.school.reading_people import readers
from blueprints.web.access import account_id, requires, today
from blueprints.web.free_text import NoPupilData
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.reading.queries import DocumentInForce, document_in_force
from tenants.reading.questions.actions import QuestionError, remove_question, save_question
from tenants.reading.questions.models import MOST_QUESTIONS
from tenants.reading.questions.queries import QuestionSet, Result, current_questions, results_of, tries_by_person
from tenants.reading.questions.types import FEWEST_ANSWERS, MOST_ANSWERS, Question

PAGE = f"{BASE}/<key>/questions"
EVERY = "every"
COUNTS = ("Version", "Question", "Right answer", "Answered", "Right first time", "Right by now")
PEOPLE = ("Name", "Confirmed", "Answers given")


class QuestionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    version = HiddenField()
    text = StringField("Question", [DataRequired("Enter the question"), Length(max=300), NoPupilData()])
    answer_1 = StringField("Answer 1", [Length(max=200), NoPupilData()])
    answer_2 = StringField("Answer 2", [Length(max=200), NoPupilData()])
    answer_3 = StringField("Answer 3 (optional)", [Length(max=200), NoPupilData()])
    answer_4 = StringField("Answer 4 (optional)", [Length(max=200), NoPupilData()])
    answer_5 = StringField("Answer 5 (optional)", [Length(max=200), NoPupilData()])
    right = RadioField(
        "Which answer is right?",
        [InputRequired("Choose which answer is right")],
        choices=[
            *((str(place), f"Answer {place + 1}") for place in range(MOST_ANSWERS)),
            (EVERY, "Every answer will do: it is a statement, not a test"),
        ],
    )
    why = TextAreaField("Explanation", [Length(max=500), NoPupilData()])

    @property
    def boxes(self) -> list[StringField]:
        return [self[f"answer_{number}"] for number in range(1, MOST_ANSWERS + 1)]

    @property
    def texts(self) -> list[str]:
        return [(box.data or "").strip() for box in self.boxes]

    def validate_answer_2(self, second: StringField) -> None:
        filled = [text.casefold() for text in self.texts if text]
        if len(filled) < FEWEST_ANSWERS:
            raise ValidationError("Enter at least two answers")
        if len(set(filled)) < len(filled):
            raise ValidationError("Two of the answers are the same. Change one")

    def validate_right(self, right: RadioField) -> None:
        if right.data != EVERY and not self.texts[int(right.data)]:
            raise ValidationError("The right answer is empty. Enter it, or choose another")

    def validate_why(self, why: TextAreaField) -> None:
        if self.right.data not in {None, EVERY} and not (why.data or "").strip():
            raise ValidationError("Enter what explains the right answer. Whoever chooses a wrong one sees it")

    def question(self) -> Question:
        """What was entered, without the boxes that were left empty."""
        texts = self.texts
        right = None if self.right.data == EVERY else sum(bool(text) for text in texts[: int(self.right.data)])
        return Question(self.text.data.strip(), tuple(filter(None, texts)), right, (self.why.data or "").strip())


def _filled(question: Question | None, version: int) -> dict[str, Any]:
    if question is None:
        return {"version": str(version)}
    answers = {f"answer_{number}": text for number, text in enumerate(question.answers, start=1)}
    right = EVERY if question.right is None else str(question.right)
    return {"version": str(version), "text": question.text, "right": right, "why": question.why, **answers}


@blueprint.get(PAGE)
@requires(Permission.READ_STAFF)
def reading_questions(school_id: uuid.UUID, key: str) -> FileResponse | str:
    scope = SchoolScope(school_id)
    document = document_in_force(SchoolScope(school_id), key, today()) or abort(404)
    now, results = current_questions(scope, document.edition_id), results_of(scope, document.edition_id)
    people = _people(scope, document, now)
    match request.args.get("format"):
        case "csv":
            return _csv("questions", document, COUNTS, _lines(results))
        case "people":
            return _csv("answers", document, PEOPLE, people)
    is_asked = bool(now and now.questions)
    return render_template(
        "school/reading/questions.html",
        school_id=school_id,
        document=document,
        current=results[0] if is_asked else None,
        earlier=[each for each in (results[1:] if is_asked else results) if any(row.answered for row in each[1])],
        any_results=bool(results),
        people=people,
        most=MOST_QUESTIONS,
    )


def _people(scope: SchoolScope, document: DocumentInForce, now: QuestionSet | None) -> list[tuple[str, str, int]]:
    """Those who must read it or have confirmed: whether they have, and how many answers they gave to the questions of now."""
    if now is None or not now.questions:
        return []
    tries = tries_by_person(scope, now.id)
    return [
        (reader.name, "Yes" if reader.confirmed else "No", tries.get(reader.staff_id, 0))
        for reader in readers(scope, document)
    ]


def _lines(results: list[tuple[QuestionSet, list[Result]]]) -> list[tuple[object, ...]]:
    return [
        (
            asked.version, row.question.text,
            "" if row.question.right is None else row.question.answers[row.question.right],
            row.answered, "" if row.question.right is None else row.right_first, row.right,
        )
        for asked, rows in results
        for row in rows
    ]  # fmt: skip


def _csv(name: str, document: DocumentInForce, headers: tuple[str, ...], lines: list[Any]) -> FileResponse:
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}-{document.key}.csv"'},
    )


@blueprint.route(f"{PAGE}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_question_new(school_id: uuid.UUID, key: str) -> Response | str:
    return _question_page(school_id, key, None)


@blueprint.route(f"{PAGE}/<int:number>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_question(school_id: uuid.UUID, key: str, number: int) -> Response | str:
    return _question_page(school_id, key, number)


def _question_page(school_id: uuid.UUID, key: str, number: int | None) -> Response | str:
    scope = SchoolScope(school_id)
    document = document_in_force(SchoolScope(school_id), key, today()) or abort(404)
    now = current_questions(scope, document.edition_id)
    questions = now.questions if now else ()
    before = (_numbered(questions, number)) if number else None
    form = QuestionForm(**_filled(before, now.version if now else 0))
    if form.validate_on_submit():
        try:
            version = save_question(
                scope,
                edition_id=document.edition_id,
                number=number,
                question=form.question(),
                version=_version(form.version.data),
                made_by=account_id(),
            )
        except QuestionError as problem:
            form.form_errors.append(str(problem))
        else:
            _note(school_id, key, version)
            flash("The question is saved.", "success")
            return redirect(url_for("school.reading_questions", school_id=school_id, key=key), 303)
    return render_template(
        "school/reading/question.html", school_id=school_id, document=document, number=number, form=form
    )


@blueprint.route(f"{PAGE}/<int:number>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reading_question_remove(school_id: uuid.UUID, key: str, number: int) -> Response | str:
    """Asks first."""
    scope = SchoolScope(school_id)
    document = document_in_force(SchoolScope(school_id), key, today()) or abort(404)
    now = current_questions(scope, document.edition_id) or abort(404)
    question, form = _numbered(now.questions, number), StartForm()
    if form.validate_on_submit():
        try:
            version = remove_question(
                scope, edition_id=document.edition_id, number=number, version=now.version, made_by=account_id()
            )
        except QuestionError as problem:
            flash(str(problem), "error")
        else:
            _note(school_id, key, version)
            flash("The question is asked no more. What was answered is kept.", "success")
        return redirect(url_for("school.reading_questions", school_id=school_id, key=key), 303)
    return render_template(
        "school/reading/question_remove.html",
        school_id=school_id,
        document=document,
        number=number,
        question=question,
        form=form,
    )


def _numbered(questions: tuple[Question, ...], number: int) -> Question:
    return questions[number - 1] if 1 <= number <= len(questions) else abort(404)


def _version(posted: str | None) -> int:
    """What the writer was looking at; a version that never was when the page posts no number."""
    return int(posted) if posted and posted.isdecimal() else -1


def _note(school_id: uuid.UUID, key: str, version: int) -> None:
    record_act("reading questions changed", account_id=account_id(), school_id=school_id, document=key, version=version)
