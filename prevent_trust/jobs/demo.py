"""What the demonstration's worker does after the accounts are printed."""

import os
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from prevent_trust.config import Settings
from prevent_trust.jobs.registry import Progress, job
from prevent_trust.jobs.releases import release_rules
from prevent_trust.queues import REPORTS
from tenants.demo.releases import make_other_releases


@job("finish_demo", queue=REPORTS)
def finish_demo(*, progress: Progress) -> dict[str, Any]:
    """The releases that take too long to be waited for. Raises RuntimeError outside a demo."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.is_demo:
        raise RuntimeError("Only a demo has invented releases.")
    os.nice(10)  # the job has a process of its own; whoever signs in meanwhile comes first
    today = datetime.now(ZoneInfo("Europe/London")).date()
    return {"group": make_other_releases(today, release_rules(settings), progress)}
