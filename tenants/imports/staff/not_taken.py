"""The rows that were not taken, as the same file with the line and the reason behind them."""

import uuid
from collections.abc import Iterable, Iterator, Mapping

from psycopg import Connection as PsycopgConnection
from sqlalchemy import text

from prevent_trust.csv_output import iter_csv
from prevent_trust.database import db
from tenants.imports.staff.reader import sensitive_columns
from tenants.imports.tabular.table import Table

ADDED_COLUMNS = ("Line", "Why it was not taken")
_NOT_DECIDED = "Name may be somebody who is there already: choose in the preview"
_NOT_PLACED = "School is not known: say in the import which school it means"
_REASONS = """
select line, coalesce("column", 'Row') || ' ' || reason from import_rejection where run_id = :run
union all
select line, case outcome when 'unplaced' then :not_placed else :not_decided end
from staff_import_row cross join unnest(lines) line
where run_id = :run and outcome in ('unclear', 'unplaced') and decided is null
order by 1
"""


def reasons_by_line(run_id: uuid.UUID) -> dict[int, str]:
    """Why each line of a file that waits in its preview would not be taken."""
    rows = db.session.execute(text(_REASONS), {"run": run_id, "not_placed": _NOT_PLACED, "not_decided": _NOT_DECIDED})
    return {row[0]: row[1] for row in rows}


def file_of(table: Table, reasons: Mapping[int, str]) -> Iterator[bytes]:
    """The lines that have a reason, as CSV, from the uploaded file; columns that are never read come back empty."""
    rows = ([*cells, line, reasons[line]] for line, cells in _lines(table, reasons))
    return iter_csv([*table.headers, *ADDED_COLUMNS], rows)


def kept_file_of(run_id: uuid.UUID, headers: Iterable[str]) -> Iterator[bytes]:
    """The same once the import is applied and the uploaded file is gone."""
    width = len(heads := list(headers))
    rows = db.session.execute(
        text("""select cells, line, coalesce("column", 'Row') || ' ' || reason from import_rejection
          where run_id = :run order by line, id"""),
        {"run": run_id},
    ).all()
    return iter_csv([*heads, *ADDED_COLUMNS], ([*_padded(cells, width), line, why] for cells, line, why in rows))


def _padded(cells: list[str], width: int) -> list[str]:
    return cells[:width] + [""] * (width - len(cells))


def _lines(table: Table, wanted: Mapping[int, str]) -> Iterator[tuple[int, list[str]]]:
    hidden = {place for place, head in enumerate(table.headers) if sensitive_columns([head])}
    for row in table.rows:
        if row.line in wanted:
            yield row.line, ["" if place in hidden else cell for place, cell in enumerate(row.cells)]


def rejected_lines(run_id: uuid.UUID) -> dict[int, str]:
    """The lines of the file that were not taken."""
    lines = db.session.scalars(text("select line from import_rejection where run_id = :run"), {"run": run_id})
    return dict.fromkeys(lines, "")


def keep_cells(run_id: uuid.UUID, table: Table, wanted: Mapping[int, str]) -> None:
    """Keeps the cells of the rejected lines, before the uploaded file is forgotten."""
    db.session.execute(text("create temporary table import_cells (line int, cells text[]) on commit drop"))
    connection = db.session.connection().connection.driver_connection
    assert isinstance(connection, PsycopgConnection)  # noqa: S101  # the one driver
    with connection.cursor() as cursor, cursor.copy("copy import_cells from stdin") as copy:
        for row in _lines(table, wanted):
            copy.write_row(row)
    db.session.execute(
        text("""update import_rejection r set cells = c.cells from import_cells c
          where r.run_id = :run and r.line = c.line"""),
        {"run": run_id},
    )
    db.session.execute(text("drop table pg_temp.import_cells"))
