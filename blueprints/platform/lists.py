"""Long lists in pages, and as files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Response, request

from prevent_trust.csv_output import csv_bytes

PER_PAGE = 50
MOST_ROWS_IN_FILE = 50_000


@dataclass(frozen=True)
class Paging:
    """Which part of a list is shown."""

    number: int
    pages: int
    total: int


def page_number() -> int:
    """The page that the address asks for; the first when it asks for nothing that is one."""
    asked = request.args.get("page", "1")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1


def page_of(total: int) -> Paging:
    return Paging(number=page_number(), pages=max(1, -(-total // PER_PAGE)), total=total)


def csv_file(name: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download that a spreadsheet opens."""
    return Response(
        csv_bytes(headers, rows),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
