"""How many people work in the trust, and who works at several of its schools?"""

import uuid

from flask import Response as FileResponse
from flask import render_template, request

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import can, requires, today
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import TrustScope
from tenants.access.permissions import Permission
from tenants.insights.measures.people import SharedPerson, people_of_trust
from tenants.organisations.queries import schools_of_trust
from tenants.staff.models import STAFF_ROLE_NAMES, StaffRole


@blueprint.get("/trusts/<uuid:trust_id>/staff")
@requires(Permission.READ_TRUST)
def staff(trust_id: uuid.UUID) -> FileResponse | str:
    """The numbers for every reader of the trust; the names for those who may read them at the schools."""
    scope = TrustScope(trust_id)
    found = people_of_trust(scope, as_at=today())
    schools = schools_of_trust(trust_id)
    names = {school.id: school.name for school in schools}
    wanted = request.args.get("school", "")
    shared = found.shared if can(Permission.CHASE_SCHOOLS) else []
    shown = [each for each in shared if not wanted or wanted in {str(place[0]) for place in each.places}]
    if request.args.get("format") == "csv":
        return _csv(shown, names)
    counted = {each.school_id: each for each in found.schools}
    return render_template(
        "trust/staff.html",
        trust_id=trust_id,
        found=found,
        posts=sum(each.people for each in found.schools),
        rows=[(school, counted.get(school.id)) for school in schools],
        shown=shown,
        names=names,
        role_words=role_words,
        wanted=wanted,
        school_options=[("", "Any school"), *((str(key), name) for key, name in names.items())],
    )


def role_words(roles: list[str]) -> str:
    return ", ".join(STAFF_ROLE_NAMES[StaffRole(role)] for role in sorted(roles))


def _csv(people: list[SharedPerson], names: dict[uuid.UUID, str]) -> FileResponse:
    lines = [(each.name, names[school_id], role_words(roles)) for each in people for school_id, _, roles in each.places]
    return FileResponse(
        csv_bytes(("Name", "School", "Roles"), lines),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="people-at-several-schools.csv"'},
    )
