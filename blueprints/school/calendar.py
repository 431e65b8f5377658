"""The school's year: its terms, half terms, INSET days and closures, and who set which; its due dates in other calendars."""

import uuid

from flask import Response as FileResponse
from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.web.access import can, requires, today
from blueprints.web.calendar_pages import CalendarPages
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.calendar.queries import calendar_of, place_of

BASE = "/schools/<uuid:school_id>/calendar"


def _pages(school_id: uuid.UUID) -> CalendarPages:
    scope = SchoolScope(school_id)
    address = {"school_id": school_id}
    return CalendarPages(scope, place_of(scope), "school.calendar", address, may_edit=can(Permission.EDIT_SCHOOL))


def deadline_choices(scope: SchoolScope) -> list[tuple[str, str]]:
    """The next ends of half terms by the school's own calendar, each as its day."""
    coming = calendar_of(scope, day=today()).next_deadlines(today())
    return [(each.on.isoformat(), f"{each.title}, {each.on.day} {each.on:%B %Y}") for each in coming]


@blueprint.get(BASE)
@requires(Permission.READ_SCHOOL)
def calendar(school_id: uuid.UUID) -> FileResponse | str:
    return _pages(school_id).show()


@blueprint.route(f"{BASE}/<int:year>", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def calendar_edit(school_id: uuid.UUID, year: int) -> Response | str:
    return _pages(school_id).edit(year)


@blueprint.route(f"{BASE}/import", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def calendar_import(school_id: uuid.UUID) -> Response | str:
    return _pages(school_id).upload()


@blueprint.get(f"{BASE}/import/<uuid:import_id>")
@requires(Permission.EDIT_SCHOOL)
def calendar_import_run(school_id: uuid.UUID, import_id: uuid.UUID) -> FileResponse | str:
    return _pages(school_id).preview(import_id)


@blueprint.post(f"{BASE}/import/<uuid:import_id>/apply")
@requires(Permission.EDIT_SCHOOL)
def calendar_import_apply(school_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(school_id).decide(import_id, "apply")


@blueprint.post(f"{BASE}/import/<uuid:import_id>/undo")
@requires(Permission.EDIT_SCHOOL)
def calendar_import_undo(school_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(school_id).decide(import_id, "undo")


@blueprint.post(f"{BASE}/import/<uuid:import_id>/drop")
@requires(Permission.EDIT_SCHOOL)
def calendar_import_drop(school_id: uuid.UUID, import_id: uuid.UUID) -> Response:
    return _pages(school_id).decide(import_id, "drop")
