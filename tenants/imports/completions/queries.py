"""Reads of an import of completions in its preview."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.completions.models import CompletionImportRow, RowOutcome
from tenants.imports.completions.run import LEFT_OUT, NO_COURSE
from tenants.imports.models import ImportRejection
from tenants.training.models import Course

PER_PAGE = 100


@dataclass(frozen=True)
class PreviewRow:
    line: int
    person: str
    course: str
    completed_on: date


def preview_rows(
    scope: SchoolScope, run_id: uuid.UUID, outcome: RowOutcome, *, page: int, per_page: int = PER_PAGE
) -> list[PreviewRow]:
    """A page of the rows with an outcome, in the file's order. Pages count from 1."""
    require_bound(scope)
    rows = db.session.execute(
        select(
            CompletionImportRow.line,
            CompletionImportRow.person,
            func.coalesce(Course.title, CompletionImportRow.course_word),
            CompletionImportRow.completed_on,
        )
        .outerjoin(Course, Course.id == CompletionImportRow.course_id)
        .where(
            CompletionImportRow.school_id == scope.school_id,
            CompletionImportRow.run_id == run_id,
            CompletionImportRow.outcome == outcome,
        )
        .order_by(CompletionImportRow.line, CompletionImportRow.id)
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    return [PreviewRow(*row) for row in rows]


def unknown_courses(scope: SchoolScope, run_id: uuid.UUID) -> list[tuple[str, int]]:
    """The words of a course column that nobody has explained, with how many rows have each."""
    require_bound(scope)
    rows = db.session.execute(
        select(CompletionImportRow.course_word, func.count())
        .where(
            CompletionImportRow.school_id == scope.school_id,
            CompletionImportRow.run_id == run_id,
            CompletionImportRow.outcome == RowOutcome.NO_COURSE,
        )
        .group_by(CompletionImportRow.course_word)
        .order_by(func.count().desc(), CompletionImportRow.course_word)
    )
    return [(word, count) for word, count in rows]


def rejections_of(scope: SchoolScope, run_id: uuid.UUID, *, limit: int) -> list[ImportRejection]:
    """The rows that cannot be read, in the file's order."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(ImportRejection)
            .where(ImportRejection.school_id == scope.school_id, ImportRejection.run_id == run_id)
            .order_by(ImportRejection.line, ImportRejection.id)
            .limit(limit)
        )
    )


def reasons_by_line(scope: SchoolScope, run_id: uuid.UUID) -> dict[int, str]:
    """Why each line of a file that waits in its preview would not be taken."""
    require_bound(scope)
    reasons = {
        line: f"{column or 'Row'} {reason}"
        for line, column, reason in db.session.execute(
            select(ImportRejection.line, ImportRejection.column, ImportRejection.reason).where(
                ImportRejection.school_id == scope.school_id, ImportRejection.run_id == run_id
            )
        )
    }
    rows = db.session.execute(
        select(CompletionImportRow.line, CompletionImportRow.outcome).where(
            CompletionImportRow.school_id == scope.school_id,
            CompletionImportRow.run_id == run_id,
            CompletionImportRow.outcome.in_((RowOutcome.NO_COURSE, RowOutcome.LEFT_OUT)),
        )
    )
    for line, outcome in rows:
        reasons[line] = f"Course {NO_COURSE if outcome is RowOutcome.NO_COURSE else LEFT_OUT}"
    return reasons
