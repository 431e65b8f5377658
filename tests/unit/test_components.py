"""The components of pages, rendered by themselves and read as HTML."""

import json
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, RadioField, SelectField, StringField
from wtforms.validators import InputRequired

from blueprints.web.fields import DatePartsField
from prevent_trust.security import CONTENT_SECURITY_POLICY

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
STATES = ("not_answered", "not_met", "partly_met", "met", "stale", "not_applicable", "hidden", "c")
NOT_FOUND_WORDS = "Page not found"


@pytest.fixture(name="jinja")
def _jinja() -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.globals.update(asset_url="/static/{}".format, demo_mode=False)
    return jinja


def render(jinja: Environment, component: str, call: str, **context: Any) -> BeautifulSoup:
    name = re.split(r"\W", call)[0]
    source = f'{{% from "components/{component}.html" import {name} %}}{{{{ {call} }}}}'
    return BeautifulSoup(jinja.from_string(source).render(context), "html5lib")


@pytest.mark.parametrize("value", STATES)
def test_a_state_is_a_word_and_a_shape(jinja: Environment, value: str) -> None:
    for macro in ("state", "state_mark"):
        page = render(jinja, "states", f"{macro}(value)", value=value)
        assert page.get_text(strip=True)
        assert page.select("svg path, svg circle, svg rect")


def test_no_two_states_share_their_shape(jinja: Environment) -> None:
    shapes = {str(render(jinja, "states", "state(value)", value=value).svg) for value in STATES[:-1]}
    assert len(shapes) == len(STATES) - 1


def test_an_unknown_state_is_refused(jinja: Environment) -> None:
    with pytest.raises(Exception, match="mostly_met"):
        render(jinja, "states", "state('mostly_met')")


def test_the_data_of_a_figure_cannot_end_its_script(jinja: Environment) -> None:
    plotly = json.dumps({"data": [{"name": "</script><script>alert(1)</script><!--"}], "layout": {}})
    table = SimpleNamespace(columns=[SimpleNamespace(key="s", text="School", numeric=False)], rows=[["Ashdown"]])
    fig = SimpleNamespace(key="k", title="Title", caption="Words.", plotly_json=plotly, table=table, csv_url=None)
    page = render(jinja, "figure", "figure(fig)", fig=fig)
    assert [script["type"] for script in page.select("script")] == ["application/json"]
    assert json.loads(page.select_one("[data-chart-json]").string) == json.loads(plotly)
    assert page.select_one("details[open] table th[scope=row]").text == "Ashdown"


def test_a_table_says_what_to_sort_by(jinja: Environment) -> None:
    table = SimpleNamespace(
        columns=[
            SimpleNamespace(key="s", text="School", numeric=False),
            SimpleNamespace(key="n", text="Share", numeric=True),
        ],
        rows=[[{"text": "Ashdown <b>", "href": "/a"}, {"text": "0%", "sort_value": 0}], ["Beech", 7]],
    )
    page = render(jinja, "table", "data_table(table, 'Shares')", table=table)
    assert page.select_one("tbody th a").text == "Ashdown <b>"
    assert page.select_one("tbody td")["data-sort-value"] == "0"
    assert [cell.text for cell in page.select("tbody td")] == ["0%", "7"]
    assert page.select_one("[role=region]")["aria-labelledby"] == page.caption["id"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("coverage(38, 41)", "38 of 41 staff; 3 missing"),
        ("coverage(41, 41)", "All 41 staff"),
        ("coverage(0, 0)", "Nobody needs this"),
    ],
)
def test_coverage_is_said_in_words(jinja: Environment, call: str, words: str) -> None:
    assert render(jinja, "coverage", call).p.text == words


class AnswerForm(Form):
    name = StringField("Name", [InputRequired("Enter a name")])
    status = RadioField("State", [InputRequired("Choose a state")], choices=[("met", "Met"), ("not_met", "Not met")])
    owner = SelectField("Owner", choices=[("h", "Headteacher")])
    due = DatePartsField("Due date")
    agreed = BooleanField("Agreed", [InputRequired("Tick the box")])


def test_each_error_leads_to_an_input_that_names_it(jinja: Environment) -> None:
    form = AnswerForm(MultiDict({"owner": "h", "due-day": "3", "due-month": "3", "due-year": "27"}))
    assert not form.validate()
    fields = (
        "text_field(form.name)",
        "radios_field(form.status)",
        "date_field(form.due)",
        "checkbox_field(form.agreed)",
    )
    body = "".join(str(render(jinja, "forms", call, form=form).body) for call in fields)
    page = BeautifulSoup(body, "html5lib")
    links = {link.text: link["href"] for link in render(jinja, "forms", "error_summary(form)", form=form).select("a")}
    assert set(links) == {
        "Enter a name",
        "Choose a state",
        "Due date must have a year with 4 numbers, like 2027",
        "Tick the box",
    }
    assert links["Due date must have a year with 4 numbers, like 2027"] == "#due-year"
    for words, address in links.items():
        target = page.select_one(address)
        assert target.name == "input"
        described = target.get("aria-describedby") or target.find_parent("fieldset")["aria-describedby"]
        assert words in page.find(id=described.split()[-1]).text


def test_a_chosen_answer_is_shown_again(jinja: Environment) -> None:
    form = AnswerForm(MultiDict({"status": "not_met"}), due=date(2027, 3, 9))
    page = render(jinja, "forms", "radios_field(form.status)", form=form)
    assert [radio["value"] for radio in page.select("input[checked]")] == ["not_met"]


def test_taking_away_one_filter_keeps_the_others(jinja: Environment) -> None:
    selects = [
        SimpleNamespace(name="owner", label="Owner", value="h&d", options=[("", "Any"), ("h&d", "Both")]),
        SimpleNamespace(name="state", label="State", value="met", options=[("", "Any"), ("met", "Met")]),
        SimpleNamespace(name="flag", label="Flag", value="", options=[("", "Any")]),
    ]
    page = render(jinja, "filters", "filters(selects, '/plan', {'sort': 'due'})", selects=selects)
    assert [chip["href"] for chip in page.select(".pt-chip")] == [
        "/plan?sort=due&state=met",
        "/plan?sort=due&owner=h%26d",
    ]


def test_pages_keep_what_else_the_address_holds(jinja: Environment) -> None:
    query = MultiDict({"owner": "a b", "page": "2"})
    page = render(jinja, "pagination", "pagination(2, 3, '/plan', query)", query=query)
    assert page.select_one("[rel=next]")["href"] == "/plan?owner=a+b&page=3"
    assert page.select_one("[aria-current=page]").text == "2"


@pytest.mark.parametrize("finished", [True, False])
def test_only_a_job_that_runs_is_followed(jinja: Environment, finished: bool) -> None:
    job = SimpleNamespace(
        title="Import", state="done" if finished else "running", done=1, total=2, message="", is_finished=finished
    )
    page = render(jinja, "progress", "progress(job, '/state')", job=job)
    assert bool(page.select("[data-progress-url]")) is not finished


def test_a_contact_is_rung_by_digits_and_a_script_is_no_website(jinja: Environment) -> None:
    page = render(jinja, "contact_card", "contact_card('Police', phone='(0)20 7946-0999', website='javascript:1')")
    assert [link["href"] for link in page.select("a")] == ["tel:02079460999"]


@pytest.mark.parametrize("name", ["403", "404", "413", "429", "500", "503", "csrf"])
def test_an_error_page_needs_nothing_but_itself(jinja: Environment, name: str) -> None:
    page = BeautifulSoup(jinja.get_template(f"errors/{name}.html").render(), "html5lib")
    assert page.title.text == f"{page.h1.text} – Prevent Trust"
    assert len(page.main.select("p")) >= 2
    assert (page.h1.text == NOT_FOUND_WORDS) is (name == "404")


def test_no_layout_or_component_needs_more_than_the_policy_allows() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    for path in [*TEMPLATES.glob("layouts/*.html"), *TEMPLATES.glob("components/*.html")]:
        source = path.read_text()
        assert not re.search(r"\sstyle=|\son\w+=|<style", source), path
        for tag in re.findall(r"<script[^>]*>", source):
            assert "src=" in tag or 'type="application/json"' in tag, (path, tag)
