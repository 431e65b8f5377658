"""Red, amber, green: the written rules, in one place. docs/how-status-works.md explains them to their users.

The rules for one action against a measure are SQL, so that a school's page and a trust's comparison of ninety schools
run the same words; the rules for a section work on its counts.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# Below half of its target a measured action is not met; from there to the target it is partly met.
PARTLY_MET_FROM_SHARE_OF_TARGET = 2

DUE_WITHIN = timedelta(days=14)  # an action that is not met is due soon from then on

DERIVED_STATUS_SQL = f"""
case
  when denominator = 0 and measure = 'referrals:followed-up' then 'not_applicable'  -- none is waiting for anything
  when denominator is null or denominator = 0 then 'not_answered'
  when 100 * numerator >= target_percent * denominator then 'met'
  when 100 * numerator * {PARTLY_MET_FROM_SHARE_OF_TARGET} >= target_percent * denominator then 'partly_met'
  else 'not_met'
end
"""


# What was met once is not green for ever: until somebody looks at it again it is stale. What was said not to apply, too.
STALE_SQL = "status in ('met', 'not_applicable') and (awaits_confirmation or review_on <= :as_at)"


class SectionState(StrEnum):
    """How a section stands as a whole."""

    NOT_ANSWERED = "not_answered"
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True)
class SectionCounts:
    """How many actions of a section are in each state. `overdue` are those past their due date and not met."""

    total: int = 0
    met: int = 0
    partly_met: int = 0
    not_met: int = 0
    not_applicable: int = 0
    stale: int = 0
    overdue: int = 0

    @property
    def answered(self) -> int:
        return self.met + self.partly_met + self.not_met + self.not_applicable + self.stale

    @property
    def applicable(self) -> int:
        return self.total - self.not_applicable

    @property
    def met_percent(self) -> int | None:
        """Share of the applicable actions that are met, rounded down, so that 100 means all; none where none applies."""
        return 100 * self.met // self.applicable if self.applicable else None

    @property
    def answered_percent(self) -> int | None:
        return 100 * self.answered // self.total if self.total else None

    @property
    def state(self) -> SectionState:
        return section_state(self)

    def __add__(self, other: "SectionCounts") -> "SectionCounts":
        return SectionCounts(
            total=self.total + other.total,
            met=self.met + other.met,
            partly_met=self.partly_met + other.partly_met,
            not_met=self.not_met + other.not_met,
            not_applicable=self.not_applicable + other.not_applicable,
            stale=self.stale + other.stale,
            overdue=self.overdue + other.overdue,
        )


def section_state(counts: SectionCounts) -> SectionState:
    """The state of a section, from the first rule that fits.

    1. Nothing answered: not answered. 2. Anything not met, or past its due date: red. 3. Anything partly met, stale
    or not yet answered: amber. 4. Everything met or not applicable, with at least one met: green. A section in which
    everything was said not to apply is amber: somebody should look at it.
    """
    if counts.answered == 0:
        return SectionState.NOT_ANSWERED
    if counts.not_met or counts.overdue:
        return SectionState.RED
    if counts.partly_met or counts.stale or counts.answered < counts.total or not counts.met:
        return SectionState.AMBER
    return SectionState.GREEN
