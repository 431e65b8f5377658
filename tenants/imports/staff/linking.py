"""One person at several schools of a trust: their rows share a `person_key`, so that the trust counts them once."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import TrustScope, require_bound

# Rows that have something in common with a row at another school. An address that two people of one school have, such
# as the office's, is nobody's own.
_COMMON = """
with staff as (
  select id, school_id, person_key, trn, lower(email) as address, lower(staff_code) as code,
    lower(given_name) as given, lower(family_name) as family
  from staff_member where school_id = any (visible_schools())
), shared as (
  select 't' || trn as word, id from staff where trn in (
    select trn from staff where trn is not null group by trn having count(distinct school_id) > 1)
  union all
  select 'e' || address || '|' || family, id from staff where (address, family) in (
    select address, family from staff where address is not null group by address, family
    having count(distinct school_id) > 1 and count(*) = count(distinct school_id))
  union all
  select 'c' || code || '|' || family, id from staff where :codes and (code, family) in (
    select code, family from staff where code is not null group by code, family having count(distinct school_id) > 1)
)
select s.word, s.id, m.person_key, m.trn from shared s join staff m on m.id = s.id order by s.word desc, s.id
"""
_LINK = """
with wanted as (
  select * from unnest(cast(:ids as uuid[]), cast(:keys as uuid[])) as w(id, person_key)
), effect as (
  insert into staff_import_effect (run_id, school_id, staff_id, kind, before, after)
  select cast(:run as uuid), m.school_id, m.id, 'linked', jsonb_build_object('person_key', m.person_key), w.person_key::text
  from staff_member m join wanted w on w.id = m.id where m.person_key is distinct from w.person_key
)
update staff_member m set person_key = w.person_key from wanted w
where m.id = w.id and m.person_key is distinct from w.person_key
"""


@dataclass(frozen=True)
class _Row:
    id: uuid.UUID
    person_key: uuid.UUID | None
    trn: str | None


def link_people(scope: TrustScope, *, run_id: uuid.UUID, codes_of_trust: bool) -> int:
    """Gives the rows of one person at several schools one key, and returns how many people these are.

    One person: the same teacher reference number; the same e-mail address and surname; the same staff code and surname,
    where codes are the trust's. Two different reference numbers are two people, whatever else they share. Keys that are
    there are kept; nobody's is taken away. Flushes.
    """
    require_bound(scope)
    rows: dict[uuid.UUID, _Row] = {}
    by_word: dict[str, list[uuid.UUID]] = defaultdict(list)
    for word, staff_id, person_key, trn in db.session.execute(text(_COMMON), {"codes": codes_of_trust}):
        rows[staff_id] = _Row(staff_id, person_key, trn)
        by_word[word].append(staff_id)
    ids, keys, people = [], [], 0
    for group in _groups(rows, by_word.values()):
        key = min((row.person_key for row in group if row.person_key), default=None) or new_id()
        people += 1
        ids += [row.id for row in group]
        keys += [key] * len(group)
    if ids:
        db.session.execute(text(_LINK), {"ids": ids, "keys": keys, "run": run_id})
    return people


def _groups(rows: dict[uuid.UUID, _Row], together: Iterable[list[uuid.UUID]]) -> list[list[_Row]]:
    """The rows of each person, joined through whatever they share unless two reference numbers would meet."""
    group_of = {row.id: [row] for row in rows.values()}
    for first, *others in together:
        for other in others:
            ours, theirs = group_of[first], group_of[other]
            if ours is theirs or len({row.trn for row in ours + theirs if row.trn}) > 1:
                continue
            ours.extend(theirs)
            for row in theirs:
                group_of[row.id] = ours
    return [group for group in {id(group): group for group in group_of.values()}.values() if len(group) > 1]
