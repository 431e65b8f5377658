"""Form fields that WTForms does not bring."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Field
from wtforms.utils import unset_value
from wtforms.validators import ValidationError

PARTS = ("day", "month", "year")
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_SHORTEST_MONTH_NAME = 3


def as_uuid(value: uuid.UUID | str) -> uuid.UUID:
    """For a field that chooses among rows: takes what the page posts and what the view sets. Raises ValueError."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


class DatePartsField(Field):  # type: ignore[misc]  # WTForms has no types
    """A date in GOV.UK's three boxes, posted as `name-day`, `name-month` and `name-year`; `data` is a date or None.

    The month may be a number or an English name, also cut short ("Mar"). Nothing in any box is an error unless the
    field is optional; `missing` is then the sentence, by default "Enter the due date" for the label "Due date".
    `called` is what errors call the date where the label is a question ("When was it done?"). The sentences follow
    GOV.UK's date input guidance: they name the part that is missing before anything else.
    """

    def __init__(
        self,
        label: str | None = None,
        validators: Sequence[Any] | None = None,
        *,
        optional: bool = False,
        missing: str | None = None,
        called: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.optional = optional
        self.missing = missing
        self.called = called
        self.parts: dict[str, str] = dict.fromkeys(PARTS, "")
        self.parts_in_error: frozenset[str] = frozenset()

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Reads the three boxes as one field with three values."""
        if formdata is not None:
            given = [(formdata.get(f"{self.name}-{part}") or "").strip() for part in PARTS]
            formdata = MultiDict((self.name, value) for value in given)
        super().process(formdata, data, extra_filters)

    def process_data(self, value: date | None) -> None:
        self.data = value
        if value is not None:
            self.parts = {"day": str(value.day), "month": str(value.month), "year": str(value.year)}

    def process_formdata(self, valuelist: list[str]) -> None:
        self.parts = dict(zip(PARTS, valuelist, strict=True))
        self.data = None
        # An empty field must look empty to the validators of WTForms.
        self.raw_data = valuelist if any(valuelist) else []
        absent = [part for part in PARTS if not self.parts[part]]
        if len(absent) == len(PARTS):
            return
        if absent:
            self.parts_in_error = frozenset(absent)
            raise ValueError(f"{self._name} must include a {' and a '.join(absent)}")
        self.data = self._real_date()

    def pre_validate(self, form: Any) -> None:
        if self.data is None and not self.raw_data and not self.optional:
            self.parts_in_error = frozenset(PARTS)
            raise ValidationError(self.missing or f"Enter the {_inside_a_sentence(self._name)}")

    @property
    def _name(self) -> str:
        return self.called or str(self.label.text)

    def _real_date(self) -> date:
        """The date in the boxes. Raises ValueError with the sentence to show, and notes which boxes are wrong."""
        year = self.parts["year"]
        if not (_is_number(year) and len(year) == 4):
            self.parts_in_error = frozenset({"year"})
            raise ValueError(f"{self._name} must have a year with 4 numbers, like 2027")
        if not EARLIEST_YEAR <= int(year) <= LATEST_YEAR:
            self.parts_in_error = frozenset({"year"})
            raise ValueError(f"{self._name} must have a year between {EARLIEST_YEAR} and {LATEST_YEAR}")
        day, month = self.parts["day"], month_number(self.parts["month"])
        try:
            if month is None or not _is_number(day) or len(day) > 2:
                raise ValueError(day, month)
            return date(int(year), month, int(day))
        except ValueError:
            self.parts_in_error = frozenset({"month"}) if month is None else frozenset({"day", "month"})
            raise ValueError(f"{self._name} must be a real date, like 27 3 2027") from None


def month_number(text: str) -> int | None:
    """1 to 12 for a month as a number or by name ("3", "03", "March", "mar", "Sept."); None for anything else."""
    word = text.strip().rstrip(".").lower()
    if _is_number(word):
        number = int(word) if len(word) <= 2 else 0
        return number if 1 <= number <= len(_MONTHS) else None
    if len(word) < _SHORTEST_MONTH_NAME:
        return None
    return next((number for number, name in enumerate(_MONTHS, start=1) if name.startswith(word)), None)


def _inside_a_sentence(name: str) -> str:
    """“Due date” as “due date”; an abbreviation at the start stays as it is."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _is_number(text: str) -> bool:
    # str.isdigit alone takes digits of other scripts and superscripts, which int() may refuse.
    return text.isascii() and text.isdigit()
