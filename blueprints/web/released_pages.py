"""Releases as schools and trusts read them: the same stored bytes as the authority's officers, on the same database role."""

import uuid
from collections.abc import Sequence
from typing import Any

from prevent_trust.released import released_to
from prevent_trust.tenancy import AuthorityScope
from tenants.insights.disclosure.queries import published_release, release_list
from tenants.insights.disclosure.types import ProtectedTable, PublishedRelease, ReleaseSummary

Found = Sequence[tuple[uuid.UUID, uuid.UUID]]  # (authority, release)


def released_list(found: Found) -> list[ReleaseSummary]:
    """The releases in question, newest first; one query for each authority, which are one or a few."""
    wanted = {release_id for _, release_id in found}
    summaries = []
    for authority_id in dict.fromkeys(authority for authority, _ in found):
        scope = AuthorityScope(authority_id)
        with released_to(scope) as session:
            summaries += [each for each in release_list(session, scope) if each.id in wanted]
    return sorted(summaries, key=lambda each: each.published_at, reverse=True)


def released_table(
    found: Found, release_id: uuid.UUID
) -> tuple[PublishedRelease, list[tuple[ProtectedTable, dict[str, Any]]]] | None:
    """A release with its tables as pages take them; none for one that is not among those found, or withdrawn."""
    authority_id = next((authority for authority, each in found if each == release_id), None)
    if authority_id is None:
        return None
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        release = published_release(session, scope, release_id)
    if release is None:
        return None
    return release, [(table, table_data(table)) for table in release.content.tables]


def table_data(table: ProtectedTable) -> dict[str, Any]:
    """A protected table as components/table.html takes it."""
    columns = [{"key": str(n), "text": text, "numeric": n > 0} for n, text in enumerate(table.columns)]
    rows = [
        [row.heading, *({"text": cell.text, "state": "hidden"} if cell.is_hidden else cell.text for cell in row.cells)]
        for row in table.rows
    ]
    return {"columns": columns, "rows": rows}
