"""What every figure has: words, a chart, and the same figures as a table. The only package that knows Plotly."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

INK, SOFT, LINE = "#211a24", "#584f5d", "#d6cfd9"
AUBERGINE, AUBERGINE_MID, AUBERGINE_PALE = "#4f1f56", "#c3a9c8", "#efe6f1"
# Light enough for dark words on all of them, and apart from each other in grey as well.
STATE_COLOURS = {"not_answered": "#f4f1f5", "red": "#f0a79f", "amber": "#f8d58c", "green": "#a9dcc0"}
STATE_WORDS = {"not_answered": "Not answered", "red": "Red", "amber": "Amber", "green": "Green"}


@dataclass(frozen=True)
class Column:
    key: str
    text: str
    numeric: bool = False


@dataclass(frozen=True)
class Cell:
    """A cell that is more than its text: a link, a state, or a number to sort by."""

    text: str
    href: str | None = None
    sort_value: float | str | None = None
    state: str | None = None


@dataclass(frozen=True)
class Table:
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str | int | float | None]]

    def lines(self) -> list[list[str | int | float | None]]:
        """The rows as plain values, for a file."""
        return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in self.rows]


@dataclass(frozen=True)
class Figure:
    """`plotly_json` holds data and layout as Plotly writes them; `key` is unique on a page."""

    key: str
    title: str
    caption: str
    plotly_json: str
    table: Table
    csv_url: str | None = None


LABEL_WIDTH = 26  # characters: with more a phone has no room for the bars


def wrapped(names: Sequence[str]) -> list[str]:
    """Labels in lines of bounded width. Two that are the same are kept apart by invisible marks."""
    labels: list[str] = []
    for name in names:
        label = "<br>".join(textwrap.wrap(name, LABEL_WIDTH)) or name
        while label in labels:
            label += "\u200b"
        labels.append(label)
    return labels


def as_json(figure: go.Figure, *, height: int) -> str:
    """The figure in the product's looks. Height in pixels."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        font={"size": 14, "color": INK},
        showlegend=figure.layout.showlegend,
        hoverlabel={"bgcolor": "#ffffff", "font": {"color": INK}},
    )
    return str(figure.to_json())
