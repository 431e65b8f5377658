"""What hides numbers and what audits them share nothing, and the auditor is never given a hidden value."""

import ast
import dataclasses
from pathlib import Path

import grimp
import pytest

from tenants.insights.disclosure.auditor import types

ROOT = Path(__file__).resolve().parents[2]
DISCLOSURE = "tenants.insights.disclosure"
ENGINE, AUDITOR = f"{DISCLOSURE}.engine", f"{DISCLOSURE}.auditor"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("prevent_trust", "tenants", "blueprints", cache_dir=None)


def test_neither_imports_the_other(graph: grimp.ImportGraph) -> None:
    assert not graph.chain_exists(ENGINE, AUDITOR, as_packages=True)
    assert not graph.chain_exists(AUDITOR, ENGINE, as_packages=True)


@pytest.mark.parametrize("package", [ENGINE, AUDITOR])
def test_both_are_libraries_that_know_nothing_of_the_product(package: str, graph: grimp.ImportGraph) -> None:
    inside = graph.find_descendants(package) | {package}
    imported = {found for module in inside for found in graph.find_modules_directly_imported_by(module)}
    assert {module for module in imported - inside if module.split(".")[0] in {"prevent_trust", "tenants"}} == set()


def test_the_auditor_s_input_has_a_place_for_what_is_shown_and_none_for_what_is_hidden() -> None:
    assert {field.name: field.type for field in dataclasses.fields(types.Facts)} == {
        "shown": types.Mapping[str, float],
        "hidden": frozenset[str],
        "unknown": frozenset[str],
        "counts": frozenset[str],
        "sums": tuple[types.Sum, ...],
        "threshold": float,
        "low": float,
        "high": float,
        "rule_known": bool,
        "sensitive": types.Mapping[str, types.Openness],
        "knowers": tuple[types.Knower, ...],
    }


def test_the_auditor_reads_no_field_that_could_hold_a_value() -> None:
    for path in (ROOT / "tenants" / "insights" / "disclosure" / "auditor").glob("*.py"):
        words = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not {"value", "values", "objective", "reason", "required"} & words, path
