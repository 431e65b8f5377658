"""What an authority may be given: tables in which a hidden value is nowhere to be found.

Nothing here holds a true value beside a hidden cell. The authority's pages read these types and no others.
"""

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self


class Symbol(StrEnum):
    """The symbols of official education statistics that these tables use."""

    HIDDEN = "c"
    STRUCTURAL_ZERO = "z"
    NO_RETURN = "x"
    LOW = "low"


SYMBOL_MEANINGS = {
    Symbol.HIDDEN: (
        "Hidden. The number is small, or leaves a small number over, or comes from too few schools, or would let"
        " another hidden number be worked out. A hidden number may be zero."
    ),
    Symbol.STRUCTURAL_ZERO: "Cannot be anything but zero: there is no such school, or nothing to count.",
    Symbol.NO_RETURN: "No school of this kind has taken part.",
    Symbol.LOW: "More than zero, but it rounds to zero.",
}

TABLES_FILE = "tables.json"
FIGURES_FILE = "figures.json"
DOCUMENT_FILE = "document.json"


@dataclass(frozen=True)
class ReleaseRules:
    """The thresholds that a release was made with, as its Methods page states them.

    Counts are of actions, people or referrals. `changed_schools`: in two releases within a year of each other, the
    schools that are in one of them only are none, or at least this many.
    """

    count: int = 5
    schools: int = 10
    contributors: int = 3
    changed_schools: int = 5


@dataclass(frozen=True)
class ProtectedCell:
    """A cell as it is served: its text, and the symbol when the text is one."""

    text: str
    symbol: Symbol | None = None
    note: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.symbol is Symbol.HIDDEN


HIDDEN = ProtectedCell(Symbol.HIDDEN.value, Symbol.HIDDEN)


@dataclass(frozen=True)
class ProtectedRow:
    heading: str
    cells: tuple[ProtectedCell, ...]
    note: str = ""


@dataclass(frozen=True)
class ProtectedTable:
    """A table of a release. `columns` name the heading's column and then one for each cell of a row.

    `withheld` says why the table has no rows; it is empty for a table that has. `note` says in which coarser classes a table
    is given, where the finer ones would have been mostly hidden.
    """

    key: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[ProtectedRow, ...]
    withheld: str = ""
    note: str = ""

    @property
    def hidden_cells(self) -> int:
        return sum(cell.is_hidden for row in self.rows for cell in row.cells)

    @property
    def symbols(self) -> list[Symbol]:
        """The symbols that occur, in the order in which they are explained."""
        there = {cell.symbol for row in self.rows for cell in row.cells}
        return [symbol for symbol in Symbol if symbol in there]

    @property
    def file_name(self) -> str:
        return f"{self.key}.csv"

    def lines(self) -> list[list[str]]:
        """The rows as text, for the download; a withheld table has one line that says why."""
        if self.withheld:
            return [[self.withheld, *[""] * (len(self.columns) - 1)]]
        return [[row.heading, *(cell.text for cell in row.cells)] for row in self.rows]


@dataclass(frozen=True)
class Headline:
    """A figure of a release that is read first: `words` say it, `change` compares it with the last comparable release.

    `value` and `of` are published numbers, for comparing a later release with this one; `past` are (release, text) pairs of
    the releases before it, oldest first.
    """

    key: str
    title: str
    words: str
    change: str = ""
    value: int | None = None
    of: int | None = None
    past: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ProtectedRelease:
    """The tables of a release, how many schools are in it (none when that is hidden), and the rules it was made with.

    `open_schools` is how many the register has in the area. `waiting` are tables of the catalogue that wait, with what for.
    """

    schools: int | None
    rules: ReleaseRules
    tables: tuple[ProtectedTable, ...]
    open_schools: int | None = None
    headlines: tuple[Headline, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()

    def table(self, key: str) -> ProtectedTable | None:
        return next((table for table in self.tables if table.key == key), None)

    @property
    def hidden_cells(self) -> int:
        return sum(table.hidden_cells for table in self.tables)

    def to_json(self) -> bytes:
        """The bytes that are stored and served. The same release always gives the same bytes."""
        content = {
            "schools": self.schools,
            "rules": vars(self.rules),
            "tables": [_table_content(table) for table in self.tables],
            "open_schools": self.open_schools,
            "headlines": [asdict(each) for each in self.headlines],
            "waiting": self.waiting,
        }
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Reads back what `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        content = json.loads(body)
        return cls(
            schools=content["schools"],
            rules=ReleaseRules(**content["rules"]),
            tables=tuple(_table_from(table) for table in content["tables"]),
            open_schools=content.get("open_schools"),
            headlines=tuple(_headline_from(each) for each in content.get("headlines", ())),
            waiting=tuple((title, why) for title, why in content.get("waiting", ())),
        )


def _table_content(table: ProtectedTable) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "caption": table.caption,
        "columns": list(table.columns),
        "rows": [
            {
                "heading": row.heading,
                "note": row.note,
                "cells": [{"text": cell.text, "symbol": cell.symbol, "note": cell.note} for cell in row.cells],
            }
            for row in table.rows
        ],
        "withheld": table.withheld,
        "note": table.note,
    }


def _headline_from(content: dict[str, Any]) -> Headline:
    return Headline(**content | {"past": tuple((title, text) for title, text in content["past"])})


def _table_from(content: dict[str, Any]) -> ProtectedTable:
    return ProtectedTable(
        key=content["key"],
        title=content["title"],
        caption=content["caption"],
        columns=tuple(content["columns"]),
        rows=tuple(
            ProtectedRow(
                heading=row["heading"],
                note=row["note"],
                cells=tuple(
                    ProtectedCell(cell["text"], Symbol(cell["symbol"]) if cell["symbol"] else None, cell["note"])
                    for cell in row["cells"]
                ),
            )
            for row in content["rows"]
        ),
        withheld=content["withheld"],
        note=content.get("note", ""),
    )


@dataclass(frozen=True)
class ReleaseSummary:
    """A release in the list of releases. `owner` is the name of the authority, or of the group when it is of one."""

    id: uuid.UUID
    title: str
    term: str
    as_at: date
    period_from: date
    period_until: date
    published_at: datetime
    code_version: str
    sha256: str
    withdrawn_at: datetime | None = None
    withdrawal_note: str | None = None
    owner: str = ""
    is_of_group: bool = False

    @property
    def full_title(self) -> str:
        """With the group's name, if it is a group's."""
        return f"{self.owner}, {self.title}" if self.is_of_group else self.title


@dataclass(frozen=True)
class PublishedRelease:
    """A release with its tables, as read from its stored bytes."""

    summary: ReleaseSummary
    authority_name: str
    content: ProtectedRelease
    files: tuple[str, ...] = ()
