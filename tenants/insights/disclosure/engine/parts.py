"""Splits a request into parts that no equation joins, and puts their results together.

Every attack on one part leaves the others as they are: a filling of all is a filling of each. So each is protected by
itself, to its own optimum, and the sum of the optima is the optimum of all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from tenants.insights.disclosure.engine.types import (
    CellResult,
    Document,
    Earlier,
    Loss,
    Protected,
    Request,
    Share,
    TableResult,
)


def parts_of(request: Request) -> list[Request]:
    """The request's parts, in the order of their first measures. Earlier releases come along as far as they touch a part."""
    names = _Joined()
    for measure in request.measures:
        names.join([measure.key])
    for share in request.shares:
        names.join([share.part, share.whole, _rest(share)])
    for difference in request.differences:
        names.join(map(_name, (difference.key, difference.whole, *difference.less)))
    for earlier in request.earlier:
        for parts, total in earlier.document["sums"]:
            names.join(map(_name, (*parts, total)))
    about = [*(each.key for each in request.measures), *(_name(each.whole) for each in request.differences)]
    roots = dict.fromkeys(map(names.root, about))  # a difference may be one of earlier releases alone
    return [_part(request, root, names) for root in roots]


class _Joined:
    """Names of measures, in sets that equations join."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, name: str) -> str:
        line = [name]
        while (above := self._above.setdefault(line[-1], line[-1])) != line[-1]:
            line.append(above)
        self._above |= dict.fromkeys(line, line[-1])
        return line[-1]

    def join(self, names: Iterable[str]) -> None:
        first, *rest = map(self.root, names)
        self._above |= dict.fromkeys(rest, first)


def _name(key: str) -> str:
    """The measure's part of a cell's key."""
    return key.partition("|")[0]


def _rest(share: Share) -> str:
    return f"{share.whole}-{share.part}"


def _part(request: Request, root: str, names: _Joined) -> Request:
    def mine(key: str) -> bool:
        return names.root(_name(key)) == root

    return replace(
        request,
        measures=tuple(each for each in request.measures if mine(each.key)),
        tables=tuple(each for each in request.tables if mine(each.measure)),
        shares=tuple(each for each in request.shares if mine(each.whole)),
        differences=tuple(each for each in request.differences if mine(each.whole)),
        earlier=tuple(
            Earlier(document, each.values)
            for each in request.earlier
            if (document := _only(each.document, mine))["cells"]
        ),
    )


def _only(document: Document, mine: Callable[[str], bool]) -> Document:
    """What a document says of the cells that are meant, as the protector reads it."""

    def of(cells: Mapping[str, Any]) -> dict[str, Any]:
        return {key: said for key, said in cells.items() if mine(key)}

    return {
        "cells": of(document["cells"]),
        "sums": [(parts, total) for parts, total in document["sums"] if mine(total)],
        "sensitive": of(document.get("sensitive", {})),
        "insiders": [
            {"name": each["name"], "own": own, "others": of(each["others"])}
            for each in document.get("insiders", [])
            if (own := of(each["own"]))
        ],
    }


def together(request: Request, found: Sequence[Protected]) -> Protected:
    """One result of those of all parts, with the tables in the request's order."""
    if len(found) == 1:
        return found[0]
    objective, bound = sum(each.objective for each in found), sum(each.bound for each in found)
    cells: dict[str, CellResult] = {}
    values: dict[str, float] = {}
    for each in found:
        cells |= each.cells
        values |= each.values
    tables = {table.key: table for each in found for table in each.tables}
    order = [*(each.key for each in request.tables), *(each.key for each in request.shares)]
    loss = _loss([each.loss for each in found])
    return Protected(
        cells=cells,
        tables=tuple(tables[key] for key in order),
        objective=objective,
        bound=bound,
        gap=max(0.0, objective - bound) / objective if objective > 0 else 0.0,
        optimal=all(each.optimal for each in found),
        seconds=sum(each.seconds for each in found),
        loss=loss,
        document=_documents([each.document for each in found]),
        for_auditor=_documents([each.for_auditor for each in found]),
        report=_report(found, loss, objective, bound, [tables[key] for key in order]),
        values=values,
    )


def _loss(losses: Sequence[Loss]) -> Loss:
    weight = sum(each.weight for each in losses)
    kept = sum(each.weight * each.weight_kept for each in losses)
    counts = {
        each.name: sum(getattr(loss, each.name) for loss in losses)
        for each in fields(Loss)
        if each.name not in ("weight", "weight_kept")
    }
    return Loss(**counts, weight=weight, weight_kept=kept / weight if weight else 1.0)


def _documents(documents: Sequence[Document]) -> Document:
    whole = {
        "format": documents[0]["format"],
        "rules": documents[0]["rules"],
        "cells": {key: said for each in documents for key, said in each["cells"].items()},
        "sums": [each for document in documents for each in document["sums"]],
        "tables": [each for document in documents for each in document["tables"]],
    }
    if "sensitive" in documents[0]:
        whole["sensitive"] = {key: open_to for each in documents for key, open_to in each["sensitive"].items()}
        whole["insiders"] = _insiders(documents)
    return whole


def _insiders(documents: Sequence[Document]) -> list[Document]:
    found: dict[str, Document] = {}
    for each in (insider for document in documents for insider in document["insiders"]):
        one = found.setdefault(each["name"], {"name": each["name"], "own": {}, "others": {}})
        one["own"] |= each["own"]
        one["others"] |= each["others"]
    return [found[name] for name in sorted(found)]


def _report(
    found: Sequence[Protected], loss: Loss, objective: float, bound: float, tables: Sequence[TableResult]
) -> Document:
    reasons: dict[str, int] = {}
    for each in found:
        for why, count in each.report["hidden_by_reason"].items():
            reasons[why] = reasons.get(why, 0) + count
    said = {each["key"]: each for one in found for each in one.report["tables"]}
    return {
        "rules": found[0].report["rules"],
        "objective": objective,
        "bound": bound,
        "gap": max(0.0, objective - bound) / objective if objective > 0 else 0.0,
        "optimal": all(each.optimal for each in found),
        "seconds": round(sum(each.seconds for each in found), 3),
        "cuts": sum(each.report["cuts"] for each in found),
        "linear_programs": sum(each.report["linear_programs"] for each in found),
        "parts": len(found),
        "hidden_by_reason": reasons,
        "loss": vars(loss),
        "tables": [said[table.key] for table in tables],
    }
