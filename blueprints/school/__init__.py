"""Pages for the school audience: one module for each topic."""

from flask import Flask

from blueprints.school import (  # noqa: F401  # hang their routes on the blueprint
    absences,
    calendar,
    calendar_feed,
    contacts,
    coverage,
    documents,
    filtering,
    filtering_actions,
    matrix,
    overview,
    people,
    plan,
    plan_action,
    plan_check,
    plan_edit,
    plan_editions,
    plan_evidence,
    plan_import,
    plan_match,
    plan_share,
    reading,
    reading_ask,
    reading_questions,
    reading_sheets,
    reading_signed,
    referrals,
    releases,
    reminders,
    staff,
    staff_import,
    staff_sources,
    training_ask,
    training_certificates,
    training_files,
    training_import,
    training_said,
    training_sessions,
)
from blueprints.school.blueprint import blueprint


def register(app: Flask) -> None:
    """Registers the audience's pages."""
    app.register_blueprint(blueprint)
