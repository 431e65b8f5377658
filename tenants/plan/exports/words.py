"""What the files of a plan have in common: text that every format can hold, days, notes, colours, rows of a sheet."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from tenants.plan.exports.types import ExportedAction, ExportedExpectation, ExportedPlan
from tenants.plan.models import ActionStanding
from tenants.plan.types import STANDING_NAMES

SHEET_COLUMNS = (
    "Section",
    "Duty",
    "What this means",
    "Action",
    "By whom",
    "Owner",
    "Due",
    "Status",
    "How known",
    "Overdue",
    "Evidence",
    "Notes",
    "Serves",
    "Key",
)

# Behind the words of a status or a state, never instead of them. Black text has a contrast of more than 12 : 1 on each.
_GREEN, _AMBER, _RED, _GREY = "CDEBD8", "FFE8B8", "F8D3CF", "E8EAEC"
_STATUS_FILLS = {
    STANDING_NAMES[ActionStanding.MET]: _GREEN,
    STANDING_NAMES[ActionStanding.PARTLY_MET]: _AMBER,
    STANDING_NAMES[ActionStanding.STALE]: _AMBER,
    STANDING_NAMES[ActionStanding.NOT_MET]: _RED,
}
_STATE_FILLS = {"Green": _GREEN, "Amber": _AMBER, "Red": _RED}

# A cell with more characters takes about a third of a page, a narrow one most of it; its row may go on over the page.
_SHORT = 400
_LEAST_OF_A_LINE = 30  # what a line takes, however few characters it has

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# What XML 1.0 has no place for (section 2.2): most control characters, half surrogate pairs and two non-characters;
# and the control characters from U+007F to U+009F, which it discourages and no font has.
_ILLEGAL = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """The text without the characters that XML has no place for, each end of a line one newline, a tab one space."""
    return _ILLEGAL.sub("", _LINE_ENDS.sub("\n", text)).replace("\t", " ").strip()


def lines_of(text: str) -> list[str]:
    """The lines of a text that have something in them."""
    return [line for line in (each.strip() for each in legal(text).split("\n")) if line]


def day_in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def status_fill(status_name: str) -> str:
    """The colour behind the word for a status, as six hexadecimal digits."""
    return _STATUS_FILLS.get(status_name, _GREY)


def state_fill(state_name: str) -> str:
    """The colour behind the word for a section's state, as six hexadecimal digits."""
    return _STATE_FILLS.get(state_name, _GREY)


def notes_of(action: ExportedAction) -> list[str]:
    """The lines that say more about an answer: its note, why it stands against the records, who verified it."""
    against = f"Declared against the records: {action.override_reason}" if action.override_reason else ""
    return [line for text in (action.note, against, action.verification) for line in lines_of(text)]


def is_long(lines: Iterable[str]) -> bool:
    """Whether a cell with these lines is so high that its row may be split between two pages."""
    return sum(max(len(line), _LEAST_OF_A_LINE) for line in lines) > _SHORT


def sheet_rows(plan: ExportedPlan) -> Iterator[Sequence[str | date | None]]:
    """A row for each action, its cells in the order of SHEET_COLUMNS. Only a due date is not text.

    An expectation, a duty or a section without an action has a row too, so that a sheet has the whole plan.
    """
    for section in plan.sections:
        if not section.duties:
            yield _row(section.title)
        for duty in section.duties:
            if not duty.expectations:
                yield _row(section.title, duty.wording)
            for expectation in duty.expectations:
                if not expectation.actions:
                    yield _row(section.title, duty.wording, expectation.wording, notes=_note_of(expectation))
                for number, action in enumerate(expectation.actions):
                    before = _note_of(expectation) if number == 0 else []
                    yield _action_row(section.title, duty.wording, expectation.wording, action, before)


def _note_of(expectation: ExportedExpectation) -> list[str]:
    return [f"Beside what this means: {line}" for line in lines_of(expectation.note)]


def _row(section: str, duty: str = "", meaning: str = "", notes: Sequence[str] = ()) -> Sequence[str | date | None]:
    row: list[str | date | None] = [legal(section), legal(duty), legal(meaning), *([""] * (len(SHEET_COLUMNS) - 3))]
    row[SHEET_COLUMNS.index("Due")] = None
    row[SHEET_COLUMNS.index("Notes")] = "\n".join(notes)
    return row


def _action_row(
    section: str, duty: str, meaning: str, action: ExportedAction, notes_before: list[str]
) -> Sequence[str | date | None]:
    beside = [f"Beside the action: {line}" for line in lines_of(action.note_beside)]
    return (
        legal(section),
        legal(duty),
        legal(meaning),
        legal(action.wording),
        legal("; ".join(action.roles)),
        legal(action.owner),
        action.due_on,
        action.status_name,
        legal(action.how_known),
        "Yes" if action.is_overdue else "No",
        legal("; ".join(action.evidence)),
        "\n".join([*notes_of(action), *beside, *notes_before]),
        legal("; ".join(action.references)),
        action.key,
    )
