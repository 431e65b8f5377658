"""The same answers as others have found: optima and intervals of τ-ARGUS’s engine, and published examples."""

import contextlib
import importlib.util
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tenants.insights.disclosure.auditor.judging import audit
from tenants.insights.disclosure.auditor.reading import read_document
from tenants.insights.disclosure.engine.search import Search
from tenants.insights.disclosure.engine.system import Need, System
from tests.unit.disclosure.tables import case, document_of, system_of

OPTIMA = ("la_total150_6x7x3", "t5x7x4_m1_s1", "t5x7x4_m1_s2", "t5x7x4_m4_s1", "t5x7x4_m4_s3", "t10x10x4_m4_s1")
HARDEST = "t5x7x4_m12_s1"


@pytest.mark.parametrize("name", OPTIMA)
def test_the_optimum_hides_as_much_as_theirs_does(shared: Path, name: str) -> None:
    content = case(shared, name)
    found = Search(system_of(content), 120).run(120)
    assert (found.objective, found.optimal, found.gap) == (content["objective"], True, 0.0)


def test_where_the_time_runs_out_the_optimum_lies_between_the_bound_and_what_was_found(shared: Path) -> None:
    content = case(shared, HARDEST)
    found = Search(system_of(content), 4).run(4)
    assert found.bound <= content["objective"] <= found.objective
    assert found.gap == pytest.approx((found.objective - found.bound) / found.objective)


@pytest.mark.parametrize("name", [*OPTIMA, HARDEST])
def test_the_auditor_finds_their_intervals(shared: Path, name: str) -> None:
    content = case(shared, name)
    found = audit(read_document(document_of(content, set(content["hidden"]))))
    for cell, (low, high) in _intervals(content).items():
        interval = found.intervals[str(cell)]
        assert interval.low == pytest.approx(low, abs=1e-6)
        assert min(interval.high, content["ub"][cell]) == pytest.approx(high, abs=1e-6)


def _intervals(content: dict[str, Any]) -> dict[int, tuple[float, float]]:
    given = content["intervals"]
    pairs = given.items() if isinstance(given, dict) else zip(content["hidden"], given, strict=True)
    return {int(cell): (low, high) for cell, (low, high) in pairs}


def test_the_handbook_s_example(shared: Path) -> None:
    content = case(shared, "handbook_geurts_example3")
    found = audit(read_document(document_of(content, {int(cell) for cell in content["hidden"]})))
    named = {"|".join(names): str(number) for number, names in enumerate(content["cells"])}
    for name, (low, high) in {**content["computed_here"], **content["expected"]}.items():
        interval = found.intervals[named[name]]
        assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_two_blanks_a_line_are_not_enough_and_one_more_is(shared: Path) -> None:
    content = case(shared, "sdctable_simpleheuristic_4x4")
    primary = set(content["primary"])
    found = audit(read_document(document_of(content, primary)))
    disclosed = [content["cells"][int(problem.cell)] for problem in found.problems]
    assert disclosed == [["w", "b"]]
    assert found.intervals["1"].low == pytest.approx(47, abs=1e-6)
    for _, name, (low, high), helps in content["single_extra_candidates"]:
        extra = next(n for n, names in enumerate(content["cells"]) if "|".join(names) == name)
        interval = audit(read_document(document_of(content, primary | {extra}))).intervals["1"]
        assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))
        assert (interval.width > 1e-6) is helps


@pytest.mark.skipif(importlib.util.find_spec("pytauargus") is None, reason="pytauargus, an oracle, is not installed")
@pytest.mark.parametrize("seed", range(4))
def test_a_random_table_costs_what_tau_argus_says(seed: int) -> None:
    system = _random_system(seed)
    assert Search(system, 60).run(60).objective == _tau_argus(system)


def _random_system(seed: int) -> System:
    draw = random.Random(seed)
    rows, columns = draw.randint(4, 6), draw.randint(4, 6)
    inner = np.array([[min(40, int(draw.expovariate(0.15))) for _ in range(columns)] for _ in range(rows)])
    table = np.zeros((rows + 1, columns + 1))
    table[:rows, :columns] = inner
    table[:, columns] = table.sum(axis=1)
    table[rows, :] = table[:rows].sum(axis=0)
    number = np.arange(table.size).reshape(table.shape)
    values = table.ravel()
    lines = [*number, *number.T]
    small = [int(cell) for cell in np.flatnonzero((values > 0) & (values < 5))]
    state = np.ones(table.size, dtype=np.int8)
    state[small] = 2
    return System(
        values=values,
        weights=np.round(10 + values),
        lower=np.zeros(table.size),
        upper=np.full(table.size, values.max() + 1),
        state=state,
        equations=tuple((tuple(map(int, line)), (*[1.0] * (len(line) - 1), -1.0)) for line in lines),
        needs=tuple(Need(cell, 5 - values[cell], values[cell]) for cell in small),
    )


def _tau_argus(system: System) -> float:
    """The weight that τ-ARGUS’s optimal method hides, by its own file format."""
    import pytauargus

    lines = ["0", str(system.size)]
    room = {need.cell: (need.down, need.up) for need in system.needs}
    for cell in range(system.size):
        down, up = room.get(cell, (0.0, 0.0))
        status = "u" if system.forced[cell] else "s"
        numbers = (system.lower[cell], system.upper[cell], down, up, 0.0)
        said = (f"{number:g}" for number in (cell, system.values[cell], system.weights[cell]))
        lines.append(" ".join((*said, status, *(f"{number:g}" for number in numbers))))
    lines.append(str(len(system.equations)))
    for cells, factors in system.equations:
        terms = " ".join(f"{cell} ({factor:g})" for cell, factor in zip(cells, factors, strict=True))
        lines.append(f"0 {len(cells)} : {terms}")
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "JJ.IN", Path(folder) / "JJ.OUT"
        given.write_text("\n".join(lines) + "\n")
        with contextlib.chdir(folder):  # it leaves logs of its own where it runs
            code = pytauargus.HiTaSCtrl().full_jj(in_file_jj=str(given), out_file=str(found), max_time=60)
        assert code <= 1, code
        secondary = {int(line.split()[0]) for line in found.read_text().splitlines() if line.strip()}
    hides = system.forced.copy()
    hides[list(secondary)] = True
    return system.cost(hides)
