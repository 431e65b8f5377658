"""How plans stand: the effective status of every action, and its counts by section.

An action that names a measure takes its status from it (`tenants/plan/rules.py`), unless somebody declared another
with a written reason; every other action stands as declared, until its review falls due or its wording has changed: then
what was met is stale. The plan, its actions and answers are those that were recorded by the end of the given day in England.
"""

from datetime import date
from typing import Any

from sqlalchemy import Row, text

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, Scope, require_bound
from tenants.insights.measures.filtering import LATEST_REVIEW_SQL
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.reading import READING_SQL
from tenants.insights.measures.staffing import STAFF_SQL
from tenants.insights.measures.training import TRAINING_SQL
from tenants.insights.measures.types import ActionState, SectionStanding
from tenants.plan.measure_names import POSTS
from tenants.plan.models import ActionStanding, ActionStatus, Theme
from tenants.plan.rules import DERIVED_STATUS_SQL, DUE_WITHIN, STALE_SQL, SectionCounts

END_OF_DAY_SQL = "((cast(:as_at as date) + 1)::timestamp at time zone 'Europe/London')"

EFFECTIVE_SQL = f"""
filled as materialized (
  select school_id, role, count(distinct id) as people
  from staff cross join unnest(roles) as role group by school_id, role
),
measured as materialized (
  select school_id, 'training:' || key as measure, numerator, denominator from training_coverage
  union all
  select school_id, 'reading:' || key as measure, numerator, denominator from reading_coverage
  union all
  select s.school_id, 'post:' || p.role, case when f.people > 0 then 1 else 0 end, 1
  from (select distinct school_id from staff) s
  cross join unnest(cast(:posts as text[])) as p (role)
  left join filled f on f.school_id = s.school_id and f.role = p.role
  union all
  select school_id, 'contacts:checked',
    count(*) filter (where verified_on > cast(:as_at as date) - interval '12 months'), count(*)
  from {known("contact")} k where removed_at is null and school_id is not null group by school_id
  union all
  select v.id, 'referrals:followed-up',
    count(r.id) filter (where r.follow_up_due_on >= :as_at), count(r.id)
  from unnest(visible_schools()) as v (id)
  left join (
    select r.* from {known("referral")} r
    where r.made_on <= :as_at and r.follow_up_due_on is not null and r.id not in (
      select c.referral_id from {known("referral_stage")} c where c.stage = 'closed' and c.reached_on <= :as_at)
  ) r on r.school_id = v.id
  group by v.id
  union all
  select v.id, 'filtering:reviewed', case when l.within_a_year then 1 else 0 end, 1
  from unnest(visible_schools()) as v (id)
  left join latest_review l on l.school_id = v.id
),
current_plan as materialized (
  select p.school_id, p.plan_id from plan_period p
  where case when p.school_id = any ((select visible_schools())::uuid[]) then true end
    and p.current_from < {END_OF_DAY_SQL} and (p.current_until is null or p.current_until >= {END_OF_DAY_SQL})
),
actions as materialized (
  select a.* from plan_action a
  where case when a.school_id = any ((select visible_schools())::uuid[]) then true end
    and a.created_at < {END_OF_DAY_SQL} and (a.removed_at is null or a.removed_at >= {END_OF_DAY_SQL})
),
answers as materialized (
  select w.* from plan_answer w
  where case when w.school_id = any ((select visible_schools())::uuid[]) then true end
    and w.recorded_from < {END_OF_DAY_SQL}
    and (w.recorded_until is null or w.recorded_until >= {END_OF_DAY_SQL})
),
declared as (
  select a.school_id, a.id as action_id, a.theme, a.expectation_id, a.position, a.measure, a.target_percent,
    coalesce(w.status, 'not_answered') as status, w.override_reason, w.owner_role, w.owner_id, w.due_on, w.id as answer_id,
    w.recorded_from, w.changed_by, coalesce(w.awaits_confirmation, false) as awaits_confirmation,
    coalesce(w.review_on, (w.confirmed_on + make_interval(months => a.recurs_months))::date) as review_on,
    m.numerator, m.denominator
  from current_plan p
  join actions a on a.plan_id = p.plan_id
  left join answers w on w.action_id = a.id
  left join measured m on m.school_id = a.school_id and m.measure = a.measure
),
effective as (
  select *, measure is not null and override_reason is null as is_derived,
    case when measure is not null and override_reason is null then {DERIVED_STATUS_SQL}
      when {STALE_SQL} then 'stale' else status end as effective_status
  from declared
)
"""
LEFT_TO_DO_SQL = "effective_status not in ('met', 'not_applicable')"
OVERDUE_SQL = f"coalesce(due_on < :as_at and {LEFT_TO_DO_SQL}, false)"
_DUE_SOON_SQL = f"due_on between :as_at and :soon and {LEFT_TO_DO_SQL}"
WITH_EFFECTIVE_SQL = f"with {STAFF_SQL}, {TRAINING_SQL}, {READING_SQL}, {LATEST_REVIEW_SQL}, {EFFECTIVE_SQL}"

# Of `effective e`, for `state_from`.
STATE_COLUMNS_SQL = (
    "e.school_id, e.action_id, e.theme, e.expectation_id, e.position, e.effective_status, e.status, e.is_derived,"
    " e.measure is not null and e.override_reason is not null as is_overridden, e.measure, e.target_percent, e.numerator,"
    f" e.denominator, e.owner_role, e.owner_id, e.due_on, e.review_on, e.awaits_confirmation, {OVERDUE_SQL} as is_overdue"
)
_ACTIONS = text(f"{WITH_EFFECTIVE_SQL} select {STATE_COLUMNS_SQL} from effective e order by e.position")
_SECTIONS = text(f"""
{WITH_EFFECTIVE_SQL}
select school_id, theme, count(*),
  count(*) filter (where effective_status = 'met'),
  count(*) filter (where effective_status = 'partly_met'),
  count(*) filter (where effective_status = 'not_met'),
  count(*) filter (where effective_status = 'not_applicable'),
  count(*) filter (where effective_status = 'stale'),
  count(*) filter (where {OVERDUE_SQL}),
  count(*) filter (where {_DUE_SOON_SQL})
from effective group by school_id, theme
""")


def parameters(as_at: date) -> dict[str, Any]:
    """What every statement that begins with WITH_EFFECTIVE_SQL needs to know."""
    return as_known(as_at) | {"posts": list(POSTS)}


def action_states(scope: SchoolScope, *, as_at: date) -> list[ActionState]:
    """Every action of the school's plan as at the end of the day, in the plan's order."""
    require_bound(scope)
    return [state_from(row) for row in db.session.execute(_ACTIONS, parameters(as_at))]


def state_from(row: Row[Any]) -> ActionState:
    """The state of an action from a row of STATE_COLUMNS_SQL."""
    return ActionState(
        school_id=row.school_id,
        action_id=row.action_id,
        theme=Theme(row.theme) if row.theme else None,
        expectation_id=row.expectation_id,
        position=row.position,
        status=ActionStanding(row.effective_status),
        declared_status=ActionStatus(row.status),
        is_derived=row.is_derived,
        is_overridden=row.is_overridden,
        measure=row.measure,
        target_percent=row.target_percent,
        numerator=row.numerator if row.measure else None,
        denominator=row.denominator if row.measure else None,
        owner_role=row.owner_role,
        owner_id=row.owner_id,
        due_on=row.due_on,
        review_on=row.review_on,
        awaits_confirmation=row.awaits_confirmation,
        is_overdue=row.is_overdue,
    )


def section_standings(scope: Scope, *, as_at: date) -> list[SectionStanding]:
    """For each school of the scope that has a plan, and each theme: how many actions are in each state."""
    require_bound(scope)
    return [
        SectionStanding(
            school_id=row[0],
            theme=Theme(row[1]) if row[1] else None,
            counts=SectionCounts(*row[2:-1]),
            due_soon=row[-1],
        )
        for row in db.session.execute(_SECTIONS, parameters(as_at) | {"soon": as_at + DUE_WITHIN})
    ]
