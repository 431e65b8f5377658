"""row-level security and grants

Every table is granted by name; what is not named here, no role can touch. Policies read the scope that
prevent_trust/tenancy.py stamps on each transaction. `visible_schools()` is stable and returns an array, so the
planner computes it once and uses the indexes that school_id leads.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FUNCTIONS = """
create function scope_stamp() returns text language sql stable parallel safe
return coalesce(current_setting('prevent.scope', true), '');

create function scope_key(kind text) returns uuid language sql stable parallel safe
return case when split_part(scope_stamp(), ':', 1) = kind then split_part(scope_stamp(), ':', 2)::uuid end;

create function scope_is_platform() returns boolean language sql stable parallel safe
return scope_stamp() = 'platform:';

create function scope_account() returns uuid language sql stable parallel safe
return nullif(current_setting('prevent.account', true), '')::uuid;

-- An authority's schools are for the worker alone, which makes releases.
create function visible_schools() returns uuid[] language sql stable parallel safe
begin atomic
  select case split_part(scope_stamp(), ':', 1)
    when 'school' then array[scope_key('school')]
    when 'trust' then (
      select coalesce(array_agg(school_id), '{}') from trust_membership
      where trust_id = scope_key('trust') and left_on is null)
    when 'authority' then case when current_user = 'prevent_worker' then (
      select coalesce(array_agg(id), '{}') from school where authority_id = scope_key('authority')) end
    else '{}'::uuid[]
  end;
end;

create function visible_trusts() returns uuid[] language sql stable parallel safe
begin atomic
  select case split_part(scope_stamp(), ':', 1)
    when 'trust' then array[scope_key('trust')]
    when 'school' then (
      select coalesce(array_agg(trust_id), '{}') from trust_membership
      where school_id = scope_key('school') and left_on is null)
    else '{}'::uuid[]
  end;
end;

create function visible_authorities() returns uuid[] language sql stable parallel safe
begin atomic
  select case split_part(scope_stamp(), ':', 1)
    when 'authority' then array[scope_key('authority')]
    when 'school' then (select coalesce(array_agg(authority_id), '{}') from school where id = scope_key('school'))
    else '{}'::uuid[]
  end;
end;

-- For tables that carry a stamp instead of a school: mail and jobs.
create function stamp_is_visible(stamp text) returns boolean language sql stable parallel safe
return stamp = scope_stamp() or scope_is_platform()
  or (split_part(stamp, ':', 1) = 'school' and split_part(stamp, ':', 2)::uuid = any (visible_schools()));
"""

SCHOOL_RECORDS = (
    "plan",
    "plan_period",
    "plan_action",
    "plan_answer",
    "plan_finding",
    "evidence",
    "staff_member",
    "staff_role_held",
    "training_completion",
    "reading_confirmation",
    "referral",
    "referral_stage",
    "reminder",
)
EDITIONS = ("edition", "edition_section", "edition_duty", "edition_expectation", "edition_action")
REGISTER = ("local_authority", "trust", "school", "former_urn", "trust_membership")
BUILT_IN = ("course", "document", "document_edition", "concern_type", "reference")
BY_STAMP = ("outgoing_mail", "job_run")
RELEASES = ("release", "release_file", "release_value")

# table -> (who may see a row, who may write one)
POLICIES = {
    **dict.fromkeys(SCHOOL_RECORDS, ("school_id = any (visible_schools())",) * 2),
    **dict.fromkeys(
        EDITIONS,
        (
            "school_id is null or school_id = any (visible_schools())",
            "case when school_id is null then scope_is_platform() else school_id = any (visible_schools()) end",
        ),
    ),
    # The register is public (GIAS, Open Government Licence); only the platform changes it.
    **dict.fromkeys(REGISTER, ("true", "scope_is_platform()")),
    **dict.fromkeys(BUILT_IN, ("true", "scope_is_platform()")),
    **dict.fromkeys(BY_STAMP, ("stamp_is_visible(scope)",) * 2),
    **dict.fromkeys(RELEASES, ("authority_id = scope_key('authority')",) * 2),
    "import_run": ("case when school_id is null then scope_is_platform() else school_id = any (visible_schools()) end",)
    * 2,
    "import_rejection": (
        "case when school_id is null then scope_is_platform() else school_id = any (visible_schools()) end",
    )
    * 2,
    "contact": (
        "school_id = any (visible_schools()) or trust_id = any (visible_trusts())"
        " or authority_id = any (visible_authorities()) or num_nonnulls(school_id, trust_id, authority_id) = 0"
        " or (authority_id is not null and scope_is_platform())",
        "case when school_id is not null then school_id = any (visible_schools())"
        " when trust_id is not null then trust_id = scope_key('trust') else scope_is_platform() end",
    ),
    "membership": (
        "account_id = scope_account() or school_id = any (visible_schools()) or trust_id = any (visible_trusts())"
        " or scope_is_platform()",
        "school_id = any (visible_schools()) or trust_id = scope_key('trust') or scope_is_platform()",
    ),
    "invitation": (
        "school_id = any (visible_schools()) or trust_id = scope_key('trust') or scope_is_platform()",
        "school_id = any (visible_schools()) or trust_id = scope_key('trust') or scope_is_platform()",
    ),
    "audit_entry": (
        "school_id = any (visible_schools()) or trust_id = scope_key('trust') or scope_is_platform()",
        "num_nonnulls(school_id, trust_id, authority_id) = 0 or school_id = any (visible_schools())"
        " or trust_id = scope_key('trust') or scope_is_platform()",
    ),
}

BOTH = "prevent_web, prevent_worker"
GRANTS = [
    *(f"grant select, insert, update, delete on {table} to {BOTH}" for table in SCHOOL_RECORDS),
    *(f"grant select, insert, update, delete on {table} to {BOTH}" for table in EDITIONS),
    *(f"grant select, insert, update, delete on {table} to {BOTH}" for table in ("import_run", "import_rejection")),
    *(f"grant select on {table} to {BOTH}" for table in REGISTER),
    *(f"grant insert, update, delete on {table} to prevent_worker" for table in REGISTER),
    *(f"grant select, insert, update on {table} to {BOTH}" for table in BUILT_IN),
    *(f"grant select, insert, update on {table} to {BOTH}" for table in BY_STAMP),
    *(f"grant select, insert, update on {table} to {BOTH}" for table in ("account", "contact", "invitation")),
    f"grant select, insert, update, delete on membership to {BOTH}",
    f"grant select, insert on audit_entry to {BOTH}",
    "grant select, insert on release, release_file, release_value to prevent_worker",
    "grant select on release, release_file to prevent_authority",
    "grant select on alembic_version to prevent_worker",  # `prevent-trust check` compares
]


def upgrade() -> None:
    op.execute("grant usage on schema public to prevent_web, prevent_worker, prevent_authority")
    op.execute(FUNCTIONS)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({written})")
        op.execute(f"create policy changed on {table} for update using ({written}) with check ({written})")
        op.execute(f"create policy removed on {table} for delete using ({written})")
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    for table in POLICIES:
        for policy in ("seen", "added", "changed", "removed"):
            op.execute(f"drop policy {policy} on {table}")
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"alter table {table} disable row level security")
        op.execute(f"revoke all on {table} from prevent_web, prevent_worker, prevent_authority")
    op.execute("revoke all on account from prevent_web, prevent_worker")
    for function in (
        "stamp_is_visible(text)",
        "visible_authorities()",
        "visible_trusts()",
        "visible_schools()",
        "scope_account()",
        "scope_is_platform()",
        "scope_key(text)",
        "scope_stamp()",
    ):
        op.execute(f"drop function {function}")
