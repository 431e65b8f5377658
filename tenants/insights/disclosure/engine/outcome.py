"""What comes out: the public document, the publisher's, tables with their cells, loss and report."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tenants.insights.disclosure.engine.build import Built
from tenants.insights.disclosure.engine.cells import Cell, View, rest_key
from tenants.insights.disclosure.engine.offer import Offer
from tenants.insights.disclosure.engine.search import Pattern
from tenants.insights.disclosure.engine.system import Bools, State
from tenants.insights.disclosure.engine.types import (
    CellResult,
    Document,
    Kind,
    Loss,
    Protected,
    Reason,
    Request,
    Symbol,
    TableResult,
)

FORMAT = "disclosure-release-1"


def outcome(request: Request, offer: Offer, built: Built, pattern: Pattern, seconds: float) -> Protected:
    """Puts the verified pattern into the form in which it is published, kept and reported."""
    hidden = pattern.hidden
    cells = {key: _result(built, key, hidden) for key, cell in built.cells.items() if cell.published}
    tables = tuple(_tables(request, offer, built, cells, hidden))
    loss = loss_of(built, [key for key, cell in built.cells.items() if cell.published], hidden)
    document = _document(request, built, cells, tables)
    report = _report(request, pattern, loss, tables, seconds, cells)
    return Protected(
        cells=cells,
        tables=tables,
        objective=pattern.objective,
        bound=pattern.bound,
        gap=pattern.gap,
        optimal=pattern.optimal,
        seconds=seconds,
        loss=loss,
        document=document,
        for_auditor=document | _for_auditor(request, built, hidden),
        report=report,
        values={key: float(cell.value) for key, cell in built.cells.items()},
    )


def _result(built: Built, key: str, hidden: Bools) -> CellResult:
    cell, place = built.cells[key], built.number[key]
    if cell.structural:
        return CellResult(key, 0.0, Symbol.STRUCTURAL_ZERO)
    if not hidden[place]:
        return CellResult(key, float(cell.value))
    what = built.sensitive.get(key)
    if what is None:
        return CellResult(key, None, Symbol.HIDDEN, Reason.SECONDARY)
    required = (float(cell.value) - what.down, float(cell.value) + what.up)
    return CellResult(key, None, Symbol.HIDDEN, what.reason, required)


def loss_of(built: Built, keys: Iterable[str], hidden: Bools) -> Loss:
    """What is lost of these cells, those that everybody knows anyway left out."""
    mine = [built.number[key] for key in dict.fromkeys(keys) if not _is_no_news(built.cells[key])]
    primary = [place for place in mine if hidden[place] and built.keys[place] in built.sensitive]
    all_hidden = [place for place in mine if hidden[place]]
    weight = float(built.system.weights[mine].sum())
    values = built.system.values
    return Loss(
        cells=len(mine),
        non_zero=int(np.count_nonzero(values[mine])),
        primary=len(primary),
        secondary=len(all_hidden) - len(primary),
        hidden_non_zero=int(np.count_nonzero(values[all_hidden])),
        weight_kept=1.0 - float(built.system.weights[all_hidden].sum()) / weight if weight else 1.0,
        weight=weight,
    )


def _is_no_news(cell: Cell) -> bool:
    return cell.structural or cell.public


def _tables(
    request: Request, offer: Offer, built: Built, cells: dict[str, CellResult], hidden: Bools
) -> Iterable[TableResult]:
    """A result for each table and share of the request, in its order. Adds the rests of shares to the cells."""
    views = {view.table.key: view for view in offer.views}
    for key in [table.key for table in request.tables]:
        yield _table(key, key, views, offer, built, hidden, {}, {})
    for share in request.shares:
        name = f"{share.key}:part"
        wholes: dict[tuple[str, ...], str] = {}
        rests: dict[tuple[str, ...], str] = {}
        if name in views:
            wholes = _places(views[f"{share.key}:whole"])
            rests = {place: rest_key(share, key) for place, key in wholes.items()}
            for place, key in _places(views[name]).items():
                rest = rests[place]
                closed = rest in built.sensitive or cells[key].is_hidden or cells[wholes[place]].is_hidden
                reason = built.sensitive[rest].reason if rest in built.sensitive else Reason.SECONDARY
                value = float(built.cells[rest].value)
                cells[rest] = CellResult(rest, None, Symbol.HIDDEN, reason) if closed else CellResult(rest, value)
        yield _table(share.key, name, views, offer, built, hidden, wholes, rests)


def _table(
    key: str,
    name: str,
    views: Mapping[str, View],
    offer: Offer,
    built: Built,
    hidden: Bools,
    wholes: Mapping[tuple[str, ...], str],
    rests: Mapping[tuple[str, ...], str],
) -> TableResult:
    collapsed = tuple(dict.fromkeys(offer.collapsed.get(name, ())))
    if name not in views:
        view, why = offer.withheld[name]
        return TableResult(key, _dimensions(view), {}, view.levels, collapsed, withheld=why)
    view = views[name]
    places = _places(view)
    loss = loss_of(built, [*places.values(), *wholes.values()], hidden)
    return TableResult(key, _dimensions(view), places, view.levels, collapsed, wholes, rests, loss=loss)


def _dimensions(view: View) -> tuple[str, ...]:
    return tuple(key for key in view.table.dimensions if key not in view.table.added_up)


def _places(view: View) -> dict[tuple[str, ...], str]:
    """The keys of the cells that a view gives, by place in the dimensions that are not only added up."""
    at = [number for number, key in enumerate(view.table.dimensions) if key not in view.table.added_up]
    return {tuple(place[number] for number in at): key for place, key in view.given().items()}


def _document(
    request: Request, built: Built, cells: Mapping[str, CellResult], tables: Iterable[TableResult]
) -> Document:
    said: dict[str, dict[str, Any]] = {}
    for key in sorted({each for parts, total in built.equations for each in (*parts, total)} | set(cells)):
        result = cells.get(key)
        if key in built.cells and built.cells[key].structural:
            said[key] = {"shown": 0.0, "symbol": Symbol.STRUCTURAL_ZERO.value}
        elif key in built.cells and built.cells[key].public:
            said[key] = {"shown": float(built.cells[key].value)}
        elif result is None or key not in built.cells or not built.cells[key].published:
            said[key] = {"never": True}
        elif result.is_hidden:
            magnitude = built.cells[key].kind is Kind.MAGNITUDE
            said[key] = {"symbol": Symbol.HIDDEN.value} | ({"magnitude": True} if magnitude else {})
        else:
            said[key] = {"shown": result.shown}
    return {
        "format": FORMAT,
        "rules": {
            "threshold": request.rules.threshold,
            "low": request.rules.low,
            "high": request.rules.high,
            "rule_known": request.rules.rule_known,
        },
        "cells": said,
        "sums": [[list(parts), total] for parts, total in built.equations],
        "tables": [
            {"key": table.key, "cells": sorted(table.cells.values()), "withheld": table.withheld} for table in tables
        ],
    }


def _for_auditor(request: Request, built: Built, hidden: Bools) -> Document:
    """What must stay open, without values: intervals for small counts, widths for the rest, and what insiders know."""
    low, high = request.rules.low, request.rules.high
    sensitive: dict[str, dict[str, float]] = {}
    for key, what in built.sensitive.items():
        if built.system.state[built.number[key]] != State.HIDDEN or not (what.up or what.down):
            continue
        if what.reason is Reason.SMALL:
            sensitive[key] = {"low": low, "high": high}
        else:
            sensitive[key] = {"width": what.up + what.down, "up": what.up}
    insiders = []
    for insider in built.system.insiders:
        own = {built.keys[cell]: part for cell, part in insider.own.items() if hidden[cell]}
        above: dict[str, dict[str, float]] = {}
        for need in insider.needs:
            if hidden[need.cell]:
                rest = float(built.system.values[need.cell]) - insider.own.get(need.cell, 0.0)
                small = rest < request.rules.threshold
                above[built.keys[need.cell]] = {"high": high} if small else {"width": need.up}
        if own:
            insiders.append({"name": insider.name, "own": own, "others": above})
    return {"sensitive": sensitive, "insiders": insiders}


def _report(
    request: Request,
    pattern: Pattern,
    loss: Loss,
    tables: Iterable[TableResult],
    seconds: float,
    cells: Mapping[str, CellResult],
) -> Document:
    reasons = dict.fromkeys(Reason, 0)
    for cell in cells.values():
        if cell.reason is not None:
            reasons[cell.reason] += 1
    return {
        "rules": vars(request.rules),
        "objective": pattern.objective,
        "bound": pattern.bound,
        "gap": pattern.gap,
        "optimal": pattern.optimal,
        "seconds": round(seconds, 3),
        "cuts": pattern.cuts,
        "linear_programs": pattern.programs,
        "hidden_by_reason": {reason.value: count for reason, count in reasons.items() if count},
        "loss": vars(loss),
        "tables": [
            {
                "key": table.key,
                "withheld": table.withheld,
                "collapsed": list(table.collapsed),
                "levels": dict(table.levels),
                "loss": vars(table.loss) if table.loss else None,
            }
            for table in tables
        ],
    }
