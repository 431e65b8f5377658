"""`serve`, `worker` and `cron`: the three kinds of process that the service is made of."""

import os
import sys
from typing import NoReturn

import click
from flask import current_app
from flask.cli import with_appcontext
from rq.worker_pool import WorkerPool

from prevent_trust.config import ROOT, Settings
from prevent_trust.jobs.schedule import scheduler
from prevent_trust.queues import QUEUES, redis_from_url


@click.command("serve")
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="In each process.")
@with_appcontext
def serve_command(bind: str, processes: int, threads: int) -> NoReturn:
    """Run the web process, gunicorn."""
    # With the application context the settings have been read and found right; gunicorn takes this process's place.
    os.chdir(ROOT)
    os.execv(sys.executable, gunicorn_arguments(bind=bind, processes=processes, threads=threads))  # noqa: S606


def gunicorn_arguments(*, bind: str, processes: int, threads: int) -> list[str]:
    """The whole command, with this Python first."""
    return [
        sys.executable, "-m", "gunicorn", "wsgi:app",
        "--bind", bind,
        "--workers", str(processes),
        "--threads", str(threads),
        "--worker-tmp-dir", "/dev/shm" if os.path.isdir("/dev/shm") else "/tmp",  # noqa: PTH112, S108
        "--timeout", "60",
        "--max-requests", "5000", "--max-requests-jitter", "500",
        "--no-control-socket",
        "--log-level", "warning",
    ]  # fmt: skip


@click.command("worker")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 64))
@with_appcontext
def worker_command(processes: int) -> None:
    """Run a pool of RQ workers on all queues."""
    settings: Settings = current_app.extensions["settings"]
    # The pool forks; its workers inherit the application context, and drop the connections they inherit.
    WorkerPool(QUEUES, redis_from_url(settings.redis_url), num_workers=processes).start(logging_level="WARNING")


@click.command("cron")
@with_appcontext
def cron_command() -> None:
    """Run the schedule. Two at once do no harm: the ledger has each piece of work once."""
    settings: Settings = current_app.extensions["settings"]
    scheduler(redis_from_url(settings.redis_url)).start()  # type: ignore[no-untyped-call]  # RQ's
