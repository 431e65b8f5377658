"""calendar: dates that authorities, trusts and schools set, files of dates, secret addresses of due dates"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
OF_TRUST = "trust_id = any ((select visible_trusts())::uuid[])"
# Authorities publish their term dates: what they have set is for everybody to read. Files are for those who set dates.
SEEN = f"authority_id is not null or {OF_SCHOOL} or {OF_TRUST}"
WRITTEN = (
    f"case when school_id is not null then {OF_SCHOOL}"
    " when trust_id is not null then trust_id = (select scope_key('trust')) else scope_is_platform() end"
)
# Whoever asks with an address has no tenant yet: the account's own rows are looked at. A school's may be withdrawn there.
FEED_SEEN = f"account_id = (select scope_account()) or {OF_SCHOOL}"
FEED_ADDED = f"case when school_id is null then account_id = (select scope_account()) else {OF_SCHOOL} end"

POLICIES = {
    "calendar_year": (SEEN, WRITTEN),
    "calendar_import": (WRITTEN, WRITTEN),
    "calendar_feed": (FEED_SEEN, FEED_ADDED),
}


def upgrade() -> None:
    _add_dates()
    _add_feeds()
    for table, (seen, written) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({written})")
        changed = seen if table == "calendar_feed" else written
        op.execute(f"create policy changed on {table} for update using ({changed}) with check ({written})")
        op.execute(f"create policy removed on {table} for delete using ({changed})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _of_one_place(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    references = {"school_id": "school", "trust_id": "trust", "authority_id": "local_authority"}
    return (
        sa.CheckConstraint("num_nonnulls(school_id, trust_id, authority_id) = 1", name=op.f(f"ck_{table}_one_place")),
        *(
            sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=op.f(f"fk_{table}_{column}"))
            for column, parent in references.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _add_dates() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("entries", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("year between 2000 and 2100", name=op.f("ck_calendar_year_year_in_range")),
        sa.ForeignKeyConstraint(["set_by"], ["account.id"], name=op.f("fk_calendar_year_set_by"), ondelete="SET NULL"),
        *_of_one_place("calendar_year"),
    )
    op.create_index(
        "uq_calendar_year_current",
        "calendar_year",
        ["year", "school_id", "trust_id", "authority_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at is null"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "calendar_import",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "previewed", "applied", "undone", "dropped",
                name="state", native_enum=False, create_constraint=True, length=64,
            ),
            server_default="previewed",
            nullable=False,
        ),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("found", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("not_taken", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("written", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["account.id"], name=op.f("fk_calendar_import_requested_by"), ondelete="SET NULL"
        ),
        *_of_one_place("calendar_import"),
    )  # fmt: skip
    for table in ("calendar_year", "calendar_import"):
        for column in ("school_id", "trust_id", "authority_id"):
            op.create_index(f"ix_{table}_{column}", table, [column])


def _add_feeds() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_calendar_feed_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_calendar_feed_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_calendar_feed_secret_sha256")),
    )
    op.create_index(
        "uq_calendar_feed_current",
        "calendar_feed",
        ["account_id", "school_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_calendar_feed_school_id", "calendar_feed", ["school_id"])


def downgrade() -> None:
    for table in POLICIES:
        op.drop_table(table)
