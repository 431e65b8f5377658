"""The trust's reminders: what holds at its schools unless they change it, the week to come, and whom mail does not reach."""

import uuid
from collections import defaultdict

from flask import Response as FileResponse
from flask import render_template, request
from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import can, requires, today
from blueprints.web.reminder_pages import ReminderPages
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.organisations.queries import names_of_organisations
from tenants.reminders.planning import Planned
from tenants.reminders.queries import not_reached, preview, rules_here, schools_with_own_rules
from tenants.reminders.rule_book import CONFIDENTIAL, in_words

BASE = "/trusts/<uuid:trust_id>/reminders"


def _pages(trust_id: uuid.UUID) -> ReminderPages:
    return ReminderPages(TrustScope(trust_id), "trust")


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def reminders(trust_id: uuid.UUID) -> FileResponse | str:
    scope = TrustScope(trust_id)
    lines: dict[uuid.UUID, list[Planned]] = defaultdict(list)
    for line in preview(scope, today=today()):
        if line.rule not in CONFIDENTIAL:
            lines[line.school_id].append(line)
    lost = not_reached(scope)
    own_rules = schools_with_own_rules(scope)
    names = names_of_organisations({*lines, *own_rules, *(each.school_id for each in lost)})
    rows = [
        {
            "id": school_id,
            "name": name,
            "lines": len(lines[school_id]),
            "people": len({line.to.recipient for line in lines[school_id]}),
            "escalated": sum(line.escalated for line in lines[school_id]),
            "own_rules": own_rules.get(school_id, 0),
            "lost": sum(each.school_id == school_id for each in lost),
        }
        for school_id, name in sorted(names.items(), key=lambda pair: pair[1])
    ]
    if request.args.get("format") == "csv":
        return _csv(rows)
    return render_template(
        "trust/reminders.html",
        trust_id=trust_id,
        rules=[(here, in_words(here.rule)) for here in rules_here(scope)],
        rows=rows,
        not_reached=lost if can(Permission.CHASE_SCHOOLS) else [],
        names=names,
    )


def _csv(rows: list[dict[str, object]]) -> FileResponse:
    columns = ("name", "lines", "people", "escalated", "own_rules", "lost")
    headers = ("School", "Reminders", "People", "Escalated", "Rules of its own", "Not reached")
    return FileResponse(
        csv_bytes(headers, ([row[column] for column in columns] for row in rows)),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="reminders.csv"'},
    )


@blueprint.route(f"{BASE}/rules/<key>", methods=["GET", "POST"])
@requires(Permission.EDIT_TRUST)
def reminder_rule(trust_id: uuid.UUID, key: str) -> Response | str:
    return _pages(trust_id).rule(key)


@blueprint.post(f"{BASE}/rules/<key>/reset")
@requires(Permission.EDIT_TRUST)
def reminder_rule_reset(trust_id: uuid.UUID, key: str) -> Response:
    return _pages(trust_id).reset(key)


@blueprint.route(f"{BASE}/away", methods=["GET", "POST"])
@requires(Permission.READ_TRUST)
def reminders_away(trust_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).away()


@blueprint.post(f"{BASE}/away/end")
@requires(Permission.READ_TRUST)
def reminders_away_end(trust_id: uuid.UUID) -> Response:
    return _pages(trust_id).end_away()
