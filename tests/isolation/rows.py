"""One row of each kind that belongs to a school, by the name of its table.

A table with `school_id` that is missing here fails `test_tables.py`.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from prevent_trust.mail import OutgoingMail
from tenants.access.models import AuditEntry, Invitation, Role
from tenants.calendar.models import CalendarImport, CalendarYear
from tenants.contacts.models import Contact, ContactKind
from tenants.feeds.models import CalendarFeed
from tenants.filtering.models import (
    CheckResult,
    FilteringCheck,
    FilteringReview,
    ReviewAction,
    Reviewer,
    ReviewOutcome,
)
from tenants.history.models import RecordHistory
from tenants.imports.certificates.models import CertificateState, TrainingCertificate
from tenants.imports.completions.models import CompletionImportEffect, CompletionImportRow, RowOutcome
from tenants.imports.models import ImportKind, ImportRejection, ImportRun, RememberedColumn
from tenants.imports.sources.models import Every, FetchState, SourceKind, StaffFetch, StaffFetchPage, StaffSource
from tenants.imports.staff.models import (
    EffectKind,
    Outcome,
    RememberedAs,
    RememberedWord,
    SavedMapping,
    StaffImportEffect,
    StaffImportRow,
    StaffImportSchool,
)
from tenants.organisations.models import FormerUrn, School, TrustMembership
from tenants.plan.evidence.models import EvidenceRevision, EvidenceUse
from tenants.plan.models import (
    AdoptionKind,
    Carried,
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
    Plan,
    PlanAction,
    PlanAdoption,
    PlanAnswer,
    PlanFinding,
    PlanOpening,
    PlanPeriod,
)
from tenants.plan.sharing.models import InspectionPack, PlanShare, PlanShareOpening
from tenants.plan.verification.models import VerificationEvent, VerificationStep
from tenants.reading.models import (
    ConfirmationSource,
    Document,
    DocumentEdition,
    DocumentPart,
    PartKind,
    ReadingCampaign,
    ReadingLink,
    ReadingSignOff,
)
from tenants.reading.questions.models import ReadingAnswer, ReadingQuestionSet
from tenants.reading.sheets.models import ReadingSlip
from tenants.reading.sign_offs.models import ReadingScan
from tenants.referrals.models import ReferralStage, ReferralStageName
from tenants.reminders.models import (
    Delegation,
    Reminder,
    ReminderItem,
    ReminderKind,
    ReminderRule,
    ReminderStop,
)
from tenants.staff.models import AbsenceReason, StaffAbsence, StaffRole, StaffRoleHeld
from tenants.training.asking.models import TrainingAsk, TrainingLink, TrainingStatement
from tenants.training.proofs.models import ProofKind, TrainingFile, TrainingProof, TrainingProofPerson
from tests.factories import Factory

SINCE = datetime(2026, 9, 1, tzinfo=UTC)


class SchoolRows:
    """The rows of one school; each is made when it is first asked for, with what it hangs on."""

    def __init__(self, make: Factory, school: School) -> None:
        self.make = make
        self.school = school
        self._made: dict[str, Any] = {}
        self._kept: dict[str, tuple[type[Any], uuid.UUID]] = {}

    def __getitem__(self, table: str) -> Any:
        if table not in self._made:
            kept = self._kept.get(table)
            self._made[table] = self.make.session.get_one(*kept) if kept else ROW_MAKERS[table](self)
        return self._made[table]

    def fill(self) -> None:
        """One row in every table of the school."""
        for table in ROW_MAKERS:
            assert self[table] is not None

    def found_again(self, make: Factory) -> "SchoolRows":
        """The same rows, for a test in which they have been brought back; each is read when it is first asked for."""
        again = SchoolRows(make, make.session.get_one(School, self.school.id))
        again._kept = self._kept | {table: (type(row), row.id) for table, row in self._made.items()}
        return again

    def add(self, model: type[Any], **values: Any) -> Any:
        return self.make.add(model(school_id=self.school.id, **values))

    def only(self, model: type[Any], **values: Any) -> Any:
        """The row that another maker has made already."""
        query = select(model).filter_by(school_id=self.school.id, **values)
        return self.make.session.scalars(query).one()


def import_run(rows: SchoolRows, kind: ImportKind) -> ImportRun:
    """A file that was uploaded and has not been read yet."""
    key = uuid.uuid4()
    return rows.add(
        ImportRun, id=key, kind=kind, file_name="file", storage_key=f"imports/{key}", size=1, sha256="0" * 64
    )  # type: ignore[no-any-return]


def _reminder(rows: SchoolRows) -> Reminder:
    account = rows.make.account()
    mail = OutgoingMail(
        scope=f"school:{rows.school.id}", kind="digest", to_address=account.email, subject="", text="", html=""
    )
    return rows.add(
        Reminder,
        account_id=account.id,
        kind=ReminderKind.CHASE,
        period="2026-11-23",
        reasons=[],
        mail_id=rows.make.add(mail).id,
    )  # type: ignore[no-any-return]


def _invitation(rows: SchoolRows) -> Invitation:
    return rows.add(
        Invitation,
        email="invited@example.org",
        name="Ivy Invited",
        role=Role.SCHOOL_READER,
        expires_at=datetime.now(UTC) + timedelta(days=7),
    )  # type: ignore[no-any-return]


def _edition_action(rows: SchoolRows) -> EditionAction:
    return rows.add(
        EditionAction,
        edition_id=rows["edition"].id,
        expectation_id=rows["edition_expectation"].id,
        key="a",
        position=1,
        wording="Do it",
    )  # type: ignore[no-any-return]


def _plan_action(rows: SchoolRows) -> PlanAction:
    """An action that came over from a plan before."""
    action = rows.make.actions(rows["plan"])[0]
    action.carried_as = Carried.SAME
    rows.make.session.commit()
    return action


def _plan_adoption(rows: SchoolRows) -> PlanAdoption:
    """A plan that came out of another, which is not the current one."""
    later = rows.add(Plan, edition_id=rows["plan"].edition_id, academic_year=2027)
    return rows.add(PlanAdoption, kind=AdoptionKind.ROLL_OVER, from_plan_id=rows["plan"].id, to_plan_id=later.id)  # type: ignore[no-any-return]


def _training_file(rows: SchoolRows) -> TrainingFile:
    return rows.add(
        TrainingFile,
        storage_key=f"evidence/{rows.school.id}/{uuid.uuid4()}",
        file_name="register.pdf",
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
    )  # type: ignore[no-any-return]


def _plan_finding(rows: SchoolRows) -> PlanFinding:
    return rows.add(
        PlanFinding,
        plan_id=rows["plan"].id,
        reference_key="kcsie",
        place="Section 1",
        quote="KCSIE 2019",
        why="It is out of date",
        advice="Cite the edition in force",
    )  # type: ignore[no-any-return]


ROW_MAKERS: dict[str, Callable[[SchoolRows], Any]] = {
    "former_urn": lambda rows: rows.add(FormerUrn, urn=rows.school.urn + 800000),
    "trust_membership": lambda rows: rows.only(TrustMembership),
    "membership": lambda rows: rows.make.membership(rows.make.account(), Role.SCHOOL_READER, rows.school),
    "invitation": _invitation,
    "audit_entry": lambda rows: rows.add(AuditEntry, act="plan started"),
    "calendar_year": lambda rows: rows.add(CalendarYear, year=2026),
    "calendar_import": lambda rows: rows.add(CalendarImport, file_name="dates.ics", rows=0),
    "calendar_feed": lambda rows: rows.add(
        CalendarFeed, account_id=rows.make.account().id, secret_sha256=uuid.uuid4().hex
    ),
    "contact": lambda rows: rows.add(Contact, kind=ContactKind.SCHOOL, name="Office", telephone="01632 960001"),
    "edition": lambda rows: rows.add(
        Edition, key="own", title="Own plan", source=EditionSource.IMPORTED, published_on=date(2026, 9, 1)
    ),
    "edition_section": lambda rows: rows.add(
        EditionSection, edition_id=rows["edition"].id, key="s", position=1, title="Section"
    ),
    "edition_duty": lambda rows: rows.add(
        EditionDuty, section_id=rows["edition_section"].id, key="d", position=1, wording="Duty"
    ),
    "edition_expectation": lambda rows: rows.add(
        EditionExpectation, duty_id=rows["edition_duty"].id, key="e", position=1, wording="Expectation"
    ),
    "edition_action": _edition_action,
    "plan": lambda rows: rows.make.plan(rows.school, since=SINCE),
    "plan_period": lambda rows: rows.only(PlanPeriod, plan_id=rows["plan"].id),
    "plan_action": _plan_action,
    "plan_answer": lambda rows: rows.only(PlanAnswer, action_id=rows["plan_action"].id),
    "plan_finding": _plan_finding,
    "plan_adoption": _plan_adoption,
    "plan_opening": lambda rows: rows.add(PlanOpening, account_id=rows.make.account().id, opened_on=date(2026, 10, 1)),
    "evidence": lambda rows: rows.make.evidence(rows["plan_action"]),
    "evidence_revision": lambda rows: rows.only(EvidenceRevision, evidence_id=rows["evidence"].id),
    "evidence_use": lambda rows: rows.only(EvidenceUse, evidence_id=rows["evidence"].id),
    "verification_event": lambda rows: rows.add(
        VerificationEvent, action_id=rows["plan_action"].id, step=VerificationStep.SAMPLED
    ),
    "plan_share": lambda rows: rows.add(
        PlanShare, reader="Chair of governors", expires_at=datetime.now(UTC) + timedelta(days=14)
    ),
    "plan_share_opening": lambda rows: rows.add(PlanShareOpening, share_id=rows["plan_share"].id),
    "inspection_pack": lambda rows: rows.add(InspectionPack, as_at=date(2026, 10, 1)),
    "record_history": lambda rows: rows.add(
        RecordHistory, relation="contact", record={}, recorded_from=SINCE, recorded_until=SINCE + timedelta(days=1)
    ),
    "remembered_column": lambda rows: rows.add(RememberedColumn, kind=ImportKind.PLAN, head="lead", field="owner"),
    "staff_member": lambda rows: rows.make.staff(rows.school, StaffRole.DSL),
    "staff_role_held": lambda rows: rows.only(StaffRoleHeld, staff_id=rows["staff_member"].id),
    "staff_absence": lambda rows: rows.add(
        StaffAbsence,
        staff_id=rows["staff_member"].id,
        reason=AbsenceReason.SICKNESS,
        from_on=date(2026, 10, 1),
        until_on=date(2026, 10, 2),
    ),
    "filtering_review": lambda rows: rows.add(
        FilteringReview,
        reviewed_on=date(2026, 10, 1),
        reviewers=[Reviewer.DSL.value],
        points=["roles"],
        outcome=ReviewOutcome.ACTIONS_NEEDED,
        actions="Ask the provider",
        next_due_on=date(2027, 10, 1),
    ),
    "filtering_review_action": lambda rows: rows.add(
        ReviewAction,
        review_id=rows["filtering_review"].id,
        action_id=rows["plan_action"].id,
        words="Ask the provider",
    ),
    "filtering_check": lambda rows: rows.add(
        FilteringCheck,
        checked_on=date(2026, 10, 2),
        place="A tablet in the library",
        tested="The provider’s test page",
        result=CheckResult.BLOCKED,
    ),
    "training_completion": lambda rows: rows.make.completion(rows["staff_member"]),
    "training_file": _training_file,
    "training_proof": lambda rows: rows.add(
        TrainingProof,
        kind=ProofKind.SESSION,
        course_id=rows.make.course().id,
        completed_on=date(2026, 9, 10),
        file_id=rows["training_file"].id,
    ),
    "training_proof_person": lambda rows: rows.add(
        TrainingProofPerson, proof_id=rows["training_proof"].id, staff_id=rows["staff_member"].id
    ),
    "training_certificate": lambda rows: rows.add(
        TrainingCertificate, file_id=_training_file(rows).id, state=CertificateState.WAITING
    ),
    "training_ask": lambda rows: rows.add(
        TrainingAsk,
        course_id=rows.make.course().id,
        due_on=date(2027, 1, 29),
        expires_at=datetime.now(UTC) + timedelta(days=30),
    ),
    "training_link": lambda rows: rows.add(
        TrainingLink,
        ask_id=rows["training_ask"].id,
        staff_id=rows["staff_member"].id,
        mail_id=rows["reminder"].mail_id,
    ),
    "training_statement": lambda rows: rows.add(
        TrainingStatement,
        link_id=rows["training_link"].id,
        staff_id=rows["staff_member"].id,
        course_id=rows.make.course().id,
        completed_on=date(2026, 9, 10),
    ),
    "document": lambda rows: rows.add(Document, key=f"own-{uuid.uuid4().hex}", title="Code of conduct", position=2000),
    "document_edition": lambda rows: rows.add(
        DocumentEdition,
        document_id=rows["document"].id,
        label="2026-27",
        in_force_from=date(2026, 9, 1),
        published_on=date(2026, 9, 1),
    ),
    "document_part": lambda rows: rows.add(
        DocumentPart,
        document_edition_id=rows["document_edition"].id,
        position=0,
        title="The code",
        kind=PartKind.FILE,
        storage_key=f"evidence/{rows.school.id}/{uuid.uuid4()}",
        file_name="code.pdf",
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
    ),
    "reading_campaign": lambda rows: rows.add(
        ReadingCampaign,
        document_edition_id=rows.make.document_edition().id,
        due_on=date(2027, 1, 29),
        expires_at=datetime.now(UTC) + timedelta(days=30),
    ),
    "reading_link": lambda rows: rows.add(
        ReadingLink,
        campaign_id=rows["reading_campaign"].id,
        staff_id=rows["staff_member"].id,
        mail_id=rows["reminder"].mail_id,
    ),
    "reading_confirmation": lambda rows: rows.make.confirmation(
        rows["staff_member"], sign_off_id=rows["reading_sign_off"].id
    ),
    "reading_slip": lambda rows: rows.add(
        ReadingSlip,
        campaign_id=rows["reading_campaign"].id,
        staff_id=rows["staff_member"].id,
        address_sha256=uuid.uuid4().hex,
        pin_hash="$argon2id$",
    ),
    "reading_sign_off": lambda rows: rows.add(
        ReadingSignOff,
        document_edition_id=rows.make.document_edition().id,
        source=ConfirmationSource.PAPER,
        confirmed_on=date(2026, 11, 3),
    ),
    "reading_scan": lambda rows: rows.add(
        ReadingScan,
        sign_off_id=rows["reading_sign_off"].id,
        storage_key=f"evidence/{rows.school.id}/{uuid.uuid4()}",
        file_name="signed.pdf",
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
    ),
    "reading_question_set": lambda rows: rows.add(
        ReadingQuestionSet,
        document_edition_id=rows.make.document_edition().id,
        version=1,
        questions=[
            {"text": "Whom do you tell?", "answers": ["Nobody", "The DSL"], "right": 1, "why": "The DSL decides"}
        ],
    ),
    "reading_answer": lambda rows: rows.add(
        ReadingAnswer,
        set_id=rows["reading_question_set"].id,
        staff_id=rows["staff_member"].id,
        question=0,
        chosen=1,
    ),
    "referral": lambda rows: rows.make.referral(rows.school),
    "referral_stage": lambda rows: rows.add(
        ReferralStage, referral_id=rows["referral"].id, stage=ReferralStageName.MADE, reached_on=date(2026, 10, 1)
    ),
    "reminder": _reminder,
    "reminder_item": lambda rows: rows.add(
        ReminderItem,
        person=rows.make.account().id,
        rule="training",
        thing="prevent-awareness",
        stage="period:7:150",
        day=date(2026, 11, 23),
        recipient=uuid.uuid4(),
        to_address="lead@school.example",
        to_name="Priya Nair",
        because="Prevent lead",
        words="Somebody is missing it",
        page="/staff",
    ),
    "reminder_rule": lambda rows: rows.add(ReminderRule, key="training", active=False),
    "reminder_stop": lambda rows: rows.add(ReminderStop, person=uuid.uuid4(), rule="training"),
    "delegation": lambda rows: rows.add(
        Delegation,
        account_id=rows.make.account().id,
        to_account_id=rows.make.account().id,
        from_on=date(2026, 11, 23),
        until_on=date(2026, 11, 24),
    ),
    "import_run": lambda rows: import_run(rows, ImportKind.STAFF),
    "completion_import_row": lambda rows: rows.add(
        CompletionImportRow,
        run_id=rows["import_run"].id,
        line=2,
        person="Ada Byron",
        course_word="Prevent",
        staff_id=rows["staff_member"].id,
        completed_on=date(2026, 9, 10),
        outcome=RowOutcome.NO_COURSE,
    ),
    "completion_import_effect": lambda rows: rows.add(
        CompletionImportEffect, run_id=rows["import_run"].id, completion_id=uuid.uuid4()
    ),
    "staff_import_row": lambda rows: rows.add(
        StaffImportRow,
        run_id=rows["import_run"].id,
        lines=[2],
        given_name="Ada",
        family_name="Byron",
        roles=["teaching"],
        roles_from=[None],
        roles_until=[None],
        roles_guessed=False,
        outcome=Outcome.JOINS,
    ),
    "staff_import_school": lambda rows: rows.add(StaffImportSchool, run_id=rows["import_run"].id),
    "staff_import_effect": lambda rows: rows.add(
        StaffImportEffect, run_id=rows["import_run"].id, staff_id=rows["staff_member"].id, kind=EffectKind.JOINED
    ),
    "saved_mapping": lambda rows: rows.add(
        SavedMapping, kind=ImportKind.STAFF, name="Export", headers="0", mapping={"columns": {}}, used_at=SINCE
    ),
    "staff_source": lambda rows: rows.add(
        StaffSource,
        kind=SourceKind.FOLDER,
        name="Export",
        place="staff.csv",
        every=Every.DAY,
        hour=5,
        scheduled_from=SINCE,
    ),
    "staff_fetch": lambda rows: rows.add(
        StaffFetch, source_id=rows["staff_source"].id, period="2026-11-24", state=FetchState.FETCHING
    ),
    "staff_fetch_page": lambda rows: rows.add(
        StaffFetchPage, fetch_id=rows["staff_fetch"].id, part="A1", number=0, rows=[["Byron", "Ada"]]
    ),
    "remembered_word": lambda rows: rows.add(
        RememberedWord, about=RememberedAs.PERSON, word="ada byron", means=rows["staff_member"].id
    ),
    "import_rejection": lambda rows: rows.add(ImportRejection, run_id=rows["import_run"].id, line=2, reason="is empty"),
}
