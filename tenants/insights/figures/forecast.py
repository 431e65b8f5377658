"""How coverage of training will fall, month by month, if nobody does anything."""

from collections.abc import Sequence

from tenants.insights.figures.bars import share_bars
from tenants.insights.figures.drawing import Column, Figure, Table
from tenants.insights.measures.types import Forecast


def forecast_by_month(
    rows: Sequence[Forecast], titles: dict[str, str], *, course: str = "", csv_url: str | None
) -> Figure:
    """The places held in each month, of one course or of all that are needed together; the table has each course.

    A place is one course that one person needs. `titles` gives the table's order; `course` empty means all.
    """
    wanted = [row for row in rows if course in {"", row.course}]
    days = sorted({row.day for row in wanted})
    labels = [f"{day:%b} {day.year}" for day in days]
    holds = [sum(row.holds for row in wanted if row.day == day) for day in days]
    needs = [sum(row.needs for row in wanted if row.day == day) for day in days]
    held = {(row.course, row.day): row.holds for row in wanted}
    needed = {row.course: row.needs for row in wanted}
    of_what = (
        f"{titles[course]} counts one for each person who needs it."
        if course
        else ("All courses together, each counted once for each person who needs it.")
    )
    return Figure(
        key="forecast",
        title="If nobody does anything",
        caption=f"How many will hold what they need, on the same day of each of the next 12 months. {of_what} "
        "Who will join or leave is not foreseen.",
        plotly_json=share_bars(labels, list(zip(holds, needs, strict=True))),
        table=Table(
            [
                Column("course", "Course"),
                Column("needs", "Need it", numeric=True),
                *(Column(day.isoformat(), label, numeric=True) for day, label in zip(days, labels, strict=True)),
            ],
            [[titles[key], needed[key], *(held[key, day] for day in days)] for key in titles if key in needed],
        ),
        csv_url=csv_url,
    )
