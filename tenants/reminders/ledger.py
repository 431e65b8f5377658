"""The ledger: lines are planned by area, a digest of a mailbox's lines is written with its mail, and its end is noted.

Each of the three is one transaction that finds what is done and does the rest, so a run may die anywhere and be done again,
and two at once make each line and each digest once:

1. `plan_lines` (an authority's scope) adds the day's lines; a line that is there is not added again.
2. `write_digest` (a recipient's scope) writes one mail for all lines of a mailbox that have none, keyed by mailbox and day.
3. `settle` repeats on the lines what became of their mail, in the transaction that notes it on the mail.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, text, update

from prevent_trust.database import db
from prevent_trust.mail import OutgoingMail, queue_mail_once
from prevent_trust.mail_senders.types import MailState
from prevent_trust.mail_templates import render_mail
from prevent_trust.tenancy import (
    AuthorityScope,
    RecipientScope,
    SchoolScope,
    parse_scope,
    require_bound,
    scope_bound,
    within,
)
from tenants.organisations.queries import names_of_organisations
from tenants.reminders.gather import facts_of
from tenants.reminders.models import ItemState, ReminderItem
from tenants.reminders.planning import EVERY_RULE, READING_PAGE, Planned, plan_school
from tenants.reminders.rule_book import built_in_rule

MAIL_KIND = "reminders"
ROWS_AT_ONCE = 5000
MOST_IN_A_LINK = 20  # schools that one link names; more would not fit into the header of a mail
MOST_LINES = 10  # of a rule at one school in a mail; the rest is counted

StopLink = Callable[[Sequence[tuple[uuid.UUID, uuid.UUID]], str], str]  # pairs of school and person, and a rule
ReadingLinkMaker = Callable[[uuid.UUID, uuid.UUID], str]  # a school, and one of its links to read and confirm


def plan_lines(scope: AuthorityScope | SchoolScope, *, day: date) -> int:
    """Adds the day's lines for every school of the scope and returns how many. The caller commits.

    Lines of earlier days that never got a mail are forgotten first: what of them is still due is planned anew.
    """
    require_bound(scope)
    # Where the ledger was empty when its statements were planned, they would read all of it for every area.
    db.session.execute(text("select set_config('enable_seqscan', 'off', true)"))
    # Another scheduler at the same area waits here, and then finds everything in the ledger.
    db.session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"plan:{scope.stamp}"})
    db.session.execute(
        delete(ReminderItem).where(
            within(scope, ReminderItem.school_id), ReminderItem.mail_id.is_(None), ReminderItem.day < day
        ),
        execution_options={"synchronize_session": False},  # nothing of them was read
    )
    lines = [line for facts in facts_of(scope, day=day, last_day=day) for line in plan_school(day, facts)]
    lines.sort(key=lambda line: line.key)  # so that two that write at once wait for each other in one order
    added = 0
    for first in range(0, len(lines), ROWS_AT_ONCE):
        rows = json.dumps([_row(line) for line in lines[first : first + ROWS_AT_ONCE]])
        added += cast("CursorResult[Any]", db.session.execute(_ADD_LINES, {"rows": rows})).rowcount
    return added


# One parameter for all rows: a statement with one for each value of each row costs five times as much.
_ADD_LINES = text("""
insert into reminder_item
  (school_id, person, rule, thing, stage, day, recipient, to_address, to_name, instead_of, because, escalated, words, page)
select school_id, person, rule, thing, stage, day, recipient, to_address, to_name, instead_of, because, escalated, words,
  page
from jsonb_to_recordset(cast(:rows as jsonb)) as line (school_id uuid, person uuid, rule text, thing text,
  stage text, day date, recipient uuid, to_address text, to_name text, instead_of text, because text, escalated boolean,
  words text, page text)
on conflict (school_id, person, rule, thing, stage) do nothing
""")


def _row(line: Planned) -> dict[str, object]:
    return {
        "school_id": str(line.school_id),
        "person": str(line.person),
        "rule": line.rule,
        "thing": line.thing,
        "stage": line.stage,
        "day": line.day.isoformat(),
        "recipient": str(line.to.recipient),
        "to_address": line.to.email,
        "to_name": line.to.name,
        "instead_of": line.instead_of,
        "because": line.because,
        "escalated": line.escalated,
        "words": line.words,
        "page": line.page,
    }


def recipients_without_mail(scope: AuthorityScope | SchoolScope) -> list[uuid.UUID]:
    """The mailboxes that have lines without a mail at a school of the scope, always in the same order."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(ReminderItem.recipient)
            .where(within(scope, ReminderItem.school_id), ReminderItem.mail_id.is_(None))
            .distinct()
            .order_by(ReminderItem.recipient)
        )
    )


@dataclass
class Group:
    """The lines of one rule at one school, as the mail shows them."""

    title: str
    because: str
    lines: list[tuple[str, str]]  # words and address
    more: int
    stop: str | None


@dataclass
class Section:
    """What concerns one school."""

    school: str
    overview: str
    groups: list[Group] = field(default_factory=list)


def write_digest(
    scope: RecipientScope, *, day: date, base_url: str, stop_link: StopLink, reading_link: ReadingLinkMaker
) -> bool:
    """One mail for all lines of the mailbox that have none. Returns whether one was written; the caller commits.

    A mailbox that has its digest of the day gets no second one: its lines wait, and are planned anew tomorrow.
    """
    require_bound(scope)
    lines = _lines_without_mail(scope)
    if not lines:
        return False
    first = lines[0]
    names = names_of_organisations({line.school_id for line in lines})
    sections = _sections(lines, names, base_url, stop_link, reading_link)
    stoppable = sorted({(line.school_id, line.person) for line in lines if not line.escalated})
    stop_all = stop_link(stoppable, EVERY_RULE) if 0 < len(stoppable) <= MOST_IN_A_LINK else None
    absent = sorted({line.instead_of for line in lines if line.instead_of})
    content = render_mail(
        "reminders", name=first.to_name, sections=sections, absent=absent, stop_all=stop_all, count=len(lines)
    )
    mail_id = queue_mail_once(
        once_key=f"{MAIL_KIND}:{scope.recipient}:{day}",
        scope=scope.stamp,
        kind=MAIL_KIND,
        to_address=first.to_address,
        to_name=first.to_name,
        subject=content.subject,
        plain=content.plain,
        html=content.html,
        stop_address=stop_all,
    )
    if mail_id is None:
        return False
    db.session.execute(
        update(ReminderItem)
        .where(ReminderItem.recipient == scope.recipient, ReminderItem.id.in_([line.id for line in lines]))
        .values(mail_id=mail_id, state=ItemState.WAITING)
    )
    return True


def _lines_without_mail(scope: RecipientScope) -> list[ReminderItem]:
    rows = db.session.scalars(
        select(ReminderItem)
        .where(ReminderItem.recipient == scope.recipient, ReminderItem.mail_id.is_(None))
        .with_for_update()
    ).all()
    return sorted(rows, key=lambda line: (line.school_id, line.escalated, _position(line.rule), line.words, line.id))


def _position(rule: str) -> int:
    found = built_in_rule(rule)
    return found.position if found else 1000


def _sections(
    lines: Sequence[ReminderItem],
    names: dict[uuid.UUID, str],
    base_url: str,
    stop_link: StopLink,
    reading_link: ReadingLinkMaker,
) -> list[Section]:
    sections = []
    for school_id, of_school in groupby(lines, key=lambda line: line.school_id):
        page = f"{base_url}/schools/{school_id}"
        section = Section(names[school_id], page)
        for (escalated, key), of_rule in groupby(of_school, key=lambda line: (line.escalated, line.rule)):
            pages = [(line, _page_of(line, page, reading_link)) for line in of_rule]
            section.groups.append(_group(pages, key, stop_link, escalated=escalated))
        sections.append(section)
    return sorted(sections, key=lambda section: section.school)


def _page_of(line: ReminderItem, page: str, reading_link: ReadingLinkMaker) -> str:
    """Where the line leads, or nowhere. A link by which somebody confirms goes to nobody who stands in for them."""
    if line.page.startswith(READING_PAGE):
        return "" if line.instead_of else reading_link(line.school_id, uuid.UUID(line.page.removeprefix(READING_PAGE)))
    return f"{page}{line.page}" if line.page else ""


def _group(pages: list[tuple[ReminderItem, str]], key: str, stop_link: StopLink, *, escalated: bool) -> Group:
    """Somebody else's line in a shared mailbox says whose it is."""
    rule, lines = built_in_rule(key), [line for line, _ in pages]
    several = len({line.to_name for line in lines}) > 1
    shown = [(f"{line.to_name}: {line.words}" if several else line.words, page) for line, page in pages[:MOST_LINES]]
    people = sorted({(line.school_id, line.person) for line in lines})
    return Group(
        title=rule.title if rule else key,
        because=", ".join(sorted({line.because for line in lines})),
        lines=shown,
        more=len(lines) - len(shown),
        stop=None if escalated else stop_link(people, key),
    )


_ITEM_STATES = {
    MailState.WAITING: ItemState.WAITING,
    MailState.HANDED_OVER: ItemState.UNCERTAIN,
    MailState.SENT: ItemState.SENT,
    MailState.KEPT: ItemState.KEPT,
    MailState.REFUSED: ItemState.REFUSED,
    MailState.BOUNCED: ItemState.BOUNCED,
}


def settle(mail: OutgoingMail) -> None:
    """Repeats a mail's state on its lines, in the transaction under way. A mail of another kind is none of ours."""
    if mail.kind != MAIL_KIND:
        return
    scope = parse_scope(mail.scope)
    values = {"state": _ITEM_STATES[mail.state], "problem": mail.problem}
    mail_id = mail.id
    with scope_bound(scope):
        db.session.execute(update(ReminderItem).where(ReminderItem.mail_id == mail_id).values(**values))
