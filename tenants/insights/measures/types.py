"""What a measure gives back."""

import uuid
from dataclasses import dataclass
from datetime import date

from tenants.plan.models import ActionStanding, ActionStatus, Theme
from tenants.plan.rules import SectionCounts


@dataclass(frozen=True)
class Coverage:
    """How many of the staff who need something have it, at one school on one date."""

    school_id: uuid.UUID
    key: str  # of the course or document
    numerator: int
    denominator: int

    @property
    def missing(self) -> int:
        return self.denominator - self.numerator

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means everybody; none where nobody needs it."""
        return 100 * self.numerator // self.denominator if self.denominator else None


@dataclass(frozen=True)
class Lapsing:
    """How many people's training in a course runs out soon at one school, and the day on which the first does."""

    school_id: uuid.UUID
    course: str
    people: int
    first_on: date


@dataclass(frozen=True)
class Forecast:
    """How many of those who need a course will hold it on a day to come, if nobody does anything until then."""

    day: date
    course: str
    holds: int
    needs: int


@dataclass(frozen=True)
class PersonNeed:
    """A course or document that somebody needs. `until` is when what they hold lapses, where it does."""

    staff_id: uuid.UUID
    key: str
    holds: bool
    done_on: date | None
    until: date | None


@dataclass(frozen=True)
class Upkeep:
    """What else a school must keep in order, counted on one date."""

    school_id: uuid.UUID
    has_prevent_lead: bool
    has_dsl: bool
    staff: int
    follow_ups_overdue: int  # open referrals whose follow-up was due before the date
    own_contacts: int
    contacts_unchecked: int  # own contacts not checked within twelve months


@dataclass(frozen=True)
class ActionState:
    """An action of a plan with its effective status: declared, or derived from its measure."""

    school_id: uuid.UUID
    action_id: uuid.UUID
    theme: Theme | None
    expectation_id: uuid.UUID
    position: int
    status: ActionStanding
    declared_status: ActionStatus
    is_derived: bool
    is_overridden: bool
    measure: str | None
    target_percent: int | None
    numerator: int | None
    denominator: int | None
    owner_role: str | None
    owner_id: uuid.UUID | None
    due_on: date | None
    review_on: date | None  # when it is to be looked at again
    awaits_confirmation: bool
    is_overdue: bool


@dataclass(frozen=True)
class SectionStanding:
    """How a theme of one school's plan stands. `due_soon` are not met and due within two weeks (`DUE_WITHIN`)."""

    school_id: uuid.UUID
    theme: Theme | None
    counts: SectionCounts
    due_soon: int


@dataclass(frozen=True)
class TermVolume:
    """How many referrals a school made in a term, beside its pupils (GIAS number on roll; none where unknown)."""

    school_id: uuid.UUID
    term: str
    referrals: int
    pupils: int | None
