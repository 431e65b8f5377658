"""The plan as the list shows it: read once for a day, filtered, in its own order or in that of what it serves."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import request

from tenants.insights.measures.flags import FLAG_RULES, Flag
from tenants.insights.measures.types import ActionState
from tenants.insights.plan_reading import PlanReading, matching
from tenants.plan.types import (
    STANDING_NAMES,
    ActionRow,
    SectionOutline,
    role_words,
)
from tenants.plan.verification.models import VerificationStep
from tenants.references.frameworks import Framework, framework_of

PLAN = "/schools/<uuid:school_id>/plan"
OVERDUE, TO_CONFIRM = "overdue", "to_confirm"
STATES = {standing.value: name for standing, name in STANDING_NAMES.items()} | {
    OVERDUE: "Overdue",
    TO_CONFIRM: "Reworded, to be confirmed",
}
CHECKS = {
    VerificationStep.SAMPLED.value: "The trust asks to see it",
    VerificationStep.SUBMITTED.value: "Submitted to the trust",
    VerificationStep.RETURNED.value: "Returned by the trust",
    VerificationStep.VERIFIED.value: "Verified by the trust",
}
MINE, NOBODY, ANY_FLAG = "mine", "nobody", "any"


@dataclass(frozen=True)
class PlanFilter:
    """Which actions are shown, and in which order: by section, state, person, role, flag and the trust's check."""

    reading: PlanReading
    section: str = ""
    state: str = ""
    owner: str = ""
    role: str = ""
    flag: str = ""
    check: str = ""
    order: Framework | None = None
    mine: frozenset[uuid.UUID] = frozenset()

    @classmethod
    def from_address(cls, reading: PlanReading, *, mine: set[uuid.UUID]) -> "PlanFilter":
        asked = request.args

        def one_of(name: str, allowed: set[str]) -> str:
            value = asked.get(name, "")
            return value if value in allowed else ""

        return cls(
            reading=reading,
            section=one_of("section", {place(section) for section in reading.sections}),
            state=one_of("state", set(STATES)),
            owner=asked.get("owner", "")[:100],
            role=asked.get("role", "")[:100],
            flag=one_of("flag", {ANY_FLAG, *(flag.value for flag in Flag)}),
            check=one_of("check", set(CHECKS)),
            order=framework_of(asked.get("order", "")),
            mine=frozenset(mine),
        )

    @property
    def is_active(self) -> bool:
        return bool(self.section or self.state or self.owner or self.role or self.flag or self.check)

    @property
    def address(self) -> dict[str, str]:
        """What the address holds, to be kept by links to the same list."""
        values = {
            "section": self.section,
            "state": self.state,
            "owner": self.owner,
            "role": self.role,
            "flag": self.flag,
            "check": self.check,
            "order": self.order.key if self.order else "",
            "as_at": self.reading.as_at.isoformat() if self.reading.is_past else "",
        }
        return {name: value for name, value in values.items() if value}

    def shows(self, action: ActionRow) -> bool:
        known = self.reading.states.get(action.id)
        return (
            known is not None
            and self._in_state(known)
            and self._is_owned(action)
            and (not self.role or self.role in roles(action))
            and self._is_flagged(action)
            and (not self.check or self._step(action) == self.check)
        )

    def _in_state(self, known: ActionState) -> bool:
        match self.state:
            case "":
                return True
            case "overdue":
                return known.is_overdue
            case "to_confirm":
                return known.awaits_confirmation
        return known.status == self.state

    def _is_owned(self, action: ActionRow) -> bool:
        if self.owner == MINE:
            return action.owner_id in self.mine
        if self.owner == NOBODY:
            return action.owner_id is None
        return not self.owner or self.owner == action.owner_name

    def _is_flagged(self, action: ActionRow) -> bool:
        there = self.reading.flags.get(action.id, [])
        return not self.flag or (bool(there) if self.flag == ANY_FLAG else self.flag in there)

    def _step(self, action: ActionRow) -> str:
        known = self.reading.checks.get(action.id)
        if known is None or (known.step is VerificationStep.VERIFIED and not known.is_current):
            return ""
        return known.step.value

    def sections(self) -> list[SectionOutline]:
        """What is shown: the plan's own sections, or the parts of a framework with the actions that serve each."""
        chosen = [section for section in self.reading.sections if not self.section or self.section == place(section)]
        if self.order is None:
            return matching(chosen, self.shows) if self.is_active else chosen
        within = {action.id for section in chosen for action in section.actions}
        return matching(self.reading.sections_by(self.order), lambda row: row.id in within and self.shows(row))

    @property
    def not_covered(self) -> list[str]:
        """Parts of the framework that no action of the plan serves."""
        return self.reading.not_covered(self.order) if self.order else []

    def selects(self) -> list[dict[str, Any]]:
        people = {row.owner_name for row in self.reading.actions if row.owner_name}
        posts = {role for row in self.reading.actions for role in roles(row)}
        places = {place(section): section.title for section in self.reading.sections}
        flagged = {flag.value: FLAG_RULES[flag].name for flag in Flag if flag is not Flag.NOT_OPENED}
        offered = [
            ("section", "Section", self.section, [("", "Any section"), *places.items()]),
            ("state", "State", self.state, [("", "Any state"), *STATES.items()]),
            (
                "owner",
                "Person",
                self.owner,
                [
                    ("", "Anybody"),
                    (MINE, "My actions"),
                    (NOBODY, "Nobody yet"),
                    *((name, name) for name in sorted(people)),
                ],
            ),
            ("role", "Role", self.role, [("", "Any role"), *((role, role) for role in sorted(posts))]),
            ("flag", "Flag", self.flag, [("", "Flagged or not"), (ANY_FLAG, "Any flag"), *flagged.items()]),
        ]
        if self.reading.checks:
            offered.append(("check", "Trust’s check", self.check, [("", "Checked or not"), *CHECKS.items()]))
        return [
            {"name": name, "label": label, "value": value, "options": options}
            for name, label, value, options in offered
        ]


def place(section: SectionOutline) -> str:
    return section.theme.value if section.theme else "other"


def roles(action: ActionRow) -> set[str]:
    """The role that was chosen, else those that the plan names; also where a person has it."""
    return {role_words(role) for role in ([action.owner_role] if action.owner_role else action.roles)}
