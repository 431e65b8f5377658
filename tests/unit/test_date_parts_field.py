"""The three boxes of a date: what they take, and the sentence they answer with."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import Form
from wtforms.validators import Optional

from blueprints.web.fields import DatePartsField, month_number


class DueForm(Form):
    due = DatePartsField("Due date")


class PerhapsForm(Form):
    since = DatePartsField("Since", optional=True)


def posted(day: str, month: str, year: str, name: str = "due") -> MultiDict[str, str]:
    return MultiDict({f"{name}-day": day, f"{name}-month": month, f"{name}-year": year})


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.booleans())
def test_every_date_in_range_comes_back_as_it_was_given(day: date, padded: bool) -> None:
    texts = (f"{day:%d}", f"{day:%m}") if padded else (str(day.day), str(day.month))
    form = DueForm(posted(*texts, str(day.year)))
    assert form.validate(), form.errors
    assert form.due.data == day


@given(st.text(max_size=8), st.text(max_size=12), st.text(max_size=6))
def test_anything_typed_gives_a_date_or_a_sentence(day: str, month: str, year: str) -> None:
    form = DueForm(posted(day, month, year))
    if form.validate():
        assert isinstance(form.due.data, date)
    else:
        assert form.due.data is None
        assert all(sentence[0].isupper() and " " in sentence for sentence in form.due.errors)


@pytest.mark.parametrize("month", ["March", "march", "Mar", "mar.", " 3 ", "03"])
def test_a_month_may_be_a_name(month: str) -> None:
    form = DueForm(posted("27", month, "2027"))
    assert form.validate()
    assert form.due.data == date(2027, 3, 27)


@pytest.mark.parametrize("text", ["", "ma", "13", "0", "003", "mars", "³", "٣"])
def test_what_is_no_month_is_none(text: str) -> None:
    assert month_number(text) is None


@pytest.mark.parametrize(
    ("boxes", "sentence", "wrong"),
    [
        (("", "", ""), "Enter the due date", {"day", "month", "year"}),
        (("27", "", "2027"), "Due date must include a month", {"month"}),
        (("", "", "2027"), "Due date must include a day and a month", {"day", "month"}),
        (("31", "2", "2027"), "Due date must be a real date, like 27 3 2027", {"day", "month"}),
        (("3", "Mrch", "2027"), "Due date must be a real date, like 27 3 2027", {"month"}),
        (("3", "3", "27"), "Due date must have a year with 4 numbers, like 2027", {"year"}),
        (("3", "3", "2720"), "Due date must have a year between 1900 and 2100", {"year"}),
    ],
)
def test_an_error_is_a_sentence_and_marks_its_boxes(
    boxes: tuple[str, str, str], sentence: str, wrong: set[str]
) -> None:
    form = DueForm(posted(*boxes))
    assert not form.validate()
    assert form.due.errors == [sentence]
    assert form.due.parts_in_error == wrong
    assert tuple(form.due.parts.values()) == boxes


def test_an_optional_date_may_be_left_out_but_not_be_half_given() -> None:
    assert PerhapsForm(posted("", " ", "", "since")).validate()
    assert not PerhapsForm(posted("1", "", "", "since")).validate()


def test_the_optional_validator_of_wtforms_does_not_hide_a_wrong_date() -> None:
    class TwiceOptional(Form):
        since = DatePartsField("Since", [Optional()], optional=True)

    assert TwiceOptional(posted("", "", "", "since")).validate()
    assert not TwiceOptional(posted("31", "2", "2027", "since")).validate()


def test_a_date_from_a_record_fills_the_boxes() -> None:
    assert DueForm(data={"due": date(2027, 3, 9)}).due.parts == {"day": "9", "month": "3", "year": "2027"}


def test_a_question_as_label_is_called_by_its_name() -> None:
    class Asked(Form):
        due = DatePartsField("When is it due?", called="DSL review date")

    form = Asked(posted("", "", ""))
    assert not form.validate()
    assert form.due.errors == ["Enter the DSL review date"]
