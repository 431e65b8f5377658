"""own documents: of a trust or a school, editions in parts, and confirmations of the parts that were read"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
TABLES = ("document", "document_edition", "document_part")
# Schools read their trust's; only the trust writes them. What is shared is read by all and written by the platform.
SEEN = (
    "num_nonnulls(school_id, trust_id) = 0 or school_id = any ((select visible_schools())::uuid[])"
    " or trust_id = any ((select visible_trusts())::uuid[])"
)
WRITTEN = (
    "case when trust_id is not null then trust_id = scope_key('trust')"
    " when school_id is not null then school_id = any ((select visible_schools())::uuid[]) else scope_is_platform() end"
)
# Every part that an edition listed by its title is a row; its content stays where the edition's address leads.
PARTS = """
insert into document_part (document_edition_id, position, title, audience, kind, sha256)
select e.id, p.number - 1, p.title,
  array(select jsonb_array_elements_text(coalesce(e.part_audience -> p.title, '[]'))), 'whole',
  encode(sha256(convert_to(concat_ws(E'\\n', d.key, e.label, p.title, coalesce(e.address, '')), 'UTF8')), 'hex')
from document_edition e
join document d on d.id = e.document_id
cross join unnest(e.parts) with ordinality as p (title, number)
"""


def upgrade() -> None:
    _add_owners()
    _add_parts()
    _extend_confirmations()
    for table in TABLES:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        for policy in ("seen", "added", "changed", "removed"):
            op.execute(f"drop policy if exists {policy} on {table}")
        op.execute(f"create policy seen on {table} for select using ({SEEN})")
        op.execute(f"create policy added on {table} for insert with check ({WRITTEN})")
        op.execute(f"create policy changed on {table} for update using ({WRITTEN}) with check ({WRITTEN})")
        op.execute(f"create policy removed on {table} for delete using ({WRITTEN})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _owned(table: str) -> None:
    """Whose a row is: a school's, a trust's, or shared."""
    for owner in ("school", "trust"):
        op.create_foreign_key(op.f(f"fk_{table}_{owner}_id"), table, owner, [f"{owner}_id"], ["id"])
        op.create_index(op.f(f"ix_{table}_{owner}_id"), table, [f"{owner}_id"])
    op.create_check_constraint(op.f(f"ck_{table}_one_owner"), table, "num_nonnulls(school_id, trust_id) < 2")


def _add_owners() -> None:
    op.add_column("document", sa.Column("own_editions", sa.Boolean(), server_default="false", nullable=False))
    for table in ("document", "document_edition"):
        for owner in ("school_id", "trust_id"):
            op.add_column(table, sa.Column(owner, sa.Uuid(), nullable=True))
        _owned(table)
    for column in (
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("asks", sa.String(64), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
    ):
        op.add_column("document_edition", column)
    op.create_check_constraint(op.f("ck_document_edition_asks"), "document_edition", "asks in ('everybody', 'changed')")
    op.create_check_constraint(
        op.f("ck_document_edition_withdrawn_was_published"),
        "document_edition",
        "withdrawn_on is null or published_on is not null",
    )
    for column, table in (("follows_id", "document_edition"), ("made_by", "account")):
        op.create_foreign_key(
            op.f(f"fk_document_edition_{column}"), "document_edition", table, [column], ["id"], ondelete="SET NULL"
        )
    op.execute("alter table document_edition no force row level security")
    op.execute("update document_edition set published_on = in_force_from")
    op.drop_constraint(op.f("uq_document_edition_document_id_label"), "document_edition", type_="unique")
    op.drop_constraint(op.f("uq_document_edition_document_id_in_force_from"), "document_edition", type_="unique")
    op.create_unique_constraint(
        op.f("uq_document_edition_document_id_school_id_trust_id_label"),
        "document_edition",
        ["document_id", "school_id", "trust_id", "label"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "uq_document_edition_one_draft",
        "document_edition",
        ["document_id", "school_id", "trust_id"],
        unique=True,
        postgresql_where=sa.text("published_on is null"),
        postgresql_nulls_not_distinct=True,
    )


def _add_parts() -> None:
    op.create_table(
        "document_part",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("document_edition_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("audience", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "whole", "text", "file", "address", name="kind", native_enum=False, create_constraint=True, length=64
            ),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("same_as_before", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'text') = (text is not null) and (kind = 'address') = (address is not null)"
            " and (kind = 'file') = (num_nonnulls(storage_key, file_name, media_type, size) = 4)"
            " and num_nonnulls(storage_key, file_name, media_type, size) in (0, 4)",
            name=op.f("ck_document_part_content_of_its_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["document_edition_id"],
            ["document_edition.id"],
            name=op.f("fk_document_part_document_edition_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_part")),
        sa.UniqueConstraint(
            "document_edition_id", "position", name=op.f("uq_document_part_document_edition_id_position")
        ),
    )
    _owned("document_part")
    op.execute(PARTS)
    op.drop_column("document_edition", "parts")
    op.drop_column("document_edition", "part_audience")


def _extend_confirmations() -> None:
    op.add_column("reading_confirmation", sa.Column("parts", postgresql.ARRAY(sa.Uuid()), nullable=True))
    op.add_column("reading_confirmation", sa.Column("carried_from_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_reading_confirmation_school_id_id"), "reading_confirmation", ["school_id", "id"]
    )
    op.create_foreign_key(
        op.f("fk_reading_confirmation_school_id_carried_from_id"),
        "reading_confirmation",
        "reading_confirmation",
        ["school_id", "carried_from_id"],
        ["school_id", "id"],
        ondelete="CASCADE",
    )
    op.create_index(
        op.f("ix_reading_confirmation_school_id_carried_from_id"),
        "reading_confirmation",
        ["school_id", "carried_from_id"],
        postgresql_where=sa.text("carried_from_id is not null"),
    )
    op.drop_constraint(op.f("ck_reading_confirmation_source"), "reading_confirmation", type_="check")
    op.create_check_constraint(
        op.f("ck_reading_confirmation_source"),
        "reading_confirmation",
        "source in ('recorded', 'paper', 'link', 'carried')",
    )
    op.create_check_constraint(
        op.f("ck_reading_confirmation_carried_from_somewhere"),
        "reading_confirmation",
        "source <> 'carried' or carried_from_id is not null",
    )


def downgrade() -> None:
    raise NotImplementedError(
        "documents of schools and trusts have no place in the earlier tables: restore the backup made before the upgrade"
    )
