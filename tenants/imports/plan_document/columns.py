"""What the columns of a table seem to mean: guessed from their heads, corrected by whoever uploads, remembered for the next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tenants.imports.plan_document.blocks import Cell, DocumentBlocks, TableBlock, by_grid

ROWS_BEFORE_HEAD = 10
LONGEST_HEAD = 60
SAMPLES = 3


class PlanField(StrEnum):
    SECTION = "section"
    DUTY = "duty"
    MEANING = "meaning"
    ACTION = "action"
    ROLES = "roles"
    OWNER = "owner"
    DUE = "due"
    STATUS = "status"
    STATUS_RED = "status_red"
    STATUS_AMBER = "status_amber"
    STATUS_GREEN = "status_green"
    EVIDENCE = "evidence"
    NOTE = "note"
    NUMBER = "number"
    DERIVED = "derived"  # what our own files work out afresh each time


_NUMBERS = {"no", "number", "ref", "reference", "reference no", "item", "item no", "row", "id", "s no"}
# In this order: the first whose words a head begins with. A field that can stand once only is taken by the first column.
_WORDS: tuple[tuple[PlanField, tuple[str, ...]], ...] = (
    (PlanField.SECTION, ("section", "theme", "strand", "category")),
    (PlanField.EVIDENCE, ("evidence", "progress", "impact", "monitoring")),
    (PlanField.STATUS, ("rag", "status", "r a g", "rating", "complete")),
    (PlanField.STATUS_RED, ("red", "r")),
    (PlanField.STATUS_AMBER, ("amber", "a", "yellow")),
    (PlanField.STATUS_GREEN, ("green", "g")),
    (PlanField.DUE, ("due", "date", "deadline", "timescale", "by when", "when", "review", "completion", "target")),
    (PlanField.ROLES, ("by whom", "roles", "who")),
    (PlanField.OWNER, ("lead", "owner", "responsib", "person", "officer", "named")),
    (PlanField.ACTION, ("action", "further action", "what we will do", "response", "task", "steps", "what needs", "actions")),
    (PlanField.MEANING, ("what this", "meaning", "expectation", "in practice", "criteria", "description", "summary", "hazard")),
    (PlanField.DUTY, ("duty", "requirement", "area", "outcome", "objective", "risk title", "risk or", "aim", "standard")),
    (PlanField.NOTE, ("notes", "note", "comment", "existing control", "risk management", "control")),
    (PlanField.DUTY, ("risk", "issue")),
)  # fmt: skip
_ONCE = {
    PlanField.NUMBER, PlanField.SECTION, PlanField.DUTY, PlanField.MEANING, PlanField.ACTION, PlanField.STATUS, PlanField.DUE,
    PlanField.STATUS_RED, PlanField.STATUS_AMBER, PlanField.STATUS_GREEN, PlanField.ROLES,
}  # fmt: skip
_OUR_OWN = {"how known", "overdue", "serves", "key"}
_NOT_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class ColumnGuess:
    """A column: what stands at its head, and the first words below."""

    head: str
    samples: tuple[str, ...]


@dataclass(frozen=True)
class TableMapping:
    """What the columns of one table are taken to mean. `head_row` is the row of heads, none where there is none."""

    table: int
    head_row: int | None
    fields: tuple[PlanField, ...]
    use: bool

    def with_fields(self, fields: Sequence[PlanField], *, use: bool) -> "TableMapping":
        return replace(self, fields=tuple(fields), use=use)

    def to_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "head_row": self.head_row,
            "fields": [each.value for each in self.fields],
            "use": self.use,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "TableMapping":
        return cls(raw["table"], raw["head_row"], tuple(PlanField(each) for each in raw["fields"]), raw["use"])


@dataclass(frozen=True)
class TableGuess:
    columns: tuple[ColumnGuess, ...]
    mapping: TableMapping


def guess_columns(blocks: DocumentBlocks, remembered: Mapping[str, str] | None = None) -> list[TableGuess]:
    """For each table its columns and what they seem to mean. A head that is remembered means what it meant before.

    A table without heads that is as wide as the one before goes on with its columns; another one is left out.
    """
    guesses: list[TableGuess] = []
    before: tuple[PlanField, ...] | None = None
    for number, table in enumerate(blocks.tables):
        head = head_row_of(table, remembered or {})
        if head is not None:
            fields = fields_of(_heads(table, head), remembered or {})
            use = PlanField.ACTION in fields
            before = fields if use else before
        elif before is not None and len(before) == table.width:
            fields, use = before, True
        else:
            head = 0 if _could_be_heads(table) else None
            heads = _heads(table, 0) if head == 0 else [""] * table.width
            fields, use = fields_of(heads, remembered or {}), False
        mapping = TableMapping(number, head, fields, use)
        guesses.append(TableGuess(_columns(table, head, len(fields)), mapping))
    return guesses


def head_row_of(table: TableBlock, remembered: Mapping[str, str]) -> int | None:
    """The first row that names the action and at least one other part, briefly."""
    for number, row in enumerate(table.rows[:ROWS_BEFORE_HEAD]):
        heads = [cell.text for _, cell in by_grid(row)]
        known = [field for head in heads if (field := field_of(head, remembered)) is not None]
        if PlanField.ACTION in known and len(set(known)) >= 2:
            return number
    return None


def _could_be_heads(table: TableBlock) -> bool:
    """Whether the first row is brief enough to be heads, in words that nobody knows yet."""
    words = [cell.text for cell in table.rows[0] if cell.text] if table.rows else []
    return len(table.rows) > 1 and len(words) >= 2 and all(len(word) <= LONGEST_HEAD for word in words)


def is_repeated_head(row: list[Cell], heads: Sequence[str]) -> bool:
    """Whether a row says again what the heads say."""
    words = [plain(cell.text) for _, cell in by_grid(row) if cell.text]
    return len(words) >= 2 and words == [plain(head) for head in heads if head]


def field_of(head: str, remembered: Mapping[str, str]) -> PlanField | None:
    known = remembered.get(" ".join(head.lower().split())[:200])
    if known in set(PlanField):
        return PlanField(known)
    words = plain(head)
    if not words or len(words) > LONGEST_HEAD:
        return None
    found = PlanField.NUMBER if words in _NUMBERS else _of_actions(words) or _by_beginning(words)
    return PlanField.ACTION if found is None and {"action", "actions"} & set(words.split()) else found


def _of_actions(words: str) -> PlanField | None:
    """What a head says of actions that begins with their name: “Action status”, “Action number”, “Action by”."""
    first, _, rest = words.partition(" ")
    if first not in {"action", "actions"} or not rest:
        return None
    if rest in _NUMBERS:
        return PlanField.NUMBER
    found = _by_beginning(rest)
    return found if found in _SAID_OF_ACTIONS else PlanField.ROLES if rest.startswith("by") else None


_SAID_OF_ACTIONS = {
    PlanField.STATUS,
    PlanField.DUE,
    PlanField.OWNER,
    PlanField.ROLES,
    PlanField.EVIDENCE,
    PlanField.NOTE,
}


def _by_beginning(words: str) -> PlanField | None:
    for field, beginnings in _WORDS:
        for beginning in beginnings:
            if words == beginning or (len(beginning) > 2 and words.startswith(beginning)):
                return field
    return None


def fields_of(heads: Sequence[str], remembered: Mapping[str, str]) -> tuple[PlanField, ...]:
    """One field for each column. A second duty is what the first means; what nobody can place is kept in the note."""
    ours = {plain(head) for head in heads} >= _OUR_OWN
    taken: set[PlanField] = set()
    fields = []
    for head in heads:
        field = PlanField.DERIVED if ours and plain(head) in _OUR_OWN else field_of(head, remembered) or PlanField.NOTE
        if field is PlanField.DUTY and field in taken:
            field = PlanField.MEANING
        if field in _ONCE and field in taken:
            field = PlanField.OWNER if field is PlanField.ROLES else PlanField.NOTE
        taken.add(field)
        fields.append(field)
    return tuple(fields)


def plain(text: str) -> str:
    return _NOT_WORD.sub(" ", text.lower()).strip()


def heads_of(table: TableBlock, head_row: int | None, width: int) -> list[str]:
    return _heads(table, head_row)[:width] if head_row is not None else [""] * width


def _heads(table: TableBlock, head_row: int) -> list[str]:
    """The head of each column of the grid; a head that spans several stands over the first."""
    heads = [""] * table.width
    for place, cell in by_grid(table.rows[head_row]):
        heads[place] = " ".join(cell.text.split())
    return heads


def _columns(table: TableBlock, head_row: int | None, width: int) -> tuple[ColumnGuess, ...]:
    heads = heads_of(table, head_row, width)
    samples: list[list[str]] = [[] for _ in range(width)]
    for row in table.rows[0 if head_row is None else head_row + 1 :]:
        for place, cell in by_grid(row):
            if place < width and cell.text and len(samples[place]) < SAMPLES and cell.span < width:
                samples[place].append(" ".join(cell.text.split())[:80])
    return tuple(ColumnGuess(head, tuple(each)) for head, each in zip(heads, samples, strict=True))
