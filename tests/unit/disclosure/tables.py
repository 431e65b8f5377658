"""Small tables for the tests of disclosure control, and systems read from the cases in ../shared."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tenants.insights.disclosure.engine.protection import protect_here
from tenants.insights.disclosure.engine.system import Need, System
from tenants.insights.disclosure.engine.types import Atom, Dimension, Measure, Protected, Request, Rules, Table

CONCERN = Dimension("concern", "all", {"all": ("mixed", "right", "other")}, reveals=True)
PHASE = Dimension("phase", "all", {"all": ("primary", "secondary", "special")})
ONLY_COUNTS = Rules(insiders=False, all_of_them=False, rule_known=False, most_hidden=1.0)


def counts(rows: dict[str, tuple[int, ...]], key: str = "cases") -> Measure:
    """Cases by concern and phase; nothing is known of schools."""
    atoms = tuple(
        Atom({"concern": concern, "phase": phase}, {"": value})
        for concern, row in rows.items()
        for phase, value in zip(PHASE.children["all"], row, strict=True)
    )
    return Measure(key, (CONCERN, PHASE), atoms, contributors_known=False)


def by_school(places: dict[tuple[str, str], dict[str, int]], key: str = "cases") -> Measure:
    """Cases by concern and phase, with what each school adds; what is not named is a zero that could have been more."""
    return Measure(key, (CONCERN, PHASE), tuple(Atom({"concern": c, "phase": p}, by) for (c, p), by in places.items()))


def protected(measure: Measure, rules: Rules = ONLY_COUNTS, **others: Any) -> Protected:
    tables = (Table("table", measure.key, tuple(each.key for each in measure.dimensions)),)
    return protect_here(Request((measure,), **({"tables": tables, "rules": rules, "seconds": 30} | others)))


def hidden(done: Protected) -> set[str]:
    return {key for key, cell in done.cells.items() if cell.is_hidden}


def case(shared: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / "data" / "disclosure" / "cases" / f"{name}.json").read_text())
    return content


def system_of(content: dict[str, Any]) -> System:
    """The linear system of a case: its primaries must be hidden, everything else may be."""
    state = np.ones(content["cells"], dtype=np.int8)
    state[content["primary"]] = 2
    return System(
        values=np.array(content["values"], dtype=np.float64),
        weights=np.array(content["weights"]),
        lower=np.array(content["lb"]),
        upper=np.array(content["ub"]),
        state=state,
        equations=tuple(((*parts, total), (*[1.0] * len(parts), -1.0)) for parts, total in content["equations"]),
        needs=tuple(Need(cell, content["upl"][cell], content["lpl"][cell]) for cell in content["primary"]),
    )


def document_of(content: dict[str, Any], hides: set[int]) -> dict[str, Any]:
    """What is published of a case when these cells are hidden."""
    cells: dict[str, Any] = {
        str(n): {"symbol": "c"} if n in hides else {"shown": value} for n, value in enumerate(content["values"])
    }
    return {
        "format": "disclosure-release-1",
        "rules": {"threshold": 5, "low": 0, "high": 5, "rule_known": False},
        "cells": cells,
        "sums": [[[str(part) for part in parts], str(total)] for parts, total in content["equations"]],
    }
