"""A plan as a CSV file, with the columns of the Excel workbook's sheet “Plan”."""

from prevent_trust.csv_output import csv_bytes
from tenants.plan.exports.types import ExportedPlan
from tenants.plan.exports.words import SHEET_COLUMNS, sheet_rows


def plan_as_csv(plan: ExportedPlan) -> bytes:
    """The plan as UTF-8 with a byte order mark, a row for each action. Dates are written as 2027-03-31."""
    return csv_bytes(SHEET_COLUMNS, sheet_rows(plan))
