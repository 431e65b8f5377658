"""Who of a file is who at a school, and what would change, by a few statements over whole sets.

A staff code decides; then a teacher reference number; then, for a bare name, what somebody has said before. Who has
neither code nor number on either side is known by name and e-mail address together, or by name when there is no address.
Else an e-mail address decides that one person alone has on either side and whose names agree at least in part, or that
one person alone of the name has. All else that may be the same person is for the reader to say.

A file changes nothing the second time: each step depends only on what the first import of it leaves as it was.
"""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from tenants.staff.models import StaffRole

# Roles that a list of posts does not know about; a list that says nothing of them does not take them away.
KEPT_ROLES = (
    StaffRole.PREVENT_LEAD,
    StaffRole.DSL,
    StaffRole.DEPUTY_DSL,
    StaffRole.GOVERNOR,
    StaffRole.LINK_GOVERNOR,
)
_STAFF = """
create temporary table import_staff on commit drop as
select m.id, m.school_id, m.given_name, m.family_name, m.email, m.staff_code, m.trn, m.starts_on, m.leaves_on,
  lower(m.given_name || ' ' || m.family_name) as name, lower(m.email) as address, lower(m.staff_code) as code,
  m.leaves_on is not null and m.leaves_on < :as_at as has_left,
  coalesce(r.held, '{}') as held, coalesce(r.held_until, '{}') as held_until
from staff_member m
left join (
  select staff_id, array_agg(role order by role) as held, array_agg(until order by role) as held_until
  from (
    select staff_id, role::text as role, max(coalesce(until_on, 'infinity')) as until
    from staff_role_held
    where school_id = any (:schools) and (until_on is null or until_on >= :as_at) group by staff_id, role
  ) h group by staff_id
) r on r.staff_id = m.id
where m.school_id = any (:schools)
"""
_MATCHES = """
create temporary table import_match (person_id uuid primary key, staff_id uuid unique, matched_by text) on commit drop
"""
# Most are known by their code or number; the questions that remain are asked of the few that are left.
_PEOPLE_LEFT = """
create temporary table import_person_left on commit drop as
select p.* from import_person p left join import_match x on x.person_id = p.id
where x.person_id is null and exists (select from import_staff)
"""
_STAFF_LEFT = """
create temporary table import_staff_left on commit drop as
select s.* from import_staff s left join import_match x on x.staff_id = s.id where x.staff_id is null
"""
_UNMATCHED = """
  not exists (select from import_match x where x.person_id = p.id)
  and not exists (select from import_match x where x.staff_id = s.id)
"""
_NOT_CONTRARY = """
  (p.code is null or s.code is null or p.code = s.code) and (p.trn is null or s.trn is null or p.trn = s.trn)
"""
_BY_SAY = """
insert into import_match
select distinct on (s.id) p.id, s.id, 'say' from import_person p
join import_staff s on s.school_id = p.school_id and s.id = p.decided_staff_id
where p.decided = 'same' order by s.id, p.lines
"""
_BY_CODE = """
insert into import_match
select p.id, s.id, 'staff_code' from import_person p
join import_staff s on s.school_id = p.school_id and s.code = p.code on conflict do nothing
"""
_BY_TRN = """
insert into import_match
select p.id, s.id, 'trn' from import_person p
join import_staff s on s.school_id = p.school_id and s.trn = p.trn on conflict do nothing
"""
_BY_MEMORY = f"""
insert into import_match
select distinct on (s.id) p.id, s.id, 'memory' from import_person_left p
join remembered_word w on w.school_id = p.school_id and w.about = 'person' and w.word = p.name
join import_staff_left s on s.school_id = p.school_id and s.id = w.means
where p.decided is null and num_nonnulls(p.staff_code, p.trn, p.email) = 0 and {_UNMATCHED} order by s.id, p.lines
"""
_BY_ALL_THERE_IS = f"""
insert into import_match
select person_id, staff_id, 'name' from (
  select p.id as person_id, s.id as staff_id, count(*) over (partition by p.id) as people_there
  from import_person_left p join import_staff_left s on s.school_id = p.school_id and s.name = p.name
  where p.decided is null and num_nonnulls(p.staff_code, p.trn, s.staff_code, s.trn) = 0
    and p.address is not distinct from s.address and {_UNMATCHED}
) pair where people_there = 1
"""
# Whose an address is has to be asked of everybody, also of those who are known already: else a file would be taken
# otherwise the second time, when more of its people are known. Those who are known have what the file gives them.
_ADDRESSES = """
create temporary table import_address on commit drop as
with here as (
  select school_id, address, name, count(*) over (partition by school_id, address) as people,
    count(*) over (partition by school_id, address, name) as namesakes
  from import_person where address in (select address from import_person_left)
), there as (
  select s.school_id, a.address, a.name, count(*) over (partition by s.school_id, a.address) as people,
    count(*) over (partition by s.school_id, a.address, a.name) as namesakes
  from import_staff s left join import_match x on x.staff_id = s.id left join import_person p on p.id = x.person_id
  cross join lateral (select coalesce(p.address, s.address) as address, coalesce(p.name, s.name) as name) a
  where a.address in (select address from import_person_left)
)
select distinct h.school_id, h.address, h.name as name_here, t.name as name_there,
  greatest(h.people, t.people) = 1 as of_one_person, greatest(h.namesakes, t.namesakes) = 1 as of_one_name
from here h join there t using (school_id, address)
"""
_BY_EMAIL = f"""
insert into import_match
select p.id, s.id, 'email'
from import_person_left p join import_staff_left s on s.school_id = p.school_id and s.address = p.address
join import_address a on a.school_id = p.school_id and a.address = p.address and a.name_here = p.name and a.name_there = s.name
where p.decided is null and {_NOT_CONTRARY} and {_UNMATCHED} and (p.name = s.name and a.of_one_name
  or a.of_one_person and (lower(p.given_name) = lower(s.given_name) or lower(p.family_name) = lower(s.family_name)))
on conflict do nothing
"""
_STEPS = (
    _BY_SAY, _BY_CODE, _BY_TRN, _PEOPLE_LEFT, _STAFF_LEFT, _BY_MEMORY, _BY_ALL_THERE_IS, _ADDRESSES, _BY_EMAIL,
)  # fmt: skip

# Begun: posts of the file that are not held. Ended: those held that a new one replaces; a title that nobody understands
# replaces nothing. Closed: held to no end or another than the file says.
_OUTCOMES = f"""
create temporary table import_outcome on commit drop as
with pair as (
  select p.*, s.id as staff_id, s.given_name as old_given_name, s.family_name as old_family_name, s.email as old_email,
    s.staff_code as old_staff_code, s.trn as old_trn, s.starts_on as old_starts_on, s.leaves_on as old_leaves_on,
    s.held, s.held_until, s.has_left,
    case when p.leaves_on is null and s.has_left then null else coalesce(p.leaves_on, s.leaves_on) end as new_leaves_on,
    array(select role from unnest(p.roles, p.roles_until) as post(role, until)
      where until is null or until >= :as_at order by role) as current_roles
  from import_person p
  left join import_match x on x.person_id = p.id
  left join import_staff s on s.id = x.staff_id
  where p.school_id is not null
), role_change as (
  select *,
    case when staff_id is null or current_roles = held or (roles_guessed and held <> '{{}}') then '{{}}'
      else array(select unnest(current_roles) except select unnest(held) order by 1) end as begun,
    case when staff_id is null or leaves_on is null and not exists (select from unnest(roles_until) u where u is not null)
      then '{{}}'
      else array(select post.role from unnest(roles, roles_until) as post(role, until)
        join unnest(held, held_until) as there(role, until) on there.role = post.role and there.until <> post.until
        order by 1) end as closed
  from pair
), compared as (
  select *, case when begun = '{{}}' then '{{}}' else
      array(select unnest(held) except (select unnest(current_roles) union select unnest(cast(:kept as text[]))
        union select unnest(closed)) order by 1) end as ended
  from role_change
), described as (
  select *, case when staff_id is null then '{{}}'::jsonb else jsonb_strip_nulls(jsonb_build_object(
    'given_name', case when given_name <> old_given_name then jsonb_build_array(old_given_name, given_name) end,
    'family_name', case when family_name <> old_family_name then jsonb_build_array(old_family_name, family_name) end,
    'email', case when email is distinct from old_email and email is not null then jsonb_build_array(old_email, email) end,
    'staff_code', case when staff_code is distinct from old_staff_code and staff_code is not null
      then jsonb_build_array(old_staff_code, staff_code) end,
    'trn', case when trn is distinct from old_trn and trn is not null then jsonb_build_array(old_trn, trn) end,
    'starts_on', case when starts_on is distinct from old_starts_on and starts_on is not null
      then jsonb_build_array(old_starts_on, starts_on) end,
    'leaves_on', case when new_leaves_on is distinct from old_leaves_on
      then jsonb_build_array(old_leaves_on, new_leaves_on) end,
    'roles_begun', case when begun <> '{{}}' then to_jsonb(begun) end,
    'roles_ended', case when ended <> '{{}}' then to_jsonb(ended) end,
    'roles_closed', case when closed <> '{{}}' then to_jsonb(closed) end
  )) end as changes
  from compared
), suggested as (
  select p.id, array_agg(s.id order by s.has_left, s.id) as candidates
  from import_person_left p join import_staff_left s on s.school_id = p.school_id and s.name = p.name
  where p.decided is null and {_NOT_CONTRARY} and {_UNMATCHED}
  group by p.id
  union all
  select p.id, array_agg(s.id order by s.has_left, s.id)
  from import_person_left p join import_staff_left s on s.school_id = p.school_id and s.address = p.address and s.name <> p.name
  where p.decided is null and {_NOT_CONTRARY} and {_UNMATCHED}
  group by p.id
), suggestion as (
  select id, array_agg(distinct candidate) as candidates from suggested cross join unnest(candidates) candidate group by id
), conflict as (
  select id, min(reason) as reason from (
    select p.id, 'is that of ' || s.given_name || ' ' || s.family_name || ' here. Put one of them right' as reason
    from pair p join import_staff s on s.school_id = p.school_id and s.trn = p.trn and s.id is distinct from p.staff_id
    union all
    select p.id, 'is another than ' || old_given_name || ' ' || old_family_name || ' has here, with the same staff code'
    from pair p join import_match x on x.person_id = p.id and x.matched_by = 'staff_code' where p.old_trn <> p.trn
    union all
    select id, 'would make the last day come before the first'
    from described where coalesce(starts_on, old_starts_on) > new_leaves_on
  ) c group by id
)
select d.*, coalesce(g.candidates, '{{}}') as candidates, c.reason,
  case
    when c.id is not null then 'rejected'
    when d.staff_id is not null then case when d.changes = '{{}}' then 'same' else 'changes' end
    when d.decided = 'skip' then 'left_out'
    when g.id is not null or d.decided = 'same' then 'unclear'
    when d.leaves_on < :as_at then 'gone'
    else 'joins'
  end as outcome
from described d left join suggestion g on g.id = d.id left join conflict c on c.id = d.id
"""


def compare_with_staff(schools: Sequence[uuid.UUID], *, as_at: date) -> None:
    """Makes `import_outcome` of `import_person`: for each person at these schools, who they are and what would change."""
    values = {"schools": list(schools), "as_at": as_at}
    # Of rows that were written a moment ago the planner expects one, and would look through them one by one for each.
    db.session.execute(text("set local enable_nestloop = off"))
    db.session.execute(text(_STAFF), values)
    if len(schools) > 1:
        db.session.execute(text("analyze import_staff (id, school_id, code, trn, name, address)"))
    for statement in (_MATCHES, *_STEPS):
        db.session.execute(text(statement))
    if len(schools) > 1:
        db.session.execute(text("analyze import_match"))
    db.session.execute(text(_OUTCOMES), {"as_at": as_at, "kept": [role.value for role in KEPT_ROLES]})
