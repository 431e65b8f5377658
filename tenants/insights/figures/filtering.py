"""When the schools of a trust last reviewed filtering and monitoring, as a table: dates say it better than a figure."""

from collections.abc import Callable, Sequence
from datetime import date

from tenants.filtering.models import OUTCOME_NAMES, ReviewOutcome
from tenants.insights.comparison import SchoolRow
from tenants.insights.figures.drawing import Cell, Column, Table
from tenants.insights.measures.filtering import REVIEW_STATE_NAMES, ReviewState

_LOOKS = {ReviewState.WITHIN_A_YEAR: "met", ReviewState.OVER_A_YEAR: "not_met", ReviewState.NONE: "not_answered"}


def review_table(schools: Sequence[SchoolRow], *, href: Callable[[SchoolRow], str | None]) -> Table:
    """A row for each school: those without a review first, then by the day on which the next is due."""
    rows = sorted(schools, key=lambda school: (_due_on(school) or date.min, school.name))
    columns = [
        Column("school", "School"),
        Column("state", "State"),
        Column("reviewed", "Last reviewed on"),
        Column("outcome", "Outcome"),
        Column("due", "Next review due by"),
    ]
    return Table(columns, [_row(school, href) for school in rows])


def _due_on(school: SchoolRow) -> date | None:
    return school.filtering.due_on if school.filtering else None


def _row(school: SchoolRow, href: Callable[[SchoolRow], str | None]) -> list[Cell | str | int | float | None]:
    found = school.filtering
    state = found.state if found else ReviewState.NONE
    # A review that found something to do is no green.
    is_open = found is not None and found.outcome is ReviewOutcome.ACTIONS_NEEDED and state is ReviewState.WITHIN_A_YEAR
    look = "partly_met" if is_open else _LOOKS[state]
    return [
        Cell(school.name, href=href(school)),
        Cell(REVIEW_STATE_NAMES[state], state=look, sort_value=list(ReviewState).index(state)),
        _day(found.reviewed_on if found else None),
        OUTCOME_NAMES[found.outcome] if found and found.outcome else "",
        _day(found.due_on if found else None),
    ]


def _day(day: date | None) -> Cell:
    return Cell(f"{day.day} {day:%B %Y}", sort_value=day.isoformat()) if day else Cell("", sort_value="")
