"""Which kinds of job there are: a name, the queue it goes to, and the function that does it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from prevent_trust import queues


class Progress(Protocol):
    """Tells how far a job is; what it says is seen at once, whatever becomes of the job's own transaction."""

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None: ...


Work = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class JobKind:
    """`work(progress=…, **arguments)` runs in the job's scope and returns what to show as its result.

    It must be repeatable: a job may be killed anywhere and run again.
    """

    name: str
    queue: str
    work: Work


_KINDS: dict[str, JobKind] = {}


def job(name: str, *, queue: str) -> Callable[[Work], Work]:
    """Registers a function as the work of a kind of job. Raises ValueError for a name or queue that cannot be."""
    if queue not in queues.QUEUES:
        raise ValueError(f"no worker serves a queue named {queue!r}")

    def register(work: Work) -> Work:
        if name in _KINDS:
            raise ValueError(f"two kinds of job are named {name!r}")
        _KINDS[name] = JobKind(name, queue, work)
        return work

    return register


def job_kind(name: str) -> JobKind:
    """The kind of that name. Raises KeyError when there is none."""
    return _KINDS[name]


def job_kinds() -> tuple[JobKind, ...]:
    return tuple(_KINDS.values())
