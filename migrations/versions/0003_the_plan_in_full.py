"""the plan in full: editions of trusts, adoption, revisions of evidence, verification, sharing, what was known when"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHOOL_RECORDS = (
    "plan_adoption",
    "plan_opening",
    "evidence_revision",
    "evidence_use",
    "verification_event",
    "plan_share",
    "plan_share_opening",
    "inspection_pack",
)
EDITIONS = ("edition", "edition_section", "edition_duty", "edition_expectation", "edition_action")

# table -> (who may see a row, who may write one)
POLICIES = {
    **dict.fromkeys(SCHOOL_RECORDS, ("school_id = any (visible_schools())",) * 2),
    "record_history": ("school_id = any (visible_schools())",) * 2,
    "remembered_column": ("school_id = any (visible_schools()) or trust_id = any (visible_trusts())",) * 2,
    "edition_draft": ("case when trust_id is null then scope_is_platform() else trust_id = scope_key('trust') end",)
    * 2,
}
# Schools read their trust's editions; only the trust writes them.
EDITION_SEEN = (
    "num_nonnulls(school_id, trust_id) = 0 or school_id = any (visible_schools()) or trust_id = any (visible_trusts())"
)
EDITION_WRITTEN = (
    "case when trust_id is not null then trust_id = scope_key('trust')"
    " when school_id is not null then school_id = any (visible_schools()) else scope_is_platform() end"
)

BOTH = "prevent_web, prevent_worker"
GRANTS = [
    *(f"grant select, insert, update, delete on {table} to {BOTH}" for table in SCHOOL_RECORDS),
    # What is past and what is published is not changed.
    f"revoke update, delete on verification_event, evidence_revision, plan_share_opening from {BOTH}",
    f"revoke update, delete on {', '.join(EDITIONS)} from {BOTH}",
    f"grant select, insert on record_history to {BOTH}",
    f"grant select, insert, update, delete on remembered_column to {BOTH}",
    f"grant select, insert, update on edition_draft to {BOTH}",
]

REMEMBERED = (
    "staff_member",
    "staff_role_held",
    "training_completion",
    "reading_confirmation",
    "referral",
    "referral_stage",
    "contact",
)
REMEMBER = """
-- Keeps what a row said before it is changed or deleted. A row made and changed within one transaction was never known.
create function remember_record() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new is not distinct from old then
    return new;
  end if;
  if old.recorded_from < now() and old.school_id is not null then
    insert into record_history (school_id, relation, record, recorded_from, recorded_until)
    values (old.school_id, tg_table_name, to_jsonb(old), old.recorded_from, now());
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  new.recorded_from := greatest(now(), old.recorded_from);
  return new;
end;
$$;
"""


def upgrade() -> None:
    _add_tables()
    _extend_editions()
    _extend_plans()
    _move_evidence()
    _remember()
    for table, (seen, written) in POLICIES.items():
        _protect(table, seen, written)
    for table in EDITIONS:
        for policy in ("seen", "added", "changed", "removed"):
            op.execute(f"drop policy {policy} on {table}")
        _add_policies(table, EDITION_SEEN, EDITION_WRITTEN)
    for statement in GRANTS:
        op.execute(statement)


def _protect(table: str, seen: str, written: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    _add_policies(table, seen, written)


def _add_policies(table: str, seen: str, written: str) -> None:
    op.execute(f"create policy seen on {table} for select using ({seen})")
    op.execute(f"create policy added on {table} for insert with check ({written})")
    op.execute(f"create policy changed on {table} for update using ({written}) with check ({written})")
    op.execute(f"create policy removed on {table} for delete using ({written})")


def _add_tables() -> None:
    op.create_unique_constraint("uq_evidence_school_id_id", "evidence", ["school_id", "id"])
    op.create_table(
        "inspection_pack",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("as_at", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked_for",
                "ready",
                "failed",
                "forgotten",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            server_default="asked_for",
            nullable=False,
        ),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("contents", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("missing", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["account.id"], name=op.f("fk_inspection_pack_requested_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_inspection_pack_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_pack")),
    )
    op.create_index(
        "ix_inspection_pack_school_id_created_at", "inspection_pack", ["school_id", "created_at"], unique=False
    )
    op.create_table(
        "plan_opening",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_plan_opening_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_opening_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_opening")),
        sa.UniqueConstraint(
            "school_id", "account_id", "opened_on", name=op.f("uq_plan_opening_school_id_account_id_opened_on")
        ),
    )
    op.create_table(
        "plan_share",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("as_at", sa.Date(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_plan_share_made_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_share_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_share")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_plan_share_school_id_id")),
    )
    op.create_index("ix_plan_share_school_id_created_at", "plan_share", ["school_id", "created_at"], unique=False)
    op.create_table(
        "record_history",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_record_history_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_history")),
    )
    op.create_index(
        "ix_record_history_school_id_relation",
        "record_history",
        ["school_id", "relation", "recorded_until"],
        unique=False,
    )
    op.create_table(
        "remembered_column",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("gias", "plan", "staff", name="kind", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(school_id, trust_id) = 1", name=op.f("ck_remembered_column_one_owner")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_remembered_column_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_remembered_column_trust_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remembered_column")),
        sa.UniqueConstraint(
            "kind",
            "head",
            "school_id",
            "trust_id",
            name=op.f("uq_remembered_column_kind_head_school_id_trust_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "edition_draft",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("based_on_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("published_id", sa.Uuid(), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["based_on_id"], ["edition.id"], name=op.f("fk_edition_draft_based_on_id")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_edition_draft_changed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["published_id"], ["edition.id"], name=op.f("fk_edition_draft_published_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_edition_draft_trust_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_draft")),
    )
    op.create_index(op.f("ix_edition_draft_trust_id"), "edition_draft", ["trust_id"], unique=False)
    op.create_table(
        "evidence_revision",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(storage_key is null) = (sha256 is null)", name=op.f("ck_evidence_revision_file_has_hash")),
        sa.CheckConstraint(
            "expires_on is null or expires_on >= effective_from", name=op.f("ck_evidence_revision_expires_after_effect")
        ),
        sa.CheckConstraint(
            "num_nonnulls(address, note, storage_key) = 1", name=op.f("ck_evidence_revision_one_content")
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["account.id"], name=op.f("fk_evidence_revision_added_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "evidence_id"],
            ["evidence.school_id", "evidence.id"],
            name=op.f("fk_evidence_revision_school_id_evidence_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_evidence_revision_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_revision")),
        sa.UniqueConstraint(
            "school_id", "evidence_id", "number", name=op.f("uq_evidence_revision_school_id_evidence_id_number")
        ),
    )
    op.create_table(
        "plan_share_opening",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("share_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "share_id"],
            ["plan_share.school_id", "plan_share.id"],
            name=op.f("fk_plan_share_opening_school_id_share_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_share_opening_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_share_opening")),
    )
    op.create_index(
        "ix_plan_share_opening_school_id_share_id", "plan_share_opening", ["school_id", "share_id"], unique=False
    )
    op.create_table(
        "plan_adoption",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("edition", "roll_over", "match", name="kind", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("from_plan_id", sa.Uuid(), nullable=False),
        sa.Column("to_plan_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"], ["account.id"], name=op.f("fk_plan_adoption_made_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "from_plan_id"],
            ["plan.school_id", "plan.id"],
            name=op.f("fk_plan_adoption_school_id_from_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "to_plan_id"],
            ["plan.school_id", "plan.id"],
            name=op.f("fk_plan_adoption_school_id_to_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_adoption_school_id")),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["account.id"], name=op.f("fk_plan_adoption_undone_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_adoption")),
        sa.UniqueConstraint("school_id", "batch_id", name=op.f("uq_plan_adoption_school_id_batch_id")),
    )
    op.create_index("ix_plan_adoption_school_id_to_plan_id", "plan_adoption", ["school_id", "to_plan_id"], unique=False)
    op.create_table(
        "evidence_use",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("used_from", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("used_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("used_until is null or used_until >= used_from", name=op.f("ck_evidence_use_used_in_order")),
        sa.ForeignKeyConstraint(
            ["added_by"], ["account.id"], name=op.f("fk_evidence_use_added_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["removed_by"], ["account.id"], name=op.f("fk_evidence_use_removed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["plan_action.school_id", "plan_action.id"],
            name=op.f("fk_evidence_use_school_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "evidence_id"],
            ["evidence.school_id", "evidence.id"],
            name=op.f("fk_evidence_use_school_id_evidence_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_evidence_use_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_use")),
    )
    op.create_index("ix_evidence_use_school_id_evidence_id", "evidence_use", ["school_id", "evidence_id"], unique=False)
    op.create_index(
        "uq_evidence_use_current",
        "evidence_use",
        ["school_id", "action_id", "evidence_id"],
        unique=True,
        postgresql_where=sa.text("used_until is null"),
    )
    op.create_table(
        "verification_event",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.Column(
            "step",
            sa.Enum(
                "sampled",
                "submitted",
                "verified",
                "returned",
                name="step",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["plan_answer.id"], name=op.f("fk_verification_event_answer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["account.id"], name=op.f("fk_verification_event_made_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["plan_action.school_id", "plan_action.id"],
            name=op.f("fk_verification_event_school_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_verification_event_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_event")),
    )
    op.create_index(
        "ix_verification_event_school_id_action_id",
        "verification_event",
        ["school_id", "action_id", "created_at"],
        unique=False,
    )


def _extend_editions() -> None:
    op.drop_constraint(op.f("ck_edition_source"), "edition", type_="check")
    op.create_check_constraint(op.f("ck_edition_source"), "edition", "source in ('built_in', 'trust', 'imported')")
    op.add_column("edition", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.add_column("edition", sa.Column("based_on_id", sa.Uuid(), nullable=True))
    op.add_column("edition", sa.Column("notes", sa.Text(), server_default="", nullable=False))
    op.drop_constraint(op.f("uq_edition_key_school_id"), "edition", type_="unique")
    op.create_index(op.f("ix_edition_trust_id"), "edition", ["trust_id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_edition_key_school_id_trust_id"),
        "edition",
        ["key", "school_id", "trust_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_foreign_key(op.f("fk_edition_trust_id"), "edition", "trust", ["trust_id"], ["id"])
    op.create_foreign_key(op.f("fk_edition_based_on_id"), "edition", "edition", ["based_on_id"], ["id"])
    op.add_column("edition_action", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.add_column(
        "edition_action", sa.Column("serves", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.create_index(op.f("ix_edition_action_trust_id"), "edition_action", ["trust_id"], unique=False)
    op.create_foreign_key(op.f("fk_edition_action_trust_id"), "edition_action", "trust", ["trust_id"], ["id"])
    op.add_column("edition_duty", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_edition_duty_trust_id"), "edition_duty", ["trust_id"], unique=False)
    op.create_foreign_key(op.f("fk_edition_duty_trust_id"), "edition_duty", "trust", ["trust_id"], ["id"])
    op.add_column("edition_expectation", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_edition_expectation_trust_id"), "edition_expectation", ["trust_id"], unique=False)
    op.create_foreign_key(op.f("fk_edition_expectation_trust_id"), "edition_expectation", "trust", ["trust_id"], ["id"])
    op.add_column("edition_section", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_edition_section_trust_id"), "edition_section", ["trust_id"], unique=False)
    op.create_foreign_key(op.f("fk_edition_section_trust_id"), "edition_section", "trust", ["trust_id"], ["id"])
    op.create_check_constraint(
        op.f("ck_edition_trusts_has_trust"), "edition", "(source = 'trust') = (trust_id is not null)"
    )


def _extend_plans() -> None:
    """What is there already: the year in which a plan began, the cycle its edition names, the day of each answer."""
    tables = ("plan", "plan_action", "plan_answer", "edition", "edition_action")
    for table in tables:  # also the owner of the tables sees no rows without a stamp
        op.execute(f"alter table {table} no force row level security")
    op.add_column("plan", sa.Column("academic_year", sa.Integer(), nullable=True))
    op.execute(
        "update plan set academic_year = extract(year from created_at at time zone 'Europe/London')::int"
        " - (extract(month from created_at at time zone 'Europe/London') < 9)::int"
    )
    op.alter_column("plan", "academic_year", nullable=False)
    op.add_column("plan_action", sa.Column("recurs_months", sa.Integer(), nullable=True))
    op.add_column("plan_action", sa.Column("carried_from_id", sa.Uuid(), nullable=True))
    carried = sa.Enum(
        "same", "reworded", "reopened", name="carried_as", native_enum=False, create_constraint=True, length=64
    )
    op.add_column("plan_action", sa.Column("carried_as", carried, nullable=True))
    op.create_index("ix_plan_action_school_id_carried_from_id", "plan_action", ["school_id", "carried_from_id"])
    op.create_foreign_key(
        "fk_plan_action_school_id_carried_from_id",
        "plan_action",
        "plan_action",
        ["school_id", "carried_from_id"],
        ["school_id", "id"],
        ondelete="SET NULL (carried_from_id)",
    )
    op.create_check_constraint(
        op.f("ck_plan_action_carried_somehow"), "plan_action", "(carried_from_id is null) or (carried_as is not null)"
    )
    op.create_check_constraint(
        op.f("ck_plan_action_recurs_in_range"),
        "plan_action",
        "recurs_months is null or recurs_months between 1 and 120",
    )
    op.execute(
        "update plan_action a set recurs_months = e.recurs_months from edition_action e"
        " where e.id = a.edition_action_id and e.recurs_months is not null"
    )
    op.add_column("plan_answer", sa.Column("local_wording", sa.Text(), nullable=True))
    op.add_column("plan_answer", sa.Column("confirmed_on", sa.Date(), nullable=True))
    op.add_column("plan_answer", sa.Column("review_on", sa.Date(), nullable=True))
    op.add_column(
        "plan_answer", sa.Column("awaits_confirmation", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    # A status was confirmed when it first became what it is, not when a note or an owner changed later.
    op.execute(
        """
        update plan_answer w set confirmed_on = (held.since at time zone 'Europe/London')::date
        from (
          select id, min(recorded_from) over (partition by action_id, run) as since
          from (
            select id, action_id, recorded_from,
              sum(changed) over (partition by action_id order by recorded_from, id) as run
            from (
              select id, action_id, recorded_from,
                (status is distinct from lag(status) over (partition by action_id order by recorded_from, id))::int
                  as changed
              from plan_answer
            ) as steps
          ) as runs
        ) as held
        where held.id = w.id and w.status <> 'not_answered'
        """
    )
    for table in tables:
        op.execute(f"alter table {table} force row level security")


def _move_evidence() -> None:
    """Each piece becomes a piece with one revision and one use."""
    op.execute("alter table evidence no force row level security")
    op.execute(
        "insert into evidence_revision (school_id, evidence_id, number, address, storage_key, file_name, media_type, size,"
        " sha256, effective_from, added_by, created_at)"
        " select school_id, id, 1, address, storage_key, file_name, media_type, size, sha256,"
        " (created_at at time zone 'Europe/London')::date, added_by, created_at from evidence"
    )
    op.execute(
        "insert into evidence_use (school_id, evidence_id, action_id, used_from, used_until, added_by, removed_by,"
        " created_at) select school_id, id, action_id, created_at, removed_at, added_by, removed_by, created_at"
        " from evidence"
    )
    op.drop_constraint(op.f("ck_evidence_kind"), "evidence", type_="check")
    op.create_check_constraint(op.f("ck_evidence_kind"), "evidence", "kind in ('file', 'link', 'note')")
    op.drop_constraint(op.f("ck_evidence_link_has_address"), "evidence", type_="check")
    op.drop_constraint(op.f("ck_evidence_file_has_storage_key"), "evidence", type_="check")
    op.drop_constraint("fk_evidence_school_id_action_id", "evidence", type_="foreignkey")
    op.drop_constraint("fk_evidence_removed_by", "evidence", type_="foreignkey")
    op.drop_index("ix_evidence_school_id_action_id", table_name="evidence")
    for column in (
        "action_id", "address", "storage_key", "file_name", "media_type", "size", "sha256", "removed_at", "removed_by",
    ):  # fmt: skip
        op.drop_column("evidence", column)
    op.create_index("ix_evidence_school_id_created_at", "evidence", ["school_id", "created_at"])
    op.execute("alter table evidence force row level security")


def _remember() -> None:
    op.execute(REMEMBER)
    for table in REMEMBERED:
        op.add_column(
            table,
            sa.Column("recorded_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        )
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"update {table} set recorded_from = created_at")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create trigger remember before update or delete on {table} for each row execute function remember_record()"
        )


def downgrade() -> None:
    raise NotImplementedError(
        "evidence has revisions now, which the earlier tables have no place for: restore the backup made before the upgrade"
    )
