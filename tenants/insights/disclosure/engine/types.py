"""What goes into the protector and what comes out.

A *measure* is a number added up over schools (cases, people, actions, or schools themselves). It comes as *atoms*: its
finest parts, each with its place in every dimension and with what each school adds. *Tables* are views of measures; any
number of them may overlap, since all are sums of the same atoms. A *cell* is one number; the same number in two tables is
one cell, and its key says what it is: `referrals|concern=mixed|phase=primary` (dimensions in order of their keys; a
dimension at its total is left out, so `referrals` alone is the grand total).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Document = dict[str, Any]


class Kind(StrEnum):
    COUNT = "count"  # of cases or people: 1 to 4 is sensitive
    MAGNITUDE = "magnitude"  # pounds, hours: the p% rule decides


class Reason(StrEnum):
    """Why a cell is hidden. For the publisher only: in public all of them are `c`."""

    SMALL = "small"
    CONTRIBUTORS = "contributors"
    DOMINANCE = "dominance"
    ALL_OF_THEM = "all of them"
    INSIDER = "insider"  # small once some school takes away its own part
    SECONDARY = "secondary"


class Symbol(StrEnum):
    HIDDEN = "c"
    STRUCTURAL_ZERO = "z"


@dataclass(frozen=True)
class Dimension:
    """A classification with its hierarchy: `children` of each category that has any, beginning at `total`.

    `reveals`: being in a category says something of a case or school (type of concern, state of a plan), so that "all of
    them were" is sensitive. Places and kinds of school do not reveal. `total_in_key`: put the total's name into cells'
    keys, for a dimension whose total means something else in each release (time).
    """

    key: str
    total: str
    children: Mapping[str, tuple[str, ...]]
    reveals: bool = False
    total_in_key: bool = False


@dataclass(frozen=True)
class Atom:
    """A finest part: its leaf category in each dimension of the measure, and what each school adds (not negative).

    `possible`: the schools that could have added to it; none means those in `parts`. With `structural_zero` nothing could.
    """

    at: Mapping[str, str]
    parts: Mapping[str, float]
    possible: frozenset[str] | None = None
    structural_zero: bool = False


@dataclass(frozen=True)
class Measure:
    """Atoms of one number. Places without an atom are zeros that could have been more, unless `unlisted_are_structural`.

    `public`: everybody knows the values (pupils on roll): never hidden. `contributors_known`: whether the keys of `parts`
    are schools; if not, neither the rule on contributors nor insiders apply. `known_over`: dimensions over whose totals the
    numbers are everybody's knowledge though the parts are not (how many schools there are, whatever their state): these
    margins are never hidden.
    """

    key: str
    dimensions: tuple[Dimension, ...]
    atoms: tuple[Atom, ...]
    kind: Kind = Kind.COUNT
    public: bool = False
    contributors_known: bool = True
    unlisted_are_structural: bool = False
    known_over: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Table:
    """A view of a measure by some of its dimensions, with all margins.

    `collapse`: the dimensions whose finest level may be dropped when too much would be hidden, the first to go first.
    `importance` multiplies the weights of its cells. `added_up`: dimensions over which only totals are given; their
    classes are in the system as cells of this table that are never published, or were in earlier releases.
    """

    key: str
    measure: str
    dimensions: tuple[str, ...]
    collapse: tuple[str, ...] = ()
    importance: float = 1.0
    added_up: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """A table of percentages: measure `part` of measure `whole` (of which it is a part in every cell) by dimensions.

    Part, whole and what is left over are cells of the system; a percentage is hidden when any of the three is.
    """

    key: str
    part: str
    whole: str
    dimensions: tuple[str, ...]
    collapse: tuple[str, ...] = ()
    importance: float = 1.0
    added_up: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """What is left of a cell when others are taken away; never published, sensitive like any count when it is small.

    For views (authority minus trust) and for releases (a corrected figure minus the first one). Cells are named by key and
    may be of earlier releases. `parts` are what each school adds to the difference, when known.
    """

    key: str
    whole: str
    less: tuple[str, ...]
    parts: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Earlier:
    """A release that is out: its document as published, and the true value of each of its cells, hidden ones too."""

    document: Document
    values: Mapping[str, float]


@dataclass(frozen=True)
class Rules:
    """Thresholds. Intervals are what an attacker may at best know of a sensitive count: nothing tighter than [low, high].

    `rule_known`: the attacker also reasons with these rules (a hidden number that cannot reach `high` must be 0).
    `insiders`: each school is an attacker that knows its own part. `most_hidden`: share of the non-zero cells of a table
    above which it is collapsed or not offered.
    """

    threshold: int = 5
    contributors: int = 3
    dominance_percent: float = 10.0
    all_of_them: bool = True
    low: float = 0.0
    high: float = 5.0
    rule_known: bool = True
    insiders: bool = True
    most_hidden: float = 0.5


@dataclass(frozen=True)
class Request:
    """All that is to be released together. `seconds` is the time limit for the system as a whole (one table: per table)."""

    measures: tuple[Measure, ...]
    tables: tuple[Table, ...] = ()
    shares: tuple[Share, ...] = ()
    differences: tuple[Difference, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    rules: Rules = field(default_factory=Rules)
    seconds: float = 120.0


@dataclass(frozen=True)
class CellResult:
    """A cell that a table publishes. `shown` is none when it is hidden; a structural zero shows 0 with its symbol.

    `reason` and `required` (the interval that must stay open) are for the publisher only.
    """

    key: str
    shown: float | None
    symbol: Symbol | None = None
    reason: Reason | None = None
    required: tuple[float, float] | None = None

    @property
    def is_hidden(self) -> bool:
        return self.symbol is Symbol.HIDDEN


@dataclass(frozen=True)
class Loss:
    """What hiding costs: published cells (structural zeros aside), hidden by rule and for others' sake, weight kept.

    `weight` is that of all of them, of which `weight_kept` is the part that is shown.
    """

    cells: int
    non_zero: int
    primary: int
    secondary: int
    hidden_non_zero: int
    weight_kept: float
    weight: float


@dataclass(frozen=True)
class TableResult:
    """A table as it can be published: the cell of each place, by categories in the order of `dimensions`.

    Dimensions that are only added up are not among them.

    `levels` is how many levels below the total each dimension has left; `collapsed` names those that lost some. For shares
    `cells` are those of the part, with `wholes` and `rests` beside them. `withheld` says why nothing is shown, or is empty.
    """

    key: str
    dimensions: tuple[str, ...]
    cells: Mapping[tuple[str, ...], str]
    levels: Mapping[str, int]
    collapsed: tuple[str, ...] = ()
    wholes: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    rests: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    withheld: str = ""
    loss: Loss | None = None


@dataclass(frozen=True)
class Protected:
    """A verified pattern. `objective` is the weight hidden, `bound` the least of any, `gap` their distance / objective.

    `document` is what anybody may have: structure, what is published, and the mask. `for_auditor` is the same with the
    intervals that must stay open and what insiders know; it has no values of hidden cells either. `report` is JSON-able.
    `values` are the true values of all cells, to be kept where only the worker can read them, for the next release's
    `Earlier`.
    """

    cells: Mapping[str, CellResult]
    tables: tuple[TableResult, ...]
    objective: float
    bound: float
    gap: float
    optimal: bool
    seconds: float
    loss: Loss
    document: Document
    for_auditor: Document
    report: Document
    values: Mapping[str, float]

    def percent_is_hidden(self, share: str, place: Sequence[str]) -> bool:
        """Whether a percentage of a share must be hidden: its part, its whole or the rest is. KeyError for no such place."""
        table = next(each for each in self.tables if each.key == share)
        at = tuple(place)
        keys = (table.cells[at], table.wholes[at], table.rests[at])
        return any(self.cells[key].is_hidden for key in keys)


class Refused(Exception):
    """Nothing can be published; the message says why, in words for the publisher."""


class TooLarge(Refused):
    """More cells, or more dimensions, than the protector vouches for."""


class NotProtectable(Refused):
    """No pattern keeps every sensitive cell safe, even with all that may be hidden hidden."""


class NotVerified(Refused):
    """The time ran out without a pattern that verifies, or a linear program was not solved to its optimum."""


class FrozenCellChanged(ValueError):
    """A cell of an earlier release comes with another value; corrected figures are new cells with a Difference."""
