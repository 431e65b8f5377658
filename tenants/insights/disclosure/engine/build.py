"""From a board of cells, earlier releases and differences to one linear system."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tenants.insights.disclosure.engine.cells import Board, Cell, View
from tenants.insights.disclosure.engine.sensitive import (
    Sensitivity,
    insiders_of,
    mark_all_of_parent,
    sensitivity,
    weight_of,
)
from tenants.insights.disclosure.engine.system import Insider, Need, State, System
from tenants.insights.disclosure.engine.types import (
    Difference,
    Earlier,
    FrozenCellChanged,
    Kind,
    Reason,
    Request,
    Symbol,
)


@dataclass(frozen=True)
class Built:
    """A system with the keys of its cells, and why each sensitive one is."""

    system: System
    keys: tuple[str, ...]
    number: Mapping[str, int]
    cells: Mapping[str, Cell]
    sensitive: Mapping[str, Sensitivity]
    equations: tuple[tuple[tuple[str, ...], str], ...]  # of this release, without those of earlier ones
    counts: tuple[int, ...]  # the cells of which the rules for counts are known to hold, here or in an earlier release


def build(request: Request, board: Board, views: Sequence[View]) -> Built:
    """Raises FrozenCellChanged when a cell of an earlier release has another value now, and ValueError for a wrong input."""
    mark_all_of_parent(board, views)
    _weigh(board, views)
    facts = _Facts(request.earlier)
    for difference in request.differences:
        _add_difference(board, difference, facts, {measure.key for measure in request.measures})
    own_equations = tuple(board.equations)
    cells = dict(board.cells)
    for key, value in facts.values.items():
        if key in cells and abs(cells[key].value - value) > 1e-6:
            raise FrozenCellChanged(
                f"{key} was {'shown' if key in facts.shown else 'hidden'} before with another value"
            )
        cells.setdefault(key, Cell(key, value=value, possible=None, structural=False, contributors_known=False))
    sensitive = _sensitive(cells, request, facts)
    keys = tuple(cells)
    number = {key: place for place, key in enumerate(keys)}
    values = np.array([cells[key].value for key in keys], dtype=np.float64)
    most = float(values.max(initial=0.0)) + 10 * request.rules.high
    equations = dict.fromkeys((*own_equations, *facts.equations))
    system = System(
        values=values,
        weights=np.array([cells[key].weight for key in keys], dtype=np.float64),
        lower=np.zeros(len(keys)),
        upper=values + most,
        state=np.array([_state(cells[key], key in sensitive, facts) for key in keys], dtype=np.int8),
        equations=tuple(
            ((*(number[part] for part in parts), number[total]), (*[1.0] * len(parts), -1.0))
            for parts, total in equations
        ),
        needs=tuple(
            Need(number[key], each.up, each.down)
            for key, each in sensitive.items()
            if (each.up > 0 or each.down > 0) and _state(cells[key], True, facts) is State.HIDDEN
        ),
    )
    system = _with_insiders(system, cells, number, request, facts)
    counts = (
        number[key]
        for key, cell in cells.items()
        if key in facts.hidden_counts or (cell.published and cell.kind is Kind.COUNT)
    )
    return Built(system, keys, number, cells, sensitive, own_equations, tuple(counts))


class _Facts:
    """What earlier releases say, taken together."""

    def __init__(self, earlier: Sequence[Earlier]) -> None:
        self.values: dict[str, float] = {}
        self.shown: set[str] = set()
        self.hidden_counts: set[str] = set()
        self.equations: list[tuple[tuple[str, ...], str]] = []
        self.required: dict[str, dict[str, float]] = {}
        self.insiders: list[dict[str, Any]] = []
        for release in earlier:
            for key, said in release.document["cells"].items():
                value = float(release.values[key])
                if key in self.values and abs(self.values[key] - value) > 1e-6:
                    raise FrozenCellChanged(f"two earlier releases differ on {key}")
                self.values[key] = value
                if said.get("shown") is not None:
                    self.shown.add(key)
                elif said.get("symbol") == Symbol.HIDDEN and not said.get("magnitude"):
                    self.hidden_counts.add(key)
            self.equations += [(tuple(sorted(parts)), total) for parts, total in release.document["sums"]]
            self.required.update(release.document.get("sensitive", {}))
            self.insiders += release.document.get("insiders", [])


def _state(cell: Cell, is_sensitive: bool, facts: _Facts) -> State:
    if cell.public or cell.structural or cell.key in facts.shown:
        return State.KNOWN
    if is_sensitive or not cell.published:
        return State.HIDDEN
    return State.OPEN


def _add_difference(board: Board, difference: Difference, facts: _Facts, measures: Collection[str]) -> None:
    """Nothing where one of its cells is of this release but was collapsed or withheld: then it cannot be seen."""
    keys = (difference.whole, *difference.less)
    known = {key: board.cells[key].value if key in board.cells else facts.values.get(key) for key in keys}
    for key, value in known.items():
        if value is None and key.split("|")[0] not in measures:
            raise ValueError(f"there is no cell {key}, which the difference {difference.key} is about")
    if any(value is None for value in known.values()):
        return
    left = (known[difference.whole] or 0.0) - sum(known[key] or 0.0 for key in difference.less)
    if left < 0:
        raise ValueError(f"the difference {difference.key} is below 0")
    board.cells[difference.key] = Cell(
        difference.key,
        value=left,
        parts=dict(difference.parts or {}),
        possible=None,
        structural=False,
        contributors_known=difference.parts is not None,
    )
    board.add_equation([*difference.less, difference.key], difference.whole)


def _sensitive(cells: Mapping[str, Cell], request: Request, facts: _Facts) -> dict[str, Sensitivity]:
    found = {}
    for key, cell in cells.items():
        what = sensitivity(cell, request.rules, counts_zeros=cell.published)
        if what is None and key in facts.required and key not in facts.shown:
            what = _as_before(cell, facts.required[key])
        if what is not None:
            found[key] = what
    return found


def _as_before(cell: Cell, required: Mapping[str, Any]) -> Sensitivity:
    """What an earlier release had to keep open goes on being kept open."""
    if "high" in required:
        return Sensitivity(
            Reason.SMALL, max(0.0, required["high"] - cell.value), max(0.0, cell.value - required["low"])
        )
    if "up" in required:  # “all of them” can only seem less
        return Sensitivity(Reason.CONTRIBUTORS, required["up"], min(required["width"] - required["up"], cell.value))
    half = required["width"] / 2
    return Sensitivity(Reason.CONTRIBUTORS, half if cell.value >= half else required["width"], min(half, cell.value))


def _weigh(board: Board, views: Sequence[View]) -> None:
    for view in views:
        for place, key in view.given().items():
            cell = board.cells[key]
            totals = sum(
                category == tree.dimension.total and tree.dimension.key not in view.table.added_up
                for category, tree in zip(place, view.trees, strict=True)
            )
            cell.weight = max(cell.weight, weight_of(cell.value, totals, view.table.importance))


def _with_insiders(
    system: System, cells: Mapping[str, Cell], number: Mapping[str, int], request: Request, facts: _Facts
) -> System:
    if not request.rules.insiders:
        return system
    own: dict[str, dict[int, float]] = {}
    needs: dict[str, list[Need]] = {}
    for key, cell in cells.items():
        place = number[key]
        if not cell.contributors_known or system.state[place] == State.KNOWN:
            continue
        for school, part in cell.parts.items():
            if part:
                own.setdefault(school, {})[place] = part
        if cell.kind is Kind.COUNT:
            for school, up in insiders_of(cell, request.rules).items():
                needs.setdefault(school, []).append(Need(place, up, 0.0, if_hidden=system.state[place] == State.OPEN))
    for before in facts.insiders:  # what they know of earlier releases, and what had to be kept from them there
        school = before["name"]
        still = {number[key]: part for key, part in before["own"].items() if system.state[number[key]] != State.KNOWN}
        own.setdefault(school, {}).update(still)
        for key, open_to in before["others"].items():
            place = number[key]
            if system.state[place] != State.KNOWN and not cells[key].parts:
                up = open_to.get("high", 0.0) - (cells[key].value - before["own"].get(key, 0.0))
                need = Need(place, max(up, open_to.get("width", 0.0)), 0.0, if_hidden=system.state[place] == State.OPEN)
                needs.setdefault(school, []).append(need)
    insiders = tuple(Insider(school, parts, tuple(needs.get(school, ()))) for school, parts in sorted(own.items()))
    return replace(system, insiders=insiders)
