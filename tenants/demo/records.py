"""One invented school's staff, training, reading, plan and referrals."""

import random
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select

from prevent_trust.database import db, new_id
from tenants.access.models import Account
from tenants.calendar.rules import academic_year_name, academic_year_of
from tenants.demo.people import FAMILY_NAMES, GIVEN_NAMES
from tenants.demo.places import DemoSchool
from tenants.filtering.models import CheckResult, FilteringCheck, FilteringReview, ReviewAction, ReviewOutcome
from tenants.filtering.rules import EXPECTED, asked_for, due_after, points_asked
from tenants.plan.evidence.models import Evidence, EvidenceKind, EvidenceRevision, EvidenceUse
from tenants.plan.models import (
    ActionStatus,
    Edition,
    EditionAction,
    EditionDuty,
    EditionExpectation,
    EditionSection,
    EditionSource,
    Plan,
    PlanAction,
    PlanAnswer,
    PlanOpening,
    PlanPeriod,
)
from tenants.reading.models import DocumentEdition, ReadingConfirmation
from tenants.referrals.models import (
    ConcernType,
    Referral,
    ReferralOutcome,
    ReferralRoute,
    ReferralStage,
    ReferralStageName,
)
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tenants.training.models import Course, TrainingCompletion

LEADERS = (
    (StaffRole.PREVENT_LEAD, StaffRole.DSL, StaffRole.SLT),
    (StaffRole.HEADTEACHER, StaffRole.SLT),
    (StaffRole.DEPUTY_DSL, StaffRole.TEACHING),
    (StaffRole.COMPUTING_LEAD, StaffRole.TEACHING),
    (StaffRole.LINK_GOVERNOR, StaffRole.GOVERNOR),
    (StaffRole.IT_SERVICE,),
)
REFERRALS_PER_1000_PUPILS_AND_YEAR = 1.6
CARELESS = 0.45
REVIEWS_EACH_YEAR = 0.65
TRIED_ON = ("A pupil’s tablet in the library", "A laptop in the IT room", "A phone on the guest network")
NOTES = (
    "Covered in the September INSET; sign-in sheet in the shared drive.",
    "Agreed at the leadership meeting.",
    "Waiting for the authority’s new briefing.",
    "Governors asked for an update at their next meeting.",
    "Raised with the site team.",
)


@dataclass(frozen=True)
class DemoStaff:
    id: uuid.UUID
    name: str
    roles: tuple[StaffRole, ...]
    starts_on: date


def add_staff(
    demo: DemoSchool, school_id: uuid.UUID, lead: Account, chance: random.Random, today: date
) -> list[DemoStaff]:
    """Staff with their roles, training and reading; more of it where the school takes more care."""
    staff = [_person(number, lead, chance, today) for number in range(demo.staff)]
    domain = lead.email.partition("@")[2]
    emails: set[str] = set()
    rows = []
    for number, person in enumerate(staff):
        given, _, family = person.name.partition(" ")
        email = f"{given}.{family}@{domain}".lower().replace(" ", ".")
        leaves = today - timedelta(days=chance.randint(20, 300)) if number > 10 and chance.random() < 0.05 else None
        rows.append(
            {
                "id": person.id,
                "school_id": school_id,
                "given_name": given,
                "family_name": family,
                "email": email if email not in emails else None,
                "staff_code": f"{demo.urn % 100:02d}{number:04d}",
                "starts_on": person.starts_on,
                "recorded_from": _noon(person.starts_on),
                "leaves_on": max(leaves, person.starts_on) if leaves else None,
            }
        )
        emails.add(email)
    db.session.execute(insert(StaffMember), rows)
    db.session.execute(
        insert(StaffRoleHeld),
        [
            {
                "id": new_id(),
                "school_id": school_id,
                "staff_id": person.id,
                "role": role,
                "from_on": person.starts_on,
                "recorded_from": _noon(person.starts_on),
            }
            for person in staff
            for role in person.roles
        ],
    )
    _add_training(demo, school_id, staff, chance, today)
    _add_reading(demo, school_id, staff, chance, today)
    return staff


def _noon(day: date) -> datetime:
    """When what happened on a day was written down: on the day itself."""
    return datetime.combine(day, time(12), UTC)


def _person(number: int, lead: Account, chance: random.Random, today: date) -> DemoStaff:
    if number == 0:
        return DemoStaff(new_id(), lead.name, LEADERS[0], date(today.year - 6, 9, 1))
    roles = LEADERS[number] if number < len(LEADERS) else (chance.choice(_OTHERS),)
    starts = date(today.year - chance.randint(1, 9), chance.choice((1, 4, 9)), 1)
    name = f"{chance.choice(GIVEN_NAMES)} {chance.choice(FAMILY_NAMES)}"
    return DemoStaff(new_id(), name, roles, starts)


_OTHERS = (StaffRole.TEACHING, StaffRole.TEACHING, StaffRole.TEACHING, StaffRole.SUPPORT, StaffRole.SUPPORT)


def _add_training(
    demo: DemoSchool, school_id: uuid.UUID, staff: list[DemoStaff], chance: random.Random, today: date
) -> None:
    completions: dict[tuple[uuid.UUID, uuid.UUID, date], dict[str, Any]] = {}
    for course in db.session.scalars(select(Course).order_by(Course.position)):
        share = min(1.0, 0.55 + 0.5 * demo.care - 0.06 * course.position / 4)
        for person in staff:
            if course.audience and not set(course.audience) & set(person.roles):
                continue
            if course.validity_months is None:
                days = [person.starts_on + timedelta(days=7)]
            else:
                period = course.validity_months * 30
                last = today - timedelta(days=chance.randint(5, int(period * 1.08)))
                days = [last, last - timedelta(days=period), last - timedelta(days=2 * period)]
            if chance.random() > share:
                days = days[1:]
            for day in days:
                if person.starts_on <= day <= today:
                    row = {"id": new_id(), "school_id": school_id, "staff_id": person.id, "course_id": course.id}
                    completions[person.id, course.id, day] = row | {"completed_on": day, "recorded_from": _noon(day)}
    if completions:
        db.session.execute(insert(TrainingCompletion), list(completions.values()))


def _add_reading(
    demo: DemoSchool, school_id: uuid.UUID, staff: list[DemoStaff], chance: random.Random, today: date
) -> None:
    confirmations = []
    for edition in db.session.scalars(select(DocumentEdition).order_by(DocumentEdition.in_force_from)):
        if edition.in_force_from > today:
            continue
        share = 0.35 + 0.66 * demo.care
        for person in staff:
            day = max(edition.in_force_from, person.starts_on) + timedelta(days=chance.randint(1, 60))
            if day <= today and chance.random() < share:
                row: dict[str, Any] = {"id": new_id(), "school_id": school_id, "staff_id": person.id}
                row |= {"document_edition_id": edition.id, "confirmed_on": day, "recorded_from": _noon(day)}
                confirmations.append(row)
    if confirmations:
        db.session.execute(insert(ReadingConfirmation), confirmations)


def add_plan(
    demo: DemoSchool,
    school_id: uuid.UUID,
    lead: Account,
    chance: random.Random,
    *,
    began: datetime,
    today: date,
    owners: list[DemoStaff],
) -> None:
    """The built-in edition, answered bit by bit since it began, with owners, dates and some evidence."""
    plan = Plan(
        school_id=school_id,
        edition_id=_first_edition_id(),
        academic_year=academic_year_of(today),
        made_by=lead.id,
        created_at=began,
    )
    db.session.add(plan)
    db.session.flush()
    db.session.add(PlanPeriod(school_id=school_id, plan_id=plan.id, current_from=began))
    wording = db.session.execute(
        select(EditionAction, EditionSection.theme)
        .join(EditionExpectation, EditionExpectation.id == EditionAction.expectation_id)
        .join(EditionDuty, EditionDuty.id == EditionExpectation.duty_id)
        .join(EditionSection, EditionSection.id == EditionDuty.section_id)
        .where(EditionAction.edition_id == plan.edition_id)
        .order_by(EditionAction.position)
    ).all()
    actions, answers = [], []
    evidence, revisions, uses = [], [], []
    for action, theme in wording:
        action_id = new_id()
        actions.append(
            {
                "id": action_id,
                "school_id": school_id,
                "plan_id": plan.id,
                "edition_action_id": action.id,
                "expectation_id": action.expectation_id,
                "theme": theme,
                "position": action.position,
                "measure": action.measure,
                "target_percent": action.target_percent,
                "recurs_months": action.recurs_months,
                "created_at": began,
            }
        )
        history = _answers(demo, action, chance, began=began, today=today, owners=owners)
        for number, (answer, start) in enumerate(history):
            until = history[number + 1][1] if number + 1 < len(history) else None
            row = {"id": new_id(), "school_id": school_id, "action_id": action_id, **answer}
            row["confirmed_on"] = start.date() if answer["status"] is not ActionStatus.NOT_ANSWERED else None
            by = lead.id if number else None
            answers.append(row | {"recorded_from": start, "recorded_until": until, "changed_by": by})
        if history[-1][0]["status"] is ActionStatus.MET and chance.random() < demo.care:
            evidence_id, added_at = new_id(), history[-1][1]
            piece = {"id": evidence_id, "school_id": school_id, "kind": EvidenceKind.LINK, "added_by": lead.id}
            evidence.append(piece | {"title": "Folder in the shared drive", "created_at": added_at})
            expires = added_at.date() + timedelta(days=365) if chance.random() < 0.2 else None
            row = {"id": new_id(), "school_id": school_id, "evidence_id": evidence_id, "added_by": lead.id}
            revisions.append(
                row
                | {
                    "number": 1,
                    "address": f"https://drive.example/{action.key}",
                    "effective_from": added_at.date(),
                    "expires_on": expires,
                    "created_at": added_at,
                }
            )
            uses.append(row | {"id": new_id(), "action_id": action_id, "used_from": added_at})
    db.session.execute(insert(PlanAction), actions)
    db.session.execute(insert(PlanAnswer), answers)
    if demo.care > CARELESS:
        opened_on = today - timedelta(days=chance.randint(1, 20))
        db.session.add(PlanOpening(school_id=school_id, account_id=lead.id, opened_on=opened_on))
    if evidence:
        db.session.execute(insert(Evidence), evidence)
        db.session.execute(insert(EvidenceRevision), revisions)
        db.session.execute(insert(EvidenceUse), uses)


def _first_edition_id() -> uuid.UUID:
    """The schools began with the edition of September; what was published since, they can adopt."""
    return db.session.scalars(
        select(Edition.id).where(Edition.source == EditionSource.BUILT_IN).order_by(Edition.published_on).limit(1)
    ).one()


def _answers(
    demo: DemoSchool,
    action: EditionAction,
    chance: random.Random,
    *,
    began: datetime,
    today: date,
    owners: list[DemoStaff],
) -> list[tuple[dict[str, Any], datetime]]:
    """What was said of one action, from first to last, each with the moment from which it held."""

    def answer(status: ActionStatus, **values: Any) -> dict[str, Any]:
        empty: dict[str, Any] = dict.fromkeys(("owner_role", "owner_id", "due_on"))
        return {"status": status, **empty, "note": ""} | values

    history = [(answer(ActionStatus.NOT_ANSWERED), began)]
    if chance.random() > 0.4 + 0.62 * demo.care:
        return history
    owner = owners[chance.randrange(min(len(LEADERS), len(owners)))]
    whose = {"owner_id": owner.id, "owner_role": action.roles[0] if action.roles else None}
    due = today + timedelta(days=chance.randint(-70, 150) if chance.random() > demo.care else chance.randint(20, 240))
    status = ActionStatus.NOT_ANSWERED if action.measure else _status(demo, chance)
    days = max(1, (today - began.date()).days)
    first = began + timedelta(days=chance.randint(1, max(1, days // 3)), minutes=chance.randint(0, 400))
    before = ActionStatus.NOT_ANSWERED if action.measure else ActionStatus.PARTLY_MET
    history.append((answer(before, **whose, due_on=due), first))
    if status is not before:
        later = first + timedelta(days=chance.randint(1, max(2, days // 2)), minutes=chance.randint(0, 200))
        if later < datetime.combine(today, time.min, UTC):
            note = chance.choice(NOTES) if chance.random() < 0.5 else ""
            open_until = None if status in {ActionStatus.MET, ActionStatus.NOT_APPLICABLE} else due
            history.append((answer(status, **whose, due_on=open_until, note=note), later))
    return history


def _status(demo: DemoSchool, chance: random.Random) -> ActionStatus:
    if chance.random() < 0.03:
        return ActionStatus.NOT_APPLICABLE
    if chance.random() < 0.5 + 0.5 * demo.care:
        return ActionStatus.MET
    return ActionStatus.PARTLY_MET if chance.random() < 0.3 + 0.6 * demo.care else ActionStatus.NOT_MET


def add_referrals(
    demo: DemoSchool, school_id: uuid.UUID, lead: Account, chance: random.Random, *, since: date, today: date
) -> None:
    """Few, as everywhere: most primary schools make none in a year."""
    concerns = list(db.session.scalars(select(ConcernType).order_by(ConcernType.release_year, ConcernType.position)))
    newest = [concern for concern in concerns if concern.release_year == concerns[-1].release_year]
    days = (today - since).days
    weight = 1.8 if demo.phase != "Primary" else 0.5
    expected = demo.pupils / 1000 * REFERRALS_PER_1000_PUPILS_AND_YEAR * days / 365 * weight
    count = int(expected) + (chance.random() < expected % 1)
    made_on = sorted(since + timedelta(days=chance.randint(5, days - 1)) for _ in range(count))
    numbers: dict[str, int] = {}
    for day in made_on:
        year = academic_year_name(academic_year_of(day))
        numbers[year] = numbers.get(year, 0) + 1
        closed = day + timedelta(days=45) < today and chance.random() < 0.8
        referral = Referral(
            school_id=school_id,
            reference=f"{year}/{numbers[year]:02d}",
            cpoms_reference=f"C-{chance.randint(10000, 99999)}",
            made_on=day,
            concern_type_id=chance.choice(newest).id,
            route=chance.choice((ReferralRoute.NATIONAL_FORM, ReferralRoute.NATIONAL_FORM, ReferralRoute.MASH)),
            follow_up_due_on=None if closed else day + timedelta(days=chance.choice((14, 28, 42))),
            outcome=chance.choice(list(ReferralOutcome)) if closed else None,
            made_by=lead.id,
            recorded_from=_noon(day),
        )
        stages = [(ReferralStageName.MADE, day)]
        if closed or day + timedelta(days=9) < today:
            stages.append((ReferralStageName.POLICE_GATEWAY, day + timedelta(days=6)))
        if closed:
            stages.append((ReferralStageName.CLOSED, day + timedelta(days=chance.randint(20, 44))))
        referral.stages = [
            ReferralStage(
                school_id=school_id, stage=stage, reached_on=reached, recorded_by=lead.id, recorded_from=_noon(reached)
            )
            for stage, reached in stages
        ]
        db.session.add(referral)
    db.session.flush()


def add_filtering(demo: DemoSchool, school_id: uuid.UUID, lead: Account, chance: random.Random, today: date) -> None:
    """A review each year where the school takes care; a long time ago where it takes less, and none where it takes none."""
    reviews = [
        _review(demo, school_id, lead, chance, today - timedelta(days=ago)) for ago in _days_since_reviews(demo, chance)
    ]
    db.session.add_all(reviews)
    db.session.flush()
    _link_with_the_plan(school_id, reviews)
    for number in range(chance.randint(0, 3)):
        day = today - timedelta(days=chance.randint(5, 90) + 90 * number)
        blocked = chance.random() < 0.5 + 0.5 * demo.care
        db.session.add(
            FilteringCheck(
                school_id=school_id,
                checked_on=day,
                place=chance.choice(TRIED_ON),
                tested="The provider’s test page for terrorist content",
                result=CheckResult.BLOCKED if blocked else CheckResult.LET_THROUGH,
                done="" if blocked else "Told the IT service the same day; blocked since.",
                recorded_by=lead.id,
                recorded_from=_noon(day),
            )
        )
    db.session.flush()


def _days_since_reviews(demo: DemoSchool, chance: random.Random) -> list[int]:
    if demo.care < CARELESS:
        return []
    if demo.care < REVIEWS_EACH_YEAR:
        return [chance.randint(610, 700)]
    last, between = chance.randint(20, 300), chance.randint(330, 360)
    return [last, last + between, last + 2 * between]


def _review(demo: DemoSchool, school_id: uuid.UUID, lead: Account, chance: random.Random, day: date) -> FilteringReview:
    meets = chance.random() < demo.care
    keys = [point.key for point in points_asked()]
    return FilteringReview(
        school_id=school_id,
        reviewed_on=day,
        reviewers=[each.value for each in (EXPECTED if meets else EXPECTED[::2])],
        points=keys if meets else keys[: chance.randint(4, len(keys))],
        outcome=ReviewOutcome.MEETS if meets else ReviewOutcome.ACTIONS_NEEDED,
        actions="" if meets else "Block by account on the guest network as well\nRead the weekly report with the DSL",
        next_due_on=due_after(day),
        recorded_by=lead.id,
        recorded_from=_noon(day),
    )


def _link_with_the_plan(school_id: uuid.UUID, reviews: list[FilteringReview]) -> None:
    """The first thing that each review asked for is what an action of the plan does; the second nobody took up."""
    action_id = db.session.scalar(
        select(PlanAction.id)
        .join(EditionAction, EditionAction.id == PlanAction.edition_action_id)
        .where(PlanAction.school_id == school_id, EditionAction.key == "filtering-in-place")
    )
    if action_id is not None:
        db.session.add_all(
            ReviewAction(
                school_id=school_id,
                review_id=review.id,
                action_id=action_id,
                words=asked_for(review.actions)[0],
                recorded_from=review.recorded_from,
            )
            for review in reviews
            if review.actions
        )
