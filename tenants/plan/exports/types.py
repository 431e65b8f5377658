"""What every file of a plan is made from: the plan as it stood on a day, with all its words worked out."""

from dataclasses import dataclass
from datetime import date

from tenants.plan.models import ActionStatus
from tenants.plan.rules import SectionCounts


@dataclass(frozen=True)
class ExportedAction:
    """`key` is the edition's permanent key, or empty for an action of the school's own.

    `status` is the effective one and `status_name` says it in words, "Review due" where it has gone stale. `roles` are
    words, not keys. `how_known` says where the status comes from.
    """

    key: str
    wording: str
    good_looks_like: str
    note_beside: str  # what stood beside the action in the school's own document
    roles: tuple[str, ...]
    status: ActionStatus
    status_name: str
    how_known: str
    override_reason: str
    owner: str
    due_on: date | None
    is_overdue: bool
    note: str
    evidence: tuple[str, ...]  # titles
    references: tuple[str, ...]  # "Keeping children safe in education, 2026, paragraph 14"
    is_own: bool
    verification: str  # "Verified by the trust on 3 March 2027", or empty


@dataclass(frozen=True)
class ExportedExpectation:
    wording: str
    note: str
    actions: tuple[ExportedAction, ...]


@dataclass(frozen=True)
class ExportedDuty:
    wording: str
    expectations: tuple[ExportedExpectation, ...]


@dataclass(frozen=True)
class ExportedSection:
    title: str
    state_name: str  # "Green", "Amber", "Red", "Not answered"
    counts: SectionCounts
    duties: tuple[ExportedDuty, ...]


@dataclass(frozen=True)
class ExportedPlan:
    """Sections in the plan's order, or in that of what its actions serve. `leftovers` are texts without a place."""

    school: str
    title: str
    introduction: str
    as_at: date
    verdict: str  # one sentence
    sections: tuple[ExportedSection, ...]
    leftovers: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()  # parts of the chosen order that no action serves

    @property
    def actions(self) -> list[ExportedAction]:
        return [
            action
            for section in self.sections
            for duty in section.duties
            for expectation in duty.expectations
            for action in expectation.actions
        ]
