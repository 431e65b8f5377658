"""What tests write: emptied after each; and kept aside where many tests begin with the same rows.

Both run in the server, a look at each table and a statement for each that has rows. Without triggers: neither the order of
the tables nor the protection of what is frozen is in the way, and rows come back as they were, to their keys and times.
"""

import itertools
import json

import sqlalchemy as sa

# Tables with rows that the product ships, and which rows are a test's own.
_SHIPPED = {
    "alembic_version": "false",
    "concern_type": "false",
    "reference": "false",
    "course": "trust_id is not null",
    "cover_rule": "trust_id is not null",
    "edition": "num_nonnulls(school_id, trust_id) > 0",
    "edition_section": "num_nonnulls(school_id, trust_id) > 0",
    "edition_duty": "num_nonnulls(school_id, trust_id) > 0",
    "edition_expectation": "num_nonnulls(school_id, trust_id) > 0",
    "edition_action": "num_nonnulls(school_id, trust_id) > 0",
    "document": "num_nonnulls(school_id, trust_id) > 0",
    "document_edition": "num_nonnulls(school_id, trust_id) > 0",
    "document_part": "num_nonnulls(school_id, trust_id) > 0",
}
_EACH_TABLE_WITH_ROWS_OF_TESTS = """
do $$
declare
  name text;
  own text;
  has_rows boolean;
begin
  set local session_replication_role = replica;
  for name in select tablename from pg_tables where schemaname = '{schema}' loop
    own := coalesce('{shipped}'::jsonb ->> name, 'true');
    execute format('select exists (select from {schema}.%I where %s)', name, own) into has_rows;
    if has_rows then
      execute format('{then}', name, own);
    end if;
  end loop;
end $$
"""
_numbers = itertools.count(1)


def _each_table(then: str, *, schema: str = "public") -> sa.TextClause:
    """`then` is done for each table: `%1$I` is its name, `%2$s` the condition for a row of tests."""
    return sa.text(_EACH_TABLE_WITH_ROWS_OF_TESTS.format(schema=schema, shipped=json.dumps(_SHIPPED), then=then))


_EMPTY = _each_table("delete from public.%1$I where %2$s")


def empty(superuser: sa.Engine) -> None:
    """Deletes all that tests wrote; what the product ships stays."""
    with superuser.begin() as connection:
        connection.execute(_EMPTY)


class KeptState:
    """All that tests have written until now, in a schema beside. It comes back as often as it is asked for."""

    def __init__(self, superuser: sa.Engine) -> None:
        self._superuser = superuser
        schema = f"kept_{next(_numbers)}"
        self._bring_back = _each_table(f"insert into public.%1$I select * from {schema}.%1$I", schema=schema)
        with superuser.begin() as connection:
            connection.execute(sa.text(f"create schema {schema}"))
            connection.execute(_each_table(f"create table {schema}.%1$I as select * from public.%1$I where %2$s"))

    def bring_back(self) -> None:
        """Into tables that are empty of tests' rows, as they are when a test begins."""
        with self._superuser.begin() as connection:
            connection.execute(self._bring_back)
