"""The one table of what happens when.

RQ's cron only calls; what a call finds to do it writes into the ledger under a key of its period, so that a call that
comes twice, late or from two schedulers asks for nothing twice. Times are the machine's own; days and weeks are
those of England (see the functions called).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis
from rq.cron import CronScheduler

from prevent_trust.database import db
from prevent_trust.jobs.ledger import request_job, sweep
from prevent_trust.jobs.reminders import request_reminders
from prevent_trust.jobs.sources import request_due_fetches
from prevent_trust.queues import IMPORTS, MAIL, REPORTS
from prevent_trust.tenancy import PlatformScope, bind_scope


def look_for_abandoned_jobs() -> int:
    """Asks again for jobs that nobody does."""
    return sweep()


def send_waiting_mail() -> None:
    """Mail that waited for its turn after a refusal, or whose request went missing. Once for each five minutes."""
    now = datetime.now(UTC)
    _ask("deliver_mail", title="Send waiting mail", period=f"{now:%Y-%m-%dT%H}:{now.minute // 5}")


def send_reminders() -> None:
    """Each hour, so that a day whose morning was missed is caught up; the ledger has each day once."""
    bind_scope(PlatformScope())
    request_reminders(datetime.now(UTC))
    db.session.commit()


def fetch_staff_lists() -> None:
    """Each hour; the ledger has each source's day once."""
    bind_scope(PlatformScope())
    request_due_fetches(datetime.now(UTC))


def make_releases() -> None:
    """Each day; an authority has one release for a term."""
    _ask("make_releases", title="Make the releases that are due", period=f"{datetime.now(UTC):%Y-%m-%d}")


def _ask(kind: str, *, title: str, period: str) -> None:
    scope = PlatformScope()
    bind_scope(scope)
    request_job(kind, scope=scope, title=title, once_key=f"{kind}:{period}")
    db.session.commit()


@dataclass(frozen=True)
class Entry:
    """A line of the schedule: `cron` in cron's five fields, the queue whose worker makes the call, and the call."""

    cron: str
    queue: str
    call: Callable[[], object]


SCHEDULE = (
    Entry("* * * * *", MAIL, look_for_abandoned_jobs),
    Entry("*/5 * * * *", MAIL, send_waiting_mail),
    Entry("4 * * * *", MAIL, send_reminders),
    Entry("9 * * * *", IMPORTS, fetch_staff_lists),
    Entry("34 5 * * *", REPORTS, make_releases),
)


def scheduler(connection: Redis) -> CronScheduler:
    """RQ's scheduler with the table's entries; `start()` runs it."""
    cron = CronScheduler(connection, logging_level="WARNING", name=f"prevent-trust-{os.getpid()}")
    for entry in SCHEDULE:
        cron.register(entry.call, entry.queue, cron=entry.cron, job_timeout=300, result_ttl=60, failure_ttl=86400)
    return cron


def last_heartbeat(connection: Redis) -> datetime | None:
    """When a running scheduler last gave a sign of life; none when there is none."""
    beats = [beat for each in CronScheduler.all(connection) if (beat := each.last_heartbeat) is not None]
    return max(beats, default=None)
