"""The wording of an edition as a value: read from its file, from the database or from a draft, and changed by pure functions.

Every part has a key that stays the same from edition to edition, so that two editions can be compared and a school's
answers carried from one to the next.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from tenants.plan.models import Theme


class EditionError(ValueError):
    """Something in an edition is not right; the message names the place."""


@dataclass(frozen=True)
class ContentAction:
    key: str
    wording: str
    good_looks_like: str = ""
    note: str = ""
    roles: tuple[str, ...] = ()
    dfe_area: str | None = None
    measure: str | None = None
    target_percent: int | None = None
    recurs_months: int | None = None
    references: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContentExpectation:
    key: str
    wording: str
    actions: tuple[ContentAction, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class ContentDuty:
    key: str
    wording: str
    expectations: tuple[ContentExpectation, ...] = ()


@dataclass(frozen=True)
class ContentSection:
    key: str
    title: str
    theme: Theme | None
    duties: tuple[ContentDuty, ...] = ()


@dataclass(frozen=True)
class PlacedAction:
    """An action with the parts that it stands in."""

    action: ContentAction
    section: ContentSection
    duty: ContentDuty
    expectation: ContentExpectation


@dataclass(frozen=True)
class EditionContent:
    sections: tuple[ContentSection, ...]

    def placed(self) -> Iterator[PlacedAction]:
        """Every action with its place, in order."""
        for section in self.sections:
            for duty in section.duties:
                for expectation in duty.expectations:
                    for action in expectation.actions:
                        yield PlacedAction(action, section, duty, expectation)

    @property
    def actions(self) -> list[ContentAction]:
        return [placed.action for placed in self.placed()]

    @property
    def expectations(self) -> list[ContentExpectation]:
        return [each for section in self.sections for duty in section.duties for each in duty.expectations]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "EditionContent":
        return cls(tuple(_section(section) for section in raw["sections"]))

    def checked(self) -> "EditionContent":
        """Itself. Raises EditionError for a key that stands twice or an action without words."""
        keys = [action.key for action in self.actions]
        doubled = sorted({key for key in keys if keys.count(key) > 1})
        if doubled:
            raise EditionError(f"keys stand twice: {', '.join(doubled)}")
        for action in self.actions:
            if not action.wording.strip():
                raise EditionError(f"action {action.key}: it has no wording")
            if (action.measure is None) != (action.target_percent is None):
                raise EditionError(f"action {action.key}: a measure needs a target, and a target a measure")
        return self


def _section(raw: dict[str, Any]) -> ContentSection:
    theme = Theme(raw["theme"]) if raw["theme"] else None
    return ContentSection(raw["key"], raw["title"], theme, tuple(_duty(duty) for duty in raw["duties"]))


def _duty(raw: dict[str, Any]) -> ContentDuty:
    return ContentDuty(raw["key"], raw["wording"], tuple(_expectation(each) for each in raw["expectations"]))


def _expectation(raw: dict[str, Any]) -> ContentExpectation:
    actions = tuple(
        ContentAction(**each | {name: tuple(each[name]) for name in ("roles", "references", "serves")})
        for each in raw["actions"]
    )
    return ContentExpectation(raw["key"], raw["wording"], actions, raw["note"])


# Changes. Each gives a new content and raises EditionError when the part is not there.


def change_action(content: EditionContent, key: str, **values: Any) -> EditionContent:
    """The content with fields of one action set anew."""
    return _with_expectations(content, key, lambda action: (replace(action, **values),)).checked()


def retire_action(content: EditionContent, key: str) -> EditionContent:
    """The content without the action."""
    return _with_expectations(content, key, lambda action: ())


def add_action(
    content: EditionContent, expectation_key: str, action: ContentAction, *, at: int | None = None
) -> EditionContent:
    """The content with a new action in an expectation: at a position (0 is the first), or last."""
    found = False

    def extend(expectation: ContentExpectation) -> ContentExpectation:
        nonlocal found
        if expectation.key != expectation_key:
            return expectation
        found = True
        actions = list(expectation.actions)
        actions.insert(len(actions) if at is None else max(0, at), action)
        return replace(expectation, actions=tuple(actions))

    extended = _map_expectations(content, extend)
    if not found:
        raise EditionError(f"there is no expectation {expectation_key}")
    return extended.checked()


def move_action(content: EditionContent, key: str, *, to: str, at: int | None = None) -> EditionContent:
    """The content with the action in another expectation, or elsewhere in its own."""
    action = next((each for each in content.actions if each.key == key), None)
    if action is None:
        raise EditionError(f"there is no action {key}")
    return add_action(retire_action(content, key), to, action, at=at)


def shift_action(content: EditionContent, key: str, *, by: int) -> EditionContent:
    """The content with the action further up (negative) or down within its expectation, as far as that goes."""
    placed = next((each for each in content.placed() if each.action.key == key), None)
    if placed is None:
        raise EditionError(f"there is no action {key}")
    index = placed.expectation.actions.index(placed.action)
    return move_action(content, key, to=placed.expectation.key, at=max(0, index + by))


def add_expectation(content: EditionContent, duty_key: str, expectation: ContentExpectation) -> EditionContent:
    """The content with a new expectation at the end of a duty."""
    if expectation.key in {each.key for each in content.expectations}:
        raise EditionError(f"the key {expectation.key} stands already")
    found = False

    def extend(duty: ContentDuty) -> ContentDuty:
        nonlocal found
        if duty.key != duty_key:
            return duty
        found = True
        return replace(duty, expectations=(*duty.expectations, expectation))

    sections = tuple(
        replace(section, duties=tuple(extend(duty) for duty in section.duties)) for section in content.sections
    )
    if not found:
        raise EditionError(f"there is no duty {duty_key}")
    return EditionContent(sections).checked()


def reword_part(content: EditionContent, kind: str, key: str, wording: str) -> EditionContent:
    """The content with a section's title, a duty's or an expectation's wording set anew. `kind` names which of them."""
    if not wording.strip():
        raise EditionError("Enter the new wording.")

    def section_with(section: ContentSection) -> ContentSection:
        if kind == "section" and section.key == key:
            return replace(section, title=wording)
        duties = tuple(
            replace(duty, wording=wording) if kind == "duty" and duty.key == key else duty for duty in section.duties
        )
        return replace(section, duties=duties)

    def expectation_with(expectation: ContentExpectation) -> ContentExpectation:
        if kind == "expectation" and expectation.key == key:
            return replace(expectation, wording=wording)
        return expectation

    changed = EditionContent(tuple(section_with(section) for section in content.sections))
    changed = _map_expectations(changed, expectation_with)
    if changed == content and key not in _keys(content):
        raise EditionError(f"there is no {kind} {key}")
    return changed


def _keys(content: EditionContent) -> set[str]:
    duties = {duty.key for section in content.sections for duty in section.duties}
    return duties | {section.key for section in content.sections} | {each.key for each in content.expectations}


def _with_expectations(
    content: EditionContent, key: str, change: Callable[[ContentAction], tuple[ContentAction, ...]]
) -> EditionContent:
    if key not in {action.key for action in content.actions}:
        raise EditionError(f"there is no action {key}")

    def changed(expectation: ContentExpectation) -> ContentExpectation:
        actions = [
            each for action in expectation.actions for each in (change(action) if action.key == key else (action,))
        ]
        return replace(expectation, actions=tuple(actions))

    return _map_expectations(content, changed)


def _map_expectations(
    content: EditionContent, change: Callable[[ContentExpectation], ContentExpectation]
) -> EditionContent:
    return EditionContent(
        tuple(
            replace(
                section,
                duties=tuple(
                    replace(duty, expectations=tuple(change(each) for each in duty.expectations))
                    for duty in section.duties
                ),
            )
            for section in content.sections
        )
    )
