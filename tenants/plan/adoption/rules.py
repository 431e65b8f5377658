"""What becomes of each action of a plan when another edition or another year takes its place. Pure functions.

- The same key and the same words: the answer comes along.
- The same key, other words: the answer comes along and asks to be confirmed; until then it counts as nothing that is met.
- A key that is gone: the action stays behind in the plan before, with its history.
- A new key: nothing is answered.
- An action of the school's own comes along, to where its expectation is now.
- At the turn of the academic year, what recurs is asked anew; what was for once stays as it is.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tenants.calendar.school_year import USUAL_CALENDAR, SchoolCalendar
from tenants.plan.edition_content import ContentAction, ContentExpectation, EditionContent
from tenants.plan.models import ActionStatus, AdoptionKind, Carried, Theme


@dataclass(frozen=True)
class HeldAnswer:
    """What a school says of an action, apart from who said it when."""

    status: ActionStatus = ActionStatus.NOT_ANSWERED
    override_reason: str | None = None
    owner_role: str | None = None
    owner_id: uuid.UUID | None = None
    due_on: date | None = None
    note: str = ""
    local_wording: str | None = None
    confirmed_on: date | None = None
    review_on: date | None = None
    awaits_confirmation: bool = False


@dataclass(frozen=True)
class HeldAction:
    """An action of the plan that is there. `key` is its edition's; an own action has none and brings its own wording."""

    id: uuid.UUID
    key: str | None
    wording: str
    roles: tuple[str, ...]
    measure: str | None
    target_percent: int | None
    recurs_months: int | None
    theme: Theme | None
    section_key: str
    duty_key: str
    expectation_key: str
    answer: HeldAnswer


@dataclass(frozen=True)
class CarriedAction:
    """An action of the plan to come. `wording` and `roles` are its own where it has no key of the edition."""

    key: str | None
    expectation_key: str
    carried_from: uuid.UUID | None
    carried_as: Carried | None
    answer: HeldAnswer
    wording: str = ""
    roles: tuple[str, ...] = ()
    measure: str | None = None
    target_percent: int | None = None
    recurs_months: int | None = None

    @property
    def keeps_evidence(self) -> bool:
        """Last year's evidence does not show what is asked for this year."""
        return self.carried_as in {Carried.SAME, Carried.REWORDED}


@dataclass(frozen=True)
class Conflict:
    """Something of the school's own that meets a change of the edition: kept, and shown."""

    action: str
    what: str


@dataclass(frozen=True)
class Carrying:
    actions: tuple[CarriedAction, ...]
    retired: tuple[HeldAction, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def to_confirm(self) -> int:
        return sum(each.carried_as is Carried.REWORDED and each.answer.awaits_confirmation for each in self.actions)

    @property
    def reopened(self) -> int:
        return sum(each.carried_as is Carried.REOPENED for each in self.actions)


def carry(
    held: Sequence[HeldAction],
    new: EditionContent,
    *,
    kind: AdoptionKind,
    pairs: Mapping[uuid.UUID, str] | None = None,
    calendar: SchoolCalendar = USUAL_CALENDAR,
) -> Carrying:
    """The plan to come. `pairs` name, for a match, the edition's key that an action of the school's document becomes.

    What recurs is due a year later by the school's own `calendar`.
    """
    keys = dict(pairs or {}) if kind is AdoptionKind.MATCH else {each.id: each.key for each in held if each.key}
    by_key = {keys[each.id]: each for each in held if each.id in keys}
    actions: list[CarriedAction] = []
    conflicts: list[Conflict] = []
    for action, expectation in _with_expectation(new):
        before = by_key.get(action.key)
        if before is None:
            actions.append(_fresh(action, expectation))
            continue
        carried = _carried(before, action, expectation, kind, calendar)
        actions.append(carried)
        conflicts += _conflicts(before, action, carried)
    for before in held:
        if before.id in keys and (before.key is not None or kind is AdoptionKind.MATCH):
            continue
        own, conflict = _own(before, new, kind, calendar)
        actions.append(own)
        if conflict:
            conflicts.append(conflict)
    there = {action.key for action in new.actions}
    retired = tuple(each for each in held if each.id in keys and keys[each.id] not in there)
    return Carrying(tuple(actions), retired, tuple(conflicts))


def due_by(carrying: Carrying, day: date) -> Carrying:
    """The same with a due date for each action that is left to do and has none."""
    actions = tuple(
        replace(each, answer=replace(each.answer, due_on=day))
        if each.answer.due_on is None and each.answer.status not in {ActionStatus.MET, ActionStatus.NOT_APPLICABLE}
        else each
        for each in carrying.actions
    )
    return replace(carrying, actions=actions)


def _with_expectation(content: EditionContent) -> list[tuple[ContentAction, ContentExpectation]]:
    return [(placed.action, placed.expectation) for placed in content.placed()]


def _fresh(action: ContentAction, expectation: ContentExpectation) -> CarriedAction:
    return CarriedAction(
        key=action.key,
        expectation_key=expectation.key,
        carried_from=None,
        carried_as=None,
        answer=HeldAnswer(),
        measure=action.measure,
        target_percent=action.target_percent,
        recurs_months=action.recurs_months,
    )


def _carried(
    before: HeldAction,
    action: ContentAction,
    expectation: ContentExpectation,
    kind: AdoptionKind,
    calendar: SchoolCalendar,
) -> CarriedAction:
    reworded = before.wording.split() != action.wording.split()
    answer = before.answer
    how = Carried.REWORDED if reworded else Carried.SAME
    if action.measure is not None and answer.override_reason is None:
        answer = replace(answer, status=ActionStatus.NOT_ANSWERED, confirmed_on=None, awaits_confirmation=False)
    elif action.measure is None and before.measure is not None:
        # The records spoke for it until now, or an override against them: somebody has to say it afresh.
        answer = replace(
            answer, status=ActionStatus.NOT_ANSWERED, override_reason=None, confirmed_on=None, awaits_confirmation=False
        )
    elif kind is AdoptionKind.ROLL_OVER and action.recurs_months is not None:
        how, answer = Carried.REOPENED, _reopened(answer, calendar)
    elif reworded and answer.status is not ActionStatus.NOT_ANSWERED:
        answer = replace(answer, awaits_confirmation=True)
    return CarriedAction(
        key=action.key,
        expectation_key=expectation.key,
        carried_from=before.id,
        carried_as=how,
        answer=answer,
        measure=action.measure,
        target_percent=action.target_percent,
        recurs_months=action.recurs_months,
    )


def _reopened(answer: HeldAnswer, calendar: SchoolCalendar) -> HeldAnswer:
    """Who does it stays; when it was due moves on by a year; what was said of it stands with the past year's answer."""
    due = answer.due_on
    return HeldAnswer(
        owner_role=answer.owner_role,
        owner_id=answer.owner_id,
        due_on=calendar.a_year_later(due) if due else None,
        local_wording=answer.local_wording,
    )


def _conflicts(before: HeldAction, action: ContentAction, carried: CarriedAction) -> list[Conflict]:
    found = []
    if before.answer.local_wording and before.wording.split() != action.wording.split():
        found.append(
            Conflict(
                before.answer.local_wording, f"You word this for your school. The edition now says: {action.wording}"
            )
        )
    if before.answer.override_reason and carried.answer.override_reason is None:
        found.append(Conflict(action.wording, "You had declared a status against the records. It is asked for afresh."))
    return found


def _own(
    before: HeldAction, new: EditionContent, kind: AdoptionKind, calendar: SchoolCalendar
) -> tuple[CarriedAction, Conflict | None]:
    place, is_the_same = _place_for(before, new)
    answer, how = before.answer, Carried.SAME
    if kind is AdoptionKind.ROLL_OVER and before.recurs_months is not None:
        answer, how = _reopened(answer, calendar), Carried.REOPENED
    own = CarriedAction(
        key=None,
        expectation_key=place.key,
        carried_from=before.id,
        carried_as=how,
        answer=answer,
        wording=before.wording,
        roles=before.roles,
        recurs_months=before.recurs_months,
    )
    if is_the_same:
        return own, None
    what = f"The part of the plan that it stood in is not in this edition. It is placed under “{place.wording}”."
    return own, Conflict(before.wording, what)


def _place_for(before: HeldAction, new: EditionContent) -> tuple[ContentExpectation, bool]:
    """Where an own action stands now: its expectation, else the first of its duty, of its section or theme, of the edition."""
    same = next((each for each in new.expectations if each.key == before.expectation_key), None)
    if same is not None:
        return same, True
    duties = [duty for section in new.sections for duty in section.duties]
    in_duty = [each for duty in duties if duty.key == before.duty_key for each in duty.expectations]
    in_section = [
        each
        for section in new.sections
        if section.key == before.section_key or (before.theme is not None and section.theme is before.theme)
        for duty in section.duties
        for each in duty.expectations
    ]
    return next(iter([*in_duty, *in_section, *new.expectations])), False
