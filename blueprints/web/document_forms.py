"""The forms with which documents and editions of one's own are written."""

from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from blueprints.web.access import today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.free_text import NoPupilData
from tenants.reading.models import EditionAsks, PartKind
from tenants.staff.models import STAFF_ROLE_NAMES

MOST_CHARACTERS = 20000


def _not_to_come(form: Any, day: DatePartsField) -> None:
    if day.data and day.data > today():
        raise ValidationError("The first day must be today or in the past. Put a later edition in force on its day")


class EditionForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    label = StringField("Name of the edition", [DataRequired("Enter a name"), Length(max=60), NoPupilData()])
    in_force_from = DatePartsField("In force from", [_not_to_come], called="First day")


class DraftForm(EditionForm):
    rule = TextAreaField("Who reads what, in a sentence", [Length(max=500), NoPupilData()])


class StartForm(EditionForm):
    from_the_one_before = BooleanField("Begin with the parts of the edition in force", default=True)


class DocumentForm(EditionForm):
    title = StringField("Title", [DataRequired("Enter a title"), Length(max=150), NoPupilData()])
    audience = SelectMultipleField(
        "Who must read it?", choices=[(role.value, n) for role, n in STAFF_ROLE_NAMES.items()]
    )


class PartForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    title = StringField("Title of the part", [DataRequired("Enter a title"), Length(max=150), NoPupilData()])
    audience = SelectMultipleField("Who reads it?", choices=[(role.value, n) for role, n in STAFF_ROLE_NAMES.items()])


class TextForm(PartForm):
    text = TextAreaField(
        "Text",
        [DataRequired("Enter the text"), Length(max=MOST_CHARACTERS, message="Use fewer characters"), NoPupilData()],
    )


class FileForm(PartForm):
    file = FileField("File")


class AddressForm(PartForm):
    address = StringField("Address", [DataRequired("Enter the address"), Length(max=2000), NoPupilData()])

    def validate_address(self, address: StringField) -> None:
        if not address.data.strip().startswith(("https://", "http://")):
            raise ValidationError("The address must start with https:// or http://")


PART_FORMS: dict[PartKind, type[Any]] = {
    PartKind.TEXT: TextForm,
    PartKind.FILE: FileForm,
    PartKind.ADDRESS: AddressForm,
}


class MoveForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    by = HiddenField()


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


class PublishForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    same_pages = SelectMultipleField("Which of these pages say the same as before?", coerce=as_uuid)
    asks = RadioField(
        "Who is asked to confirm again?",
        choices=[
            (EditionAsks.CHANGED.value, "Only those who read a part that is new or has changed"),
            (EditionAsks.EVERYBODY.value, "Everybody who must read it"),
        ],
        default=EditionAsks.CHANGED.value,
    )
