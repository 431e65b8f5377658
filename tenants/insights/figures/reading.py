"""Who has confirmed what they must read, by school and document."""

import uuid
from collections.abc import Callable, Mapping, Sequence

import plotly.graph_objects as go

from tenants.insights.figures.drawing import (
    AUBERGINE_MID,
    AUBERGINE_PALE,
    INK,
    Cell,
    Column,
    Figure,
    Table,
    as_json,
    wrapped,
)
from tenants.insights.measures.types import Coverage

_ROW, _HEAD = 42, 110  # pixels
_NOBODY = "Nobody must"


def reading_by_school(
    schools: Mapping[uuid.UUID, str],
    titles: Mapping[str, str],
    found: Sequence[Coverage],
    *,
    as_at: str,
    href: Callable[[uuid.UUID], str],
    csv_url: str | None,
) -> Figure:
    """A cell for each school and document: how many confirmed, of how many who must. Documents by key, in order."""
    by_cell = {(row.school_id, row.key): row for row in found}
    grid = [[by_cell.get((school, key)) for key in titles] for school in schools]
    chart = go.Figure(
        go.Heatmap(
            z=[[None if cell is None else cell.percent for cell in row] for row in grid],
            x=wrapped(list(titles.values())),
            y=wrapped(list(schools.values())),
            text=[[_words(cell) for cell in row] for row in grid],
            texttemplate="%{text}",
            textfont={"color": INK},
            hovertemplate="%{y}<br>%{x}: %{text}<extra></extra>",
            colorscale=[(0, AUBERGINE_PALE), (1, AUBERGINE_MID)],
            zmin=0,
            zmax=100,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(side="top")
    return Figure(
        key="reading-by-school",
        title="Read and confirmed, by school and document",
        caption=f"How many of each school’s staff who must read a document confirmed the edition in force, as at {as_at}.",
        plotly_json=as_json(chart, height=_HEAD + _ROW * max(1, len(schools))),
        table=Table(
            [Column("school", "School"), *(Column(key, title, numeric=True) for key, title in titles.items())],
            [
                [Cell(name, href=href(school)), *(_cell(by_cell.get((school, key))) for key in titles)]
                for school, name in schools.items()
            ],
        ),
        csv_url=csv_url,
    )


def _words(row: Coverage | None) -> str:
    return f"{row.numerator} of {row.denominator}" if row else _NOBODY


def _cell(row: Coverage | None) -> Cell:
    if row is None or row.percent is None:
        return Cell(_NOBODY, sort_value=-1)
    return Cell(_words(row), sort_value=row.numerator / row.denominator)
