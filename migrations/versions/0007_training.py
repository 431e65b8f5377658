"""training: a trust's own rules for courses, by the day from which they hold; grace for joiners"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
SEEN = "trust_id = any ((select visible_trusts())::uuid[])"
WRITTEN = "trust_id = scope_key('trust')"


def upgrade() -> None:
    op.create_table(
        "course_rule",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("trust_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column(
            "standing",
            sa.Enum("own", "off", "shipped", name="standing", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("validity_months", sa.Integer(), nullable=True),
        sa.Column("audience", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("grace_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "validity_months is null or validity_months between 1 and 120",
            name=op.f("ck_course_rule_validity_in_range"),
        ),
        sa.CheckConstraint("grace_days between 0 and 180", name=op.f("ck_course_rule_grace_in_range")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_course_rule_trust_id")),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_course_rule_course_id")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_course_rule_changed_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_rule")),
        sa.UniqueConstraint("trust_id", "course_id", "from_on", name=op.f("uq_course_rule_trust_id_course_id_from_on")),
    )
    op.execute("alter table course_rule enable row level security")
    op.execute("alter table course_rule force row level security")
    op.execute(f"create policy seen on course_rule for select using ({SEEN})")
    op.execute(f"create policy added on course_rule for insert with check ({WRITTEN})")
    op.execute(f"create policy changed on course_rule for update using ({WRITTEN}) with check ({WRITTEN})")
    op.execute(f"create policy removed on course_rule for delete using ({WRITTEN})")
    op.execute(f"grant select, insert, update, delete on course_rule to {BOTH}")


def downgrade() -> None:
    raise NotImplementedError(
        "trusts' rules have no place in the earlier tables, and without them figures change: restore the backup made before"
        " the upgrade"
    )
