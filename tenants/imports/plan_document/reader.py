"""Reads an action plan out of a Word document.

A plan is a table with a column for actions. A row that is one cell across is a section; a duty's cell may be merged
over several rows; each row is one expectation. In the cell of actions each bullet is an action; what stands above the
first bullet is a lead-in, what stands below a bullet (an address, say) belongs to it. Where a cell has no bullets,
each of its paragraphs is an action.
"""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

from docx.oxml.ns import qn

from tenants.imports.plan_document.cells import Cell, Paragraph, paragraph, rows_of
from tenants.imports.plan_document.package import NoWordFile, open_document
from tenants.imports.plan_document.types import (
    DocumentAction,
    DocumentDuty,
    DocumentExpectation,
    DocumentSection,
    PlanDocument,
    PlanDocumentError,
)
from tenants.plan.models import Theme

MOST_BYTES = 50 * 1024 * 1024

# The words that heads of columns use, the likeliest column first.
_COLUMN_WORDS = {
    "action": ("action", "actions", "what we will do", "response"),
    "duty": ("duty", "requirement", "area", "outcome", "objective"),
    "meaning": ("what this means", "meaning", "expectation", "in practice", "criteria", "description"),
    "roles": ("by whom", "who", "lead", "owner", "responsib", "person"),
}
_THEME_WORDS = (
    (Theme.ONLINE_SAFETY, r"\bit\b|\bict\b|online|on-line|e-?safety|internet|filter|digital|comput"),
    (Theme.RESILIENCE, r"resilien|curriculum|british values|safe space|debate"),
    (Theme.PARTNERSHIP, r"partner|agenc|referral|multi-agency"),
    (Theme.TRAINING, r"training|\bcpd\b|staff development|workforce"),
    (Theme.RISK_ASSESSMENT, r"risk|speaker|premises|visitor|leadership"),
)
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def read_plan_document(stream: BinaryIO) -> PlanDocument:
    """The plan in a Word file. Raises PlanDocumentError, which says what is wrong and what to do."""
    try:
        document = open_document(stream, most_bytes=MOST_BYTES)
    except NoWordFile as problem:
        raise PlanDocumentError(str(problem)) from problem
    read = _Reading(document)
    if not read.plan.actions:
        raise PlanDocumentError(_nothing_found(document, read))
    return read.plan


def _nothing_found(document: Any, read: "_Reading") -> str:
    if not document.tables:
        return "The document has no table. A plan is read from a table with a column for actions and one for by whom."
    heads = "; ".join(read.heads[:3]) or "no words"
    return (
        "None of the document’s tables has a column headed “Action” with actions in it. "
        f"The first rows read: {heads}. Give the table a head row and upload the document again."
    )


@dataclass
class _Columns:
    """In which column of the grid, counted from 0, each part of a plan stands; none where the table has no such column."""

    action: int
    duty: int | None
    meaning: int | None
    roles: int | None
    count: int


class _Reading:
    """Walks the body of the document once and puts each text into its place."""

    def __init__(self, document: Any) -> None:
        self.plan = PlanDocument(title="")
        self.heads: list[str] = []
        self._part = document.part
        self._section: DocumentSection | None = None
        self._duty: DocumentDuty | None = None
        for element in document.element.body.xpath("./w:p | ./w:tbl | ./w:sdt/w:sdtContent/*"):
            if element.tag == qn("w:p"):
                self._outside(paragraph(element, self._part).text)
            elif element.tag == qn("w:tbl"):
                self._table(element)
        for text in _around_the_pages(document):
            self._left_over(text)
        self.plan.title = self.plan.title or "Action plan"

    def _outside(self, text: str) -> None:
        if not text:
            return
        if self.plan.sections:
            self._left_over(text)
        elif not self.plan.title:
            self.plan.title = text[:200]
            if len(text) > 200:
                self.plan.introduction.append(text)
        else:
            self.plan.introduction.append(text)

    def _left_over(self, text: str) -> None:
        if text:
            self.plan.leftovers.append(text)

    def _table(self, table: Any) -> None:
        columns: _Columns | None = None
        for cells in rows_of(table, self._part):
            found = _columns(cells)
            if found is not None:
                columns = found
            elif columns is None:
                self.heads.append(" | ".join(cell.text.replace("\n", " ")[:40] for cell in cells))
                for cell in cells:
                    for each in cell.paragraphs:
                        self._outside(each.text)
            else:
                self._row(cells, columns)

    def _row(self, cells: list[Cell], columns: _Columns) -> None:
        filled = [cell for cell in cells if cell.text]
        if not filled:
            return
        if len(cells) == 1 or (len(filled) == 1 and filled[0].span >= columns.count):
            self._begin_section(filled[0])
            return
        grid = _by_grid(cells)
        duty, meaning = _at(grid, columns.duty), _at(grid, columns.meaning)
        self._take_duty(duty)
        expectation = DocumentExpectation(meaning.text if meaning else "")
        action, roles = _at(grid, columns.action), _at(grid, columns.roles)
        if action is not None:
            _fill(expectation, action, roles)
        if expectation.wording or expectation.actions or expectation.note:
            self._current_duty().expectations.append(expectation)
        placed = {columns.duty, columns.meaning, columns.action, columns.roles}
        for place, cell in grid.items():
            if place not in placed:
                self._left_over(cell.text)

    def _begin_section(self, cell: Cell) -> None:
        title, *rest = cell.text.split("\n")
        self._section = DocumentSection(title, _theme(title))
        self.plan.sections.append(self._section)
        self._duty = None
        for text in rest:
            self._left_over(text)

    def _take_duty(self, cell: Cell | None) -> None:
        if cell is None or cell.goes_on or not cell.text:
            return
        self._duty = DocumentDuty(cell.text)
        self._current_section().duties.append(self._duty)

    def _current_section(self) -> DocumentSection:
        if self._section is None:
            self._section = DocumentSection(self.plan.title or "Action plan", None)
            self.plan.sections.append(self._section)
        return self._section

    def _current_duty(self) -> DocumentDuty:
        if self._duty is None:
            self._duty = DocumentDuty("")
            self._current_section().duties.append(self._duty)
        return self._duty


def _columns(cells: list[Cell]) -> _Columns | None:
    """The columns, where the row is a head row: it names the action and at least one other part, briefly."""
    places: dict[str, int] = {}
    place = 0
    for cell in cells:
        head = _plain(cell.text)
        for name, words in _COLUMN_WORDS.items():
            if name not in places and len(head) <= 60 and any(head.startswith(word) for word in words):
                places[name] = place
                break
        place += cell.span
    if "action" not in places or len(places) < 2:
        return None
    return _Columns(places["action"], places.get("duty"), places.get("meaning"), places.get("roles"), place)


def _by_grid(cells: list[Cell]) -> dict[int, Cell]:
    grid = {}
    place = 0
    for cell in cells:
        grid[place] = cell
        place += cell.span
    return grid


def _at(grid: dict[int, Cell], place: int | None) -> Cell | None:
    return grid.get(place) if place is not None else None


def _fill(expectation: DocumentExpectation, cell: Cell, roles: Cell | None) -> None:
    """Puts the actions of a row under its expectation, each with its roles."""
    found: list[_Found] = []
    lead_in: list[str] = []
    has_bullets = any(each.is_bullet for each in cell.paragraphs)
    for line, each in enumerate(cell.paragraphs):
        if not each.text:
            continue
        if each.is_bullet or (not has_bullets and not _is_remark(each, found)):
            found.append(_Found(each.text, line, []))
        elif found:
            found[-1].remarks.append(each.text)
        else:
            lead_in.append(each.text)
    whose, unplaced = _roles(found, roles)
    expectation.actions = [
        DocumentAction(each.text, whose[number], "\n".join(each.remarks)) for number, each in enumerate(found)
    ]
    expectation.note = "\n".join([*lead_in, *unplaced])


@dataclass
class _Found:
    text: str
    line: int
    remarks: list[str]


def _is_remark(each: Paragraph, found: list[_Found]) -> bool:
    """In a cell without bullets: an address alone belongs to the action above it."""
    return bool(found) and re.fullmatch(r"(https?://|www\.)\S+", each.text) is not None


def _roles(found: list[_Found], cell: Cell | None) -> tuple[list[tuple[str, ...]], list[str]]:
    """The roles of each action, and roles that belong to none because the row has no action.

    Roles that stand apart from each other, by blank lines, are lined up with the actions: as many as there are actions
    belong one to each; otherwise an action has the last that begins no lower than it does.
    """
    groups: list[tuple[int, list[str]]] = []
    apart = True
    for line, each in enumerate(cell.paragraphs if cell else ()):
        if not each.text:
            apart = True
            continue
        if apart:
            groups.append((line, []))
        groups[-1][1].append(each.text)
        apart = False
    words = [tuple(group) for _, group in groups]
    if not found:
        return [], [word for group in words for word in group]
    if not words:
        return [() for _ in found], []
    if len(words) == len(found):
        return words, []
    starts = [line for line, _ in groups]
    placed = [max((n for n, start in enumerate(starts) if start <= each.line), default=0) for each in found]
    # A group that begins below every action is the last action's, beside what that has.
    whose = [words[group] for group in placed]
    for number, group in enumerate(words):
        if number not in placed:
            whose[-1] = (*whose[-1], *(word for word in group if word not in whose[-1]))
    return whose, []


def _theme(title: str) -> Theme | None:
    plain = title.lower()
    return next((theme for theme, pattern in _THEME_WORDS if re.search(pattern, plain)), None)


def _plain(text: str) -> str:
    return _NOT_WORD.sub(" ", text.lower()).strip()


def _around_the_pages(document: Any) -> list[str]:
    """Text of headers and footers, each once."""
    texts: dict[str, None] = {}
    for section in document.sections:
        for part in (section.header, section.footer, section.first_page_header, section.first_page_footer):
            if part.is_linked_to_previous:
                continue
            for element in part._element.iter(qn("w:p")):  # python-docx has no other way to all of them
                texts.setdefault(paragraph(element, part.part).text)
    return [text for text in texts if text]
