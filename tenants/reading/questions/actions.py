"""Changing what is asked, and writing down answers. Each flushes; the caller commits."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, exists, null, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.reading.questions.models import MOST_QUESTIONS, ReadingAnswer, ReadingQuestionSet
from tenants.reading.questions.queries import current_questions
from tenants.reading.questions.types import Question

CHANGED = "Somebody has changed the questions meanwhile. Look at them again"


class QuestionError(ValueError):
    """What cannot be, in a sentence for the person who asked."""


def save_question(
    scope: SchoolScope,
    *,
    edition_id: uuid.UUID,
    number: int | None,
    question: Question,
    version: int,
    made_by: uuid.UUID | None,
) -> int:
    """Puts a question in the place of that number, from 1, or after the others. Returns the version that this makes.

    `version` is what the writer was looking at, 0 for none. Raises QuestionError when that is not the latest any more, when
    there is no such number, and for a sixth question.
    """
    questions = list(_as_looked_at(scope, edition_id, version))
    if number is None:
        questions.append(question)
    elif 1 <= number <= len(questions):
        questions[number - 1] = question
    else:
        raise QuestionError(CHANGED)
    if len(questions) > MOST_QUESTIONS:
        raise QuestionError(f"You can ask up to {MOST_QUESTIONS} questions. Change one of them, or remove one first")
    return _new_version(scope, edition_id, questions, version, made_by)


def remove_question(
    scope: SchoolScope, *, edition_id: uuid.UUID, number: int, version: int, made_by: uuid.UUID | None
) -> int:
    """Asks that question no more. Returns the version that this makes. Raises QuestionError as `save_question` does."""
    questions = list(_as_looked_at(scope, edition_id, version))
    if not 1 <= number <= len(questions):
        raise QuestionError(CHANGED)
    del questions[number - 1]
    return _new_version(scope, edition_id, questions, version, made_by)


def _as_looked_at(scope: SchoolScope, edition_id: uuid.UUID, version: int) -> Sequence[Question]:
    now = current_questions(scope, edition_id)
    if (now.version if now else 0) != version:
        raise QuestionError(CHANGED)
    return now.questions if now else ()


def _new_version(
    scope: SchoolScope,
    edition_id: uuid.UUID,
    questions: Sequence[Question],
    version: int,
    made_by: uuid.UUID | None,
) -> int:
    """Of two that make the same version at once, the second is told. A version that nobody answered is not kept."""
    made = db.session.scalar(
        insert(ReadingQuestionSet)
        .values(
            id=new_id(),
            school_id=scope.school_id,
            document_edition_id=edition_id,
            version=version + 1,
            questions=[question.to_json() for question in questions],
            made_by=made_by,
        )
        .on_conflict_do_nothing(index_elements=["school_id", "document_edition_id", "version"])
        .returning(ReadingQuestionSet.id)
    )
    if made is None:
        raise QuestionError(CHANGED)
    before = (
        ReadingQuestionSet.school_id == scope.school_id,
        ReadingQuestionSet.document_edition_id == edition_id,
        ReadingQuestionSet.version == version,
    )
    # Whoever answers holds the version that they answer (`answer_questions`): wait, so that their answer is seen.
    db.session.execute(select(ReadingQuestionSet.id).where(*before).with_for_update())
    answered = exists().where(
        ReadingAnswer.school_id == ReadingQuestionSet.school_id, ReadingAnswer.set_id == ReadingQuestionSet.id
    )
    db.session.execute(delete(ReadingQuestionSet).where(*before, ~answered))
    return version + 1


def answer_questions(
    scope: SchoolScope,
    *,
    edition_id: uuid.UUID,
    set_id: uuid.UUID,
    staff_id: uuid.UUID,
    chosen: Mapping[int, int],
) -> bool:
    """Writes down answers, by the question's place, and that they were tried. What was right before stays so.

    False when another version is asked by now: nothing is written then.
    """
    require_bound(scope)
    db.session.execute(
        select(ReadingQuestionSet.id)
        .where(ReadingQuestionSet.school_id == scope.school_id, ReadingQuestionSet.id == set_id)
        .with_for_update(read=True, key_share=True)
    )
    asked = current_questions(scope, edition_id)
    if asked is None or asked.id != set_id:
        return False
    for place, question in enumerate(asked.questions):
        if place in chosen and 0 <= chosen[place] < len(question.answers):
            _write(scope, set_id, staff_id, place, chosen[place], is_right=question.is_right(chosen[place]))
    return True


def _write(
    scope: SchoolScope, set_id: uuid.UUID, staff_id: uuid.UUID, place: int, chosen: int, *, is_right: bool
) -> None:
    now = datetime.now(UTC)
    statement = insert(ReadingAnswer).values(
        id=new_id(),
        school_id=scope.school_id,
        set_id=set_id,
        staff_id=staff_id,
        question=place,
        chosen=chosen,
        right_at=now if is_right else None,
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["school_id", "set_id", "staff_id", "question"],
            set_={"chosen": chosen, "tries": ReadingAnswer.tries + 1, "right_at": now if is_right else null()},
            where=ReadingAnswer.right_at.is_(None),
        )
    )
