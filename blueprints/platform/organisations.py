"""The register, searched; a school with the URNs and trusts that it had."""

import uuid

from flask import abort, render_template, request

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import PER_PAGE, page_number, page_of
from blueprints.web.access import requires
from tenants.access.permissions import Permission
from tenants.organisations.queries import (
    OrganisationKind,
    authority_by_id,
    counts_of_register,
    school_by_id,
    schools_of_trust,
    search_register,
    trust_by_id,
    trust_history,
)


@blueprint.get("/platform/organisations")
@requires(Permission.ADMINISTER_PLATFORM)
def organisations() -> str:
    words = request.args.get("search", "").strip()
    asked = request.args.get("kind", "")
    kind = OrganisationKind(asked) if asked in set(OrganisationKind) else OrganisationKind.SCHOOL
    found, total = search_register(kind, words, page=page_number(), per_page=PER_PAGE)
    return render_template(
        "platform/organisations.html",
        kinds=OrganisationKind,
        kind=kind,
        words=words,
        found=found,
        paging=page_of(total),
        counts=counts_of_register(),
    )


@blueprint.get("/platform/organisations/schools/<uuid:organisation_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def organisation_school(organisation_id: uuid.UUID) -> str:
    school = school_by_id(organisation_id) or abort(404)
    return render_template("platform/school.html", school=school, trusts=trust_history(school.id))


@blueprint.get("/platform/organisations/trusts/<uuid:organisation_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def organisation_trust(organisation_id: uuid.UUID) -> str:
    trust = trust_by_id(organisation_id) or abort(404)
    return render_template("platform/trust.html", trust=trust, schools=schools_of_trust(trust.id))


@blueprint.get("/platform/organisations/authorities/<uuid:organisation_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def organisation_authority(organisation_id: uuid.UUID) -> str:
    authority = authority_by_id(organisation_id) or abort(404)
    return render_template("platform/authority.html", authority=authority)
