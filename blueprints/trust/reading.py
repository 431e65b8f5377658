"""Who has read what at each school of the trust? By document, in the edition that is in force on the day."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import render_template, request, url_for

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import as_at_day, requires, today
from blueprints.web.figure_file import figure_csv
from blueprints.web.presentation import long_date
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.figures.reading import reading_by_school
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.types import Coverage
from tenants.organisations.queries import schools_of_trust
from tenants.reading.queries import documents_of_trust

BASE = "/trusts/<uuid:trust_id>/reading"


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def reading(trust_id: uuid.UUID) -> str | FileResponse:
    day = as_at_day()
    schools = {school.id: school.name for school in schools_of_trust(trust_id)}
    documents = documents_of_trust(TrustScope(trust_id), day)
    titles = {document.key: document.title for document in documents}
    found = [row for row in reading_coverage(TrustScope(trust_id), as_at=day) if row.school_id in schools]
    kept: dict[str, Any] = {"as_at": day.isoformat() if day < today() else None}
    if request.args.get("format") == "rows":
        return _rows_csv(found, schools, titles)
    figure = reading_by_school(
        schools,
        titles,
        found,
        as_at=long_date(day),
        href=lambda school_id: url_for("school.reading", school_id=school_id),
        csv_url=url_for("trust.reading", trust_id=trust_id, format="table", **kept),
    )
    if request.args.get("format") == "table":
        return figure_csv(figure)
    return render_template(
        "trust/reading.html",
        trust_id=trust_id,
        documents=[(document, *_whole(found, document.key)) for document in documents],
        figure=figure,
        has_schools=bool(schools),
        as_at=day,
        today=today(),
        kept=kept,
    )


def _whole(found: list[Coverage], key: str) -> tuple[int, int]:
    """Of all schools together: how many confirmed, of how many who must."""
    rows = [row for row in found if row.key == key]
    return sum(row.numerator for row in rows), sum(row.denominator for row in rows)


def _rows_csv(found: list[Coverage], schools: dict[uuid.UUID, str], titles: dict[str, str]) -> FileResponse:
    """A line for each school and document, with numbers that a spreadsheet can add up."""
    lines = sorted(
        (schools[row.school_id], titles[row.key], row.numerator, row.denominator, row.missing) for row in found
    )
    return FileResponse(
        csv_bytes(("School", "Document", "Confirmed", "Must read it", "Missing"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="reading.csv"'},
    )
