"""Writes to the referral log. Each flushes, leaves the commit to its caller and writes an entry of the audit.

The audit says which fields changed. Dates and the route are kept from and to; of the type of concern, the outcome, the
CPOMS reference and the note only that they changed, since more people read the audit than may read the log.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Integer, cast, func, select, text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.access.models import AuditEntry
from tenants.calendar.rules import academic_year_name, academic_year_of
from tenants.referrals.models import (
    ROUTE_NAMES,
    STAGE_NAMES,
    Referral,
    ReferralOutcome,
    ReferralRoute,
    ReferralStage,
    ReferralStageName,
)
from tenants.referrals.queries import STAGE_ORDER, concern_types_for, find_referral, fingerprint
from tenants.referrals.rules import GuardProblem, guard_text

FOLLOW_UP_AFTER = timedelta(days=14)
LONGEST_REFERENCE = 40
LONGEST_NOTE = 2000


Change = dict[str, str | None]


@dataclass
class ReferralProblem(Exception):
    """What the person asking can put right: messages by the name of the field."""

    messages: dict[str, list[str]] = field(default_factory=dict)
    asks_to_confirm: bool = False  # something may be a name, and nobody has said that it is not a child's


class ReferralChangedMeanwhile(Exception):
    """Somebody else changed the referral since the page was opened. Nothing was written."""


@dataclass(frozen=True)
class ReferralDetails:
    """All that a school writes of a referral, apart from its stages."""

    made_on: date
    concern_type_id: uuid.UUID
    route: ReferralRoute
    cpoms_reference: str | None = None
    follow_up_due_on: date | None = None
    note: str = ""


def open_referral(
    scope: SchoolScope, *, details: ReferralDetails, not_a_childs_name: bool, made_by: uuid.UUID | None, today: date
) -> Referral:
    """Adds a referral with its first stage and a reference of its academic year, e.g. 2026-27/03.

    Raises ReferralProblem when a date, the type of concern or a text will not do.
    """
    require_bound(scope)
    _check(scope, details, not_a_childs_name=not_a_childs_name, today=today)
    referral = Referral(
        school_id=scope.school_id, reference=_next_reference(scope, details.made_on), made_by=made_by, **vars(details)
    )
    referral.stages.append(
        ReferralStage(
            school_id=scope.school_id,
            stage=ReferralStageName.MADE,
            reached_on=details.made_on,
            recorded_by=made_by,
        )
    )
    db.session.add(referral)
    db.session.flush()
    _note(referral, "referral opened", by=made_by)
    return referral


def _next_reference(scope: SchoolScope, made_on: date) -> str:
    """One after the year's highest. The lock makes a second writer wait until the first has committed."""
    year = academic_year_name(academic_year_of(made_on))
    db.session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{scope.stamp}:referral:{year}"}
    )
    number = cast(func.substring(Referral.reference, len(year) + 2), Integer)
    highest = db.session.scalar(
        select(func.max(number)).where(
            Referral.school_id == scope.school_id, Referral.reference.regexp_match(f"^{year}/[0-9]+$")
        )
    )
    return f"{year}/{(highest or 0) + 1:02d}"


def change_referral(
    scope: SchoolScope,
    *,
    referral_id: uuid.UUID,
    details: ReferralDetails,
    not_a_childs_name: bool,
    seen: str,
    changed_by: uuid.UUID | None,
    today: date,
) -> bool:
    """Writes what changed and keeps its history. Returns whether anything did. The reference stays.

    `seen` is the fingerprint of what the writer saw. Raises ReferralProblem, ReferralChangedMeanwhile.
    """
    referral = _locked(scope, referral_id, seen)
    _check(scope, details, not_a_childs_name=not_a_childs_name, today=today, referral=referral)
    changes = [
        _change(name, getattr(referral, name), value)
        for name, value in vars(details).items()
        if getattr(referral, name) != value
    ]
    if not changes:
        return False
    for name, value in vars(details).items():
        setattr(referral, name, value)
    made = next((stage for stage in referral.stages if stage.stage is ReferralStageName.MADE), None)
    if made is not None:
        made.reached_on = details.made_on
    db.session.flush()
    _note(referral, "referral changed", by=changed_by, changes=changes)
    return True


def record_stage(
    scope: SchoolScope,
    *,
    referral_id: uuid.UUID,
    stage: ReferralStageName,
    reached_on: date,
    outcome: ReferralOutcome | None = None,
    seen: str,
    recorded_by: uuid.UUID | None,
    today: date,
) -> None:
    """Says when a referral reached a stage, or corrects the date. To close it, an outcome is needed.

    Raises ReferralProblem when the date is out of order, and ReferralChangedMeanwhile.
    """
    referral = _locked(scope, referral_id, seen)
    problems = _stage_problems(referral, stage, reached_on, today)
    if stage is ReferralStageName.CLOSED and outcome is None:
        problems["outcome"] = ["Choose how the referral ended"]
    if problems:
        raise ReferralProblem(problems)
    there = next((row for row in referral.stages if row.stage is stage), None)
    before = there.reached_on if there else None
    if there is None:
        there = ReferralStage(school_id=scope.school_id, referral_id=referral.id, stage=stage, reached_on=reached_on)
        referral.stages.append(there)
    there.reached_on = reached_on
    there.recorded_by = recorded_by
    changes = [_change(STAGE_NAMES[stage], before, reached_on)]
    if stage is ReferralStageName.CLOSED and referral.outcome is not outcome:
        referral.outcome = outcome
        changes.append({"field": "outcome"})
    db.session.flush()
    closing = stage is ReferralStageName.CLOSED
    _note(referral, "referral closed" if closing else "referral stage recorded", by=recorded_by, changes=changes)


def reopen_referral(scope: SchoolScope, *, referral_id: uuid.UUID, seen: str, reopened_by: uuid.UUID | None) -> None:
    """Takes back the close of a referral and its outcome. Does nothing to an open one."""
    referral = _locked(scope, referral_id, seen)
    closed = next((row for row in referral.stages if row.stage is ReferralStageName.CLOSED), None)
    if closed is None:
        return
    changes: list[Change] = [
        _change(STAGE_NAMES[ReferralStageName.CLOSED], closed.reached_on, None),
        {"field": "outcome"},
    ]
    referral.stages.remove(closed)
    referral.outcome = None
    db.session.flush()
    _note(referral, "referral reopened", by=reopened_by, changes=changes)


def _locked(scope: SchoolScope, referral_id: uuid.UUID, seen: str) -> Referral:
    require_bound(scope)
    db.session.execute(
        select(Referral.id).where(Referral.school_id == scope.school_id, Referral.id == referral_id).with_for_update()
    )
    db.session.expire_all()
    referral = find_referral(scope, referral_id)
    if referral is None:
        raise LookupError(f"no referral {referral_id} at this school")
    if fingerprint(referral) != seen:
        raise ReferralChangedMeanwhile
    return referral


def _check(
    scope: SchoolScope,
    details: ReferralDetails,
    *,
    not_a_childs_name: bool,
    today: date,
    referral: Referral | None = None,
) -> None:
    problems: dict[str, list[str]] = {}
    if details.made_on > today:
        problems["made_on"] = ["The date the referral was made must be today or in the past"]
    if referral is not None:
        later = [row for row in referral.stages if row.stage is not ReferralStageName.MADE]
        if any(row.reached_on < details.made_on for row in later):
            problems["made_on"] = ["The date the referral was made must be before its later stages"]
    if details.follow_up_due_on and details.follow_up_due_on < details.made_on:
        problems["follow_up_due_on"] = ["The follow-up must be on or after the date the referral was made"]
    if details.concern_type_id not in {row.id for row in concern_types_for(scope, details.made_on)}:
        problems["concern_type_id"] = [
            "Choose the type of concern again: the types changed between the dates that you gave"
        ]
    if len(details.cpoms_reference or "") > LONGEST_REFERENCE:
        problems["cpoms_reference"] = [f"The CPOMS reference must be {LONGEST_REFERENCE} characters or fewer"]
    if len(details.note) > LONGEST_NOTE:
        problems["note"] = [f"The note must be {LONGEST_NOTE:,} characters or fewer"]
    asks = False
    for name, found in _guarded(details, today).items():
        refused = [problem.message for problem in found if problem.refused]
        likely = [problem.message for problem in found if not problem.refused]
        asks = asks or bool(likely)
        messages = refused + ([] if not_a_childs_name else likely)
        if messages:
            problems.setdefault(name, []).extend(messages)
    if problems:
        raise ReferralProblem(problems, asks_to_confirm=asks)


def _guarded(details: ReferralDetails, today: date) -> dict[str, list[GuardProblem]]:
    """What the guard finds in each text of a referral."""
    return {
        "cpoms_reference": guard_text(details.cpoms_reference or "", today=today, is_reference=True),
        "note": guard_text(details.note, today=today),
    }


def _stage_problems(
    referral: Referral, stage: ReferralStageName, reached_on: date, today: date
) -> dict[str, list[str]]:
    if reached_on > today:
        return {"reached_on": ["The date must be today or in the past"]}
    if stage is ReferralStageName.MADE:
        return {"stage": ["To correct the date the referral was made, change the referral itself"]}
    place = STAGE_ORDER.index(stage)
    for row in referral.stages:
        other = STAGE_ORDER.index(row.stage)
        words = f"{STAGE_NAMES[row.stage].lower()} on {row.reached_on.day} {row.reached_on:%B %Y}"
        if other < place and row.reached_on > reached_on:
            return {"reached_on": [f"The date must not be before an earlier stage: {words}"]}
        if other > place and row.reached_on < reached_on:
            return {"reached_on": [f"The date must not be after a later stage: {words}"]}
    return {}


def _change(name: str, before: Any, after: Any) -> Change:
    """A field that changed; what it was and is only where that is a date or the route."""
    if isinstance(before, date) or isinstance(after, date) or name == "route":
        return {"field": name, "before": _words(before), "after": _words(after)}
    return {"field": name}


def _words(value: Any) -> str | None:
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    return ROUTE_NAMES[value] if isinstance(value, ReferralRoute) else None


def _note(referral: Referral, act: str, *, by: uuid.UUID | None, changes: list[Change] | None = None) -> None:
    detail = {"referral_id": str(referral.id), "reference": referral.reference, "changes": changes or []}
    db.session.add(AuditEntry(account_id=by, school_id=referral.school_id, act=act, detail=detail))
    db.session.flush()
