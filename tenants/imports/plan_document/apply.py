"""Makes a school's plan from its document, and says what in the document is out of date."""

import re
import uuid
from collections.abc import Iterator
from datetime import date

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.plan_document.types import PlanDocument
from tenants.plan.actions import start_plan
from tenants.plan.models import (
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
    Plan,
    PlanFinding,
)
from tenants.references.findings import Finding, LocatedText, PlanFacts, find_absences, find_outdated
from tenants.references.register import load_register

_YEARLY_REVIEW = re.compile(
    r"(review|check)\w*[^.]{0,80}(annual|year|12 months|term)|(annual|year)\w*[^.]{0,60}review", re.IGNORECASE
)
_FILTERING = re.compile(r"filter|monitoring", re.IGNORECASE)


def findings_in(document: PlanDocument) -> list[Finding]:
    """What the register knows to be out of date in the document, each with its place, and what a plan lacks."""
    texts = list(_located(document))
    whole = " ".join(each.text for each in texts)
    facts = PlanFacts(
        # The columns that are read hold none of these three.
        has_due_dates=False,
        has_status=False,
        has_evidence=False,
        names_governor=re.search(r"\bgovernor", whole, re.IGNORECASE) is not None,
        reviews_filtering_yearly=any(
            _FILTERING.search(each.text) is not None and _YEARLY_REVIEW.search(each.text) is not None for each in texts
        ),
    )
    return [*find_outdated(texts, load_register()), *find_absences(facts)]


def _located(document: PlanDocument) -> Iterator[LocatedText]:
    for text in (document.title, *document.introduction):
        yield LocatedText("Before the table", text)
    for section in document.sections:
        for duty in section.duties:
            yield LocatedText(section.title, duty.wording)
            for expectation in duty.expectations:
                yield LocatedText(section.title, f"{expectation.wording}\n{expectation.note}")
        actions = [action for duty in section.duties for each in duty.expectations for action in each.actions]
        for number, action in enumerate(actions, start=1):
            text = "\n".join((action.wording, action.note, *action.roles))
            yield LocatedText(f"{section.title}, action {number}", text)
    for text in document.leftovers:
        yield LocatedText("Outside the table", text)


def make_plan_from_document(
    scope: SchoolScope, document: PlanDocument, *, import_id: uuid.UUID, today: date, made_by: uuid.UUID | None
) -> Plan:
    """The document as an edition of the school's own and the school's current plan; the earlier plan is archived.

    Made once for an `import_id`: asked for again, it returns the plan that is there.
    """
    require_bound(scope)
    key = f"import-{import_id.hex}"
    there = db.session.scalar(
        select(Plan)
        .join(Edition, Edition.id == Plan.edition_id)
        .where(Plan.school_id == scope.school_id, Edition.school_id == scope.school_id, Edition.key == key)
    )
    if there is not None:
        return there
    edition = _add_edition(scope, document, key=key, today=today)
    plan = start_plan(scope, edition_id=edition.id, made_by=made_by)
    for finding in findings_in(document):
        db.session.add(PlanFinding(school_id=scope.school_id, plan_id=plan.id, **vars(finding)))
    db.session.flush()
    return plan


def _add_edition(scope: SchoolScope, document: PlanDocument, *, key: str, today: date) -> Edition:
    school = scope.school_id
    edition = Edition(
        key=key,
        title=document.title,
        source=EditionSource.IMPORTED,
        school_id=school,
        published_on=today,
        introduction="\n".join(document.introduction),
        leftovers=document.leftovers,
    )
    db.session.add(edition)
    db.session.flush()
    position = 0
    for s, section in enumerate(document.sections, start=1):
        section_row = EditionSection(
            edition_id=edition.id, school_id=school, key=f"s{s}", position=s, title=section.title, theme=section.theme
        )
        db.session.add(section_row)
        db.session.flush()
        for d, duty in enumerate(section.duties, start=1):
            duty_row = EditionDuty(
                section_id=section_row.id, school_id=school, key=f"s{s}-d{d}", position=d, wording=duty.wording
            )
            db.session.add(duty_row)
            db.session.flush()
            for e, expectation in enumerate(duty.expectations, start=1):
                place = f"s{s}-d{d}-e{e}"
                expectation_row = EditionExpectation(
                    duty_id=duty_row.id,
                    school_id=school,
                    key=place,
                    position=e,
                    wording=expectation.wording,
                    note=expectation.note,
                )
                db.session.add(expectation_row)
                db.session.flush()
                for a, action in enumerate(expectation.actions, start=1):
                    db.session.add(
                        EditionAction(
                            edition_id=edition.id,
                            expectation_id=expectation_row.id,
                            school_id=school,
                            key=f"{place}-a{a}",
                            position=position,
                            wording=action.wording,
                            note=action.note,
                            roles=list(action.roles),
                        )
                    )
                    position += 1
    db.session.flush()
    return edition
