"""Coverage of training and reading."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from tenants.insights.comparison import SchoolRow
from tenants.insights.figures.drawing import (
    AUBERGINE,
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

_ROW, _FOOT = 54, 50  # pixels


def coverage_by_subject(
    schools: Sequence[SchoolRow], titles: dict[str, str], *, as_at: str, csv_url: str | None
) -> Figure:
    """Of the staff of all schools together who need a course or document, the share who hold it."""
    totals = {key: _total(schools, key) for key in titles}
    wanted = [(titles[key], total) for key, total in totals.items() if total[1]]
    return Figure(
        key="coverage",
        title="Training and reading, all schools together",
        caption=f"Share of the staff who need each course or document and hold it, as at {as_at}.",
        plotly_json=share_bars([title for title, _ in wanted], [total for _, total in wanted]),
        table=Table(
            [
                Column("subject", "Course or document"),
                Column("holds", "Hold it", numeric=True),
                Column("needs", "Need it", numeric=True),
                Column("missing", "Missing", numeric=True),
                Column("share", "Share", numeric=True),
            ],
            [[title, has, needs, needs - has, _share_cell(has, needs)] for title, (has, needs) in wanted],
        ),
        csv_url=csv_url,
    )


def coverage_by_school(
    schools: Sequence[SchoolRow],
    key: str,
    title: str,
    *,
    as_at: str,
    href: Callable[[SchoolRow], str | None],
    csv_url: str | None,
) -> Figure:
    """One course or document: the share of the staff of each school who need it and hold it, the lowest first."""
    rows = [(school, found) for school in schools if (found := _of(school, key)) and found.denominator]
    rows.sort(key=lambda row: (row[1].numerator / row[1].denominator, row[0].name))
    return Figure(
        key="coverage-by-school",
        title=f"{title}, by school",
        caption=f"Share of each school’s staff who need it and hold it, as at {as_at}, the lowest first.",
        plotly_json=share_bars(
            [school.name for school, _ in rows], [(row.numerator, row.denominator) for _, row in rows]
        ),
        table=Table(
            [
                Column("school", "School"),
                Column("holds", "Hold it", numeric=True),
                Column("needs", "Need it", numeric=True),
                Column("missing", "Missing", numeric=True),
                Column("share", "Share", numeric=True),
            ],
            [
                [
                    Cell(school.name, href=href(school)),
                    row.numerator,
                    row.denominator,
                    row.missing,
                    _share_cell(row.numerator, row.denominator),
                ]
                for school, row in rows
            ],
        ),
        csv_url=csv_url,
    )


def _of(school: SchoolRow, key: str) -> Coverage | None:
    return school.training.get(key) or school.reading.get(key)


def _total(schools: Sequence[SchoolRow], key: str) -> tuple[int, int]:
    found = [coverage for school in schools if (coverage := _of(school, key))]
    return sum(each.numerator for each in found), sum(each.denominator for each in found)


def share_bars(names: Sequence[str], counts: Sequence[tuple[int, int]]) -> str:
    """A bar for each name: the share outlined and filled, the rest behind it pale, the figures written in words.

    On a phone the words are longer than many a bar, so they lie over both; either fill is light enough for dark words.
    """
    shares = [100 * has / needs if needs else 0 for has, needs in counts]
    labels = wrapped(names)
    chart = go.Figure()
    chart.add_bar(y=labels, x=[100] * len(labels), orientation="h", marker={"color": AUBERGINE_PALE}, hoverinfo="skip")
    outlined = {"color": AUBERGINE_MID, "line": {"color": AUBERGINE, "width": 2}}
    chart.add_bar(y=labels, x=shares, orientation="h", marker=outlined, hoverinfo="skip")
    chart.add_bar(
        y=labels,
        x=[100] * len(labels),
        orientation="h",
        marker={"color": "rgba(0,0,0,0)"},
        text=[f"{int(share)}% ({has} of {needs})" for share, (has, needs) in zip(shares, counts, strict=True)],
        textposition="inside",
        insidetextanchor="start",
        textfont={"color": INK},
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    chart.update_layout(barmode="overlay", bargap=0.35, showlegend=False)
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(range=[0, 100], tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], showgrid=False)
    return as_json(chart, height=_FOOT + _ROW * max(1, len(names)))


def _share_cell(has: int, needs: int) -> Cell:
    return Cell(f"{100 * has // needs}%" if needs else "–", sort_value=has / needs if needs else -1)
