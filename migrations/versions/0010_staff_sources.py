"""sources of staff lists that are fetched when they are due, their fetchings, and pages that wait for the rest"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OWNED = (
    "case when school_id is not null then school_id = any ((select visible_schools())::uuid[])"
    " else trust_id = (select scope_key('trust')) end"
)
# table -> (who may see a row, who may write one). The schedule looks over all sources for those that are due.
POLICIES = {
    "staff_source": (f"{OWNED} or scope_is_platform()", OWNED),
    "staff_fetch": (OWNED, OWNED),
    "staff_fetch_page": (OWNED, OWNED),
}


def upgrade() -> None:
    _add_sources()
    _add_fetches()
    for table, (seen, written) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({written})")
        op.execute(f"create policy changed on {table} for update using ({written}) with check ({written})")
        op.execute(f"create policy removed on {table} for delete using ({written})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _closed_set(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=64)


def _row(table: str) -> list[sa.schema.SchemaItem]:
    """The columns and constraints that all three tables have."""
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f(f"fk_{table}_trust_id")),
        sa.CheckConstraint("num_nonnulls(school_id, trust_id) = 1", name=op.f(f"ck_{table}_one_owner")),
    ]


def _add_sources() -> None:
    op.create_table(
        "staff_source",
        *_row("staff_source"),
        sa.Column("kind", _closed_set("kind", "folder", "sftp", "https", "wonde"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("host_key", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("every", _closed_set("every", "day", "week"), nullable=False),
        sa.Column("weekday", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("scheduled_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_sha256", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_staff_source_changed_by"), ondelete="SET NULL"
        ),
        sa.CheckConstraint("weekday between 0 and 6 and hour between 0 and 23", name=op.f("ck_staff_source_when")),
        sa.UniqueConstraint(
            "name",
            "school_id",
            "trust_id",
            name=op.f("uq_staff_source_name_school_id_trust_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_staff_source_school_id", "staff_source", ["school_id"])
    op.create_index("ix_staff_source_trust_id", "staff_source", ["trust_id"])


def _add_fetches() -> None:
    op.create_table(
        "staff_fetch",
        *_row("staff_fetch"),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("state", _closed_set("state", "fetching", "unchanged", "taken", "failed"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["staff_source.id"], name=op.f("fk_staff_fetch_source_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name=op.f("fk_staff_fetch_run_id"), ondelete="SET NULL"),
        sa.UniqueConstraint("source_id", "period", name=op.f("uq_staff_fetch_source_id_period")),
    )
    op.create_index(op.f("ix_staff_fetch_school_id"), "staff_fetch", ["school_id"])
    op.create_table(
        "staff_fetch_page",
        *_row("staff_fetch_page"),
        sa.Column("fetch_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("next_cursor", sa.Text(), nullable=True),
        sa.Column("rows", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["fetch_id"], ["staff_fetch.id"], name=op.f("fk_staff_fetch_page_fetch_id"), ondelete="CASCADE"
        ),
        sa.UniqueConstraint("fetch_id", "part", "number", name=op.f("uq_staff_fetch_page_fetch_id_part_number")),
    )
    op.create_index(op.f("ix_staff_fetch_page_school_id"), "staff_fetch_page", ["school_id"])


def downgrade() -> None:
    op.drop_table("staff_fetch_page")
    op.drop_table("staff_fetch")
    op.drop_table("staff_source")
