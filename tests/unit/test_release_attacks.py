"""What an attacker with the published files learns: margins, linked views, releases in sequence, insiders, files, figures.

Synthetic authorities with the product's own catalogue; the whole way from figures to files, without a database. The figures
of docs/disclosure.md come from `prevent-trust`'s own rules: run this file to repeat the attacks.
"""

import json
import random
import re
from collections import Counter
from dataclasses import asdict, replace
from datetime import date

import pytest

from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.catalogue import catalogue
from tenants.insights.disclosure.engine.calls import protect
from tenants.insights.disclosure.engine.types import Earlier, Protected, Request
from tenants.insights.disclosure.files import About, files_of, tidy_rows
from tenants.insights.disclosure.gather import Figures
from tenants.insights.disclosure.headlines import headlines
from tenants.insights.disclosure.rollup import added_up
from tenants.insights.disclosure.system import OVERDUE_BANDS, POST_STATES, REVIEW_STATES, STATES, Layout
from tenants.insights.disclosure.tables import Writer
from tenants.insights.disclosure.types import (
    FIGURES_FILE,
    HIDDEN,
    TABLES_FILE,
    ProtectedCell,
    ProtectedRelease,
    ProtectedRow,
    ProtectedTable,
    ReleaseRules,
)
from tenants.insights.figures.released import drawn, figure_of
from tenants.plan.models import THEME_NAMES

RULES = ReleaseRules()
CONCERNS = ("islamist", "extreme-right-wing", "no-ideology", "conflicted", "fixation-mass-attacks", "other")


def figures(term: str, *, schools: int, referrals: int, seed: int = 1, area: str = "901") -> Figures:
    """An invented authority's figures of a term. The same schools for the same seed, with other records in each term."""
    chance = random.Random(f"{seed}{term}{area}")  # invented records
    kinds = random.Random(f"{seed}{area}")
    classes = {
        f"school-{area}-{n:03d}": {
            "phase": kinds.choices(("primary", "secondary", "other"), (7, 2, 1))[0],
            "kind": kinds.choice(("academy", "maintained")),
        }
        for n in range(schools)
    }
    made = Counter((chance.choice(sorted(classes)), chance.choice(CONCERNS)) for _ in range(referrals))
    counts: dict[str, dict[str, int]] = {}
    for (school, concern), count in made.items():
        counts.setdefault(concern, {})[school] = count

    def states(of: tuple[str, ...], weights: tuple[int, ...]) -> dict[str, str]:
        return {school: chance.choices(of, weights)[0] for school in classes}

    need = {school: chance.randint(12, 90) for school in classes}
    return Figures(
        term=term,
        as_at={"autumn": "2026-12-31", "spring": "2027-03-31"}[term.rpartition("-")[2]],
        classes=classes,
        open_schools=dict(Counter(each["phase"] for each in classes.values())),
        sections={theme.value: states(STATES, (4, 3, 2, 1)) for theme in THEME_NAMES},
        training={"awareness": {school: [chance.randint(all_ // 2, all_), all_] for school, all_ in need.items()}},
        reading={"part-one": {school: [chance.randint(all_ // 3, all_), all_] for school, all_ in need.items()}},
        posts={"dsl": states(POST_STATES, (8, 1, 1, 1))},
        overdue=states(OVERDUE_BANDS, (5, 3, 1)),
        referrals=counts,
        pupils={school: chance.randint(90, 1400) for school in classes},
        titles={
            **{theme.value: name for theme, name in THEME_NAMES.items()},
            **{group.key: group.title for group in (*catalogue().phases, *catalogue().concerns)},
            **{f"concern:{key}": key.replace("-", " ") for key in CONCERNS},
            "academy": "Academies",
            "maintained": "Other schools",
            "post:dsl": "Designated safeguarding lead",
            "awareness": "Prevent awareness",
            "part-one": "Part one",
        },
        audiences={"awareness": [], "part-one": []},
        concerns=list(CONCERNS),
        filtering=states(REVIEW_STATES, (5, 2, 1)),
    )


def protected(
    now: Figures,
    before: list[Figures],
    out: list[Protected],
    *,
    seconds: float = 30,
    area: str = "901",
    codes: tuple[str, ...] = (),
) -> tuple[Layout, Protected]:
    layout = Layout(catalogue(), now, before, RULES, area=area, codes=codes)
    for table in catalogue().without(()):
        layout.add(table)
    layout.add_audiences()
    request = Request(
        tuple(layout.measures.values()),
        tuple(layout.tables),
        tuple(layout.shares),
        tuple(layout.differences),
        tuple(Earlier(each.for_auditor, each.values) for each in out),
        seconds=seconds,
    )
    return layout, protect(request)


def written(layout: Layout, done: Protected) -> ProtectedRelease:
    writer = Writer(layout, done)
    tables = tuple(found for entry in catalogue().without(()) if (found := writer.table(entry)))
    return ProtectedRelease(len(layout.figures.classes), RULES, tables, headlines=headlines(tables, ()))


@pytest.fixture(scope="module")
def two_terms() -> list[tuple[Layout, Protected]]:
    """Two terms of 40 schools with 30 referrals each, the second protected with the first as a fixed fact."""
    autumn, spring = (figures(f"2026-27-{season}", schools=40, referrals=30) for season in ("autumn", "spring"))
    first = protected(autumn, [], [])
    return [first, protected(spring, [autumn], [first[1]])]


def test_margins_linked_views_and_releases_in_sequence_give_no_hidden_number(
    two_terms: list[tuple[Layout, Protected]],
) -> None:
    published = [done.document for _, done in two_terms]
    assert any(cell.get("symbol") == "c" for document in published for cell in document["cells"].values())
    for known in (published[:1], published):
        assert audit_documents(known).passed


def test_a_group_s_release_makes_nothing_known_that_its_authorities_releases_hide() -> None:
    now = {area: figures("2026-27-autumn", schools=30, referrals=9, area=area) for area in ("901", "902", "903")}
    out = [protected(each, [], [], area=area)[1] for area, each in now.items()]
    _, done = protected(added_up(now), [], out, area="group", codes=tuple(now))
    documents = [*(each.for_auditor for each in out), done.for_auditor]
    found = audit_documents(documents)
    assert found.passed
    assert audit_documents(documents, new=done.for_auditor).passed
    assert audit_documents([*(each.document for each in out), done.document]).passed
    shown = [key for key, cell in done.cells.items() if cell.shown is not None]
    assert len(shown) > len(done.cells) / 2
    assert not any("area=90" in key for key in done.cells)  # no authority's own number is given


def test_no_school_learns_another_s_number_from_what_it_knows_of_itself(
    two_terms: list[tuple[Layout, Protected]],
) -> None:
    found = audit_documents([done.for_auditor for _, done in two_terms])
    assert found.attackers > 1
    assert found.passed, found.problems


def test_terms_that_are_protected_on_their_own_are_caught(two_terms: list[tuple[Layout, Protected]]) -> None:
    """The proof that the audit above could fail: showing one hidden number next to a release gives others away."""
    document = dict(two_terms[0][1].document)
    cells = dict(document["cells"])
    values = two_terms[0][1].values
    gives_away = 0
    for key in [key for key, cell in cells.items() if cell.get("symbol") == "c"][:12]:
        shown = document | {"cells": cells | {key: {"shown": values[key]}}}
        gives_away += not audit_documents([shown]).passed
    assert gives_away


def test_every_file_is_made_from_published_numbers_alone(two_terms: list[tuple[Layout, Protected]]) -> None:
    """From the published tables anybody makes every file, byte for byte: no size, order or shape depends on a hidden value."""
    layout, done = two_terms[1]
    about = About("Spring term 2027", "Fenshire", date(2027, 3, 31), "rules")
    content = written(layout, done)
    stored = files_of(about, content, done.document)
    again = files_of(about, ProtectedRelease.from_json(stored[TABLES_FILE][1]), done.document)
    assert {name for name, file in stored.items() if file != again[name]} == set()
    assert all(row[3] == "" for row in tidy_rows(content) if row[4])


def test_nothing_of_a_hidden_cell_comes_out_of_the_protector(two_terms: list[tuple[Layout, Protected]]) -> None:
    """The tables come out the same whatever the values behind hidden cells are said to be."""
    layout, done = two_terms[1]
    lied = {
        key: value + 1000 * done.cells[key].is_hidden if key in done.cells else 7 for key, value in done.values.items()
    }
    assert all(cell.shown is None for cell in done.cells.values() if cell.is_hidden)
    assert written(layout, replace(done, values=lied, report={}, for_auditor={})) == written(layout, done)


def test_a_hidden_number_is_drawn_as_hidden_and_every_hidden_bar_alike(
    two_terms: list[tuple[Layout, Protected]],
) -> None:
    content = written(*two_terms[1])
    rates = content.table("referral-rates")
    assert rates is not None
    hidden = replace(rates, rows=tuple(replace(row, cells=(HIDDEN, row.cells[1], HIDDEN)) for row in rates.rows))
    figure = next(each for each in drawn([hidden]))
    assert json.loads(figure.plotly_json)["data"][1]["marker"]["pattern"]["shape"] == "/"
    assert figure.plotly_json.count("Hidden") == len(rates.rows)
    assert FIGURES_FILE in files_of(About("t", "a", date(2027, 3, 31), "r"), content, {})
    assert asdict(figure)["table"]["rows"][0][1]["state"] == "hidden"


def bands(*cells: str) -> ProtectedTable:
    """Schools by share, of which the fixture's are withheld. `c` is hidden."""
    columns = ("Course", "All staff", "Not all staff", "90% or more", "50% to 89%", "Under 50%", "Schools")
    row = ProtectedRow("Prevent awareness", tuple(HIDDEN if cell == "c" else ProtectedCell(cell) for cell in cells))
    return ProtectedTable("training-bands", "Schools by training coverage", "Schools by share", columns, (row,))


def test_every_table_of_the_catalogue_has_a_figure_with_no_number_that_is_not_published(
    two_terms: list[tuple[Layout, Protected]],
) -> None:
    tables = [table for pair in two_terms for table in written(*pair).tables]
    tables += [
        bands("12", "28", "c", "9", "c", "40"),
        replace(bands("c", "c", "c", "c", "c", "c"), key="reading-bands"),
    ]
    figures_of = [(table, figure) for table in tables if (figure := figure_of(table)) is not None]
    assert {table.key for table, _ in figures_of} == {entry.key for entry in catalogue().without(())}
    assert sum(table.hidden_cells for table, _ in figures_of) > 20
    for table, figure in figures_of:
        assert numbers_drawn(figure.plotly_json) <= published_numbers(table), table.key
        assert figure.caption.endswith("which is not the same as none.")
        assert figure.table.lines() == table.lines()


def numbers_drawn(plotly_json: str) -> set[float]:
    """The lengths of a figure's bars and every number in their words."""
    bars = json.loads(plotly_json)["data"]
    words = " ".join(text for bar in bars for text in bar.get("text", ()))
    found = re.findall(r"\d[\d,]*(?:\.\d+)?", words)
    return {round(length, 6) for bar in bars for length in bar["x"]} | {float(text.replace(",", "")) for text in found}


def published_numbers(table: ProtectedTable) -> set[float]:
    """A table's numbers, and what anybody makes of them: what is left of a row's total, and the width of a figure."""
    shown = {0.0, 1.0, 100.0}  # nothing, the least length, and the whole of a share
    for row in table.rows:
        numbers = [None if c.symbol else float(c.text.replace(",", "").removesuffix("%")) for c in row.cells]
        shown |= {number for number in numbers if number is not None}
        if numbers[-1] is not None:
            shown.add(numbers[-1] - sum(number or 0 for number in (numbers[0], *numbers[2:-1])))
    return shown | {round(1.3 * number, 6) for number in shown}


def test_figures_are_the_same_to_the_byte_whatever_hidden_cells_hold(two_terms: list[tuple[Layout, Protected]]) -> None:
    for layout, done in two_terms:
        lied = {
            key: value + 1000 * (key not in done.cells or done.cells[key].is_hidden)
            for key, value in done.values.items()
        }
        assert lied != done.values
        again = written(layout, replace(done, values=lied, report={}, for_auditor={}))
        assert drawn(again.tables) == drawn(written(layout, done).tables)


def test_a_row_whose_total_is_hidden_is_hatched_as_long_as_the_longest_bar() -> None:
    """Never as nothing: a bar that is missing would read as no school at all."""
    shown, hidden = bands("12", "28", "14", "9", "5", "40").rows[0], bands(*"cccccc").rows[0]
    figure = figure_of(replace(bands(*"cccccc"), rows=(shown, hidden, replace(hidden, heading="Another"))))
    assert figure is not None
    last = json.loads(figure.plotly_json)["data"][-1]
    assert (last["name"], last["marker"]["pattern"]["shape"], last["x"]) == ("Hidden", "/", [0.0, 40.0, 40.0])
    alone = figure_of(bands(*"cccccc"))
    assert alone is not None
    assert json.loads(alone.plotly_json)["data"][-1]["x"] == [1.0]


def test_a_long_table_of_referrals_is_drawn_for_the_year_so_far_and_a_hidden_count_as_hidden() -> None:
    terms = ("Year so far", "Autumn term 2026", "Spring term 2027", "Summer term 2027")
    counts = {"All types of concern": "30", "An ideology identified": "c", "Mixed": "c", "Other": "0"}
    rows = tuple(
        ProtectedRow(f"{term}: {concern}", (HIDDEN if count == "c" else ProtectedCell(count), HIDDEN))
        for term in terms
        for concern, count in counts.items()
    )
    table = ProtectedTable("referrals", "Referrals", "Referrals made", ("Term", "All phases", "Primary"), rows * 2)
    long = figure_of(table)
    assert long is not None
    bars = json.loads(long.plotly_json)["data"]
    assert bars[1]["x"] == [0, 30.0, 30.0, 0] * 2
    assert bars[2]["text"] == ["30", "Hidden", "Hidden", "0"] * 2
    assert "Bars: year so far, all phases." in long.caption
    short = figure_of(replace(table, rows=rows[:8]))
    assert short is not None
    assert len(json.loads(short.plotly_json)["data"][0]["x"]) == 8
