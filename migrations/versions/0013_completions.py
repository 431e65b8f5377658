"""completions: registers and certificates kept, staff asked by mail what they have done, and what they said"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
TABLES = (
    "training_file",
    "training_proof",
    "training_proof_person",
    "training_ask",
    "training_link",
    "training_statement",
    "completion_import_row",
    "completion_import_effect",
    "training_certificate",
)


def upgrade() -> None:
    _add_sources()
    _add_proofs()
    _add_asking()
    _add_imports()
    _add_certificates()
    for table in TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy of_school on {table} using ({OF_SCHOOL}) with check ({OF_SCHOOL})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _add_sources() -> None:
    op.drop_constraint(op.f("ck_training_completion_source"), "training_completion", type_="check")
    op.create_check_constraint(
        op.f("ck_training_completion_source"),
        "training_completion",
        "source in ('recorded', 'imported', 'link', 'certificate')",
    )


def _closed_set(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=64)


def _row(table: str) -> list[sa.schema.SchemaItem]:
    """What all of these tables have: a key, a school, the moment they were made."""
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id")),
    ]


def _of_the_school(table: str, column: str, parent: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", column],
        [f"{parent}.school_id", f"{parent}.id"],
        name=op.f(f"fk_{table}_school_id_{column}"),
        ondelete=ondelete,
    )


def _account(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["account.id"], name=op.f(f"fk_{table}_{column}"), ondelete="SET NULL")


def _course(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f(f"fk_{table}_course_id"))


def _keyed(table: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("school_id", "id", name=op.f(f"uq_{table}_school_id_id"))


def _add_proofs() -> None:
    op.create_table(
        "training_file",
        *_row("training_file"),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        _account("training_file", "added_by"),
        _keyed("training_file"),
        sa.UniqueConstraint("storage_key", name=op.f("uq_training_file_storage_key")),
    )
    op.create_table(
        "training_proof",
        *_row("training_proof"),
        sa.Column("kind", _closed_set("kind", "session", "certificate"), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        _course("training_proof"),
        _of_the_school("training_proof", "file_id", "training_file", "RESTRICT"),
        _account("training_proof", "recorded_by"),
        _keyed("training_proof"),
    )
    op.create_index("ix_training_proof_school_id_completed_on", "training_proof", ["school_id", "completed_on"])
    op.create_table(
        "training_proof_person",
        *_row("training_proof_person"),
        sa.Column("proof_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        _of_the_school("training_proof_person", "proof_id", "training_proof"),
        _of_the_school("training_proof_person", "staff_id", "staff_member"),
        sa.UniqueConstraint(
            "school_id", "proof_id", "staff_id", name=op.f("uq_training_proof_person_school_id_proof_id_staff_id")
        ),
    )
    op.create_index("ix_training_proof_person_school_id_staff_id", "training_proof_person", ["school_id", "staff_id"])


def _add_asking() -> None:
    op.create_table(
        "training_ask",
        *_row("training_ask"),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        _course("training_ask"),
        _account("training_ask", "made_by"),
        _keyed("training_ask"),
    )
    op.create_index(
        "uq_training_ask_running",
        "training_ask",
        ["school_id", "course_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.create_table(
        "training_link",
        *_row("training_link"),
        sa.Column("ask_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        _of_the_school("training_link", "ask_id", "training_ask"),
        _of_the_school("training_link", "staff_id", "staff_member"),
        sa.ForeignKeyConstraint(["mail_id"], ["outgoing_mail.id"], name=op.f("fk_training_link_mail_id")),
        _keyed("training_link"),
        sa.UniqueConstraint("school_id", "ask_id", "staff_id", name=op.f("uq_training_link_school_id_ask_id_staff_id")),
    )
    op.create_index("ix_training_link_school_id_staff_id", "training_link", ["school_id", "staff_id"])
    _add_statements()


def _add_statements() -> None:
    op.create_table(
        "training_statement",
        *_row("training_statement"),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state", _closed_set("state", "waiting", "accepted", "refused"), server_default="waiting", nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        _of_the_school("training_statement", "link_id", "training_link"),
        _of_the_school("training_statement", "staff_id", "staff_member"),
        _course("training_statement"),
        _of_the_school("training_statement", "file_id", "training_file", "RESTRICT"),
        _account("training_statement", "decided_by"),
        sa.CheckConstraint("(state = 'refused') = (reason is not null)", name=op.f("ck_training_statement_why")),
        sa.CheckConstraint("(state = 'waiting') = (decided_at is null)", name=op.f("ck_training_statement_decided")),
    )
    op.create_index(
        "uq_training_statement_waiting",
        "training_statement",
        ["school_id", "link_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_training_statement_school_id_state", "training_statement", ["school_id", "state"])
    op.create_index("ix_training_statement_school_id_staff_id", "training_statement", ["school_id", "staff_id"])


def _add_imports() -> None:
    for table in ("import_run", "remembered_column", "saved_mapping"):
        op.drop_constraint(op.f(f"ck_{table}_kind"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_kind"), table, "kind in ('gias', 'plan', 'staff', 'completions')")
    op.drop_constraint(op.f("ck_remembered_word_about"), "remembered_word", type_="check")
    op.create_check_constraint(
        op.f("ck_remembered_word_about"), "remembered_word", "about in ('school', 'person', 'course')"
    )
    op.create_table(
        "completion_import_row",
        *_row("completion_import_row"),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("course_word", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("outcome", _closed_set("outcome", "new", "known", "no_course", "left_out"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_completion_import_row_run_id"), ondelete="CASCADE"
        ),
        _course("completion_import_row"),
    )
    op.create_index("ix_completion_import_row_run_id_outcome", "completion_import_row", ["run_id", "outcome", "line"])
    op.create_index(op.f("ix_completion_import_row_school_id"), "completion_import_row", ["school_id"])
    op.create_table(
        "completion_import_effect",
        *_row("completion_import_effect"),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("completion_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_completion_import_effect_run_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_completion_import_effect_run_id"), "completion_import_effect", ["run_id"])
    op.create_index(op.f("ix_completion_import_effect_school_id"), "completion_import_effect", ["school_id"])


def _add_certificates() -> None:
    op.create_table(
        "training_certificate",
        *_row("training_certificate"),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("state", _closed_set("state", "reading", "waiting"), server_default="reading", nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("course_id", sa.Uuid(), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        _of_the_school("training_certificate", "file_id", "training_file", "RESTRICT"),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_training_certificate_school_id_staff_id"),
            ondelete="SET NULL (staff_id)",
        ),
        _course("training_certificate"),
        _account("training_certificate", "uploaded_by"),
    )
    op.create_index("ix_training_certificate_school_id_state", "training_certificate", ["school_id", "state"])


def downgrade() -> None:
    raise NotImplementedError(
        "completions by link or certificate have no place in the earlier tables: restore the backup made before the "
        "upgrade"
    )
