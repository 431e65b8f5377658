"""The auditor: it finds what can be worked out, and what it cannot solve or make sense of never passes."""

import json
from math import inf
from pathlib import Path
from typing import Any

import highspy
import pytest
from click.testing import CliRunner

from prevent_trust.cli.releases import release_commands
from tenants.insights.disclosure.auditor.apart import apart
from tenants.insights.disclosure.auditor.judging import BELOW, EXACT, NOT_SOLVED, OTHERS, TOO_NARROW, _look, audit
from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.reading import read_document, read_documents
from tenants.insights.disclosure.auditor.types import Unsound

HIDDEN: dict[str, Any] = {"symbol": "c"}


def document(cells: dict[str, float | None], sums: list[Any], **others: Any) -> dict[str, Any]:
    """Cells with their number, or none where it is hidden."""
    rules = {"threshold": 5, "low": 0, "high": 5, "rule_known": True}
    said = {key: HIDDEN if shown is None else {"shown": shown} for key, shown in cells.items()}
    return {"format": "disclosure-release-1", "rules": rules, "cells": said, "sums": sums, "tables": []} | others


LINE = [[["a", "b", "c"], "total"]]
OPEN = document({"a": None, "b": None, "c": 4, "total": 20}, LINE)
CLOSED = document({"a": None, "b": 3, "c": 4, "total": 20}, LINE)


def test_one_hidden_number_in_a_line_is_known_exactly() -> None:
    found = audit(read_document(CLOSED))
    assert [(problem.cell, problem.what) for problem in found.problems] == [("a", EXACT)]
    assert found.intervals["a"].low == pytest.approx(13)


def test_two_are_open_as_far_as_their_sum() -> None:
    found = audit(read_document(OPEN))
    assert found.passed
    assert [(each.low, each.high) for each in found.intervals.values()] == [(0, 16), (0, 16)]


def test_a_hidden_count_that_cannot_be_five_is_a_problem_for_an_outsider_too() -> None:
    found = audit(read_document(document({"a": None, "b": None, "c": 17, "total": 20}, LINE)))
    assert {problem.what for problem in found.problems} == {BELOW}


def test_what_must_stay_open_is_measured_against_what_can_be() -> None:
    needed = OPEN | {"sensitive": {"a": {"low": 0, "high": 17}, "b": {"width": 16}}}
    assert [(p.cell, p.what) for p in audit(read_document(needed)).problems] == [("a", TOO_NARROW)]


def test_nothing_bounds_a_number_whose_total_is_hidden() -> None:
    found = audit(read_document(document({"a": None, "b": 5, "c": 4, "total": None}, LINE)))
    assert found.passed
    assert (found.intervals["a"].high, found.intervals["total"].low) == (inf, 9)
    assert found.report()["intervals"]["a"] == [0.0, None]


def test_a_school_that_knows_its_part_can_learn_more_than_others() -> None:
    knows = [{"name": "a school", "own": {"a": 12.0}, "others": {"a": {"high": 5}}}]
    found = audit(read_document(OPEN | {"insiders": knows}))
    assert [(p.cell, p.attacker, p.what) for p in found.problems] == [("a", "a school", OTHERS)]
    knows[0]["own"] = {"a": 11.0}
    assert audit(read_document(OPEN | {"insiders": knows})).passed


def test_a_number_told_to_be_large_by_its_bounds_can_give_others_away() -> None:
    # b is at least 1, so it is not a small number that may be 0: it is at least 5, and a at most 4.
    cells: dict[str, float | None] = {"a": None, "b": None, "total": 9, "d": None, "sum": 12}
    sums = [[["a", "b"], "total"], [["b", "d", "e"], "sum"]]
    tight = document(cells | {"e": None}, [*sums, [["a", "f"], "g"], [["d", "e"], "h"]])
    tight["cells"] |= {"f": {"never": True}, "g": {"shown": 8}, "h": HIDDEN}
    found = audit(read_document(tight))
    assert not found.passed
    assert "a" in {problem.cell for problem in found.problems}
    tight["rules"] = tight["rules"] | {"rule_known": False}
    assert audit(read_document(tight)).passed


def test_two_releases_are_looked_at_together() -> None:
    other = document({"a": None, "x": 6, "sub": 19}, [[["a", "x"], "sub"]])
    assert audit(read_documents([OPEN])).passed
    assert {problem.cell for problem in audit(read_documents([OPEN, other])).problems} == {"a", "b"}


def test_what_no_sum_joins_is_looked_at_apart_and_found_the_same() -> None:
    tight: dict[str, float | None] = {"x": None, "y": None, "z": 17, "sum": 20, "lone": None}
    both = document({"a": None, "b": None, "c": 4, "total": 20} | tight, [*LINE, [["x", "y", "z"], "sum"]])
    both |= {
        "sensitive": {"a": {"low": 0, "high": 17}, "x": {"width": 3}, "lone": {"low": 0, "high": 5}},
        "insiders": [
            {"name": "a school", "own": {"a": 12.0, "x": 1.0, "z": 3.0}, "others": {"a": {"high": 5}, "z": {"high": 5}}}
        ],
    }
    facts = read_document(both)
    intervals, problems, _ = _look(facts)
    found = audit(facts)
    assert len(apart(facts)) == 3
    assert found.intervals == intervals
    assert set(found.problems) == set(problems)
    assert {p.cell for p in problems} == {"a", "x", "y", "z"}


def test_of_earlier_releases_only_what_a_new_one_touches_is_looked_at_again() -> None:
    other = document({"p": None, "q": 3, "pq": 20}, [[["p", "q"], "pq"]])
    new = document({"a": None, "x": 6, "sub": 19}, [[["a", "x"], "sub"]])
    found = audit_documents([OPEN, other, new], new=new)
    assert set(found.intervals) == {"a", "b"}
    assert {problem.cell for problem in found.problems} == {"a", "b"}
    shown = document({"a": 13}, [])  # nothing of it is hidden, and yet it gives b away
    assert {problem.cell for problem in audit_documents([OPEN, shown], new=shown).problems} == {"b"}


def test_a_cell_that_must_stay_open_and_is_nowhere_does_not_pass() -> None:
    assert not audit_documents([OPEN | {"sensitive": {"nowhere": {"low": 0, "high": 5}}}]).passed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"format": "something"}, "not a document of a release"),
        (document({"a": 1, "b": 2, "c": 3, "total": 7}, LINE), "does not add up"),
        (document({"a": None, "b": 20, "c": 3, "total": 7}, LINE), "Nothing fits"),
        (document({"a": 1}, LINE), "not among the cells"),
        ({"format": "disclosure-release-1", "cells": {}}, "not the form"),
        (document({}, []) | {"cells": {"a": {}}}, "neither shown, hidden, nor left out"),
    ],
)
def test_what_contradicts_itself_is_unsound(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(Unsound, match=says):
        audit(read_document(wrong))
    with pytest.raises(Unsound, match=says):
        audit_documents([wrong])


def test_releases_that_contradict_each_other_are_unsound() -> None:
    with pytest.raises(Unsound, match="two values"):
        read_documents([OPEN, document({"c": 5}, [])])


def test_a_program_that_is_not_solved_fails_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = read_document(OPEN)
    calls = 0
    real = highspy.Highs.getModelStatus

    def stops(solver: highspy.Highs) -> highspy.HighsModelStatus:
        nonlocal calls
        calls += 1
        return real(solver) if calls < 3 else highspy.HighsModelStatus.kIterationLimit

    monkeypatch.setattr(highspy.Highs, "getModelStatus", stops)
    found = audit(facts)
    assert not found.passed
    assert found.problems[0].what.startswith(NOT_SOLVED)


def test_an_audit_that_runs_out_of_time_does_not_pass() -> None:
    found = audit_documents([OPEN], seconds=0.01)
    assert not found.passed
    assert "did not come to an end" in found.problems[0].what


def test_the_command_audits_files_as_an_outsider_could(tmp_path: Path) -> None:
    good, bad, wrong = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "wrong.json"
    good.write_text(json.dumps(OPEN))
    bad.write_text(json.dumps([OPEN, CLOSED]))
    wrong.write_text("no JSON")
    run = CliRunner().invoke
    passed = run(release_commands, ["audit", str(good)])
    assert (passed.exit_code, "Passed" in passed.output) == (0, True)
    failed = run(release_commands, ["audit", str(bad)])
    assert (failed.exit_code, "a: its exact number can be worked out" in failed.output) == (1, True)
    report = run(release_commands, ["audit", "--json", str(good)])
    assert json.loads(report.output)["intervals"]["a"] == [0.0, 16.0]
    refused = run(release_commands, ["audit", str(wrong)])
    assert (refused.exit_code, "is not a JSON file" in refused.output) == (1, True)
