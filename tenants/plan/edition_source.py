"""A shipped edition as it is written: a YAML file, whole or as changes to an earlier one, read and checked."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

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
)
from tenants.plan.measure_names import is_measure
from tenants.plan.models import Theme
from tenants.plan.types import ROLE_WORDS

FOLDER = Path(__file__).with_name("editions")
DFE_AREAS = {
    "leadership_and_management": "Leadership and management",
    "risk_assessment": "Risk assessment",
    "working_in_partnership": "Working in partnership",
    "training": "Training",
    "online_safety": "Online safety",
    "premises": "Safeguarding school premises",
    "building_resilience": "Building children’s resilience",
}
_TUPLES = ("roles", "references", "serves")


@dataclass(frozen=True)
class EditionSourceFile:
    """`based_on` is the key of the edition that this one changes, and `notes` say what changed and why."""

    key: str
    title: str
    published_on: date
    introduction: str
    notes: str
    based_on: str | None
    content: EditionContent


def edition_names() -> list[str]:
    """The names of the shipped editions, the earliest first."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_edition_source(name: str) -> EditionSourceFile:
    """The edition in `editions/<name>.yaml`. Raises EditionError that names the place that is wrong."""
    raw = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    based_on = load_edition_source(raw["based_on"]) if raw.get("based_on") else None
    if based_on is None:
        content = EditionContent(tuple(_section(section) for section in raw["sections"]))
    else:
        content = based_on.content
        for change in raw["changes"]:
            content = _changed(content, change)
    return EditionSourceFile(
        key=raw["key"],
        title=raw["title"],
        published_on=raw["published_on"],
        introduction=raw.get("introduction") or (based_on.introduction if based_on else ""),
        notes=raw.get("notes") or "",
        based_on=based_on.key if based_on else None,
        content=_with_known_words(content).checked(),
    )


def _changed(content: EditionContent, change: dict[str, Any]) -> EditionContent:
    """One entry of `changes`: `retire: key`, `move: key` with `to`, `change: key` with fields, or `add` with `to`."""
    if "retire" in change:
        return retire_action(content, change["retire"])
    if "move" in change:
        return move_action(content, change["move"], to=change["to"], at=change.get("at"))
    if "change" in change:
        fields = {
            name: tuple(value) if name in _TUPLES else value for name, value in change.items() if name != "change"
        }
        return change_action(content, change["change"], **fields)
    if "add" in change:
        return add_action(content, change["to"], _action(change["add"]), at=change.get("at"))
    raise EditionError(f"no such change: {sorted(change)}")


def _with_known_words(content: EditionContent) -> EditionContent:
    """Itself. Raises EditionError for a role, an area or a measure that the product does not know."""
    for action in content.actions:
        place = f"action {action.key}"
        unknown = set(action.roles) - set(ROLE_WORDS)
        if unknown or not action.roles:
            raise EditionError(f"{place}: roles are missing or unknown: {', '.join(sorted(unknown))}")
        if action.dfe_area not in DFE_AREAS:
            raise EditionError(f"{place}: no such area: {action.dfe_area}")
        if action.measure is not None and not is_measure(action.measure):
            raise EditionError(f"{place}: no such measure: {action.measure}")
    return content


def _section(raw: dict[str, Any]) -> ContentSection:
    try:
        theme = Theme(raw["theme"])
    except ValueError as error:
        raise EditionError(f"section {raw['key']}: {error}") from error
    return ContentSection(raw["key"], raw["title"], theme, tuple(_duty(duty) for duty in raw["duties"]))


def _duty(raw: dict[str, Any]) -> ContentDuty:
    return ContentDuty(raw["key"], raw["wording"], tuple(_expectation(each) for each in raw["expectations"]))


def _expectation(raw: dict[str, Any]) -> ContentExpectation:
    return ContentExpectation(raw["key"], raw["wording"], tuple(_action(each) for each in raw["actions"]))


def _action(raw: dict[str, Any]) -> ContentAction:
    fields: dict[str, Any] = {
        name: tuple(raw.get(name) or ()) if name in _TUPLES else value for name, value in raw.items()
    }
    return ContentAction(**fields)
