"""What plans serve: the guidance and returns whose parts an action can point at, read from their file and checked."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tenants.references.models import Certainty
from tenants.references.register import RegisterError, load_register

FILE = Path(__file__).with_name("frameworks.yaml")


@dataclass(frozen=True)
class FrameworkItem:
    """A part of a framework. `code` is what an action's `serves` holds: the framework's key, a colon, the part's key."""

    code: str
    title: str
    place: str
    actions: tuple[str, ...]  # permanent keys
    dfe_area: str | None  # every action of that self-assessment area serves it, too

    def is_served_by(self, *, key: str | None, dfe_area: str | None, serves: tuple[str, ...]) -> bool:
        return (
            self.code in serves
            or (key is not None and key in self.actions)
            or (self.dfe_area is not None and self.dfe_area == dfe_area)
        )


@dataclass(frozen=True)
class Framework:
    key: str
    title: str
    reference: str | None  # a key of the register
    certainty: Certainty
    items: tuple[FrameworkItem, ...]


@cache
def load_frameworks() -> tuple[Framework, ...]:
    """Every framework, in the file's order. Raises RegisterError for a double key or a reference that is not there."""
    loaded = yaml.safe_load(FILE.read_text(encoding="utf-8"))["frameworks"]
    frameworks = tuple(_framework(raw) for raw in loaded)
    codes = [item.code for framework in frameworks for item in framework.items]
    if len(set(codes)) != len(codes):
        raise RegisterError("a part of a framework stands twice")
    known = {entry.key for entry in load_register()}
    for framework in frameworks:
        if framework.reference is not None and framework.reference not in known:
            raise RegisterError(f"{framework.key}: {framework.reference} is not in the register")
    return frameworks


def framework_of(key: str) -> Framework | None:
    return next((each for each in load_frameworks() if each.key == key), None)


def items_served(
    *, key: str | None, dfe_area: str | None, serves: tuple[str, ...]
) -> list[tuple[Framework, FrameworkItem]]:
    """All parts of all frameworks that an action serves."""
    return [
        (framework, item)
        for framework in load_frameworks()
        for item in framework.items
        if item.is_served_by(key=key, dfe_area=dfe_area, serves=serves)
    ]


def _framework(raw: dict[str, Any]) -> Framework:
    items = tuple(
        FrameworkItem(
            code=f"{raw['key']}:{item['key']}",
            title=item["title"],
            place=item["place"],
            actions=tuple(item.get("actions") or ()),
            dfe_area=item["key"] if item.get("by_area") else None,
        )
        for item in raw["items"]
    )
    return Framework(raw["key"], raw["title"], raw["reference"], Certainty(raw["certainty"]), items)
