"""The auditor in a process of its own: documents go in as JSON, a report comes out."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tenants.insights.disclosure.auditor.judging import audit
from tenants.insights.disclosure.auditor.reading import read_documents
from tenants.insights.disclosure.auditor.types import Audit, Document, Interval, Problem, Unsound

_log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[4]


def audit_documents(documents: Sequence[Document], *, seconds: float = 180.0, new: Document | None = None) -> Audit:
    """What can be worked out of all the documents together, by anybody and by the insiders that they name.

    `new` is one of them: then only at what it could have changed is looked, the others having been audited before.

    Runs in a process of its own, since the solver keeps its threads for a process. One that dies or takes more than the
    seconds is a problem like any other: the release does not pass. Raises Unsound when the documents contradict themselves.
    """
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
    }
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as found:
        touching = sorted(new["cells"]) if new else None
        given.write(json.dumps({"documents": list(documents), "touching": touching}).encode())
        given.seek(0)
        command = [sys.executable, "-m", __name__, str(found.fileno())]
        try:
            done = subprocess.run(  # noqa: S603  # ourselves
                command,
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[found.fileno()],
                env=environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _failed(f"the audit did not come to an end within {seconds:.0f} seconds", seconds)
        if done.returncode:
            traceback = done.stderr.decode(
                errors="replace"
            ).splitlines()  # of a process that no hidden value was given to
            _log.error(
                "The audit ended with %s: %s", done.returncode, "; ".join(line.strip() for line in traceback[-40:])
            )
            return _failed("the audit stopped with a fault of its own; the log of the service says where", seconds)
        found.seek(0)
        answer = json.load(found)
    if "unsound" in answer:
        raise Unsound(answer["unsound"])
    return Audit.from_report(answer)


def _failed(why: str, seconds: float) -> Audit:
    return Audit({}, (Problem("", "", why, Interval(0.0, 0.0)),), 0, 0, seconds)


def _main() -> None:
    given = json.load(sys.stdin)
    touching = None if given["touching"] is None else frozenset(given["touching"])
    try:
        answer = audit(read_documents(given["documents"]), touching=touching).report()
    except Unsound as told:
        answer = {"unsound": str(told)}
    with os.fdopen(int(sys.argv[1]), "w") as found:
        json.dump(answer, found)


if __name__ == "__main__":
    _main()
