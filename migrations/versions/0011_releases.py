"""releases: drafts with a publisher's review, frozen by triggers, a ledger, requests"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OF_AUTHORITY = "authority_id = scope_key('authority')"
# An officer's page is bound to the authority too, on the web's role: drafts are for the platform's publishers and the worker.
OF_PUBLISHER = f"scope_is_platform() or (current_user = 'prevent_worker' and {OF_AUTHORITY})"
OF_WORKER = f"current_user = 'prevent_worker' and {OF_AUTHORITY}"
EITHER = f"{OF_AUTHORITY} or scope_is_platform()"

# table -> (who may see a row, add one, change one)
POLICIES = {
    "release_draft": (OF_PUBLISHER, OF_WORKER, OF_PUBLISHER),
    "release_draft_file": (OF_PUBLISHER, OF_WORKER, "false"),
    "release_value": (OF_WORKER, OF_WORKER, "false"),
    "release_contribution": (f"contributors && (select visible_schools()) or ({OF_WORKER})", OF_WORKER, "false"),
    "release_catalogue": (OF_PUBLISHER, "scope_is_platform()", "scope_is_platform()"),
    "release_request": (EITHER, OF_AUTHORITY, OF_PUBLISHER),
}
GRANTS = (
    "grant select, insert on release_draft, release_draft_file, release_value, release_contribution to prevent_worker",
    "grant select on release_draft, release_draft_file to prevent_web",
    "grant update (state, decided_by, decided_at, reason, withdrawal_note, withdrawn_by) on release_draft"
    " to prevent_web, prevent_worker",
    "grant select (id, release_id, authority_id, created_at) on release_contribution to prevent_web",
    "grant select on release_catalogue to prevent_worker",
    "grant select, insert, update on release_catalogue to prevent_web",
    "grant select, insert on release_request to prevent_web, prevent_worker",
    "grant update (state, answer, answered_by, answered_at) on release_request to prevent_web, prevent_worker",
    "grant update (withdrawn_at, withdrawal_note) on release to prevent_worker",
)

# None of these can be got round by code: they bind every role, the owner's too.
GUARDS = """
create function release_draft_guard() returns trigger language plpgsql as $$
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
      and m.authority_id = new.authority_id)
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
end $$;
create trigger guard before update or delete on release_draft for each row execute function release_draft_guard();

create function release_guard() returns trigger language plpgsql as $$
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
  if draft.id is null or draft.authority_id <> new.authority_id or draft.term <> new.term then
    raise exception 'a release is made from its draft' using errcode = 'integrity_constraint_violation';
  end if;
  if draft.state <> 'approved' or not draft.audit_passed then
    raise exception 'only a draft that was audited and approved becomes a release'
      using errcode = 'integrity_constraint_violation';
  end if;
  if draft.ledger <> (select count(*) from release r where r.authority_id = new.authority_id) then
    raise exception 'the draft was not checked against every release that is out'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger guard before insert or update or delete on release for each row execute function release_guard();

create function release_file_guard() returns trigger language plpgsql as $$
begin
  -- A release comes with its files in one transaction: now() is the moment at which that began.
  if tg_op = 'INSERT' and exists (
    select 1 from release r where r.id = new.release_id and r.authority_id = new.authority_id and r.created_at = now())
  then
    return new;
  end if;
  raise exception 'the files of a release are never changed' using errcode = 'integrity_constraint_violation';
end $$;
create trigger guard before insert or update or delete on release_file
  for each row execute function release_file_guard();
"""


def upgrade() -> None:
    _add_role()
    _add_tables()
    _extend_release()
    for table, (seen, added, changed) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({added})")
        op.execute(f"create policy changed on {table} for update using ({changed}) with check ({changed})")
    for statement in GRANTS:
        op.execute(statement)
    op.execute("drop policy removed on release")
    op.execute("drop policy removed on release_file")
    op.execute("drop policy changed on release_file")
    op.execute("drop policy seen on release_file")
    op.execute(
        f"create policy seen on release_file for select using ({OF_AUTHORITY} and (current_user <> 'prevent_authority'"
        " or exists (select 1 from release r where r.id = release_id and r.withdrawn_at is null)))"
    )
    op.execute(GUARDS)


def _add_role() -> None:
    roles = (
        "prevent_lead",
        "school_reader",
        "trust_lead",
        "trust_reader",
        "authority_officer",
        "platform_administrator",
        "release_publisher",
    )
    for table in ("membership", "invitation"):
        op.drop_constraint(op.f(f"ck_{table}_role"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_role"), table, sa.column("role").in_(roles))


def _key() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False)


def _made() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _authority(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f(f"fk_{table}_authority_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _state(*states: str, default: str | None = None) -> sa.Column[object]:
    kind = sa.Enum(*states, name="state", native_enum=False, create_constraint=True, length=64)
    return sa.Column("state", kind, server_default=default, nullable=False)


def _add_tables() -> None:
    op.create_table(
        "release_request",
        _key(),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("by", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        _state("asked", "granted", "declined", default="asked"),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        _made(),
        sa.CheckConstraint(
            "state = 'asked' or answered_by is not null", name=op.f("ck_release_request_answered_by_somebody")
        ),
        sa.CheckConstraint(
            "state <> 'declined' or coalesce(answer, '') <> ''", name=op.f("ck_release_request_declined_with_answer")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_release_request_asked_by")),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"], name=op.f("fk_release_request_answered_by")),
        *_authority("release_request"),
    )
    op.create_index("ix_release_request_authority_id", "release_request", ["authority_id"])
    _add_draft()
    op.create_table(
        "release_draft_file",
        _key(),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        _made(),
        sa.ForeignKeyConstraint(["draft_id"], ["release_draft.id"], name=op.f("fk_release_draft_file_draft_id")),
        sa.UniqueConstraint("draft_id", "name", name=op.f("uq_release_draft_file_draft_id_name")),
        *_authority("release_draft_file"),
    )
    op.drop_table("release_value")
    op.create_table(
        "release_value",
        _key(),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column("for_auditor", postgresql.JSONB(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        _made(),
        sa.ForeignKeyConstraint(["draft_id"], ["release_draft.id"], name=op.f("fk_release_value_draft_id")),
        sa.UniqueConstraint("draft_id", name=op.f("uq_release_value_draft_id")),
        *_authority("release_value"),
    )
    op.create_table(
        "release_contribution",
        _key(),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("contributors", postgresql.ARRAY(sa.Uuid()), nullable=False),
        _made(),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_release_contribution_release_id")),
        sa.UniqueConstraint("release_id", name=op.f("uq_release_contribution_release_id")),
        *_authority("release_contribution"),
    )
    op.create_index(
        "ix_release_contribution_contributors", "release_contribution", ["contributors"], postgresql_using="gin"
    )
    op.create_table(
        "release_catalogue",
        _key(),
        sa.Column("left_out", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        _made(),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_release_catalogue_changed_by"), ondelete="SET NULL"
        ),
        sa.UniqueConstraint("authority_id", name=op.f("uq_release_catalogue_authority_id")),
        *_authority("release_catalogue"),
    )


def _add_draft() -> None:
    name = "release_draft"
    op.create_table(
        name,
        _key(),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("as_at", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_until", sa.Date(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        _state("awaiting", "refused", "sent_back", "overtaken", "approved", "published"),
        sa.Column("ledger", sa.Integer(), nullable=False),
        sa.Column("schools", sa.Integer(), nullable=True),
        sa.Column("audit_passed", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.Column("audit", postgresql.JSONB(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("withdrawal_note", sa.Text(), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        _made(),
        sa.CheckConstraint(
            "state not in ('awaiting', 'approved', 'published') or audit_passed", name=op.f(f"ck_{name}_audited")
        ),
        sa.CheckConstraint(
            "state not in ('approved', 'published') or decided_by is not null",
            name=op.f(f"ck_{name}_approved_by_somebody"),
        ),
        sa.CheckConstraint(
            "state <> 'sent_back' or coalesce(reason, '') <> ''", name=op.f(f"ck_{name}_sent_back_with_reason")
        ),
        sa.ForeignKeyConstraint(["request_id"], ["release_request.id"], name=op.f(f"fk_{name}_request_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f(f"fk_{name}_decided_by")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.id"], name=op.f(f"fk_{name}_withdrawn_by")),
        *_authority(name),
    )
    op.create_index(
        "uq_release_draft_live",
        name,
        ["authority_id", "term"],
        unique=True,
        postgresql_where=sa.text("state in ('awaiting', 'approved', 'published')"),
    )


def _extend_release() -> None:
    op.add_column("release", sa.Column("draft_id", sa.Uuid(), nullable=True))
    op.add_column("release", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("release", sa.Column("withdrawal_note", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_release_draft_id"), "release", "release_draft", ["draft_id"], ["id"])
    op.create_unique_constraint(op.f("uq_release_draft_id"), "release", ["draft_id"])
    op.create_check_constraint(
        op.f("ck_release_withdrawn_with_note"),
        "release",
        "(withdrawn_at is null) = (coalesce(withdrawal_note, '') = '')",
    )
    op.execute("alter table release no force row level security")  # the owner of a table sees no rows without a stamp
    op.execute(
        "update release set withdrawn_at = now(), withdrawal_note ="
        " 'Made by the first rules, which knew no ledger. Releases after it are made by the present ones.'"
    )
    op.execute("alter table release force row level security")


def downgrade() -> None:
    raise NotImplementedError("releases are kept for good: restore the backup made before the upgrade")
