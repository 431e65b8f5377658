"""reading sheets: printed slips with a PIN, confirmations recorded together with their scans, questions about an edition"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
SOURCES = ("recorded", "paper", "link", "sheet", "carried")
# Whoever types an address has no tenant yet: a transaction that names the hash of one sees that slip, and no other.
SLIP = """
create function scope_slip() returns text language sql stable parallel safe
return nullif(current_setting('prevent.slip', true), '')
"""


def upgrade() -> None:
    op.drop_constraint(op.f("ck_reading_confirmation_source"), "reading_confirmation", type_="check")
    op.create_check_constraint(op.f("ck_reading_confirmation_source"), "reading_confirmation", f"source in {SOURCES}")
    _add_slips()
    _add_sign_offs()
    _add_questions()
    tables = ("reading_slip", "reading_sign_off", "reading_scan", "reading_question_set", "reading_answer")
    op.execute(SLIP)
    for table in tables:
        seen = f"{OF_SCHOOL} or address_sha256 = (select scope_slip())" if table == "reading_slip" else OF_SCHOOL
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({OF_SCHOOL})")
        op.execute(f"create policy changed on {table} for update using ({OF_SCHOOL}) with check ({OF_SCHOOL})")
        op.execute(f"create policy removed on {table} for delete using ({OF_SCHOOL})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _of_school(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
    )


def _same_school(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", column],
        [f"{parent}.school_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_school_id_{column}"),
        ondelete="CASCADE",
    )


def _by_account(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["account.id"], name=op.f(f"fk_{table}_{column}"), ondelete="SET NULL")


def _of_edition(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["document_edition_id"], ["document_edition.id"], name=op.f(f"fk_{table}_document_edition_id")
    )


def _add_slips() -> None:
    op.create_table(
        "reading_slip",
        *_of_school("reading_slip"),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("address_sha256", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.UniqueConstraint("address_sha256", name=op.f("uq_reading_slip_address_sha256")),
        sa.CheckConstraint("tries between 0 and 5", name=op.f("ck_reading_slip_few_tries")),
        _same_school("reading_slip", "campaign_id", "reading_campaign"),
        _same_school("reading_slip", "staff_id", "staff_member"),
        _by_account("reading_slip", "made_by"),
    )
    op.create_index(
        "uq_reading_slip_current",
        "reading_slip",
        ["school_id", "campaign_id", "staff_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index("ix_reading_slip_school_id_staff_id", "reading_slip", ["school_id", "staff_id"])


def _add_sign_offs() -> None:
    op.create_table(
        "reading_sign_off",
        *_of_school("reading_sign_off"),
        sa.Column("document_edition_id", sa.Uuid(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(*SOURCES, name="source", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("confirmed_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_reading_sign_off_school_id_id")),
        _of_edition("reading_sign_off"),
        _by_account("reading_sign_off", "recorded_by"),
    )
    op.create_index(
        "ix_reading_sign_off_school_id_document_edition_id", "reading_sign_off", ["school_id", "document_edition_id"]
    )
    op.create_table(
        "reading_scan",
        *_of_school("reading_scan"),
        sa.Column("sign_off_id", sa.Uuid(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.UniqueConstraint("storage_key", name=op.f("uq_reading_scan_storage_key")),
        _same_school("reading_scan", "sign_off_id", "reading_sign_off"),
        _by_account("reading_scan", "added_by"),
    )
    op.create_index("ix_reading_scan_school_id_sign_off_id", "reading_scan", ["school_id", "sign_off_id"])
    op.add_column("reading_confirmation", sa.Column("sign_off_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_reading_confirmation_school_id_sign_off_id"),
        "reading_confirmation",
        "reading_sign_off",
        ["school_id", "sign_off_id"],
        ["school_id", "id"],
        ondelete="RESTRICT",
    )
    op.create_index(
        "ix_reading_confirmation_school_id_sign_off_id", "reading_confirmation", ["school_id", "sign_off_id"]
    )


def _add_questions() -> None:
    op.create_table(
        "reading_question_set",
        *_of_school("reading_question_set"),
        sa.Column("document_edition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("questions", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_reading_question_set_school_id_id")),
        sa.UniqueConstraint(
            "school_id",
            "document_edition_id",
            "version",
            name=op.f("uq_reading_question_set_school_id_document_edition_id_version"),
        ),
        sa.CheckConstraint("jsonb_array_length(questions) <= 5", name=op.f("ck_reading_question_set_few_questions")),
        _of_edition("reading_question_set"),
        _by_account("reading_question_set", "made_by"),
    )
    op.create_table(
        "reading_answer",
        *_of_school("reading_answer"),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="1", nullable=False),
        sa.Column("right_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint(
            "school_id",
            "set_id",
            "staff_id",
            "question",
            name=op.f("uq_reading_answer_school_id_set_id_staff_id_question"),
        ),
        sa.CheckConstraint(
            "question between 0 and 4 and chosen between 0 and 4 and tries > 0",
            name=op.f("ck_reading_answer_in_range"),
        ),
        _same_school("reading_answer", "set_id", "reading_question_set"),
        _same_school("reading_answer", "staff_id", "staff_member"),
    )
    op.create_index("ix_reading_answer_school_id_staff_id", "reading_answer", ["school_id", "staff_id"])


def downgrade() -> None:
    raise NotImplementedError(
        "confirmations by sheet have no place in the earlier tables: restore the backup made before the upgrade"
    )
