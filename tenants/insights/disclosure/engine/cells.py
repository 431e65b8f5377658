"""Turns measures, tables and shares into cells: places in hierarchies, keys, values, and who adds to what."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from tenants.insights.disclosure.engine.types import Dimension, Kind, Measure, Request, Share, Table, TooLarge

Place = tuple[str, ...]
Equation = tuple[tuple[str, ...], str]  # keys of the parts, key of the total
MOST_ATOMS = 200_000


@dataclass(frozen=True)
class Tree:
    """A dimension cut off a number of levels below its total; deeper categories count in their ancestor there."""

    dimension: Dimension
    levels: int

    def nodes(self) -> list[str]:
        found, row = [self.dimension.total], [self.dimension.total]
        for _ in range(self.levels):
            row = [child for node in row for child in self.dimension.children.get(node, ())]
            found += row
        return found

    def children(self, node: str) -> tuple[str, ...]:
        return self.dimension.children.get(node, ()) if node in self._inner() else ()

    def leaves(self) -> list[str]:
        return [node for node in self.nodes() if not self.children(node)]

    def _inner(self) -> set[str]:
        return set(Tree(self.dimension, self.levels - 1).nodes()) if self.levels else set()

    def ancestors(self, category: str) -> list[str]:
        """The category and all above it, as far as they are in the cut tree. Raises ValueError for an unknown one."""
        parents = {child: node for node, children in self.dimension.children.items() for child in children}
        if category != self.dimension.total and category not in parents:
            raise ValueError(f"{self.dimension.key} has no category {category}")
        line = [category]
        while line[-1] in parents:
            line.append(parents[line[-1]])
        here = set(self.nodes())
        return [node for node in line if node in here]


def depth(dimension: Dimension) -> int:
    """Levels below the total. Raises ValueError when a category has two parents or is its own ancestor."""
    seen, row, levels = {dimension.total}, [dimension.total], 0
    while row:
        row = [child for node in row for child in dimension.children.get(node, ())]
        if seen & set(row) or len(set(row)) < len(row):
            raise ValueError(f"the categories of {dimension.key} do not form a tree")
        seen |= set(row)
        levels += bool(row)
    if extra := set(dimension.children) - seen:
        raise ValueError(f"{dimension.key} has categories outside of its total: {', '.join(sorted(extra))}")
    return levels


@dataclass
class Cell:
    """A cell while the system is built: what it is worth, who adds and could add, and what everybody knows of it."""

    key: str
    value: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    possible: set[str] | None = field(default_factory=set)
    structural: bool = True
    kind: Kind = Kind.COUNT
    contributors_known: bool = True
    public: bool = False
    published: bool = False  # some table offers it
    weight: float = 0.0
    all_of_parent: bool = False


@dataclass(frozen=True)
class View:
    """A table cut to the levels that it is tried with."""

    table: Table
    trees: tuple[Tree, ...]

    @property
    def levels(self) -> dict[str, int]:
        return {tree.dimension.key: tree.levels for tree in self.trees}

    def collapsed(self) -> "View | None":
        """Without the finest level of the first dimension that has one to give, or none."""
        for key in self.table.collapse:
            for number, tree in enumerate(self.trees):
                if tree.dimension.key == key and tree.levels > 0:
                    fewer = Tree(tree.dimension, tree.levels - 1)
                    return replace(self, trees=(*self.trees[:number], fewer, *self.trees[number + 1 :]))
        return None

    def places(self) -> Iterator[Place]:
        return product(*(tree.nodes() for tree in self.trees))

    @property
    def dimensions(self) -> dict[str, Dimension]:
        return {tree.dimension.key: tree.dimension for tree in self.trees}

    def key(self, place: Place) -> str:
        """The key of the cell at a place."""
        return key_of(self.table.measure, dict(zip(self.table.dimensions, place, strict=True)), self.dimensions)

    def keys(self) -> dict[Place, str]:
        """The key of every cell, by place; those that are only added up too."""
        return {place: self.key(place) for place in self.places()}

    def given(self) -> dict[Place, str]:
        """The keys of the cells that the table gives, by place."""
        return {place: key for place, key in self.keys().items() if self.gives(place)}

    def gives(self, place: Place) -> bool:
        """Whether the place is at the total of every dimension that is only added up."""
        return all(
            category == tree.dimension.total or tree.dimension.key not in self.table.added_up
            for category, tree in zip(place, self.trees, strict=True)
        )


def key_of(measure: str, at: Mapping[str, str], dimensions: Mapping[str, Dimension]) -> str:
    """The key of a cell: dimensions at their total are left out unless their total has a meaning of its own."""
    named = (
        f"{key}={at[key]}" for key in sorted(at) if at[key] != dimensions[key].total or dimensions[key].total_in_key
    )
    return "|".join((measure, *named))


def rest_key(share: Share, key: str) -> str:
    """The key of what is left of a whole: that of the whole with the part's name taken off."""
    return f"{share.whole}-{share.part}{key[len(share.whole) :]}"


@dataclass
class Board:
    """All cells by key, and the equations between them."""

    cells: dict[str, Cell] = field(default_factory=dict)
    equations: dict[Equation, None] = field(default_factory=dict)

    def add_equation(self, parts: Sequence[str], total: str) -> None:
        if list(parts) != [total]:
            self.equations[tuple(sorted(parts)), total] = None


def view_of(table: Table, measure: Measure) -> View:
    by_key = {dimension.key: dimension for dimension in measure.dimensions}
    if missing := set(table.dimensions) - set(by_key):
        raise ValueError(f"{measure.key} has no dimension {', '.join(sorted(missing))}, which table {table.key} uses")
    return View(table, tuple(Tree(by_key[key], depth(by_key[key])) for key in table.dimensions))


def views_of(request: Request) -> list[View]:
    """A view for each table and two for each share (its part and its whole, `key:part` and `key:whole`)."""
    measures = {measure.key: measure for measure in request.measures}
    tables = list(request.tables)
    for share in request.shares:
        for role, measure in (("part", share.part), ("whole", share.whole)):
            key = f"{share.key}:{role}"
            tables.append(Table(key, measure, share.dimensions, share.collapse, share.importance, share.added_up))
    for table in tables:
        if table.measure not in measures:
            raise ValueError(f"there is no measure {table.measure}, which table {table.key} uses")
    return [view_of(table, measures[table.measure]) for table in tables]


def lay_out(request: Request, views: Sequence[View]) -> Board:
    """The board of all views, with the atoms behind views that overlap. Raises TooLarge and ValueError."""
    board = Board()
    for measure in request.measures:
        mine = [view for view in views if view.table.measure == measure.key]
        if mine:
            _lay_out_measure(board, measure, mine)
    for share in request.shares:
        for view in views:
            if view.table.key == f"{share.key}:part":
                _lay_out_rest(board, share, view)
    return board


def _lay_out_measure(board: Board, measure: Measure, views: Sequence[View]) -> None:
    dimensions = {dimension.key: dimension for dimension in measure.dimensions}
    finest = _finest(views)
    atoms = _atoms(measure, finest, dimensions)
    for view in views:
        _add_cells(board, measure, view)
        _add_margins(board, view)
    order = sorted(finest)
    for place, atom in atoms.items():
        at = dict(zip(order, place, strict=True))
        atom.key = key_of(measure.key, at, dimensions)
        board.cells.setdefault(atom.key, _new_cell(atom.key, measure))
    lines = {key: {leaf: finest[key].ancestors(leaf) for leaf in finest[key].leaves()} for key in order}
    members: dict[str, list[str]] = defaultdict(list)  # of each leaf cell of a view, its atoms
    for place, atom in atoms.items():
        at = dict(zip(order, place, strict=True))
        above = {atom.key}
        for view in views:
            steps = [_within(lines[key][at[key]], tree) for key, tree in _by_key(view)]
            keys = [view.key(places) for places in product(*steps)]
            members[keys[0]].append(atom.key)  # the finest comes first
            above |= set(keys)
        for key in above:
            _add_to(board.cells[key], atom)
    for key, parts in members.items():
        board.add_equation(list(dict.fromkeys(parts)), key)


def _by_key(view: View) -> list[tuple[str, Tree]]:
    return [(tree.dimension.key, tree) for tree in view.trees]


def _within(line: Sequence[str], tree: Tree) -> list[str]:
    here = set(tree.nodes())
    return [node for node in line if node in here]


def _finest(views: Sequence[View]) -> dict[str, Tree]:
    finest: dict[str, Tree] = {}
    for view in views:
        for key, tree in _by_key(view):
            if key not in finest or finest[key].levels < tree.levels:
                finest[key] = tree
    return finest


def _atoms(measure: Measure, finest: Mapping[str, Tree], dimensions: Mapping[str, Dimension]) -> dict[Place, Cell]:
    """What is at each finest place that some view tells apart; places without an atom as the measure says."""
    order = sorted(finest)
    found: dict[Place, Cell] = {}
    up: dict[str, dict[str, str]] = {key: {} for key in order}
    for atom in measure.atoms:
        for key in order:
            category = atom.at[key]
            if category not in up[key]:
                up[key][category] = finest[key].ancestors(category)[0]
        place = tuple(up[key][atom.at[key]] for key in order)
        if any(part < 0 for part in atom.parts.values()):
            raise ValueError(f"{measure.key} has a part below 0")
        possible = None if not measure.contributors_known else set(atom.possible or ()) | set(atom.parts)
        value = sum(atom.parts.values())
        if atom.structural_zero and value:
            raise ValueError(f"{measure.key} has a structural zero that is not 0")
        cell = found.setdefault(place, _new_cell("", measure))
        piece = _new_cell("", measure)
        piece.value, piece.parts, piece.possible = value, dict(atom.parts), possible
        piece.structural = atom.structural_zero
        _add_to(cell, piece)
    if not measure.unlisted_are_structural:
        _fill_up(found, measure, [finest[key].leaves() for key in order])
    return found


def _fill_up(found: dict[Place, Cell], measure: Measure, leaves: Sequence[Sequence[str]]) -> None:
    """Zeros that could have been more, wherever nothing is listed."""
    size = prod(len(each) for each in leaves)
    if size > MOST_ATOMS:
        raise TooLarge(
            f"The views of {measure.key} overlap in {size:,} places; at most {MOST_ATOMS:,} are looked at together."
        )
    for place in product(*leaves):
        if place not in found:
            found[place] = replace(_new_cell("", measure), structural=False, possible=None)


def _new_cell(key: str, measure: Measure) -> Cell:
    return Cell(key, kind=measure.kind, contributors_known=measure.contributors_known, public=measure.public)


def _add_to(cell: Cell, piece: Cell) -> None:
    cell.value += piece.value
    for school, part in piece.parts.items():
        cell.parts[school] = cell.parts.get(school, 0.0) + part
    unknown = cell.possible is None or piece.possible is None
    cell.possible = None if unknown else (cell.possible or set()) | (piece.possible or set())
    cell.structural = cell.structural and piece.structural


def _add_cells(board: Board, measure: Measure, view: View) -> None:
    trees = dict(_by_key(view))
    for place, key in view.keys().items():
        at = dict(zip(view.table.dimensions, place, strict=True))
        cell = board.cells.setdefault(key, _new_cell(key, measure))
        cell.published = cell.published or view.gives(place)
        if measure.known_over and all(
            name not in at or at[name] == trees[name].dimension.total for name in measure.known_over
        ):
            cell.public = True


def _add_margins(board: Board, view: View) -> None:
    for number, tree in enumerate(view.trees):
        others = [each.nodes() for each in view.trees]
        for node in tree.nodes():
            children = tree.children(node)
            others[number] = [node] if children else []
            for place in product(*others):
                parts = [view.key((*place[:number], child, *place[number + 1 :])) for child in children]
                board.add_equation(parts, view.key(place))


def _lay_out_rest(board: Board, share: Share, part: View) -> None:
    """What is left of the whole in each place of a share: never published, but known when part and whole are."""
    for place in part.places():
        at = dict(zip(part.table.dimensions, place, strict=True))
        some, whole = board.cells[part.key(place)], board.cells[key_of(share.whole, at, part.dimensions)]
        if some.value > whole.value:
            raise ValueError(f"{some.key} is more than {whole.key}, of which it is a part")
        key = rest_key(share, whole.key)
        parts = {school: all_of - some.parts.get(school, 0.0) for school, all_of in whole.parts.items()}
        board.cells[key] = replace(
            whole, key=key, value=whole.value - some.value, parts=parts, published=False, public=False, weight=0.0
        )
        # “All of them have it” and “none of them has it” say something of everybody, as in a dimension that reveals.
        board.cells[key].all_of_parent = bool(whole.value) and not some.value
        some.all_of_parent = some.all_of_parent or (bool(whole.value) and some.value == whole.value)
        board.add_equation([some.key, key], whole.key)
