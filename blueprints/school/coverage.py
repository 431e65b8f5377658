"""How was training covered on a day, by course and by role; who was missing and who lapses soon?"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response as FileResponse
from flask import render_template, request, url_for

from blueprints.school.blueprint import blueprint
from blueprints.web.access import as_at_day, requires, today
from blueprints.web.figure_file import figure_csv
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.insights.figures.forecast import forecast_by_month
from tenants.insights.measures.training import training_forecast
from tenants.insights.measures.training_people import PersonCourse, Tally, people_and_courses, tally
from tenants.insights.subjects import titles_of_subjects
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole

PAGE = "/schools/<uuid:school_id>/staff/coverage"
HORIZONS = (30, 60, 90)  # days


@dataclass(frozen=True)
class Asked:
    """What the address asks for. Empty texts mean all."""

    as_at: date
    course: str
    role: str
    days: int

    @property
    def within(self) -> timedelta:
        return timedelta(days=self.days)

    @property
    def address(self) -> dict[str, Any]:
        """What another page or file of the same choice has in its address."""
        chosen = {"course": self.course, "role": self.role, "within": str(self.days) if self.days != 30 else ""}
        day = {"as_at": self.as_at.isoformat()} if self.as_at < today() else {}
        return day | {name: value for name, value in chosen.items() if value}


def _asked(titles: dict[str, str]) -> Asked:
    course, role, days = (request.args.get(name, "") for name in ("course", "role", "within"))
    return Asked(
        as_at=as_at_day(),
        course=course if course in titles else "",
        role=role if role in set(StaffRole) else "",
        days=int(days) if days in {str(each) for each in HORIZONS} else HORIZONS[0],
    )


@blueprint.get(PAGE)
@requires(Permission.READ_STAFF)
def training_coverage(school_id: uuid.UUID) -> FileResponse | str:
    titles = titles_of_subjects(SchoolScope(school_id))
    asked = _asked(titles)
    everybody = people_and_courses(SchoolScope(school_id), as_at=asked.as_at)
    rows = [
        row for row in everybody if asked.course in {"", row.course} and (not asked.role or asked.role in row.roles)
    ]
    wanted = request.args.get("format")
    if wanted in FILES:
        return _csv(wanted, rows, asked, titles)
    figure = forecast_by_month(
        training_forecast(SchoolScope(school_id), as_at=asked.as_at),
        titles,
        course=asked.course,
        csv_url=url_for("school.training_coverage", school_id=school_id, format="forecast", **asked.address),
    )
    if wanted == "forecast":
        return figure_csv(figure)
    needed = {row.course for row in everybody}
    return render_template(
        "school/staff/coverage.html",
        school_id=school_id,
        as_at=asked.as_at,
        is_past=asked.as_at < today(),
        today=today(),
        days=asked.days,
        any_at_all=bool(everybody),
        courses=[(titles[key], each) for key, each in _by_course(rows, asked, titles)],
        roles=[(STAFF_ROLE_NAMES[role], each) for role, each in _by_role(rows, asked)],
        missing=[(row, titles[row.course], _roles(row)) for row in _missing(rows)],
        lapsing=[(row, titles[row.course], _roles(row)) for row in _lapsing(rows, asked)],
        address=asked.address,
        forecast=figure,
        selects=_selects(asked, {key: title for key, title in titles.items() if key in needed}),
    )


def _selects(asked: Asked, titles: dict[str, str]) -> list[dict[str, object]]:
    roles = [(role.value, name) for role, name in STAFF_ROLE_NAMES.items()]
    ahead = [("", f"{HORIZONS[0]} days"), *((str(days), f"{days} days") for days in HORIZONS[1:])]
    return [
        {"name": "course", "label": "Course", "value": asked.course, "options": [("", "Any course"), *titles.items()]},
        {"name": "role", "label": "Role", "value": asked.role, "options": [("", "Any role"), *roles]},
        {
            "name": "within",
            "label": "Lapses within",
            "value": str(asked.days) if asked.days != HORIZONS[0] else "",
            "options": ahead,
        },
    ]


def _by_course(rows: list[PersonCourse], asked: Asked, titles: dict[str, str]) -> Iterable[tuple[str, Tally]]:
    for key in titles:
        of_course = [row for row in rows if row.course == key]
        if of_course:
            yield key, tally(of_course, as_at=asked.as_at, within=asked.within)


def _by_role(rows: list[PersonCourse], asked: Asked) -> Iterable[tuple[StaffRole, Tally]]:
    """What the holders of each role need; who holds several roles counts in each."""
    for role in StaffRole:
        of_role = [row for row in rows if role in row.roles]
        if of_role:
            yield role, tally(of_role, as_at=asked.as_at, within=asked.within)


def _missing(rows: list[PersonCourse]) -> list[PersonCourse]:
    return [row for row in rows if not row.holds]


def _lapsing(rows: list[PersonCourse], asked: Asked) -> list[PersonCourse]:
    """The first to lapse first."""
    soon = [row for row in rows if row.lapses_by(asked.as_at + asked.within)]
    return sorted(soon, key=lambda row: (row.until or date.max, row.name.lower()))


def _roles(row: PersonCourse) -> str:
    return ", ".join(STAFF_ROLE_NAMES[role] for role in row.roles)


COUNTS = ("Hold it", "Need it", "Missing", "Lapse")
FILES = {
    "courses": ("coverage-by-course.csv", ("Course", *COUNTS)),
    "roles": ("coverage-by-role.csv", ("Role", *COUNTS)),
    "missing": ("missing-training.csv", ("Name", "Roles", "Course", "Last completed", "Lapsed")),
    "lapsing": ("lapsing-training.csv", ("Name", "Roles", "Course", "Completed", "Lapses")),
}


def _csv(wanted: str, rows: list[PersonCourse], asked: Asked, titles: dict[str, str]) -> FileResponse:
    name, headers = FILES[wanted]
    lines: list[tuple[object, ...]]
    if wanted in {"courses", "roles"}:
        pairs = (
            [(titles[key], each) for key, each in _by_course(rows, asked, titles)]
            if wanted == "courses"
            else [(STAFF_ROLE_NAMES[role], each) for role, each in _by_role(rows, asked)]
        )
        lines = [(title, each.holds, each.needs, each.missing, each.lapses) for title, each in pairs]
    else:
        people = _missing(rows) if wanted == "missing" else _lapsing(rows, asked)
        lines = [(row.name, _roles(row), titles[row.course], row.done_on, row.until) for row in people]
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
