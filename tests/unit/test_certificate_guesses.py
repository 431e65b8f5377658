"""What a certificate seems to say: a guess only where one reading stands out."""

import uuid
from datetime import date

import pytest

from tenants.imports.certificates.guess import guess

ADA, BEA, OTHER_ADA = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
AWARENESS, REFRESHER, DSL = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
STAFF = [(ADA, "Ada", "O’Finch"), (BEA, "Bea", "Wren-Lark")]
COURSES = [
    (AWARENESS, ["Prevent awareness", "prevent duty training e learning"]),
    (REFRESHER, ["Prevent refresher awareness"]),
    (DSL, ["Training for designated safeguarding leads"]),
]
TODAY = date(2026, 11, 27)
DAY = date(2026, 9, 4)


def told(
    text: str, staff: list[tuple[uuid.UUID, str, str]] = STAFF
) -> tuple[uuid.UUID | None, uuid.UUID | None, date | None]:
    found = guess(text, staff=staff, courses=COURSES, today=TODAY)
    return found.staff_id, found.course_id, found.completed_on


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("This is to certify that\nAda Mary O’Finch\nhas completed", ADA),
        ("WREN-LARK, Bea", BEA),
        ("Adam O’Finch", None),
        ("Presented to Bea Wren-Lark by the trainer, Ada O’Finch", BEA),
        ("Trainer: Ada O’Finch. Awarded to Bea Wren-Lark", BEA),
        ("Ada O’Finch and Bea Wren-Lark took part", None),
    ],
)
def test_whose_it_is(text: str, who: uuid.UUID | None) -> None:
    assert told(text)[0] == who


def test_two_people_of_one_name_are_for_somebody_to_tell_apart() -> None:
    assert told("Awarded to Ada O’Finch", [*STAFF, (OTHER_ADA, "Ada", "O’Finch")])[0] is None


@pytest.mark.parametrize(
    ("text", "course"),
    [
        ("completed the Prevent Awareness course", AWARENESS),
        ("Prevent duty training e-learning", AWARENESS),
        ("Prevent refresher awareness", REFRESHER),
        ("has attended: Designated Safeguarding Leads training", DSL),
        ("Fire wardens", None),
        ("Prevent awareness, as part of Prevent duty training e-learning", AWARENESS),
        ("Training for Designated Safeguarding Leads, with Prevent refresher awareness", None),
    ],
)
def test_which_course_it_is(text: str, course: uuid.UUID | None) -> None:
    assert told(text)[1] == course


@pytest.mark.parametrize(
    "text",
    [
        "on 4 September 2026", "4th of September, 2026", "Sept 4th, 2026", "04/09/2026", "4.9.2026", "2026-09-04",
        "Completed on 04/09/2026. Issued 7/9/2026", "04-09-2026, valid until 04/09/2026",
        "Completed: 4 Sep 2026 Expires: 4 Sep 2028", "Version of 1 May 2024. Date achieved 4 September 2026",
    ],
)  # fmt: skip
def test_when_it_was_completed(text: str) -> None:
    assert told(text)[2] == DAY


@pytest.mark.parametrize(
    "text",
    [
        "4/9/2026 and 5/9/2026",
        "31/02/2026",
        "4 September 2027",
        "Expires 4 September 2026",
        "Date of birth 4/9/1980",
        "",
    ],
)
def test_no_day_is_guessed_where_none_stands_out(text: str) -> None:
    assert told(text)[2] is None
