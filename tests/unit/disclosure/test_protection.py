"""The protector: every rule hides what it must, nothing hidden can be worked out, and nothing is hidden in vain."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prevent_trust.cli.bench_disclosure import release_history
from tenants.insights.disclosure.auditor.judging import audit
from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.reading import read_documents
from tenants.insights.disclosure.engine.calls import distribution, protect, round_table
from tenants.insights.disclosure.engine.protection import protect_here
from tenants.insights.disclosure.engine.types import (
    Atom,
    Difference,
    Dimension,
    Earlier,
    FrozenCellChanged,
    Kind,
    Measure,
    NotProtectable,
    Protected,
    Reason,
    Request,
    Rules,
    Share,
    Table,
    TooLarge,
)
from tests.unit.disclosure.tables import CONCERN, ONLY_COUNTS, PHASE, by_school, counts, hidden, protected

EVERYTHING = Rules(most_hidden=1.0)
TABLE = {"mixed": (2, 20, 9), "right": (14, 8, 30), "other": (7, 12, 25)}


def passes(*documents: dict[str, Any]) -> bool:
    return audit(read_documents(documents)).passed


def test_a_small_count_is_hidden_with_the_cheapest_partners_that_keep_it_open() -> None:
    done = protected(counts(TABLE))
    assert done.cells["cases|concern=mixed|phase=primary"].reason is Reason.SMALL
    assert len(hidden(done)) == 4
    assert (done.optimal, done.gap, done.objective) == (True, 0.0, done.bound)
    assert passes(done.for_auditor)


def test_the_public_document_holds_no_hidden_value_and_says_the_same_of_every_hidden_cell() -> None:
    done = protected(counts(TABLE))
    said = [each for each in done.document["cells"].values() if "shown" not in each]
    assert said == [{"symbol": "c"}] * 4
    assert set(done.document) == {"format", "rules", "cells", "sums", "tables"}


def test_the_protector_works_in_a_process_of_its_own_and_so_does_the_auditor() -> None:
    request = Request(
        (counts(TABLE),), tables=(Table("t", "cases", ("concern", "phase")),), rules=ONLY_COUNTS, seconds=20
    )
    done = protect(request)
    assert hidden(done) == hidden(protect_here(request))
    assert audit_documents([done.for_auditor]).passed
    with pytest.raises(ValueError, match="no measure nothing"):
        protect(Request((counts(TABLE),), tables=(Table("t", "nothing", ("phase",)),)))


def test_showing_any_secondary_cell_makes_the_audit_fail() -> None:
    done = protected(counts(TABLE | {"right": (3, 8, 30)}), EVERYTHING)
    secondary = [key for key, cell in done.cells.items() if cell.reason is Reason.SECONDARY]
    assert secondary
    for key in secondary:
        document = copy.deepcopy(done.for_auditor)
        document["cells"][key] = {"shown": done.values[key]}
        assert not passes(document), key


def test_other_hidden_values_with_the_same_sums_change_no_interval() -> None:
    done = protected(counts(TABLE))
    inner = [tuple(part.split("=")[1] for part in key.split("|")[1:]) for key in sorted(hidden(done))]
    corners = dict(zip(inner, (1, -1, -1, 1), strict=True))  # a rectangle
    moved = {
        concern: tuple(
            value + corners.get((concern, phase), 0) for phase, value in zip(PHASE.children["all"], row, strict=True)
        )
        for concern, row in TABLE.items()
    }
    assert moved != TABLE
    documents = []
    for measure in (counts(TABLE), counts(moved)):
        document = copy.deepcopy(done.for_auditor)
        for key, value in protected(measure).values.items():
            document["cells"][key] = {"symbol": "c"} if key in hidden(done) else {"shown": value}
        documents.append(document)
    assert documents[0] == documents[1]
    assert {key: str(each) for key, each in audit(read_documents(documents[:1])).intervals.items()} == {
        key: str(each) for key, each in audit(read_documents(documents[1:])).intervals.items()
    }


def test_too_few_schools_hide_a_large_number() -> None:
    places = {(c, p): {f"{p}{n}": 6 for n in range(5)} for c in CONCERN.children["all"] for p in PHASE.children["all"]}
    places["mixed", "primary"] = {"primary0": 20, "primary1": 9}
    done = protected(by_school(places), EVERYTHING)
    assert done.cells["cases|concern=mixed|phase=primary"].reason is Reason.CONTRIBUTORS
    assert passes(done.for_auditor)


def test_a_number_that_is_small_without_one_s_own_part_is_hidden_from_that_school() -> None:
    places = {(c, p): {f"{p}{n}": 6 for n in range(5)} for c in CONCERN.children["all"] for p in PHASE.children["all"]}
    places["mixed", "primary"] = {"primary0": 9, "primary1": 1, "primary2": 1}
    done = protected(by_school(places), EVERYTHING)
    assert done.cells["cases|concern=mixed|phase=primary"].reason is Reason.INSIDER
    assert [each["name"] for each in done.for_auditor["insiders"] if each["others"]] == ["primary0"]
    assert passes(done.for_auditor)
    unaware = protected(by_school(places), Rules(insiders=False, most_hidden=1.0))
    assert not passes(unaware.document | {k: done.for_auditor[k] for k in ("sensitive", "insiders")})


def test_a_school_that_adds_nothing_to_a_small_number_is_an_insider_all_the_same() -> None:
    """It knows its part of other numbers, and so perhaps more of this one than somebody outside."""
    three = {f"primary{number}": 1 for number in range(3)}
    places = {
        (concern, phase): {f"{phase}{number}": 9 for number in range(4)}
        for concern in ("mixed", "right", "other")
        for phase in ("primary", "secondary")
    }
    places["mixed", "primary"] = three | {"primary3": 0}
    done = protected(by_school(places), EVERYTHING)
    insiders = {each["name"]: each for each in done.for_auditor["insiders"]}
    small = "cases|concern=mixed|phase=primary"
    assert small not in insiders["primary3"]["own"]
    assert insiders["primary3"]["others"][small] == {"high": 5.0}
    assert passes(done.for_auditor)


def test_all_of_them_in_one_category_is_hidden_where_the_category_says_something() -> None:
    measure = counts({"mixed": (12, 9, 8), "right": (0, 8, 30), "other": (0, 12, 25)})
    rules = Rules(insiders=False, most_hidden=1.0)
    done = protected(measure, rules)
    assert done.cells["cases|concern=mixed|phase=primary"].reason is Reason.ALL_OF_THEM
    assert hidden(protected(measure, ONLY_COUNTS)) == set()


def test_the_share_of_the_largest_contributor_decides_for_magnitudes() -> None:
    hours = {c: {p: {"a": 10.0, "b": 9.0, "c": 8.0} for p in PHASE.children["all"]} for c in CONCERN.children["all"]}
    hours["mixed"]["primary"] = {"a": 100.0, "b": 3.0, "c": 2.0, "d": 1.0}
    atoms = tuple(Atom({"concern": c, "phase": p}, parts) for c, row in hours.items() for p, parts in row.items())
    done = protected(
        Measure("hours", (CONCERN, PHASE), atoms, kind=Kind.MAGNITUDE), Rules(insiders=False, most_hidden=1.0)
    )
    cell = done.cells["hours|concern=mixed|phase=primary"]
    assert cell.reason is Reason.DOMINANCE
    assert cell.required == (106 - 7, 106 + 7)
    assert passes(done.for_auditor)


def test_a_percentage_is_hidden_with_its_part_its_whole_or_the_rest() -> None:
    staff = counts({"mixed": (40, 50, 60), "right": (30, 30, 30), "other": (20, 20, 20)}, "staff")
    trained = counts({"mixed": (38, 25, 30), "right": (15, 15, 15), "other": (10, 10, 10)}, "trained")
    share = Share("training", "trained", "staff", ("concern", "phase"))
    done = protect_here(Request((staff, trained), shares=(share,), rules=ONLY_COUNTS, seconds=20))
    assert done.percent_is_hidden("training", ("mixed", "primary"))  # 2 have not had it
    assert not done.percent_is_hidden("training", ("all", "all"))
    assert done.cells["staff-trained|concern=mixed|phase=primary"].reason is Reason.SMALL
    assert passes(done.for_auditor)


def test_what_two_overlapping_views_leave_between_them_is_protected() -> None:
    district = Dimension("district", "all", {"all": ("north", "south")})
    atoms = tuple(
        Atom({"phase": p, "district": d}, {"": value})
        for (p, d), value in {
            ("primary", "north"): 20, ("primary", "south"): 2, ("secondary", "north"): 9, ("secondary", "south"): 30,
            ("special", "north"): 8, ("special", "south"): 11,
        }.items()
    )  # fmt: skip
    measure = Measure("cases", (PHASE, district), atoms, contributors_known=False)
    views = (Table("by phase", "cases", ("phase",)), Table("by district", "cases", ("district",)))
    done = protected(measure, tables=views)
    assert "cases|district=south|phase=primary" in done.for_auditor["sensitive"]
    assert hidden(done) == set()  # 22 of 80 and 43 of 80 leave it wide open
    assert passes(done.for_auditor)


def test_the_same_number_in_two_tables_is_one_cell() -> None:
    views = (Table("wide", "cases", ("concern", "phase")), Table("narrow", "cases", ("phase",)))
    done = protected(counts(TABLE), tables=views)
    wide, narrow = done.tables
    assert narrow.cells["primary",] == wide.cells["all", "primary"]
    assert len(done.cells) == 16


def test_a_small_difference_to_a_release_that_is_out_is_protected() -> None:
    first = protected(counts({"mixed": (20, 30, 40), "right": (10, 10, 10), "other": (9, 9, 9)}, "cases@1"))
    assert hidden(first) == set()
    now = counts({"mixed": (22, 30, 40), "right": (10, 10, 10), "other": (9, 9, 9)}, "cases@2")
    key = "|concern=mixed|phase=primary"
    new = (Difference("new", f"cases@2{key}", (f"cases@1{key}",)),)
    done = protected(now, earlier=(Earlier(first.for_auditor, first.values),), differences=new)
    assert done.cells[f"cases@2{key}"].is_hidden
    assert passes(first.for_auditor, done.for_auditor)


def test_a_school_puts_its_own_parts_of_two_releases_together() -> None:
    schools = {f"s{n}": 7 for n in range(5)}
    places = {(c, p): dict(schools) for c in CONCERN.children["all"] for p in PHASE.children["all"]}
    places["mixed", "primary"] = {"s0": 9, "s1": 1, "s2": 1}
    first = protected(by_school(places, "cases@1"), EVERYTHING)
    places["mixed", "primary"] = {"s0": 12, "s1": 1, "s2": 1, "s3": 9}
    new = (Difference("new", "cases@2|concern=mixed", ("cases@1|concern=mixed",), parts={"s0": 3, "s3": 9}),)
    second = by_school(places, "cases@2")
    done = protected(second, EVERYTHING, earlier=(Earlier(first.for_auditor, first.values),), differences=new)
    assert passes(first.for_auditor, done.for_auditor)


def test_a_frozen_cell_cannot_come_with_another_value() -> None:
    first = protected(counts(TABLE))
    with pytest.raises(FrozenCellChanged):
        protected(counts(TABLE | {"other": (7, 12, 26)}), earlier=(Earlier(first.document, first.values),))


def test_what_is_out_already_can_make_protection_impossible() -> None:
    first = protected(counts({"mixed": (20, 30, 40), "right": (10, 10, 10), "other": (9, 9, 9)}, "cases@1"))
    second = protected(counts({"mixed": (22, 30, 40), "right": (10, 10, 10), "other": (9, 9, 9)}, "cases@2"))
    facts = (Earlier(first.document, first.values), Earlier(second.document, second.values))
    with pytest.raises(NotProtectable):
        protected(counts(TABLE, "cases@3"), earlier=facts, differences=(Difference("new", "cases@2", ("cases@1",)),))


@pytest.mark.parametrize("seed", range(5))
def test_three_terms_with_late_records_stay_closed_in_sequence_and_not_alone(seed: int) -> None:
    _, together = release_history(seed, in_sequence=True)
    _, alone = release_history(seed, in_sequence=False)
    assert (together.exact, together.narrow) == (0, 0)
    assert alone.exact + alone.narrow > 0


def test_a_sparse_table_is_collapsed_along_its_hierarchy() -> None:
    kinds = Dimension("kind", "all", {"all": ("far", "near"), "far": ("a", "b", "c"), "near": ("d", "e", "f")})
    atoms = tuple(
        Atom({"kind": kind, "phase": phase}, {"": value})
        for phase, row in {"primary": (3, 2, 4, 1, 4, 2), "secondary": (2, 4, 3, 3, 2, 4), "special": (4,) * 6}.items()
        for kind, value in zip("abcdef", row, strict=True)
    )
    measure = Measure("cases", (kinds, PHASE), atoms, contributors_known=False)
    table = Table("t", "cases", ("kind", "phase"), collapse=("kind",))
    done = protected(measure, Rules(insiders=False, all_of_them=False, most_hidden=0.4), tables=(table,))
    assert done.tables[0].collapsed == ("kind",)
    assert done.tables[0].levels == {"kind": 1, "phase": 1}
    assert done.cells["cases|kind=far|phase=primary"].shown == 9
    assert passes(done.for_auditor)


def test_a_table_that_stays_too_sparse_or_has_too_few_cases_is_withheld() -> None:
    sparse = counts({"mixed": (1, 2, 3), "right": (2, 1, 1), "other": (3, 2, 1)})
    done = protected(sparse, Rules(insiders=False))
    assert (done.tables[0].withheld, done.cells) == ("Too much of this table would be hidden.", {})
    few = protected(counts({"mixed": (1, 0, 0), "right": (2, 0, 0), "other": (0, 0, 0)}))
    assert (few.tables[0].withheld, few.cells) == ("Too few to report.", {})
    assert passes(few.document)


def test_tables_that_are_too_large_are_refused_with_the_reason() -> None:
    many = tuple(str(n) for n in range(101))
    wide = Dimension("wide", "all", {"all": many})
    with pytest.raises(TooLarge, match="10,404 cells; the protector vouches for at most 10,000"):
        protected(Measure("cases", (wide, Dimension("long", "all", {"all": many})), ()))
    four = tuple(Dimension(f"d{n}", "all", {"all": tuple("abcdefg")}) for n in range(4))
    with pytest.raises(TooLarge, match="4 dimensions and 4,096 cells"):
        protected(Measure("cases", four, ()))


def test_structural_zeros_and_public_numbers_are_never_hidden() -> None:
    atoms = (
        Atom({"concern": "mixed", "phase": "primary"}, {"": 2}),
        Atom({"concern": "mixed", "phase": "secondary"}, {"": 20}),
        Atom({"concern": "right", "phase": "primary"}, {"": 12}),
        Atom({"concern": "right", "phase": "secondary"}, {"": 15}),
        Atom({"concern": "mixed", "phase": "special"}, {}, structural_zero=True),
    )
    done = protected(Measure("cases", (CONCERN, PHASE), atoms, contributors_known=False))
    assert done.cells["cases|concern=mixed|phase=special"].symbol == "z"
    public = Measure("pupils", (PHASE,), (Atom({"phase": "primary"}, {"": 3}),), public=True)
    assert protected(public).cells["pupils|phase=primary"].shown == 3


def test_what_no_equation_joins_is_protected_apart() -> None:
    tables = (Table("t1", "one", ("concern", "phase")), Table("t2", "two", ("phase",)), Table("t3", "one", ("phase",)))
    one, two = counts(TABLE, "one"), counts({"mixed": (3, 40, 50), "right": (0, 9, 9), "other": (0, 9, 9)}, "two")
    done = protect_here(Request((one, two), tables=tables, rules=ONLY_COUNTS, seconds=20))
    alone = [protected(one, tables=(tables[0], tables[2])), protected(two, tables=(tables[1],))]
    assert [table.key for table in done.tables] == ["t1", "t2", "t3"]
    assert done.cells == alone[0].cells | alone[1].cells
    assert done.values == alone[0].values | alone[1].values
    assert done.objective == alone[0].objective + alone[1].objective
    assert (done.report["parts"], done.optimal) == (2, True)
    assert done.loss.weight_kept == pytest.approx(1 - done.objective / done.loss.weight)
    assert passes(done.for_auditor)


def test_an_earlier_release_joins_what_it_adds_up() -> None:
    first = protected(counts(TABLE, "one"))
    said = first.document | {"cells": first.document["cells"] | {"two": {"never": True}, "both": {"never": True}}}
    said = said | {"sums": [*said["sums"], [["one", "two"], "both"]]}
    tables = (Table("t", "two", ("phase",)),)
    earlier = Earlier(said, first.values | {"two": 30.0, "both": first.values["one"] + 30.0})
    two = counts({"mixed": (10, 0, 0), "right": (0, 10, 0), "other": (0, 0, 10)}, "two")
    done = protect_here(Request((two,), tables=tables, earlier=(earlier,), rules=ONLY_COUNTS, seconds=20))
    assert "both" in done.values
    unrelated = protect_here(
        Request((two,), tables=tables, earlier=(Earlier(first.document, first.values),), seconds=20)
    )
    assert not set(unrelated.values) & set(first.values)


AREA = Dimension("area", "all", {"all": ("east", "west", "north")})


def test_classes_that_are_only_added_up_are_protected_and_never_given() -> None:
    # What each area showed stays shown; what it hid cannot be worked out from the sum of all areas.
    rows = {"east": (2, 21, 22), "west": (24, 4, 20), "north": (20, 20, 20)}
    areas = []
    for area, row in rows.items():
        alone = Measure(
            "cases",
            (AREA, PHASE),
            tuple(Atom({"area": area, "phase": p}, {"": n}) for p, n in zip(PHASE.children["all"], row, strict=True)),
            contributors_known=False,
        )
        inside = Dimension("area", area, {}, total_in_key=True)
        areas.append(protected(replace(alone, dimensions=(inside, PHASE))))
    atoms = tuple(
        Atom({"area": area, "phase": phase}, {"": n})
        for area, row in rows.items()
        for phase, n in zip(PHASE.children["all"], row, strict=True)
    )
    measure = Measure("cases", (AREA, PHASE), atoms, contributors_known=False)
    earlier = tuple(Earlier(each.for_auditor, each.values) for each in areas)
    table = Table("sum", "cases", ("area", "phase"), added_up=("area",))
    done = protected(measure, tables=(table,), earlier=earlier)
    assert done.tables[0].dimensions == ("phase",)
    assert set(done.tables[0].cells.values()) == set(done.cells)
    assert not any("area" in key for key in done.cells)
    assert done.cells["cases"].shown == 153
    documents = [*(each.for_auditor for each in areas), done.for_auditor]
    assert audit_documents(documents).passed
    # With two of three areas' numbers shown, the third's would be what is left of a shown sum.
    small = [key for each in areas for key in hidden(each)]
    assert small
    for phase in PHASE.children["all"]:
        known = [f"cases|area={area}|phase={phase}" for area in rows]
        if sum(key in small for key in known) == 1:
            assert done.cells[f"cases|phase={phase}"].is_hidden


def test_a_distribution_counts_schools() -> None:
    state = Dimension("state", "all", {"all": ("met", "partly", "not")}, reveals=True)
    schools = {f"s{n}": {"state": "met" if n < 20 else "partly" if n < 28 else "not"} for n in range(30)}
    done = protected(distribution("plans", (state,), schools), EVERYTHING)
    assert done.cells["plans"].shown == 30
    assert done.cells["plans|state=not"].reason is Reason.SMALL
    assert done.cells["plans|state=partly"].is_hidden
    assert passes(done.for_auditor)


def test_rounded_tables_add_up_and_move_no_number_by_the_base() -> None:
    measure = counts({"mixed": (1, 2, 3), "right": (2, 1, 11), "other": (3, 22, 1)})
    found = round_table(Request((measure,), tables=(Table("t", "cases", ("concern", "phase")),), seconds=10))
    values = protected(measure).values
    assert all(value % 5 == 0 and abs(value - values[key]) < 5 for key, value in found.cells.items())
    for phase in PHASE.children["all"]:
        parts = [found.cells[f"cases|concern={c}|phase={phase}"] for c in CONCERN.children["all"]]
        assert sum(parts) == found.cells[f"cases|phase={phase}"]


ROWS = st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS)
def test_whatever_the_table_the_auditor_finds_nothing_and_nothing_is_hidden_in_vain(rows: list[list[int]]) -> None:
    done = protected(counts(dict(zip(CONCERN.children["all"], map(tuple, rows), strict=True))), Rules(most_hidden=1.0))
    assert passes(done.for_auditor)
    assert passes(done.document)
    small = {key for key, value in done.values.items() if 0 < value < 5 and done.cells}
    assert small <= hidden(done) or done.tables[0].withheld
    _nothing_in_vain(done)


def _nothing_in_vain(done: Protected) -> None:
    for key, cell in done.cells.items():
        if cell.reason is Reason.SECONDARY:
            document = copy.deepcopy(done.for_auditor)
            document["cells"][key] = {"shown": done.values[key]}
            assert not passes(document), key


SCHOOLS = st.dictionaries(
    st.tuples(st.sampled_from(CONCERN.children["all"]), st.sampled_from(PHASE.children["all"]), st.integers(0, 5)),
    st.integers(1, 9),
    min_size=5,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(added=SCHOOLS)
def test_no_school_learns_of_the_others_whatever_it_adds(added: dict[tuple[str, str, int], int]) -> None:
    places: dict[tuple[str, str], dict[str, int]] = {}
    for (concern, phase, school), count in added.items():
        places.setdefault((concern, phase), {})[f"{phase}{school}"] = count
    done = protected(by_school(places), EVERYTHING)
    assert passes(done.for_auditor)
    for key, cell in done.cells.items():
        assert cell.is_hidden or not cell.shown or cell.shown >= 5, key


def test_a_table_that_is_too_large_is_collapsed_along_its_hierarchies_before_it_is_refused() -> None:
    """As that of referrals of a group of many authorities, whose own numbers are only added up."""
    areas = Dimension("area", "group", {"group": tuple(f"area{number}" for number in range(200))}, total_in_key=True)
    time = Dimension("time", "autumn", {}, total_in_key=True)
    atoms = tuple(
        Atom({"area": f"area{n}", "concern": c, "phase": p, "time": "autumn"}, {f"{c}{n}{p}": 9})
        for n in range(4)
        for c in CONCERN.children["all"]
        for p in PHASE.children["all"]
    )
    measure = Measure("cases", (areas, CONCERN, PHASE, time), atoms)
    table = Table("cases", "cases", ("concern", "phase", "time", "area"), added_up=("area",))
    with pytest.raises(TooLarge, match="vouches for at most 2,500"):
        protected(measure, EVERYTHING, tables=(table,))
    done = protected(measure, EVERYTHING, tables=(replace(table, collapse=("concern", "phase")),))
    assert done.tables[0].collapsed == ("concern",)
    assert done.cells["cases|area=group|phase=primary|time=autumn"].shown == 4 * 3 * 9
    assert passes(done.for_auditor)
