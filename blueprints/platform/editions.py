"""The editions that the product ships and the platform publishes. None is ever changed: plans hang on their words."""

import uuid
from typing import Any

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from blueprints.platform.blueprint import blueprint
from blueprints.web import edition_pages
from blueprints.web.access import requires
from blueprints.web.edition_pages import EditionDesk, StartForm
from prevent_trust.tenancy import PlatformScope
from tenants.access.permissions import Permission
from tenants.plan.edition_queries import drafts_of, editions_for

BASE = "/platform/editions"


def desk() -> EditionDesk:
    def url(name: str, **values: Any) -> str:
        return url_for(_PAGES[name], **values)

    return EditionDesk(PlatformScope(), url)


_PAGES = {
    "editions": "platform.editions",
    "edition": "platform.edition",
    "draft": "platform.edition_draft",
    "save": "platform.edition_draft_save",
    "step": "platform.edition_draft_step",
    "action": "platform.edition_draft_action",
    "new_action": "platform.edition_draft_new_action",
    "publish": "platform.edition_draft_publish",
    "drop": "platform.edition_draft_drop",
    "take_up": "platform.edition_draft_take_up",
}


@blueprint.get(BASE)
@requires(Permission.ADMINISTER_PLATFORM)
def editions() -> str:
    return _page()


def _page(form: StartForm | None = None) -> str:
    scope = PlatformScope()
    return render_template(
        "platform/editions.html",
        desk=desk(),
        editions=editions_for(scope),
        drafts=drafts_of(scope),
        dropped=request.args.get("dropped"),
        form=form or edition_pages.start_form(desk()),
    )


@blueprint.post(f"{BASE}/drafts")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_start() -> Response | str:
    form = edition_pages.start_form(desk())
    return edition_pages.begin_draft(desk(), form) or _page(form)


@blueprint.get(f"{BASE}/<uuid:edition_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def edition(edition_id: uuid.UUID) -> str:
    return edition_pages.edition_page(desk(), edition_id)


@blueprint.get(f"{BASE}/drafts/<uuid:draft_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft(draft_id: uuid.UUID) -> str:
    return edition_pages.draft_page(desk(), draft_id)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_save(draft_id: uuid.UUID) -> Response | str:
    return edition_pages.save_draft(desk(), draft_id)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/step")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_step(draft_id: uuid.UUID) -> Response:
    return edition_pages.step_draft(desk(), draft_id)


@blueprint.route(f"{BASE}/drafts/<uuid:draft_id>/actions/<key>", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_action(draft_id: uuid.UUID, key: str) -> Response | str:
    return edition_pages.action_of_draft(desk(), draft_id, key)


@blueprint.route(f"{BASE}/drafts/<uuid:draft_id>/new-action", methods=["GET", "POST"])
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_new_action(draft_id: uuid.UUID) -> Response | str:
    return edition_pages.action_of_draft(desk(), draft_id, None)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/publish")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_publish(draft_id: uuid.UUID) -> Response:
    return edition_pages.publish(desk(), draft_id)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/drop")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_drop(draft_id: uuid.UUID) -> Response:
    return edition_pages.drop(desk(), draft_id, dropped=True)


@blueprint.post(f"{BASE}/drafts/<uuid:draft_id>/take-up")
@requires(Permission.ADMINISTER_PLATFORM)
def edition_draft_take_up(draft_id: uuid.UUID) -> Response:
    return edition_pages.drop(desk(), draft_id, dropped=False)
