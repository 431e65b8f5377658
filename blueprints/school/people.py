"""The people of a school: who may reach it, inviting and ending."""

import uuid

from werkzeug.wrappers import Response

from blueprints.school.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.people import PeoplePages
from prevent_trust.tenancy import SchoolScope
from tenants.access.actions import Place
from tenants.access.permissions import Permission, TenantKind
from tenants.access.rules import ROLES_AT

BASE = "/schools/<uuid:school_id>/people"


@blueprint.get(BASE)
@requires(Permission.INVITE_TO_SCHOOL)
def people(school_id: uuid.UUID) -> str:
    return _pages(school_id).people()


@blueprint.route(f"{BASE}/invite", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_SCHOOL)
def people_invite(school_id: uuid.UUID) -> Response | str:
    return _pages(school_id).invite()


@blueprint.post(f"{BASE}/invitations/<uuid:invitation_id>/again")
@requires(Permission.INVITE_TO_SCHOOL)
def people_again(school_id: uuid.UUID, invitation_id: uuid.UUID) -> Response:
    return _pages(school_id).again(invitation_id)


@blueprint.route(f"{BASE}/invitations/<uuid:invitation_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_SCHOOL)
def people_withdraw(school_id: uuid.UUID, invitation_id: uuid.UUID) -> Response | str:
    return _pages(school_id).withdraw(invitation_id)


@blueprint.route(f"{BASE}/<uuid:membership_id>/end", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_SCHOOL)
def people_end(school_id: uuid.UUID, membership_id: uuid.UUID) -> Response | str:
    return _pages(school_id).end(membership_id)


@blueprint.route(f"{BASE}/<uuid:membership_id>/end-date", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_SCHOOL)
def people_end_date(school_id: uuid.UUID, membership_id: uuid.UUID) -> Response | str:
    return _pages(school_id).end_date(membership_id)


def _pages(school_id: uuid.UUID) -> PeoplePages:
    return PeoplePages(
        scope=SchoolScope(school_id),
        endpoint="school.people",
        roles=ROLES_AT[TenantKind.SCHOOL],
        place=Place(school_id=school_id),
    )
