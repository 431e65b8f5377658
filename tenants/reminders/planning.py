"""What is sent to whom on a day, and why. Pure: a function of the day and of what is known, with nothing read or written.

The day decides nothing alone: a stage of a thing (so many days before, so many after, a period) begins on a day and is open
until the next begins, and it is sent on the first sending day on which it is open and not in the ledger yet. So a day that
was missed is caught up by the next, with what is due then, and no more than one digest for each person comes of it.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache

from tenants.reminders.rule_book import TO_NAMES, Rule, To
from tenants.reminders.sending_days import SendingDays

ADDRESSES = uuid.UUID("6f3c1a52-6a0c-4f0e-9d5a-2f1f6f0a7e11")  # the namespace of recipients
FIRST_MONDAY = date(2024, 1, 1)  # periods are counted from here
ESCALATED_AGAIN_AFTER = 28  # days
EVERY_RULE = "all"  # a stop of everything
READING_PAGE = "read:"  # before the id of somebody's own link to read and confirm, where other lines have a page


@lru_cache(maxsize=10_000)  # many lines go to few mailboxes
def _mailbox(email: str) -> uuid.UUID:
    return uuid.uuid5(ADDRESSES, email)


@dataclass(frozen=True)
class Addressee:
    """Somebody who can be written to. `person` is the account, or the member of staff where it is sent to them as such."""

    person: uuid.UUID
    name: str
    email: str

    @property
    def recipient(self) -> uuid.UUID:
        """The mailbox: the same for one address, whoever is reached by it and at whichever school."""
        return _mailbox(self.email.strip().lower())


@dataclass(frozen=True)
class Due:
    """Something to be done. With a day, if it has one; with an owner or a person, if it is somebody's.

    `words` say what, without the day. `owner` is a member of staff or a role, `person` the member of staff whose own it is.
    """

    school_id: uuid.UUID
    rule: str
    thing: str
    words: str
    page: str
    on: date | None = None
    owner: uuid.UUID | str | None = None
    person: Addressee | None = None
    passed: str = "it was due on"  # said once the day has passed


@dataclass(frozen=True)
class Sent:
    """A line of the ledger."""

    person: uuid.UUID
    rule: str
    thing: str
    stage: str
    day: date


@dataclass(frozen=True)
class Away:
    """That somebody's reminders go to another from one day to another, both included."""

    account_id: uuid.UUID
    to: Addressee
    from_on: date
    until_on: date
    may_read_referrals: bool


@dataclass(frozen=True)
class SchoolFacts:
    """All that is to be known of one school. `roles` are those who hold each role, `staff` the owners by their keys."""

    school_id: uuid.UUID
    rules: Sequence[Rule]
    days: SendingDays
    dues: Sequence[Due] = ()
    roles: Mapping[str, Sequence[Addressee]] = field(default_factory=dict)
    staff: Mapping[uuid.UUID, Addressee] = field(default_factory=dict)
    sent: Sequence[Sent] = ()
    first_sent: Mapping[tuple[str, str], date] = field(default_factory=dict)  # by rule and thing, of standing things
    stops: frozenset[tuple[uuid.UUID, str]] = frozenset()
    begins: Mapping[str, date] = field(default_factory=dict)  # by rule, the first day of those that begin later
    away: Sequence[Away] = ()


@dataclass(frozen=True)
class Planned:
    """One line of a digest."""

    school_id: uuid.UUID
    person: uuid.UUID
    rule: str
    thing: str
    stage: str
    day: date
    to: Addressee
    instead_of: str | None
    because: str
    escalated: bool
    words: str
    page: str
    position: int

    @property
    def key(self) -> tuple[uuid.UUID, uuid.UUID, str, str, str]:
        """What the ledger has once."""
        return self.school_id, self.person, self.rule, self.thing, self.stage

    @property
    def line(self) -> Sent:
        return Sent(self.person, self.rule, self.thing, self.stage, self.day)


@dataclass(frozen=True)
class Digest:
    """What one mailbox gets on one day: of each school its lines."""

    recipient: uuid.UUID
    name: str
    email: str
    day: date
    items: tuple[Planned, ...]


def plan_for(day: date, schools: Iterable[SchoolFacts]) -> list[Digest]:
    """The digests of a day, one for each mailbox, in a fixed order."""
    by_recipient: dict[uuid.UUID, list[Planned]] = defaultdict(list)
    for facts in schools:
        for item in plan_school(day, facts):
            by_recipient[item.to.recipient].append(item)
    return [
        Digest(recipient, items[0].to.name, items[0].to.email, day, tuple(items))
        for recipient, items in sorted(by_recipient.items())
    ]


def plan_days(days: Sequence[date], facts: SchoolFacts) -> list[Planned]:
    """What would be sent on each of the days, one after the other, if nothing changed meanwhile."""
    planned: list[Planned] = []
    for day in days:
        lines = plan_school(day, facts)
        planned += lines
        first = {(line.rule, line.thing): day for line in lines} | dict(facts.first_sent)
        facts = replace(facts, sent=[*facts.sent, *(line.line for line in lines)], first_sent=first)
    return planned


def plan_school(day: date, facts: SchoolFacts) -> list[Planned]:
    """The lines of one school on a day, the most pressing rule first."""
    done = {(line.person, line.rule, line.thing, line.stage) for line in facts.sent}
    busy = _days_of_week(day, facts.sent)
    rules = {rule.key: rule for rule in facts.rules if rule.active}
    found: dict[tuple[uuid.UUID, uuid.UUID, str, str, str], Planned] = {}
    for due in facts.dues:
        rule = rules.get(due.rule)
        if rule is None or day < facts.begins.get(rule.key, day):
            continue
        for stage, escalated, words in _stages(day, due, rule, facts):
            for person, because in _addressees(due, rule, facts, escalated=escalated):
                if (person.person, rule.key, due.thing, stage) in done:
                    continue
                if len(busy[person.person, rule.key] - {day}) >= rule.at_most:
                    continue
                if not escalated and _is_stopped(person, rule, facts):
                    continue
                to, instead_of = _who_gets_it(day, person, rule, facts)
                line = Planned(
                    facts.school_id, person.person, rule.key, due.thing, stage, day, to, instead_of, because, escalated,
                    words, due.page, rule.position,
                )  # fmt: skip
                found.setdefault(line.key, line)
    return sorted(found.values(), key=lambda line: (line.position, line.thing, line.stage, line.person))


def _days_of_week(day: date, sent: Iterable[Sent]) -> dict[tuple[uuid.UUID, str], set[date]]:
    """On which days of the day's week each person had mail of each rule."""
    monday = day - timedelta(days=day.weekday())
    busy: dict[tuple[uuid.UUID, str], set[date]] = defaultdict(set)
    for line in sent:
        if monday <= line.day < monday + timedelta(weeks=1):
            busy[line.person, line.rule].add(line.day)
    return busy


def _stages(day: date, due: Due, rule: Rule, facts: SchoolFacts) -> list[tuple[str, bool, str]]:
    """The stages that are to be sent on the day: the stage, whether it goes to whom it escalates, and the words."""
    sends = facts.days.is_sending_day(day)
    if due.on is None:
        return _standing_stages(day, due, rule, facts) if sends else []
    if day <= due.on:
        return (
            [(f"before:{due.on}", False, _before(due, day))] if _is_time_before(day, due.on, rule, facts.days) else []
        )
    if not sends or rule.days_after is None or not rule.asks_days_after:
        return []
    stages = []
    late = (day - due.on).days
    if late >= rule.days_after:
        number = (late - rule.days_after) // rule.every_days if rule.every_days else 0
        stages.append((f"after:{due.on}:{number}", False, _after(due, late)))
    if rule.escalate_to and rule.escalate_after and late >= rule.escalate_after:
        stages.append((f"escalated:{due.on}", True, _after(due, late)))
    return stages


def _is_time_before(day: date, on: date, rule: Rule, days: SendingDays) -> bool:
    """Whether a thing that is due on a day is to be mentioned: in time, or before a break in which it falls due.

    On a day without mail only what falls due before mail is sent again.
    """
    if rule.days_before is None:
        return False
    begins = on - timedelta(days=rule.days_before)
    falls_in_the_break = on < days.next_after(day)
    if not days.is_sending_day(day):
        return falls_in_the_break
    return begins <= day or falls_in_the_break


def _standing_stages(day: date, due: Due, rule: Rule, facts: SchoolFacts) -> list[tuple[str, bool, str]]:
    number = (day - FIRST_MONDAY).days // max(rule.every_days, 1)
    stages = [(f"period:{max(rule.every_days, 1)}:{number}", False, due.words)]
    since = facts.first_sent.get((rule.key, due.thing))
    if rule.escalate_to and rule.escalate_after and since and (day - since).days >= rule.escalate_after:
        lately = day - timedelta(days=ESCALATED_AGAIN_AFTER)
        again = not any(
            line.rule == rule.key
            and line.thing == due.thing
            and line.stage.startswith("escalated:")
            and line.day > lately
            for line in facts.sent
        )
        if again:
            words = f"{due.words}. The school was first reminded on {_day(since)}"
            stages.append((f"escalated:{day}", True, words))
    return stages


def _addressees(due: Due, rule: Rule, facts: SchoolFacts, *, escalated: bool) -> list[tuple[Addressee, str]]:
    """Who is told, and as what; each once. Nothing escalates to somebody who is told of it anyway."""
    found: dict[uuid.UUID, tuple[Addressee, str]] = {}
    wanted = (rule.escalate_to,) if escalated else rule.recipients
    told = {person.person for to in rule.recipients for person in _holders(to, due, facts)} if escalated else set()
    for to in wanted:
        if to is None:
            continue
        for person in _holders(to, due, facts):
            if person.email and person.person not in told:
                found.setdefault(person.person, (person, TO_NAMES[to]))
    return list(found.values())


def _holders(to: To, due: Due, facts: SchoolFacts) -> Sequence[Addressee]:
    if to is To.PERSON:
        return [due.person] if due.person else []
    if to is not To.OWNER:
        return facts.roles.get(to.value, ())
    if isinstance(due.owner, uuid.UUID):
        return [facts.staff[due.owner]] if due.owner in facts.staff else []
    return facts.roles.get(due.owner, ()) if due.owner else ()


def _is_stopped(person: Addressee, rule: Rule, facts: SchoolFacts) -> bool:
    return (person.person, rule.key) in facts.stops or (person.person, EVERY_RULE) in facts.stops


def _who_gets_it(day: date, person: Addressee, rule: Rule, facts: SchoolFacts) -> tuple[Addressee, str | None]:
    """The person, or who stands in for them; what follows from the referral log only for those who may read it."""
    for away in facts.away:
        if away.account_id == person.person and away.from_on <= day <= away.until_on:
            if rule.is_confidential and not away.may_read_referrals:
                continue
            return away.to, person.name
    return person, None


def _before(due: Due, day: date) -> str:
    assert due.on is not None  # noqa: S101  # the caller looked
    return f"{due.words}: {'today' if due.on == day else f'by {_day(due.on)}'}"


def _after(due: Due, late: int) -> str:
    assert due.on is not None  # noqa: S101  # the caller looked
    return f"{due.words}: {due.passed} {_day(due.on)}, {late} {'day' if late == 1 else 'days'} ago"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
