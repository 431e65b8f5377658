"""Makes a school's plan from its document, and says what in the document is out of date."""

import re
import uuid
from collections.abc import Iterator
from datetime import date

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.plan_document.types import DocumentAction, DocumentSection, PlanDocument
from tenants.plan.actions import Answer, answer_action, start_plan
from tenants.plan.edition_actions import add_edition
from tenants.plan.edition_content import (
    ContentAction,
    ContentDuty,
    ContentExpectation,
    ContentSection,
    EditionContent,
)
from tenants.plan.models import ActionStatus, Edition, EditionSource, Plan, PlanAction, PlanAnswer, PlanFinding
from tenants.references.findings import Finding, LocatedText, PlanFacts, find_absences, find_outdated
from tenants.references.register import load_register
from tenants.staff.models import StaffMember

_YEARLY_REVIEW = re.compile(
    r"(review|check)\w*[^.]{0,80}(annual|year|12 months|term)|(annual|year)\w*[^.]{0,60}review", re.IGNORECASE
)
_FILTERING = re.compile(r"filter|monitoring", re.IGNORECASE)


def findings_in(document: PlanDocument) -> list[Finding]:
    """What the register knows to be out of date in the document, each with its place, and what a plan lacks."""
    texts = list(_located(document))
    whole = " ".join(each.text for each in texts)
    facts = PlanFacts(
        has_due_dates=any(action.due_on or action.due_words for action in document.actions),
        has_status=any(action.status or action.status_words for action in document.actions),
        has_evidence=any(action.evidence for action in document.actions),
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
    _answer_from_document(scope, plan, document, made_by)
    for finding in findings_in(document):
        db.session.add(PlanFinding(school_id=scope.school_id, plan_id=plan.id, **vars(finding)))
    db.session.flush()
    return plan


def _add_edition(scope: SchoolScope, document: PlanDocument, *, key: str, today: date) -> Edition:
    edition = Edition(
        key=key,
        title=document.title,
        source=EditionSource.IMPORTED,
        school_id=scope.school_id,
        published_on=today,
        introduction="\n".join(document.introduction),
        leftovers=document.leftovers,
    )
    return add_edition(edition, content_of_document(document))


def content_of_document(document: PlanDocument) -> EditionContent:
    """The document's wording with keys that say where each part stands: s1, s1-d1, s1-d1-e1, s1-d1-e1-a1."""
    return EditionContent(
        tuple(
            ContentSection(f"s{s}", section.title, section.theme, tuple(_duties(section, f"s{s}")))
            for s, section in enumerate(document.sections, start=1)
        )
    )


def _duties(section: DocumentSection, place: str) -> Iterator[ContentDuty]:
    for d, duty in enumerate(section.duties, start=1):
        expectations = []
        for e, expectation in enumerate(duty.expectations, start=1):
            here = f"{place}-d{d}-e{e}"
            actions = tuple(
                ContentAction(key=f"{here}-a{a}", wording=action.wording, note=action.note, roles=action.roles)
                for a, action in enumerate(expectation.actions, start=1)
            )
            expectations.append(ContentExpectation(here, expectation.wording, actions, expectation.note))
        yield ContentDuty(f"{place}-d{d}", duty.wording, tuple(expectations))


def _answer_from_document(scope: SchoolScope, plan: Plan, document: PlanDocument, made_by: uuid.UUID | None) -> None:
    """What the document says of each action becomes the school's first answer to it; words without a place become its note."""
    people = _people(scope)
    rows = db.session.execute(
        select(PlanAction.id, PlanAnswer)
        .join(PlanAnswer, (PlanAnswer.school_id == PlanAction.school_id) & (PlanAnswer.action_id == PlanAction.id))
        .where(
            PlanAction.school_id == scope.school_id, PlanAction.plan_id == plan.id, PlanAnswer.recorded_until.is_(None)
        )
        .order_by(PlanAction.position)
    ).all()
    for (action_id, before), action in zip(rows, document.actions, strict=True):
        answer = _answer_of(action, people)
        if answer != Answer(status=ActionStatus.NOT_ANSWERED):
            answer_action(scope, action_id=action_id, answer=answer, seen_answer_id=before.id, changed_by=made_by)


def _answer_of(action: DocumentAction, people: dict[str, uuid.UUID]) -> Answer:
    owner_id = people.get(_name(action.owner))
    said = [action.evidence]
    if action.status_words and action.status is None:
        said.append(f"Status in the document: {action.status_words}")
    if action.owner and owner_id is None:
        said.append(f"Owner in the document: {action.owner}")
    if action.due_words and action.due_on is None:
        said.append(f"Due in the document: {action.due_words}")
    return Answer(
        status=action.status or ActionStatus.NOT_ANSWERED,
        owner_id=owner_id,
        due_on=action.due_on,
        note="\n".join(text for text in said if text),
    )


def _people(scope: SchoolScope) -> dict[str, uuid.UUID]:
    """Staff by name and by initials, where only one person has them."""
    found: dict[str, set[uuid.UUID]] = {}
    for key, given, family in db.session.execute(
        select(StaffMember.id, StaffMember.given_name, StaffMember.family_name).where(
            StaffMember.school_id == scope.school_id
        )
    ):
        for name in (f"{given} {family}", f"{given[:1]} {family}", f"{given[:1]}{family[:1]}"):
            found.setdefault(_name(name), set()).add(key)
    return {name: next(iter(keys)) for name, keys in found.items() if name and len(keys) == 1}


def _name(words: str) -> str:
    return "".join(character for character in words.lower() if character.isalnum())
