"""Who may import whom: the contracts in pyproject.toml hold, and nothing has been left out of them."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
# What the authority's pages take from the domain.
FOR_THE_AUTHORITY = {
    "tenants.access",
    "tenants.insights",
    "tenants.insights.disclosure",
    "tenants.insights.disclosure.queries",
    "tenants.insights.disclosure.requests",
    "tenants.insights.disclosure.types",
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("prevent_trust", "tenants", "blueprints", cache_dir=None)


def test_every_contract_is_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports() == 0, capsys.readouterr().out


def test_no_contract_looks_away_from_an_import() -> None:
    assert [key for key, contract in CONTRACTS.items() if "ignore_imports" in contract] == []


def test_every_part_of_the_machine_has_a_layer(graph: grimp.ImportGraph) -> None:
    named = {module for layer in CONTRACTS["layers"]["layers"] for module in layer.replace(" ", "").split("|")}
    assert named == graph.find_children("prevent_trust") | {"tenants", "blueprints"}


def test_every_audience_is_kept_apart(graph: grimp.ImportGraph) -> None:
    assert set(CONTRACTS["audiences"]["modules"]) == graph.find_children("blueprints") - {"blueprints.web"}


def test_the_authority_s_pages_are_kept_from_every_other_part_of_the_domain(graph: grimp.ImportGraph) -> None:
    parents = ("tenants", "tenants.insights", "tenants.insights.disclosure")
    parts = {child for parent in parents for child in graph.find_children(parent)}
    assert set(CONTRACTS["authority-pages"]["forbidden_modules"]) == parts - FOR_THE_AUTHORITY


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "prevent_trust" / "__init__.py",
        ROOT / "prevent_trust" / "jobs" / "__init__.py",
        ROOT / "blueprints" / "__init__.py",
        ROOT / "blueprints" / "web" / "__init__.py",
        *sorted((ROOT / "tenants").rglob("__init__.py")),
    ],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_package_s_own_file_holds_a_docstring_only(path: Path) -> None:
    body = ast.parse(path.read_text()).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    assert isinstance(body[0].value.value, str)
