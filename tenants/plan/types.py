"""A plan as it is read: sections hold duties, duties hold expectations, expectations hold actions."""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime

from tenants.plan.models import ActionStanding, ActionStatus, Carried, Theme

STATUS_NAMES = {
    ActionStatus.NOT_ANSWERED: "Not answered",
    ActionStatus.NOT_MET: "Not met",
    ActionStatus.PARTLY_MET: "Partly met",
    ActionStatus.MET: "Met",
    ActionStatus.NOT_APPLICABLE: "Not applicable",
}
STANDING_NAMES = {ActionStanding(status.value): name for status, name in STATUS_NAMES.items()} | {
    ActionStanding.STALE: "Review due"
}

ROLE_WORDS = {
    "all_staff": "All staff",
    "prevent_lead": "Prevent lead",
    "dsl": "DSL",
    "deputy_dsl": "Deputy DSL",
    "slt": "SLT",
    "headteacher": "Headteacher",
    "computing_lead": "Computing lead",
    "it_service": "IT service",
    "governor": "Governors",
    "link_governor": "Link governor",
}


def role_words(role: str) -> str:
    """A role as people say it; a role that a school's own document names stays as it stands there."""
    return ROLE_WORDS.get(role, role)


@dataclass(frozen=True)
class ActionRow:
    """An action with its wording and its answer, as the list shows it."""

    id: uuid.UUID
    expectation_id: uuid.UUID
    position: int
    wording: str  # the school's own where it has one
    edition_wording: str
    edition_key: str | None
    good_looks_like: str
    note_beside: str
    roles: tuple[str, ...]
    dfe_area: str | None
    serves: tuple[str, ...]
    is_own: bool
    measure: str | None
    target_percent: int | None
    answer_id: uuid.UUID | None
    note: str
    override_reason: str | None
    owner_role: str | None
    owner_id: uuid.UUID | None
    owner_name: str | None
    due_on: date | None
    local_wording: str | None
    recurs_months: int | None
    confirmed_on: date | None
    review_on: date | None
    awaits_confirmation: bool
    carried_as: Carried | None
    carried_from_id: uuid.UUID | None
    evidence_count: int
    expired_count: int  # of those, pieces that have expired by the day

    @property
    def by_whom(self) -> str:
        return ", ".join(role_words(role) for role in self.roles)


@dataclass
class ExpectationOutline:
    id: uuid.UUID
    wording: str
    note: str
    actions: list[ActionRow] = field(default_factory=list)


@dataclass
class DutyOutline:
    id: uuid.UUID
    wording: str
    expectations: list[ExpectationOutline] = field(default_factory=list)


@dataclass
class SectionOutline:
    id: uuid.UUID
    key: str
    title: str
    theme: Theme | None
    duties: list[DutyOutline] = field(default_factory=list)

    @property
    def actions(self) -> list[ActionRow]:
        return [action for duty in self.duties for expectation in duty.expectations for action in expectation.actions]


@dataclass(frozen=True)
class Change:
    """One field of an answer that somebody changed. `before` and `after` are as the page shows them."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class HistoryEntry:
    at: datetime
    by: str
    changes: tuple[Change, ...]
