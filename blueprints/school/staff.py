"""Who is missing what, who lapses soon? Staff, their training, and what the school records about them."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Email, Length, Optional, ValidationError

from blueprints.school.blueprint import blueprint
from blueprints.school.plan import StartForm
from blueprints.web.access import account_id, requires, today
from blueprints.web.fields import DatePartsField, as_uuid
from blueprints.web.free_text import NoPupilData
from blueprints.web.training_files import FileNotTaken, kept_training_file
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import record_act
from tenants.access.permissions import Permission
from tenants.insights.measures.cover import COVER_STATE_NAMES, CoverState, post_cover
from tenants.insights.measures.reading import reading_coverage, reading_needs
from tenants.insights.measures.training import training_coverage, training_needs
from tenants.insights.measures.types import PersonNeed
from tenants.insights.next_steps import LAPSING_WITHIN
from tenants.insights.subjects import titles_of_subjects
from tenants.plan.evidence_files import ACCEPTED
from tenants.staff.absences import absences_of
from tenants.staff.actions import StaffDetails, StaffProblem, add_staff_member, change_staff_member
from tenants.staff.models import ABSENCE_REASON_NAMES, STAFF_ROLE_NAMES, StaffMember, StaffRole
from tenants.staff.queries import roles_on, staff_member, staff_of
from tenants.training.actions import record_completions, remove_completion
from tenants.training.asking.statements import statements_waiting
from tenants.training.models import CompletionSource, Course
from tenants.training.proofs.actions import add_proof
from tenants.training.proofs.models import ProofKind
from tenants.training.proofs.queries import files_of_completions
from tenants.training.queries import (
    Unprepared,
    completions_of,
    courses,
    taken_first,
    who_completed,
    without_prerequisite,
)

BASE = "/schools/<uuid:school_id>/staff"
SOURCE_WORDS = {
    CompletionSource.RECORDED: "Recorded",
    CompletionSource.IMPORTED: "Imported",
    CompletionSource.LINK: "Said by themselves and accepted",
    CompletionSource.CERTIFICATE: "Recorded from a certificate",
}
CSV_HEADERS = (
    "Surname",
    "First name",
    "Work email",
    "Staff code",
    "Roles",
    "Starts",
    "Leaves",
    "Missing",
    "Lapses soon",
)


class StaffForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    given_name = StringField("First name", [DataRequired("Enter the first name"), Length(max=100), NoPupilData()])
    family_name = StringField("Surname", [DataRequired("Enter the surname"), Length(max=100), NoPupilData()])
    email = StringField(
        "Work email", [Optional(), Email("Enter an email address like name@school.sch.uk"), Length(max=254)]
    )
    staff_code = StringField("Staff code", [Length(max=50), NoPupilData()])
    roles = SelectMultipleField("Roles", choices=[(role.value, name) for role, name in STAFF_ROLE_NAMES.items()])
    starts_on = DatePartsField("First day", optional=True)
    leaves_on = DatePartsField("Last day", optional=True)

    def details(self) -> StaffDetails:
        return StaffDetails(
            given_name=self.given_name.data.strip(),
            family_name=self.family_name.data.strip(),
            email=(self.email.data or "").strip() or None,
            staff_code=(self.staff_code.data or "").strip() or None,
            starts_on=self.starts_on.data,
            leaves_on=self.leaves_on.data,
            roles=frozenset(StaffRole(role) for role in self.roles.data),
        )


class RecordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    course_id = SelectField("Course", coerce=as_uuid)
    completed_on = DatePartsField("When was it completed?", called="Day of completion")
    staff = SelectMultipleField("Who completed it?", coerce=as_uuid)
    register = FileField("Photograph or scan of the register")

    def validate_completed_on(self, completed: DatePartsField) -> None:
        if completed.data and completed.data > today():
            raise ValidationError("The day of completion must be today or in the past")

    def validate_staff(self, staff: SelectMultipleField) -> None:
        if not staff.data:
            raise ValidationError("Choose at least one person")


@dataclass
class Person:
    """Somebody with what they miss and what runs out soon, in the titles that the page shows."""

    member: StaffMember
    roles: list[StaffRole]
    missing: list[str] = field(default_factory=list)
    missing_keys: set[str] = field(default_factory=set)
    lapsing: list[tuple[str, date]] = field(default_factory=list)

    @property
    def role_words(self) -> str:
        return ", ".join(STAFF_ROLE_NAMES[role] for role in self.roles)


@blueprint.get(BASE)
@requires(Permission.READ_STAFF)
def staff(school_id: uuid.UUID) -> str | FileResponse:
    scope = SchoolScope(school_id)
    leavers = request.args.get("who") == "leavers"
    titles = titles_of_subjects(scope)
    everybody = _people(scope, titles, leavers=leavers)
    gap, role = request.args.get("gap", ""), request.args.get("role", "")
    gap = gap if gap in titles or gap == "any" else ""
    role = role if role in set(StaffRole) else ""
    shown = [person for person in everybody if _fits(person, gap, role)]
    if request.args.get("format") == "csv":
        return _csv(shown)
    day = today()
    return render_template(
        "school/staff/list.html",
        school_id=school_id,
        people=shown,
        any_at_all=bool(everybody) or leavers,
        leavers=leavers,
        said_waiting=statements_waiting(scope).get(school_id, 0),
        posts=[
            (post, COVER_STATE_NAMES[post.state], STAFF_ROLE_NAMES[post.role])
            for post in post_cover(scope, as_at=day)
            if post.state is not CoverState.FILLED
        ],
        training=[(titles[row.key], row) for row in training_coverage(scope, as_at=day)],
        reading=[(titles[row.key], row) for row in reading_coverage(scope, as_at=day)],
        gap=gap,
        address={"gap": gap or None, "role": role or None, "who": "leavers" if leavers else None},
        selects=[
            {
                "name": "gap",
                "label": "Missing",
                "value": gap,
                "options": [("", "Anything or nothing"), ("any", "Something"), *titles.items()],
            },
            {
                "name": "role",
                "label": "Role",
                "value": role,
                "options": [("", "Any role"), *((each.value, name) for each, name in STAFF_ROLE_NAMES.items())],
            },
            {
                "name": "who",
                "label": "Who",
                "value": "leavers" if leavers else "",
                "options": [("", "Working here"), ("leavers", "Have left")],
            },
        ],
    )


def _fits(person: Person, gap: str, role: str) -> bool:
    if gap == "any" and not person.missing:
        return False
    if gap not in {"", "any"} and gap not in person.missing_keys:
        return False
    return not role or role in person.roles


def _people(scope: SchoolScope, titles: dict[str, str], *, leavers: bool = False) -> list[Person]:
    """Everybody, with their gaps. Four queries."""
    day = today()
    needs: dict[uuid.UUID, list[PersonNeed]] = defaultdict(list)
    if not leavers:
        for need in [*training_needs(scope, as_at=day), *reading_needs(scope, as_at=day)]:
            needs[need.staff_id].append(need)
    people = []
    for member in staff_of(scope, as_at=day, leavers=leavers):
        person = Person(member, roles_on(member, day))
        for need in needs[member.id]:
            if not need.holds:
                person.missing.append(titles[need.key])
                person.missing_keys.add(need.key)
            elif need.until and need.until <= day + LAPSING_WITHIN:
                person.lapsing.append((titles[need.key], need.until))
        people.append(person)
    return people


def _csv(people: Sequence[Person]) -> FileResponse:
    lines = [
        (
            person.member.family_name,
            person.member.given_name,
            person.member.email,
            person.member.staff_code,
            person.role_words,
            person.member.starts_on,
            person.member.leaves_on,
            "; ".join(person.missing),
            "; ".join(f"{title} on {day}" for title, day in person.lapsing),
        )
        for person in people
    ]
    return FileResponse(
        csv_bytes(CSV_HEADERS, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="staff.csv"'},
    )


@blueprint.route(f"{BASE}/new", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_new(school_id: uuid.UUID) -> Response | str:
    form = StaffForm()
    if form.validate_on_submit():
        try:
            member = add_staff_member(SchoolScope(school_id), details=form.details(), as_at=today())
        except StaffProblem as problem:
            _show(form, problem)
        else:
            flash(f"{member.full_name} is on the staff list.", "success")
            return redirect(url_for("school.staff_member", school_id=school_id, staff_id=member.id), 303)
    return render_template("school/staff/edit.html", school_id=school_id, form=form, member=None)


@blueprint.get(f"{BASE}/<uuid:staff_id>", endpoint="staff_member")
@requires(Permission.READ_STAFF)
def one_member(school_id: uuid.UUID, staff_id: uuid.UUID) -> str:
    scope = SchoolScope(school_id)
    member = staff_member(scope, staff_id) or abort(404)
    day = today()
    needs = [*training_needs(scope, as_at=day), *reading_needs(scope, as_at=day)]
    titles = titles_of_subjects(scope)
    completions = completions_of(scope, staff_id)
    completed = {row.course_key for row in completions}
    return render_template(
        "school/staff/member.html",
        school_id=school_id,
        member=member,
        has_left=member.leaves_on is not None and member.leaves_on < day,
        role_words=", ".join(STAFF_ROLE_NAMES[role] for role in roles_on(member, day)),
        role_names=STAFF_ROLE_NAMES,
        absences=absences_of(scope, staff_id),
        reasons=ABSENCE_REASON_NAMES,
        today=day,
        needs=[(titles[need.key], need) for need in needs if need.staff_id == staff_id],
        completions=completions,
        first={key: (course.title, course.key in completed) for key, course in taken_first(scope).items()},
        source_words=SOURCE_WORDS,
        files=files_of_completions(scope, staff_id),
        soon=day + LAPSING_WITHIN,
    )


@blueprint.route(f"{BASE}/<uuid:staff_id>/change", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def staff_change(school_id: uuid.UUID, staff_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    member = staff_member(scope, staff_id) or abort(404)
    form = StaffForm(
        given_name=member.given_name,
        family_name=member.family_name,
        email=member.email or "",
        staff_code=member.staff_code or "",
        roles=[role.role.value for role in member.roles if role.until_on is None],
        starts_on=member.starts_on,
        leaves_on=member.leaves_on,
    )
    if form.validate_on_submit():
        try:
            change_staff_member(scope, staff_id=staff_id, details=form.details(), as_at=today())
        except StaffProblem as problem:
            _show(form, problem)
        else:
            flash("Saved.", "success")
            return redirect(url_for("school.staff_member", school_id=school_id, staff_id=staff_id), 303)
    return render_template("school/staff/edit.html", school_id=school_id, form=form, member=member)


def _show(form: FlaskForm, problem: StaffProblem) -> None:
    for name, messages in problem.messages.items():
        form[name].errors = [*form[name].errors, *messages]


@blueprint.route(f"{BASE}/training", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_record(school_id: uuid.UUID) -> Response | str:
    """One course, one day, many people: those who miss it come first."""
    scope = SchoolScope(school_id)
    catalogue = courses(scope)
    chosen = chosen_course(catalogue)
    form = RecordForm() if request.method == "POST" else RecordForm(course_id=chosen.id, completed_on=today())
    form.course_id.choices = [(course.id, course.title) for course in catalogue]
    missing = {
        need.staff_id for need in training_needs(scope, as_at=today()) if need.key == chosen.key and not need.holds
    }
    members = sorted(staff_of(scope, as_at=today()), key=lambda member: member.id not in missing)
    form.staff.choices = [(member.id, member.full_name) for member in members]
    if form.validate_on_submit() and (done := _record_session(scope, form)):
        return done
    first = taken_first(scope).get(chosen.key)
    prepared = who_completed(scope, course_id=first.id, by=today()) if first else set()
    hints = {member.id: _hint(member.id in missing, first, member.id in prepared) for member in members}
    one = request.args.get("person", "")
    if request.method == "GET" and one in {str(member.id) for member in members}:
        form.staff.data = [uuid.UUID(one)]
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "school/staff/record.html", school_id=school_id, form=form, hints=hints, course=chosen, catalogue=catalogue,
        first=first, accepted=ACCEPTED, megabytes=settings.upload_megabytes,
    )  # fmt: skip


def _hint(is_missing: bool, first: Course | None, is_prepared: bool) -> str:
    """What the list says under somebody's name: whether they miss the course, and have not taken what comes before it."""
    said = ["Missing it"] if is_missing else []
    if first is not None and not is_prepared:
        said.append(f"has not taken {first.title}" if said else f"Has not taken {first.title}")
    return "; ".join(said)


def _record_session(scope: SchoolScope, form: RecordForm) -> Response | None:
    """Writes the session, its register and the completions; none when the file cannot be taken, which the form says."""
    about: dict[str, Any] = {
        "staff_ids": form.staff.data,
        "course_id": form.course_id.data,
        "completed_on": form.completed_on.data or today(),
        "recorded_by": account_id(),
    }
    try:
        file_id = kept_training_file(scope, form.register.data, added_by=account_id())
    except FileNotTaken as problem:
        form.register.errors = [str(problem)]
        return None
    written = record_completions(scope, **about)
    add_proof(scope, kind=ProofKind.SESSION, file_id=file_id, **about)
    flash(_written(written, len(form.staff.data)), "success")
    unprepared = without_prerequisite(
        scope, staff_ids=form.staff.data, course_id=form.course_id.data, on=about["completed_on"]
    )
    if unprepared:
        flash(_unprepared(unprepared), "warning")
    return redirect(url_for("school.staff", school_id=scope.school_id), 303)


def chosen_course(catalogue: Sequence[Course]) -> Course:
    """The course that the form or the address names, else the first."""
    asked = request.form.get("course_id") or request.args.get("course", "")
    return next((course for course in catalogue if asked in {str(course.id), course.key}), catalogue[0])


def _written(written: int, asked: int) -> str:
    known = asked - written
    told = f"{written} {'completion' if written == 1 else 'completions'} recorded."
    return told if not known else f"{told} {known} {'was' if known == 1 else 'were'} recorded already."


def _unprepared(unprepared: Unprepared) -> str:
    one = unprepared.people == 1
    who = "1 person has" if one else f"{unprepared.people} people have"
    return f"{who} no completion of {unprepared.title}, which is to be taken first. The completions are saved all the same."


@blueprint.route(f"{BASE}/<uuid:staff_id>/training/<uuid:completion_id>/remove", methods=["GET", "POST"])
@requires(Permission.EDIT_SCHOOL)
def training_remove(school_id: uuid.UUID, staff_id: uuid.UUID, completion_id: uuid.UUID) -> Response | str:
    scope = SchoolScope(school_id)
    member = staff_member(scope, staff_id) or abort(404)
    row = next((each for each in completions_of(scope, staff_id) if each.id == completion_id), None) or abort(404)
    form = StartForm()
    if form.validate_on_submit():
        remove_completion(scope, completion_id=completion_id)
        record_act(
            "training removed",
            account_id=account_id(),
            school_id=school_id,
            staff_id=str(staff_id),
            course=row.course,
            completed_on=row.completed_on.isoformat(),
        )
        flash("The completion is removed. The audit keeps that it was there.", "success")
        return redirect(url_for("school.staff_member", school_id=school_id, staff_id=staff_id), 303)
    return render_template("school/staff/remove_training.html", school_id=school_id, member=member, row=row, form=form)
