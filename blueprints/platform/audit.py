"""Who did what, when."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Response, render_template, request

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import MOST_ROWS_IN_FILE, PER_PAGE, csv_file, page_number, page_of
from blueprints.web.access import LONDON, requires
from tenants.access.models import AuditEntry
from tenants.access.permissions import Permission
from tenants.access.queries import AuditFilter, acts_in_audit, audit_entries
from tenants.organisations.queries import names_of_organisations


@dataclass(frozen=True)
class AuditRow:
    at: datetime
    who: str
    act: str
    where: str
    detail: str


@blueprint.get("/platform/audit")
@requires(Permission.ADMINISTER_PLATFORM)
def audit() -> Response | str:
    since, until = _day("since"), _day("until")
    wanted = AuditFilter(
        act=request.args.get("act", ""),
        person=request.args.get("person", ""),
        since=_midnight(since) if since else None,
        before=_midnight(until + timedelta(days=1)) if until else None,
    )
    if request.args.get("format") == "csv":
        entries, _ = audit_entries(wanted, page=1, per_page=MOST_ROWS_IN_FILE)
        lines = [(row.at.isoformat(), row.who, row.act, row.where, row.detail) for row in _in_words(entries)]
        return csv_file("audit", ["When", "Who", "Act", "Where", "Detail"], lines)
    entries, total = audit_entries(wanted, page=page_number(), per_page=PER_PAGE)
    return render_template(
        "platform/audit.html",
        rows=_in_words(entries),
        acts=acts_in_audit(),
        wanted=wanted,
        since=since,
        until=until,
        paging=page_of(total),
    )


def _in_words(entries: list[tuple[AuditEntry, str | None]]) -> list[AuditRow]:
    keys = {entry.id: entry.school_id or entry.trust_id or entry.authority_id for entry, _ in entries}
    places = names_of_organisations({key for key in keys.values() if key})
    return [
        AuditRow(
            at=entry.created_at,
            who=name or "",
            act=entry.act,
            where=places.get(keys[entry.id] or entry.id, ""),
            detail="; ".join(f"{key.replace('_', ' ')}: {value}" for key, value in entry.detail.items() if value),
        )
        for entry, name in entries
    ]


def _day(name: str) -> date | None:
    """A day as a browser's date field sends it; anything else filters nothing."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, LONDON)
