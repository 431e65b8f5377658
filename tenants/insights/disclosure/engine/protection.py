"""Protects a request: lays it out, collapses what is too sparse, searches, sees to insiders and rule-knowers, verifies."""

import time
from collections.abc import Collection, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from tenants.insights.disclosure.engine.attack import Attack
from tenants.insights.disclosure.engine.build import Built, build
from tenants.insights.disclosure.engine.cells import Board, View, key_of, lay_out, views_of
from tenants.insights.disclosure.engine.cuts import Task, asked_of, tasks_of
from tenants.insights.disclosure.engine.offer import Offer, name_of
from tenants.insights.disclosure.engine.outcome import outcome
from tenants.insights.disclosure.engine.parts import parts_of, together
from tenants.insights.disclosure.engine.patterns import Patterns
from tenants.insights.disclosure.engine.rule_known import betrayed_by_size, with_floors, with_floors_of, zero_tasks
from tenants.insights.disclosure.engine.search import NoSafePattern, Pattern, Search
from tenants.insights.disclosure.engine.system import Bools, NotSolved, State, System
from tenants.insights.disclosure.engine.types import (
    Kind,
    NotProtectable,
    NotVerified,
    Protected,
    Request,
    Rules,
    TooLarge,
)

MOST_CELLS, MOST_CELLS_4_WAY = 10_000, 2_500
_ROUNDS = 12  # of repairs after the time is up
_LEAST_SECONDS = 2.0  # for a part, when those before it took all
TOO_FEW = "Too few to report."
TOO_SPARSE = "Too much of this table would be hidden."
NOT_SAFE = "This table cannot be published without making a sensitive number known."


def protect_here(request: Request) -> Protected:
    """As `protect`, in this process: part by part, each with an equal share of the time that is left."""
    begun, found = time.monotonic(), []
    views_of(request)  # raises for what is wrong with the whole
    parts = parts_of(request)
    for done, part in enumerate(parts):
        left = request.seconds - (time.monotonic() - begun)
        found.append(_protect(replace(part, seconds=max(_LEAST_SECONDS, left / (len(parts) - done)))))
    return together(request, found)


def _protect(request: Request) -> Protected:
    """Protects one part."""
    begun = time.monotonic()
    offer = Offer(views_of(request))
    _collapse_large(offer)
    while True:
        board = lay_out(_without_withheld_shares(request, offer), offer.views)
        if _withhold_small_totals(offer, board, request):
            continue
        built = build(request, board, offer.views)
        left = max(0.25 * request.seconds, request.seconds - (time.monotonic() - begun))
        if _collapse_sparse(offer, built, built.system.forced, request):
            continue
        try:
            search = _begun(built, request, left)
            if _collapse_sparse(offer, built, search.pattern().hidden, request):
                continue
            pattern, tasks, system = _search(search, built, request)
        except NoSafePattern as unsafe:
            _withhold_unsafe(offer, built, unsafe)
            continue
        except NotSolved as failed:
            raise NotVerified(f"A linear program was not solved ({failed}); nothing is published.") from failed
        if _collapse_sparse(offer, built, pattern.hidden, request):
            continue
        built = replace(built, system=system)
        _verify(built, pattern.hidden, tasks, request)
        return outcome(request, offer, built, pattern, time.monotonic() - begun)


def _without_withheld_shares(request: Request, offer: Offer) -> Request:
    there = {name_of(view) for view in offer.views}
    return replace(request, shares=tuple(share for share in request.shares if share.key in there))


def _collapse_large(offer: Offer) -> None:
    """Collapses tables that are larger than the protector vouches for. Raises TooLarge for one that names no hierarchies."""
    while large := next((view for view in offer.views if _size(view) > _most(view)), None):
        if offer.collapse(name_of(large)):
            continue
        size, most, wide = _size(large), _most(large), _most(large) == MOST_CELLS_4_WAY
        ways = f"{len(large.trees)} dimensions and " if wide else ""
        raise TooLarge(
            f"Table {name_of(large)} has {ways}{size:,} cells; the protector vouches for at most {most:,}."
            " Offer it with fewer categories, or as several tables."
        )


def _size(view: View) -> int:
    """Cells of the table, those too that are only added up."""
    return prod(len(tree.nodes()) for tree in view.trees)


def _most(view: View) -> int:
    return MOST_CELLS_4_WAY if len(view.trees) >= 4 else MOST_CELLS


def _withhold_small_totals(offer: Offer, board: Board, request: Request) -> bool:
    """Withholds tables whose grand total is itself a small count."""
    small = []
    for view in offer.views:
        dimensions = {tree.dimension.key: tree.dimension for tree in view.trees}
        at = {key: dimension.total for key, dimension in dimensions.items()}
        total = board.cells[key_of(view.table.measure, at, dimensions)]
        if total.kind is Kind.COUNT and not total.public and 0 < total.value < request.rules.threshold:
            small.append(name_of(view))
    for name in small:
        offer.withhold(name, TOO_FEW)
    return bool(small)


def _collapse_sparse(offer: Offer, built: Built, hidden: Bools, request: Request) -> bool:
    """Collapses or withholds tables too much of which is hidden. Whether there was one."""
    sparse = []
    for view in offer.views:
        places = [built.number[key] for key in view.given().values()]
        non_zero = [
            place for place in places if built.system.values[place] and not built.cells[built.keys[place]].public
        ]
        if sum(hidden[place] for place in non_zero) > request.rules.most_hidden * len(non_zero):
            sparse.append(name_of(view))
    for name in dict.fromkeys(sparse):
        if not offer.collapse(name):
            offer.withhold(name, TOO_SPARSE)
    return bool(sparse)


def _withhold_unsafe(offer: Offer, built: Built, unsafe: NoSafePattern) -> None:
    """Withholds the tables that hold cells that nothing can protect. Raises NotProtectable when no table does."""
    keys = {built.keys[cell] for cell in unsafe.cells}
    names = {name_of(view) for view in offer.views if keys & set(view.keys().values())}
    if not names:  # a cell behind the tables, or of an earlier release: every table with its measure
        names = {name_of(view) for view in offer.views if any(key.startswith(view.table.measure) for key in keys)}
    if not names:
        raise NotProtectable(
            f"What is published already makes {len(keys)} sensitive numbers known, whatever is hidden now."
        )
    for name in names:
        offer.withhold(name, NOT_SAFE)


def _begun(built: Built, request: Request, seconds: float) -> Search:
    """A search with a first pattern, in which zeros that cannot be hidden safely are shown."""
    search = _new_search(built.system, built.counts, request, seconds)
    try:
        search.begin()
    except NoSafePattern as unsafe:
        search = _showing(search, search.system, unsafe, built.counts, request)
        search.begin()
    return search


def _search(search: Search, built: Built, request: Request) -> tuple[Pattern, list[Task], System]:
    """The best pattern that outsiders, insiders and rule-knowers cannot undo, with all that it had to see to."""
    system = search.system  # as it was before large numbers came into doubt
    safe: Bools | None = None  # the last pattern that nobody could undo
    late = 0
    while late < _ROUNDS:
        late += search.clock() >= search.seconds
        try:
            pattern = search.run(0.0)
            hidden = pattern.hidden[: system.size]
            about_floors = search.system.floors.values()
            asked = asked_of(system, [task for task in search.patterns.tasks if task.when not in about_floors])
            if more := _failing(system, hidden, _tasks_of_insiders(system)):
                search.also(more, safe)
            elif told := _told(system, hidden, built.counts, asked, request):
                search, safe = _in_doubt(search, told, safe, request.rules)
            elif pattern.optimal or search.clock() >= search.seconds:
                return replace(pattern, hidden=hidden), asked, system
            else:
                safe = pattern.hidden
                search.better()
        except NoSafePattern as unsafe:
            search, safe = _showing(search, system, unsafe, built.counts, request), None
            system = search.system
    if safe is not None:
        pattern = search.pattern(safe)
        return replace(pattern, hidden=safe[: system.size]), asked, system
    raise NotVerified("An attacker that knows the rules could undo every pattern that was found in the time given.")


def _told(
    system: System, hidden: Bools, counts: Sequence[int], tasks: Sequence[Task], request: Request
) -> Collection[int]:
    return betrayed_by_size(system, hidden, counts, tasks, request.rules) if request.rules.rule_known else ()


def _in_doubt(search: Search, told: Collection[int], safe: Bools | None, rules: Rules) -> tuple[Search, Bools | None]:
    """The search with floors for numbers that were told as large, and the safe pattern with these."""
    split, tasks = with_floors(search.system, set(told) - search.system.floors.keys(), rules)
    still = with_floors_of(search.system, safe, split, rules) if safe is not None else None
    return search.in_doubt(split, tasks, still), still


def _tasks_of_insiders(system: System) -> list[Task]:
    return [task for insider in system.insiders for task in tasks_of(insider.needs, insider)]


def _new_search(system: System, counts: Sequence[int], request: Request, seconds: float) -> Search:
    return Search(system, seconds, zero_tasks(system, counts, request.rules) if request.rules.rule_known else ())


def _showing(search: Search, system: System, unsafe: NoSafePattern, counts: Sequence[int], request: Request) -> Search:
    """A new search in which cells that could not be hidden safely are shown. Raises NoSafePattern if one must be hidden."""
    if not all(system.open[cell] for cell in unsafe.cells):
        raise unsafe
    state = system.state.copy()
    state[list(unsafe.cells)] = State.KNOWN
    left = max(0.25 * request.seconds, search.seconds - search.clock())
    return _new_search(replace(system, state=state), counts, request, left)


def _failing(system: System, hidden: Bools, tasks: Sequence[Task]) -> list[Task]:
    if not tasks:
        return []
    patterns = Patterns(system, tasks, Attack(system))
    return [tasks[number] for number in patterns.unseen_to(hidden)]


def _verify(built: Built, hidden: Bools, tasks: Sequence[Task], request: Request) -> None:
    """Looks at the final pattern afresh, with programs that were never used. Raises NotVerified."""
    every = [*tasks_of(built.system.needs), *tasks, *_tasks_of_insiders(built.system)]
    if request.rules.rule_known:
        every += zero_tasks(built.system, built.counts, request.rules)
    try:
        failed = _failing(built.system, hidden, every)
    except NotSolved as unsolved:
        raise NotVerified(f"A linear program was not solved ({unsolved}); nothing is published.") from unsolved
    if failed or np.any(built.system.forced & ~hidden):
        raise NotVerified(f"{len(failed)} sensitive numbers could be worked out of the pattern found.")
    for key, what in built.sensitive.items():
        place = built.number[key]
        if built.cells[key].published and built.system.state[place] != State.KNOWN and not hidden[place]:
            raise NotVerified(f"a cell that is {what.reason} is not hidden")
