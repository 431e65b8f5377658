"""Every job of the ledger, the workers that do them, and mails that did not go."""

import json
import uuid
from datetime import UTC, datetime

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, func, not_, select
from werkzeug.wrappers import Response as Redirect

from blueprints.platform.blueprint import blueprint
from blueprints.platform.lists import PER_PAGE, page_number, page_of
from blueprints.web.access import account_id, requires
from blueprints.web.job_state import STATE_WORDS, job_state_json
from blueprints.web.mailing import deliver_soon
from prevent_trust.config import Settings
from prevent_trust.database import db
from prevent_trust.jobs.ledger import job_run, run_again
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.workers import engine_room
from prevent_trust.mail import OutgoingMail, addresses_given_up, try_address_again
from prevent_trust.mail_senders.types import MailState
from tenants.access.actions import record_act
from tenants.access.permissions import Permission

# Done every minute and of no interest while it goes well.
ROUTINE = "deliver_mail"


@blueprint.get("/platform/jobs")
@requires(Permission.ADMINISTER_PLATFORM)
def jobs() -> str:
    asked = request.args.get("state", "")
    state = JobState(asked) if asked in set(JobState) else None
    routine = request.args.get("routine") == "yes"
    wanted: list[ColumnElement[bool]] = [JobRun.state == state] if state else []
    if not routine:
        wanted.append(not_((JobRun.kind == ROUTINE) & (JobRun.state == JobState.DONE)))
    total = db.session.scalar(select(func.count()).select_from(JobRun).where(*wanted)) or 0
    rows = db.session.scalars(
        select(JobRun)
        .where(*wanted)
        .order_by(JobRun.created_at.desc(), JobRun.id.desc())
        .limit(PER_PAGE)
        .offset((page_number() - 1) * PER_PAGE)
    ).all()
    settings: Settings = current_app.extensions["settings"]
    return render_template(
        "platform/jobs.html",
        jobs=rows,
        words=STATE_WORDS,
        state=state,
        routine=routine,
        paging=page_of(total),
        engine_room=engine_room(settings.redis_url, now=datetime.now(UTC)),
        mails=_mails_in_doubt(),
        given_up=addresses_given_up(),
    )


def _mails_in_doubt() -> list[OutgoingMail]:
    """Mails that a server refused for good, and those of which nobody knows whether they went."""
    states = [MailState.REFUSED, MailState.HANDED_OVER, MailState.BOUNCED]
    return list(
        db.session.scalars(
            select(OutgoingMail)
            .where(OutgoingMail.state.in_(states))
            .order_by(OutgoingMail.created_at.desc())
            .limit(100)
        )
    )


@blueprint.get("/platform/jobs/<uuid:job_id>")
@requires(Permission.ADMINISTER_PLATFORM)
def job(job_id: uuid.UUID) -> str:
    run = job_run(job_id) or abort(404)
    return render_template(
        "platform/job.html",
        job=run,
        words=STATE_WORDS,
        result=json.dumps(run.result, indent=2, ensure_ascii=False) if run.result else "",
    )


@blueprint.get("/platform/jobs/<uuid:job_id>/state")
@requires(Permission.ADMINISTER_PLATFORM)
def job_state(job_id: uuid.UUID) -> Response:
    """How far a job is, for the page's script."""
    run = job_run(job_id) or abort(404)
    return job_state_json(run)


@blueprint.post("/platform/jobs/<uuid:job_id>/again")
@requires(Permission.ADMINISTER_PLATFORM)
def job_again(job_id: uuid.UUID) -> Redirect:
    run = job_run(job_id) or abort(404)
    if run_again(run.id):
        record_act("job run again", account_id=account_id(), job=str(run.id), kind=run.kind)
        flash("The job will run again.", "success")
    else:
        flash("The job has not finished yet, so it cannot be run again.", "error")
    return redirect(url_for("platform.job", job_id=job_id), 303)


@blueprint.post("/platform/mails/<uuid:mail_id>/again")
@requires(Permission.ADMINISTER_PLATFORM)
def mail_again(mail_id: uuid.UUID) -> Redirect:
    """Lets a mail wait to be sent once more: a person has decided that a second copy does less harm than none."""
    mail = db.session.get(OutgoingMail, mail_id, with_for_update=True) or abort(404)
    if mail.state in {MailState.REFUSED, MailState.HANDED_OVER}:
        mail.state, mail.attempts, mail.problem = MailState.WAITING, 0, None
        mail.try_after = mail.finished_at = mail.bounced_at = None
        db.session.flush()
        record_act("mail sent again", account_id=account_id(), mail=str(mail.id), to=mail.to_address)
        deliver_soon()
        flash(f"The mail to {mail.to_address} will be sent again.", "success")
    else:
        flash("That mail has gone, or is waiting to go.", "error")
    return redirect(url_for("platform.jobs"), 303)


@blueprint.post("/platform/mails/addresses/again")
@requires(Permission.ADMINISTER_PLATFORM)
def mail_address_again() -> Redirect:
    """Lets mail be sent again to an address from which it came back: somebody has mended the mailbox."""
    address = request.form.get("address", "").strip()
    if try_address_again(address):
        record_act("mail address tried again", account_id=account_id(), address=address)
        flash(f"Mail will be sent to {address} again.", "success")
    else:
        flash("No mail came back from that address.", "error")
    return redirect(url_for("platform.jobs"), 303)
