"""A figure's table as a file."""

from flask import Response

from prevent_trust.csv_output import csv_bytes
from tenants.insights.figures.drawing import Figure, Table


def figure_csv(figure: Figure) -> Response:
    """The figure's table as a CSV file, named after the figure."""
    return table_csv(figure.key, figure.table)


def table_csv(name: str, table: Table) -> Response:
    """A table without a figure as a CSV file of that name."""
    return Response(
        csv_bytes([column.text for column in table.columns], table.lines()),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
