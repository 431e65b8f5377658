"""Who has read what at each school of the trust? By document, in the edition that is in force on the day."""

import uuid
from typing import Any

from flask import Response as FileResponse
from flask import render_template, request, url_for

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import as_at_day, can, requires, today
from blueprints.web.figure_file import figure_csv
from blueprints.web.presentation import long_date
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.figures.reading import reading_by_school
from tenants.insights.measures.reading import reading_coverage
from tenants.insights.measures.types import Coverage
from tenants.organisations.queries import schools_of_trust
from tenants.reading.own_queries import own_editions
from tenants.reading.queries import DocumentInForce, documents_of_trust, own_documents_of_schools

BASE = "/trusts/<uuid:trust_id>/reading"


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def reading(trust_id: uuid.UUID) -> str | FileResponse:
    day = as_at_day()
    schools = {school.id: school.name for school in schools_of_trust(trust_id)}
    documents = documents_of_trust(TrustScope(trust_id), day)
    own = own_documents_of_schools(TrustScope(trust_id), day)
    titles = {document.key: document.title for document in documents}
    theirs = {each.key: each.title for of_school in own.values() for each in of_school}
    found = [row for row in reading_coverage(TrustScope(trust_id), as_at=day) if row.school_id in schools]
    kept: dict[str, Any] = {"as_at": day.isoformat() if day < today() else None}
    if request.args.get("format") == "rows":
        return _rows_csv(found, schools, theirs | titles)
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
        own=_own(own, schools, found),
        may_edit=can(Permission.EDIT_TRUST) and day == today(),
        written=[each for each in own_editions(TrustScope(trust_id)) if each.published_on is None],
        figure=figure,
        has_schools=bool(schools),
        as_at=day,
        today=today(),
        kept=kept,
    )


def _own(
    own: dict[uuid.UUID, list[DocumentInForce]], schools: dict[uuid.UUID, str], found: list[Coverage]
) -> list[tuple[uuid.UUID, str, DocumentInForce, Coverage | None]]:
    """Each edition that a school has of its own, by the school's name, with how many there confirmed it."""
    coverage = {(row.school_id, row.key): row for row in found}
    lines = [
        (school_id, schools[school_id], each, coverage.get((school_id, each.key)))
        for school_id, of_school in own.items()
        if school_id in schools
        for each in of_school
    ]
    return sorted(lines, key=lambda line: (line[1], line[2].title))


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
