"""A plan as a Word document: landscape, with the one table that a governor knows, which the importer reads again.

Whatever is not the plan's own text (headings, the summary, page numbers) has a style of its own, PlanHeading or
PlanSummary, by which a reader can tell it from the plan. Notes that stand in a cell with a wording have “Plan note”.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from tenants.plan.exports.types import ExportedAction, ExportedDuty, ExportedPlan, ExportedSection
from tenants.plan.exports.word_table import Line, Merge, TableCell, TableRow, add_field, paragraph, table
from tenants.plan.exports.words import day_in_words, is_long, legal, lines_of, notes_of, state_fill, status_fill

_HEADING, _SUMMARY, _CELL, _NOTE, _SECTION = "PlanHeading", "PlanSummary", "PlanCell", "PlanNote", "PlanSection"
_FONT = "Arial"
_WIDTHS = {
    "Duty": 3.3,
    "What this means": 3.3,
    "Action": 4.9,
    "By whom": 2.4,
    "Owner": 2.3,
    "Due": 2.1,
    "Status": 2.2,
    "Evidence": 2.8,
    "Notes": 3.4,
}


def plan_as_word(plan: ExportedPlan, target: BinaryIO) -> None:
    """Writes the plan to `target` as a docx file."""
    document = Document()
    _set_up(document, plan)
    body = _Body(document)
    document.add_paragraph(legal(plan.title), style="Title")
    for words in (plan.school, f"As at {day_in_words(plan.as_at)}", plan.verdict):
        body.text(words, _SUMMARY)
    for line in lines_of(plan.introduction):
        body.text(line)
    body.text("Summary", _HEADING)
    body.add(_summary_table(plan))
    body.text("The plan", _HEADING)
    body.add(_plan_table(plan))
    if plan.not_covered:
        body.text("Not covered by any action", _HEADING)
        for text in plan.not_covered:
            body.text(text, _SUMMARY)
    if plan.leftovers:
        body.text("Other text of the plan", _HEADING)
        for text in plan.leftovers:
            body.text(text)
    document.save(target)


class _Body:
    """The end of a document's text, where the next part of it goes."""

    def __init__(self, document: Any) -> None:
        self._end = document.element.body.sectPr

    def add(self, element: Any) -> None:
        self._end.addprevious(element)

    def text(self, text: str, style: str = "") -> None:
        self.add(paragraph(Line(legal(text), style)))


def _set_up(document: Any, plan: ExportedPlan) -> None:
    properties = document.core_properties
    properties.title, properties.author = legal(plan.title)[:255], legal(plan.school)[:255]
    properties.last_modified_by, properties.comments = properties.author, ""
    properties.language = "en-GB"
    properties.created = properties.modified = datetime.now(UTC)
    _set_up_styles(document)
    page = document.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = Cm(29.7), Cm(21)
    page.left_margin = page.right_margin = Cm(1.5)
    page.top_margin, page.bottom_margin, page.footer_distance = Cm(1.6), Cm(1.8), Cm(0.8)
    footer = page.footer.paragraphs[0]
    footer.style = document.styles["Plan summary"]
    footer.add_run("Page ")
    add_field(footer._element, "PAGE")  # python-docx has no fields
    footer.add_run(" of ")
    add_field(footer._element, "NUMPAGES")


def _set_up_styles(document: Any) -> None:
    styles = document.styles
    for fonts in styles.element.iter(qn("w:rFonts")):
        # The template's fonts are those of a theme, which would go before any name given here.
        fonts.attrib.clear()
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), _FONT)
    for language in [*styles.element.iter(qn("w:lang")), *document.settings.element.iter(qn("w:themeFontLang"))]:
        language.set(qn("w:val"), "en-GB")
    styles["Normal"].font.size = Pt(11)
    title = styles["Title"]
    title.font.size, title.font.color.rgb = Pt(22), RGBColor(0, 0, 0)
    for line_below in title.element.xpath("./w:pPr/w:pBdr"):
        line_below.getparent().remove(line_below)
    heading = _style(styles, "Plan heading", _HEADING, based_on="Heading 1", size=15)
    heading.font.color.rgb = RGBColor(0, 0, 0)
    heading.paragraph_format.space_before, heading.paragraph_format.space_after = Pt(14), Pt(6)
    summary = _style(styles, "Plan summary", _SUMMARY, size=11)
    summary.paragraph_format.space_after = Pt(4)
    cell = _style(styles, "Plan cell", _CELL, size=9)
    cell.paragraph_format.space_after = Pt(2)
    _style(styles, "Plan note", _NOTE, based_on="Plan cell", size=9).font.italic = True
    _style(styles, "Plan section", _SECTION, based_on="Plan cell", size=11).font.bold = True


def _style(styles: Any, name: str, identifier: str, *, size: int, based_on: str = "Normal") -> Any:
    style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.element.set(qn("w:styleId"), identifier)
    style.base_style = styles[based_on]
    style.font.size = Pt(size)
    style.quick_style = True
    return style


def _summary_table(plan: ExportedPlan) -> Any:
    def words(text: str) -> TableCell:
        return TableCell((Line(text, _SUMMARY),))

    rows = [
        TableRow(
            (
                words(legal(section.title)),
                TableCell((Line(section.state_name, _SUMMARY),), fill=state_fill(section.state_name)),
                words(f"{section.counts.met} of {section.counts.applicable}"),
                words(str(section.counts.overdue)),
            )
        )
        for section in plan.sections
    ]
    return table(
        caption="Sections of the plan",
        description="How each section stands: its state, how many of its applicable actions are met, how many overdue.",
        head=("Section", "State", "Met, of applicable", "Overdue"),
        widths=(11, 4, 4.5, 3),
        rows=rows,
        style=_SUMMARY,
    )


def _plan_table(plan: ExportedPlan) -> Any:
    return table(
        caption=legal(plan.title),
        description=(
            "The action plan, a row for each action under the duty that it serves and what that duty means. "
            "A row of one cell begins a section."
        ),
        head=tuple(_WIDTHS),
        widths=tuple(_WIDTHS.values()),
        rows=[row for section in plan.sections for row in _section_rows(section)],
        style=_CELL,
    )


def _section_rows(section: ExportedSection) -> Iterator[TableRow]:
    title = Line(" ".join(lines_of(section.title)), _SECTION, keep_with_next=True)
    yield TableRow((TableCell((title,), span=len(_WIDTHS), fill="D5DBE3"),))
    for duty in section.duties:
        yield from _duty_rows(duty)


def _duty_rows(duty: ExportedDuty) -> Iterator[TableRow]:
    """A row for each action; the cells of a duty and of what it means reach down over all of theirs."""
    wording = _lines(lines_of(duty.wording))
    rows: list[tuple[TableCell, Sequence[TableCell]]] = []
    for expectation in duty.expectations:
        meaning = (*_lines(lines_of(expectation.wording)), *_lines(lines_of(expectation.note), _NOTE))
        actions = [_action_cells(action) for action in expectation.actions] or [_no_action()]
        rows += zip(_merged(meaning, len(actions)), actions, strict=True)
    rows = rows or [(TableCell(), _no_action())]
    for first, (second, others) in zip(_merged(wording, len(rows)), rows, strict=True):
        cells = (first, second, *others)
        yield TableRow(cells, may_split=any(is_long(line.text for line in cell.lines) for cell in cells))


def _merged(lines: tuple[Line, ...], high: int) -> list[TableCell]:
    """One cell of so many rows."""
    if high == 1:
        return [TableCell(lines)]
    return [TableCell(lines, merge=Merge.BEGINS), *([TableCell(_lines([""]), merge=Merge.GOES_ON)] * (high - 1))]


def _no_action() -> Sequence[TableCell]:
    return [TableCell(_lines([""]))] * 7


def _action_cells(action: ExportedAction) -> Sequence[TableCell]:
    due = [day_in_words(action.due_on)] if action.due_on else []
    overdue = ["Overdue"] if action.is_overdue else []
    return (
        TableCell((Line("\n".join(lines_of(action.wording)), _CELL), *_lines(lines_of(action.note_beside), _NOTE))),
        TableCell(_lines([legal(role) for role in action.roles])),
        TableCell(_lines(lines_of(action.owner))),
        TableCell((*_lines(due), *_lines(overdue, _NOTE))),
        TableCell(_lines([action.status_name]), fill=status_fill(action.status_name)),
        TableCell(_lines([legal(title) for title in action.evidence])),
        TableCell(_lines(notes_of(action))),
    )


def _lines(texts: Sequence[str], style: str = _CELL) -> tuple[Line, ...]:
    return tuple(Line(text, style) for text in texts)
