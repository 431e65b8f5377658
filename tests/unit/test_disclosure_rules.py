"""The strict rules of a release. Small lines are checked by trying every filling that fits what is published."""

import itertools
import uuid
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenants.insights.disclosure.audit import Disclosed, PublishedLine, audit, intervals
from tenants.insights.disclosure.rules import (
    AudienceTotal,
    comparable_schools,
    is_sensitive,
    percent_cell,
    protect_line,
    rate_cell,
    totals_to_hide,
)

from tenants.calendar.rules import Season, Term
from tenants.insights.disclosure.tables import (
    CoverageFigures,
    Figures,
    ReferralFigures,
    protected_tables,
    published_lines,
)
from tenants.insights.disclosure.types import ProtectedCell, ProtectedRelease, ReleaseRules
from tenants.plan.models import Theme
from tenants.plan.rules import SectionCounts

RULES = ReleaseRules()
AUTUMN = Term(2026, Season.AUTUMN)


def spread(total: int, schools: int = 12) -> list[int]:
    """A total spread as evenly as it goes over that many schools."""
    return [total // schools + (n < total % schools) for n in range(schools)]


def fillings(parts: tuple[int | None, ...], total: int) -> list[tuple[int, ...]]:
    """Every way to put numbers that are not negative into the hidden parts, by trying them all."""
    hidden = [n for n, part in enumerate(parts) if part is None]
    found = []
    for values in itertools.product(range(total + 1), repeat=len(hidden)):
        filled = list(parts)
        for place, value in zip(hidden, values, strict=True):
            filled[place] = value
        if sum(filled) == total:
            found.append(tuple(filled))
    return found


@pytest.mark.parametrize("total", [0, 1, 4])
def test_a_count_below_five_is_sensitive_and_so_is_zero(total: int) -> None:
    assert is_sensitive(spread(total), RULES)


def test_five_and_more_from_many_schools_are_not_sensitive() -> None:
    assert not is_sensitive(spread(6), RULES)


def test_a_count_from_two_schools_is_sensitive_however_large_it_is() -> None:
    assert is_sensitive([50, 50, *[0] * 10], RULES)


def test_a_count_that_is_almost_all_one_schools_is_sensitive() -> None:
    assert is_sensitive([50, 2, 2, *[0] * 9], RULES)
    assert not is_sensitive([50, 3, 2, *[0] * 9], RULES)


def test_a_small_part_takes_the_next_smallest_with_it() -> None:
    mask = protect_line([spread(300), spread(120), spread(3), spread(50)], RULES)
    assert mask.parts == (False, False, True, True)
    assert not mask.total


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert not protect_line([spread(300), spread(120), spread(30), spread(50)], RULES).hides_anything


def test_two_small_parts_whose_sum_is_small_take_a_third_with_them() -> None:
    mask = protect_line([spread(300), spread(40), spread(2), spread(1)], RULES)
    assert mask.parts == (False, True, True, True)


def test_a_part_that_is_all_of_the_line_is_hidden() -> None:
    assert protect_line([spread(0), spread(0), spread(0), spread(84)], RULES).parts[3]


def test_a_line_too_small_as_a_whole_loses_its_total() -> None:
    assert protect_line([spread(2), spread(1)], RULES).total


line_parts = st.integers(2, 4).flatmap(
    lambda parts: st.integers(3, 5).flatmap(
        lambda schools: st.lists(
            st.lists(st.integers(0, 3), min_size=schools, max_size=schools), min_size=parts, max_size=parts
        )
    )
)


@settings(max_examples=150, deadline=None)
@given(line_parts)
def test_nobody_can_bound_a_hidden_part_tighter_than_zero_to_five(parts: list[list[int]]) -> None:
    mask = protect_line(parts, RULES)
    totals = [sum(part) for part in parts]
    if mask.total:
        assert all(mask.parts), "with the total hidden, a part that is shown would say something of it"
        return
    published = tuple(None if hidden else value for value, hidden in zip(totals, mask.parts, strict=True))
    possible = fillings(published, sum(totals))
    for place, hidden in enumerate(mask.parts):
        values = {filling[place] for filling in possible}
        if hidden:
            assert min(values) == 0
            assert max(values) >= 5
        else:
            assert 5 <= totals[place] <= sum(totals) - 5


@settings(max_examples=150, deadline=None)
@given(line_parts)
def test_no_published_number_or_difference_of_published_numbers_is_small(parts: list[list[int]]) -> None:
    mask = protect_line(parts, RULES)
    if mask.total:
        return
    totals = [sum(part) for part in parts]
    shown = [value for value, hidden in zip(totals, mask.parts, strict=True) if not hidden]
    for size in range(1, len(shown) + 1):
        for some in itertools.combinations(shown, size):
            rest = sum(totals) - sum(some)
            assert rest >= 5 or (rest == 0 and not mask.hides_anything)


@settings(max_examples=100, deadline=None)
@given(line_parts)
def test_a_school_that_knows_its_own_part_cannot_find_a_small_rest(parts: list[list[int]]) -> None:
    mask = protect_line(parts, RULES)
    for part, hidden in zip(parts, mask.parts, strict=True):
        if not hidden:
            assert all(sum(part) - own >= 5 for own in part)


def test_the_auditor_finds_the_same_intervals_as_trying_every_filling() -> None:
    for published, total in [((None, None, 7), 20), ((None, 3), 9), ((None, None, None), 6), ((4, 5), 9)]:
        possible = fillings(published, total)
        tried = [
            (min(filling[n] for filling in possible), max(filling[n] for filling in possible))
            for n, part in enumerate(published)
            if part is None
        ]
        assert [(each.low, each.high) for each in intervals(PublishedLine("line", published, total))] == tried


@pytest.mark.parametrize(
    "line",
    [
        PublishedLine("one hidden part", (None, 7), 10),
        PublishedLine("hidden parts with a small sum", (None, None, 17), 20),
        PublishedLine("parts that do not add up", (3, 4), 10),
    ],
    ids=lambda line: line.name,
)
def test_the_auditor_refuses_a_line_that_gives_a_number_away(line: PublishedLine) -> None:
    with pytest.raises(Disclosed):
        audit([line], width=5)


def test_the_auditor_reports_what_a_hidden_number_can_be() -> None:
    assert audit([PublishedLine("plan", (None, None, 10), 30)], width=5) == {"plan": [[0, 20], [0, 20]]}


def test_a_small_difference_between_nested_groups_hides_the_smaller_one() -> None:
    leads = AudienceTotal(frozenset({"prevent_lead"}), tuple(spread(12)))
    leads_and_dsls = AudienceTotal(frozenset({"prevent_lead", "dsl"}), tuple(spread(14)))
    everybody = AudienceTotal(frozenset(), tuple(spread(400)))
    assert totals_to_hide([leads, leads_and_dsls, everybody], RULES) == {0}


def test_groups_that_do_not_hold_one_another_are_not_compared() -> None:
    leads = AudienceTotal(frozenset({"prevent_lead"}), tuple(spread(12)))
    computing = AudienceTotal(frozenset({"computing_lead"}), tuple(spread(14)))
    assert totals_to_hide([leads, computing], RULES) == frozenset()


IDS = [uuid.UUID(int=n) for n in range(1, 80)]


def test_one_school_that_joined_waits() -> None:
    before = frozenset(IDS[:20])
    assert comparable_schools(before | {IDS[30]}, [before], RULES) == before


def test_five_schools_that_joined_come_in_together() -> None:
    before = frozenset(IDS[:20])
    assert comparable_schools(before | set(IDS[30:35]), [before], RULES) == before | set(IDS[30:35])


def test_when_one_school_leaves_four_more_are_set_aside() -> None:
    before = frozenset(IDS[:20])
    chosen = comparable_schools(before - {IDS[0]}, [before], RULES)
    assert IDS[0] not in chosen
    assert len(before - chosen) == 5


def test_the_same_schools_as_before_stay() -> None:
    assert comparable_schools(frozenset(IDS[:20]), [frozenset(IDS[:20])], RULES) == frozenset(IDS[:20])


some_schools = st.frozensets(st.sampled_from(IDS[:30]), min_size=0, max_size=30)


@settings(max_examples=200, deadline=None)
@given(some_schools, st.lists(st.frozensets(st.sampled_from(IDS[:30]), min_size=10), max_size=3))
def test_no_two_near_releases_differ_by_one_to_four_schools(
    candidates: frozenset[uuid.UUID], others: list[frozenset[uuid.UUID]]
) -> None:
    chosen = comparable_schools(candidates, others, RULES)
    assert chosen <= candidates
    for other in others:
        if chosen:
            assert len(chosen - other) not in range(1, 5)
            assert len(other - chosen) not in range(1, 5)


def test_percentages_never_say_none_or_all_of_what_is_neither() -> None:
    assert percent_cell(5, 2000, hidden=False) == ProtectedCell("low", "low")
    assert percent_cell(1995, 2000, hidden=False).text == "99%"
    assert percent_cell(1, 3, hidden=False).text == "33%"
    assert percent_cell(1, 8, hidden=False).text == "13%"


def test_a_rate_is_hidden_together_with_its_count() -> None:
    assert rate_cell(12, 4000, hidden=True).text == "c"
    assert rate_cell(12, 4000, hidden=False).text == "3.0"


def figures_of(counts: list[SectionCounts], coverage: list[tuple[int, int]], referrals: list[int]) -> Figures:
    schools = tuple(IDS[: len(counts)])
    subject = CoverageFigures("Awareness", frozenset(), tuple(coverage))
    return Figures(
        schools=schools,
        plan={Theme.TRAINING: tuple(counts)},
        training=(subject,),
        reading=(),
        referrals=ReferralFigures(tuple(referrals), tuple(200 for _ in referrals)),
    )


def test_with_nine_schools_every_table_is_withheld_and_says_why() -> None:
    figures = figures_of([SectionCounts(total=7, met=5)] * 9, [(20, 30)] * 9, [4] * 9)
    for table in protected_tables(figures, term=AUTUMN, as_at=date(2026, 12, 31), rules=RULES):
        assert table.rows == ()
        assert "fewer than 10 schools" in table.withheld


section = st.builds(
    lambda met, partly, not_met, rest: SectionCounts(
        total=met + partly + not_met + rest, met=met, partly_met=partly, not_met=not_met
    ),
    *[st.integers(0, 3)] * 4,
)
covered = st.integers(0, 4).flatmap(lambda need: st.tuples(st.integers(0, need), st.just(need)))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(section, covered, st.integers(0, 2)), min_size=10, max_size=14))
def test_whatever_schools_hold_the_tables_pass_the_audit_and_hold_no_hidden_value(rows: list[tuple]) -> None:
    figures = figures_of([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
    tables = protected_tables(figures, term=AUTUMN, as_at=date(2026, 12, 31), rules=RULES)
    audit(published_lines(tables), width=5)
    release = ProtectedRelease(schools=len(rows), rules=RULES, tables=tables)
    assert ProtectedRelease.from_json(release.to_json()) == release
    for table in tables:
        for row in table.rows:
            for cell in row.cells:
                assert cell.text in {"c", "low"} or cell.symbol is None
                plain = cell.text.replace(",", "")
                if plain.isdigit():
                    assert int(plain) >= 5
    coverage = next((row for table in tables if table.key == "training" for row in table.rows), None)
    if coverage is not None:
        have, need = sum(row[1][0] for row in rows), sum(row[1][1] for row in rows)
        if have < 5 or need - have < 5:
            assert coverage.cells[1].text == coverage.cells[2].text == "c"
    referrals = next((row for table in tables if table.key == "referrals" for row in table.rows), None)
    if referrals is not None and sum(row[2] for row in rows) < 5:
        assert [cell.text for cell in referrals.cells] == ["c", "c"]
