"""Three invented authorities through the whole of a term's release: what is hidden by rule, what is kept, time, audit.

`python -m tests.bench.releases [number of schools, referrals a year]…` prints a line of docs/disclosure.md for each, and one
for the release that adds them up. `--groups-of 10 30` makes as many small authorities as the largest group needs, of 12 to 60
schools, and prints a line for each group: how long its draft takes and how much memory, what is hidden, the audit.
"""

import argparse
import resource
import time

from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.types import Audit
from tenants.insights.disclosure.engine.types import Protected
from tenants.insights.disclosure.gather import Figures
from tenants.insights.disclosure.rollup import added_up
from tests.unit.test_release_attacks import figures, protected, written

AUTHORITIES = ((90, 60), (250, 150), (600, 500))  # schools, referrals a year


def line(schools: int, referrals: int, code: str) -> tuple[str, Figures, Protected]:
    now = figures("2026-27-autumn", schools=schools, referrals=referrals // 3, area=code)
    began = time.monotonic()
    layout, done = protected(now, [], [], seconds=120, area=code)
    protecting = time.monotonic() - began
    tables = written(layout, done).tables
    withheld = f"{sum(bool(table.withheld) for table in tables)} of {len(tables)}"
    title = f"{schools} schools, {referrals} referrals a year"
    return _line(title, done, withheld, protecting, audit_documents([done.for_auditor])), now, done


def group_line(parts: list[tuple[str, Figures, Protected]]) -> str:
    """All of them added up, with their releases as facts."""
    codes = {f"{901 + number}": now for number, (_, now, _) in enumerate(parts)}
    out = [done for _, _, done in parts]
    began = time.monotonic()
    layout, done = protected(added_up(codes), [], out, seconds=120, area="group", codes=tuple(codes))
    protecting = time.monotonic() - began
    tables = written(layout, done).tables
    withheld = f"{sum(bool(table.withheld) for table in tables)} of {len(tables)}"
    found = audit_documents([*(each.for_auditor for each in out), done.for_auditor], new=done.for_auditor)
    return _line("all of them added up", done, withheld, protecting, found)


SIZES = ((12, 6), (18, 9), (25, 15), (40, 24), (60, 45))  # schools and referrals a year, one after the other


def groups_of(numbers: list[int]) -> None:
    """Prints a line for a group of each number of authorities."""
    parts: list[tuple[Figures, Protected]] = []
    began = time.monotonic()
    for number in range(max(numbers)):
        schools, referrals = SIZES[number % len(SIZES)]
        now = figures("2026-27-autumn", schools=schools, referrals=referrals // 3, area=f"{number + 101}")
        parts.append((now, protected(now, [], [], seconds=120, area=f"{number + 101}")[1]))
    each = (time.monotonic() - began) / len(parts)
    print(f"{len(parts)} authorities, {each:.1f} s to protect each", flush=True)
    for number in sorted(numbers):
        print(_group_of(parts[:number]), flush=True)


def _group_of(parts: list[tuple[Figures, Protected]]) -> str:
    codes = {f"{number + 101}": now for number, (now, _) in enumerate(parts)}
    out = [done for _, done in parts]
    began, before = time.monotonic(), _processor_seconds()
    figures_of_all = added_up(codes)
    layout, done = protected(figures_of_all, [], out, seconds=120, area="group", codes=tuple(codes))
    tables = written(layout, done).tables
    protecting, used = time.monotonic() - began, _processor_seconds() - before
    began, before = time.monotonic(), _processor_seconds()
    found = audit_documents([*(each.for_auditor for each in out), done.for_auditor], new=done.for_auditor)
    auditing, checking = time.monotonic() - began, _processor_seconds() - before
    reasons = ", ".join(f"{why} {count}" for why, count in sorted(done.report["hidden_by_reason"].items()))
    return (
        f"| {len(parts)} | {len(figures_of_all.classes):,} | {done.loss.cells} | {reasons or 'none'} |"
        f" {100 * done.loss.weight_kept:.0f} % | {sum(bool(table.withheld) for table in tables)} of {len(tables)} |"
        f" {100 * done.gap:.1f} % | {protecting:.0f} s, {used:.0f} s |"
        f" {'passed' if found.passed else 'NOT PASSED'}, {found.attackers:,} attackers, {auditing:.0f} s, {checking:.0f} s |"
        f" {_most_memory():,.0f} MB |"
    )


def _processor_seconds() -> float:
    """Of this process and its children; what else runs on the machine does not count."""
    mine, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def _most_memory() -> float:
    """In megabytes, of this process and the largest of its children together."""
    mine, theirs = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (mine + theirs) / 1024


def _line(title: str, done: Protected, withheld: str, protecting: float, found: Audit) -> str:
    reasons = ", ".join(f"{why} {count}" for why, count in sorted(done.report["hidden_by_reason"].items()))
    verdict = "passed" if found.passed else "NOT PASSED"
    return (
        f"| {title} | {done.loss.cells} | {reasons or 'none'} |"
        f" {100 * done.loss.weight_kept:.0f} % | {withheld} | {100 * done.gap:.1f} % |"
        f" {protecting:.0f} s | {verdict}, {found.attackers} attackers, {found.seconds:.1f} s |"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int, help="schools and referrals a year of each authority")
    parser.add_argument("--groups-of", nargs="+", type=int, default=[], help="authorities in each group")
    given = parser.parse_args()
    if given.groups_of:
        groups_of(given.groups_of)
        return
    parts = []
    for schools, referrals in zip(given.sizes[::2], given.sizes[1::2], strict=True) if given.sizes else AUTHORITIES:
        parts.append(line(schools, referrals, f"{901 + len(parts)}"))
        print(parts[-1][0], flush=True)
    if len(parts) > 1:
        print(group_line(parts))


if __name__ == "__main__":
    main()
