"""Reads an action plan out of a document: Word, Excel, CSV or pasted text.

A plan is a table with a column for actions. A row that is one cell across is a section; a duty's cell may be merged over
several rows; what a row means is an expectation. In the cell of actions each bullet is an action; what stands above the
first bullet is a lead-in, what stands below a bullet (an address, say, or bullets of a second depth) belongs to it. Where
a cell has no bullets, each of its paragraphs is an action. Every text of the document is somewhere in the plan.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import BinaryIO

from tenants.imports.plan_document.blocks import Cell, DocumentBlocks, Line, TableBlock, TextBlock, by_grid
from tenants.imports.plan_document.columns import (
    PlanField,
    TableMapping,
    guess_columns,
    heads_of,
    is_repeated_head,
)
from tenants.imports.plan_document.dates import day_of
from tenants.imports.plan_document.files import read_blocks
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.plan_document.types import (
    DocumentAction,
    DocumentDuty,
    DocumentExpectation,
    DocumentSection,
    PlanDocument,
)
from tenants.imports.plan_document.words import (
    FILL_NAMES,
    is_person,
    is_tick,
    split_people,
    status_of,
    status_of_fill,
)
from tenants.plan.models import ActionStatus, Theme

LONGEST_TITLE = 200
LONGEST_HEADING = 60  # of a paragraph that stands right above a table and is taken for its heading
MOST_ACTIONS = 5_000
LONGEST_SHARED = 1_000  # what a row says of all its actions is said again at each, unless it is longer
_THEME_WORDS = (
    (Theme.ONLINE_SAFETY, r"\bit\b|\bict\b|online|on-line|e-?safety|internet|filter|digital|comput"),
    (Theme.RESILIENCE, r"resilien|curriculum|british values|safe space|debate"),
    (Theme.PARTNERSHIP, r"partner|agenc|referral|multi-agency"),
    (Theme.TRAINING, r"training|\bcpd\b|staff development|workforce"),
    (Theme.RISK_ASSESSMENT, r"risk|speaker|premises|visitor|leadership"),
)
_TICKED = {
    PlanField.STATUS_RED: ActionStatus.NOT_MET,
    PlanField.STATUS_AMBER: ActionStatus.PARTLY_MET,
    PlanField.STATUS_GREEN: ActionStatus.MET,
}


def read_plan_document(stream: BinaryIO) -> PlanDocument:
    """The plan in a Word file as its columns are guessed. Raises PlanDocumentError."""
    blocks = read_blocks(stream, "plan.docx")
    plan = plan_from(blocks, [guess.mapping for guess in guess_columns(blocks)])
    if not plan.actions:
        raise PlanDocumentError(_nothing_found(blocks))
    return plan


def _nothing_found(blocks: DocumentBlocks) -> str:
    if not blocks.tables:
        return "The document has no table. A plan is read from a table with a column for actions and one for by whom."
    rows = [
        " | ".join(cell.text.replace("\n", " ")[:40] for cell in row) for table in blocks.tables for row in table.rows
    ]
    heads = "; ".join(row for row in rows[:3] if row.strip(" |")) or "no words"
    return (
        "None of the document’s tables has a column headed “Action” with actions in it. "
        f"The first rows read: {heads}. Give the table a head row and upload the document again."
    )


def plan_from(blocks: DocumentBlocks, mapping: Sequence[TableMapping], *, file_title: str = "") -> PlanDocument:
    """The plan that the blocks hold when their columns mean what the mapping says."""
    return _Assembly(blocks, mapping, file_title).plan


class _Assembly:
    """Walks the blocks once and puts each text into its place."""

    def __init__(self, blocks: DocumentBlocks, mapping: Sequence[TableMapping], file_title: str) -> None:
        self.plan = PlanDocument(title="")
        self._file_title = file_title
        self._section: DocumentSection | None = None
        self._duty: DocumentDuty | None = None
        self._expectation: DocumentExpectation | None = None
        self._heading: TextBlock | None = None  # above what comes next: its section's title, if that is a table
        by_table = {each.table: each for each in mapping}
        number = 0
        for block in blocks.blocks:
            if isinstance(block, TextBlock):
                self._text(block)
            elif not block.is_ours:
                self._table(block, by_table.get(number))
                number += 1
        self._set_aside_heading()
        for text in blocks.around:
            self._left_over(text)
        self.plan.title = self.plan.title or file_title or "Action plan"

    def _text(self, block: TextBlock) -> None:
        if block.is_ours:
            self.plan.title = self.plan.title or block.text[:LONGEST_TITLE]
        elif self.plan.title and (block.is_heading or self._could_be_heading(block.text)):
            self._set_aside_heading()
            self._heading = block
        else:
            if self._heading is not None and not self._heading.is_heading:
                self._set_aside_heading()
            self._outside(block.text)

    def _could_be_heading(self, text: str) -> bool:
        is_under_one = self._heading is not None and self._heading.is_heading
        return not is_under_one and len(text) <= LONGEST_HEADING and ":" not in text and text[-1:].isalpha()

    def _set_aside_heading(self) -> None:
        """A heading that is not a section's after all is a text like others."""
        heading, self._heading = self._heading, None
        if heading is not None:
            self._outside(heading.text)

    def _outside(self, text: str) -> None:
        if not text:
            return
        if self.plan.sections:
            self._left_over(text)
        elif not self.plan.title:
            self.plan.title = text[:LONGEST_TITLE]
            if len(text) > LONGEST_TITLE:
                self.plan.introduction.append(text)
        else:
            self.plan.introduction.append(text)

    def _left_over(self, text: str) -> None:
        if text:
            self.plan.leftovers.append(text)

    def _table(self, table: TableBlock, mapping: TableMapping | None) -> None:
        if mapping is None or not mapping.use:
            self._set_aside_heading()
            for row in table.rows:
                for cell in row:
                    for line in cell.lines:
                        self._outside(line.text)
            return
        first = 0 if mapping.head_row is None else mapping.head_row + 1
        for row in table.rows[: max(first - 1, 0)]:
            for cell in row:
                self._outside(cell.text)
        heads = heads_of(table, mapping.head_row, len(mapping.fields))
        columns = _Columns(mapping.fields, heads, merges=table.merges)
        for row in table.rows[first:]:
            if not is_repeated_head(row, heads):
                self._row(columns.as_seen(row, self._left_over), columns)

    def _row(self, row: list[Cell], columns: "_Columns") -> None:
        filled = [cell for cell in row if cell.text]
        if not filled:
            return
        if columns.is_section(row, filled):
            title, *rest = filled[0].text.split("\n")
            self._set_aside_heading()
            self._begin_section(title)
            for text in rest:
                self._left_over(text)
            return
        if self._heading is not None:
            heading, self._heading = self._heading, None
            self._begin_section(heading.text)
        cells = columns.cells(row)
        if section := cells.get(PlanField.SECTION):
            self._take_section(section)
        is_new = self._take_duty(cells.get(PlanField.DUTY), columns)
        expectation = self._take_meaning(cells.get(PlanField.MEANING), columns, is_new)
        _fill(expectation, columns, cells, row)
        if len(expectation.actions) > MOST_ACTIONS or len(self.plan.sections) > MOST_ACTIONS:
            raise PlanDocumentError(f"The document has more than {MOST_ACTIONS:,} actions. Is it the right one?")

    def _begin_section(self, title: str) -> None:
        self._section = DocumentSection(title, _theme(title))
        self.plan.sections.append(self._section)
        self._duty = self._expectation = None

    def _take_section(self, cell: Cell) -> None:
        if cell.text and (self._section is None or self._section.title != cell.text):
            self._begin_section(cell.text)

    def _take_duty(self, cell: Cell | None, columns: "_Columns") -> bool:
        """Whether the row begins a duty. An empty cell, one that goes on, and the same words again mean the one above."""
        text = cell.wording if cell else ""
        if cell is None or cell.goes_on or not text or (self._duty and self._duty.wording == text):
            return False
        self._duty, self._expectation = DocumentDuty(text), None
        self._current_section().duties.append(self._duty)
        return True

    def _take_meaning(self, cell: Cell | None, columns: "_Columns", is_new: bool) -> DocumentExpectation:
        duty = self._current_duty()
        if PlanField.MEANING not in columns.fields:
            if self._expectation is None:
                self._expectation = DocumentExpectation(duty.wording)
                duty.expectations.append(self._expectation)
            return self._expectation
        text = cell.wording if cell else ""
        goes_on = cell is not None and cell.goes_on
        same = (
            self._expectation is not None and not is_new and (goes_on or not text or text == self._expectation.wording)
        )
        if self._expectation is None or not same:
            self._expectation = DocumentExpectation(text, cell.notes if cell else "")
            duty.expectations.append(self._expectation)
        return self._expectation

    def _current_section(self) -> DocumentSection:
        if self._section is None:
            title = self.plan.title or self._file_title or "Action plan"
            self._section = DocumentSection(title, None)
            self.plan.sections.append(self._section)
        return self._section

    def _current_duty(self) -> DocumentDuty:
        if self._duty is None:
            section = self._current_section()
            self._duty = DocumentDuty(section.title)
            section.duties.append(self._duty)
        return self._duty


_SAID_OF_EACH_ROW = {PlanField.STATUS, *_TICKED, PlanField.DUE, PlanField.ROLES, PlanField.OWNER}
_ONE_CELL = {PlanField.ROLES, PlanField.STATUS, *_TICKED, PlanField.DUE, PlanField.NUMBER}


@dataclass
class _Columns:
    """The fields of a table's columns and their heads. Only in a table whose cells can be merged is an empty cell empty."""

    fields: tuple[PlanField, ...]
    heads: list[str]
    merges: bool
    first: dict[PlanField, int] = field(init=False)
    above: dict[int, Cell] = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.above = {}, {}
        for number, each in enumerate(self.fields):
            self.first.setdefault(each, number)

    def as_seen(self, row: list[Cell], hidden: Callable[[str], None]) -> list[Cell]:
        """The row with what a merged cell says of each of its rows. Text that Word hides in such a cell goes to `hidden`."""
        seen = []
        for place, cell in by_grid(row):
            if not cell.goes_on:
                self.above[place] = cell
                seen.append(cell)
                continue
            if cell.text:
                hidden(cell.text)
            field_here = self.fields[place] if place < len(self.fields) else None
            above = self.above.get(place)
            says_it = above is not None and field_here in _SAID_OF_EACH_ROW
            seen.append(replace(above, span=cell.span) if above and says_it else replace(cell, lines=()))
        return seen

    def is_section(self, row: list[Cell], filled: list[Cell]) -> bool:
        """A cell across the whole table; in a sheet, where nothing is merged, a row with only its first cell filled."""
        if len(row) == 1 and len(self.fields) > 1:
            return True
        if len(filled) != 1:
            return False
        if self.merges:
            return filled[0].span >= len(self.fields)
        in_first = row[0] is filled[0]
        return in_first and len(self.fields) > 2 and self.fields[0] is not PlanField.ACTION

    def cells(self, row: list[Cell]) -> dict[PlanField, Cell]:
        """The first cell of each field."""
        places = dict(by_grid(row))
        return {each: places[number] for each, number in self.first.items() if number in places}

    def others(self, row: list[Cell], *wanted: PlanField) -> list[tuple[str, Cell]]:
        """Filled cells of these fields beyond the first, and those outside every column, each with its head."""
        found = []
        for place, cell in by_grid(row):
            known = place < len(self.fields)
            if cell.text and (not known or self.fields[place] in wanted):
                found.append((self.heads[place] if known else "", cell))
        return found

    def beyond(self, row: list[Cell], *wanted: PlanField) -> list[tuple[str, Cell]]:
        """Filled cells of fields that are read from one cell, in further columns that were said to hold them."""
        return [
            (self.heads[place], cell)
            for place, cell in by_grid(row)
            if cell.text
            and place < len(self.fields)
            and self.fields[place] in wanted
            and self.first[self.fields[place]] != place
        ]


def _fill(expectation: DocumentExpectation, columns: _Columns, cells: dict[PlanField, Cell], row: list[Cell]) -> None:
    """Puts the actions of a row under their expectation, each with what the row says of it."""
    found, lead_in = _actions_in(cells.get(PlanField.ACTION))
    whose, unplaced = _whose(found, cells.get(PlanField.ROLES))
    others = [*columns.others(row, PlanField.OWNER), *columns.beyond(row, PlanField.ROLES)]
    owners = [split_people(cell.text) for _, cell in others]
    status, status_words = _status(columns, cells, row)
    due_on, due_words = _due(cells.get(PlanField.DUE))
    evidence = "\n".join(cell.text for _, cell in columns.others(row, PlanField.EVIDENCE))
    remarks = _remarks(columns, cells, row)
    if not found:
        people = [word for names, person in owners for word in (*names, person) if word]
        said = [*lead_in, *unplaced, *people, status_words, due_words, evidence, *remarks]
        expectation.note = "\n".join(text for text in (expectation.note, *said) if text)
        return
    if len(found) > 1 and len(evidence) + sum(map(len, remarks)) > LONGEST_SHARED:
        lead_in, remarks, evidence = [*lead_in, *remarks, evidence], [], ""
    own = tuple(word for names, _ in owners for word in names)
    named = [person for _, person in owners if person]
    for each, (own_roles, own_people) in zip(found, whose, strict=True):
        expectation.actions.append(
            DocumentAction(
                wording=each.text,
                roles=tuple(dict.fromkeys((*own_roles, *own))),
                note="\n".join([*each.remarks, *remarks]),
                status=status,
                status_words=status_words,
                owner=", ".join(dict.fromkeys((*own_people, *named))),
                due_on=due_on,
                due_words=due_words,
                evidence=evidence,
            )
        )
    expectation.note = "\n".join(text for text in (expectation.note, *lead_in, *unplaced) if text)


def _remarks(columns: _Columns, cells: dict[PlanField, Cell], row: list[Cell]) -> list[str]:
    """Cells that have no place of their own, each after its column's head; running numbers are left to the order."""
    found = []
    for head, cell in [*columns.others(row, PlanField.NOTE), *columns.beyond(row, *(_ONE_CELL - {PlanField.ROLES}))]:
        ours = head in {"Notes", "Note"}
        found.append(cell.text if ours or not head else f"{head}: {cell.text}")
    number = cells.get(PlanField.NUMBER)
    if number is not None and number.text and not re.fullmatch(r"\(?\d+[.)]?", number.text):
        found.append(number.text if re.search(r"[^\W\d]", number.text) else f"No. {number.text}")
    return found


def _status(columns: _Columns, cells: dict[PlanField, Cell], row: list[Cell]) -> tuple[ActionStatus | None, str]:
    """What the status column says, by word, letter or shading; or which of three columns is ticked or shaded."""
    cell = cells.get(PlanField.STATUS)
    if cell is not None and (cell.text or cell.fill):
        shaded = status_of_fill(cell.fill)
        status = status_of(cell.text) if cell.text else shaded
        return status or shaded, cell.text or (FILL_NAMES[shaded] if shaded else "")
    ticked = [
        (status, cells[each])
        for each, status in _TICKED.items()
        if each in cells and (is_tick(cells[each].text) or status_of_fill(cells[each].fill) is status)
    ]
    words = "; ".join(
        f"{columns.heads[columns.first[each]]}: {cells[each].text}"
        for each in _TICKED
        if each in cells and cells[each].text
    )
    return (ticked[0][0] if len(ticked) == 1 else None), words


def _due(cell: Cell | None) -> tuple[date | None, str]:
    if cell is None:
        return None, ""
    return cell.day or day_of(cell.wording), cell.wording


@dataclass
class _Found:
    text: str
    line: int
    remarks: list[str]


def _actions_in(cell: Cell | None) -> tuple[list[_Found], list[str]]:
    """The actions of a cell, each with what belongs to it, and what stands above the first."""
    found: list[_Found] = []
    lead_in: list[str] = []
    lines = cell.lines if cell else ()
    levels = [line.level for line in lines if line.level is not None]
    top = min(levels, default=None)
    for number, line in enumerate(lines):
        if not line.text:
            continue
        is_action = line.level == top if top is not None else not _is_remark(line, found)
        if is_action and not line.is_note:
            found.append(_Found(line.text, number, []))
        elif found:
            found[-1].remarks.append(line.text)
        else:
            lead_in.append(line.text)
    return found, lead_in


def _is_remark(line: Line, found: list[_Found]) -> bool:
    """In a cell without bullets: an address alone belongs to the action above it."""
    return bool(found) and re.fullmatch(r"(https?://|www\.)\S+", line.text) is not None


_Whose = tuple[tuple[str, ...], tuple[str, ...]]  # roles, and people by name


def _whose(found: list[_Found], cell: Cell | None) -> tuple[list[_Whose], list[str]]:
    """The roles and people of each action, and those that belong to none because the row has no action.

    Words that stand apart from each other, by blank lines, are lined up with the actions: as many as there are actions
    belong one to each; otherwise an action has the last that begins no lower than it does.
    """
    starts, groups = _groups(cell)
    if not found:
        return [], [word for group in groups for word in group]
    if not groups:
        return [((), ())] * len(found), []
    if len(groups) == len(found):
        return [_roles_and_people(group) for group in groups], []
    placed = [max(bisect_right(starts, each.line) - 1, 0) for each in found]
    # A group that begins below every action is the last action's, beside what that has.
    taken = set(placed)
    last = [*groups[placed[-1]], *(word for n, group in enumerate(groups) if n not in taken for word in group)]
    return [*(_roles_and_people(groups[n]) for n in placed[:-1]), _roles_and_people(last)], []


def _groups(cell: Cell | None) -> tuple[list[int], list[list[str]]]:
    """The words of each group of lines, and the line in which it begins."""
    starts: list[int] = []
    groups: list[list[str]] = []
    apart = True
    for line, each in enumerate(cell.lines if cell else ()):
        if each.text and apart:
            starts.append(line)
            groups.append([])
        if each.text:
            groups[-1].append(each.text)
        apart = not each.text
    return starts, groups


def _roles_and_people(words: Sequence[str]) -> _Whose:
    """Roles in a row are told apart, and names beside them; other words stay as they stand, as a role nobody knows yet."""
    roles: dict[str, None] = {}
    people: dict[str, None] = {}
    for part in (part.strip() for each in words for part in each.split(",")):
        named, person = split_people(part)
        if named and not person:
            roles[part] = None  # “SLT and governors” stays as it stands
        elif person and (named or is_person(person)):
            roles.update(dict.fromkeys(named))
            people[person] = None
        elif part:
            roles[part] = None
    return tuple(roles), tuple(people)


def _theme(title: str) -> Theme | None:
    lowered = title.lower()
    return next((theme for theme, pattern in _THEME_WORDS if re.search(pattern, lowered)), None)
