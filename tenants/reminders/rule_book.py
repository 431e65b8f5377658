"""Rules as data: the ones that the product ships, changed by trusts and then by schools, field by field; and in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import yaml

SOURCE = Path(__file__).with_name("rules.yaml")
NOBODY = "nobody"


class To(StrEnum):
    """To whom a rule sends: roles at the school and its trust, or whoever the thing itself belongs to."""

    OWNER = "owner"
    PERSON = "person"
    PREVENT_LEAD = "prevent_lead"
    DSL = "dsl"
    HEADTEACHER = "headteacher"
    TRUST_LEAD = "trust_lead"


TO_NAMES = {
    To.OWNER: "The action’s owner",
    To.PERSON: "The person",
    To.PREVENT_LEAD: "Prevent lead",
    To.DSL: "DSL",
    To.HEADTEACHER: "Headteacher",
    To.TRUST_LEAD: "Trust safeguarding lead",
}
_TO_WORDS = {
    To.OWNER: "the action’s owner",
    To.PERSON: "the person",
    To.PREVENT_LEAD: "the Prevent lead",
    To.DSL: "the DSL",
    To.HEADTEACHER: "the headteacher",
    To.TRUST_LEAD: "the trust’s safeguarding lead",
}
ROLES = (To.PREVENT_LEAD, To.DSL, To.HEADTEACHER, To.TRUST_LEAD)

DATED = frozenset({"action", "review", "returned", "evidence", "filtering", "own-lapsing"})
OF_ACTIONS = frozenset({"action", "review", "returned"})
PERSONAL = frozenset({"own-training", "own-lapsing", "own-reading"})
# The referral log is need-to-know: what follows from it, even a count, is for those who may read it.
CONFIDENTIAL = frozenset({"follow-ups"})
LOOKS_AHEAD = frozenset({"lapsing"})  # standing, and `days_before` says how far it looks


@dataclass(frozen=True)
class Rule:
    """One rule as it holds at a school. Days are calendar days; the school's calendar moves what falls in holidays."""

    key: str
    title: str
    active: bool = True
    days_before: int | None = None  # none: not before
    days_after: int | None = None
    every_days: int = 0  # 0: once
    recipients: tuple[To, ...] = ()
    escalate_to: To | None = None
    escalate_after: int | None = None
    at_most: int = 1  # mails a week to one person
    begins_after: int = 0  # days after the school started here, and after the rule came
    position: int = 0

    @property
    def is_dated(self) -> bool:
        return self.key in DATED

    @property
    def is_personal(self) -> bool:
        return self.key in PERSONAL

    @property
    def is_confidential(self) -> bool:
        return self.key in CONFIDENTIAL

    @property
    def asks_days_before(self) -> bool:
        return self.days_before is not None

    @property
    def asks_days_after(self) -> bool:
        return self.is_dated and not self.is_personal

    @property
    def may_go_to(self) -> tuple[To, ...]:
        """To whom the rule may be made to send."""
        if self.is_confidential:
            return (To.PREVENT_LEAD,)
        if self.is_personal:
            return (To.PERSON,)
        return (To.OWNER, *ROLES) if self.key in OF_ACTIONS else ROLES

    @property
    def may_escalate_to(self) -> tuple[To, ...]:
        return () if self.is_confidential or self.is_personal else (To.PREVENT_LEAD, To.HEADTEACHER, To.TRUST_LEAD)


class RuleChange(Protocol):
    """What a trust or school changed; none in a field leaves it as it is."""

    key: Any
    active: Any
    days_before: Any
    days_after: Any
    every_days: Any
    recipients: Any
    escalate_to: Any
    escalate_after: Any
    at_most: Any


_PLAIN_FIELDS = ("active", "days_before", "days_after", "every_days", "escalate_after", "at_most")


@lru_cache(maxsize=1)
def built_in_rules() -> tuple[Rule, ...]:
    """The rules of `rules.yaml`, in its order."""
    entries = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))["reminder_rules"]
    return tuple(_from_entry(entry, position) for position, entry in enumerate(entries))


def _from_entry(entry: Mapping[str, Any], position: int) -> Rule:
    plain = {name: entry[name] for name in _PLAIN_FIELDS if name in entry}
    return Rule(
        key=entry["key"],
        title=entry["title"],
        recipients=tuple(To(each) for each in entry["recipients"]),
        escalate_to=To(entry["escalate_to"]) if "escalate_to" in entry else None,
        begins_after=entry.get("begins_after", 0),
        position=position,
        **plain,
    )


def built_in_rule(key: str) -> Rule | None:
    return next((rule for rule in built_in_rules() if rule.key == key), None)


def rules_with(changes: Iterable[RuleChange]) -> tuple[Rule, ...]:
    """The shipped rules with the changes applied in their order: the trust's first, then the school's.

    What a rule may not do, it does not do whatever a change says: referrals stay with the Prevent lead.
    """
    by_key: dict[str, Rule] = {rule.key: rule for rule in built_in_rules()}
    for change in changes:
        if change.key in by_key:
            by_key[change.key] = changed(by_key[change.key], change)
    return tuple(by_key.values())


def changed(rule: Rule, change: RuleChange) -> Rule:
    values: dict[str, Any] = {
        name: getattr(change, name) for name in _PLAIN_FIELDS if getattr(change, name) is not None
    }
    if change.recipients is not None:
        kept = tuple(To(each) for each in change.recipients if each in rule.may_go_to)
        values["recipients"] = kept or rule.recipients
    if change.escalate_to == NOBODY:
        values |= {"escalate_to": None, "escalate_after": None}
    elif change.escalate_to in rule.may_escalate_to:
        values["escalate_to"] = To(change.escalate_to)
    made = replace(rule, **values)
    return replace(made, escalate_after=made.escalate_after or 14) if made.escalate_to else made


def in_words(rule: Rule) -> str:
    """“14 days before, 1 day after and then every 7 days, to the action's owner; after 14 days to the headteacher”."""
    if not rule.active:
        return "Switched off."
    to = _listed([_TO_WORDS[each] for each in rule.recipients])
    words = f"{_when(rule)}, to {to}."
    if rule.escalate_to and rule.escalate_after:
        words += f" After {_days(rule.escalate_after)} also to {_TO_WORDS[rule.escalate_to]}."
    return f"{words} At most {_times(rule.at_most)} a week."


def _when(rule: Rule) -> str:
    if not rule.is_dated:
        when = "Each week" if rule.every_days == 7 else f"Every {_days(rule.every_days)}"
        if rule.begins_after:
            when = f"{when}, from {_days(rule.begins_after)} after the school started here"
        return f"{when}, for what lapses within {_days(rule.days_before or 0)}" if rule.key in LOOKS_AHEAD else when
    parts = []
    if rule.days_before is not None:
        parts.append(f"{_days(rule.days_before)} before" if rule.days_before else "on the day")
    if rule.asks_days_after and rule.days_after is not None:
        parts.append(f"{_days(rule.days_after)} after" if rule.days_after else "on the day after")
        if rule.every_days:
            parts.append(f"then every {_days(rule.every_days)}")
    words = _listed(parts)
    return words[:1].upper() + words[1:]


def _days(count: int) -> str:
    return f"{count} {'day' if count == 1 else 'days'}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
