"""Processes that are killed, to see what a worker's death leaves behind."""

import itertools
import multiprocessing
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
        self._wait_for_the_server(before)
        return status != 0

    def loses_its_connection(self, work: Callable[[], object], *, before_step: int) -> bool:
        """The same, but PostgreSQL ends the connection that is about to be used. Returns whether it came to that step."""
        db.session.remove()
        before = self._connections()
        reached = multiprocessing.get_context("fork").Value("b", False)
        self._child = os.fork()
        if self._child == 0:
            self._do_and_leave(work, before_step, lambda of_the_event: self._end(of_the_event[0], reached))
        os.waitpid(self._child, 0)
        self._wait_for_the_server(before)
        return bool(reached.value)

    def _end(self, connection: sa.Connection, reached: Any) -> None:
        reached.value = True
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        engine = sa.create_engine(self._superuser.url, poolclass=sa.NullPool)
        with engine.connect() as other:
            other.execute(sa.text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    def at_once(self, *works: Callable[[], object]) -> list[int]:
        """Does each in a process of its own, all at the same time. Returns how each ended, 0 for well."""
        db.session.remove()
        children = []
        for work in works:
            child = os.fork()
            if child == 0:
                self._do_and_leave(work, None)
            children.append(child)
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

    def _wait_for_the_server(self, before: int) -> None:
        while self._connections() > before:  # the server learns of the death a moment later, and frees its locks
            time.sleep(0.002)

    def kill(self) -> None:
        """Kills the process that is at work."""
        os.kill(self._child, signal.SIGKILL)

    @staticmethod
    def _do_and_leave(
        work: Callable[[], object],
        before_step: int | None,
        then: Callable[[Any], object] = lambda of_the_event: os.kill(os.getpid(), signal.SIGKILL),
    ) -> None:
        steps = itertools.count(1)

        def step(*of_the_event: Any) -> None:
            if next(steps) == before_step:
                then(of_the_event)

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
