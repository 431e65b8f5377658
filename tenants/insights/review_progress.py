"""What a review of filtering and monitoring asked for, and whether it is done: what the plan says of the actions linked.

A review looks finished only when everything that it asked for has an action in the plan and all of those are done. What
nobody put into the plan is open, and so is what was taken out of it.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from prevent_trust.tenancy import SchoolScope
from tenants.filtering.models import ReviewOutcome
from tenants.filtering.rules import asked_for
from tenants.insights.measures.compliance import action_states
from tenants.insights.measures.filtering import KnownReview
from tenants.insights.measures.review_actions import LinkedAction, linked_actions
from tenants.insights.measures.types import ActionState
from tenants.plan.models import ActionStanding

_SETTLED = {ActionStanding.MET, ActionStanding.NOT_APPLICABLE}


class AskedState(StrEnum):
    DONE = "done"
    OPEN = "open"
    OVERDUE = "overdue"
    NOT_IN_PLAN = "not_in_plan"


ASKED_STATE_NAMES = {
    AskedState.DONE: "Done",
    AskedState.OPEN: "Open",
    AskedState.OVERDUE: "Overdue",
    AskedState.NOT_IN_PLAN: "Not in the action plan",
}


@dataclass(frozen=True)
class AskedFor:
    """A thing that a review asked for, with the actions that do it; each with its state where it is in the plan."""

    words: str
    actions: tuple[tuple[LinkedAction, ActionState | None], ...]

    @property
    def state(self) -> AskedState:
        """Done only when every action is settled and at least one of them is met."""
        states = [state for _, state in self.actions]
        if all(state is None for state in states):
            return AskedState.NOT_IN_PLAN
        if any(state is not None and state.is_overdue for state in states):
            return AskedState.OVERDUE
        standings = {state.status if state else None for state in states}
        return AskedState.DONE if ActionStanding.MET in standings and standings <= _SETTLED else AskedState.OPEN


@dataclass(frozen=True)
class ReviewProgress:
    """All that a review asked for. Links to words that the review no longer has stand after those that it has."""

    asked: tuple[AskedFor, ...]

    def count(self, state: AskedState) -> int:
        return sum(each.state == state for each in self.asked)

    @property
    def is_finished(self) -> bool:
        return bool(self.asked) and self.count(AskedState.DONE) == len(self.asked)

    @property
    def words(self) -> str:
        """How far it is, in words that stand alone; nothing for a review that asked for nothing."""
        if not self.asked:
            return ""
        if self.count(AskedState.NOT_IN_PLAN) == len(self.asked):
            return "Nothing of it is in the action plan yet"
        told = [f"{self.count(AskedState.DONE)} of {len(self.asked)} done"]
        for state, words in ((AskedState.OVERDUE, "overdue"), (AskedState.NOT_IN_PLAN, "not in the action plan")):
            told += [f"{self.count(state)} {words}"] if self.count(state) else []
        return ", ".join(told)


def progress_of(
    *, outcome: ReviewOutcome, actions: str, linked: Sequence[LinkedAction], states: Iterable[ActionState]
) -> ReviewProgress:
    """The progress of one review, from its links and the states of the plan's actions on the same day."""
    by_id = {state.action_id: state for state in states}
    lines = asked_for(actions) if outcome is ReviewOutcome.ACTIONS_NEEDED else []
    others = dict.fromkeys(each.words for each in linked if each.words not in lines)
    return ReviewProgress(
        tuple(
            AskedFor(
                words,
                tuple(
                    (each, by_id.get(each.action_id) if each.is_in_plan else None)
                    for each in linked
                    if each.words == words
                ),
            )
            for words in (*lines, *others)
        )
    )


def progress_of_reviews(
    scope: SchoolScope, reviews: Sequence[KnownReview], *, as_at: date
) -> dict[uuid.UUID, ReviewProgress]:
    """The progress of each review as known at the end of the day. Two queries; none when no review asked for anything."""
    if not any(review.outcome is ReviewOutcome.ACTIONS_NEEDED for review in reviews):
        return {review.id: ReviewProgress(()) for review in reviews}
    linked, states = linked_actions(scope, as_at=as_at), action_states(scope, as_at=as_at)
    return {
        review.id: progress_of(
            outcome=review.outcome,
            actions=review.actions,
            linked=[each for each in linked if each.review_id == review.id],
            states=states,
        )
        for review in reviews
    }
