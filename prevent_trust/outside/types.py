"""What fetching may use, and how it says that it did not work."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from prevent_trust.config import Settings

LARGEST = 200 * 1024 * 1024
SECONDS = 15 * 60
MOST_SECONDS_BETWEEN_TRIES = 120.0


class OutsideProblem(Exception):
    """Nothing could be fetched; the message says why, for the person who entered the source."""


@dataclass(frozen=True)
class Reach:
    """How far fetching goes: `largest` in bytes, `seconds` for a whole file, `first_wait` seconds before a second try."""

    folder: Path | None = None
    ca_file: Path | None = None
    may_be_local: bool = False
    largest: int = LARGEST
    seconds: float = SECONDS
    first_wait: float = 1.0

    @classmethod
    def of(cls, settings: Settings) -> "Reach":
        return cls(
            folder=settings.sources_folder,
            ca_file=settings.sources_ca_file,
            may_be_local=settings.sources_may_be_local,
            first_wait=settings.sources_first_wait,
        )


@dataclass
class Limited:
    """A file that is being written, up to the limits. Raises OutsideProblem beyond them."""

    into: BinaryIO
    reach: Reach
    beat: Callable[[int], None] = lambda size: None
    size: int = 0
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.reach.seconds

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.check(self.size)
        self.into.write(chunk)

    def restart(self) -> None:
        """Throws away what was written."""
        self.into.seek(0)
        self.into.truncate()
        self.size = 0

    def check(self, size: int) -> None:
        """Refuses a file of that many bytes, or one that takes too long."""
        if size > self.reach.largest:
            raise OutsideProblem(f"The file is larger than {self.reach.largest // 1024 // 1024} MB.")
        if time.monotonic() > self._until:
            raise OutsideProblem(f"The file took longer than {self.reach.seconds / 60:.0f} minutes.")
        self.beat(size)
