"""Accounts: who they are, what they may reach, switching off and on; inviting anybody to anything."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import PER_PAGE, page_number, page_of
from blueprints.web.access import account_id, requires, today
from blueprints.web.people import ConfirmForm, InviteForm, PeoplePages
from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope
from tenants.access.actions import AccessProblem, Place, deactivate_account, reactivate_account
from tenants.access.models import ROLE_NAMES, Account, Role
from tenants.access.permissions import Permission, TenantKind
from tenants.access.queries import accounts_like, memberships_of_accounts, tenant_name
from tenants.access.rules import KIND_OF, ROLE_MEANS
from tenants.organisations.queries import OrganisationKind, organisation_by_number

BASE = "/platform/people"
PAGES = PeoplePages(scope=PlatformScope(), endpoint="platform.people", roles=tuple(Role))

_REGISTER = {
    TenantKind.SCHOOL: (OrganisationKind.SCHOOL, "school_id", "Enter the school’s URN, 6 digits"),
    TenantKind.TRUST: (OrganisationKind.TRUST, "trust_id", "Enter the trust’s group UID, as in the register"),
    TenantKind.AUTHORITY: (OrganisationKind.AUTHORITY, "authority_id", "Enter the authority’s code, 3 digits"),
}


class InviteAnybodyForm(InviteForm):
    """The platform says by a number in the register where the role is held."""

    school = None
    number = StringField("URN, trust’s group UID or authority’s code", [Length(max=20)])


@blueprint.get(BASE)
@requires(Permission.ADMINISTER_PLATFORM)
def people() -> str:
    words = request.args.get("search", "").strip()
    accounts, total = accounts_like(words, page=page_number(), per_page=PER_PAGE)
    memberships = memberships_of_accounts({account.id for account in accounts})
    return render_template(
        "platform/people.html",
        words=words,
        people=[
            (account, [(row, ROLE_NAMES[row.role], tenant_name(row)) for row in memberships[account.id]])
            for account in accounts
        ],
        paging=page_of(total),
        invitations=PAGES.invitations(),
        pages=PAGES,
        today=today(),
    )


@blueprint.get(f"{BASE}/accounts/<uuid:person_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def person(person_id: uuid.UUID) -> str:
    return _person_page(_account(person_id), ConfirmForm())


@blueprint.post(f"{BASE}/accounts/<uuid:person_id>/off")
@requires(Permission.ADMINISTER_PLATFORM)
def person_off(person_id: uuid.UUID) -> Response | str:
    account, form = _account(person_id), ConfirmForm()
    if account.id == account_id():
        form.form_errors.append("You cannot switch off your own account. Ask another administrator.")
        return _person_page(account, form)
    try:
        deactivate_account(account=account, deactivated_by=account_id())
    except AccessProblem as problem:
        form.form_errors.append(str(problem))
        return _person_page(account, form)
    flash(f"{account.name} can no longer sign in.", "success")
    return redirect(url_for("platform.person", person_id=person_id), 303)


@blueprint.post(f"{BASE}/accounts/<uuid:person_id>/on")
@requires(Permission.ADMINISTER_PLATFORM)
def person_on(person_id: uuid.UUID) -> Response:
    account = _account(person_id)
    reactivate_account(account=account, reactivated_by=account_id())
    flash(f"{account.name} can sign in again.", "success")
    return redirect(url_for("platform.person", person_id=person_id), 303)


@blueprint.route(f"{BASE}/invite", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def people_invite() -> Response | str:
    asked = {name: request.args[name] for name in ("role", "number") if name in request.args}
    form = InviteAnybodyForm(data=asked)
    form.role.choices = [(role.value, ROLE_NAMES[role]) for role in Role]
    if form.validate_on_submit():
        place = _numbered_place(form)
        if place is not None and PAGES.send(form, place):
            return redirect(PAGES.url(), 303)
    return render_template("account/invite.html", pages=PAGES, form=form, means=ROLE_MEANS)


def _numbered_place(form: InviteAnybodyForm) -> Place | None:
    kind = KIND_OF[Role(form.role.data)]
    if kind is TenantKind.PLATFORM:
        return Place()
    organisation, column, missing = _REGISTER[kind]
    number = (form.number.data or "").strip()
    found = organisation_by_number(organisation, number) if number else None
    if found is None:
        form.number.errors = [f"There is no {organisation.value} with the number {number}" if number else missing]
        return None
    return Place(**{column: found})


@blueprint.post(f"{BASE}/invitations/<uuid:invitation_id>/again")
@requires(Permission.ADMINISTER_PLATFORM)
def people_again(invitation_id: uuid.UUID) -> Response:
    return PAGES.again(invitation_id)


@blueprint.route(f"{BASE}/invitations/<uuid:invitation_id>/withdraw", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def people_withdraw(invitation_id: uuid.UUID) -> Response | str:
    return PAGES.withdraw(invitation_id)


@blueprint.route(f"{BASE}/<uuid:membership_id>/end", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def people_end(membership_id: uuid.UUID) -> Response | str:
    return PAGES.end(membership_id)


@blueprint.route(f"{BASE}/<uuid:membership_id>/end-date", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def people_end_date(membership_id: uuid.UUID) -> Response | str:
    return PAGES.end_date(membership_id)


def _account(person_id: uuid.UUID) -> Account:
    return db.session.get(Account, person_id) or abort(404)


def _person_page(account: Account, form: ConfirmForm) -> str:
    memberships = memberships_of_accounts({account.id})[account.id]
    return render_template(
        "platform/person.html",
        person=account,
        memberships=[(row, ROLE_NAMES[row.role], tenant_name(row)) for row in memberships],
        form=form,
        pages=PAGES,
        today=today(),
    )
