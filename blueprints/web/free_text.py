"""What may not stand in any text that somebody writes here, and what in it is out of date."""

from typing import Any

from wtforms import Field
from wtforms.validators import ValidationError

from tenants.references.findings import Finding, LocatedText, find_outdated
from tenants.references.register import load_register
from tenants.referrals.rules import stated_identifiers


class NoPupilData:
    """A validator: the text holds no pupil number and nothing that is said to be a date of birth."""

    def __call__(self, form: Any, field: Field) -> None:
        for problem in stated_identifiers(field.data or ""):
            raise ValidationError(problem.message)


def outdated_in(*texts: str) -> list[Finding]:
    """What the texts cite that has been replaced, or that should be checked; each with what to do. Nothing is corrected."""
    return find_outdated([LocatedText("Here", text) for text in texts if text], load_register())
