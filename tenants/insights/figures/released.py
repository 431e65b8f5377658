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


_ROW, _FOOT, _LEGEND = 54, 60, 110  # pixels
_MOST_BARS = 16  # of referrals: more are as long as their table
_HATCHED = {
    "color": "#ffffff",
    "line": {"color": SOFT, "width": 1},
    "pattern": {"shape": "/", "fgcolor": SOFT, "size": 6},
}
# Colour and pattern of a piece: apart in grey as well.
_GREEN, _AMBER = (STATE_COLOURS["green"], ""), (STATE_COLOURS["amber"], ".")
_RED, _NONE = (STATE_COLOURS["red"], "\\"), (STATE_COLOURS["not_answered"], "")
_STATES = (_GREEN, _AMBER, _RED, _NONE)
_REVIEWS = (_GREEN, _RED, _NONE)
_BANDS = (
    (AUBERGINE_MID, ""),
    (AUBERGINE_MID, "."),
    (AUBERGINE_PALE, ""),
    (AUBERGINE_PALE, "\\"),
)  # shares, not verdicts
_PIECES = {
    "plan": _STATES,
    "plan-by-phase": _STATES,
    "plan-by-type": _STATES,
    "sections": _STATES,
    "posts": _STATES,
    "timeliness": _STATES,
    "filtering-reviews": _REVIEWS,
    "training-bands": _BANDS,
    "reading-bands": _BANDS,
}
_SHARES = ("taking-part", "training", "reading")


def figure_of(table: ReleasedTable) -> Figure | None:
    """The figure of a table; none where nothing is in it, or where the table is none that is drawn."""
    subject = table.key.removeprefix("asked-")  # an officer's own table is of the same kinds
    if not table.rows:
        return None
    caption = f"{table.caption}."
    if subject in _PIECES:
        drawing = _pieced(table, _PIECES[subject])
    elif subject in _SHARES:
        drawing = _shares(table)
    elif subject == "referral-rates":
        drawing = _rates(table)
    elif subject == "referrals":
        rows, of = _first_term(table)
        drawing = _counts([label for label, _ in rows], [row for _, row in rows], of)
        caption = f"{caption} Bars: {of}."
    else:
        return None
    return Figure(
        key=f"released-{table.key}",
        title=table.title,
        caption=f"{caption} Hatched in grey: hidden, which is not the same as none.",
        plotly_json=drawing,
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


def _pieced(table: ReleasedTable, looks: Sequence[tuple[str, str]]) -> str:
    """A bar for each row, in pieces of schools; what is hidden of it is one hatched piece."""
    labels = wrapped([row.heading for row in table.rows])
    chart = go.Figure()
    for place, (colour, pattern) in zip(_places(table.rows[0]), looks, strict=False):
        name = table.columns[place + 1]
        values = [_number(row, place) or 0 for row in table.rows]
        marker = {
            "color": colour,
            "line": {"color": INK, "width": 1},
            # Over the colour, not instead of it, and thin enough for the number on it to be read.
            "pattern": {"shape": pattern, "fillmode": "overlay", "fgcolor": SOFT, "size": 8, "solidity": 0.12},
        }
        chart.add_bar(
            y=labels, x=values, orientation="h", name=name, marker=marker, text=[f"{v:.0f}" if v else "" for v in values],
            textposition="inside", insidetextanchor="middle", textangle=0, textfont={"color": INK},
            hovertemplate=f"%{{y}}: {name} %{{x}}<extra></extra>",
        )  # fmt: skip
    longest = max([total for row in table.rows if (total := _number(row, -1))] or [1.0])
    rest = [_rest(row, longest) for row in table.rows]
    if any(rest):
        chart.add_bar(
            y=labels, x=rest, orientation="h", name="Hidden", marker=_HATCHED,
            hovertemplate="%{y}: hidden<extra></extra>",
        )  # fmt: skip
    # Above the bars: below them, in a figure of one or two, it would lie on the axis's numbers.
    chart.update_layout(
        barmode="stack",
        bargap=0.35,
        showlegend=True,
        # All of it, also where each name has a line of its own: at first only half the figure's height is a legend's.
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal", "maxheight": 1},
    )
    chart.update_yaxes(autorange="reversed")
    chart.update_xaxes(gridcolor=LINE, rangemode="tozero")
    return as_json(chart, height=_LEGEND + _FOOT + _ROW * len(table.rows))


def _places(row: ReleasedRow) -> list[int]:
    """The places of the states one by one: the second is all but the first together, the last the total."""
    return [0, *range(2, len(row.cells) - 1)]


def _rest(row: ReleasedRow, longest: float) -> float:
    """What the hidden states of a row come to together: anybody can take the shown ones from the published total.

    Where the total is hidden as well, the piece is as long as the longest bar, whatever is behind it.
    """
    total = _number(row, -1)
    if total is None:
        return longest
    shown = [_number(row, place) for place in _places(row)]
    return total - sum(value or 0 for value in shown) if None in shown else 0.0


def _shares(table: ReleasedTable) -> str:
    labels = wrapped([row.heading for row in table.rows])
    shares = [_number(row, -1) for row in table.rows]
    chart = go.Figure()
    back = [100 if share is not None else 0 for share in shares]
    chart.add_bar(y=labels, x=back, orientation="h", marker={"color": AUBERGINE_PALE}, hoverinfo="skip")
    outlined = {"color": AUBERGINE_MID, "line": {"color": AUBERGINE, "width": 2}}
    chart.add_bar(y=labels, x=[share or 0 for share in shares], orientation="h", marker=outlined, hoverinfo="skip")
    hidden = [100 if share is None else 0 for share in shares]
    chart.add_bar(y=labels, x=hidden, orientation="h", marker=_HATCHED, hoverinfo="skip")
    _add_words(chart, labels, [_share_words(row) for row in table.rows], 100)
    chart.update_xaxes(range=[0, 100], tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], showgrid=False)
    return as_json(chart, height=_FOOT + _ROW * len(labels))


def _share_words(row: ReleasedRow) -> str:
    whole, part, share = row.cells[0], row.cells[1], row.cells[-1]
    if share.is_hidden:
        return "Hidden"
    if share.symbol == "z":
        return "Nothing to count"
    if part.symbol == "x":
        return f"None of {whole.text}"
    return f"{'Under 1%' if share.symbol else share.text} ({part.text} of {whole.text})"


def _add_words(chart: go.Figure, labels: Sequence[str], words: Sequence[str], width: float) -> None:
    """Words over the bars of a row, from its beginning on: inside a short bar there is no room for them."""
    chart.add_bar(
        y=labels, x=[width] * len(labels), orientation="h", marker={"color": "rgba(0,0,0,0)"}, text=words,
        textposition="inside", insidetextanchor="start", textfont={"color": INK},
        hovertemplate="%{y}: %{text}<extra></extra>",
    )  # fmt: skip
    chart.update_layout(barmode="overlay", bargap=0.35, showlegend=False)
    chart.update_yaxes(autorange="reversed")


def _rates(table: ReleasedTable) -> str:
    """Rates with their counts in words."""
    rates = [_number(row, -1) for row in table.rows]
    words = [_rate_words(row) for row in table.rows]
    return _lengths([row.heading for row in table.rows], rates, words, "Per 1,000 pupils")


def _rate_words(row: ReleasedRow) -> str:
    if row.cells[0].is_hidden:
        return "Hidden"
    return f"{row.cells[-1].text} ({row.cells[0].text} referrals)"


def _first_term(table: ReleasedTable) -> tuple[list[tuple[str, ReleasedRow]], str]:
    """Of a long table by term and class the rows of its first term, the year so far; of a short one all of them.

    Each with its label; and in words what the bars are of, which is the first column, the total of those after it.
    """
    term, by_class, _ = table.rows[0].heading.partition(": ")
    total = table.columns[1].lower()
    if len(table.rows) <= _MOST_BARS or not by_class:
        return [(row.heading, row) for row in table.rows], total
    start = f"{term}: "
    rows = [row for row in table.rows if row.heading.startswith(start)]
    return [(row.heading.removeprefix(start), row) for row in rows], f"{term.lower()}, {total}"


def _counts(labels: Sequence[str], rows: Sequence[ReleasedRow], of: str) -> str:
    counts = [_number(row, 0) for row in rows]
    words = ["Hidden" if row.cells[0].is_hidden else f"{count:,.0f}" for row, count in zip(rows, counts, strict=True)]
    return _lengths(labels, counts, words, of[:1].upper() + of[1:])


def _lengths(headings: Sequence[str], values: Sequence[float | None], words: Sequence[str], axis: str) -> str:
    """A bar for each value; a hidden one is a hatched bar of the longest shown one's length."""
    labels = wrapped(headings)
    longest = max([value for value in values if value is not None] or [1.0]) or 1.0
    chart = go.Figure()
    shown = {"color": AUBERGINE_MID, "line": {"color": AUBERGINE, "width": 2}}
    chart.add_bar(y=labels, x=[value or 0 for value in values], orientation="h", marker=shown, hoverinfo="skip")
    hatched = [longest if value is None else 0 for value in values]
    chart.add_bar(y=labels, x=hatched, orientation="h", marker=_HATCHED, hoverinfo="skip")
    _add_words(chart, labels, words, longest * 1.3)
    chart.update_xaxes(range=[0, longest * 1.3], title=axis, gridcolor=LINE)
    return as_json(chart, height=2 * _FOOT + _ROW * len(labels))


def drawn(tables: Sequence[ReleasedTable]) -> list[Figure]:
    return [figure for table in tables if (figure := figure_of(table)) is not None]
