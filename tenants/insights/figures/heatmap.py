"""The five sections by school."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from tenants.insights.comparison import SchoolRow
from tenants.insights.figures.drawing import (
    STATE_COLOURS,
    STATE_WORDS,
    Cell,
    Column,
    Figure,
    Table,
    as_json,
    wrapped,
)
from tenants.plan.models import THEME_NAMES, Theme
from tenants.plan.rules import SectionCounts

_SCALE = ("not_answered", "red", "amber", "green")
_ROW, _HEAD = 42, 70  # pixels


def section_heatmap(
    schools: Sequence[SchoolRow], *, as_at: str, href: Callable[[SchoolRow], str | None], csv_url: str | None
) -> Figure:
    """A cell for each school and section with its state and the share of applicable actions that are met."""
    names = wrapped([school.name for school in schools])
    grid = [[school.sections[theme] for theme in Theme] for school in schools]
    steps = [(number / len(_SCALE), (number + 1) / len(_SCALE)) for number in range(len(_SCALE))]
    chart = go.Figure(
        go.Heatmap(
            z=[[_SCALE.index(counts.state.value) for counts in row] for row in grid],
            x=[THEME_NAMES[theme] for theme in Theme],
            y=names,
            text=[[_words(counts) for counts in row] for row in grid],
            texttemplate="%{text}",
            hovertemplate="%{y}<br>%{x}: %{text}<extra></extra>",
            colorscale=[
                (edge, STATE_COLOURS[state]) for state, pair in zip(_SCALE, steps, strict=True) for edge in pair
            ],
            zmin=-0.5,
            zmax=len(_SCALE) - 0.5,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(side="top")
    return Figure(
        key="sections",
        title="Sections of the plan by school",
        caption=f"State of each section, and the share of its applicable actions that are met, as at {as_at}. "
        "Red: something is not met or overdue. Amber: something is partly met, due for review or not answered. "
        "Green: all is met.",
        plotly_json=as_json(chart, height=_HEAD + _ROW * max(1, len(schools))),
        table=section_table(schools, href=href),
        csv_url=csv_url,
    )


def section_table(schools: Sequence[SchoolRow], *, href: Callable[[SchoolRow], str | None]) -> Table:
    columns = [
        Column("school", "School"),
        *(Column(theme.value, THEME_NAMES[theme]) for theme in Theme),
        Column("met", "Met", numeric=True),
        Column("answered", "Answered", numeric=True),
        Column("overdue", "Overdue", numeric=True),
    ]
    rows: list[list[Cell | str | int | float | None]] = []
    for school in schools:
        whole = school.whole
        rows.append(
            [
                Cell(school.name, href=href(school)),
                *(
                    Cell(_words(counts), state=counts.state.value, sort_value=_SCALE.index(counts.state.value))
                    for counts in (school.sections[theme] for theme in Theme)
                ),
                Cell(_percent(whole.met_percent), sort_value=whole.met_percent or 0),
                Cell(_percent(whole.answered_percent), sort_value=whole.answered_percent or 0),
                whole.overdue,
            ]
        )
    return Table(columns, rows)


def _words(counts: SectionCounts) -> str:
    word = STATE_WORDS[counts.state.value]
    return word if counts.met_percent is None or not counts.answered else f"{word} {counts.met_percent}%"


def _percent(value: int | None) -> str:
    return "–" if value is None else f"{value}%"
