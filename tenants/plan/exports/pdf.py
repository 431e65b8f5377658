"""A plan as a tagged PDF that claims PDF/UA-1, so that a screen reader reads its tables as tables."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from unicodedata import category, name, normalize

import typst

from tenants.plan.exports.types import ExportedAction, ExportedDuty, ExportedExpectation, ExportedPlan, ExportedSection
from tenants.plan.exports.words import day_in_words, is_long, legal, lines_of, notes_of, state_fill, status_fill

_FOLDER = Path(__file__).parent
_FILES_UNTIL_FORGOTTEN = 11
_NO_TITLE = "Action plan"  # PDF/UA wants a title
_LATIN_UNTIL = "\u024f"  # the embedded fonts have all letters up to here
# Latin letters, digits and signs only, and not the last one if a mark follows it: typst cannot part the two.
_LONG_WORD = re.compile("[!-\u024f]{25,}(?![^\\s!-\u024f])")
_PIECE = re.compile(r"[@./_\\-]|[^@./_\\-]{20}")


class PlanNotTypeset(Exception):
    """No PDF could be made, however its text was simplified: the template is wrong. The message is typst's."""


def plan_as_pdf(plan: ExportedPlan, target: BinaryIO) -> None:
    """Writes the plan to `target` as PDF. A character that no embedded font has is written as its name in brackets.

    Texts reach the template as data, never as markup. Raises PlanNotTypeset, with nothing written.
    """
    # PDF/UA wants a glyph for every character, and which one lacks it is known only by trying. Some lines of vocalised
    # Arabic stop typst 0.15 (https://github.com/typst/typst/issues/8667): they are readable without their marks.
    *attempts, last = (_as_it_is, _with_fonts_for_it, _without_marks, _latin_only)
    try:
        for written in attempts:
            with suppress(PlanNotTypeset):
                target.write(_compiled(_content(plan, written)))
                return
        target.write(_compiled(_content(plan, last)))
    finally:
        _forget()


def _compiled(content: dict[str, Any]) -> bytes:
    try:
        return typst.compile(
            _FOLDER / "plan.typ",
            root=_FOLDER,
            font_paths=_fonts(),
            sys_inputs={"plan": json.dumps(content)},
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as problem:
        raise PlanNotTypeset(problem.message) from problem
    except BaseException as problem:
        # A fault inside typst itself comes as an exception of a class without a name to import, beside Exception.
        if type(problem).__name__ != "PanicException":
            raise
        raise PlanNotTypeset(str(problem)) from problem


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts that come with typst and no others, so that a file is the same whichever machine made it."""
    return typst.Fonts(include_system_fonts=False)


def _forget() -> None:
    """Makes typst let go of what it worked out for a plan, which is some 30 MB for one of 200 actions.

    It keeps that until it has made ten more files, and no plan comes twice. Empty files take a millisecond each.
    """
    for _ in range(_FILES_UNTIL_FORGOTTEN):
        typst.compile(b"", format="pdf", font_paths=_fonts())


def _content(plan: ExportedPlan, written: Callable[[str], str]) -> dict[str, Any]:
    """The plan as the template wants it, with every text in characters that `written` lets through."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return _breakable(written(normalize("NFC", legal(value))))
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


def _breakable(text: str) -> str:
    """The text with places in its long words at which a narrow column can break them.

    Addresses stay whole: the template makes links of them, and those break by themselves.
    """
    return _LONG_WORD.sub(lambda word: word[0] if "://" in word[0] else _PIECE.sub("\\g<0>\u200b", word[0]), text)


def _as_it_is(text: str) -> str:
    return text


def _with_fonts_for_it(text: str) -> str:
    return "".join(each if each <= _LATIN_UNTIL or _has_glyph(each) else _named(each) for each in text)


def _without_marks(text: str) -> str:
    return _with_fonts_for_it("".join(each for each in text if each <= _LATIN_UNTIL or category(each) != "Mn"))


def _latin_only(text: str) -> str:
    """For scripts whose characters have glyphs one by one and not together."""
    return "".join(each if each <= _LATIN_UNTIL or each in "–—‘’“”•…€" else _named(each) for each in text)


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    try:
        typst.compile(
            b'#set document(title: "x")\n#sys.inputs.character',
            font_paths=_fonts(),
            sys_inputs={"character": character},
            pdf_standards=["ua-1"],
        )
    except typst.TypstError:
        return False
    return True


def _named(character: str) -> str:
    """A character in words: “[party popper]”; nothing for the marks that only join others."""
    if category(character) in {"Cf", "Mn"}:
        return ""
    return f"[{name(character, f'U+{ord(character):04X}').lower()}]"
