"""Which sessions did the school hold, who was there, and where is the register?"""

import uuid

from flask import Response as FileResponse
from flask import render_template, request

from blueprints.school.blueprint import blueprint
from blueprints.school.staff import BASE
from blueprints.web.access import requires
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.training.proofs.queries import SessionRow, sessions_of

CSV_HEADERS = ("Course", "Day", "Who was there", "Register", "Recorded by", "Recorded on")


@blueprint.get(f"{BASE}/training/sessions")
@requires(Permission.READ_STAFF)
def training_sessions(school_id: uuid.UUID) -> str | FileResponse:
    sessions = sessions_of(SchoolScope(school_id))
    course = request.args.get("course", "")
    titles = sorted({session.course for session in sessions})
    shown = [session for session in sessions if course in {"", session.course}]
    if request.args.get("format") == "csv":
        return _csv(shown)
    return render_template(
        "school/staff/sessions.html",
        school_id=school_id,
        sessions=shown,
        any_at_all=bool(sessions),
        course=course,
        selects=[
            {
                "name": "course",
                "label": "Course",
                "value": course,
                "options": [("", "Any course"), *((title, title) for title in titles)],
            }
        ],
    )


def _csv(sessions: list[SessionRow]) -> FileResponse:
    lines = [
        (row.course, row.held_on, "; ".join(row.people), row.file_name, row.recorded_by, row.recorded_at.date())
        for row in sessions
    ]
    return FileResponse(
        csv_bytes(CSV_HEADERS, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="training-sessions.csv"'},
    )
