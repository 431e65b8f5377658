"""What an authority may be given: tables in which a hidden value is nowhere to be found.

Nothing here holds a true value beside a hidden cell. The authority's pages read these types and no others.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self


class Symbol(StrEnum):
    """The symbols of official education statistics that these tables use."""

    HIDDEN = "c"
    LOW = "low"


SYMBOL_MEANINGS = {
    Symbol.HIDDEN: (
        "Hidden. The number is small, or leaves a small number over, or comes from too few schools, or would let"
        " another hidden number be worked out. A hidden number may be zero."
    ),
    Symbol.LOW: "More than zero, but it rounds to zero.",
}

TABLES_FILE = "tables.json"


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

    `withheld` says why the table has no rows; it is empty for a table that has.
    """

    key: str
    title: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[ProtectedRow, ...]
    withheld: str = ""

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
class ProtectedRelease:
    """The tables of a release, how many schools are in it (none when that is hidden), and the rules it was made with."""

    schools: int | None
    rules: ReleaseRules
    tables: tuple[ProtectedTable, ...]

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
    }


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
    )


@dataclass(frozen=True)
class ReleaseSummary:
    """A release in the list of releases."""

    id: uuid.UUID
    title: str
    term: str
    as_at: date
    period_from: date
    period_until: date
    published_at: datetime
    code_version: str
    sha256: str


@dataclass(frozen=True)
class PublishedRelease:
    """A release with its tables, as read from its stored bytes."""

    summary: ReleaseSummary
    authority_name: str
    content: ProtectedRelease
