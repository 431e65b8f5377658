"""Mails about a trust's check: to the school's Prevent leads, or to the trust's leads. Written with the step itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select

from prevent_trust.database import db
from prevent_trust.mail import queue_mail
from prevent_trust.mail_templates import RenderedMail, render_mail
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import Account, Membership, Role
from tenants.organisations.models import School
from tenants.plan.verification.models import VerificationEvent, VerificationStep
from tenants.plan.verification.queries import Candidate

_SUBJECTS = {
    VerificationStep.SAMPLED: "asks to see an action of your plan",
    VerificationStep.SUBMITTED: "submits an action of its plan",
    VerificationStep.VERIFIED: "has verified an action of your plan",
    VerificationStep.RETURNED: "returns an action of your plan",
}


@dataclass(frozen=True)
class Recipient:
    name: str
    email: str


def tell_school(
    scope: SchoolScope, *, event: VerificationEvent, wording: str, sender: str, base_url: str, today: date
) -> int:
    """Tells the school's Prevent leads what the trust did. Returns how many mails were written."""
    return _tell(scope, _leads(scope, today), event, wording, sender, base_url)


def tell_trust(
    scope: SchoolScope, *, event: VerificationEvent, wording: str, sender: str, base_url: str, today: date
) -> int:
    """Tells the leads of the school's trust what the school submitted. A school in no trust tells nobody."""
    return _tell(scope, _trust_leads(scope, today), event, wording, sender, base_url)


def _tell(
    scope: SchoolScope,
    recipients: Sequence[Recipient],
    event: VerificationEvent,
    wording: str,
    sender: str,
    base_url: str,
) -> int:
    require_bound(scope)
    school = db.session.scalars(select(School.name).where(School.id == scope.school_id)).one()
    for person in recipients:
        content = render_mail(
            "verification",
            name=person.name,
            school=school,
            sender=sender,
            what=_SUBJECTS[event.step],
            wording=wording,
            comment=event.comment,
            link=f"{base_url}/schools/{scope.school_id}/plan/actions/{event.action_id}#check",
        )
        _write(scope, "verification", person, content)
    return len(recipients)


def _write(scope: SchoolScope, kind: str, person: Recipient, content: RenderedMail) -> None:
    queue_mail(
        scope=scope.stamp,
        kind=kind,
        to_address=person.email,
        to_name=person.name,
        subject=content.subject,
        plain=content.plain,
        html=content.html,
    )


def _leads(scope: SchoolScope, today: date) -> list[Recipient]:
    return _members(Membership.school_id == scope.school_id, Role.PREVENT_LEAD, today)


def _trust_leads(scope: SchoolScope, today: date) -> list[Recipient]:
    return _members(Membership.trust_id == func.any(func.visible_trusts()), Role.TRUST_LEAD, today)


def _members(where: object, role: Role, today: date) -> list[Recipient]:
    rows = db.session.execute(
        select(Account.name, Account.email)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            where,  # type: ignore[arg-type]  # a condition
            Membership.role == role,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
            Account.active.is_(True),
        )
        .order_by(Account.name, Account.id)
    )
    return [Recipient(*row) for row in rows]


def tell_school_of_sample(
    scope: SchoolScope, *, candidates: Sequence[Candidate], sender: str, base_url: str, today: date
) -> int:
    """One mail for each Prevent lead about all actions that the trust chose. Returns how many mails were written."""
    require_bound(scope)
    school = db.session.scalars(select(School.name).where(School.id == scope.school_id)).one()
    page = f"{base_url}/schools/{scope.school_id}/plan"
    recipients = _leads(scope, today)
    for person in recipients:
        content = render_mail(
            "verification_sample",
            name=person.name,
            school=school,
            sender=sender,
            actions=[(each.wording, f"{page}/actions/{each.action_id}#check") for each in candidates],
            link=f"{page}?check=sampled",
        )
        _write(scope, "verification_sample", person, content)
    return len(recipients)
