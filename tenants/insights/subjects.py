"""What the measures of training and reading are about, by name."""

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.plan.measure_names import OTHERS, POSTS, measure_title
from tenants.reading.models import Document
from tenants.training.models import Course


def titles_of_subjects(scope: Scope) -> dict[str, str]:
    """Titles of courses and documents by their keys, the catalogue's before those of the scope's own. Two queries.

    Courses: the shared ones, then the scope's trust's own, also those that it no longer asks for; for a school also those of
    a trust that it has left, of which it keeps records.
    """
    require_bound(scope)
    courses = db.session.execute(select(Course.key, Course.title).order_by(Course.position, Course.key))
    documents = db.session.execute(
        select(Document.key, Document.title).order_by(Document.position, Document.title, Document.key)
    )
    return {row.key: row.title for rows in (courses, documents) for row in rows}


def measure_choices(scope: Scope) -> list[tuple[str, str]]:
    """Every measure that an edition's action can name, with what it counts: courses, shared documents, posts and the rest."""
    titles = titles_of_subjects(scope)
    courses = db.session.scalars(select(Course.key).order_by(Course.position, Course.key))
    documents = db.session.scalars(
        select(Document.key)
        .where(Document.school_id.is_(None), Document.trust_id.is_(None))
        .order_by(Document.position, Document.key)
    )
    names = [
        *(f"training:{key}" for key in courses),
        *(f"reading:{key}" for key in documents),
        *(f"post:{role}" for role in POSTS),
        *OTHERS,
    ]
    return [(name, measure_title(name, titles)) for name in names]
