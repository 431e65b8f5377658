"""Reads what came from outside in a process of its own, with little memory and little time.

A file of a few kilobytes can say of itself that it needs gigabytes, and some libraries end the process when they get none.
So files are read where there is nothing to lose: a child process with limits, without the settings and secrets of the
service in its environment, that writes what it found as lines of JSON.
"""

import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

ROOT = Path(__file__).resolve().parents[2]
_ITEM, _REFUSED, _END = "item", "refused", "end"


@dataclass(frozen=True)
class Limits:
    """What a reader may use: bytes of address space, seconds of processor time (and twice that by the clock), bytes written."""

    memory: int
    seconds: int
    output: int


class Refused(Exception):
    """A reader's own word on why it does not take the file; for the person who uploaded it."""


class Unreadable(Exception):
    """The reader died, or ran over its limits. Nothing of what it found is given."""


def read_confined(
    reader: str, content: BinaryIO, *, limits: Limits, arguments: Mapping[str, Any] | None = None
) -> Iterator[Any]:
    """What the reader yields, as JSON carries it (tuples come back as lists), once it has come to its end.

    `reader` names a generator function, `package.module:function`, that takes a seekable binary stream and the arguments.
    Raises Refused with the reader's own message, and Unreadable when it does not come to its end.
    """
    order = {"reader": reader, "limits": vars(limits), "arguments": dict(arguments or {})}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as found:
        content.seek(0)
        shutil.copyfileobj(content, given)
        given.seek(0)
        _run(order, given, found, seconds=2 * limits.seconds)
        ending = _ending(found)
        if ending is None:
            raise Unreadable(reader)
        if ending[0] == _REFUSED:
            raise Refused(ending[1])
        found.seek(0)
        for line in found:
            kind, value = json.loads(line)
            if kind == _ITEM:
                yield value


def _run(order: dict[str, Any], given: IO[bytes], found: IO[bytes], *, seconds: int) -> None:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
    }
    command = [sys.executable, "-m", __name__, json.dumps(order)]
    try:
        subprocess.run(  # noqa: S603  # ourselves; what came from outside is on standard input
            command, stdin=given, stdout=found, stderr=subprocess.DEVNULL, env=environment, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise Unreadable(order["reader"]) from late


def _ending(found: IO[bytes]) -> list[Any] | None:
    """The last line, when it says that the reader came to its end; it is short."""
    size = found.seek(0, os.SEEK_END)
    found.seek(max(0, size - 8192))
    last = found.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        ending = json.loads(last)
    except ValueError:
        return None
    return ending if isinstance(ending, list) and ending[0] in {_REFUSED, _END} else None


def _main() -> int:
    order = json.loads(sys.argv[1])
    limits = Limits(**order["limits"])
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output, limits.output))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = order["reader"].partition(":")
    # Imported by this module's real name, since as `__main__` its classes would be others than those that readers raise.
    refused: type[Exception] = importlib.import_module("tenants.imports.confined").Refused
    reader = getattr(importlib.import_module(module), name)
    try:
        for item in reader(sys.stdin.buffer, **order["arguments"]):
            _write(_ITEM, item)
    except refused as told:
        _write(_REFUSED, str(told)[:2000])
    else:
        _write(_END, None)
    sys.stdout.flush()
    return 0


def _write(kind: str, value: Any) -> None:
    sys.stdout.write(json.dumps([kind, value], ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(_main())
