"""People by course: who holds what, on one page that is filtered on the server and fits a telephone."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from flask import Response as FileResponse
from flask import render_template, request

from blueprints.school.blueprint import blueprint
from blueprints.web.access import as_at_day, requires, today
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.permissions import Permission
from tenants.insights.measures.training_people import PersonCourse, people_and_courses
from tenants.insights.next_steps import LAPSING_WITHIN
from tenants.insights.subjects import titles_of_subjects
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole

PER_PAGE = 50  # people; a page of them with nine courses each is about 150 kB before it is compressed


class CellState(StrEnum):
    MISSING = "missing"
    LAPSED = "lapsed"
    LAPSING = "lapsing"
    HELD = "held"


CELL_STATE_NAMES = {
    CellState.MISSING: "Missing",
    CellState.LAPSED: "Lapsed",
    CellState.LAPSING: "Lapses soon",
    CellState.HELD: "Holds it",
}
GAPS = {CellState.MISSING, CellState.LAPSED}
STATES = {"gap": "Missing or lapsed", "lapsing": "Lapses within 30 days", "complete": "Holds all that they need"}


@dataclass(frozen=True)
class Asked:
    """What the address asks for. Empty texts mean all."""

    as_at: date
    name: str
    role: str
    course: str
    state: str

    @property
    def address(self) -> dict[str, str]:
        """What another page or file of the same choice has in its address."""
        chosen = {"name": self.name, "role": self.role, "course": self.course, "state": self.state}
        day = {"as_at": self.as_at.isoformat()} if self.as_at < today() else {}
        return day | {name: value for name, value in chosen.items() if value}


@dataclass
class Row:
    """Somebody, with a cell for each course that they need, by the course's key."""

    staff_id: uuid.UUID
    name: str
    roles: tuple[StaffRole, ...]
    cells: dict[str, tuple[PersonCourse, CellState]] = field(default_factory=dict)

    @property
    def role_words(self) -> str:
        return ", ".join(STAFF_ROLE_NAMES[role] for role in self.roles)

    def count(self, states: Iterable[CellState]) -> int:
        """How many of the cells are in one of the states."""
        return sum(state in states for _, state in self.cells.values())


def state_of(cell: PersonCourse, as_at: date) -> CellState:
    """How somebody stands with a course that they need on the day."""
    if cell.holds:
        return CellState.LAPSING if cell.lapses_by(as_at + LAPSING_WITHIN) else CellState.HELD
    return CellState.LAPSED if cell.done_on else CellState.MISSING


def matrix_rows(cells: Iterable[PersonCourse], asked: Asked) -> list[Row]:
    """A row for each person that the choice fits, in the order of the cells; with a chosen course, its cells alone."""
    rows: dict[uuid.UUID, Row] = {}
    for cell in cells:
        if asked.course in {"", cell.course}:
            row = rows.setdefault(cell.staff_id, Row(cell.staff_id, cell.name, cell.roles))
            row.cells[cell.course] = (cell, state_of(cell, asked.as_at))
    return [row for row in rows.values() if _fits(row, asked)]


def _fits(row: Row, asked: Asked) -> bool:
    words = asked.name.casefold().split()
    if not all(word in row.name.casefold() for word in words):
        return False
    if asked.role and asked.role not in row.roles:
        return False
    match asked.state:
        case "gap":
            return row.count(GAPS) > 0
        case "lapsing":
            return row.count({CellState.LAPSING}) > 0
        case "complete":
            return row.count(GAPS) == 0
        case _:
            return True


def _asked(titles: Mapping[str, str]) -> Asked:
    name, role, course, state = (request.args.get(each, "") for each in ("name", "role", "course", "state"))
    return Asked(
        as_at=as_at_day(),
        name=" ".join(name.split())[:100],
        role=role if role in set(StaffRole) else "",
        course=course if course in titles else "",
        state=state if state in STATES else "",
    )


@blueprint.get("/schools/<uuid:school_id>/staff/matrix")
@requires(Permission.READ_STAFF)
def training_matrix(school_id: uuid.UUID) -> FileResponse | str:
    scope = SchoolScope(school_id)
    titles = titles_of_subjects(scope)
    asked = _asked(titles)
    cells = people_and_courses(scope, as_at=asked.as_at)
    needed = {cell.course for cell in cells}
    offered = {key: title for key, title in titles.items() if key in needed}
    shown = {key: title for key, title in offered.items() if asked.course in {"", key}}
    rows = matrix_rows(cells, asked)
    if request.args.get("format") == "csv":
        return _csv(rows, shown)
    pages = max(1, -(-len(rows) // PER_PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "school/staff/matrix.html",
        school_id=school_id,
        as_at=asked.as_at,
        is_past=asked.as_at < today(),
        today=today(),
        any_at_all=bool(cells),
        rows=rows[(page - 1) * PER_PAGE : page * PER_PAGE],
        people=len(rows),
        courses=shown,
        page=page,
        pages=pages,
        asked=asked,
        gaps=GAPS,
        soon={CellState.LAPSING},
        selects=_selects(asked, offered),
    )


def _selects(asked: Asked, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    roles = [(role.value, name) for role, name in STAFF_ROLE_NAMES.items()]
    return [
        {"name": "role", "label": "Role", "value": asked.role, "options": [("", "Any role"), *roles]},
        {"name": "course", "label": "Course", "value": asked.course, "options": [("", "All courses"), *titles.items()]},
        {"name": "state", "label": "State", "value": asked.state, "options": [("", "Any state"), *STATES.items()]},
    ]


def _csv(rows: Sequence[Row], titles: Mapping[str, str]) -> FileResponse:
    """A line for each person, with the state of each course and the day on which it lapses or lapsed."""
    headers = ["Name", "Roles", *(word for title in titles.values() for word in (title, f"{title}: until"))]
    lines = []
    for row in rows:
        line: list[object] = [row.name, row.role_words]
        for key in titles:
            cell, state = row.cells.get(key, (None, None))
            line += [CELL_STATE_NAMES[state] if state else "Not needed", cell.until if cell else None]
        lines.append(line)
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="people-by-course.csv"'},
    )
