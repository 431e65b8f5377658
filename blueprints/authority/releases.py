"""What an authority's officers read: frozen releases, and nothing else.

Everything here comes through `released_to`, on a database role that is granted the release tables alone; the
application's own session is not asked.
"""

import uuid
from dataclasses import dataclass

from flask import Response as FileResponse
from flask import abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from blueprints.authority.blueprint import blueprint
from blueprints.web.access import requires
from prevent_trust.config import Settings
from prevent_trust.released import released_to
from prevent_trust.tenancy import AuthorityScope
from tenants.access.permissions import Permission
from tenants.insights.disclosure.queries import latest_release, published_release, release_file, release_list
from tenants.insights.disclosure.types import (
    SYMBOL_MEANINGS,
    ProtectedTable,
    PublishedRelease,
    ReleaseRules,
    Symbol,
)

BASE = "/authorities/<uuid:authority_id>"


@blueprint.get(BASE)
@requires(Permission.READ_RELEASES)
def overview(authority_id: uuid.UUID) -> str:
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        release = latest_release(session, scope)
    return render_template(
        "authority/overview.html",
        authority_id=authority_id,
        release=release,
        findings=[(table, _findings(table)) for table in release.content.tables] if release else [],
    )


@dataclass(frozen=True)
class Finding:
    """One row of a table in words; `is_hidden` when there is nothing to say."""

    words: str
    is_hidden: bool


def _findings(table: ProtectedTable) -> list[Finding]:
    """Each row in a sentence: its last figure is the one to read, the first ones say of how many."""
    return [_finding(table, number) for number in range(len(table.rows))]


def _finding(table: ProtectedTable, number: int) -> Finding:
    row = table.rows[number]
    figure, whole = row.cells[-1], row.cells[0]
    if figure.is_hidden:
        return Finding(f"{row.heading}: hidden", is_hidden=True)
    value = "less than 1%" if figure.symbol is Symbol.LOW else figure.text
    match table.key:
        case "plan":
            words = f"{row.heading}: {value} of {whole.text} actions are met"
        case "training":
            words = f"{row.heading}: {value} of the {whole.text} staff who need it have it"
        case "reading":
            words = f"{row.heading}: {value} of the {whole.text} staff who must read it have confirmed it"
        case _:
            rate = "fewer than 0.1" if figure.symbol is Symbol.LOW else figure.text
            words = f"{row.heading}: {whole.text} referrals, {rate} per 1,000 pupils"
    return Finding(words, is_hidden=False)


@blueprint.get(f"{BASE}/releases")
@requires(Permission.READ_RELEASES)
def releases(authority_id: uuid.UUID) -> str:
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        found = release_list(session, scope)
    return render_template("authority/releases.html", authority_id=authority_id, releases=found)


@blueprint.get(f"{BASE}/releases/<uuid:release_id>")
@requires(Permission.READ_RELEASES)
def release(authority_id: uuid.UUID, release_id: uuid.UUID) -> str:
    found = _release(authority_id, release_id)
    return render_template("authority/release.html", authority_id=authority_id, release=found)


@blueprint.get(f"{BASE}/releases/<uuid:release_id>/tables/<key>")
@requires(Permission.READ_RELEASES)
def table(authority_id: uuid.UUID, release_id: uuid.UUID, key: str) -> str | FileResponse:
    found = _release(authority_id, release_id)
    shown = found.content.table(key) or abort(404)
    if request.args.get("format") == "csv":
        return _download(authority_id, found, shown)
    columns = [{"key": str(n), "text": text, "numeric": n > 0} for n, text in enumerate(shown.columns)]
    rows = [
        [row.heading, *({"text": cell.text, "state": "hidden"} if cell.is_hidden else cell.text for cell in row.cells)]
        for row in shown.rows
    ]
    return render_template(
        "authority/table.html",
        authority_id=authority_id,
        release=found,
        table=shown,
        data={"columns": columns, "rows": rows},
        symbols=[(symbol.value, SYMBOL_MEANINGS[symbol]) for symbol in shown.symbols],
    )


def _download(authority_id: uuid.UUID, found: PublishedRelease, shown: ProtectedTable) -> FileResponse:
    """The stored bytes of a table, as they were frozen."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        body = release_file(session, scope, found.summary.id, shown.file_name)
    if body is None:
        abort(404)
    name = f"{found.summary.term}-{shown.file_name}"
    return FileResponse(body, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.get(f"{BASE}/tables")
@requires(Permission.READ_RELEASES)
def tables(authority_id: uuid.UUID) -> Response | str:
    """The latest release's tables."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        latest = latest_release(session, scope)
    if latest is None:
        return redirect(url_for("authority.releases", authority_id=authority_id), 303)
    return render_template("authority/release.html", authority_id=authority_id, release=latest)


@blueprint.get(f"{BASE}/methods")
@requires(Permission.READ_RELEASES)
def methods(authority_id: uuid.UUID) -> str:
    """The rules of the latest release; before there is one, those that the first will be made with."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        latest = latest_release(session, scope)
    settings: Settings = current_app.extensions["settings"]
    coming = ReleaseRules(count=settings.release_minimum_count, schools=settings.release_minimum_schools)
    return render_template(
        "authority/methods.html",
        authority_id=authority_id,
        release=latest,
        rules=latest.content.rules if latest else coming,
        symbols=[(symbol.value, SYMBOL_MEANINGS[symbol]) for symbol in Symbol],
    )


def _release(authority_id: uuid.UUID, release_id: uuid.UUID) -> PublishedRelease:
    """A release of this authority; another's is answered as if it did not exist."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        return published_release(session, scope, release_id) or abort(404)
