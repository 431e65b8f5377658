"""Each school's share as a bar, with the limits between which chance alone would leave it."""

import uuid
from collections.abc import Callable, Mapping

import plotly.graph_objects as go

from tenants.insights.figures.drawing import (
    AUBERGINE,
    AUBERGINE_MID,
    INK,
    STATE_COLOURS,
    Cell,
    Column,
    Figure,
    Table,
    as_json,
    wrapped,
)
from tenants.insights.limits import Judged

_ROW, _FOOT = 60, 50  # pixels
COLUMNS = [
    Column("school", "School"),
    Column("holds", "Hold it", numeric=True),
    Column("needs", "Need it", numeric=True),
    Column("share", "Share", numeric=True),
    Column("low", "Lower limit", numeric=True),
    Column("high", "Upper limit", numeric=True),
    Column("place", "Against the limits"),
]


def shares_with_limits(
    schools: Mapping[uuid.UUID, Judged],
    names: Mapping[uuid.UUID, str],
    *,
    what: str,
    whole: int,
    as_at: str,
    href: Callable[[uuid.UUID], str | None],
    csv_url: str | None,
) -> Figure:
    """The lowest first. `what` is what is held, in words; `whole` the percentage of all schools together."""
    rows = sorted(schools.items(), key=lambda row: (row[1].share.value, names[row[0]]))
    return Figure(
        key="limits",
        title=f"{what}, by school",
        caption=f"Share of what each school’s staff need that they hold, as at {as_at}, the lowest first. All schools "
        f"together: {whole}%. The line across each bar runs between the school’s limits: if its staff were like those of "
        "all schools together, its bar would end within them 998 times in 1,000.",
        plotly_json=_bars([names[key] for key, _ in rows], [each for _, each in rows]),
        table=Table(
            COLUMNS,
            [
                [
                    Cell(names[key], href=href(key)),
                    each.share.has,
                    each.share.of,
                    _percent(each.share.value),
                    _percent(each.low),
                    _percent(each.high),
                    place_in_words(each),
                ]
                for key, each in rows
            ],
        ),
        csv_url=csv_url,
    )


def place_in_words(each: Judged) -> str:
    """“Below by 8 points”, “Within”."""
    if not each.points_outside:
        return "Within"
    points = f"{each.points_outside} {'point' if each.points_outside == 1 else 'points'}"
    return f"{'Below' if each.is_below else 'Above'} by {points}"


def _percent(value: float) -> Cell:
    return Cell(f"{int(100 * value + 1e-9)}%", sort_value=value)


def _bars(names: list[str], rows: list[Judged]) -> str:
    """In another colour where a school lies outside; the words beside the bar say it too, clear of the line across it."""
    labels = [
        f"{label}<br>{_percent(each.share.value).text} of {each.share.of}, {place_in_words(each).lower()}"
        for label, each in zip(wrapped(names), rows, strict=True)
    ]
    chart = go.Figure()
    chart.add_bar(
        y=labels,
        x=[100 * each.share.value for each in rows],
        orientation="h",
        marker={
            "color": [STATE_COLOURS["amber"] if each.points_outside else AUBERGINE_MID for each in rows],
            "line": {"color": AUBERGINE, "width": 2},
        },
        hoverinfo="skip",
    )
    chart.add_scatter(
        y=labels,
        x=[50 * (each.low + each.high) for each in rows],
        mode="markers",
        marker={"opacity": 0},
        error_x={
            "type": "data",
            "array": [50 * (each.high - each.low) for each in rows],
            "color": INK,
            "thickness": 2,
            "width": 7,
        },
        hoverinfo="skip",
    )
    chart.update_layout(barmode="overlay", bargap=0.35, showlegend=False)
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(range=[0, 100], tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], showgrid=False)
    return as_json(chart, height=_FOOT + _ROW * max(1, len(names)))
