"""The questions under what somebody reads: as radios, explained when they are wrong, tried again until they are right."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField
from wtforms.validators import InputRequired

from tenants.reading.questions.queries import Answered
from tenants.reading.questions.types import Question


@dataclass(frozen=True)
class Asked:
    """What is asked of a reader, and what they have answered so far, by the question's place."""

    set_id: uuid.UUID | None
    questions: tuple[Question, ...]
    answered: Mapping[int, Answered]

    def is_done(self, place: int) -> bool:
        return place in self.answered and self.answered[place].is_right

    @property
    def left(self) -> list[int]:
        """The places of the questions that are still to be answered."""
        return [place for place in range(len(self.questions)) if not self.is_done(place)]


class ReadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button, which version of the questions it answers, and what stood above it."""

    asked = HiddenField()
    shown = HiddenField()


def field_name(place: int) -> str:
    return f"question_{place}"


def read_form(asked: Asked, *, shown: str, with_what_was_sent: bool = True) -> ReadForm:
    """The form with a field for each question that is left. `shown` stands for what there is to read."""
    fields: dict[str, Any] = {
        field_name(place): RadioField(
            asked.questions[place].text,
            [InputRequired(f"Choose an answer to question {place + 1}")],
            choices=[(str(number), answer) for number, answer in enumerate(asked.questions[place].answers)],
        )
        for place in asked.left
    }
    form_class: type[ReadForm] = type("QuestionsForm", (ReadForm,), fields)
    known = {"asked": str(asked.set_id or ""), "shown": shown}
    return form_class(**known) if with_what_was_sent else form_class(formdata=None, **known)


def chosen_in(form: ReadForm, asked: Asked) -> dict[int, int]:
    """What the reader chose, by the question's place."""
    return {place: int(form[field_name(place)].data) for place in asked.left}


def explain_wrong_answers(form: ReadForm, asked: Asked) -> None:
    """Puts the explanation beside each question that was answered wrongly."""
    for place, chosen in chosen_in(form, asked).items():
        question = asked.questions[place]
        if not question.is_right(chosen):
            form[field_name(place)].errors = [f"Not right yet. {question.why.rstrip('.')}. Try again"]
