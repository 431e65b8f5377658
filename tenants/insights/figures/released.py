"""Figures of a release: pure functions of its protected tables, so that nothing hidden can be in a bar's length.

What is hidden is drawn as hidden, hatched in grey, never as nothing. Of schools by state the totals are published, so what
the hidden states come to together is drawn as one hatched piece; a hidden share is hatched over its whole width.
"""

from collections.abc import Sequence
from typing import Protocol

import plotly.graph_objects as go

from tenants.insights.figures.drawing import (
    AUBERGINE,
    AUBERGINE_MID,
    AUBERGINE_PALE,
    INK,
    LINE,
    SOFT,
    STATE_COLOURS,
    Cell,
    Column,
    Figure,
    Table,
    as_json,
    wrapped,
)


class ReleasedCell(Protocol):
    """What is published of a number: its text, and the symbol when one stands for it."""

    @property
    def text(self) -> str: ...
    @property
    def symbol(self) -> str | None: ...
    @property
    def is_hidden(self) -> bool: ...


class ReleasedRow(Protocol):
    @property
    def heading(self) -> str: ...
    @property
    def cells(self) -> Sequence[ReleasedCell]: ...


class ReleasedTable(Protocol):
    """A protected table (`tenants/insights/disclosure/types.py`), of which the figures know no more than this."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def caption(self) -> str: ...
    @property
    def columns(self) -> Sequence[str]: ...
    @property
    def rows(self) -> Sequence[ReleasedRow]: ...


_ROW, _FOOT = 54, 60  # pixels
_FILLS = (STATE_COLOURS["green"], STATE_COLOURS["amber"], STATE_COLOURS["red"], STATE_COLOURS["not_answered"])
_PATTERNS = ("", ".", "\\", "")  # apart in grey as well
_HATCHED = {
    "color": "#ffffff",
    "line": {"color": SOFT, "width": 1},
    "pattern": {"shape": "/", "fgcolor": SOFT, "size": 6},
}
SHARES, STATES, COUNTS = "shares", "states", "counts"
DRAWN = {"plan": STATES, "posts": STATES, "training": SHARES, "reading": SHARES, "referral-rates": COUNTS}


def figure_of(table: ReleasedTable) -> Figure | None:
    """The figure of a table; none where its table says it better, or where nothing is in it."""
    kind = DRAWN.get(table.key)
    if kind is None or not table.rows:
        return None
    draw = {STATES: _states, SHARES: _shares, COUNTS: _counts}[kind]
    return Figure(
        key=f"released-{table.key}",
        title=table.title,
        caption=f"{table.caption}. Hatched in grey: hidden, which is not the same as none.",
        plotly_json=draw(table),
        table=table_of(table),
    )


def table_of(table: ReleasedTable) -> Table:
    """The protected cells as a page's table shows them."""
    return Table(
        [Column(str(number), text, numeric=number > 0) for number, text in enumerate(table.columns)],
        [
            [row.heading, *(Cell(cell.text, state="hidden") if cell.is_hidden else cell.text for cell in row.cells)]
            for row in table.rows
        ],
    )


def _number(row: ReleasedRow, place: int) -> float | None:
    cell = row.cells[place]
    text = cell.text.replace(",", "").removesuffix("%")
    return float(text) if cell.symbol is None else 0.0 if cell.text in {"low", "z", "x"} else None


def _states(table: ReleasedTable) -> str:
    """A bar for each row, in pieces of schools; what is hidden of it is one hatched piece."""
    labels = wrapped([row.heading for row in table.rows])
    chart = go.Figure()
    pieces = _pieces(table.rows[0])
    for number, place in enumerate(pieces):
        name = table.columns[place + 1]
        values = [_number(row, place) or 0 for row in table.rows]
        marker = {
            "color": _FILLS[number],
            "line": {"color": INK, "width": 1},
            "pattern": {"shape": _PATTERNS[number], "fgcolor": SOFT, "size": 6},
        }
        chart.add_bar(
            y=labels, x=values, orientation="h", name=name, marker=marker, text=[f"{v:.0f}" if v else "" for v in values],
            textposition="inside", insidetextanchor="middle", textangle=0, textfont={"color": INK},
            hovertemplate=f"%{{y}}: {name} %{{x}}<extra></extra>",
        )  # fmt: skip
    rest = [_rest(row) for row in table.rows]
    if any(rest):
        chart.add_bar(
            y=labels, x=rest, orientation="h", name="Hidden", marker=_HATCHED,
            hovertemplate="%{y}: hidden<extra></extra>",
        )  # fmt: skip
    # Above the bars: below them, in a figure of one or two, it would lie on the axis's numbers.
    chart.update_layout(
        barmode="stack", bargap=0.35, showlegend=True, legend={"orientation": "h", "y": 1, "yanchor": "bottom"}
    )
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(gridcolor=LINE, rangemode="tozero")
    return as_json(chart, height=2 * _FOOT + _ROW * len(table.rows))


def _pieces(row: ReleasedRow) -> list[int]:
    """The places of the states one by one: the second is all but the first together, the last the total."""
    return [0, *range(2, len(row.cells) - 1)]


def _rest(row: ReleasedRow) -> float:
    """What the hidden states of a row come to together: anybody can take the shown ones from the published total."""
    total = _number(row, -1)
    shown = [_number(row, place) for place in _pieces(row)]
    return 0.0 if total is None or None not in shown else total - sum(value or 0 for value in shown)


def _shares(table: ReleasedTable) -> str:
    labels = wrapped([row.heading for row in table.rows])
    shares = [_number(row, -1) for row in table.rows]
    words = [row.cells[-1].text if row.cells[-1].symbol is None else "" for row in table.rows]
    texts = [
        "Hidden" if share is None else f"{word} ({row.cells[1].text} of {row.cells[0].text})"
        for share, word, row in zip(shares, words, table.rows, strict=True)
    ]
    chart = go.Figure()
    back = [100 if share is not None else 0 for share in shares]
    chart.add_bar(y=labels, x=back, orientation="h", marker={"color": AUBERGINE_PALE}, hoverinfo="skip")
    outlined = {"color": AUBERGINE_MID, "line": {"color": AUBERGINE, "width": 2}}
    chart.add_bar(y=labels, x=[share or 0 for share in shares], orientation="h", marker=outlined, hoverinfo="skip")
    hidden = [100 if share is None else 0 for share in shares]
    chart.add_bar(y=labels, x=hidden, orientation="h", marker=_HATCHED, hoverinfo="skip")
    chart.add_bar(
        y=labels, x=[100] * len(labels), orientation="h", marker={"color": "rgba(0,0,0,0)"}, text=texts,
        textposition="inside", insidetextanchor="start", textfont={"color": INK},
        hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    chart.update_layout(barmode="overlay", bargap=0.35, showlegend=False)
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(range=[0, 100], tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], showgrid=False)
    return as_json(chart, height=_FOOT + _ROW * len(labels))


def _counts(table: ReleasedTable) -> str:
    """Rates with their counts in words; a hidden one is a hatched bar of the longest shown one's length."""
    labels = wrapped([row.heading for row in table.rows])
    rates = [_number(row, -1) for row in table.rows]
    longest = max([rate for rate in rates if rate is not None] or [1.0]) or 1.0
    texts = [_rate_words(row) for row in table.rows]
    chart = go.Figure()
    shown = {"color": AUBERGINE_MID, "line": {"color": AUBERGINE, "width": 2}}
    chart.add_bar(y=labels, x=[rate or 0 for rate in rates], orientation="h", marker=shown, hoverinfo="skip")
    hatched = [longest if rate is None else 0 for rate in rates]
    chart.add_bar(y=labels, x=hatched, orientation="h", marker=_HATCHED, hoverinfo="skip")
    chart.add_bar(
        y=labels, x=[longest * 1.3] * len(labels), orientation="h", marker={"color": "rgba(0,0,0,0)"}, text=texts,
        textposition="inside", insidetextanchor="start", textfont={"color": INK},
        hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    chart.update_layout(barmode="overlay", bargap=0.35, showlegend=False)
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(range=[0, longest * 1.3], title="Per 1,000 pupils", gridcolor=LINE)
    return as_json(chart, height=2 * _FOOT + _ROW * len(labels))


def _rate_words(row: ReleasedRow) -> str:
    if row.cells[0].is_hidden:
        return "Hidden"
    return f"{row.cells[-1].text} ({row.cells[0].text} referrals)"


def drawn(tables: Sequence[ReleasedTable]) -> list[Figure]:
    return [figure for table in tables if (figure := figure_of(table)) is not None]
