"""The ledger of releases: what awaits review, what is out and what each made known, and the drafts that are being made."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flask import Response as FileResponse
from flask import render_template, request

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import MOST_ROWS_IN_FILE, PER_PAGE, csv_file, page_number, page_of
from blueprints.platform.releases import BASE
from blueprints.web.access import requires
from blueprints.web.job_state import STATE_WORDS
from prevent_trust.jobs.ledger import asked_lately
from prevent_trust.jobs.models import JobRun
from prevent_trust.tenancy import PlatformScope
from tenants.access.permissions import Permission
from tenants.insights.disclosure.models import STATE_NAMES, DraftState
from tenants.insights.disclosure.requests import requests_of
from tenants.insights.disclosure.review import LedgerLine, Wanted, count_of_drafts, drafts, terms_of_drafts

DRAFTING = ("make_release", "make_requested_release", "make_group_release")
LATELY = timedelta(hours=24)


@blueprint.get(BASE)
@requires(Permission.PUBLISH_RELEASES)
def releases() -> str | FileResponse:
    """The ledger: what awaits review, what is out, and what each made known."""
    scope, wanted = PlatformScope(), _wanted()
    if request.args.get("format") == "csv":
        return csv_file("release-ledger", _HEADERS, _rows(drafts(scope, wanted, limit=MOST_ROWS_IN_FILE)))
    return render_template(
        "platform/releases.html",
        lines=drafts(scope, wanted, limit=PER_PAGE, offset=(page_number() - 1) * PER_PAGE),
        paging=page_of(count_of_drafts(scope, wanted)),
        wanted=wanted,
        terms=terms_of_drafts(scope),
        names=STATE_NAMES,
        asked=[each for each in requests_of(scope) if each.state == "asked"],
        being_made=being_made(),
        job_words=STATE_WORDS,
    )


def _wanted() -> Wanted:
    state, of = request.args.get("state", ""), request.args.get("of", "")
    return Wanted(
        state=DraftState(state) if state in set(DraftState) else None,
        words=request.args.get("search", "").strip(),
        term=request.args.get("term", ""),
        of=of if of in {"authority", "group"} else "",
    )


_HEADERS = ("Authority or group", "Kind", "Release", "State", "Made", "Shown", "Hidden", "Tightest interval", "Decided")


def _rows(lines: list[LedgerLine]) -> Iterator[tuple[object, ...]]:
    for line in lines:
        draft = line.draft
        withdrawn = ", withdrawn" if draft.withdrawal_note else ""
        yield (
            draft.authority_name,
            "Group" if draft.group_id else "Authority",
            draft.title,
            STATE_NAMES[draft.state] + withdrawn,
            draft.created_at.date(),
            line.shown,
            line.hidden,
            line.tightest,
            draft.decided_at.date() if draft.decided_at else "",
        )


def being_made() -> list[JobRun]:
    """Drafts that were asked for and are not made: waiting, under way, stopped, or with nothing to be made."""
    lately = asked_lately(DRAFTING, since=datetime.now(UTC) - LATELY)
    return [job for job in lately if not job.result.get("made")]
