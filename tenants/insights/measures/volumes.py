"""Volumes of referrals by term."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import text

from prevent_trust.database import db
from prevent_trust.tenancy import Scope, require_bound
from tenants.calendar.rules import Term
from tenants.insights.measures.known import as_known, known
from tenants.insights.measures.types import TermVolume

_VOLUMES = text(f"""
select s.id, t.key, count(r.id), s.pupils
from unnest(visible_schools()) as visible (id)
join school s on s.id = visible.id
cross join unnest(cast(:keys as text[]), cast(:firsts as date[]), cast(:lasts as date[])) as t (key, first_day, last_day)
left join {known("referral")} r on r.school_id = s.id and r.made_on between t.first_day and least(t.last_day, :as_at)
group by s.id, t.key, t.first_day, s.pupils
order by s.id, t.first_day
""")


def referral_volumes(scope: Scope, *, terms: Sequence[Term], as_at: date) -> list[TermVolume]:
    """For each school of the scope and each term: how many referrals were made in it, up to and including `as_at`.

    Counts referrals by the date on which they were made. Pupils are the number on roll that the register gives today.
    """
    require_bound(scope)
    rows = db.session.execute(
        _VOLUMES,
        {
            "keys": [term.key for term in terms],
            "firsts": [term.first_day for term in terms],
            "lasts": [term.last_day for term in terms],
        }
        | as_known(as_at),
    )
    return [TermVolume(*row) for row in rows]


_CONCERNS = text(f"""
select r.school_id, c.key, count(*)
from {known("referral")} r
join concern_type c on c.id = r.concern_type_id
where r.made_on between :first_day and least(:last_day, :as_at)
group by r.school_id, c.key
order by r.school_id, c.key
""")


def referrals_by_concern(scope: Scope, *, term: Term, as_at: date) -> list[tuple[uuid.UUID, str, int]]:
    """For each school of the scope and each type of concern: how many referrals were made in the term. Only where any were."""
    require_bound(scope)
    found = db.session.execute(_CONCERNS, {"first_day": term.first_day, "last_day": term.last_day} | as_known(as_at))
    return [(row[0], row[1], row[2]) for row in found]
