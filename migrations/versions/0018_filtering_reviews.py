"""filtering reviews: when filtering and monitoring were reviewed, by whom and with what outcome, and checks of blocking"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
TABLES = ("filtering_review", "filtering_check")


def upgrade() -> None:
    _add_reviews()
    _add_checks()
    for table in TABLES:
        op.execute(
            f"create trigger remember before update or delete on {table} for each row execute function remember_record()"
        )
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy of_school on {table} using ({OF_SCHOOL}) with check ({OF_SCHOOL})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _row(table: str) -> list[sa.schema.SchemaItem]:
    """What both tables have: a key, a school, who recorded it and when, and since when it says so."""
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f(f"fk_{table}_recorded_by"), ondelete="SET NULL"
        ),
    ]


def _closed_set(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=64)


def _add_reviews() -> None:
    op.create_table(
        "filtering_review",
        *_row("filtering_review"),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("reviewers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("names", sa.Text(), server_default="", nullable=False),
        sa.Column("points", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("outcome", _closed_set("outcome", "meets", "actions_needed"), nullable=False),
        sa.Column("actions", sa.Text(), server_default="", nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "evidence_id"],
            ["evidence.school_id", "evidence.id"],
            name=op.f("fk_filtering_review_school_id_evidence_id"),
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint(
            "cardinality(reviewers) > 0 and reviewers <@ array['slt', 'governor', 'dsl', 'it', 'other']",
            name=op.f("ck_filtering_review_has_reviewers"),
        ),
        sa.CheckConstraint(
            "next_due_on > reviewed_on and next_due_on <= reviewed_on + interval '1 year'",
            name=op.f("ck_filtering_review_due_within_a_year"),
        ),
        sa.CheckConstraint(
            "(outcome = 'actions_needed') = (actions <> '')", name=op.f("ck_filtering_review_actions_in_words")
        ),
    )
    op.create_index("ix_filtering_review_school_id_reviewed_on", "filtering_review", ["school_id", "reviewed_on"])


def _add_checks() -> None:
    op.create_table(
        "filtering_check",
        *_row("filtering_check"),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("tested", sa.Text(), nullable=False),
        sa.Column("result", _closed_set("result", "blocked", "let_through", "wrongly_blocked"), nullable=False),
        sa.Column("done", sa.Text(), server_default="", nullable=False),
    )
    op.create_index("ix_filtering_check_school_id_checked_on", "filtering_check", ["school_id", "checked_on"])


def downgrade() -> None:
    raise NotImplementedError(
        "reviews and checks have no place in the earlier tables: restore the backup made before the upgrade"
    )
