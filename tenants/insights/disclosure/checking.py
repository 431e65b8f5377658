"""Protects what is to be released and audits it, together with everything that is out and can be put together with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.types import Audit, Unsound
from tenants.insights.disclosure.catalogue import CatalogueTable
from tenants.insights.disclosure.engine.calls import protect
from tenants.insights.disclosure.engine.types import Earlier, FrozenCellChanged, Protected, Refused, Request, Rules
from tenants.insights.disclosure.ledger import Out
from tenants.insights.disclosure.system import Layout

SECONDS = 120.0  # for the protector; it uses the best pattern found by then only if it verifies


@dataclass(frozen=True)
class Checked:
    """What the protector and the auditor say. `done` is none where there is nothing to protect, or it was refused."""

    done: Protected | None
    audit: Audit | None
    problem: str | None

    @property
    def passed(self) -> bool:
        return self.problem is None

    def report(self) -> Mapping[str, Any]:
        """The protector's report, and why each hidden cell is, by its key: for the publisher."""
        if self.done is None:
            return {}
        why = {key: cell.reason.value for key, cell in self.done.cells.items() if cell.is_hidden and cell.reason}
        return {**self.done.report, "why": why}


def check(layout: Layout, tables: Sequence[CatalogueTable], out: Sequence[Out]) -> Checked:
    """Protects and audits, each in a process of its own. Whatever goes wrong refuses the draft."""
    if not layout.figures.classes:
        return Checked(None, None, None)
    for table in tables:
        layout.add(table)
    layout.add_audiences()
    if not layout.measures:
        return Checked(None, None, None)
    known = [each for each in out if each.for_auditor]
    request = Request(
        measures=tuple(layout.measures.values()),
        tables=tuple(layout.tables),
        shares=tuple(layout.shares),
        differences=tuple(layout.differences),
        earlier=tuple(Earlier(dict(each.for_auditor), each.values) for each in known),
        rules=Rules(threshold=layout.rules.count, contributors=layout.rules.contributors),
        seconds=SECONDS,
    )
    try:
        done = protect(request)
    except (Refused, FrozenCellChanged) as told:
        return Checked(None, None, f"The protector refused: {told}")
    try:
        documents = [*(dict(each.for_auditor) for each in known), done.for_auditor]
        found = audit_documents(documents, new=done.for_auditor)
    except Unsound as told:
        return Checked(done, None, f"The documents do not fit together: {told}")
    if not found.passed:
        return Checked(done, found, f"The audit found {len(found.problems)} numbers that could be worked out.")
    return Checked(done, found, None)
