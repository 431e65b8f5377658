"""What hangs together by name only: views and declarations, jobs and queues, templates and endpoints, models and tables."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import TemplateSyntaxError, nodes
from werkzeug.exceptions import HTTPException

from blueprints.web.access import declaration_of
from blueprints.web.navigation import ITEMS, Item
from prevent_trust.jobs.registry import job_kinds
from prevent_trust.jobs.schedule import SCHEDULE
from prevent_trust.queues import QUEUES
from tests.application import application_unplugged

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = ROOT / "templates"
NAMES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())
PAGES = [name for name in NAMES if not name.startswith("mail/")]
EACH_TEMPLATE = pytest.mark.parametrize("name", NAMES)
EACH_PAGE = pytest.mark.parametrize("name", PAGES)
SOURCES = sorted(
    path for folder in ("prevent_trust", "blueprints", "tenants") for path in (ROOT / folder).rglob("*.py")
)


@pytest.fixture
def app() -> Flask:
    return application_unplugged()


@cache
def parsed(name: str) -> nodes.Template:
    return application_unplugged().jinja_env.parse((TEMPLATES / name).read_text(), name)


@cache
def source(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Calls of functions of these names, however they were imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called in names:
                yield node


def first_texts(*names: str) -> set[str]:
    """The texts that are the first argument of calls of these functions, anywhere in the code."""
    found = set()
    for path in SOURCES:
        for call in calls(source(path), *names):
            if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
                found.add(call.args[0].value)
    return found


@cache
def known_to_the_application() -> tuple[set[str], set[str]]:
    """The kinds of job and the modules, told by a process where nothing but the application has imported anything."""
    code = (
        "import json, sys, prevent_trust.factory; from prevent_trust.jobs.registry import job_kinds;"
        "print(json.dumps([[kind.name for kind in job_kinds()], list(sys.modules)]))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    jobs, modules = json.loads(run.stdout)
    return set(jobs), set(modules)


# Views


def test_every_view_declares_who_may_call_it(app: Flask) -> None:
    assert [endpoint for endpoint in app.view_functions if declaration_of(app, endpoint) is None] == []


def test_every_page_of_the_navigation_exists_and_is_shown_to_those_who_may_open_it(app: Flask) -> None:
    for kind, items in ITEMS.items():
        for item in items:
            assert item.endpoint in app.view_functions, item
            declaration = declaration_of(app, item.endpoint)
            assert declaration is not None
            assert declaration.permission is item.permission, item
            assert item.endpoint.startswith(f"{kind.value}."), item
    assert all(isinstance(item, Item) for items in ITEMS.values() for item in items)


def test_every_endpoint_that_the_code_names_exists(app: Flask) -> None:
    assert first_texts("url_for") - set(app.view_functions) == set()


def test_every_template_that_the_code_names_exists() -> None:
    assert first_texts("render_template") - set(NAMES) == set()


def test_every_mail_that_the_code_names_has_a_subject_a_text_and_html() -> None:
    for name in first_texts("render_mail"):
        assert {f"mail/{name}/{part}" for part in ("subject.txt", "message.txt", "message.html")} <= set(NAMES)


# Jobs


def test_every_kind_of_job_goes_to_a_queue_that_workers_serve() -> None:
    assert {kind.queue for kind in job_kinds()} <= set(QUEUES)
    assert {entry.queue for entry in SCHEDULE} <= set(QUEUES)


def test_no_queue_is_served_for_nothing() -> None:
    assert {kind.queue for kind in job_kinds()} == set(QUEUES)


def test_every_job_that_is_written_is_known_to_the_application() -> None:
    modules = (ROOT / "prevent_trust" / "jobs").glob("*.py")
    written = {
        str(call.args[0].value)
        for path in modules
        for call in calls(source(path), "job")
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    jobs, _ = known_to_the_application()
    assert jobs == written


def test_every_job_that_is_asked_for_is_known() -> None:
    assert first_texts("request_job", "_ask") <= {kind.name for kind in job_kinds()}


# Models


def test_every_model_is_known_to_the_application() -> None:
    models = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if "__tablename__" in path.read_text() and path.name != "database.py"
    }
    _, modules = known_to_the_application()
    assert models - modules == set()


# Templates


@EACH_TEMPLATE
def test_a_template_can_be_read(name: str) -> None:
    try:
        parsed(name)
    except TemplateSyntaxError as error:
        pytest.fail(f"{name}, line {error.lineno}: {error.message}")


@cache
def _parts() -> set[str]:
    """Templates that others include or import: they stand on no layout."""
    return {
        node.template.value
        for name in NAMES
        for node in parsed(name).find_all((nodes.Include, nodes.Import, nodes.FromImport))
        if isinstance(node.template, nodes.Const)
    }


@EACH_PAGE
def test_a_page_stands_on_a_layout(name: str) -> None:
    if name.startswith(("components/", "layouts/")) or "/_" in name or name in _parts():
        return
    extended = [node.template.value for node in parsed(name).find_all(nodes.Extends)]  # type: ignore[attr-defined]
    assert len(extended) == 1
    while not extended[0].startswith("layouts/"):
        extended = [node.template.value for node in parsed(extended[0]).find_all(nodes.Extends)]  # type: ignore[attr-defined]
        assert extended, "it stands on no layout"


COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
INLINE = {
    "a script": re.compile(r"""<script(?![^>]*(?:\bsrc=|\btype="application/json"))""", re.IGNORECASE),
    "a style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"""\sstyle\s*=\s*["'{]""", re.IGNORECASE),
    "an event's attribute": re.compile(r"""\son[a-z]+\s*=\s*["'{]""", re.IGNORECASE),
    "a script's address": re.compile(r"javascript:", re.IGNORECASE),
}


@EACH_PAGE
def test_a_page_has_nothing_inline_that_its_security_policy_forbids(name: str) -> None:
    text = COMMENT.sub("", (TEMPLATES / name).read_text())
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("mail/")])
def test_a_mail_runs_nothing(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    assert not INLINE["a script"].search(text)
    assert not INLINE["an event's attribute"].search(text)


@EACH_TEMPLATE
def test_every_endpoint_that_a_template_names_exists(app: Flask, name: str) -> None:
    audiences = "|".join(sorted(app.blueprints))
    endpoint = re.compile(rf"(?:{audiences})\.[a-z_]+")
    named = {
        node.value
        for node in parsed(name).find_all(nodes.Const)
        if isinstance(node.value, str) and endpoint.fullmatch(node.value)
    }
    linked = {
        call.args[0].value
        for call in parsed(name).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name)
        and call.node.name == "url_for"
        and call.args
        and isinstance(call.args[0], nodes.Const)
    }
    assert (named | linked) - set(app.view_functions) == set()


@EACH_PAGE
def test_every_address_that_a_template_writes_out_leads_to_a_page(app: Flask, name: str) -> None:
    text = COMMENT.sub("", (TEMPLATES / name).read_text())
    addresses = app.url_map.bind("localhost")
    lost = []
    for path in re.findall(r"""(?:href|action|src)=["'](/[^"'{#?]*)["'#?]""", text):
        try:
            addresses.match(path)
        except HTTPException:
            lost.append(path)
    assert lost == []
