"""The people of a trust: who may reach it, inviting and ending."""

import uuid

from werkzeug.wrappers import Response

from blueprints.trust.blueprint import blueprint
from blueprints.web.access import requires
from blueprints.web.people import PeoplePages
from prevent_trust.tenancy import TrustScope
from tenants.access.actions import Place
from tenants.access.permissions import Permission, TenantKind
from tenants.access.rules import ROLES_AT
from tenants.organisations.queries import schools_of_trust

BASE = "/trusts/<uuid:trust_id>/people"


@blueprint.get(BASE)
@requires(Permission.INVITE_TO_TRUST)
def people(trust_id: uuid.UUID) -> str:
    return _pages(trust_id).people()


@blueprint.route(f"{BASE}/invite", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_TRUST)
def people_invite(trust_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).invite()


@blueprint.post(f"{BASE}/invitations/<uuid:invitation_id>/again")
@requires(Permission.INVITE_TO_TRUST)
def people_again(trust_id: uuid.UUID, invitation_id: uuid.UUID) -> Response:
    return _pages(trust_id).again(invitation_id)


@blueprint.route(f"{BASE}/invitations/<uuid:invitation_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_TRUST)
def people_withdraw(trust_id: uuid.UUID, invitation_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).withdraw(invitation_id)


@blueprint.route(f"{BASE}/<uuid:membership_id>/end", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_TRUST)
def people_end(trust_id: uuid.UUID, membership_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).end(membership_id)


@blueprint.route(f"{BASE}/<uuid:membership_id>/end-date", methods=["GET", "POST"])
@requires(Permission.INVITE_TO_TRUST)
def people_end_date(trust_id: uuid.UUID, membership_id: uuid.UUID) -> Response | str:
    return _pages(trust_id).end_date(membership_id)


def _pages(trust_id: uuid.UUID) -> PeoplePages:
    return PeoplePages(
        scope=TrustScope(trust_id),
        endpoint="trust.people",
        roles=(*ROLES_AT[TenantKind.TRUST], *ROLES_AT[TenantKind.SCHOOL]),
        place=Place(trust_id=trust_id),
        schools=tuple((school.id, school.name) for school in schools_of_trust(trust_id)),
    )
