"""Processes that are killed, to see what a worker's death leaves behind."""

import itertools
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from prevent_trust.database import db


class Processes:
    """Processes like the worker's that are killed (SIGKILL), by default before one of their statements or commits.

    Nothing of theirs runs afterwards: no rollback, no `finally`, no goodbye to the database.
    """

    def __init__(self, superuser: sa.Engine) -> None:
        self._superuser = superuser
        self._child = 0

    def dies(self, work: Callable[[], object], *, before_step: int | None = None) -> bool:
        """Does the work in a process of its own. Returns whether that was killed; if not, the work was done."""
        db.session.remove()
        before = self._connections()
        self._child = os.fork()
        if self._child == 0:
            self._do_and_leave(work, before_step)
        status = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        assert status in {0, -signal.SIGKILL}
        while self._connections() > before:  # the server learns of the death a moment later, and frees its locks
            time.sleep(0.002)
        return status != 0

    def kill(self) -> None:
        """Kills the process that is at work."""
        os.kill(self._child, signal.SIGKILL)

    @staticmethod
    def _do_and_leave(work: Callable[[], object], before_step: int | None) -> None:
        steps = itertools.count(1)

        def step(*of_the_event: Any) -> None:
            if next(steps) == before_step:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            db.engine.dispose(close=False)  # its connections are the parent's
            event.listen(db.engine, "before_cursor_execute", step)
            event.listen(db.engine, "commit", step)
            work()
            os._exit(0)
        finally:
            os._exit(1)

    def _connections(self) -> int:
        with self._superuser.connect() as connection:
            found = connection.scalar(
                sa.text("select count(*) from pg_stat_activity where backend_type = 'client backend'")
            )
        return int(found or 0)
