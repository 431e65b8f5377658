"""Real rows for the arguments of the application's addresses.

An argument is looked up by `endpoint argument` first, then by its name. One that is found under neither fails
`test_routes.py`: add it to `ARGUMENTS` with a function that makes a row of the tenant and gives what stands in the address.
"""

import hashlib
import io
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from flask_security.recoverable import generate_reset_password_token
from sqlalchemy import select
from werkzeug.routing import Rule

from prevent_trust.database import new_id
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.mail import OutgoingMail
from prevent_trust.mail_senders.types import MailState
from prevent_trust.signed_links import (
    INVITATION_LINK,
    PLAN_LINK,
    READING_LINK,
    STOP_LINK,
    TRAINING_LINK,
    signed_id,
    signed_ids,
)
from prevent_trust.storage import Storage, StoredFile
from tenants.access.models import Invitation, Membership, Role
from tenants.calendar.models import CalendarImport, CalendarImportState
from tenants.calendar.rules import academic_year_of
from tenants.contacts.models import Contact, ContactKind
from tenants.feeds.models import CalendarFeed
from tenants.feeds.queries import secret_hash
from tenants.imports.models import ImportKind, ImportRun, ImportState
from tenants.insights.disclosure.models import (
    DraftState,
    Release,
    ReleaseContribution,
    ReleaseDraft,
    ReleaseDraftFile,
    ReleaseFile,
    ReleaseGroup,
    ReleaseRequest,
)
from tenants.insights.disclosure.types import FIGURES_FILE, TABLES_FILE, ProtectedRelease, ProtectedTable, ReleaseRules
from tenants.organisations.models import LocalAuthority, School, Trust
from tenants.plan.edition_queries import content_of
from tenants.plan.evidence.models import Evidence, EvidenceKind, EvidenceRevision, EvidenceUse
from tenants.plan.models import (
    Edition,
    EditionAction,
    EditionDraft,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
    Plan,
    PlanAction,
    PlanPeriod,
)
from tenants.plan.sharing.models import InspectionPack, PackState
from tenants.reading.models import (
    Document,
    DocumentEdition,
    DocumentPart,
    PartKind,
    ReadingCampaign,
    ReadingLink,
)
from tenants.training.models import Course
from tests.factories import Factory
from tests.isolation.rows import SINCE, SchoolRows, import_run

TENANT_ARGUMENTS = ("school_id", "trust_id", "authority_id")
# What these name is the same for everybody: a document of the register, a table of the release, a styled file.
SHARED_ARGUMENTS = {"key", "filename", "year", "number"}


@dataclass
class Tenants:
    """A school in a trust in an authority, with the rows of each."""

    make: Factory
    app: Flask
    trust: Trust
    authority: LocalAuthority
    school: School
    rows: SchoolRows

    @classmethod
    def made_by(cls, make: Factory, app: Flask) -> "Tenants":
        trust, authority = make.trust(), make.authority()
        school = make.school(trust=trust, authority=authority)
        return cls(make, app, trust, authority, school, SchoolRows(make, school))

    def found_again(self, make: Factory) -> "Tenants":
        """The same tenants, for a test in which their rows have been brought back."""
        get, rows = make.session.get_one, self.rows.found_again(make)
        trust, authority = get(Trust, self.trust.id), get(LocalAuthority, self.authority.id)
        return Tenants(make, self.app, trust, authority, rows.school, rows)

    def store(self, content: bytes) -> StoredFile:
        storage: Storage = self.app.extensions["storage"]
        return storage.save(io.BytesIO(content), key=f"tests/{uuid.uuid4()}")

    @property
    def ids(self) -> dict[str, Any]:
        return {"school_id": self.school.id, "trust_id": self.trust.id, "authority_id": self.authority.id}

    def arguments(self, rule: Rule) -> dict[str, Any]:
        """A value for each argument of the address, made anew where there is none yet."""
        return {name: self._argument(rule.endpoint, name) for name in sorted(rule.arguments)}

    def _argument(self, endpoint: str, name: str) -> Any:
        if name in TENANT_ARGUMENTS:
            return self.ids[name]
        return maker_of(endpoint, name)(self, endpoint.partition(".")[0])


Maker = Callable[[Tenants, str], Any]


def maker_of(endpoint: str, name: str) -> Maker:
    """Raises KeyError for an argument without a maker."""
    return ARGUMENTS.get(f"{endpoint} {name}") or ARGUMENTS[name]


def _of_school(table: str) -> Maker:
    return lambda tenants, audience: tenants.rows[table].id


def _contact(tenants: Tenants, audience: str) -> Any:
    owner = {"school": {"school_id": tenants.school.id}, "trust": {"trust_id": tenants.trust.id}}.get(audience, {})
    return tenants.make.add(Contact(kind=ContactKind.OTHER, name="Office", telephone="01632 960001", **owner)).id


def _removed_contact(tenants: Tenants, audience: str) -> Any:
    key = _contact(tenants, audience)
    tenants.make.session.get_one(Contact, key).removed_at = datetime.now(UTC)
    tenants.make.session.commit()
    return key


def _membership(tenants: Tenants, audience: str) -> Any:
    role = Role.TRUST_READER if audience == "trust" else Role.SCHOOL_READER
    tenant = tenants.trust if audience == "trust" else tenants.school
    return tenants.make.membership(tenants.make.account(), role, tenant).id


def _invitation(tenants: Tenants, audience: str) -> Any:
    invitation: Invitation = tenants.rows["invitation"]
    if audience == "trust":
        invitation.role, invitation.school_id, invitation.trust_id = Role.TRUST_READER, None, tenants.trust.id
        tenants.make.session.commit()
    return invitation.id


def _invitation_link(tenants: Tenants, audience: str) -> str:
    with tenants.app.app_context():
        return signed_id(INVITATION_LINK, tenants.rows["invitation"].id)


def _password_link(tenants: Tenants, audience: str) -> str:
    account = tenants.make.account(password="not looked at")
    with tenants.app.test_request_context():
        return str(generate_reset_password_token(account))


def _own_action(tenants: Tenants, audience: str, removed_at: datetime | None = None) -> Any:
    expected = tenants.rows["plan_action"]
    return tenants.make.add(
        PlanAction(
            school_id=tenants.school.id,
            plan_id=expected.plan_id,
            expectation_id=expected.expectation_id,
            theme=expected.theme,
            position=1000,
            own_wording="Ask the governors",
            removed_at=removed_at,
        )
    ).id


def _stored_training_file(tenants: Tenants, audience: str) -> Any:
    """A register that is there to be downloaded."""
    row = tenants.rows["training_file"]
    row.storage_key, row.size = tenants.store(b"Register").key, len(b"Register")
    tenants.make.session.commit()
    return row.id


def _stored_scan(tenants: Tenants, audience: str) -> Any:
    """A signed list that is there to be downloaded."""
    row = tenants.rows["reading_scan"]
    row.storage_key, row.size = tenants.store(b"Signed").key, len(b"Signed")
    tenants.make.session.commit()
    return row.id


def _removed_evidence(tenants: Tenants, audience: str) -> Any:
    use: EvidenceUse = tenants.rows["evidence_use"]
    use.used_until = datetime.now(UTC)
    tenants.make.session.commit()
    return tenants.rows["evidence"].id


def _stored_evidence(tenants: Tenants, audience: str) -> Any:
    """A file that is there to be downloaded."""
    stored = tenants.store(b"Minutes")
    piece: Evidence = tenants.rows.add(Evidence, kind=EvidenceKind.FILE, title="Minutes")
    tenants.rows.add(
        EvidenceRevision,
        evidence_id=piece.id,
        number=1,
        storage_key=stored.key,
        file_name="minutes.txt",
        media_type="text/plain",
        size=stored.size,
        sha256=stored.sha256,
        effective_from=date(2026, 9, 1),
    )
    tenants.rows.add(EvidenceUse, evidence_id=piece.id, action_id=tenants.rows["plan_action"].id)
    return piece.id


def _archived_plan(tenants: Tenants, audience: str) -> Any:
    period: PlanPeriod = tenants.rows["plan_period"]
    period.current_until = datetime.now(UTC)
    tenants.make.session.commit()
    tenants.make.plan(tenants.school, since=datetime.now(UTC))
    return period.plan_id


def _plan_run(tenants: Tenants, audience: str) -> Any:
    """An import that took the place of an earlier plan."""
    run = import_run(tenants.rows, ImportKind.PLAN)
    run.result = {"earlier_plan_id": str(_archived_plan(tenants, audience))}
    run.file_name, run.storage_key = "plan.csv", tenants.store(b"Area,Action,Lead\r\nRisk,Write it,DSL\r\n").key
    return _with_job(tenants, run)


def _staff_run(tenants: Tenants, audience: str) -> Any:
    """A staff list whose preview waits, of the school or of the trust."""
    run = import_run(tenants.rows, ImportKind.STAFF)
    if audience == "trust":
        run.school_id, run.trust_id = None, tenants.trust.id
    run.file_name, run.storage_key = "staff.csv", tenants.store(b"Forename,Surname\r\nAda,Byron\r\n").key
    columns = {"given_name": "Forename", "family_name": "Surname"}
    run.mapping = {"columns": columns, "complete": False, "as_at": "2026-11-23"}
    run.preview = {"headers": ["Forename", "Surname"], "never_read": [], "samples": {}}
    run.state = ImportState.PREVIEWED
    return _with_job(tenants, run, audience)


def _completion_run(tenants: Tenants, audience: str) -> Any:
    """A list of training whose preview waits, with a job that is done."""
    run = import_run(tenants.rows, ImportKind.COMPLETIONS)
    run.file_name, run.storage_key = "training.csv", tenants.store(b"Name,Course,Date\r\nAda,Prevent,1/9/2026\r\n").key
    run.mapping = {"columns": {"full_name": "Name", "course": "Course", "completed_on": "Date"}, "as_at": "2026-11-23"}
    run.preview = {"headers": ["Name", "Course", "Date"], "never_read": [], "samples": {}}
    run.state = ImportState.PREVIEWED
    return _with_job(tenants, run)


def _certificate(tenants: Tenants, audience: str) -> Any:
    """A certificate that waits, with the job that read it."""
    row = tenants.rows["training_certificate"]
    job = JobRun(scope=f"school:{tenants.school.id}", kind="read_certificates", queue="imports", title="Read")
    row.job_id = tenants.make.add(job).id
    tenants.make.session.commit()
    return row.id


def _source(tenants: Tenants, audience: str) -> Any:
    """A source of staff lists, of the school or of the trust."""
    source = tenants.rows["staff_source"]
    if audience == "trust":
        source.school_id, source.trust_id = None, tenants.trust.id
        tenants.make.session.commit()
    return source.id


def _with_job(tenants: Tenants, run: ImportRun, audience: str = "school") -> Any:
    stamp = f"trust:{tenants.trust.id}" if audience == "trust" else f"school:{tenants.school.id}"
    job = JobRun(scope=stamp, kind=f"import_{run.kind}", queue="imports", title="Import")
    run.job_id = tenants.make.add(job).id
    tenants.make.session.commit()
    return run.id


def _register_run(tenants: Tenants, audience: str) -> Any:
    return tenants.make.add(
        ImportRun(
            kind=ImportKind.GIAS,
            state=ImportState.APPLIED,
            file_name="gias.csv",
            storage_key="imports/gias",
            size=1,
            sha256="0" * 64,
        )
    ).id


def _release(tenants: Tenants, audience: str) -> Any:
    """A release that is withheld whole, with the one file that its pages read."""
    found = tenants.make.session.scalar(select(Release.id).where(Release.authority_id == tenants.authority.id))
    return found or make_release_row(tenants.make, tenants.authority, contributors=[tenants.school.id]).id


def _owner(owner: LocalAuthority | ReleaseGroup) -> dict[str, Any]:
    return {"group_id": owner.id} if isinstance(owner, ReleaseGroup) else {"authority_id": owner.id}


def make_draft_row(
    make: Factory,
    owner: LocalAuthority | ReleaseGroup,
    *,
    term: str = "2025-26-summer",
    state: DraftState = DraftState.AWAITING,
    ledger: int = 0,
) -> ReleaseDraft:
    """A draft that was audited, with the files that its page shows."""
    table = ProtectedTable("plan", "Action plans", "Actions", ("Section", "Actions"), (), "This table is withheld.")
    body = ProtectedRelease(schools=None, rules=ReleaseRules(), tables=(table,)).to_json()
    draft: ReleaseDraft = make.add(
        ReleaseDraft(
            **_owner(owner),
            authorities=owner.authorities if isinstance(owner, ReleaseGroup) else None,
            authority_name=owner.name,
            term=term,
            title="Summer term 2026",
            as_at=date(2026, 8, 31),
            period_from=date(2026, 4, 1),
            period_until=date(2026, 8, 31),
            state=state,
            ledger=ledger,
            audit_passed=state is not DraftState.REFUSED,
            document={},
            report={},
            audit={},
            code_version="suppression-1",
            decided_by=make.account().id if state in {DraftState.APPROVED, DraftState.PUBLISHED} else None,
        )
    )
    for name, media_type, content in (
        (TABLES_FILE, "application/json", body),
        (FIGURES_FILE, "application/json", b"[]"),
        ("plan.csv", "text/csv", b"Section"),
        ("release.csv", "text/csv", b"Table"),
    ):
        make.add(
            ReleaseDraftFile(
                draft_id=draft.id,
                **_owner(owner),
                name=name,
                media_type=media_type,
                body=content,
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )
    return draft


def make_release_row(
    make: Factory, owner: LocalAuthority | ReleaseGroup, *, contributors: Sequence[uuid.UUID] = (), ledger: int = 0
) -> Release:
    """A release of an approved draft, made in one transaction as the worker does."""
    draft = make_draft_row(make, owner, state=DraftState.APPROVED, ledger=ledger)
    copied = {name: getattr(draft, name) for name in ("authority_name", "authorities", "term", "title", "as_at")}
    release = Release(
        id=new_id(),
        **_owner(owner),
        **copied,
        period_from=draft.period_from,
        period_until=draft.period_until,
        published_at=SINCE,
        code_version=draft.code_version,
        sha256="0" * 64,
        draft_id=draft.id,
    )
    make.session.add(release)
    make.session.flush()
    for file in make.session.scalars(select(ReleaseDraftFile).where(ReleaseDraftFile.draft_id == draft.id)).all():
        same = {name: getattr(file, name) for name in ("name", "media_type", "body", "sha256")}
        make.session.add(ReleaseFile(release_id=release.id, **_owner(owner), **same))
    for authority_id in release.authorities or [release.authority_id]:
        make.session.add(
            ReleaseContribution(release_id=release.id, authority_id=authority_id, contributors=list(contributors))
        )
    make.session.commit()
    return release


def _release_group(tenants: Tenants, audience: str) -> Any:
    found = tenants.make.session.scalar(select(ReleaseGroup.id))
    keys = [tenants.authority.id, *(tenants.make.authority().id for _ in range(2))]
    return found or tenants.make.add(ReleaseGroup(name="Fens", authorities=keys)).id


def _release_draft(tenants: Tenants, audience: str) -> Any:
    query = select(ReleaseDraft.id).where(
        ReleaseDraft.authority_id == tenants.authority.id, ReleaseDraft.state == DraftState.AWAITING
    )
    found = tenants.make.session.scalar(query)
    return found or make_draft_row(tenants.make, tenants.authority, term="2026-27-autumn").id


def _sent_back(tenants: Tenants, audience: str) -> Any:
    return make_draft_row(tenants.make, tenants.authority, state=DraftState.REFUSED).id


def _release_request(tenants: Tenants, audience: str) -> Any:
    return tenants.make.add(
        ReleaseRequest(
            authority_id=tenants.authority.id,
            asked_by=tenants.make.account().id,
            term="2025-26-summer",
            subject="referrals",
            by=["kind"],
            purpose="To plan",
        )
    ).id


def _finished_job(tenants: Tenants, audience: str) -> Any:
    return tenants.make.add(
        JobRun(
            scope="platform:",
            kind="deliver_mail",
            queue="mail",
            title="Send mail",
            state=JobState.DONE,
            result={"delivered": 1},
            finished_at=datetime.now(UTC),
        )
    ).id


def _refused_mail(tenants: Tenants, audience: str) -> Any:
    return tenants.make.add(
        OutgoingMail(
            scope=f"school:{tenants.school.id}",
            kind="invitation",
            to_address="a@example.org",
            subject="Invitation",
            text="Come",
            html="<p>Come</p>",
            state=MailState.REFUSED,
            problem="550 No such user",
        )
    ).id


def _draft(tenants: Tenants, audience: str) -> Any:
    """A draft that says what its base says."""
    base = tenants.make.edition()
    with tenants.app.app_context():
        content = content_of(base.id).to_json()
    owner = {"trust_id": tenants.trust.id} if audience == "trust" else {}
    return tenants.make.add(EditionDraft(based_on_id=base.id, title="Ours", content=content, **owner)).id


def _trusts_edition(tenants: Tenants, audience: str) -> Any:
    """An edition that only this trust and its schools see, and that the school does not work with."""
    base = tenants.make.edition()
    edition = tenants.make.add(
        Edition(
            key=f"trust-{uuid.uuid4().hex}",
            title="The trust’s own",
            source=EditionSource.TRUST,
            trust_id=tenants.trust.id,
            based_on_id=base.id,
            published_on=date(2026, 10, 1),
        )
    )
    owner = {"trust_id": tenants.trust.id}
    section = tenants.make.add(EditionSection(edition_id=edition.id, key="s", position=0, title="Section", **owner))
    duty = tenants.make.add(EditionDuty(section_id=section.id, key="d", position=0, wording="Duty", **owner))
    place = tenants.make.add(EditionExpectation(duty_id=duty.id, key="e", position=0, wording="Meaning", **owner))
    tenants.make.add(
        EditionAction(edition_id=edition.id, expectation_id=place.id, key="a", position=0, wording="Do it", **owner)
    )
    return edition.id


def _edition_to_match(tenants: Tenants, audience: str) -> Any:
    """An edition for a school whose plan has the wording of its own document."""
    tenants.rows["plan_period"].current_until = datetime.now(UTC)
    tenants.make.session.commit()
    _ = tenants.rows["edition_action"]
    plan = tenants.rows.add(Plan, edition_id=tenants.rows["edition"].id, academic_year=2026)
    tenants.rows.add(PlanPeriod, plan_id=plan.id, current_from=datetime.now(UTC))
    return _trusts_edition(tenants, audience)


def _shared_plan_link(tenants: Tenants, audience: str) -> str:
    _ = tenants.rows["plan_action"]
    with tenants.app.app_context():
        return signed_ids(PLAN_LINK, tenants.school.id, tenants.rows["plan_share"].id)


def _reading_link(tenants: Tenants, audience: str) -> str:
    with tenants.app.app_context():
        return signed_ids(READING_LINK, tenants.school.id, tenants.rows["reading_link"].id)


def _stored_part(tenants: Tenants, audience: str) -> Any:
    """A file of an edition of the school's own, in force."""
    part: DocumentPart = tenants.rows["document_part"]
    part.storage_key, part.size = tenants.store(b"The code").key, len(b"The code")
    tenants.make.session.commit()
    return part.id


def _own_document(tenants: Tenants, audience: str) -> str:
    """The key of a document of one's own that is in force."""
    _ = tenants.rows["document_part"]
    return (
        tenants.rows["document"].key
        if audience == "school"
        else _document(tenants, audience, published=True).document.key
    )


def _document(tenants: Tenants, audience: str, *, published: bool) -> DocumentEdition:
    """An edition of one's own with a file, in force or being written; the same one as long as it is there."""
    owner = {"school_id": tenants.school.id} if audience == "school" else {"trust_id": tenants.trust.id}
    mine = [getattr(Document, name) == value for name, value in owner.items()]
    title = "In force" if published else "Being written"
    make = tenants.make
    make.session.expire_all()
    found = make.session.scalar(select(DocumentEdition).join(Document).where(Document.title == title, *mine))
    if found is not None and (found.published_on is not None) is published:
        return found
    document = make.add(Document(key=f"own-{uuid.uuid4().hex}", title=title, **owner))
    day = date(2026, 9, 1)
    edition = make.add(
        DocumentEdition(
            document_id=document.id, label="1", in_force_from=day, published_on=day if published else None, **owner
        )
    )
    stored = tenants.store(b"Words")
    make.add(
        DocumentPart(
            document_edition_id=edition.id, position=0, title="Part", kind=PartKind.FILE, storage_key=stored.key,
            file_name="words.txt", media_type="text/plain", size=stored.size, sha256=stored.sha256, **owner,
        )
    )  # fmt: skip
    return edition  # type: ignore[no-any-return]


def _written_part(tenants: Tenants, audience: str) -> Any:
    return _document(tenants, audience, published=False).parts[0].id


def _reading_link_to_own(tenants: Tenants, audience: str) -> str:
    """A link to the school's own document, which has a file."""
    rows = tenants.rows
    edition_id = rows["document_part"].document_edition_id
    query = select(ReadingLink).join(ReadingCampaign, ReadingCampaign.id == ReadingLink.campaign_id)
    link = tenants.make.session.scalar(query.where(ReadingCampaign.document_edition_id == edition_id))
    if link is None:
        ends = datetime.now(UTC) + timedelta(days=30)
        campaign = rows.add(ReadingCampaign, document_edition_id=edition_id, due_on=date(2027, 1, 29), expires_at=ends)
        link = rows.add(
            ReadingLink, campaign_id=campaign.id, staff_id=rows["staff_member"].id, mail_id=rows["reminder"].mail_id
        )
    with tenants.app.app_context():
        return signed_ids(READING_LINK, tenants.school.id, link.id)


def _own_course(tenants: Tenants, audience: str) -> Any:
    return tenants.make.add(
        Course(key=f"own-{uuid.uuid4().hex}", title="Own", trust_id=tenants.trust.id, is_asked=False)
    ).id


def _training_link(tenants: Tenants, audience: str) -> str:
    with tenants.app.app_context():
        return signed_ids(TRAINING_LINK, tenants.school.id, tenants.rows["training_link"].id)


def _stop_link(tenants: Tenants, audience: str) -> str:
    with tenants.app.app_context():
        return signed_ids(STOP_LINK, tenants.school.id, tenants.rows["reminder_item"].person)


def _ready_pack(tenants: Tenants, audience: str) -> Any:
    """A pack whose file is there, with the job that made it."""
    pack: InspectionPack = tenants.rows["inspection_pack"]
    stored = tenants.store(b"PK")
    job = JobRun(
        scope=f"school:{tenants.school.id}", kind="make_inspection_pack", queue="reports", title="Make the pack"
    )
    pack.state, pack.storage_key, pack.size, pack.sha256 = PackState.READY, stored.key, stored.size, stored.sha256
    pack.job_id = tenants.make.add(job).id
    tenants.make.session.commit()
    return pack.id


def _roll_out(tenants: Tenants, audience: str) -> Any:
    return tenants.make.add(
        JobRun(
            scope=f"trust:{tenants.trust.id}",
            kind="adopt_for_trust",
            queue="reports",
            title="Roll out",
            state=JobState.DONE,
            arguments={"batch_id": str(uuid.uuid4())},
            result={"adopted": 0, "refused": {}},
            finished_at=datetime.now(UTC),
        )
    ).id


def _calendar_import(
    tenants: Tenants, audience: str, state: CalendarImportState = CalendarImportState.PREVIEWED
) -> Any:
    """A file of dates that waits for a decision."""
    place = {"school": {"school_id": tenants.school.id}, "trust": {"trust_id": tenants.trust.id}}
    owner = place.get(audience, {"authority_id": tenants.authority.id})
    return tenants.make.add(CalendarImport(file_name="dates.ics", rows=1, state=state, **owner)).id


def _applied_calendar_import(tenants: Tenants, audience: str) -> Any:
    return _calendar_import(tenants, audience, CalendarImportState.APPLIED)


def _feed(tenants: Tenants) -> CalendarFeed:
    """An address of somebody who may read the school; its secret is the feed's own key, in words."""
    feed: CalendarFeed = tenants.rows["calendar_feed"]
    if feed.secret_sha256 != secret_hash(str(feed.id)):
        feed.secret_sha256 = secret_hash(str(feed.id))
        tenants.make.add(Membership(account_id=feed.account_id, role=Role.SCHOOL_READER, school_id=tenants.school.id))
    return feed


def _edition(tenants: Tenants, audience: str) -> Any:
    return tenants.make.edition().id


ARGUMENTS: dict[str, Maker] = {
    "action_id": _of_school("plan_action"),
    "school.plan_action_remove action_id": _own_action,
    "school.plan_action_put_back action_id": lambda tenants, audience: _own_action(tenants, audience, SINCE),
    "completion_id": _of_school("training_completion"),
    "confirmation_id": _of_school("reading_confirmation"),
    "contact_id": _contact,
    "adoption_id": _of_school("plan_adoption"),
    "draft_id": _draft,
    "edition_id": _edition,
    **{
        f"{audience}.document_{name} edition_id": lambda tenants, audience: (
            _document(tenants, audience, published=False).id
        )
        for audience in ("school", "trust")
        for name in ("edition", "publish", "delete", "new_part", "part", "part_move", "part_remove", "part_file")
    },
    **{
        f"{audience}.document_take_back edition_id": lambda tenants, audience: (
            _document(tenants, audience, published=True).id
        )
        for audience in ("school", "trust")
    },
    **{
        f"{audience}.document_{name} part_id": _written_part
        for audience in ("school", "trust")
        for name in ("part", "part_move", "part_remove", "part_file")
    },
    **{f"{audience}.document_withdraw key": _own_document for audience in ("school", "trust")},
    **{
        f"{audience}.document_new_edition key": lambda tenants, audience: "safeguarding-policy"
        for audience in ("school", "trust")
    },
    "school.reading_part_file key": _own_document,
    "part_id": _stored_part,
    "public.read_part_file token": _reading_link_to_own,
    "school.plan_edition edition_id": _trusts_edition,
    "school.plan_edition_adopt edition_id": _trusts_edition,
    "school.plan_match edition_id": _edition_to_match,
    "school.plan_match_save edition_id": _edition_to_match,
    "trust.edition edition_id": _trusts_edition,
    "trust.edition_roll_out edition_id": _trusts_edition,
    "evidence_id": _of_school("evidence"),
    "school.plan_evidence evidence_id": _stored_evidence,
    "school.plan_evidence_put_back evidence_id": _removed_evidence,
    "file_id": _stored_training_file,
    "scan_id": _stored_scan,
    "number": lambda tenants, audience: len(tenants.rows["reading_question_set"].questions),
    "sign_off_id": _of_school("reading_sign_off"),
    "finding_id": _of_school("plan_finding"),
    "filename": lambda tenants, audience: "manifest.json",
    "invitation_id": _invitation,
    "job_id": _finished_job,
    "trust.roll_out job_id": _roll_out,
    "trust.roll_out_state job_id": _roll_out,
    "trust.roll_out_undo job_id": _roll_out,
    "pack_id": _ready_pack,
    "share_id": _of_school("plan_share"),
    **{
        f"public.{name} token": _shared_plan_link
        for name in ("shared_plan", "shared_plan_open", "shared_plan_read", "shared_plan_file")
    },
    "year": lambda tenants, audience: academic_year_of(date.today()),
    "import_id": _calendar_import,
    **{
        f"{endpoint}_import_undo import_id": _applied_calendar_import
        for endpoint in ("school.calendar", "trust.calendar", "platform.authority_calendar")
    },
    "feed_id": _of_school("calendar_feed"),
    "owner_id": lambda tenants, audience: _feed(tenants).account_id,
    "secret": lambda tenants, audience: _feed(tenants).id,
    "key": lambda tenants, audience: {"school": "kcsie-part-one", "authority": "plan"}.get(audience, "lead-known"),
    **{
        f"{audience}.{name} key": lambda tenants, audience: "action"
        for audience in ("school", "trust")
        for name in ("reminder_rule", "reminder_rule_reset")
    },
    **{f"trust.{name} course_id": _own_course for name in ("own_course", "own_course_end", "own_course_take_back")},
    **{f"trust.{name} key": lambda tenants, audience: "dsl" for name in ("post_rule", "post_rule_take_back")},
    "trust.course_rule key": lambda tenants, audience: "prevent-awareness",
    "rule": lambda tenants, audience: "training",
    **{
        f"public.{name} token": _stop_link for name in ("reminder_stop", "reminder_stop_now", "reminder_stop_take_back")
    },
    **{f"public.{name} token": _reading_link for name in ("read_and_confirm", "read_and_confirm_now")},
    **{f"public.{name} token": _training_link for name in ("training_done", "training_done_say")},
    "code": lambda tenants, audience: "K7QM-2XWP-9TRD",
    "certificate_id": _certificate,
    "ask_id": _of_school("training_ask"),
    "statement_id": _of_school("training_statement"),
    "mail_id": _refused_mail,
    "membership_id": _membership,
    "auth.invitation token": _invitation_link,
    "security.reset_password token": _password_link,
    "organisation_id": lambda tenants, audience: tenants.school.id,
    "platform.organisation_trust organisation_id": lambda tenants, audience: tenants.trust.id,
    **{
        f"platform.{name} organisation_id": lambda tenants, audience: tenants.authority.id
        for name in (
            "organisation_authority",
            "authority_calendar",
            "authority_calendar_edit",
            "authority_calendar_import",
            "authority_calendar_import_run",
            "authority_calendar_import_apply",
            "authority_calendar_import_undo",
            "authority_calendar_import_drop",
        )
    },
    "person_id": lambda tenants, audience: tenants.make.account().id,
    "plan_id": _archived_plan,
    "referral_id": _of_school("referral"),
    "release_id": _release,
    "absence_id": _of_school("staff_absence"),
    "review_id": _of_school("filtering_review"),
    "check_id": _of_school("filtering_check"),
    "link_id": _of_school("filtering_review_action"),
    "platform.release_catalogue organisation_id": lambda tenants, audience: tenants.authority.id,
    "authority.release_download key": lambda tenants, audience: "release.csv",
    "platform.release_draft_file filename": lambda tenants, audience: "plan.csv",
    **{
        f"platform.{name} draft_id": _release_draft
        for name in ("release_draft", "release_draft_file", "release_approve", "release_send_back", "release_withdraw")
    },
    "platform.release_draft_again draft_id": _sent_back,
    "group_id": _release_group,
    "request_id": _release_request,
    "staff_id": _of_school("staff_member"),
    "source_id": _source,
    **{f"platform.{name} run_id": _register_run for name in ("import_run", "import_rejections")},
    **{
        f"school.plan_import_{step} run_id": _plan_run
        for step in ("run", "state", "columns", "columns_save", "apply", "cancel", "undo")
    },
    **{
        f"{audience}.staff_import_{step} run_id": _staff_run
        for audience in ("school", "trust")
        for step in (
            "run",
            "columns",
            "schools",
            "preview",
            "decide",
            "state",
            "apply",
            "cancel",
            "undo",
            "rejected",
        )
    },
    **{
        f"school.training_import_{step} run_id": _completion_run
        for step in ("run", "columns", "courses", "preview", "state", "apply", "cancel", "undo", "rejected")
    },
    **{f"{audience}.contacts_restore contact_id": _removed_contact for audience in ("school", "trust", "platform")},
}
