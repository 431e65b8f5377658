"""Writing iCalendar (RFC 5545): whole days, stable identities, nothing that depends on when it is asked for."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from tenants.feeds.types import FeedEvent

PRODUCT = "-//Prevent Trust//Calendar//EN"
NAMESPACE = uuid.UUID("0d0c2f0f-5b35-4f06-8f65-6a1f5a9a4f27")
ASK_AGAIN_AFTER = timedelta(hours=6)


def calendar_file(name: str, events: Iterable[FeedEvent], *, stamp: datetime) -> bytes:
    """The calendar as a file. `stamp` is when what it says came to be so, as each event must tell.

    Events are free time ("transparent") and without alarms: they mark days, they are no appointments.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", ASK_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    for each in events:
        calendar.add_component(_event(each, stamp))
    return bytes(calendar.to_ical())


def _event(each: FeedEvent, stamp: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uuid.uuid5(NAMESPACE, each.key)}@prevent-trust")
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", each.on)
    # The end of whole days is the day after the last (RFC 5545, 3.6.1).
    event.add("dtend", (each.last_on or each.on) + timedelta(days=1))
    event.add("summary", each.title)
    if each.text:
        event.add("description", each.text)
    if each.address:
        event.add("url", each.address)
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event


def tag_of(name: str, events: Sequence[FeedEvent]) -> str:
    """A short word that changes exactly when what the calendar says does; for an entity tag."""
    return hashlib.sha256(repr((name, list(events))).encode()).hexdigest()[:32]
