"""Three invented authorities through the whole of a term's release: what is hidden by rule, what is kept, time, audit.

`python -m tests.bench.releases [number of schools, referrals a year]…` prints a line of docs/disclosure.md for each.
"""

import sys
import time

from tenants.insights.disclosure.auditor.process import audit_documents
from tests.unit.test_release_attacks import figures, protected, written

AUTHORITIES = ((90, 60), (250, 150), (600, 500))  # schools, referrals a year


def line(schools: int, referrals: int) -> str:
    now = figures("2026-27-autumn", schools=schools, referrals=referrals // 3)
    began = time.monotonic()
    layout, done = protected(now, [], [], seconds=120)
    protecting = time.monotonic() - began
    began = time.monotonic()
    found = audit_documents([done.for_auditor])
    auditing = time.monotonic() - began
    reasons = ", ".join(f"{why} {count}" for why, count in sorted(done.report["hidden_by_reason"].items()))
    tables = written(layout, done).tables
    withheld = sum(bool(table.withheld) for table in tables)
    return (
        f"| {schools} schools, {referrals} referrals a year | {done.loss.cells} | {reasons or 'none'} |"
        f" {100 * done.loss.weight_kept:.0f} % | {withheld} of {len(tables)} | {100 * done.gap:.1f} % |"
        f" {protecting:.0f} s | {'passed' if found.passed else 'NOT PASSED'}, {found.attackers} attackers, {auditing:.1f} s |"
    )


def main() -> None:
    given = [int(each) for each in sys.argv[1:]]
    for schools, referrals in zip(given[::2], given[1::2], strict=True) if given else AUTHORITIES:
        print(line(schools, referrals), flush=True)


if __name__ == "__main__":
    main()
