"""What stands in a calendar that other programs read."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class FeedEvent:
    """A whole day, or days up to `last_on`, included. `key` is the same for the same thing as long as there is such a thing."""

    key: str
    title: str
    on: date
    last_on: date | None = None
    text: str = ""
    address: str = ""
