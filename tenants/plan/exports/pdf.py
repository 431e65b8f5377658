"""A plan as a tagged PDF that claims PDF/UA-1, so that a screen reader reads its tables as tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from unicodedata import normalize

from prevent_trust.typesetting import Written, breakable, typeset
from tenants.plan.exports.types import ExportedAction, ExportedDuty, ExportedExpectation, ExportedPlan, ExportedSection
from tenants.plan.exports.words import day_in_words, is_long, legal, lines_of, notes_of, state_fill, status_fill

_TEMPLATE = Path(__file__).parent / "plan.typ"
_NO_TITLE = "Action plan"  # PDF/UA wants a title


def plan_as_pdf(plan: ExportedPlan, target: BinaryIO) -> None:
    """Writes the plan to `target` as PDF. A character that no embedded font has is written as its name in brackets.

    Raises NotTypeset, with nothing written.
    """
    target.write(typeset(_TEMPLATE, under="plan", content=lambda written: _content(plan, written)))


def _content(plan: ExportedPlan, written: Written) -> dict[str, Any]:
    """The plan as the template wants it, with every text in characters that `written` lets through."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return breakable(written(normalize("NFC", legal(value))))
        if isinstance(value, dict):
            return {part: clean(each) for part, each in value.items()}
        return [clean(each) for each in value] if isinstance(value, list) else value

    content: dict[str, Any] = clean(
        {
            "introduction": lines_of(plan.introduction),
            "as_at": day_in_words(plan.as_at),
            "verdict": plan.verdict,
            "sections": [_section(section) for section in plan.sections],
            "not_covered": list(plan.not_covered),
            "leftovers": list(plan.leftovers),
        }
    )
    # In the file's properties and on the top of every page; there is room for long words.
    return content | {"title": written(legal(plan.title)) or _NO_TITLE, "school": written(legal(plan.school))}


def _section(section: ExportedSection) -> dict[str, Any]:
    counts = section.counts
    return {
        "title": section.title,
        "state": section.state_name,
        "fill": state_fill(section.state_name),
        "met": f"{counts.met} of {counts.applicable}",
        "overdue": counts.overdue,
        "rows": [row for duty in section.duties for row in _rows(duty)],
    }


def _rows(duty: ExportedDuty) -> Iterator[dict[str, Any]]:
    """A row for each action. `duty` and `meaning` are none where the cell above reaches down into the row."""
    high = sum(max(1, len(each.actions)) for each in duty.expectations)
    first_of_duty: dict[str, Any] | None = {"lines": lines_of(duty.wording), "high": max(1, high)}
    if not duty.expectations:
        yield {
            "duty": first_of_duty,
            "meaning": {"lines": [], "note": [], "high": 1},
            "action": None,
            "may_split": True,
        }
    for expectation in duty.expectations:
        actions: Sequence[ExportedAction | None] = expectation.actions or (None,)
        meaning: dict[str, Any] | None = {
            "lines": lines_of(expectation.wording),
            "note": lines_of(expectation.note),
            "high": len(actions),
        }
        for action in actions:
            yield {
                "duty": first_of_duty,
                "meaning": meaning,
                "action": _action(action) if action else None,
                "may_split": action is None or _may_split(duty, expectation, action),
            }
            first_of_duty = meaning = None


def _action(action: ExportedAction) -> dict[str, Any]:
    return {
        "wording": lines_of(action.wording),
        "beside": lines_of(action.note_beside),
        "roles": list(action.roles),
        "owner": action.owner,
        "due": day_in_words(action.due_on) if action.due_on else "",
        "is_overdue": action.is_overdue,
        "status": action.status_name,
        "fill": status_fill(action.status_name),
        "evidence": list(action.evidence),
        "notes": notes_of(action),
    }


def _may_split(duty: ExportedDuty, expectation: ExportedExpectation, action: ExportedAction) -> bool:
    """Whether a row is too high to be kept on one page; what does not fit on a page would be cut off."""
    cells = (
        lines_of(duty.wording),
        [*lines_of(expectation.wording), *lines_of(expectation.note)],
        [*lines_of(action.wording), *lines_of(action.note_beside)],
        action.roles,
        [action.owner],
        action.evidence,
        notes_of(action),
    )
    return any(is_long(cell) for cell in cells)
