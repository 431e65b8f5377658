"""Builds the protected tables of a release from what each of its schools adds.

The true figures go in as contributions and do not come out: a `ProtectedTable` has texts only.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tenants.calendar.rules import Term
from tenants.insights.disclosure.audit import PublishedLine
from tenants.insights.disclosure.rules import (
    AudienceTotal,
    count_cell,
    is_sensitive,
    percent_cell,
    protect_line,
    rate_cell,
    totals_to_hide,
)
from tenants.insights.disclosure.types import HIDDEN, ProtectedCell, ProtectedRow, ProtectedTable, ReleaseRules
from tenants.plan.models import THEME_NAMES, Theme
from tenants.plan.rules import SectionCounts

PLAN, TRAINING, READING, REFERRALS = "plan", "training", "reading", "referrals"
PLAN_COLUMNS = (
    "Section of the plan",
    "Actions",
    "Met",
    "Partly met",
    "Not met",
    "Not answered or not applicable",
    "Met, of all actions",
)


@dataclass(frozen=True)
class CoverageFigures:
    """A course or document: who needs it, and what each school of the release adds (have it, need it)."""

    title: str
    audience: frozenset[str]
    by_school: tuple[tuple[int, int], ...]

    @property
    def parts(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Those who have it and those who have not."""
        return tuple(n for n, _ in self.by_school), tuple(d - n for n, d in self.by_school)

    @property
    def needed(self) -> tuple[int, ...]:
        return tuple(d for _, d in self.by_school)

    @property
    def schools(self) -> int:
        return sum(1 for value in self.needed if value)


@dataclass(frozen=True)
class ReferralFigures:
    """Referrals of a term and pupils on roll, by school; schools whose pupils are not known are left out."""

    referrals: tuple[int, ...]
    pupils: tuple[int, ...]


@dataclass(frozen=True)
class Figures:
    """Everything that a release is made from. `schools` are those in it, in the order of every contribution."""

    schools: tuple[uuid.UUID, ...]
    plan: Mapping[Theme, tuple[SectionCounts, ...]]
    training: tuple[CoverageFigures, ...]
    reading: tuple[CoverageFigures, ...]
    referrals: ReferralFigures


def protected_tables(figures: Figures, *, term: Term, as_at: date, rules: ReleaseRules) -> tuple[ProtectedTable, ...]:
    """The tables of a release, with everything hidden that its rules hide."""
    day = f"{as_at.day} {as_at:%B %Y}"
    training_rows, reading_rows = _coverage_rows(figures, rules)
    return (
        _table(
            PLAN,
            "Action plans",
            f"Actions of all schools’ plans together, by section and state, as at {day}",
            PLAN_COLUMNS,
            [_plan_row(theme, figures.plan.get(theme, ()), rules) for theme in Theme],
            rules,
        ),
        _table(
            TRAINING,
            "Training",
            f"Staff of all schools together who need each course, and those whose training is valid, as at {day}",
            ("Course", "Staff who need it", "Staff who have it", "Have it, of those who need it"),
            training_rows,
            rules,
        ),
        _table(
            READING,
            "Reading",
            f"Staff of all schools together who must read each document, and those who confirmed it, as at {day}",
            ("Document", "Staff who must read it", "Staff who confirmed it", "Confirmed, of those who must read it"),
            reading_rows,
            rules,
        ),
        _table(
            REFERRALS,
            "Referrals",
            f"Prevent referrals made by all schools together in the {term.title.lower()}."
            " Schools with no number of pupils in the register are left out",
            ("Term", "Referrals made", "Referrals per 1,000 pupils"),
            [_referral_row(figures.referrals, term, rules)],
            rules,
        ),
    )


def _table(
    key: str,
    title: str,
    caption: str,
    columns: tuple[str, ...],
    rows: Sequence[ProtectedRow | None],
    rules: ReleaseRules,
) -> ProtectedTable:
    """A row is none where too few schools add to it. A table with no other rows is withheld."""
    if not any(rows):
        why = f"This table is withheld: fewer than {rules.schools} schools add to it."
        return ProtectedTable(key, title, caption, columns, (), why)
    return ProtectedTable(key, title, caption, columns, tuple(row for row in rows if row is not None))


def _plan_row(theme: Theme, counts: Sequence[SectionCounts], rules: ReleaseRules) -> ProtectedRow | None:
    if sum(1 for each in counts if each.total) < rules.schools:
        return None
    parts = [
        [each.met for each in counts],
        [each.partly_met for each in counts],
        [each.not_met for each in counts],
        [each.total - each.met - each.partly_met - each.not_met for each in counts],
    ]
    mask = protect_line(parts, rules)
    total = sum(each.total for each in counts)
    cells = (
        count_cell(total, hidden=mask.total),
        *(count_cell(sum(part), hidden=hidden) for part, hidden in zip(parts, mask.parts, strict=True)),
        percent_cell(sum(parts[0]), total, hidden=mask.parts[0] or mask.total),
    )
    return ProtectedRow(THEME_NAMES[theme], cells)


def _coverage_rows(
    figures: Figures, rules: ReleaseRules
) -> tuple[list[ProtectedRow | None], list[ProtectedRow | None]]:
    """The rows of both tables, looked at together: their totals are of the same people."""
    shown = [each for each in (*figures.training, *figures.reading) if each.schools >= rules.schools]
    hidden = totals_to_hide([AudienceTotal(each.audience, each.needed) for each in shown], rules)
    too_close = [each for place, each in enumerate(shown) if place in hidden]

    def row(each: CoverageFigures) -> ProtectedRow | None:
        return _coverage_row(each, rules, hide=each in too_close) if each.schools >= rules.schools else None

    return [row(each) for each in figures.training], [row(each) for each in figures.reading]


def _coverage_row(figures: CoverageFigures, rules: ReleaseRules, *, hide: bool) -> ProtectedRow:
    if hide:
        return ProtectedRow(figures.title, (HIDDEN, HIDDEN, HIDDEN))
    mask = protect_line(figures.parts, rules)
    have, need = sum(figures.parts[0]), sum(figures.needed)
    return ProtectedRow(
        figures.title,
        (
            count_cell(need, hidden=mask.total),
            count_cell(have, hidden=mask.parts[0]),
            percent_cell(have, need, hidden=mask.hides_anything),
        ),
    )


def _referral_row(figures: ReferralFigures, term: Term, rules: ReleaseRules) -> ProtectedRow | None:
    if len(figures.pupils) < rules.schools:
        return None
    hidden = is_sensitive(figures.referrals, rules)
    count = sum(figures.referrals)
    cells = (count_cell(count, hidden=hidden), rate_cell(count, sum(figures.pupils), hidden=hidden))
    return ProtectedRow(term.title, cells)


def published_lines(tables: Sequence[ProtectedTable]) -> list[PublishedLine]:
    """What the auditor looks at: the lines as anybody reads them off the tables."""
    lines = []
    for table in tables:
        for row in table.rows:
            name = f"{table.key}: {row.heading}"
            if table.key == PLAN:
                total, *parts = (_number(cell) for cell in row.cells[:5])
                lines.append(PublishedLine(name, tuple(parts), total))
            elif table.key == REFERRALS:
                lines.append(PublishedLine(name, (_number(row.cells[0]),), None))
            else:
                total, have = _number(row.cells[0]), _number(row.cells[1])
                rest = None if total is None or have is None else total - have
                lines.append(PublishedLine(name, (have, rest), total))
    return lines


def _number(cell: ProtectedCell) -> int | None:
    return None if cell.symbol else int(cell.text.replace(",", ""))
