"""Which cells are sensitive, why, and how far apart an attacker's bounds on them must stay.

Sources: GSS guidance on disclosure control for tables from administrative data (counts, contributors), Hundepool and others,
Handbook on Statistical Disclosure Control, chapter 4 (p% rule, required intervals).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from tenants.insights.disclosure.engine.cells import Board, Cell, Place, View
from tenants.insights.disclosure.engine.types import Kind, Reason, Rules


@dataclass(frozen=True)
class Sensitivity:
    """Why a cell is hidden, and the moves that an attacker must think possible: so much more, so much less."""

    reason: Reason
    up: float
    down: float


def sensitivity(cell: Cell, rules: Rules, *, counts_zeros: bool = True) -> Sensitivity | None:
    """What the rules say of a cell by itself, or none. A structural zero and a public number are never sensitive.

    `counts_zeros`: whether a zero is sensitive where only one or two schools could have added something.
    """
    if cell.structural or cell.public:
        return None
    if cell.kind is Kind.COUNT and 0 < cell.value < rules.threshold:
        return Sensitivity(Reason.SMALL, max(0.0, rules.high - cell.value), max(0.0, cell.value - rules.low))
    if cell.contributors_known and _has_few_contributors(cell, rules, counts_zeros=counts_zeros):
        return _few_contributors(cell, rules)
    if cell.kind is Kind.MAGNITUDE:
        return _dominance(cell, rules)
    if cell.all_of_parent and rules.all_of_them:
        return Sensitivity(Reason.ALL_OF_THEM, 0.0, min(cell.value, rules.high - rules.low))
    betrays = cell.contributors_known and rules.insiders and insiders_of(cell, rules)
    return Sensitivity(Reason.INSIDER, 0.0, 0.0) if betrays else None


def _few_contributors(cell: Cell, rules: Rules) -> Sensitivity:
    if not cell.value:
        return Sensitivity(Reason.CONTRIBUTORS, rules.high, 0.0)
    room = max((rules.high - rules.low) / 2, cell.value * rules.dominance_percent / 100)
    return Sensitivity(Reason.CONTRIBUTORS, room, min(room, cell.value))


def _has_few_contributors(cell: Cell, rules: Rules, *, counts_zeros: bool) -> bool:
    if cell.value:
        return sum(1 for part in cell.parts.values() if part) < rules.contributors
    return counts_zeros and cell.possible is not None and len(cell.possible) < rules.contributors


def _dominance(cell: Cell, rules: Rules) -> Sensitivity | None:
    """The p% rule: the second largest contributor must not be able to estimate the largest to within p%."""
    parts = sorted(cell.parts.values(), reverse=True)
    if not parts or not parts[0]:
        return None
    short = parts[0] * rules.dominance_percent / 100 - sum(parts[2:])
    return Sensitivity(Reason.DOMINANCE, short, min(short, cell.value)) if short > 0 else None


def insiders_of(cell: Cell, rules: Rules) -> dict[str, float]:
    """The schools that would learn too much of the others, were they to know the cell: how far up it must seem able to go.

    What is left without a school's own part must seem able to reach the rules' upper bound; where it is above that but
    another school's alone, half of the required interval's width more than it is.
    """
    found = {}
    adding = sum(1 for part in cell.parts.values() if part)
    for school, own in cell.parts.items():
        rest = cell.value - own
        if cell.kind is Kind.COUNT and 0 < rest < rules.threshold:
            found[school] = max(rules.high - rest, 0.5)
        elif own and adding == 2:
            found[school] = max((rules.high - rules.low) / 2, rest * rules.dominance_percent / 100)
    return found


def mark_all_of_parent(board: Board, views: Sequence[View]) -> None:
    """Marks the cells that hold everything of a margin of a dimension that reveals something of those in it.

    Not where nothing could be in the categories beside it: then it goes without saying.
    """
    for view in views:
        for number, tree in enumerate(view.trees):
            if not tree.dimension.reveals:
                continue
            for place, key in view.keys().items():
                cell = board.cells[key]
                above = tree.ancestors(place[number])[1:]
                if not above or not cell.value:
                    continue

                def beside(category: str, place: Place = place, number: int = number, view: View = view) -> Cell:
                    return board.cells[view.key((*place[:number], category, *place[number + 1 :]))]

                siblings = [beside(child) for child in tree.children(above[0]) if child != place[number]]
                if beside(above[0]).value == cell.value and not all(each.structural for each in siblings):
                    cell.all_of_parent = True


def weight_of(cell_value: float, totals: int, importance: float) -> float:
    """What hiding a cell costs: more for larger numbers, more for each dimension at its total, always a whole number.

    A zero costs a little more than a 1: readers miss it more, and an attacker expects it less.
    """
    size = 18.0 if cell_value == 0 else 10.0 + 6.0 * log2(1.0 + cell_value)
    return float(max(1, round(importance * size * (1.0 + 0.5 * totals))))
