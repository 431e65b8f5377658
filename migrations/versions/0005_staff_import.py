"""staff lists of a school or a whole trust: read into rows, applied school by school, undone; mappings by source"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
# A run has up to hundreds of thousands of rows: what may be seen is worked out once for a statement, not once for a row.
AT_A_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
SCHOOL_OR_TRUST = f"case when school_id is not null then {AT_A_SCHOOL} else trust_id = (select scope_key('trust')) end"
RUN = (
    f"case when school_id is not null then {AT_A_SCHOOL} when trust_id is not null"
    " then trust_id = (select scope_key('trust')) else scope_is_platform() end"
)
# table -> (who may see a row, who may write one)
POLICIES = {
    "staff_import_row": (SCHOOL_OR_TRUST,) * 2,
    "staff_import_school": (AT_A_SCHOOL,) * 2,
    "staff_import_effect": (AT_A_SCHOOL,) * 2,
    "saved_mapping": (SCHOOL_OR_TRUST,) * 2,
    "remembered_word": (SCHOOL_OR_TRUST,) * 2,
}
STATES = ("uploaded", "reading", "previewed", "applying", "applied", "failed", "cancelled", "undoing", "undone")
KINDS = ("gias", "plan", "staff")


def upgrade() -> None:
    _let_a_trust_own_a_run()
    _add_rows()
    _add_what_was_done()
    _add_what_is_remembered()
    for table, (seen, written) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        _add_policies(table, seen, written)
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")
    for table in ("import_run", "import_rejection"):
        for policy in ("seen", "added", "changed", "removed"):
            op.execute(f"drop policy {policy} on {table}")
        _add_policies(table, RUN, RUN)
    for table in ("staff_member", "staff_role_held"):
        op.execute(f"alter policy added on {table} with check ({AT_A_SCHOOL})")


def _add_policies(table: str, seen: str, written: str) -> None:
    op.execute(f"create policy seen on {table} for select using ({seen})")
    op.execute(f"create policy added on {table} for insert with check ({written})")
    op.execute(f"create policy changed on {table} for update using ({written}) with check ({written})")
    op.execute(f"create policy removed on {table} for delete using ({written})")


def _let_a_trust_own_a_run() -> None:
    op.add_column("import_run", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.add_column("import_run", sa.Column("source_name", sa.Text(), nullable=True))
    op.add_column("import_run", sa.Column("automatic", sa.Boolean(), server_default="false", nullable=False))
    op.create_foreign_key("fk_import_run_trust_id", "import_run", "trust", ["trust_id"], ["id"])
    op.create_index("ix_import_run_trust_id_created_at", "import_run", ["trust_id", "created_at"])
    op.drop_constraint(op.f("ck_import_run_register_has_no_school"), "import_run")
    op.create_check_constraint(
        "one_owner", "import_run", "num_nonnulls(school_id, trust_id) = case when kind = 'gias' then 0 else 1 end"
    )
    op.drop_constraint(op.f("ck_import_run_state"), "import_run")
    words = ", ".join(f"'{state}'" for state in STATES)
    op.create_check_constraint("state", "import_run", f"state in ({words})")
    op.add_column("import_rejection", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_import_rejection_trust_id", "import_rejection", "trust", ["trust_id"], ["id"])


def _closed_set(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=64)


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False)


def _created_at() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _keys(table: str, *columns: str) -> list[sa.Constraint]:
    """The primary key, and foreign keys of the usual columns."""
    keys: list[sa.Constraint] = [sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]
    for column in columns:
        parent, gone = ("import_run", "CASCADE") if column == "run_id" else (column.removesuffix("_id"), None)
        name = op.f(f"fk_{table}_{column}")
        keys.append(sa.ForeignKeyConstraint([column], [f"{parent}.id"], name=name, ondelete=gone))
    return keys


def _one_owner(table: str) -> sa.Constraint:
    return sa.CheckConstraint("num_nonnulls(school_id, trust_id) = 1", name=op.f(f"ck_{table}_one_owner"))


def _add_rows() -> None:
    op.create_table(
        "staff_import_row",
        _id(),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("lines", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("school_word", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("staff_code", sa.Text(), nullable=True),
        sa.Column("trn", sa.Text(), nullable=True),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("roles_from", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("roles_until", postgresql.ARRAY(sa.Date()), nullable=False),
        sa.Column("roles_guessed", sa.Boolean(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("leaves_on", sa.Date(), nullable=True),
        sa.Column(
            "outcome",
            _closed_set(
                "outcome", "joins", "changes", "same", "unclear", "left_out", "gone", "unplaced", "rejected", "leaves"
            ),
            nullable=False,
        ),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("candidates", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
        sa.Column("changes", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decided", _closed_set("decided", "same", "new", "skip"), nullable=True),
        sa.Column("decided_staff_id", sa.Uuid(), nullable=True),
        _created_at(),
        _one_owner("staff_import_row"),
        sa.CheckConstraint(
            "coalesce(decided = 'same', false) = (decided_staff_id is not null)",
            name=op.f("ck_staff_import_row_whom"),
        ),
        *_keys("staff_import_row", "run_id", "school_id", "trust_id"),
    )
    op.create_index("ix_staff_import_row_run_id_school_id", "staff_import_row", ["run_id", "school_id"])


def _add_what_was_done() -> None:
    op.create_table(
        "staff_import_school",
        _id(),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column(
            "step",
            _closed_set("step", "waiting", "applied", "undone", "kept"),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        _created_at(),
        sa.UniqueConstraint("run_id", "school_id", name=op.f("uq_staff_import_school_run_id_school_id")),
        *_keys("staff_import_school", "run_id", "school_id"),
    )
    op.create_index("ix_staff_import_school_school_id", "staff_import_school", ["school_id"])
    op.create_table(
        "staff_import_effect",
        _id(),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _closed_set("kind", "joined", "changed", "left", "linked"), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        _created_at(),
        *_keys("staff_import_effect", "run_id", "school_id"),
    )
    op.create_index("ix_staff_import_effect_run_id_school_id", "staff_import_effect", ["run_id", "school_id", "kind"])


def _add_what_is_remembered() -> None:
    op.create_table(
        "saved_mapping",
        _id(),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("kind", _closed_set("kind", *KINDS), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        _created_at(),
        _one_owner("saved_mapping"),
        sa.UniqueConstraint(
            "kind", "name", "school_id", "trust_id",
            name=op.f("uq_saved_mapping_kind_name_school_id_trust_id"), postgresql_nulls_not_distinct=True,
        ),
        *_keys("saved_mapping", "school_id", "trust_id"),
    )  # fmt: skip
    op.create_table(
        "remembered_word",
        _id(),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("about", _closed_set("about", "school", "person"), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("means", sa.Uuid(), nullable=True),
        _created_at(),
        _one_owner("remembered_word"),
        sa.UniqueConstraint(
            "about", "word", "school_id", "trust_id",
            name=op.f("uq_remembered_word_about_word_school_id_trust_id"), postgresql_nulls_not_distinct=True,
        ),
        *_keys("remembered_word", "school_id", "trust_id"),
    )  # fmt: skip


def downgrade() -> None:
    raise NotImplementedError(
        "runs of trusts have no place in the earlier tables, and applied ones could no longer be undone: restore the"
        " backup made before the upgrade"
    )
