"""How do schools stand side by side, fairly? As at a date, filtered, drawn and as tables."""

import uuid
from datetime import date
from typing import Any

from flask import Response as FileResponse
from flask import render_template, request, url_for

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import as_at_day, requires, today
from blueprints.web.figure_file import figure_csv, table_csv
from blueprints.web.presentation import long_date
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.comparison import Comparison, SchoolRow, choices, compare_schools
from tenants.insights.figures.bars import coverage_by_school, coverage_by_subject
from tenants.insights.figures.drawing import Figure
from tenants.insights.figures.filtering import review_table
from tenants.insights.figures.heatmap import section_heatmap
from tenants.insights.figures.volumes import referrals_by_term
from tenants.insights.subjects import titles_of_subjects
from tenants.plan.models import THEME_NAMES, Theme

BASE = "/trusts/<uuid:trust_id>/compare"


@blueprint.get(BASE)
@requires(Permission.READ_TRUST)
def compare(trust_id: uuid.UUID) -> str | FileResponse:
    scope = TrustScope(trust_id)
    offered = choices(scope)
    authority = request.args.get("authority", type=_uuid_or_none)
    authority = authority if authority in {key for key, _ in offered.authorities} else None
    phase = request.args.get("phase", "")
    phase = phase if phase in offered.phases else ""
    compared = compare_schools(scope, as_at=as_at_day(), authority_id=authority, phase=phase or None)
    titles = titles_of_subjects(scope)
    subject = request.args.get("course", "")
    subject = subject if subject in titles else next(iter(titles))
    kept: dict[str, Any] = {
        "as_at": compared.as_at.isoformat() if compared.as_at < today() else None,
        "authority": authority,
        "phase": phase or None,
        "course": subject,
    }
    figures = _figures(trust_id, compared, titles, subject, kept)
    wanted = request.args.get("format", "")
    if wanted in figures:
        return figure_csv(figures[wanted])
    reviews = review_table(compared.schools, href=lambda school: _filtering(school, compared.as_at))
    if wanted == "filtering":
        return table_csv("filtering-reviews", reviews)
    return render_template(
        "trust/compare.html",
        trust_id=trust_id,
        compared=compared,
        figures=figures,
        reviews=reviews,
        reviews_csv=url_for("trust.compare", trust_id=trust_id, format="filtering", **kept),
        theme_names=[(theme, THEME_NAMES[theme]) for theme in Theme],
        as_at=compared.as_at,
        today=today(),
        hrefs={school.id: _plan(school, compared.as_at) for school in compared.schools},
        subject=subject,
        titles=titles,
        kept=kept,
        selects=[
            {
                "name": "authority",
                "label": "Local authority",
                "value": authority or "",
                "options": [("", "Any authority"), *offered.authorities],
            },
            {
                "name": "phase",
                "label": "Phase",
                "value": phase,
                "options": [("", "Any phase"), *((each, each) for each in offered.phases)],
            },
        ],
    )


def _figures(
    trust_id: uuid.UUID, compared: Comparison, titles: dict[str, str], subject: str, kept: dict[str, Any]
) -> dict[str, Figure]:
    day = long_date(compared.as_at)

    def csv_url(name: str) -> str:
        return url_for("trust.compare", trust_id=trust_id, format=name, **kept)

    def href(school: SchoolRow) -> str:
        return _plan(school, compared.as_at)

    return {
        "sections": section_heatmap(compared.schools, as_at=day, href=href, csv_url=csv_url("sections")),
        "coverage": coverage_by_subject(compared.schools, titles, as_at=day, csv_url=csv_url("coverage")),
        "coverage-by-school": coverage_by_school(
            compared.schools, subject, titles[subject], as_at=day, href=href, csv_url=csv_url("coverage-by-school")
        ),
        "referrals": referrals_by_term(compared.schools, compared.terms, as_at=day, csv_url=csv_url("referrals")),
    }


def _plan(school: SchoolRow, as_at: date) -> str:
    day = as_at.isoformat() if as_at < today() else None
    return url_for("school.plan", school_id=school.id, as_at=day)


def _filtering(school: SchoolRow, as_at: date) -> str:
    day = as_at.isoformat() if as_at < today() else None
    return url_for("school.filtering", school_id=school.id, as_at=day)


def _uuid_or_none(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
