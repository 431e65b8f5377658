"""How somebody stands, kept before an import changes it and looked at again before it is undone."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from prevent_trust.database import db
from tenants.imports.staff.models import Outcome

# What an import may change of somebody, as a fingerprint; whose person it is elsewhere is not part of it. Goes with HELD.
STANDING = """
md5(concat_ws('|', m.given_name, m.family_name, coalesce(m.email, '-'), coalesce(m.staff_code, '-'), coalesce(m.trn, '-'),
  coalesce(m.starts_on::text, '-'), coalesce(m.leaves_on::text, '-'), held.roles))
"""
HELD = """
left join (
  select staff_id, string_agg(concat_ws(',', role, from_on::text, '>', until_on::text), ';' order by role, from_on, id)
    as roles
  from staff_role_held where school_id = :school group by staff_id
) held on held.staff_id = m.id
"""
_BEFORE = """
insert into staff_import_effect (run_id, school_id, staff_id, kind, before)
select cast(:run as uuid), m.school_id, m.id, e.kind, jsonb_build_object('member', to_jsonb(m) - 'recorded_from', 'roles',
  coalesce((select jsonb_agg(to_jsonb(r) - 'recorded_from' order by r.id) from staff_role_held r
    where r.school_id = m.school_id and r.staff_id = m.id), '[]'))
from staff_member m join (
  select staff_id, 'changed' as kind from import_outcome where outcome = 'changes'
  union all select id, 'left' from import_leaver
) e on e.staff_id = m.id
where m.school_id = :school
"""
_AFTER = f"""
update staff_import_effect e set after = {STANDING}
from staff_member m {HELD}
where m.school_id = :school and m.id = e.staff_id
  and e.run_id = :run and e.school_id = :school and e.kind in ('changed', 'left')
"""
# Who joins stands as the file has them: what was just written need not be read again.
_JOINED = f"""
insert into staff_import_effect (run_id, school_id, staff_id, kind, after)
select cast(:run as uuid), m.school_id, m.id, 'joined', {STANDING}
from import_outcome m cross join lateral (
  select string_agg(concat_ws(',', role, since::text, '>', until::text), ';' order by role) as roles
  from unnest(m.roles, m.roles_from, m.roles_until) as post(role, since, until)
) held
where m.outcome = 'joins'
"""


def write_effects(values: Mapping[str, Any], *, before: bool) -> None:
    """Before an import's statements: how those stood whom it changes. After them: how it left everybody it touched."""
    for statement in (_BEFORE,) if before else (_AFTER, _JOINED):
        db.session.execute(text(statement), values)


_REJECT = """
insert into import_rejection (run_id, school_id, trust_id, line, "column", value, reason)
select cast(:run as uuid), o.school_id, null, line, case when o.outcome = 'rejected' then 'Row' else 'Name' end,
  o.given_name || ' ' || o.family_name,
  case when o.outcome = 'rejected' then o.reason else cast(cast(:reasons as jsonb) ->> o.outcome as text) end
from import_outcome o cross join unnest(o.lines) line
where o.outcome = 'rejected' or cast(:reasons as jsonb) ? o.outcome
"""


def keep_rejected(run_id: uuid.UUID, reasons: Mapping[Outcome, str]) -> None:
    """Writes the lines of people who are not taken: contradictions with their own reason, others by their outcome."""
    given = json.dumps({outcome.value: reason for outcome, reason in reasons.items()})
    db.session.execute(text(_REJECT), {"run": run_id, "reasons": given})
