"""A publisher's decisions, and what the worker does with them. Writes flush and never commit.

Deciding is the web's: a draft is approved or sent back, a release withdrawn. The worker carries it out in one transaction:
the release with all its files, the schools in it and the mails that say so, or nothing at all.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from prevent_trust.database import db
from prevent_trust.mail import queue_mail_once
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import AuthorityScope, PlatformScope, require_bound, scope_bound
from tenants.access.actions import record_act
from tenants.access.models import Account, Membership, Role
from tenants.insights.disclosure.ledger import ledger_size
from tenants.insights.disclosure.models import (
    DraftState,
    Release,
    ReleaseCatalogue,
    ReleaseContribution,
    ReleaseDraft,
    ReleaseDraftFile,
    ReleaseFile,
    ReleaseRequest,
    ReleaseValue,
    RequestState,
)
from tenants.insights.disclosure.system import AREA
from tenants.organisations.queries import authority_codes


class CannotDecide(Exception):
    """A decision that cannot be taken; the message says to the publisher why, and what to do."""


def approve(scope: PlatformScope, *, draft_id: uuid.UUID, account_id: uuid.UUID) -> ReleaseDraft:
    """Lets a draft come out. Raises CannotDecide; the database refuses the same things on its own account."""
    draft = _awaiting(scope, draft_id)
    if _is_officer(account_id, about(draft)):
        raise CannotDecide("You are an officer of this authority, so somebody else has to approve its release.")
    if not draft.audit_passed:
        raise CannotDecide("The audit refused this draft, so it cannot be published.")
    draft.state, draft.decided_by, draft.decided_at = DraftState.APPROVED, account_id, datetime.now(UTC)
    db.session.flush()
    _record("release approved", account_id, draft)
    return draft


def send_back(scope: PlatformScope, *, draft_id: uuid.UUID, account_id: uuid.UUID, reason: str) -> ReleaseDraft:
    """Sends a draft back with a reason, so that another can be made. Raises CannotDecide."""
    draft = _awaiting(scope, draft_id)
    if not reason.strip():
        raise CannotDecide("Say why the draft goes back.")
    draft.state, draft.decided_by, draft.decided_at = DraftState.SENT_BACK, account_id, datetime.now(UTC)
    draft.reason = reason.strip()
    db.session.flush()
    _record("release sent back", account_id, draft)
    return draft


def withdraw(scope: PlatformScope, *, draft_id: uuid.UUID, account_id: uuid.UUID, note: str) -> ReleaseDraft:
    """Takes a release that is out off the pages, with a note that everybody who could read it reads. Raises CannotDecide."""
    draft = _draft(scope, draft_id)
    if draft.state is not DraftState.PUBLISHED or draft.withdrawal_note:
        raise CannotDecide("Only a release that is out can be withdrawn, and only once.")
    if not note.strip():
        raise CannotDecide("Say why the release is withdrawn: its readers see the note.")
    draft.withdrawal_note, draft.withdrawn_by = note.strip(), account_id
    db.session.flush()
    _record("release withdrawn", account_id, draft)
    return draft


def decline(scope: PlatformScope, *, request_id: uuid.UUID, account_id: uuid.UUID, answer: str) -> ReleaseRequest:
    """Says no to a request, with the reason that the officer reads. Raises CannotDecide."""
    require_bound(scope)
    request = db.session.get(ReleaseRequest, request_id, with_for_update=True)
    if request is None or request.state is not RequestState.ASKED:
        raise CannotDecide("This request has been answered already.")
    if not answer.strip():
        raise CannotDecide("Say why the table is not published: the officer reads your answer.")
    request.state, request.answer = RequestState.DECLINED, answer.strip()
    request.answered_by, request.answered_at = account_id, datetime.now(UTC)
    db.session.flush()
    record_act(
        "release request declined", account_id=account_id, authority_id=request.authority_id, request=str(request.id)
    )
    return request


def leave_out(scope: PlatformScope, *, authority_id: uuid.UUID, keys: Sequence[str], account_id: uuid.UUID) -> None:
    """Sets what an authority's coming releases leave out of the catalogue."""
    require_bound(scope)
    found = db.session.scalar(select(ReleaseCatalogue).where(ReleaseCatalogue.authority_id == authority_id))
    if found is None:
        db.session.add(ReleaseCatalogue(authority_id=authority_id, left_out=list(keys), changed_by=account_id))
    else:
        found.left_out, found.changed_by = list(keys), account_id
    db.session.flush()
    record_act("release catalogue changed", account_id=account_id, authority_id=authority_id, left_out=list(keys))


def _draft(scope: PlatformScope, draft_id: uuid.UUID) -> ReleaseDraft:
    require_bound(scope)
    draft = db.session.scalar(select(ReleaseDraft).where(ReleaseDraft.id == draft_id).with_for_update())
    if draft is None:
        raise CannotDecide("There is no such draft.")
    return draft


def _awaiting(scope: PlatformScope, draft_id: uuid.UUID) -> ReleaseDraft:
    draft = _draft(scope, draft_id)
    if draft.state is not DraftState.AWAITING:
        raise CannotDecide("This draft has been decided on already, or the audit refused it.")
    return draft


def about(draft: ReleaseDraft) -> list[uuid.UUID]:
    """The authorities whose schools are in a draft, and whose officers read what comes of it."""
    return draft.authorities or ([draft.authority_id] if draft.authority_id else [])


def _is_officer(account_id: uuid.UUID, authorities: Sequence[uuid.UUID]) -> bool:
    return (
        db.session.scalar(
            select(Membership.id).where(
                Membership.account_id == account_id,
                Membership.role == Role.AUTHORITY_OFFICER,
                Membership.authority_id.in_(authorities),
            )
        )
        is not None
    )


def _record(act: str, account_id: uuid.UUID, draft: ReleaseDraft) -> None:
    record_act(act, account_id=account_id, authority_id=draft.authority_id, draft=str(draft.id), title=draft.title)


# The worker's part


def carry_out(scope: AuthorityScope | PlatformScope, *, draft_id: uuid.UUID) -> str:
    """Publishes an approved draft or withdraws its release, and says what was done; nothing when all is done. Flushes.

    A draft that was checked before another release came out is not published: it becomes overtaken, and the text says so.
    Groups' drafts are the platform's. Raises LookupError for a draft that is not the scope's.
    """
    require_bound(scope)
    draft = db.session.scalar(select(ReleaseDraft).where(ReleaseDraft.id == draft_id).with_for_update())
    authority_id = scope.authority_id if isinstance(scope, AuthorityScope) else None
    if draft is None or draft.authority_id != authority_id:
        raise LookupError("There is no such draft.")
    if draft.state is DraftState.APPROVED:
        return _publish(draft)
    if draft.state is DraftState.PUBLISHED and draft.withdrawal_note:
        return _withdraw(draft)
    return "There is nothing to do."


def _publish(draft: ReleaseDraft) -> str:
    overtaken = _overtaken_by(draft)
    if overtaken:
        draft.state, draft.reason = DraftState.OVERTAKEN, overtaken
        db.session.flush()
        return overtaken
    owner = {"authority_id": draft.authority_id, "group_id": draft.group_id}
    files = db.session.scalars(
        select(ReleaseDraftFile).where(ReleaseDraftFile.draft_id == draft.id).order_by(ReleaseDraftFile.name)
    ).all()
    release = Release(
        **owner,
        authorities=draft.authorities,
        authority_name=draft.authority_name,
        term=draft.term,
        title=draft.title,
        as_at=draft.as_at,
        period_from=draft.period_from,
        period_until=draft.period_until,
        published_at=datetime.now(UTC),
        code_version=draft.code_version,
        sha256=hashlib.sha256(b"".join(file.body for file in files)).hexdigest(),
        draft_id=draft.id,
    )
    db.session.add(release)
    db.session.flush()
    for file in files:
        db.session.add(
            ReleaseFile(
                release_id=release.id,
                **owner,
                name=file.name,
                media_type=file.media_type,
                body=file.body,
                sha256=file.sha256,
            )
        )
    draft.state = DraftState.PUBLISHED
    _grant(draft)
    db.session.flush()
    _add_contributions(draft, release.id)
    return "The release is out."


def _overtaken_by(draft: ReleaseDraft) -> str:
    """What became of the releases that the draft was made and checked with, for its publisher; empty when nothing did."""
    if ledger_size(about(draft)) != draft.ledger:
        return "Another release came out since this draft was checked. Make it again."
    if draft.group_id and not _all_stand(draft):
        return "A release that it adds up was withdrawn since this draft was made. Make it again."
    return ""


def _all_stand(draft: ReleaseDraft) -> bool:
    """Whether the releases of the term that a group's draft adds up all stand."""
    standing = select(Release.authority_id).where(
        Release.authority_id.in_(about(draft)), Release.term == draft.term, Release.withdrawn_at.is_(None)
    )
    return set(db.session.scalars(standing)) == set(about(draft))


def _add_contributions(draft: ReleaseDraft, release_id: uuid.UUID) -> None:
    """Which schools are in it, for each authority in the authority's own scope."""
    figures = db.session.scalars(select(ReleaseValue.figures).where(ReleaseValue.draft_id == draft.id)).one()
    authorities = about(draft)
    codes = authority_codes(authorities)
    for authority_id in authorities:
        mine = sorted(
            uuid.UUID(school)
            for school, classes in figures["classes"].items()
            if classes.get(AREA, codes[authority_id]) == codes[authority_id]
        )
        with scope_bound(AuthorityScope(authority_id)):
            db.session.add(ReleaseContribution(release_id=release_id, authority_id=authority_id, contributors=mine))
            db.session.flush()


def _grant(draft: ReleaseDraft) -> None:
    if draft.request_id:
        db.session.execute(
            update(ReleaseRequest)
            .where(ReleaseRequest.id == draft.request_id, ReleaseRequest.state == RequestState.ASKED)
            .values(state=RequestState.GRANTED, answered_by=draft.decided_by, answered_at=datetime.now(UTC))
        )


def _withdraw(draft: ReleaseDraft) -> str:
    done = db.session.execute(
        update(Release)
        .where(Release.draft_id == draft.id, Release.withdrawn_at.is_(None))
        .values(withdrawn_at=datetime.now(UTC), withdrawal_note=draft.withdrawal_note)
        .returning(Release.id)
    )
    return "The release is withdrawn." if done.all() else "There is nothing to do."


def tell_officers(scope: PlatformScope, *, draft_id: uuid.UUID, base_url: str, today: date) -> int:
    """Writes to the authority's officers that a release is out, once whatever dies. Returns how many mails were written."""
    require_bound(scope)
    draft = db.session.get(ReleaseDraft, draft_id)
    if draft is None or draft.state is not DraftState.PUBLISHED or draft.withdrawal_note:
        return 0
    officers = db.session.execute(
        select(Account.id, Account.name, Account.email, Membership.authority_id)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.role == Role.AUTHORITY_OFFICER,
            Membership.authority_id.in_(about(draft)),
            Account.active,
            or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
        )
        .order_by(Account.id, Membership.authority_id)
        .ext(distinct_on(Account.id))
    )
    written = 0
    for officer in officers.all():
        link = f"{base_url}/authorities/{officer.authority_id}{'/releases' if draft.group_id else ''}"
        content = render_mail(
            "release", name=officer.name, authority=draft.authority_name, title=draft.title, link=link
        )
        mail = queue_mail_once(
            once_key=f"release:{draft.id}:{officer.id}",
            scope=scope.stamp,
            kind="release",
            to_address=officer.email,
            to_name=officer.name,
            subject=content.subject,
            plain=content.plain,
            html=content.html,
            stop_address=None,
        )
        written += mail is not None
    return written
