"""What an authority's officers read: frozen releases, and nothing else.

Everything here comes through `released_to`, on a database role that is granted the release tables alone; the
application's own session is not asked.
"""

import uuid
from datetime import date, timedelta
from itertools import groupby

from flask import Response as FileResponse
from flask import abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from blueprints.authority.blueprint import blueprint
from blueprints.web.access import requires, today
from blueprints.web.released_pages import table_data
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.released import released_to
from prevent_trust.tenancy import AuthorityScope
from tenants.access.permissions import Permission
from tenants.insights.disclosure.queries import (
    latest_release,
    published_release,
    release_figures,
    release_file,
    release_list,
    release_summary,
)
from tenants.insights.disclosure.types import (
    SYMBOL_MEANINGS,
    Headline,
    ProtectedTable,
    PublishedRelease,
    ReleaseRules,
    ReleaseSummary,
    Symbol,
)

BASE = "/authorities/<uuid:authority_id>"
TERM_ENDS = ((12, 31), (3, 31), (8, 31))  # the same whole months for everybody: tenants/calendar
DOWNLOADS = {
    "release.csv": ("All tables as one tidy file (CSV)", "text/csv"),
    "release.ods": ("All tables as a spreadsheet (ODS)", "application/vnd.oasis.opendocument.spreadsheet"),
    "release.xlsx": (
        "All tables as a spreadsheet (Excel)",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "summary.pdf": ("Summary (PDF)", "application/pdf"),
    "document.json": ("What is published and what is hidden, for an audit of your own (JSON)", "application/json"),
}
# The figures of the overview, by their tables; those by class are on the pages of theirs.
FIRST = ("plan", "training", "reading", "referral-rates", "posts", "timeliness", "filtering-reviews")
SECTION_TITLES = {"plan": "Action plans", "training": "Training", "reading": "Reading", "referrals": "Referrals"}


@blueprint.get(BASE)
@requires(Permission.READ_RELEASES)
def overview(authority_id: uuid.UUID) -> str:
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        release = latest_release(session, scope)
        figures = release_figures(session, scope, release.summary.id) if release else []
    return render_template(
        "authority/overview.html",
        authority_id=authority_id,
        release=release,
        figures=[each for each in figures if each["key"].removeprefix("released-") in FIRST],
        findings=_by_section(release.content.headlines) if release else [],
        symbols=_symbols(release.content.tables) if release else [],
    )


def _by_section(headlines: tuple[Headline, ...]) -> list[tuple[str, list[Headline]]]:
    by_key = groupby(headlines, lambda each: each.key.partition(":")[0])
    return [(SECTION_TITLES[key], list(found)) for key, found in by_key]


def _symbols(tables: tuple[ProtectedTable, ...]) -> list[tuple[str, str]]:
    there = {symbol for table in tables for symbol in table.symbols}
    return [(symbol.value, SYMBOL_MEANINGS[symbol]) for symbol in Symbol if symbol in there]


@blueprint.get(f"{BASE}/releases")
@requires(Permission.READ_RELEASES)
def releases(authority_id: uuid.UUID) -> str | FileResponse:
    """Every release, and when the next ones are due."""
    scope, of = AuthorityScope(authority_id), request.args.get("of", "")
    with released_to(scope) as session:
        found = release_list(session, scope)
    wanted = {"own": False, "group": True}.get(of)
    shown = [each for each in found if wanted is None or each.is_of_group is wanted]
    if request.args.get("format") == "csv":
        return _list_csv(shown)
    return render_template(
        "authority/releases.html",
        authority_id=authority_id,
        has_any=bool(found),
        releases=shown,
        of=of if wanted is not None else "",
        coming=_coming(today()),
    )


def _list_csv(found: list[ReleaseSummary]) -> FileResponse:
    headers = ("Of", "Release", "As at", "Out since", "Withdrawn on", "Why withdrawn", "Fingerprint (SHA-256)")
    rows = (
        (
            each.owner,
            each.title,
            each.as_at,
            each.published_at.date(),
            each.withdrawn_at.date() if each.withdrawn_at else "",
            each.withdrawal_note,
            each.sha256,
        )
        for each in found
    )
    headings = {"Content-Disposition": 'attachment; filename="releases.csv"'}
    return FileResponse(csv_bytes(headers, rows), mimetype="text/csv", headers=headings)


def _coming(day: date) -> list[date]:
    """The days from which the next three terms' releases can be made: the first after each term."""
    ends = (date(year, month, last) for year in (day.year - 1, day.year, day.year + 1) for month, last in TERM_ENDS)
    return sorted(end + timedelta(days=1) for end in ends if end >= day)[:3]


@blueprint.get(f"{BASE}/releases/<uuid:release_id>")
@requires(Permission.READ_RELEASES)
def release(authority_id: uuid.UUID, release_id: uuid.UUID) -> str:
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        summary = release_summary(session, scope, release_id) or abort(404)
        found = published_release(session, scope, release_id)
    if found is None:
        return render_template("authority/withdrawn.html", authority_id=authority_id, summary=summary)
    return _release_page(authority_id, found)


def _release_page(authority_id: uuid.UUID, found: PublishedRelease) -> str:
    downloads = [(name, title) for name, (title, _) in DOWNLOADS.items() if name in found.files]
    return render_template("authority/release.html", authority_id=authority_id, release=found, downloads=downloads)


@blueprint.get(f"{BASE}/releases/<uuid:release_id>/files/<key>")
@requires(Permission.READ_RELEASES)
def release_download(authority_id: uuid.UUID, release_id: uuid.UUID, key: str) -> FileResponse:
    """A file of the release, as it was stored when the release was made."""
    found = _release(authority_id, release_id)
    if key not in DOWNLOADS:
        abort(404)
    return _stored(authority_id, found, key, DOWNLOADS[key][1])


@blueprint.get(f"{BASE}/releases/<uuid:release_id>/tables/<key>")
@requires(Permission.READ_RELEASES)
def table(authority_id: uuid.UUID, release_id: uuid.UUID, key: str) -> str | FileResponse:
    found = _release(authority_id, release_id)
    shown = found.content.table(key) or abort(404)
    if request.args.get("format") == "csv":
        return _stored(authority_id, found, shown.file_name, "text/csv")
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        figures = release_figures(session, scope, release_id)
    return render_template(
        "authority/table.html",
        authority_id=authority_id,
        release=found,
        table=shown,
        figure=next((each for each in figures if each["key"] == f"released-{key}"), None),
        data=table_data(shown),
        symbols=[(symbol.value, SYMBOL_MEANINGS[symbol]) for symbol in shown.symbols],
    )


def _stored(authority_id: uuid.UUID, found: PublishedRelease, file_name: str, media_type: str) -> FileResponse:
    """The stored bytes of a file, as they were frozen."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        body = release_file(session, scope, found.summary.id, file_name)
    if body is None:
        abort(404)
    name = f"{found.summary.term}-{file_name}"
    return FileResponse(body, mimetype=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@blueprint.get(f"{BASE}/tables")
@requires(Permission.READ_RELEASES)
def tables(authority_id: uuid.UUID) -> Response | str:
    """The latest release's tables."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        latest = latest_release(session, scope)
    if latest is None:
        return redirect(url_for("authority.releases", authority_id=authority_id), 303)
    return _release_page(authority_id, latest)


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
    """A standing release of this authority; another's, or one withdrawn, is answered as if it did not exist."""
    scope = AuthorityScope(authority_id)
    with released_to(scope) as session:
        return published_release(session, scope, release_id) or abort(404)
