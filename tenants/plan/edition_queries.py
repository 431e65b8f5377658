"""Reading an edition's wording: sections, their duties, what each means, and the actions."""

import uuid
from collections import defaultdict
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, Scope, TrustScope, require_bound
from tenants.plan.edition_content import (
    ContentAction,
    ContentDuty,
    ContentExpectation,
    ContentSection,
    EditionContent,
)
from tenants.plan.models import (
    Edition,
    EditionAction,
    EditionDraft,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
)


@dataclass(frozen=True)
class EditionLine:
    """An edition in a list: with the edition it is based on and how many actions it has."""

    edition: Edition
    based_on: str | None
    actions: int


def editions_for(scope: Scope) -> list[EditionLine]:
    """The editions that a school of the scope can adopt: the product's and the trust's own, the latest first."""
    require_bound(scope)
    base = aliased(Edition)
    rows = db.session.execute(
        select(Edition, base.title, func.count(EditionAction.id))
        .outerjoin(EditionAction, EditionAction.edition_id == Edition.id)
        .outerjoin(base, base.id == Edition.based_on_id)
        .where(_offered(scope))
        .group_by(Edition.id, base.title)
        .order_by(Edition.published_on.desc(), Edition.created_at.desc())
    )
    return [EditionLine(*row) for row in rows]


def edition_for(scope: Scope, edition_id: uuid.UUID) -> Edition | None:
    """One of them; none for a school's own imported wording or another trust's."""
    require_bound(scope)
    return db.session.scalar(select(Edition).where(Edition.id == edition_id, _offered(scope)))


def _offered(scope: Scope) -> ColumnElement[bool]:
    shipped = Edition.source == EditionSource.BUILT_IN
    match scope:
        case TrustScope():
            return or_(shipped, Edition.trust_id == scope.trust_id)
        case SchoolScope():
            return or_(shipped, Edition.trust_id == func.any(func.visible_trusts()))
        case _:
            return shipped


def newest_edition(scope: Scope) -> Edition:
    """The edition that a school of the scope begins with: its trust's latest, else the product's."""
    require_bound(scope)
    newest = db.session.scalars(
        select(Edition)
        .where(_offered(scope))
        .order_by(
            (Edition.source == EditionSource.TRUST).desc(), Edition.published_on.desc(), Edition.created_at.desc()
        )
    ).first()
    if newest is None:
        raise RuntimeError("the database has no edition: run `prevent-trust db upgrade`")
    return newest


def drafts_of(scope: TrustScope | PlatformScope) -> list[EditionDraft]:
    """Drafts that are neither published nor dropped, the latest changed first."""
    require_bound(scope)
    trust_id = scope.trust_id if isinstance(scope, TrustScope) else None
    return list(
        db.session.scalars(
            select(EditionDraft)
            .where(
                EditionDraft.trust_id.is_not_distinct_from(trust_id),
                EditionDraft.published_id.is_(None),
                EditionDraft.dropped_at.is_(None),
            )
            .order_by(EditionDraft.changed_at.desc())
        )
    )


def content_of(edition_id: uuid.UUID) -> EditionContent:
    """The whole wording as a value. Two queries, however long it is."""
    actions: dict[uuid.UUID, list[ContentAction]] = defaultdict(list)
    for row in db.session.scalars(
        select(EditionAction).where(EditionAction.edition_id == edition_id).order_by(EditionAction.position)
    ):
        actions[row.expectation_id].append(_as_content(row))
    sections: dict[uuid.UUID, ContentSection] = {}
    duties: dict[uuid.UUID, dict[uuid.UUID, ContentDuty]] = defaultdict(dict)
    expectations: dict[uuid.UUID, list[ContentExpectation]] = defaultdict(list)
    for section, duty, expectation in db.session.execute(
        select(EditionSection, EditionDuty, EditionExpectation)
        .outerjoin(EditionDuty, EditionDuty.section_id == EditionSection.id)
        .outerjoin(EditionExpectation, EditionExpectation.duty_id == EditionDuty.id)
        .where(EditionSection.edition_id == edition_id)
        .order_by(EditionSection.position, EditionDuty.position, EditionExpectation.position)
    ):
        sections.setdefault(section.id, ContentSection(section.key, section.title, section.theme))
        if duty is not None:
            duties[section.id].setdefault(duty.id, ContentDuty(duty.key, duty.wording))
        if expectation is not None:
            whole = tuple(actions[expectation.id])
            expectations[duty.id].append(
                ContentExpectation(expectation.key, expectation.wording, whole, expectation.note)
            )
    return EditionContent(
        tuple(
            replace(
                section,
                duties=tuple(
                    replace(duty, expectations=tuple(expectations[duty_id])) for duty_id, duty in duties[key].items()
                ),
            )
            for key, section in sections.items()
        )
    )


def _as_content(row: EditionAction) -> ContentAction:
    return ContentAction(
        key=row.key,
        wording=row.wording,
        good_looks_like=row.good_looks_like,
        note=row.note,
        roles=tuple(row.roles),
        dfe_area=row.dfe_area,
        measure=row.measure,
        target_percent=row.target_percent,
        recurs_months=row.recurs_months,
        references=tuple(row.reference_keys),
        serves=tuple(row.serves),
    )
