"""An authority with schools whose records are real, the release made from them, and a group's."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy import select, update

from prevent_trust.database import db
from prevent_trust.tenancy import AuthorityScope, PlatformScope, bind_scope
from tenants.calendar.rules import Season, Term
from tenants.insights.disclosure.drafting import make_draft
from tenants.insights.disclosure.groups import save_group
from tenants.insights.disclosure.models import DraftState, Release, ReleaseDraft
from tenants.insights.disclosure.publishing import approve, carry_out
from tenants.insights.disclosure.rollup import make_group_draft
from tenants.insights.disclosure.types import ReleaseRules
from tenants.organisations.models import LocalAuthority, School, Trust
from tenants.plan.models import ActionStatus, Plan, PlanAction, PlanAnswer, Theme
from tenants.reading.models import DocumentEdition, ReadingConfirmation
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tenants.training.models import TrainingCompletion
from tests.factories import Factory

AUTUMN = Term(2026, Season.AUTUMN)
RULES = ReleaseRules()
STAFF_EACH = 6


@dataclass
class Area:
    """Schools of one authority with plans, staff, training, reading and referrals in a term.

    Every school has six staff; half of them hold Prevent awareness and confirmed what they must read. Of each plan the
    first four actions of the partnership's section are met and the next three are not. Three schools say of one action
    of the resilience section that it is partly met. The first six schools made two referrals each.
    """

    authority: LocalAuthority
    term: Term
    schools: list[School] = field(default_factory=list)
    staff: list[StaffMember] = field(default_factory=list)
    trusts: list[Trust] = field(default_factory=list)

    @property
    def scope(self) -> AuthorityScope:
        return AuthorityScope(self.authority.id)

    @property
    def secrets(self) -> set[str]:
        """Words that name a school or a person of one."""
        of_schools = {word for school in self.schools for word in (school.name, str(school.urn))}
        of_staff = {str(word) for member in self.staff for word in (member.family_name, member.email)}
        return of_schools | of_staff | {str(school.id) for school in self.schools}


def make_area(make: Factory, *, schools: int = 12, term: Term = AUTUMN, name: str = "Fenshire") -> Area:
    area = Area(make.authority(name=name), term)
    for number in range(schools):
        add_school(make, area, number)
    return area


def add_school(make: Factory, area: Area, number: int) -> School:
    trust = make.trust(name=f"Umberfold Trust {number}")
    area.trusts.append(trust)
    school = make.school(
        authority=area.authority,
        trust=trust,
        name=f"Quillmarsh Primary {number}",
        pupils=200 + number,
    )
    area.schools.append(school)
    _answer(make, make.plan(school, since=_morning(area.term.first_day - timedelta(days=30))), number, area.term)
    members = [
        StaffMember(
            school_id=school.id,
            given_name="Zebedee",
            family_name=f"Thrupplewick{number}x{person}",
            email=f"z{person}@quillmarsh{number}.example",
        )
        for person in range(STAFF_EACH)
    ]
    make.add_all(members)
    make.add_all([StaffRoleHeld(school_id=school.id, staff_id=each.id, role=StaffRole.TEACHING) for each in members])
    area.staff += members
    _train_and_read(make, members[1::2], area.term)
    for count in range(2 if number < 6 else 0):
        make.referral(school, made_on=area.term.first_day + timedelta(days=count))
    return school


def _answer(make: Factory, plan: Plan, number: int, term: Term) -> None:
    partnership, resilience = (
        make.session.scalars(
            select(PlanAction.id)
            .where(PlanAction.plan_id == plan.id, PlanAction.theme == theme, PlanAction.measure.is_(None))
            .order_by(PlanAction.position)
        ).all()
        for theme in (Theme.PARTNERSHIP, Theme.RESILIENCE)
    )
    _declare(make, partnership[:4], ActionStatus.MET)
    _declare(make, partnership[4:7], ActionStatus.NOT_MET)
    _declare(make, resilience[:1] if number < 3 else [], ActionStatus.PARTLY_MET)


def _declare(make: Factory, actions: Sequence[uuid.UUID], status: ActionStatus) -> None:
    make.session.execute(update(PlanAnswer).where(PlanAnswer.action_id.in_(actions)).values(status=status))
    make.session.commit()


def _train_and_read(make: Factory, members: Sequence[StaffMember], term: Term) -> None:
    """Prevent awareness on the first day, and every document in force on the last."""
    course_id, editions = make.course().id, _in_force(make, term)
    for member in members:
        keys = {"school_id": member.school_id, "staff_id": member.id}
        confirmed = [
            ReadingConfirmation(**keys, document_edition_id=key, confirmed_on=term.last_day) for key in editions
        ]
        make.add_all([TrainingCompletion(**keys, course_id=course_id, completed_on=term.first_day), *confirmed])


def _in_force(make: Factory, term: Term) -> Sequence[uuid.UUID]:
    in_force = (
        select(DocumentEdition.document_id, sa.func.max(DocumentEdition.in_force_from).label("since"))
        .where(
            DocumentEdition.in_force_from <= term.last_day,
            DocumentEdition.school_id.is_(None),
            DocumentEdition.trust_id.is_(None),
        )
        .group_by(DocumentEdition.document_id)
        .subquery()
    )
    return make.session.scalars(
        select(DocumentEdition.id)
        .join(
            in_force,
            (in_force.c.document_id == DocumentEdition.document_id)
            & (in_force.c.since == DocumentEdition.in_force_from),
        )
        .where(DocumentEdition.school_id.is_(None), DocumentEdition.trust_id.is_(None))
    ).all()


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


def draft(area: Area, *, term: Term | None = None, rules: ReleaseRules = RULES) -> uuid.UUID | None:
    """Drafts the area's release as the worker does, on the day after the term. Needs the worker's application."""
    term = term or area.term
    bind_scope(area.scope)
    made = make_draft(area.scope, term=term, rules=rules, today=term.next.first_day)
    db.session.commit()
    bind_scope(None)
    return made


def publish(make: Factory, area: Area, draft_id: uuid.UUID) -> uuid.UUID:
    """Approves the draft as a publisher and lets the worker carry it out. Returns the release's id."""
    publisher = make.account()
    approver = publisher.id
    bind_scope(PlatformScope())
    approve(PlatformScope(), draft_id=draft_id, account_id=approver)
    db.session.commit()
    bind_scope(area.scope)
    carry_out(area.scope, draft_id=draft_id)
    db.session.commit()
    found = db.session.scalars(select(Release.id).where(Release.draft_id == draft_id)).one()
    bind_scope(None)
    return found


def release(make: Factory, area: Area, *, term: Term | None = None, rules: ReleaseRules = RULES) -> uuid.UUID | None:
    """A draft, approved and published; none when the term has one already. Raises AssertionError for one that is refused."""
    made = draft(area, term=term, rules=rules)
    if made is None:
        return None
    bind_scope(area.scope)
    found = db.session.get_one(ReleaseDraft, made)
    assert found.state is DraftState.AWAITING, found.problem
    bind_scope(None)
    return publish(make, area, made)


def make_group(make: Factory, areas: Sequence[Area], *, name: str = "Fens") -> uuid.UUID:
    """A group of the areas' authorities. Returns its id."""
    account = make.account().id
    bind_scope(PlatformScope())
    keys = [area.authority.id for area in areas]
    group = save_group(PlatformScope(), group_id=None, name=name, authorities=keys, account_id=account)
    key = group.id
    db.session.commit()
    return key


def group_draft(group_id: uuid.UUID, *, term: Term = AUTUMN) -> uuid.UUID | None:
    """Drafts a group's release of the term as the worker does. Needs the worker's application."""
    bind_scope(PlatformScope())
    today = term.next.first_day
    made = make_group_draft(PlatformScope(), group_id=group_id, term=term, rules=RULES, today=today)
    db.session.commit()
    return made


def publish_group(make: Factory, draft_id: uuid.UUID) -> uuid.UUID:
    """Approves a group's draft as a publisher and lets the worker carry it out. Returns the release's id."""
    publisher = make.account().id
    bind_scope(PlatformScope())
    approve(PlatformScope(), draft_id=draft_id, account_id=publisher)
    db.session.commit()
    assert carry_out(PlatformScope(), draft_id=draft_id) == "The release is out."
    db.session.commit()
    return db.session.scalars(select(Release.id).where(Release.draft_id == draft_id)).one()
