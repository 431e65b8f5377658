"""Numbers in words: whatever cell of a release's system a publisher is told of, shown in a table or in none."""

from dataclasses import replace

import pytest

from tenants.insights.disclosure.catalogue import catalogue
from tenants.insights.disclosure.engine.types import Protected
from tenants.insights.disclosure.gather import Figures
from tenants.insights.disclosure.naming import DIFFERENCE, ELSEWHERE, PART, REST, Named, NumberNames
from tenants.insights.disclosure.rollup import added_up
from tests.unit.test_release_attacks import figures, protected

AREAS = {"901": "Ely", "902": "March", "903": "Soham"}


def an_area(code: str, season: str = "autumn") -> Figures:
    """With a course for a few of the staff beside that for everybody."""
    found = figures(f"2026-27-{season}", schools=30, referrals=40, area=code)
    few = {school: [number % 2, 1] for number, school in enumerate(sorted(found.classes)[:14])}
    return replace(
        found,
        training=found.training | {"refresher": few},
        audiences=found.audiences | {"refresher": ["dsl", "slt"]},
        titles=found.titles | {"refresher": "DSL refresher"},
    )


@pytest.fixture(scope="module")
def autumn() -> Protected:
    return protected(an_area("901"), [], [])[1]


@pytest.fixture(scope="module")
def spring(autumn: Protected) -> tuple[NumberNames, Protected]:
    """The second release of the year, which adds the first term's referrals up."""
    layout, done = protected(an_area("901", "spring"), [an_area("901")], [autumn])
    return NumberNames(layout, catalogue().without(()), done, AREAS), done


@pytest.fixture(scope="module")
def of_group(autumn: Protected) -> tuple[NumberNames, Protected]:
    areas = {code: an_area(code) for code in AREAS}
    out = [autumn, *(protected(areas[code], [], [], area=code)[1] for code in ("902", "903"))]
    layout, done = protected(added_up(areas), [], out, area="group-1", codes=tuple(AREAS))
    return NumberNames(layout, catalogue().without(()), done, AREAS), done


def test_a_number_of_a_table_is_called_what_its_table_row_and_column_are(
    spring: tuple[NumberNames, Protected], of_group: tuple[NumberNames, Protected]
) -> None:
    names, _ = spring
    key = "referrals@2026-27|area=901|concern=mixed|phase=primary|time="
    assert names.of(f"{key}2026-27-autumn to 2026-27-spring").words == (
        "Referrals, 2026/27 – Year so far – Conflicted, mixed or no ideology – Primary"
    )
    assert names.of(f"{key}2026-27-spring").words == (
        "Referrals, 2026/27 – Spring term 2027 – Conflicted, mixed or no ideology – Primary"
    )
    for found, term, area in ((names, "spring", "901"), (of_group[0], "autumn", "group-1")):
        words = found.of(f"training-bands:awareness@2026-27-{term}|area={area}|band=band-most").words
        year = {"spring": 2027, "autumn": 2026}[term]
        assert words == f"Schools by training coverage, {term} term {year} – Prevent awareness – 90% or more"
    green = of_group[0].of("sections:training@2026-27-autumn|area=group-1|state=state-green")
    assert green.shown_in[:1] == ("Action plans",)


def test_a_number_that_no_table_shows_says_what_it_is(
    spring: tuple[NumberNames, Protected], of_group: tuple[NumberNames, Protected]
) -> None:
    names, _ = spring
    everybody, few = "staff:everybody@2026-27-spring", "staff:dsl+slt@2026-27-spring"
    assert names.of(f"{everybody}-training:awareness@2026-27-spring|area=901") == Named(
        "Prevent awareness: staff who are asked for it and do not have it, spring term 2027", (), REST
    )
    assert names.of(f"{everybody}-reading:part-one@2026-27-spring|area=901").words == (
        "Part one: staff who are asked for it and did not confirm it, spring term 2027"
    )
    assert names.of(f"{everybody}-{few}|area=901") == Named(
        "Staff who are asked for Prevent awareness, Part one, less those for DSL refresher, spring term 2027",
        (),
        DIFFERENCE,
    )
    atom = "referrals@2026-27|area=901|concern=type-islamist|kind=academy|phase=other|time=2026-27-autumn"
    assert names.of(atom) == Named(
        "Referrals, 2026/27 – Autumn term 2026 – islamist – Nursery, special and other – Academies", (), PART
    )
    of_member = "sections:training@2026-27-autumn|area=902|state=state-red"
    assert of_group[0].of(of_member) == Named(
        "Action plans, autumn term 2026 – Staff training – Red – March", (), ELSEWHERE
    )


def test_no_cell_of_a_release_s_system_is_left_without_words(
    spring: tuple[NumberNames, Protected], of_group: tuple[NumberNames, Protected]
) -> None:
    for names, done in (spring, of_group):
        found = {key: names.of(key) for key in (*done.document["cells"], *done.for_auditor["sensitive"])}
        assert len(found) > 60
        assert not [key for key, each in found.items() if {"@", "|", "=", ":"} & set(each.words.replace(": staff", ""))]
        assert not [key for key, each in found.items() if bool(each.shown_in) is bool(each.what)]


def test_what_a_release_has_no_words_for_keeps_its_key(spring: tuple[NumberNames, Protected]) -> None:
    key = "training:gone@2024-25-autumn|area=901"
    assert spring[0].of(key) == Named(key, (), ELSEWHERE)
