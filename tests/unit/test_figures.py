"""Figures: what is drawn, what the table says, and that both say the same."""

import json
import uuid
from datetime import date
from typing import Any

import pytest

from prevent_trust.config import ROOT
from tenants.calendar.rules import last_terms
from tenants.insights.comparison import SchoolRow
from tenants.insights.figures.bars import coverage_by_school, coverage_by_subject
from tenants.insights.figures.drawing import INK, STATE_COLOURS, Figure
from tenants.insights.figures.heatmap import section_heatmap
from tenants.insights.figures.volumes import referrals_by_term
from tenants.insights.measures.types import Coverage
from tenants.plan.models import THEME_NAMES, Theme
from tenants.plan.rules import SectionCounts

DAY = "24 November 2026"
TERMS = last_terms(date(2026, 11, 24), 6)
TITLES = {"prevent-awareness": "Prevent awareness", "kcsie-part-one": "Keeping children safe, Part one"}
RED = SectionCounts(total=4, met=3, not_met=1)
AMBER = SectionCounts(total=4, met=1, partly_met=1)
GREEN = SectionCounts(total=4, met=3, not_applicable=1)
ALL_LATE = SectionCounts(total=2, not_met=2, overdue=2)


def school(name: str, *, pupils: int | None = 200, **values: Any) -> SchoolRow:
    return SchoolRow(
        id=uuid.uuid4(),
        urn=100000,
        name=name,
        phase="Primary",
        authority="Fenshire",
        authority_id=uuid.uuid4(),
        pupils=pupils,
        **values,
    )


def with_sections(name: str, **sections: SectionCounts) -> SchoolRow:
    row = school(name, has_plan=True)
    row.sections |= {Theme(theme): counts for theme, counts in sections.items()}
    return row


def with_training(name: str, has: int, needs: int, key: str = "prevent-awareness") -> SchoolRow:
    row = school(name)
    row.training[key] = Coverage(row.id, key, has, needs)
    return row


def drawn(figure: Figure) -> Any:
    """What Plotly is given."""
    return json.loads(figure.plotly_json)


def heatmap(*schools: SchoolRow) -> Figure:
    return section_heatmap(schools, as_at=DAY, href=lambda row: f"/plan-of/{row.name}", csv_url="/csv")


def by_subject(*schools: SchoolRow) -> Figure:
    return coverage_by_subject(schools, TITLES, as_at=DAY, csv_url="/csv")


def by_school(*schools: SchoolRow, key: str = "prevent-awareness") -> Figure:
    return coverage_by_school(schools, key, TITLES[key], as_at=DAY, href=lambda row: None, csv_url=None)


def volumes(*schools: SchoolRow) -> Figure:
    return referrals_by_term(schools, TERMS, as_at=DAY, csv_url=None)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# Every figure


EVERY_FIGURE = pytest.mark.parametrize("make_figure", [heatmap, by_subject, by_school, volumes])


@EVERY_FIGURE
def test_a_figure_says_as_at_when_and_has_a_table(make_figure: Any) -> None:
    figure = make_figure(with_training("Alder School", 3, 4))
    assert DAY in figure.caption
    assert figure.title
    assert figure.table.rows
    assert all(len(row) == len(figure.table.columns) for row in figure.table.rows)


@EVERY_FIGURE
def test_a_figure_of_no_school_is_empty_and_no_error(make_figure: Any) -> None:
    figure = make_figure()
    assert figure.table.rows == []
    assert drawn(figure)["layout"]["height"] > 0


@EVERY_FIGURE
def test_plotlys_own_style_is_not_sent_along(make_figure: Any) -> None:
    assert len(make_figure(with_training("Alder School", 3, 4)).plotly_json) < 4000


def test_the_figures_of_a_page_have_keys_of_their_own() -> None:
    row = with_training("Alder School", 3, 4)
    assert len({make(row).key for make in (heatmap, by_subject, by_school, volumes)}) == 4


def test_the_colours_are_those_of_the_style_sheets() -> None:
    from tenants.insights.figures import drawing

    palette = (ROOT / "prevent_trust/assets/scss/_colours.scss").read_text()
    for name in ("INK", "SOFT", "LINE", "AUBERGINE", "AUBERGINE_MID", "AUBERGINE_PALE"):
        assert getattr(drawing, name) in palette, name


# Sections by school


def test_a_cell_of_the_heatmap_carries_the_state_as_a_word_and_the_share_that_is_met() -> None:
    alder = with_sections("Alder School", risk_assessment=RED, partnership=AMBER, training=GREEN, resilience=ALL_LATE)
    figure = heatmap(alder)
    (trace,) = drawn(figure)["data"]
    assert trace["x"] == list(THEME_NAMES.values())
    assert trace["text"] == [["Red 75%", "Amber 25%", "Green 100%", "Not answered", "Red 0%"]]
    assert trace["texttemplate"] == "%{text}"
    (row,) = figure.table.rows
    assert [cell.text for cell in row[1:6]] == trace["text"][0]  # type: ignore[union-attr]
    assert [cell.state for cell in row[1:6]] == ["red", "amber", "green", "not_answered", "red"]  # type: ignore[union-attr]
    assert row[0].href == "/plan-of/Alder School"  # type: ignore[union-attr]


def test_the_whole_plan_stands_beside_its_sections_with_what_is_in_none_of_them() -> None:
    alder = with_sections("Alder School", risk_assessment=RED)
    alder.other = SectionCounts(total=4, met=1, not_met=3, overdue=2)
    table = heatmap(alder).table
    assert [column.key for column in table.columns[-3:]] == ["met", "answered", "overdue"]
    assert table.lines()[0][-3:] == ["50%", "100%", 2]


def test_each_state_has_its_own_colour_in_the_heatmap() -> None:
    alder = with_sections("Alder School", risk_assessment=RED, partnership=AMBER, training=GREEN)
    (trace,) = drawn(heatmap(alder))["data"]
    found = {
        word.split(" ")[0]: colour_at(trace, value) for word, value in zip(trace["text"][0], trace["z"][0], strict=True)
    }
    assert found == {
        "Red": STATE_COLOURS["red"],
        "Amber": STATE_COLOURS["amber"],
        "Green": STATE_COLOURS["green"],
        "Not": STATE_COLOURS["not_answered"],
    }


def colour_at(trace: Any, value: float) -> str:
    """The colour that a value gets by the scale of the trace."""
    place = (value - trace["zmin"]) / (trace["zmax"] - trace["zmin"])
    return [colour for edge, colour in trace["colorscale"] if edge <= place][-1]  # type: ignore[no-any-return]


@pytest.mark.parametrize("state", STATE_COLOURS)
def test_words_can_be_read_on_every_state(state: str) -> None:
    assert contrast(INK, STATE_COLOURS[state]) >= 4.5


def test_schools_of_one_name_have_a_row_each() -> None:
    names = drawn(heatmap(school("St Mary’s School"), school("St Mary’s School")))["data"][0]["y"]
    assert len(set(names)) == 2


def test_a_long_name_is_broken_for_a_phone_and_whole_in_the_table() -> None:
    name = "Our Lady of Perpetual Succour Roman Catholic Voluntary Academy"
    figure = heatmap(school(name))
    assert max(len(line) for line in drawn(figure)["data"][0]["y"][0].split("<br>")) <= 26
    assert figure.table.lines()[0][0] == name


def test_the_heatmap_grows_with_the_schools() -> None:
    heights = [drawn(heatmap(*(school(f"School {n}") for n in range(count))))["layout"]["height"] for count in (5, 90)]
    assert heights[1] - heights[0] == 85 * 42


# Training and reading


def test_the_bars_of_all_schools_add_people_and_do_not_average_shares() -> None:
    figure = by_subject(with_training("Alder School", 1, 1), with_training("Birch School", 1, 9))
    assert figure.table.lines() == [["Prevent awareness", 2, 10, 8, "20%"]]
    assert drawn(figure)["data"][-1]["text"] == ["20% (2 of 10)"]


def test_a_share_is_rounded_down_so_that_100_per_cent_means_everybody() -> None:
    figure = by_subject(with_training("Alder School", 999, 1000))
    assert figure.table.lines()[0][-1] == "99%"
    assert drawn(figure)["data"][-1]["text"] == ["99% (999 of 1000)"]


def test_a_course_that_nobody_needs_has_no_bar() -> None:
    assert by_subject(school("Alder School")).table.rows == []


def test_the_schools_with_the_lowest_share_come_first() -> None:
    figure = by_school(
        with_training("Alder School", 9, 10), with_training("Birch School", 1, 2), with_training("Ash School", 1, 2)
    )
    assert [line[0] for line in figure.table.lines()] == ["Ash School", "Birch School", "Alder School"]
    assert drawn(figure)["data"][-1]["y"] == ["Ash School", "Birch School", "Alder School"]


def test_a_school_where_nobody_needs_the_course_is_not_among_the_bars() -> None:
    figure = by_school(with_training("Alder School", 1, 2), school("Birch School"))
    assert [line[0] for line in figure.table.lines()] == ["Alder School"]


def test_documents_are_drawn_as_courses_are() -> None:
    row = school("Alder School")
    row.reading["kcsie-part-one"] = Coverage(row.id, "kcsie-part-one", 3, 4)
    assert by_school(row, key="kcsie-part-one").table.lines() == [["Alder School", 3, 4, 1, "75%"]]
    assert by_subject(row).table.lines()[0][0] == TITLES["kcsie-part-one"]


@pytest.mark.parametrize("has", [0, 1, 45, 69, 70, 99, 100])
def test_the_words_on_a_bar_can_be_read_whatever_lies_under_them(has: int) -> None:
    rest, filled, over = drawn(by_subject(with_training("Alder School", has, 100)))["data"]
    ink = over["textfont"]["color"]
    assert contrast(ink, rest["marker"]["color"]) >= 4.5
    assert contrast(ink, filled["marker"]["color"]) >= 4.5


def test_the_edge_of_a_bar_stands_out_from_both_sides_of_it() -> None:
    rest, filled, _ = drawn(by_subject(with_training("Alder School", 50, 100)))["data"]
    edge = filled["marker"]["line"]["color"]
    assert contrast(edge, rest["marker"]["color"]) >= 3
    assert contrast(edge, filled["marker"]["color"]) >= 3
    assert filled["x"] == [50]


# Referrals


def referring(name: str, counts: list[int], pupils: int | None) -> SchoolRow:
    return school(name, pupils=pupils, referrals={t.key: n for t, n in zip(TERMS, counts, strict=True)})


def test_referrals_are_added_up_by_term_and_set_against_the_pupils() -> None:
    figure = volumes(referring("Alder School", [0, 0, 0, 1, 0, 2], 200), referring("Birch School", [0] * 5 + [1], 800))
    (bars,) = drawn(figure)["data"]
    assert bars["y"] == [0, 0, 0, 1, 0, 3]
    assert bars["x"][-1] == "Autumn<br>2026"
    assert bars["customdata"][-1] == "3.00 per 1,000 pupils"
    assert figure.table.lines()[0] == ["Alder School", "200", 0, 0, 0, 1, 0, 2, 3, "2.50"]


def test_referrals_of_a_school_without_a_number_of_pupils_are_counted_and_not_in_the_rate() -> None:
    figure = volumes(referring("Alder School", [0] * 5 + [2], 1000), referring("Birch School", [0] * 5 + [6], None))
    (bars,) = drawn(figure)["data"]
    assert (bars["y"][-1], bars["customdata"][-1]) == (8, "2.00 per 1,000 pupils")
    assert figure.table.lines()[1][1] == "Not known"
    assert figure.table.lines()[1][-1] == "–"


def test_a_rate_is_sorted_as_a_number_and_an_unknown_one_comes_before_nought() -> None:
    rows = volumes(referring("Alder School", [0] * 6, 100), referring("Birch School", [0] * 6, None)).table.rows
    assert [row[-1].sort_value for row in rows] == [0, -1]  # type: ignore[union-attr]
