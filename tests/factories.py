"""Rows for tests. Each call makes one thing with sensible defaults and commits it."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Select, func, insert, literal, select
from sqlalchemy.orm import Session

from prevent_trust.database import Remembered
from tenants.access.models import Account, Membership, Role
from tenants.filtering.models import FilteringReview, Reviewer, ReviewOutcome
from tenants.filtering.rules import due_after, points
from tenants.organisations.models import LocalAuthority, School, Trust, TrustMembership
from tenants.plan.evidence.models import Evidence, EvidenceKind, EvidenceRevision, EvidenceUse
from tenants.plan.models import (
    ActionStatus,
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    Plan,
    PlanAction,
    PlanAnswer,
    PlanPeriod,
)
from tenants.reading.models import Document, DocumentEdition, ReadingConfirmation
from tenants.referrals.models import ConcernType, Referral, ReferralRoute
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tenants.training.models import Course, TrainingCompletion

_numbers = itertools.count(1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Factory:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, row: Any) -> Any:
        """Commits the row. What a test says that a school holds was known all along, unless it says since when."""
        self.add_all([row])
        return row

    def add_all(self, rows: Sequence[Any]) -> None:
        """Commits the rows together."""
        for row in rows:
            if isinstance(row, Remembered) and row.recorded_from is None:
                row.recorded_from = LONG_AGO
        self.session.add_all(rows)
        self.session.commit()

    def authority(self, **values: Any) -> LocalAuthority:
        number = next(_numbers)
        return self.add(LocalAuthority(**{"code": f"{number % 900 + 100}", "name": f"Authority {number}"} | values))

    def trust(self, **values: Any) -> Trust:
        number = next(_numbers)
        return self.add(Trust(**{"group_uid": f"{10000 + number}", "name": f"Trust {number}"} | values))

    def school(self, *, trust: Trust | None = None, authority: LocalAuthority | None = None, **values: Any) -> School:
        number = next(_numbers)
        authority_id = (authority or self.authority()).id
        defaults = {"urn": 100000 + number, "name": f"School {number}", "phase": "Primary", "pupils": 210}
        school = self.add(School(**defaults | {"authority_id": authority_id} | values))
        if trust:
            self.add(TrustMembership(school_id=school.id, trust_id=trust.id, joined_on=date(2020, 9, 1)))
        return school

    def account(self, **values: Any) -> Account:
        number = next(_numbers)
        return self.add(Account(**{"email": f"person{number}@example.org", "name": f"Person {number}"} | values))

    def member(self, role: Role, tenant: School | Trust | LocalAuthority | None = None, **values: Any) -> Account:
        """An account with that role at the tenant."""
        account = self.account(**values)
        self.membership(account, role, tenant)
        return account

    def membership(
        self, account: Account, role: Role, tenant: School | Trust | LocalAuthority | None = None, **values: Any
    ) -> Membership:
        column = {School: "school_id", Trust: "trust_id", LocalAuthority: "authority_id"}
        place = {column[type(tenant)]: tenant.id} if tenant else {}
        return self.add(Membership(account_id=account.id, role=role, **place, **values))

    def staff(self, school: School, *roles: StaffRole, **values: Any) -> StaffMember:
        number = next(_numbers)
        defaults = {"given_name": "Ada", "family_name": f"Staff{number}", "email": f"staff{number}@example.org"}
        member = self.add(StaffMember(school_id=school.id, **defaults | values))
        for role in roles:
            self.add(StaffRoleHeld(school_id=school.id, staff_id=member.id, role=role))
        return member

    def course(self, key: str = "prevent-awareness") -> Course:
        return self.session.scalars(select(Course).where(Course.key == key)).one()

    def completion(self, member: StaffMember, course: str = "prevent-awareness", on: date = date(2026, 9, 10)) -> Any:
        return self.add(
            TrainingCompletion(
                school_id=member.school_id, staff_id=member.id, course_id=self.course(course).id, completed_on=on
            )
        )

    def document_edition(self, key: str = "kcsie-part-one") -> DocumentEdition:
        return self.session.scalars(
            select(DocumentEdition)
            .join(Document)
            .where(Document.key == key, DocumentEdition.school_id.is_(None), DocumentEdition.trust_id.is_(None))
            .order_by(DocumentEdition.in_force_from.desc())
        ).first()  # type: ignore[return-value]

    def confirmation(
        self, member: StaffMember, document: str = "kcsie-part-one", on: date = date(2026, 9, 10), **values: Any
    ) -> Any:
        return self.add(
            ReadingConfirmation(
                school_id=member.school_id,
                staff_id=member.id,
                document_edition_id=self.document_edition(document).id,
                confirmed_on=on,
                **values,
            )
        )

    def referral(self, school: School, **values: Any) -> Referral:
        number = next(_numbers)
        concern = self.session.scalars(select(ConcernType).order_by(ConcernType.release_year.desc())).first()
        assert concern is not None
        defaults = {
            "reference": f"R{number}",
            "made_on": date(2026, 10, 1),
            "concern_type_id": concern.id,
            "route": ReferralRoute.NATIONAL_FORM,
        }
        return self.add(Referral(school_id=school.id, **defaults | values))

    def filtering_review(self, school: School, on: date, **values: Any) -> FilteringReview:
        """A review of filtering and monitoring that found everything in order; the next is due a year on."""
        defaults = {
            "reviewers": [Reviewer.SLT.value, Reviewer.DSL.value],
            "points": [point.key for point in points()],
            "outcome": ReviewOutcome.MEETS,
            "next_due_on": due_after(on),
        }
        return self.add(FilteringReview(school_id=school.id, reviewed_on=on, **defaults | values))

    def edition(self, key: str = "prevent-2026") -> Edition:
        return self.session.scalars(select(Edition).where(Edition.key == key)).one()

    def plan(
        self, school: School, *, since: datetime = datetime(2026, 9, 1, tzinfo=UTC), edition: Edition | None = None
    ) -> Plan:
        """An edition, the product's first unless one is given, as the school's current plan, nothing answered."""
        edition = edition or self.edition()
        plan = self.add(Plan(school_id=school.id, edition_id=edition.id, academic_year=2026, created_at=since))
        self.add(PlanPeriod(school_id=school.id, plan_id=plan.id, current_from=since))
        position = func.row_number().over(order_by=EditionAction.position) - 1
        of_the_edition = (
            select(
                *(literal(value) for value in (school.id, plan.id, since)),
                EditionAction.id,
                EditionAction.expectation_id,
                EditionSection.theme,
                position,
                EditionAction.measure,
                EditionAction.target_percent,
                EditionAction.recurs_months,
            )
            .join(EditionExpectation, EditionAction.expectation_id == EditionExpectation.id)
            .join(EditionDuty, EditionExpectation.duty_id == EditionDuty.id)
            .join(EditionSection, EditionDuty.section_id == EditionSection.id)
            .where(EditionAction.edition_id == edition.id)
        )
        columns = (
            "school_id", "plan_id", "created_at", "edition_action_id", "expectation_id", "theme", "position", "measure",
            "target_percent", "recurs_months",
        )  # fmt: skip
        self._insert(PlanAction, columns, of_the_edition)
        unanswered = select(PlanAction.school_id, PlanAction.id, literal(since)).where(PlanAction.plan_id == plan.id)
        self._insert(PlanAnswer, ("school_id", "action_id", "recorded_from"), unanswered)
        self.session.commit()
        return plan

    def _insert(self, model: type[Any], columns: tuple[str, ...], rows: Select[Any]) -> None:
        """Rows that the database makes of others; the rest of each row is as the database has it by default."""
        self.session.execute(insert(model).from_select(columns, rows, include_defaults=False))

    def action(self, plan: Plan, key: str) -> PlanAction:
        """The plan's action with that key of the edition."""
        return self.session.scalars(
            select(PlanAction).join(EditionAction).where(PlanAction.plan_id == plan.id, EditionAction.key == key)
        ).one()

    def action_beside(self, action: PlanAction, key: str) -> PlanAction:
        """Another action of the same plan."""
        return self.action(self.session.get_one(Plan, action.plan_id), key)

    def answer(self, action: PlanAction, status: ActionStatus, **values: Any) -> PlanAnswer:
        """Closes the current answer at `recorded_from` (now, unless it is given) and opens another."""
        at = values.pop("recorded_from", None) or datetime.now(UTC)
        current = self.session.scalars(
            select(PlanAnswer).where(PlanAnswer.action_id == action.id, PlanAnswer.recorded_until.is_(None))
        ).one()
        current.recorded_until = at
        self.session.commit()
        return self.add(
            PlanAnswer(
                school_id=action.school_id,
                action_id=action.id,
                **{"status": status, "recorded_from": at, "confirmed_on": at.date()} | values,
            )
        )

    def evidence(self, action: PlanAction, title: str = "Minutes", **values: Any) -> Evidence:
        """A link that serves the action, added at `at` (now, unless it is given); other values go to its revision."""
        at = values.pop("at", None) or datetime.now(UTC)
        piece = self.add(Evidence(school_id=action.school_id, kind=EvidenceKind.LINK, title=title, created_at=at))
        defaults = {"address": "https://school.example/minutes", "effective_from": date(2026, 9, 1)}
        self.add(
            EvidenceRevision(
                school_id=action.school_id, evidence_id=piece.id, number=1, created_at=at, **defaults | values
            )
        )
        self.add(EvidenceUse(school_id=action.school_id, evidence_id=piece.id, action_id=action.id, used_from=at))
        return piece

    def actions(self, plan: Plan) -> list[PlanAction]:
        return list(
            self.session.scalars(select(PlanAction).where(PlanAction.plan_id == plan.id).order_by(PlanAction.position))
        )


def sign_in(client: FlaskClient, account: Account) -> None:
    """Gives the client a signed-in session, as after the sign-in page, in place of whatever it had."""
    app = client.application
    sealed = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # Flask's own sessions
    content = {"_user_id": account.fs_uniquifier, "_fresh": True, "fs_paa": datetime.now(UTC).timestamp()}
    client.set_cookie(app.session_interface.get_cookie_name(app), sealed.dumps(content))
