"""what a review of filtering asked for, linked with the actions of the plan that do it; since when rules of reminders hold"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
TABLE = "filtering_review_action"


def upgrade() -> None:
    op.create_unique_constraint(op.f("uq_filtering_review_school_id_id"), "filtering_review", ["school_id", "id"])
    _add_links()
    op.execute(
        f"create trigger remember before update or delete on {TABLE} for each row execute function remember_record()"
    )
    op.execute(f"alter table {TABLE} enable row level security")
    op.execute(f"alter table {TABLE} force row level security")
    op.execute(f"create policy of_school on {TABLE} using ({OF_SCHOOL}) with check ({OF_SCHOOL})")
    op.execute(f"grant select, insert, update, delete on {TABLE} to {BOTH}")
    _add_starts()


def _add_links() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{TABLE}_school_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "review_id"],
            ["filtering_review.school_id", "filtering_review.id"],
            name=op.f(f"fk_{TABLE}_school_id_review_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["plan_action.school_id", "plan_action.id"],
            name=op.f(f"fk_{TABLE}_school_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f(f"fk_{TABLE}_recorded_by"), ondelete="SET NULL"
        ),
        sa.CheckConstraint("words <> ''", name=op.f(f"ck_{TABLE}_has_words")),
    )
    # The words may be longer than a key may be.
    op.create_index(
        f"uq_{TABLE}_words",
        TABLE,
        ["school_id", "review_id", "action_id", sa.text("md5(words)")],
        unique=True,
    )
    op.create_index(f"ix_{TABLE}_school_id_action_id", TABLE, ["school_id", "action_id"])


def _add_starts() -> None:
    """Filled by the upgrade after its migrations; the service reads it and writes nothing."""
    op.create_table(
        "reminder_start",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("held_from", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_start")),
        sa.UniqueConstraint("rule", name=op.f("uq_reminder_start_rule")),
    )
    op.execute("alter table reminder_start enable row level security")
    op.execute("alter table reminder_start force row level security")
    op.execute("create policy seen on reminder_start for select using (true)")
    op.execute("create policy added on reminder_start for insert with check (scope_is_platform())")
    op.execute(f"grant select on reminder_start to {BOTH}")


def downgrade() -> None:
    raise NotImplementedError(
        "the links have no place in the earlier tables: restore the backup made before the upgrade"
    )
