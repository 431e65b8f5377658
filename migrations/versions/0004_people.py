"""people: teacher reference numbers, one person at several schools, long absence, which posts must be filled"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
POLICIES = {
    "staff_absence": ("school_id = any (visible_schools())",) * 2,
    "cover_rule": (
        "trust_id is null or trust_id = any (visible_trusts())",
        "case when trust_id is null then scope_is_platform() else trust_id = scope_key('trust') end",
    ),
}
# An authority's release counts each school by its own trust's rules, so the worker that makes it reads those.
VISIBLE_TRUSTS = """
create or replace function visible_trusts() returns uuid[] language sql stable parallel safe
begin atomic
  select case split_part(scope_stamp(), ':', 1)
    when 'trust' then array[scope_key('trust')]
    when 'school' then (
      select coalesce(array_agg(trust_id), '{}') from trust_membership
      where school_id = scope_key('school') and left_on is null)
    when 'authority' then case when current_user = 'prevent_worker' then (
      select coalesce(array_agg(distinct m.trust_id), '{}') from trust_membership m join school s on s.id = m.school_id
      where s.authority_id = scope_key('authority') and m.left_on is null) end
    else '{}'::uuid[]
  end;
end;
"""


def upgrade() -> None:
    op.add_column("staff_member", sa.Column("trn", sa.Text(), nullable=True))
    op.add_column("staff_member", sa.Column("person_key", sa.Uuid(), nullable=True))
    op.create_check_constraint("trn_has_seven_digits", "staff_member", "trn is null or trn ~ '^[0-9]{7}$'")
    op.create_index("ix_staff_member_person_key", "staff_member", ["person_key"])
    op.create_index(
        "uq_staff_member_trn",
        "staff_member",
        ["school_id", "trn"],
        unique=True,
        postgresql_where=sa.text("trn is not null"),
    )
    op.create_table(
        "staff_absence",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "parental",
                "sickness",
                "secondment",
                "other",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("until_on is null or until_on >= from_on", name=op.f("ck_staff_absence_until_after_from")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f("fk_staff_absence_recorded_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_staff_absence_school_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_absence_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_absence")),
    )
    op.create_index("ix_staff_absence_school_id_staff_id", "staff_absence", ["school_id", "staff_id"])
    op.execute(
        "create trigger remember before update or delete on staff_absence for each row execute function remember_record()"
    )
    _add_cover_rules()
    op.execute(VISIBLE_TRUSTS)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({written})")
        op.execute(f"create policy changed on {table} for update using ({written}) with check ({written})")
        op.execute(f"create policy removed on {table} for delete using ({written})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _add_cover_rules() -> None:
    op.create_table(
        "cover_rule",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "prevent_lead",
                "dsl",
                "deputy_dsl",
                "headteacher",
                "slt",
                "computing_lead",
                "governor",
                "link_governor",
                "teaching",
                "support",
                "it_service",
                "volunteer",
                "contractor",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("at_least", sa.Integer(), server_default="1", nullable=False),
        sa.Column("courses", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("at_least between 0 and 50", name=op.f("ck_cover_rule_at_least_in_range")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_cover_rule_trust_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cover_rule")),
        sa.UniqueConstraint(
            "key", "trust_id", name=op.f("uq_cover_rule_key_trust_id"), postgresql_nulls_not_distinct=True
        ),
    )


def downgrade() -> None:
    raise NotImplementedError(
        "absences have no place in the earlier tables, and without them past figures change: restore the backup made before"
        " the upgrade"
    )
