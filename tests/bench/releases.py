"""Three invented authorities through the whole of a term's release: what is hidden by rule, what is kept, time, audit.

`python -m tests.bench.releases [number of schools, referrals a year]…` prints a line of docs/disclosure.md for each, and one
for the release that adds them up.
"""

import sys
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
    return _line("the three added up", done, withheld, protecting, found)


def _line(title: str, done: Protected, withheld: str, protecting: float, found: Audit) -> str:
    reasons = ", ".join(f"{why} {count}" for why, count in sorted(done.report["hidden_by_reason"].items()))
    verdict = "passed" if found.passed else "NOT PASSED"
    return (
        f"| {title} | {done.loss.cells} | {reasons or 'none'} |"
        f" {100 * done.loss.weight_kept:.0f} % | {withheld} | {100 * done.gap:.1f} % |"
        f" {protecting:.0f} s | {verdict}, {found.attackers} attackers, {found.seconds:.1f} s |"
    )


def main() -> None:
    given = [int(each) for each in sys.argv[1:]]
    parts = []
    for schools, referrals in zip(given[::2], given[1::2], strict=True) if given else AUTHORITIES:
        parts.append(line(schools, referrals, f"{901 + len(parts)}"))
        print(parts[-1][0], flush=True)
    if len(parts) > 1:
        print(group_line(parts))


if __name__ == "__main__":
    main()
