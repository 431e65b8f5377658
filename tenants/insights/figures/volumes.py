"""Volumes of referrals. Few of anything: the words say how few, and rates stand beside counts."""

from collections.abc import Sequence

import plotly.graph_objects as go

from tenants.calendar.rules import Term
from tenants.insights.comparison import SchoolRow
from tenants.insights.figures.drawing import AUBERGINE, Cell, Column, Figure, Table, as_json


def referrals_by_term(
    schools: Sequence[SchoolRow], terms: Sequence[Term], *, as_at: str, csv_url: str | None
) -> Figure:
    """Referrals of all schools together in each term, with the rate per 1,000 pupils.

    The rate is that of the schools whose pupils the register knows: without the others' pupils, their referrals would
    make it too high.
    """
    known = [school for school in schools if school.pupils]
    pupils = sum(school.pupils or 0 for school in known)
    rates = [_rate(sum(school.referrals.get(term.key, 0) for school in known), pupils) for term in terms]
    counts = [sum(school.referrals.get(term.key, 0) for school in schools) for term in terms]
    chart = go.Figure(
        go.Bar(
            x=[f"{term.season.capitalize()}<br>{term.first_day.year}" for term in terms],
            y=counts,
            marker={"color": AUBERGINE},
            text=[str(count) for count in counts],
            textposition="outside",
            cliponaxis=False,
            customdata=rates,
            hovertemplate="%{x}: %{y} (%{customdata})<extra></extra>",
        )
    )
    chart.update_yaxes(rangemode="tozero", dtick=max(1, -(-max(counts, default=0) // 5)), title="Referrals")
    chart.update_yaxes(range=[0, max([*counts, 1]) * 1.35])
    return Figure(
        key="referrals",
        title="Referrals by term",
        caption=f"Referrals made in each term up to {as_at}, and per 1,000 pupils on roll today. The numbers are small: "
        "one more or less is no trend, and more referrals can mean that staff notice more.",
        plotly_json=as_json(chart, height=340),
        table=referral_table(schools, terms),
        csv_url=csv_url,
    )


def referral_table(schools: Sequence[SchoolRow], terms: Sequence[Term]) -> Table:
    """By school: the count of each term, and the rate per 1,000 pupils over all of them."""
    columns = [
        Column("school", "School"),
        Column("pupils", "Pupils", numeric=True),
        *(Column(term.key, term.title, numeric=True) for term in terms),
        Column("all", "All terms", numeric=True),
        Column("rate", "Per 1,000 pupils and term", numeric=True),
    ]
    rows: list[list[Cell | str | int | float | None]] = []
    for school in schools:
        counts = [school.referrals.get(term.key, 0) for term in terms]
        rate = 1000 * sum(counts) / school.pupils / len(terms) if school.pupils and terms else None
        rows.append(
            [
                school.name,
                Cell(f"{school.pupils:,}" if school.pupils else "Not known", sort_value=school.pupils or 0),
                *counts,
                sum(counts),
                Cell("–" if rate is None else f"{rate:.2f}", sort_value=-1 if rate is None else rate),
            ]
        )
    return Table(columns, rows)


def _rate(count: int, pupils: int) -> str:
    return f"{1000 * count / pupils:.2f} per 1,000 pupils" if pupils else "pupils not known"
