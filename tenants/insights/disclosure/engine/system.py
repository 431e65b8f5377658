"""The linear system that tables, views and earlier releases form, as arrays, and what must stay open in it.

Every number is a cell; every equation says that parts add up to a total. An attacker knows the equations, the bounds and
each cell that is not hidden. In terms of the *moves* z = x - a from the true values a, a filling is possible when M z = 0
and -down_i y_i <= z_i <= up_i y_i, where y_i is 1 for a hidden cell; z = 0 always is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TOLERANCE = 1e-6


class State(IntEnum):
    KNOWN = 0  # published before, public, or a structural zero
    OPEN = 1  # may be published or hidden
    HIDDEN = 2  # sensitive, or never published


@dataclass(frozen=True)
class Need:
    """A cell must be able to be `up` more and `down` less than it is, as far as an attacker can know.

    With `if_hidden` only when it is hidden.
    """

    cell: int
    up: float
    down: float
    if_hidden: bool = False


@dataclass(frozen=True)
class Insider:
    """A school that knows its own part of cells, so that they cannot be less than that; and what it must not learn."""

    name: str
    own: Mapping[int, float]
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class System:
    """Cells by number: true values, weights, the bounds that everybody knows, states; equations as (cells, factors).

    Factors of an equation times values add up to 0. Raises ValueError when they do not, or when a value is out of bounds.
    A cell may be laid out in two: its place holds what is above its *floor*, and the floor is a cell of its own, in all
    equations of the first (`floors`: place to floor). See `rule_known.py`.
    """

    values: Floats
    weights: Floats
    lower: Floats
    upper: Floats
    state: NDArray[np.int8]
    equations: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]
    needs: tuple[Need, ...]
    insiders: tuple[Insider, ...] = field(default=())
    floors: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if np.any(self.values < self.lower - TOLERANCE) or np.any(self.values > self.upper + TOLERANCE):
            raise ValueError("a value is outside of its bounds")
        if not np.all(np.isfinite(self.upper)):
            raise ValueError("a cell has no upper bound")
        for cells, factors in self.equations:
            if abs(float(np.dot(self.values[list(cells)], factors))) > TOLERANCE:
                raise ValueError(f"the parts of an equation do not add up to its total (cells {cells})")

    @property
    def size(self) -> int:
        return len(self.values)

    @cached_property
    def up(self) -> Floats:
        """How far each cell could move up."""
        return self.upper - self.values

    @cached_property
    def down(self) -> Floats:
        return self.values - self.lower

    def down_for(self, insider: Insider | None) -> Floats:
        """How far each cell can move down for an attacker that knows its own parts."""
        if insider is None:
            return self.down
        down = self.down.copy()
        for cell, own in insider.own.items():
            down[cell] = min(down[cell], max(0.0, float(self.values[cell]) - own))
        return down

    @cached_property
    def open(self) -> Bools:
        return np.asarray(self.state == State.OPEN)

    @cached_property
    def forced(self) -> Bools:
        return np.asarray(self.state == State.HIDDEN)

    @cached_property
    def _above(self) -> NDArray[np.intp]:
        return np.array(list(self.floors), dtype=np.intp)

    @cached_property
    def is_floor(self) -> Bools:
        found = np.zeros(self.size, dtype=np.bool_)
        found[self.below] = True
        return found

    @cached_property
    def below(self) -> NDArray[np.intp]:
        """The cells that are floors of others."""
        return np.array(list(self.floors.values()), dtype=np.intp)

    def together(self, moves: Floats) -> Floats:
        """Moves of whole cells: with those of their floors."""
        if not self.floors:
            return moves
        whole = moves.copy()
        whole[self._above] += moves[self.below]
        return whole

    def with_cells_of_floors(self, hidden: Bools) -> Bools:
        """The pattern with each cell hidden whose floor is."""
        hidden = hidden.copy()
        hidden[self._above] |= hidden[self.below]
        return hidden

    @cached_property
    def beside(self) -> Mapping[int, frozenset[int]]:
        """The cells that each shares an equation with."""
        found: dict[int, set[int]] = {cell: set() for cell in range(self.size)}
        for cells, _ in self.equations:
            for cell in cells:
                found[cell].update(cells)
        return {cell: frozenset(others) for cell, others in found.items()}

    @cached_property
    def dearness(self) -> Floats:
        """Weights, with a floor as dear as its cell: hiding it costs nothing itself but asks for much."""
        found = self.weights.copy()
        found[self.below] = self.weights[self._above]
        return found

    def everything(self) -> Bools:
        """The pattern that hides all that may be hidden."""
        return np.asarray(self.state != State.KNOWN)

    def cost(self, hidden: Bools) -> float:
        """The weight of what a pattern hides; never-published cells weigh nothing."""
        return float(self.weights[hidden].sum())


class NotSolved(RuntimeError):
    """A linear program did not come to its optimum; nothing may be concluded from it."""
