"""What changed from one edition to the next, row by row."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tenants.plan.edition_content import ContentAction, EditionContent, PlacedAction
from tenants.plan.measure_names import measure_title
from tenants.plan.types import role_words


class ChangeKind(StrEnum):
    ADDED = "added"
    REWORDED = "reworded"
    MOVED = "moved"
    DETAILS = "details"  # by whom, measure, review cycle, what good looks like
    RETIRED = "retired"


CHANGE_NAMES = {
    ChangeKind.ADDED: "Added",
    ChangeKind.REWORDED: "Reworded",
    ChangeKind.MOVED: "Moved",
    ChangeKind.DETAILS: "Details changed",
    ChangeKind.RETIRED: "Retired",
}


@dataclass(frozen=True)
class RowChange:
    """An action that is not as it was. Wordings and places are empty where there is none; details are sentences."""

    key: str
    kinds: tuple[ChangeKind, ...]
    before: str
    after: str
    place_before: str
    place_after: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class HeadingChange:
    """A section, duty or expectation that is worded otherwise. Nobody answers those; nothing is asked again."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    rows: tuple[RowChange, ...]
    headings: tuple[HeadingChange, ...]
    unchanged: int

    def count(self, kind: ChangeKind) -> int:
        return sum(kind in row.kinds for row in self.rows)

    @property
    def is_empty(self) -> bool:
        return not self.rows and not self.headings


def difference(old: EditionContent, new: EditionContent, *, titles: Mapping[str, str] | None = None) -> Difference:
    """All changes: in the order of the new edition, then what was retired in the order of the old.

    `titles` names the courses and documents of measures by their keys.
    """
    before = {placed.action.key: placed for placed in old.placed()}
    after = {placed.action.key: placed for placed in new.placed()}
    reordered = _reordered(before, after)
    rows = []
    for key, placed in after.items():
        row = (
            _added(placed) if key not in before else _changed(before[key], placed, titles or {}, moved=key in reordered)
        )
        if row is not None:
            rows.append(row)
    rows += [
        RowChange(key, (ChangeKind.RETIRED,), placed.action.wording, "", place(placed), "")
        for key, placed in before.items()
        if key not in after
    ]
    kept = sum(key in before for key in after)
    touched = sum(row.key in before and row.key in after for row in rows)
    return Difference(tuple(rows), tuple(_headings(old, new)), kept - touched)


def place(placed: PlacedAction) -> str:
    return f"{placed.section.title}: {placed.expectation.wording}"


def is_reworded(old: ContentAction, new: ContentAction) -> bool:
    """Whether what is asked differs in more than its spaces."""
    return old.wording.split() != new.wording.split()


def _added(placed: PlacedAction) -> RowChange:
    return RowChange(placed.action.key, (ChangeKind.ADDED,), "", placed.action.wording, "", place(placed))


def _changed(old: PlacedAction, new: PlacedAction, titles: Mapping[str, str], *, moved: bool) -> RowChange | None:
    kinds = []
    if is_reworded(old.action, new.action):
        kinds.append(ChangeKind.REWORDED)
    if moved:
        kinds.append(ChangeKind.MOVED)
    details = _details(old.action, new.action, titles)
    if details:
        kinds.append(ChangeKind.DETAILS)
    if not kinds:
        return None
    return RowChange(
        new.action.key, tuple(kinds), old.action.wording, new.action.wording, place(old), place(new), details
    )


def _details(old: ContentAction, new: ContentAction, titles: Mapping[str, str]) -> tuple[str, ...]:
    found = []
    if old.roles != new.roles:
        found.append(f"By whom: {_roles(old.roles)} becomes {_roles(new.roles)}")
    if (old.measure, old.target_percent) != (new.measure, new.target_percent):
        found.append(f"Status: {_measure(old, titles)} becomes {_measure(new, titles)}")
    if old.recurs_months != new.recurs_months:
        found.append(f"Review: {_cycle(old.recurs_months)} becomes {_cycle(new.recurs_months)}")
    if old.good_looks_like.split() != new.good_looks_like.split():
        found.append(f"What good looks like: {new.good_looks_like or 'nothing is said any more'}")
    if old.serves != new.serves:
        found.append("What it serves has changed")
    return tuple(found)


def _roles(roles: Sequence[str]) -> str:
    return ", ".join(role_words(role) for role in roles) or "nobody named"


def _measure(action: ContentAction, titles: Mapping[str, str]) -> str:
    if not action.measure:
        return "declared"
    target = (
        f", target {action.target_percent}%" if action.measure.partition(":")[0] not in {"post", "filtering"} else ""
    )
    return f"from records (“{measure_title(action.measure, titles)}”{target})"


def _cycle(months: int | None) -> str:
    return f"every {months} months" if months else "once"


def _reordered(before: dict[str, PlacedAction], after: dict[str, PlacedAction]) -> set[str]:
    """Keys that stand in another expectation, or whose order among those that stayed has changed: as few as explain it."""
    moved = {
        key for key in after if key in before and before[key].expectation.key != after[key].expectation.key
    }  # fmt: skip
    stayed: dict[str, list[str]] = {}
    for key, placed in after.items():
        if key in before and key not in moved:
            stayed.setdefault(placed.expectation.key, []).append(key)
    order = {key: number for number, key in enumerate(before)}
    for keys in stayed.values():
        moved |= set(keys) - _longest_in_order(keys, order)
    return moved


def _longest_in_order(keys: list[str], order: dict[str, int]) -> set[str]:
    """The longest run of keys that stand in their old order (a longest increasing subsequence)."""
    ends: list[int] = []
    chains: list[list[str]] = []
    for key in keys:
        spot = bisect_left(ends, order[key])
        chain = [*(chains[spot - 1] if spot else []), key]
        if spot == len(ends):
            ends.append(order[key])
            chains.append(chain)
        else:
            ends[spot], chains[spot] = order[key], chain
    return set(chains[-1]) if chains else set()


def _headings(old: EditionContent, new: EditionContent) -> list[HeadingChange]:
    def worded(content: EditionContent) -> dict[tuple[str, str], str]:
        found = {}
        for section in content.sections:
            found["section", section.key] = section.title
            for duty in section.duties:
                found["duty", duty.key] = duty.wording
                found.update({("expectation", each.key): each.wording for each in duty.expectations})
        return found

    before, after = worded(old), worded(new)
    return [
        HeadingChange(kind, before[kind, key], wording)
        for (kind, key), wording in after.items()
        if (kind, key) in before and before[kind, key].split() != wording.split()
    ]
