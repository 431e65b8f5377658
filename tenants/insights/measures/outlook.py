"""What a planner of reminders looks at in the schools of a scope, from one statement.

Nothing is counted here that is not counted elsewhere: the grounds are those of `dated.py`, `training.py`, `reading.py` and
`cover.py`, put into one statement, since each of them begins with the same staff, training and reading. For a whole area,
asked one by one, they would cost three times as much.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.insights.measures.compliance import WITH_EFFECTIVE_SQL, parameters
from tenants.insights.measures.cover import COVER_SQL, Cover
from tenants.insights.measures.dated import DATED_SQL, DATED_WORDED_SQL, DatedAction
from tenants.insights.measures.types import Coverage, Lapsing
from tenants.staff.models import StaffRole


@dataclass(frozen=True)
class Outlook:
    """Actions with a day, what is missing and lapses of training, what is missing of reading, and the posts, of all schools."""

    actions: list[DatedAction] = field(default_factory=list)
    training: list[Coverage] = field(default_factory=list)
    lapsing: list[Lapsing] = field(default_factory=list)
    reading: list[Coverage] = field(default_factory=list)
    posts: list[Cover] = field(default_factory=list)


# The columns mean something else in each kind: what Outlook's parts are made of, in their order.
_OUTLOOK = text(f"""
{WITH_EFFECTIVE_SQL}, {DATED_SQL}, {COVER_SQL},
training_ahead as (
  select school_id, key, position, count(*) filter (where holds) as numerator, count(*) as denominator,
    count(*) filter (where holds and held_until <= :lapse_until) as people,
    min(held_until) filter (where holds and held_until <= :lapse_until) as first_on
  from training_need group by school_id, key, position
),
worded as ({DATED_WORDED_SQL})
select 'action' as kind, school_id, action_id as id, wording as words, owner_role as role, owner_id as other,
  null::bigint as a, null::bigint as b, null::bigint as c, due_on as d, review_on as e, returned_on as f, position as place
from worded
union all
select 'training', school_id, null, key, null, null, numerator, denominator, people, first_on, null, null, position
from training_ahead
union all
select 'reading', school_id, null, key, null, null, numerator, denominator, null, null, null, null, position
from reading_coverage
union all
select 'post', school_id, null, key, role || ' ' || reason, null, at_least, holders, ready, lapses_on, null, null, position
from cover
order by 1, 2, place, 4, 3
""")


def outlook(scope: Scope, *, as_at: date, until: date, lapse_until: date) -> Outlook:
    """Everything that falls due by a day, has not been done, or is missing, for each school of the scope.

    `until` is for actions and reviews, `lapse_until` for training that lapses.
    """
    require_bound(scope)
    found = Outlook()
    for row in db.session.execute(_OUTLOOK, parameters(as_at) | {"until": until, "lapse_until": lapse_until}):
        _ADD[row.kind](found, row)
    return found


def _add_action(found: Outlook, row: Row[Any]) -> None:
    found.actions.append(DatedAction(row.school_id, row.id, row.words, row.role, row.other, row.d, row.e, row.f))


def _add_training(found: Outlook, row: Row[Any]) -> None:
    found.training.append(Coverage(row.school_id, row.words, row.a, row.b))
    if row.c:
        found.lapsing.append(Lapsing(row.school_id, row.words, row.c, row.d))


def _add_reading(found: Outlook, row: Row[Any]) -> None:
    found.reading.append(Coverage(row.school_id, row.words, row.a, row.b))


def _add_post(found: Outlook, row: Row[Any]) -> None:
    role, _, reason = row.role.partition(" ")
    post = (row.school_id, row.words, StaffRole(role), reason, row.a, row.b, row.c, row.d)
    found.posts.append(Cover(*post))


_ADD = {"action": _add_action, "training": _add_training, "reading": _add_reading, "post": _add_post}
