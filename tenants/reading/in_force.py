"""Which edition of each document holds at each school on a day.

The school's own edition comes before its trust's, and that before the shared one; among those of one owner the latest. An
edition holds from the day on which it came into force, never before it was published, until it was withdrawn; a trust's
only while the school is in the trust. Who must read what, and every list and figure of it, goes by this one statement.
"""

# `edition_here`: school_id, document_id, id of the edition. Takes `:as_at`, and the scope's schools.
IN_FORCE_SQL = """
live_edition as materialized (
  select e.id, e.document_id, e.school_id, e.trust_id, e.in_force_from, e.published_on
  from document_edition e
  where e.in_force_from <= :as_at and e.published_on <= :as_at
    and (e.withdrawn_on is null or e.withdrawn_on > :as_at)
),
offered_edition as (
  select v.id as here, e.*, 2 as place
  from unnest(visible_schools()) as v (id) cross join live_edition e where e.school_id is null and e.trust_id is null
  union all
  select m.school_id, e.*, 1
  from live_edition e join trust_membership m on m.trust_id = e.trust_id
  where m.school_id = any ((select visible_schools())::uuid[])
    and (m.joined_on is null or m.joined_on <= :as_at) and (m.left_on is null or m.left_on > :as_at)
  union all
  select e.school_id, e.*, 0
  from live_edition e where e.school_id = any ((select visible_schools())::uuid[])
),
edition_here as materialized (
  select distinct on (here, document_id) here as school_id, document_id, id
  from offered_edition
  order by here, document_id, place, in_force_from desc, published_on desc, id desc
)
"""
