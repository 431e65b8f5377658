"""Reading an edition's wording: sections, their duties, what each means, and the actions."""

import uuid
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from prevent_trust.database import db
from tenants.plan.models import Edition, EditionAction, EditionDuty, EditionExpectation, EditionSection


@dataclass(frozen=True)
class ReadExpectation:
    expectation: EditionExpectation
    actions: list[EditionAction]


@dataclass(frozen=True)
class ReadDuty:
    duty: EditionDuty
    expectations: list[ReadExpectation]


@dataclass(frozen=True)
class ReadSection:
    section: EditionSection
    duties: list[ReadDuty]


def built_in_editions() -> list[tuple[Edition, int]]:
    """The editions that the product ships, the latest first, each with how many actions it has."""
    rows = db.session.execute(
        select(Edition, func.count(EditionAction.id))
        .outerjoin(EditionAction, EditionAction.edition_id == Edition.id)
        .where(Edition.school_id.is_(None))
        .group_by(Edition.id)
        .order_by(Edition.published_on.desc(), Edition.key)
    )
    return [(edition, count) for edition, count in rows]


def built_in_edition(edition_id: uuid.UUID) -> Edition | None:
    """A shipped edition; none for a school's own."""
    return db.session.scalar(select(Edition).where(Edition.id == edition_id, Edition.school_id.is_(None)))


def wording_of(edition: Edition) -> list[ReadSection]:
    """The edition as it is read, in its order. Four queries, however long it is."""
    sections = list(
        db.session.scalars(
            select(EditionSection).where(EditionSection.edition_id == edition.id).order_by(EditionSection.position)
        )
    )
    duties: dict[uuid.UUID, list[EditionDuty]] = defaultdict(list)
    expectations: dict[uuid.UUID, list[EditionExpectation]] = defaultdict(list)
    actions: dict[uuid.UUID, list[EditionAction]] = defaultdict(list)
    for duty in db.session.scalars(
        select(EditionDuty)
        .where(EditionDuty.section_id.in_([section.id for section in sections]))
        .order_by(EditionDuty.position)
    ):
        duties[duty.section_id].append(duty)
    for expectation in db.session.scalars(
        select(EditionExpectation)
        .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
        .where(EditionDuty.section_id.in_([section.id for section in sections]))
        .order_by(EditionExpectation.position)
    ):
        expectations[expectation.duty_id].append(expectation)
    for action in db.session.scalars(
        select(EditionAction).where(EditionAction.edition_id == edition.id).order_by(EditionAction.position)
    ):
        actions[action.expectation_id].append(action)
    return [
        ReadSection(
            section,
            [
                ReadDuty(duty, [ReadExpectation(row, actions[row.id]) for row in expectations[duty.id]])
                for duty in duties[section.id]
            ],
        )
        for section in sections
    ]
