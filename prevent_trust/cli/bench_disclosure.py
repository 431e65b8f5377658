"""The protector's own measurements: tables of the sizes that it vouches for, made from a seed, protected and audited."""

import random
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from tenants.insights.disclosure.auditor.judging import EXACT, audit
from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.reading import FORMAT, read_documents
from tenants.insights.disclosure.engine.calls import protect
from tenants.insights.disclosure.engine.protection import protect_here
from tenants.insights.disclosure.engine.types import (
    Atom,
    Difference,
    Dimension,
    Earlier,
    Measure,
    NotVerified,
    Request,
    Rules,
    Table,
    TooLarge,
)


@dataclass(frozen=True)
class Size:
    """Categories in each dimension, cases in a leaf cell on average, seconds to protect in, and the gap that is allowed."""

    categories: tuple[int, ...]
    mean: float
    seconds: float
    gap: float | None


SIZES = (
    Size((5, 7, 4), 4, 60, 0.0),
    Size((10, 10, 4), 4, 60, 0.01),
    Size((13, 13, 11), 4, 120, 0.02),
    Size((20, 20, 20), 4, 300, None),
    Size((21, 21, 21), 4, 60, None),
    Size((6, 6, 6, 7), 4, 60, None),
)


MOST_CELLS = 11_000  # the largest, which is refused
HISTORIES = 200


def measure_disclosure(say: Callable[[str], None], most_cells: int) -> list[dict[str, Any]]:
    """Protects and audits a table of each size with at most so many cells, against attackers that know the rules and not."""
    rows = []
    for size in SIZES:
        cells = 1
        for count in size.categories:
            cells *= count + 1
        if cells > most_cells:
            continue
        say(f"Protecting {cells:,} cells…")
        rows += [_measure(size, cells, rule_known=known) for known in (False, True)]
    return rows


def _measure(size: Size, cells: int, *, rule_known: bool) -> dict[str, Any]:
    # Every cell that the rules for counts can hide, none that schools can: the arithmetic is what is measured.
    rules = Rules(insiders=False, all_of_them=False, most_hidden=1.0, rule_known=rule_known)
    request = Request(
        (synthetic_measure(size.categories, size.mean, seed=cells),),
        tables=(Table("bench", "cases", tuple(f"d{n}" for n in range(len(size.categories)))),),
        rules=rules,
        seconds=size.seconds,
    )
    row: dict[str, Any] = {
        "cells": cells,
        "rule_known": rule_known,
        "dimensions": len(size.categories),
        "allowed": size.seconds,
    }
    begun, before = time.monotonic(), _processor_seconds()
    try:
        done = protect(request)
    except (TooLarge, NotVerified) as refused:
        return row | {"refused": str(refused)}
    protected, used = time.monotonic() - begun, _processor_seconds() - before
    audit = audit_documents([done.for_auditor])
    return row | {
        "seconds": round(protected, 1),
        "processor_seconds": round(used, 1),
        "primary": done.loss.primary,
        "secondary": done.loss.secondary,
        "gap": round(done.gap, 4),
        "allowed_gap": size.gap,
        "kept": round(done.loss.weight_kept, 3),
        "audit_seconds": round(audit.seconds, 1),
        "audit_passed": audit.passed,
    }


def _processor_seconds() -> float:
    """Of all child processes that have ended; what else runs on the machine does not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def synthetic_measure(categories: tuple[int, ...], mean: float, seed: int) -> Measure:
    """Cases that gather in some categories of every dimension, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311  # the same table each time, no secret
    dimensions = tuple(
        Dimension(f"d{n}", "all", {"all": tuple(f"c{k}" for k in range(count))}) for n, count in enumerate(categories)
    )
    scales = [{f"c{k}": draw.lognormvariate(-0.3, 0.8) for k in range(count)} for count in categories]
    atoms = []
    for place in product(*(scale for scale in scales)):
        expected = mean
        for category, scale in zip(place, scales, strict=True):
            expected *= scale[category]
        value = _poisson(draw, expected * draw.expovariate(1.0))
        atoms.append(Atom({f"d{n}": category for n, category in enumerate(place)}, {"": value}))
    return Measure("cases", dimensions, tuple(atoms), contributors_known=False)


def _poisson(draw: random.Random, expected: float) -> int:
    """Events within one unit of time, `expected` of them on average."""
    passed, count = draw.expovariate(1.0), 0
    while passed < expected:
        passed += draw.expovariate(1.0)
        count += 1
    return count


def disclosure_lines(rows: list[dict[str, Any]], histories: dict[str, Any]) -> Iterator[str]:
    """The measurements as lines of text."""
    yield (
        f"{'cells':>7}{'rules':>9}{'seconds':>9}{'of CPU':>8}{'primary':>9}"
        f"{'secondary':>11}{'gap':>8}{'kept':>7}{'audit s':>9}  passed"
    )
    for row in rows:
        if "refused" in row:
            yield f"{row['cells']:>7,}  refused: {row['refused']}"
        else:
            yield (
                f"{row['cells']:>7,}{'known' if row['rule_known'] else 'unknown':>9}{row['seconds']:>9}"
                f"{row['processor_seconds']:>8}{row['primary']:>9}{row['secondary']:>11}{row['gap']:>8.2%}"
                f"{row['kept']:>7.0%}{row['audit_seconds']:>9}  {'yes' if row['audit_passed'] else 'NO'}"
            )
    together, alone = histories["in_sequence"], histories["alone"]
    yield (
        f"{histories['histories']} histories of three terms with late records, {histories['seconds']} s: protected in"
        f" sequence {together['exact']} exact and {together['narrow']} too narrow; each alone {alone['exact']} exact and"
        f" {alone['narrow']} too narrow, caught in {histories['alone_caught']}; {histories['more_hidden']:.1%} more hidden"
    )


@dataclass(frozen=True)
class HistoryResult:
    """What the auditor found of three releases put together: sensitive numbers known exactly, or too closely."""

    exact: int
    narrow: int
    hidden: int


CONCERNS = Dimension("concern", "all", {"all": ("a", "b", "c")})
PHASES = Dimension("phase", "all", {"all": ("p", "s", "t")})
HISTORY_RULES = Rules(insiders=False, all_of_them=False, most_hidden=1.0, rule_known=False)


def history(seed: int) -> list[dict[tuple[str, str], int]]:
    """Cases known by the end of each of three terms, by place: each term's new ones, and late ones of terms before."""
    draw = random.Random(seed)  # noqa: S311
    places = list(product(CONCERNS.children["all"], PHASES.children["all"]))
    scale = {place: draw.lognormvariate(1.2, 0.9) for place in places}
    known = dict.fromkeys(places, 0)
    releases = []
    for term in range(3):
        for place in places:
            late = _poisson(draw, 0.25) if term else 0
            known[place] += _poisson(draw, scale[place]) + late
        releases.append(dict(known))
    return releases


def release_history(seed: int, *, in_sequence: bool) -> tuple[list[dict[str, Any]], HistoryResult]:
    """Three releases of one history, each protected with those before it or alone, and what the auditor makes of all three."""
    documents: list[dict[str, Any]] = []
    earlier: list[Earlier] = []
    hidden = 0
    links: list[Difference] = []
    values: dict[str, float] = {}
    for term, known in enumerate(history(seed)):
        measure = Measure(
            f"cases@{term}",
            (CONCERNS, PHASES),
            tuple(Atom({"concern": c, "phase": p}, {"": count}) for (c, p), count in known.items()),
            contributors_known=False,
        )
        links += _new_since(term) if term else []
        done = protect_here(
            Request(
                (measure,),
                tables=(Table(f"table {term}", measure.key, ("concern", "phase")),),
                differences=tuple(_new_since(term)) if term and in_sequence else (),
                earlier=tuple(earlier) if in_sequence else (),
                rules=HISTORY_RULES,
                seconds=20,
            )
        )
        hidden += done.loss.primary + done.loss.secondary
        values |= done.values
        documents.append(done.for_auditor)
        earlier.append(Earlier(done.for_auditor, done.values))
    if not in_sequence:
        documents.append(_links_document(links, values))
    found = audit(read_documents(documents))
    exact = sum(problem.what == EXACT for problem in found.problems)
    return documents, HistoryResult(exact, len(found.problems) - exact, hidden)


def _new_since(term: int) -> list[Difference]:
    """What became known in a term, in every cell."""
    found = []
    for c, p in product(("all", *CONCERNS.children["all"]), ("all", *PHASES.children["all"])):
        place = "".join(f"|{name}={category}" for name, category in (("concern", c), ("phase", p)) if category != "all")
        found.append(Difference(f"new@{term}{place}", f"cases@{term}{place}", (f"cases@{term - 1}{place}",)))
    return found


def _links_document(links: list[Difference], values: dict[str, float]) -> dict[str, Any]:
    """That later figures hold the earlier ones is known to anybody; how much came new is sensitive where it is little."""
    cells: dict[str, Any] = {}
    sensitive = {}
    for each in links:
        cells |= {key: {"never": True} for key in (each.key, each.whole, *each.less)}
        new = values[each.whole] - sum(values[key] for key in each.less)
        if 0 < new < HISTORY_RULES.threshold:
            sensitive[each.key] = {"low": HISTORY_RULES.low, "high": HISTORY_RULES.high}
    return {
        "format": FORMAT,
        "rules": {"threshold": 5, "low": 0.0, "high": 5.0, "rule_known": False},
        "cells": cells,
        "sums": [[[*each.less, each.key], each.whole] for each in links],
        "sensitive": sensitive,
    }


def measure_histories(count: int) -> dict[str, Any]:
    """So many histories, protected in sequence and term by term: disclosed numbers, and what protection in sequence costs."""
    begun = time.monotonic()
    together = [release_history(seed, in_sequence=True)[1] for seed in range(count)]
    alone = [release_history(seed, in_sequence=False)[1] for seed in range(count)]
    return {
        "histories": count,
        "seconds": round(time.monotonic() - begun, 1),
        "in_sequence": {"exact": sum(r.exact for r in together), "narrow": sum(r.narrow for r in together)},
        "alone": {"exact": sum(r.exact for r in alone), "narrow": sum(r.narrow for r in alone)},
        "alone_caught": sum(bool(r.exact + r.narrow) for r in alone),
        "more_hidden": round(sum(r.hidden for r in together) / max(1, sum(r.hidden for r in alone)) - 1, 3),
    }
