"""Runs the protector in a process of its own.

HiGHS keeps its threads for a process: a second instance with another number of threads fails without an error. So every
call has a process to itself, with one thread, without the service's settings and secrets, and with an end to its time.
"""

import logging
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypeVar

from tenants.insights.disclosure.engine.types import NotVerified

ROOT = Path(__file__).resolve().parents[4]
Result = TypeVar("Result")
_log = logging.getLogger(__name__)


def in_its_own_process(function: str, argument: object, *, seconds: float, gives: type[Result]) -> Result:
    """What `package.module:function` gives for the argument. Raises what it raises, and NotVerified when it dies or is late."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
    }
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as found:
        pickle.dump(argument, given)
        given.seek(0)
        command = [sys.executable, "-m", __name__, function, str(found.fileno())]
        try:
            done = subprocess.run(  # noqa: S603  # ourselves
                command,
                stdin=given,
                stdout=subprocess.DEVNULL,  # the solver's banner
                stderr=subprocess.PIPE,
                pass_fds=[found.fileno()],
                env=environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise NotVerified(f"The protector did not come to an end within {seconds:.0f} seconds.") from late
        if done.returncode:
            _log.error("The protector ended with %s, in %s", done.returncode, _places(done.stderr))
            raise NotVerified(
                "The protector stopped with a fault of its own; nothing is published. The log of the service says where."
            )
        found.seek(0)
        answer = pickle.load(found)  # noqa: S301  # what our own process wrote, in a file without a name
    if isinstance(answer, BaseException):
        raise answer
    if not isinstance(answer, gives):
        raise NotVerified("The protector’s process gave something else than a result.")
    return answer


def _places(said: bytes) -> str:
    """Where a process that died was: the places of a traceback, without what it says, in which values could stand."""
    lines = said.decode(errors="replace").splitlines()
    return "; ".join(line.strip() for line in lines if line.startswith('  File "')) or "no place of its own"


def _main() -> None:
    from importlib import import_module

    module, _, name = sys.argv[1].partition(":")
    work = getattr(import_module(module), name)
    argument = pickle.load(sys.stdin.buffer)  # noqa: S301  # what our own parent wrote
    try:
        answer = work(argument)
    except (ValueError, import_module("tenants.insights.disclosure.engine.types").Refused) as told:
        answer = told
    with os.fdopen(int(sys.argv[2]), "wb") as found:
        pickle.dump(answer, found)


if __name__ == "__main__":
    _main()
