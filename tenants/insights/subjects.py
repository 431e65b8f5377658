"""What the measures of training and reading are about, by name."""

from sqlalchemy import select

from prevent_trust.database import db
from tenants.reading.models import Document
from tenants.training.models import Course


def titles_of_subjects() -> dict[str, str]:
    """Titles of courses and documents by their keys, in the order of the catalogue. Two queries."""
    courses = db.session.execute(select(Course.key, Course.title).order_by(Course.position, Course.key))
    documents = db.session.execute(select(Document.key, Document.title).order_by(Document.position, Document.key))
    return {row.key: row.title for rows in (courses, documents) for row in rows}
