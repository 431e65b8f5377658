"""The protector's own measurements: tables of the sizes that it vouches for, made from a seed, protected and audited."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from tenants.insights.disclosure.auditor import audit_documents
from tenants.insights.disclosure.engine import (
    Atom,
    Dimension,
    Measure,
    NotVerified,
    Request,
    Rules,
    Table,
    TooLarge,
    protect,
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


def measure_disclosure(say: Callable[[str], None], most_cells: int) -> list[dict[str, Any]]:
    """Protects and audits one table of each size with at most so many cells; tells what is refused."""
    rows = []
    for size in SIZES:
        cells = 1
        for count in size.categories:
            cells *= count + 1
        if cells > most_cells:
            continue
        say(f"Protecting {cells:,} cells…")
        rows.append(_measure(size, cells))
    return rows


def _measure(size: Size, cells: int) -> dict[str, Any]:
    # Every cell that the rules for counts can hide, none that schools can: the arithmetic is what is measured.
    rules = Rules(insiders=False, all_of_them=False, most_hidden=1.0)
    request = Request(
        (synthetic_measure(size.categories, size.mean, seed=cells),),
        tables=(Table("bench", "cases", tuple(f"d{n}" for n in range(len(size.categories)))),),
        rules=rules,
        seconds=size.seconds,
    )
    row: dict[str, Any] = {"cells": cells, "dimensions": len(size.categories), "allowed": size.seconds}
    begun = time.monotonic()
    try:
        done = protect(request)
    except (TooLarge, NotVerified) as refused:
        return row | {"refused": str(refused)}
    protected = time.monotonic() - begun
    audit = audit_documents([done.for_auditor])
    return row | {
        "seconds": round(protected, 1),
        "primary": done.loss.primary,
        "secondary": done.loss.secondary,
        "gap": round(done.gap, 4),
        "allowed_gap": size.gap,
        "kept": round(done.loss.weight_kept, 3),
        "audit_seconds": round(audit.seconds, 1),
        "audit_passed": audit.passed,
    }


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


def disclosure_lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The measurements as lines of text."""
    yield f"{'cells':>7}{'seconds':>9}{'primary':>9}{'secondary':>11}{'gap':>8}{'kept':>7}{'audit s':>9}  passed"
    for row in rows:
        if "refused" in row:
            yield f"{row['cells']:>7,}  refused: {row['refused']}"
        else:
            yield (
                f"{row['cells']:>7,}{row['seconds']:>9}{row['primary']:>9}{row['secondary']:>11}{row['gap']:>8.2%}"
                f"{row['kept']:>7.0%}{row['audit_seconds']:>9}  {'yes' if row['audit_passed'] else 'NO'}"
            )
