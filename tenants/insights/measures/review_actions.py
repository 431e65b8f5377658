"""Which actions of the plan do what a review of filtering and monitoring asked for, as known on a day.

A link names the action of the plan that was current when it was made. Plans follow one another (a new year, a new edition,
one brought back), so what counts is what that action is in the plan that is the school's on the day, found through what was
carried over in either direction. An action that is no longer in it counts as not done.
"""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.insights.measures.known import as_known, known


@dataclass(frozen=True)
class LinkedAction:
    """`action_id` is the action in the plan of the day; where `is_in_plan` is false, the one that was linked."""

    id: uuid.UUID
    review_id: uuid.UUID
    reviewed_on: date
    words: str  # of the review
    action_id: uuid.UUID
    wording: str  # of the action, the school's own where it has one
    is_in_plan: bool


_LINKED = text(f"""
with recursive links as (
  select l.id, l.review_id, l.action_id, l.words, l.created_at, r.reviewed_on
  from {known("filtering_review_action")} l
  join {known("filtering_review")} r on r.id = l.review_id
  where l.school_id = :school_id
),
before as (
  select l.action_id as linked, l.action_id as id, 0 as step from links l
  union
  select b.linked, a.carried_from_id, b.step + 1
  from before b join plan_action a on a.school_id = :school_id and a.id = b.id
  where a.carried_from_id is not null
),
family as (
  select linked, id from (select distinct on (linked) linked, id from before order by linked, step desc) first
  union
  select f.linked, a.id from family f join plan_action a on a.school_id = :school_id and a.carried_from_id = f.id
),
now as (
  select f.linked, a.id
  from family f
  join plan_action a on a.school_id = :school_id and a.id = f.id
  join plan_period p on p.school_id = :school_id and p.plan_id = a.plan_id
  where a.created_at < :known_by and (a.removed_at is null or a.removed_at >= :known_by)
    and p.current_from < :known_by and (p.current_until is null or p.current_until >= :known_by)
)
select l.id, l.review_id, l.reviewed_on, l.words, a.id, coalesce(w.local_wording, a.own_wording, e.wording),
  n.id is not null
from links l
left join now n on n.linked = l.action_id
join plan_action a on a.school_id = :school_id and a.id = coalesce(n.id, l.action_id)
left join edition_action e on e.id = a.edition_action_id
left join plan_answer w on w.school_id = :school_id and w.action_id = a.id and w.recorded_from < :known_by
  and (w.recorded_until is null or w.recorded_until >= :known_by)
order by l.reviewed_on desc, l.review_id, l.created_at, l.id
""")


def linked_actions(scope: SchoolScope, *, as_at: date) -> list[LinkedAction]:
    """Every link of the school's reviews as known at the end of the day, in the order in which they were made. One query."""
    require_bound(scope)
    rows = db.session.execute(_LINKED, as_known(as_at) | {"school_id": scope.school_id})
    return [LinkedAction(*row) for row in rows]
