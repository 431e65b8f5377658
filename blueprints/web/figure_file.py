"""A figure's table as a file."""

from flask import Response

from prevent_trust.csv_output import csv_bytes
from tenants.insights.figures.drawing import Figure


def figure_csv(figure: Figure) -> Response:
    """The figure's table as a CSV file, named after the figure."""
    return Response(
        csv_bytes([column.text for column in figure.table.columns], figure.table.lines()),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{figure.key}.csv"'},
    )
