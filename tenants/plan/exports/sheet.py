"""A plan as an Excel workbook: the plan to filter and sort, the counts of its sections, and what it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

import xlsxwriter

from tenants.plan.exports.types import ExportedPlan
from tenants.plan.exports.words import SHEET_COLUMNS, legal, sheet_rows, state_fill, status_fill

# Excel's own limit; xlsxwriter leaves a longer text out of the file without a word.
_MOST_CHARACTERS = 32_767
_OPTIONS = {
    "constant_memory": True,
    # A text stays a text, whatever it begins with: no cell can act.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS = dict(zip(SHEET_COLUMNS, (20, 36, 36, 48, 20, 20, 13, 15, 30, 10, 36, 40, 40, 22), strict=True))
_SECTION_WIDTHS = {
    "Section": 40,
    "State": 15,
    "Actions": 11,
    "Met": 11,
    "Partly met": 13,
    "Not met": 11,
    "Review due": 13,
    "Not answered": 14,
    "Not applicable": 15,
    "Overdue": 11,
}


@dataclass(frozen=True)
class _Formats:
    head: Any
    text: Any
    number: Any
    day: Any
    fills: dict[str, Any]  # by the word that stands in the cell


def plan_as_sheet(plan: ExportedPlan, target: BinaryIO) -> None:
    """Writes the plan to `target` as an xlsx file. A text beyond Excel's 32,767 characters is cut and ends with …"""
    with xlsxwriter.Workbook(target, _OPTIONS) as book:
        book.set_properties({"title": legal(plan.title), "author": legal(plan.school)})
        formats = _formats(book, plan)
        _table(book.add_worksheet("Plan"), _WIDTHS, sheet_rows(plan), formats)
        _table(book.add_worksheet("Sections"), _SECTION_WIDTHS, _section_rows(plan), formats)
        _about(book.add_worksheet("About"), plan, formats)


def _formats(book: Any, plan: ExportedPlan) -> _Formats:
    cell = {"text_wrap": True, "valign": "top"}
    fills = {action.status_name: status_fill(action.status_name) for action in plan.actions}
    fills |= {section.state_name: state_fill(section.state_name) for section in plan.sections}
    return _Formats(
        head=book.add_format({**cell, "bold": True, "bg_color": "#E8EAEC", "bottom": 1}),
        text=book.add_format(cell),
        number=book.add_format({"valign": "top"}),
        day=book.add_format({"valign": "top", "num_format": "d mmm yyyy", "align": "left"}),
        fills={word: book.add_format({**cell, "bg_color": f"#{colour}"}) for word, colour in fills.items()},
    )


def _table(
    sheet: Any, widths: dict[str, int], rows: Iterable[Sequence[str | int | date | None]], formats: _Formats
) -> None:
    """A head that stays in sight, with a filter, and the rows below it."""
    for column, (head, width) in enumerate(widths.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, formats.head)
    last = 0
    for last, row in enumerate(rows, start=1):
        for column, (head, value) in enumerate(zip(widths, row, strict=True)):
            coloured = formats.fills.get(str(value)) if head in {"Status", "State"} else None
            _write(sheet, last, column, value, formats, coloured)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(widths) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write(
    sheet: Any, row: int, column: int, value: str | int | date | None, formats: _Formats, coloured: Any = None
) -> None:
    if isinstance(value, str):
        text = value if len(value) <= _MOST_CHARACTERS else f"{value[: _MOST_CHARACTERS - 1]}…"
        sheet.write_string(row, column, text, coloured or formats.text)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, formats.number)
    elif value is not None:
        sheet.write_datetime(row, column, value, formats.day)


def _section_rows(plan: ExportedPlan) -> Iterable[Sequence[str | int]]:
    for section in plan.sections:
        counts = section.counts
        yield (
            legal(section.title),
            section.state_name,
            counts.total,
            counts.met,
            counts.partly_met,
            counts.not_met,
            counts.stale,
            counts.total - counts.answered,
            counts.not_applicable,
            counts.overdue,
        )


def _about(sheet: Any, plan: ExportedPlan, formats: _Formats) -> None:
    """What the plan is, a line for each thing; its second column is as wide as a sentence."""
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    lines: list[tuple[str, str | date]] = [
        ("School", legal(plan.school)),
        ("Title", legal(plan.title)),
        ("As at", plan.as_at),
        ("Verdict", legal(plan.verdict)),
        ("Introduction", legal(plan.introduction)),
        *(("Not covered by any action", legal(text)) for text in plan.not_covered),
        *(("Text without a place", legal(text)) for text in plan.leftovers),
    ]
    for row, (name, value) in enumerate(line for line in lines if line[1]):
        sheet.write_string(row, 0, name, formats.head)
        _write(sheet, row, 1, value, formats)
