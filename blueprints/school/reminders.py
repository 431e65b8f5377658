"""What is sent from here, to whom and why: the rules, the coming week, and what was sent."""

import uuid

from flask import Response as FileResponse
from flask import render_template, request
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.web.access import can, requires, today
from blueprints.web.reminder_pages import ReminderPages, by_day
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.reminders.models import ITEM_STATE_NAMES, ItemState
from tenants.reminders.queries import (
    SentFilter,
    all_sent_items,
    not_reached,
    preview,
    rules_here,
    sent_items,
    stops_here,
)
from tenants.reminders.rule_book import CONFIDENTIAL, built_in_rules, in_words

BASE = "/schools/<uuid:school_id>/reminders"
PER_PAGE = 50


def _pages(school_id: uuid.UUID) -> ReminderPages:
    return ReminderPages(SchoolScope(school_id), "school")


@blueprint.get(BASE)
@requires(Permission.READ_STAFF)
def reminders(school_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    lines = preview(scope, today=today())
    if not can(Permission.READ_REFERRALS):
        lines = [line for line in lines if line.rule not in CONFIDENTIAL]
    return render_template(
        "school/reminders/reminders.html",
        school_id=school_id,
        rules=[(here, in_words(here.rule)) for here in rules_here(scope)],
        days=by_day(lines),
        not_reached=not_reached(scope),
        stops=stops_here(scope),
        titles={rule.key: rule.title for rule in built_in_rules()},
    )


@blueprint.route(f"{BASE}/rules/<key>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def reminder_rule(school_id: uuid.UUID, key: str) -> Response | str:
    return _pages(school_id).rule(key)


@blueprint.post(f"{BASE}/rules/<key>/reset")
@requires(Permission.EDIT_SCHOOL)
def reminder_rule_reset(school_id: uuid.UUID, key: str) -> Response:
    return _pages(school_id).reset(key)


@blueprint.get(f"{BASE}/sent")
@requires(Permission.READ_STAFF)
def reminders_sent(school_id: uuid.UUID) -> FileResponse | str:
    scope = SchoolScope(school_id)
    titles = {rule.key: rule.title for rule in built_in_rules()}
    state, rule = request.args.get("state", ""), request.args.get("rule", "")
    wanted = SentFilter(
        rule=rule if rule in titles else "",
        state=ItemState(state) if state in set(ItemState) else None,
        with_referrals=can(Permission.READ_REFERRALS),
    )
    if request.args.get("format") == "csv":
        return _csv(scope, wanted, titles)
    number = max(request.args.get("page", 1, type=int), 1)
    rows, total = sent_items(scope, wanted, page=number, per_page=PER_PAGE)
    return render_template(
        "school/reminders/sent.html",
        school_id=school_id,
        rows=rows,
        wanted=wanted,
        titles=titles,
        states=ITEM_STATE_NAMES,
        state_options=[(state.value, name) for state, name in ITEM_STATE_NAMES.items()],
        page=number,
        pages=-(-total // PER_PAGE),
    )


def _csv(scope: SchoolScope, wanted: SentFilter, titles: dict[str, str]) -> FileResponse:
    lines = (
        (
            row.day, row.to_name, row.to_address, row.because, row.instead_of, titles.get(row.rule, row.rule), row.words,
            ITEM_STATE_NAMES[row.state], row.problem,
        )
        for row in all_sent_items(scope, wanted)
    )  # fmt: skip
    headers = ("Day", "To", "Address", "As", "Instead of", "Rule", "What", "State", "Problem")
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="reminders.csv"'},
    )


@blueprint.route(f"{BASE}/away", methods=["GET", "POST"])
@requires(Permission.READ_SCHOOL)
def reminders_away(school_id: uuid.UUID) -> Response | str:
    return _pages(school_id).away()


@blueprint.post(f"{BASE}/away/end")
@requires(Permission.READ_SCHOOL)
def reminders_away_end(school_id: uuid.UUID) -> Response:
    return _pages(school_id).end_away()
