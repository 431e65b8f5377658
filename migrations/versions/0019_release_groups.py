"""groups of authorities, whose releases are added up"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = ("release_draft", "release_draft_file", "release_value", "release", "release_file")
OF_AUTHORITY = "authority_id = scope_key('authority')"
OF_GROUP = "group_id is not null and scope_is_platform() and current_user = 'prevent_worker'"
OF_PUBLISHER = f"scope_is_platform() or (current_user = 'prevent_worker' and {OF_AUTHORITY})"
OF_WORKER = f"(current_user = 'prevent_worker' and {OF_AUTHORITY}) or ({OF_GROUP})"
COUNTED_IN = "scope_key('authority') = any (authorities)"
STANDS = "exists (select from release r where r.id = release_id and r.withdrawn_at is null)"

# A group's release is made by the worker for the platform; the officers of each authority in it read it as their own. All
# releases' titles, and nothing more of them, are before the worker when it counts what a draft has to be checked against.
POLICIES = """
drop policy seen on release;
drop policy added on release;
drop policy changed on release;
create policy seen on release for select using ({of_authority} or {counted_in}
  or (scope_is_platform() and current_user = 'prevent_worker'));
create policy added on release for insert with check ({of_authority} or ({of_group}));
create policy changed on release for update using ({of_authority} or ({of_group}))
  with check ({of_authority} or ({of_group}));
drop policy seen on release_file;
drop policy added on release_file;
create policy seen on release_file for select using (
  ({of_authority} and (current_user <> 'prevent_authority' or {stands}))
  or (group_id is not null and current_user = 'prevent_authority' and {stands})
  or ({of_group}));
create policy added on release_file for insert with check ({of_authority} or ({of_group}));
drop policy added on release_draft;
create policy added on release_draft for insert with check ({of_worker});
drop policy added on release_draft_file;
create policy added on release_draft_file for insert with check ({of_worker});
drop policy seen on release_value;
drop policy added on release_value;
create policy seen on release_value for select using ({of_worker});
create policy added on release_value for insert with check ({of_worker});
"""

# From the authorities of a draft over every group's release with one of them in it to the authorities of that, and so on:
# whatever is out of any of these can be put together with the draft.
LEDGER = """
create function linked_authorities(of uuid[]) returns uuid[] language plpgsql as $$
declare
  scope text := scope_stamp();
  found uuid[];
begin
  perform set_config('prevent.scope', 'platform:', true);
  with recursive linked(authority) as (
    select unnest(of)
    union
    select member from linked join release r on linked.authority = any (r.authorities)
      cross join unnest(r.authorities) member
  )
  select coalesce(array_agg(authority), '{}') into found from linked;
  perform set_config('prevent.scope', scope, true);
  return found;
end $$;

create function release_ledger(of uuid[]) returns bigint language plpgsql as $$
declare
  scope text := scope_stamp();
  linked uuid[] := linked_authorities(of);
  found bigint;
begin
  perform set_config('prevent.scope', 'platform:', true);
  select count(*) into found from release r where r.authority_id = any (linked) or r.authorities && linked;
  perform set_config('prevent.scope', scope, true);
  return found;
end $$;
"""

DRAFT_GUARD = """
create or replace function release_draft_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'a draft of a release is kept' using errcode = 'integrity_constraint_violation';
  end if;
  if (to_jsonb(new) - array['state', 'problem', 'decided_by', 'decided_at', 'reason', 'withdrawal_note', 'withdrawn_by'])
    is distinct from
    (to_jsonb(old) - array['state', 'problem', 'decided_by', 'decided_at', 'reason', 'withdrawal_note', 'withdrawn_by'])
  then
    raise exception 'what was drafted is not changed: make another draft' using errcode = 'integrity_constraint_violation';
  end if;
  if new.state is distinct from old.state and not (
    (old.state = 'awaiting' and new.state in ('approved', 'sent_back', 'overtaken'))
    or (old.state = 'approved' and new.state in ('published', 'overtaken')))
  then
    raise exception 'a draft that is % does not become %', old.state, new.state
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.state = 'approved' and old.state = 'awaiting' and exists (
    select 1 from membership m where m.account_id = new.decided_by and m.role = 'authority_officer'
      and (m.authority_id = new.authority_id or m.authority_id = any (new.authorities)))
  then
    raise exception 'an officer of the authority does not approve its release'
      using errcode = 'integrity_constraint_violation';
  end if;
  -- One within the other: an expression asks for every right in it before it looks at its first half.
  if new.state = 'published' and old.state <> 'published' then
    if not exists (select 1 from release r where r.draft_id = new.id) then
      raise exception 'there is no release of this draft' using errcode = 'integrity_constraint_violation';
    end if;
  end if;
  if old.withdrawal_note is not null and new.withdrawal_note is distinct from old.withdrawal_note then
    raise exception 'the note of a withdrawal stays' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$
"""

GUARDS = """
create or replace function release_guard() returns trigger language plpgsql as $$
declare draft release_draft;
begin
  if tg_op = 'DELETE' then
    raise exception 'a release is kept for good' using errcode = 'integrity_constraint_violation';
  elsif tg_op = 'UPDATE' then
    if (to_jsonb(new) - array['withdrawn_at', 'withdrawal_note'])
      is distinct from (to_jsonb(old) - array['withdrawn_at', 'withdrawal_note']) or old.withdrawn_at is not null
    then
      raise exception 'a release is never changed' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
  end if;
  select * into draft from release_draft d where d.id = new.draft_id for update;
  if draft.id is null or draft.term <> new.term or draft.authority_id is distinct from new.authority_id
    or draft.group_id is distinct from new.group_id or draft.authorities is distinct from new.authorities
  then
    raise exception 'a release is made from its draft' using errcode = 'integrity_constraint_violation';
  end if;
  if draft.state <> 'approved' or not draft.audit_passed then
    raise exception 'only a draft that was audited and approved becomes a release'
      using errcode = 'integrity_constraint_violation';
  end if;
  -- Two that are published at once: the second waits here, and then counts the first.
  perform pg_advisory_xact_lock(hashtext('release_ledger'));
  if draft.ledger <> release_ledger(coalesce(new.authorities, array[new.authority_id])) then
    raise exception 'the draft was not checked against every release that is out'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;

create or replace function release_file_guard() returns trigger language plpgsql as $$
begin
  -- A release comes with its files in one transaction: now() is the moment at which that began.
  if tg_op = 'INSERT' and exists (
    select 1 from release r where r.id = new.release_id and r.authority_id is not distinct from new.authority_id
      and r.group_id is not distinct from new.group_id and r.created_at = now())
  then
    return new;
  end if;
  raise exception 'the files of a release are never changed' using errcode = 'integrity_constraint_violation';
end $$;
"""


def upgrade() -> None:
    _add_groups()
    for table in TABLES:
        op.alter_column(table, "authority_id", nullable=True)
        op.add_column(table, sa.Column("group_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(op.f(f"fk_{table}_group_id"), table, "release_group", ["group_id"], ["id"])
        op.create_check_constraint(op.f(f"ck_{table}_one_owner"), table, "num_nonnulls(authority_id, group_id) = 1")
    for table in ("release_draft", "release"):
        op.add_column(table, sa.Column("authorities", postgresql.ARRAY(sa.Uuid()), nullable=True))
        op.create_check_constraint(
            op.f(f"ck_{table}_group_has_authorities"), table, "(group_id is null) = (authorities is null)"
        )
    _make_unique()
    op.execute(
        POLICIES.format(
            of_authority=OF_AUTHORITY, of_group=OF_GROUP, of_worker=OF_WORKER, counted_in=COUNTED_IN, stands=STANDS
        )
    )
    op.execute(LEDGER)
    op.execute(DRAFT_GUARD)
    op.execute(GUARDS)


def _add_groups() -> None:
    made = sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    op.create_table(
        "release_group",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("authorities", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        made,
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_release_group_changed_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_group")),
        sa.UniqueConstraint("name", name=op.f("uq_release_group_name")),
    )
    op.execute("alter table release_group enable row level security")
    op.execute("alter table release_group force row level security")
    op.execute("create policy seen on release_group for select using (scope_is_platform())")
    op.execute("create policy added on release_group for insert with check (scope_is_platform())")
    op.execute(
        "create policy changed on release_group for update using (scope_is_platform()) with check (scope_is_platform())"
    )
    op.execute("grant select, insert on release_group to prevent_web, prevent_worker")
    op.execute("grant update (name, authorities, changed_by) on release_group to prevent_web, prevent_worker")


def _make_unique() -> None:
    """Of each authority or group one release a term, and one draft that lives."""
    op.drop_index("uq_release_draft_live", "release_draft")
    op.create_index(
        "uq_release_draft_live",
        "release_draft",
        ["authority_id", "group_id", "term"],
        unique=True,
        postgresql_where=sa.text("state in ('awaiting', 'approved', 'published')"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_constraint("uq_release_authority_id_term", "release", type_="unique")
    op.create_unique_constraint(
        op.f("uq_release_authority_id_group_id_term"),
        "release",
        ["authority_id", "group_id", "term"],
        postgresql_nulls_not_distinct=True,
    )
    op.drop_constraint(op.f("uq_release_contribution_release_id"), "release_contribution", type_="unique")
    op.create_unique_constraint(
        op.f("uq_release_contribution_release_id_authority_id"),
        "release_contribution",
        ["release_id", "authority_id"],
    )


def downgrade() -> None:
    raise NotImplementedError("releases are kept for good: restore the backup made before the upgrade")
