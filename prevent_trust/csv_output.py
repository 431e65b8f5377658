"""CSV for people: opens in Excel with its accents right, and no cell can act as a formula."""

import csv
import io
from collections.abc import Iterable, Iterator

BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a cell that starts like this for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """The table as UTF-8 with a byte order mark, lines ended by CRLF (RFC 4180)."""
    return b"".join(iter_csv(headers, rows))


def iter_csv(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """The same piece by piece, for tables that are better not held in memory."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([_safe(header) for header in headers])
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
        if buffer.tell() > 64 * 1024:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _safe(cell: object) -> object:
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell
