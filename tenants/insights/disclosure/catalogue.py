"""The catalogue of releases as data: which tables there are, and the classes in which their figures are given."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True)
class CatalogueTable:
    """`subject` says which figures, `by` the classifications beside the subject's own; `waits` why there is no table yet."""

    key: str
    title: str
    subject: str
    by: tuple[str, ...]
    caption: str
    waits: str = ""


@dataclass(frozen=True)
class Group:
    """A class of figures and what of the records belongs in it. The last group of a list holds all the rest."""

    key: str
    title: str
    holds: frozenset[str]


@dataclass(frozen=True)
class Catalogue:
    tables: tuple[CatalogueTable, ...]
    concerns: tuple[Group, ...]
    phases: tuple[Group, ...]
    schools_in_a_class: int

    def without(self, left_out: Collection[str]) -> tuple[CatalogueTable, ...]:
        """The tables that are made: those that an authority does not leave out and that wait for nothing."""
        return tuple(table for table in self.tables if table.key not in left_out and not table.waits)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The default catalogue, read once."""
    content = yaml.safe_load(_FILE.read_text("utf-8"))
    return Catalogue(
        tables=tuple(CatalogueTable(**entry | {"by": tuple(entry["by"])}) for entry in content["tables"]),
        concerns=tuple(Group(e["key"], e["title"], frozenset(e["types"])) for e in content["concern_groups"]),
        phases=tuple(Group(e["key"], e["title"], frozenset(e["phases"])) for e in content["phases"]),
        schools_in_a_class=content["schools_in_a_class"],
    )


def group_of(groups: tuple[Group, ...], word: str | None) -> str:
    """The key of the group that holds the word; the last one's for a word that none names."""
    return next((group.key for group in groups if word in group.holds), groups[-1].key)
