"""A school's plan read as at a day: its wording and answers, how each action stands, what is doubtful, what was checked."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from prevent_trust.tenancy import SchoolScope
from tenants.insights.measures.flags import Flag, plans_not_opened, states_with_flags
from tenants.insights.measures.types import ActionState
from tenants.plan.queries import PlanHeader, current_plan, outline
from tenants.plan.types import ActionRow, DutyOutline, ExpectationOutline, SectionOutline
from tenants.plan.verification.queries import Verification, verifications
from tenants.references.frameworks import Framework, FrameworkItem

LONDON = ZoneInfo("Europe/London")
NOT_PLACED = "Serves no part of it"


@dataclass(frozen=True)
class PlanReading:
    """`is_past` says that the day is before today. Flags and checks are by action; flags of the plan as a whole apart."""

    as_at: date
    is_past: bool
    header: PlanHeader
    sections: list[SectionOutline]
    states: dict[uuid.UUID, ActionState]
    flags: dict[uuid.UUID, list[Flag]]
    plan_flags: list[Flag]
    checks: dict[uuid.UUID, Verification]

    @property
    def actions(self) -> list[ActionRow]:
        return [action for section in self.sections for action in section.actions]

    def sections_by(self, framework: Framework) -> list[SectionOutline]:
        """A section for each part of the framework that actions serve; an action that serves two stands in both.

        What serves none of its parts comes last, so that nothing of the plan is missing.
        """
        found = [self._serving(framework, item) for item in framework.items]
        served = {action.id for section in found for action in section.actions}
        rest = self._section(f"{framework.key}-rest", NOT_PLACED, lambda action: action.id not in served)
        return [section for section in [*found, rest] if section.actions]

    def not_covered(self, framework: Framework) -> list[str]:
        """The parts of the framework that no action of the plan serves."""
        return [item.title for item in framework.items if not self._serving(framework, item).actions]

    def _serving(self, framework: Framework, item: FrameworkItem) -> SectionOutline:
        title = f"{item.place}: {item.title}" if item.place != item.title else item.title
        return self._section(item.code.replace(":", "-"), title, lambda action: serves(action, item))

    def _section(self, key: str, title: str, belongs: Callable[[ActionRow], bool]) -> SectionOutline:
        duties = []
        for section in self.sections:
            for duty in section.duties:
                expectations = [
                    replace(expectation, actions=rows)
                    for expectation in duty.expectations
                    if (rows := [action for action in expectation.actions if belongs(action)])
                ]
                if expectations:
                    duties.append(replace(duty, expectations=expectations))
        return SectionOutline(uuid.uuid5(uuid.NAMESPACE_URL, key), key, title, None, duties)


def serves(action: ActionRow, item: FrameworkItem) -> bool:
    return item.is_served_by(key=action.edition_key, dfe_area=action.dfe_area, serves=action.serves)


def end_of_day(day: date) -> datetime:
    """The first moment of the next day in England."""
    return datetime.combine(day + timedelta(days=1), time(), LONDON)


def read_plan(scope: SchoolScope, *, as_at: date, today: date) -> PlanReading | None:
    """The plan as at the end of a day; none when the school had none then. Eight queries, however long it is."""
    at = end_of_day(as_at) if as_at < today else None
    header = current_plan(scope, at=at)
    if header is None:
        return None
    found = states_with_flags(scope, as_at=as_at)
    is_unopened = scope.school_id in plans_not_opened(scope, as_at=as_at)
    return PlanReading(
        as_at=as_at,
        is_past=as_at < today,
        header=header,
        sections=outline(scope, header, at=at),
        states={state.action_id: state for state, _ in found},
        flags={state.action_id: there for state, there in found if there},
        plan_flags=[Flag.NOT_OPENED] if is_unopened else [],
        checks=verifications(scope, at=at),
    )


def matching(sections: list[SectionOutline], shows: Callable[[ActionRow], bool]) -> list[SectionOutline]:
    """The same sections with only the actions that are shown; parts that are left empty go."""

    def expectations(duty: DutyOutline) -> list[ExpectationOutline]:
        kept = [replace(each, actions=[row for row in each.actions if shows(row)]) for each in duty.expectations]
        return [each for each in kept if each.actions]

    found = []
    for section in sections:
        duties = [replace(duty, expectations=kept) for duty in section.duties if (kept := expectations(duty))]
        if duties:
            found.append(replace(section, duties=duties))
    return found
