"""A plan as it was read, with all its words worked out for a file."""

import uuid
from collections.abc import Sequence
from datetime import date

from prevent_trust.tenancy import SchoolScope
from tenants.insights.measures.types import ActionState
from tenants.insights.plan_reading import PlanReading, end_of_day
from tenants.organisations.queries import names_of_organisations
from tenants.plan.evidence.queries import EvidencePiece, evidence_of_school
from tenants.plan.exports.types import (
    ExportedAction,
    ExportedDuty,
    ExportedExpectation,
    ExportedPlan,
    ExportedSection,
)
from tenants.plan.models import ActionStanding, ActionStatus
from tenants.plan.rules import SectionCounts, SectionState
from tenants.plan.types import STANDING_NAMES, ActionRow, SectionOutline, role_words
from tenants.references.frameworks import items_served

STATE_NAMES = {
    SectionState.GREEN: "Green",
    SectionState.AMBER: "Amber",
    SectionState.RED: "Red",
    SectionState.NOT_ANSWERED: "Not answered",
}


def exported_plan(
    scope: SchoolScope,
    reading: PlanReading,
    *,
    sections: Sequence[SectionOutline] | None = None,
    not_covered: Sequence[str] = (),
    with_people: bool = True,
) -> ExportedPlan:
    """The plan as a file is made from: whole, or those sections. Without people, owners are given as roles only."""
    evidence = evidence_by_action(scope, reading)
    shown = reading.sections if sections is None else sections
    return ExportedPlan(
        school=names_of_organisations({scope.school_id})[scope.school_id],
        title=reading.header.title,
        introduction=reading.header.introduction,
        as_at=reading.as_at,
        verdict=verdict(reading),
        sections=tuple(_section(each, reading, evidence, with_people) for each in shown),
        leftovers=reading.header.leftovers if sections is None else (),
        not_covered=tuple(not_covered),
    )


def evidence_by_action(scope: SchoolScope, reading: PlanReading) -> dict[uuid.UUID, list[EvidencePiece]]:
    """Every piece that served an action on the day of the reading."""
    at = end_of_day(reading.as_at) if reading.is_past else None
    found: dict[uuid.UUID, list[EvidencePiece]] = {}
    for piece in evidence_of_school(scope, at=at):
        for action_id in piece.action_ids:
            found.setdefault(action_id, []).append(piece)
    return found


def verdict(reading: PlanReading) -> str:
    """One sentence on the whole: how many actions are met, and what is not as it should be."""
    counts = counts_of([reading.states[row.id] for row in reading.actions if row.id in reading.states])
    said = f"{counts.met} of {counts.applicable} actions are met"
    troubles = [
        f"{number} {words}"
        for number, words in (
            (counts.overdue, "overdue"),
            (counts.stale, "due for review"),
            (counts.total - counts.answered, "not answered"),
        )
        if number
    ]
    return f"{said}; {', '.join(troubles)}." if troubles else f"{said}."


def counts_of(states: Sequence[ActionState]) -> SectionCounts:
    def count(standing: ActionStanding) -> int:
        return sum(state.status is standing for state in states)

    return SectionCounts(
        total=len(states),
        met=count(ActionStanding.MET),
        partly_met=count(ActionStanding.PARTLY_MET),
        not_met=count(ActionStanding.NOT_MET),
        not_applicable=count(ActionStanding.NOT_APPLICABLE),
        stale=count(ActionStanding.STALE),
        overdue=sum(state.is_overdue for state in states),
    )


def _section(
    section: SectionOutline, reading: PlanReading, evidence: dict[uuid.UUID, list[EvidencePiece]], with_people: bool
) -> ExportedSection:
    counts = counts_of([reading.states[row.id] for row in section.actions if row.id in reading.states])
    return ExportedSection(
        title=section.title,
        state_name=STATE_NAMES[counts.state],
        counts=counts,
        duties=tuple(
            ExportedDuty(
                duty.wording,
                tuple(
                    ExportedExpectation(
                        each.wording,
                        each.note,
                        tuple(_action(row, reading, evidence.get(row.id, []), with_people) for row in each.actions),
                    )
                    for each in duty.expectations
                ),
            )
            for duty in section.duties
        ),
    )


def _action(row: ActionRow, reading: PlanReading, evidence: list[EvidencePiece], with_people: bool) -> ExportedAction:
    state = reading.states[row.id]
    check = reading.checks.get(row.id)
    owner = row.owner_name if with_people and row.owner_name else role_words(row.owner_role) if row.owner_role else ""
    return ExportedAction(
        key=row.edition_key or "",
        wording=row.wording,
        good_looks_like=row.good_looks_like,
        note_beside=row.note_beside,
        roles=tuple(role_words(role) for role in row.roles),
        status=state.declared_status if not state.is_derived else _as_declared(state),
        status_name=STANDING_NAMES[state.status],
        how_known=how_known(state),
        override_reason=row.override_reason or "",
        owner=owner,
        due_on=row.due_on,
        is_overdue=state.is_overdue,
        note=row.note,
        evidence=tuple(_evidence_words(piece, reading.as_at) for piece in evidence),
        references=tuple(
            f"{framework.title}, {item.place}"
            for framework, item in items_served(key=row.edition_key, dfe_area=row.dfe_area, serves=row.serves)
        ),
        is_own=row.is_own,
        verification=f"{check.words} on {_day(check.at.astimezone().date())}" if check else "",
    )


def _as_declared(state: ActionState) -> ActionStatus:
    return ActionStatus(state.status.value)


def _evidence_words(piece: EvidencePiece, day: date) -> str:
    ended = f" (expired {_day(piece.now.expires_on)})" if piece.now.expires_on and piece.now.has_expired(day) else ""
    return f"{piece.title}{ended}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def how_known(state: ActionState) -> str:
    """Where a status comes from, in words: “38 of 41 staff; 3 missing”."""
    if not state.is_derived:
        return "Declared against the records" if state.is_overridden else "Declared"
    kind = (state.measure or "").partition(":")[0]
    if not state.denominator:
        return {
            "referrals": "From records: no referral is waiting for anything",
            "contacts": "From records: the school has no contacts of its own yet",
        }.get(kind, "From records: nobody is on the list yet")
    done, of = state.numerator or 0, state.denominator
    if kind == "post":
        return "From records: the post is filled" if done else "From records: nobody holds the post"
    if kind == "filtering":
        return f"From records: {'reviewed within a year' if done else 'no review within a year'}"
    things = {"referrals": "open referrals", "contacts": "contacts"}.get(kind, "staff")
    missing = f"; {of - done} missing" if things == "staff" else f"; {of - done} to see to"
    return f"From records: {done} of {of} {things}{missing if done < of else ''}, target {state.target_percent}%"
