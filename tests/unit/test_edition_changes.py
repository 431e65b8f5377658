"""Editions as values: what changed between two, and what becomes of a school's answers."""

import uuid
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.plan.adoption.rules import HeldAction, HeldAnswer, carry
from tenants.plan.edition_content import (
    ContentAction,
    ContentDuty,
    ContentExpectation,
    ContentSection,
    EditionContent,
    EditionError,
    add_action,
    change_action,
    move_action,
    retire_action,
    reword_part,
    shift_action,
)
from tenants.plan.edition_difference import ChangeKind, difference
from tenants.plan.edition_source import edition_names, load_edition_source
from tenants.plan.models import ActionStatus, AdoptionKind, Carried, Theme
from tenants.references.frameworks import load_frameworks

DAY = date(2026, 11, 2)


def an_edition(*keys: str, second: tuple[str, ...] = ("z",)) -> EditionContent:
    """Two expectations of one duty; each action says its own key."""

    def expectation(name: str, actions: tuple[str, ...]) -> ContentExpectation:
        return ContentExpectation(name, f"Meaning {name}", tuple(ContentAction(key, f"Do {key}") for key in actions))

    duty = ContentDuty("d", "Duty", (expectation("e1", keys), expectation("e2", second)))
    return EditionContent((ContentSection("s", "Section", Theme.TRAINING, (duty,)),))


def kinds(old: EditionContent, new: EditionContent) -> dict[str, set[ChangeKind]]:
    return {row.key: set(row.kinds) for row in difference(old, new).rows}


def test_the_same_edition_differs_in_nothing() -> None:
    found = difference(an_edition("a", "b"), an_edition("a", "b"))
    assert found.is_empty
    assert found.unchanged == 3


def test_each_kind_of_change_is_named() -> None:
    old = an_edition("a", "b", "c", "d")
    new = change_action(old, "a", wording="Do a otherwise")
    new = change_action(new, "b", recurs_months=12)
    new = retire_action(new, "c")
    new = move_action(new, "d", to="e2")
    new = add_action(new, "e1", ContentAction("n", "Do n"))
    assert kinds(old, new) == {
        "a": {ChangeKind.REWORDED},
        "b": {ChangeKind.DETAILS},
        "c": {ChangeKind.RETIRED},
        "d": {ChangeKind.MOVED},
        "n": {ChangeKind.ADDED},
    }


def test_a_measure_is_told_in_words() -> None:
    old = an_edition("a", "b")
    new = change_action(old, "a", measure="training:prevent-awareness", target_percent=90)
    new = change_action(new, "b", measure="post:dsl", target_percent=100)
    rows = difference(old, new, titles={"prevent-awareness": "Prevent awareness"}).rows
    assert [row.details for row in rows] == [
        ("Status: declared becomes from records (“Staff who hold Prevent awareness”, target 90%)",),
        ("Status: declared becomes from records (“A DSL is on the staff list”)",),
    ]


def test_spaces_are_no_rewording() -> None:
    old = an_edition("a")
    assert difference(old, change_action(old, "a", wording=" Do   a ")).is_empty


def test_only_what_changed_places_is_called_moved() -> None:
    old = an_edition("a", "b", "c", "d")
    assert kinds(old, shift_action(old, "d", by=-3)) == {"d": {ChangeKind.MOVED}}


def test_a_heading_that_is_reworded_asks_nobody_anything() -> None:
    old = an_edition("a")
    found = difference(old, reword_part(old, "expectation", "e1", "Another meaning"))
    assert found.rows == ()
    assert [(each.before, each.after) for each in found.headings] == [("Meaning e1", "Another meaning")]


def test_a_key_cannot_stand_twice() -> None:
    with pytest.raises(EditionError, match="stand twice: a"):
        add_action(an_edition("a"), "e2", ContentAction("a", "Do a"))


def test_a_measure_needs_a_target() -> None:
    with pytest.raises(EditionError, match="needs a target"):
        change_action(an_edition("a"), "a", measure="reading:kcsie-part-one")


def test_a_content_is_the_same_after_json() -> None:
    for name in edition_names():
        content = load_edition_source(name).content
        assert EditionContent.from_json(content.to_json()) == content


def test_the_revision_of_november_changes_what_its_notes_say() -> None:
    old, new = (load_edition_source(name).content for name in ("2026", "2026-11"))
    found = difference(old, new)
    assert {row.key for row in found.rows if ChangeKind.REWORDED in row.kinds} == {
        "risk-assessment-written", "lead-appointed", "speaker-refusal",
    }  # fmt: skip
    assert [row.key for row in found.rows if ChangeKind.ADDED in row.kinds] == ["fund-raising-checked"]
    assert [row.key for row in found.rows if ChangeKind.RETIRED in row.kinds] == ["portal-signposted"]


def test_every_action_that_a_framework_names_is_in_an_edition() -> None:
    keys = {action.key for name in edition_names() for action in load_edition_source(name).content.actions}
    named = {key for framework in load_frameworks() for item in framework.items for key in item.actions}
    assert named - keys == set()


# What becomes of answers


def held(
    content: EditionContent, key: str, status: ActionStatus = ActionStatus.NOT_ANSWERED, **values: object
) -> HeldAction:
    placed = next(each for each in content.placed() if each.action.key == key)
    answer = HeldAnswer(
        status=status,
        confirmed_on=DAY if status is not ActionStatus.NOT_ANSWERED else None,
        **values,  # type: ignore[arg-type]
    )
    return HeldAction(
        id=uuid.uuid5(uuid.NAMESPACE_OID, key),
        key=key,
        wording=placed.action.wording,
        roles=placed.action.roles,
        measure=placed.action.measure,
        target_percent=placed.action.target_percent,
        recurs_months=placed.action.recurs_months,
        theme=placed.section.theme,
        section_key=placed.section.key,
        duty_key=placed.duty.key,
        expectation_key=placed.expectation.key,
        answer=answer,
    )


def own(wording: str, expectation: str = "e1") -> HeldAction:
    return HeldAction(
        id=uuid.uuid5(uuid.NAMESPACE_OID, wording), key=None, wording=wording, roles=("dsl",), measure=None,
        target_percent=None, recurs_months=None, theme=Theme.TRAINING, section_key="s", duty_key="d",
        expectation_key=expectation, answer=HeldAnswer(status=ActionStatus.MET, confirmed_on=DAY),
    )  # fmt: skip


def test_an_unchanged_action_brings_its_answer() -> None:
    old = an_edition("a")
    carried = carry([held(old, "a", ActionStatus.MET, note="Seen")], old, kind=AdoptionKind.EDITION).actions[0]
    assert carried.carried_as is Carried.SAME
    assert (carried.answer.status, carried.answer.note, carried.answer.awaits_confirmation) == (
        ActionStatus.MET, "Seen", False,
    )  # fmt: skip


def test_a_reworded_action_brings_its_answer_and_asks_for_confirmation() -> None:
    old = an_edition("a")
    new = change_action(old, "a", wording="Do a otherwise")
    carried = carry([held(old, "a", ActionStatus.MET)], new, kind=AdoptionKind.EDITION).actions[0]
    assert carried.carried_as is Carried.REWORDED
    assert carried.answer.awaits_confirmation
    untouched = carry([held(old, "a")], new, kind=AdoptionKind.EDITION).actions[0]
    assert not untouched.answer.awaits_confirmation


def test_a_retired_action_is_named_and_stays_behind() -> None:
    old = an_edition("a", "b")
    carrying = carry([held(old, "a"), held(old, "b")], retire_action(old, "b"), kind=AdoptionKind.EDITION)
    assert [each.key for each in carrying.retired] == ["b"]
    assert "b" not in {each.key for each in carrying.actions}


def test_an_own_action_comes_along_also_when_its_place_is_gone() -> None:
    old = an_edition("a")
    kept = carry([own("Ask the hall")], old, kind=AdoptionKind.EDITION)
    assert [each.wording for each in kept.actions if each.key is None] == ["Ask the hall"]
    assert kept.conflicts == ()
    elsewhere = carry([own("Ask the hall", "gone")], old, kind=AdoptionKind.EDITION)
    assert [each.expectation_key for each in elsewhere.actions if each.key is None] == ["e1"]
    assert "It is placed under" in elsewhere.conflicts[0].what


def test_a_wording_of_the_schools_own_stays_and_is_listed_where_the_edition_changed() -> None:
    old = an_edition("a")
    new = change_action(old, "a", wording="Do a otherwise")
    carrying = carry([held(old, "a", ActionStatus.MET, local_wording="Our way")], new, kind=AdoptionKind.EDITION)
    assert carrying.actions[0].answer.local_wording == "Our way"
    assert carrying.conflicts[0].action == "Our way"


def test_what_records_say_from_now_on_is_not_declared_any_more() -> None:
    old = an_edition("a")
    new = change_action(old, "a", measure="post:dsl", target_percent=100)
    carried = carry([held(old, "a", ActionStatus.MET, note="Seen")], new, kind=AdoptionKind.EDITION).actions[0]
    assert (carried.answer.status, carried.answer.note) == (ActionStatus.NOT_ANSWERED, "Seen")


def test_the_new_year_asks_anew_for_what_recurs_and_leaves_the_rest() -> None:
    old = change_action(an_edition("a", "b"), "a", recurs_months=12)
    rows = [
        held(old, "a", ActionStatus.MET, due_on=date(2028, 2, 29), note="Last year"),
        held(old, "b", ActionStatus.MET),
    ]
    reopened, closed = carry(rows, old, kind=AdoptionKind.ROLL_OVER).actions[:2]
    assert (reopened.carried_as, reopened.answer.status) == (Carried.REOPENED, ActionStatus.NOT_ANSWERED)
    assert (reopened.answer.due_on, reopened.answer.note, reopened.keeps_evidence) == (date(2029, 2, 28), "", False)
    assert (closed.carried_as, closed.answer.status) == (Carried.SAME, ActionStatus.MET)


def test_a_match_takes_pairs_and_keeps_everything_else_as_the_schools_own() -> None:
    imported = an_edition("x", "y", second=())
    rows = [held(imported, "x", ActionStatus.PARTLY_MET), held(imported, "y", ActionStatus.MET)]
    carrying = carry(rows, an_edition("a"), kind=AdoptionKind.MATCH, pairs={rows[0].id: "a"})
    paired = next(each for each in carrying.actions if each.key == "a")
    assert (paired.carried_from, paired.answer.status) == (rows[0].id, ActionStatus.PARTLY_MET)
    assert [(each.wording, each.answer.status) for each in carrying.actions if each.key is None] == [
        ("Do y", ActionStatus.MET)
    ]


STATUSES = st.sampled_from(list(ActionStatus))


@settings(max_examples=200, deadline=None)
@given(
    keys=st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1),
    later=st.lists(st.sampled_from("abcdefghij"), unique=True, min_size=1),
    reworded=st.sets(st.sampled_from("abcdefghij")),
    statuses=st.lists(STATUSES, min_size=8, max_size=8),
    owns=st.lists(st.sampled_from(["Own one", "Own two"]), unique=True),
    kind=st.sampled_from([AdoptionKind.EDITION, AdoptionKind.ROLL_OVER]),
)
def test_nothing_that_a_school_said_is_lost_or_made_greener(
    keys: list[str],
    later: list[str],
    reworded: set[str],
    statuses: list[ActionStatus],
    owns: list[str],
    kind: AdoptionKind,
) -> None:
    old = an_edition(*keys, second=())
    new = an_edition(*later, second=())
    for key in reworded & set(later):
        new = change_action(new, key, wording=f"Say {key} otherwise")
    rows = [held(old, key, status) for key, status in zip(keys, statuses, strict=False)]
    rows += [own(wording) for wording in owns]
    carrying = carry(rows, new, kind=kind)
    come_from = {each.carried_from for each in carrying.actions if each.carried_from}
    assert come_from | {each.id for each in carrying.retired} == {row.id for row in rows}
    assert [each.key for each in carrying.actions if each.key] == later
    before = {row.id: row for row in rows}
    for each in carrying.actions:
        if each.answer.status is ActionStatus.MET and not each.answer.awaits_confirmation:
            origin = before[each.carried_from]  # type: ignore[index]
            assert origin.answer.status is ActionStatus.MET
            assert origin.key is None or (origin.wording == f"Do {each.key}" and each.key not in reworded)
