"""What is asked about an edition, and how it was answered."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.questions.models import ReadingAnswer, ReadingQuestionSet
from tenants.reading.questions.types import Question


@dataclass(frozen=True)
class QuestionSet:
    """A version of what is asked. Without questions nothing is asked."""

    id: uuid.UUID
    version: int
    made_at: datetime
    questions: tuple[Question, ...]


def current_questions(scope: SchoolScope, edition_id: uuid.UUID) -> QuestionSet | None:
    """The latest version; none where the school never asked anything about the edition."""
    return next(iter(_sets(scope, edition_id, latest=True)), None)


def _sets(scope: SchoolScope, edition_id: uuid.UUID, *, latest: bool) -> list[QuestionSet]:
    require_bound(scope)
    query = (
        select(ReadingQuestionSet)
        .where(ReadingQuestionSet.school_id == scope.school_id, ReadingQuestionSet.document_edition_id == edition_id)
        .order_by(ReadingQuestionSet.version.desc())
    )
    rows = db.session.scalars(query.limit(1) if latest else query)
    return [
        QuestionSet(row.id, row.version, row.created_at, tuple(Question.from_json(each) for each in row.questions))
        for row in rows
    ]


@dataclass(frozen=True)
class Answered:
    """Somebody's last answer to a question, and how often they tried."""

    chosen: int
    tries: int
    is_right: bool


def answers_of(scope: SchoolScope, set_id: uuid.UUID, staff_id: uuid.UUID) -> dict[int, Answered]:
    """How somebody answered a version, by the question's place."""
    require_bound(scope)
    rows = db.session.execute(
        select(ReadingAnswer.question, ReadingAnswer.chosen, ReadingAnswer.tries, ReadingAnswer.right_at).where(
            ReadingAnswer.school_id == scope.school_id,
            ReadingAnswer.set_id == set_id,
            ReadingAnswer.staff_id == staff_id,
        )
    )
    return {row.question: Answered(row.chosen, row.tries, row.right_at is not None) for row in rows}


def are_questions_left(scope: SchoolScope, edition_id: uuid.UUID, staff_id: uuid.UUID) -> bool:
    """Whether somebody has not answered all that is asked about the edition now."""
    asked = current_questions(scope, edition_id)
    if asked is None or not asked.questions:
        return False
    answered = answers_of(scope, asked.id, staff_id)
    return any(not (place in answered and answered[place].is_right) for place in range(len(asked.questions)))


@dataclass(frozen=True)
class Result:
    """How a question was answered, in numbers of people. `chosen` counts the last answers, by their place."""

    question: Question
    answered: int
    right: int
    right_first: int
    chosen: Mapping[int, int]


def results_of(scope: SchoolScope, edition_id: uuid.UUID) -> list[tuple[QuestionSet, list[Result]]]:
    """Each version that asks something, the latest first, with how each of its questions was answered. Two queries."""
    sets = _sets(scope, edition_id, latest=False)
    is_right = ReadingAnswer.right_at.is_not(None)
    rows = db.session.execute(
        select(
            ReadingAnswer.set_id,
            ReadingAnswer.question,
            ReadingAnswer.chosen,
            func.count().label("answered"),
            func.count().filter(is_right).label("right"),
            func.count().filter(is_right, ReadingAnswer.tries == 1).label("right_first"),
        )
        .join(
            ReadingQuestionSet,
            (ReadingQuestionSet.school_id == ReadingAnswer.school_id) & (ReadingQuestionSet.id == ReadingAnswer.set_id),
        )
        .where(ReadingAnswer.school_id == scope.school_id, ReadingQuestionSet.document_edition_id == edition_id)
        .group_by(ReadingAnswer.set_id, ReadingAnswer.question, ReadingAnswer.chosen)
    )
    counted = defaultdict(list)
    for row in rows:
        counted[row.set_id, row.question].append(row)
    return [
        (
            asked,
            [
                Result(
                    question,
                    sum(row.answered for row in counted[asked.id, place]),
                    sum(row.right for row in counted[asked.id, place]),
                    sum(row.right_first for row in counted[asked.id, place]),
                    {row.chosen: row.answered for row in counted[asked.id, place]},
                )
                for place, question in enumerate(asked.questions)
            ],
        )
        for asked in sets
        if asked.questions
    ]


def tries_by_person(scope: SchoolScope, set_id: uuid.UUID) -> dict[uuid.UUID, int]:
    """How many answers each member of staff gave in all to a version."""
    require_bound(scope)
    rows = db.session.execute(
        select(ReadingAnswer.staff_id, func.sum(ReadingAnswer.tries))
        .where(ReadingAnswer.school_id == scope.school_id, ReadingAnswer.set_id == set_id)
        .group_by(ReadingAnswer.staff_id)
    )
    return {row[0]: int(row[1]) for row in rows}
