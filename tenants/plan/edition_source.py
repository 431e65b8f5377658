"""An edition as it is written: a YAML file, read and checked."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

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
MEASURE_KINDS = {"reading", "training"}


class EditionError(ValueError):
    """The edition's file is not right; the message names the place."""


@dataclass(frozen=True)
class SourceAction:
    key: str
    wording: str
    good_looks_like: str
    roles: tuple[str, ...]
    dfe_area: str
    measure: str | None
    target_percent: int | None
    recurs_months: int | None
    references: tuple[str, ...]


@dataclass(frozen=True)
class SourceExpectation:
    key: str
    wording: str
    actions: tuple[SourceAction, ...]


@dataclass(frozen=True)
class SourceDuty:
    key: str
    wording: str
    expectations: tuple[SourceExpectation, ...]


@dataclass(frozen=True)
class SourceSection:
    key: str
    title: str
    theme: Theme
    duties: tuple[SourceDuty, ...]


@dataclass(frozen=True)
class EditionSourceFile:
    key: str
    title: str
    published_on: date
    introduction: str
    sections: tuple[SourceSection, ...]

    @property
    def actions(self) -> list[SourceAction]:
        return [
            action
            for section in self.sections
            for duty in section.duties
            for expectation in duty.expectations
            for action in expectation.actions
        ]


def load_edition_source(name: str) -> EditionSourceFile:
    """The edition in `editions/<name>.yaml`. Raises EditionError that names the place that is wrong."""
    raw = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    edition = EditionSourceFile(
        key=raw["key"],
        title=raw["title"],
        published_on=raw["published_on"],
        introduction=raw["introduction"],
        sections=tuple(_section(section) for section in raw["sections"]),
    )
    keys = [action.key for action in edition.actions]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise EditionError(f"keys stand twice: {', '.join(sorted(doubled))}")
    return edition


def _section(raw: dict[str, Any]) -> SourceSection:
    try:
        theme = Theme(raw["theme"])
    except ValueError as error:
        raise EditionError(f"section {raw['key']}: {error}") from error
    return SourceSection(raw["key"], raw["title"], theme, tuple(_duty(duty) for duty in raw["duties"]))


def _duty(raw: dict[str, Any]) -> SourceDuty:
    return SourceDuty(raw["key"], raw["wording"], tuple(_expectation(each) for each in raw["expectations"]))


def _expectation(raw: dict[str, Any]) -> SourceExpectation:
    return SourceExpectation(raw["key"], raw["wording"], tuple(_action(each) for each in raw["actions"]))


def _action(raw: dict[str, Any]) -> SourceAction:
    place = f"action {raw.get('key')}"
    unknown = set(raw["roles"]) - set(ROLE_WORDS)
    if unknown or not raw["roles"]:
        raise EditionError(f"{place}: roles are missing or unknown: {', '.join(sorted(unknown))}")
    if raw["dfe_area"] not in DFE_AREAS:
        raise EditionError(f"{place}: no such area: {raw['dfe_area']}")
    measure = raw.get("measure")
    if measure is not None and measure.partition(":")[0] not in MEASURE_KINDS:
        raise EditionError(f"{place}: no such measure: {measure}")
    if (measure is None) != (raw.get("target_percent") is None):
        raise EditionError(f"{place}: a measure needs a target, and a target a measure")
    return SourceAction(
        key=raw["key"],
        wording=raw["wording"],
        good_looks_like=raw["good_looks_like"],
        roles=tuple(raw["roles"]),
        dfe_area=raw["dfe_area"],
        measure=measure,
        target_percent=raw.get("target_percent"),
        recurs_months=raw.get("recurs_months"),
        references=tuple(raw.get("references") or ()),
    )
