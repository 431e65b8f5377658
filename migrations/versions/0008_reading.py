"""reading: campaigns that ask by mail, a link for each person, the hash of what was confirmed"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"


def upgrade() -> None:
    op.add_column("reading_confirmation", sa.Column("edition_sha256", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_reading_confirmation_source"), "reading_confirmation", type_="check")
    op.create_check_constraint(
        op.f("ck_reading_confirmation_source"), "reading_confirmation", "source in ('recorded', 'paper', 'link')"
    )
    _add_campaigns()
    _add_links()
    for table in ("reading_campaign", "reading_link"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy of_school on {table} using ({OF_SCHOOL}) with check ({OF_SCHOOL})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _add_campaigns() -> None:
    op.create_table(
        "reading_campaign",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("document_edition_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reading_campaign_school_id")),
        sa.ForeignKeyConstraint(
            ["document_edition_id"], ["document_edition.id"], name=op.f("fk_reading_campaign_document_edition_id")
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["account.id"], name=op.f("fk_reading_campaign_made_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_campaign")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_reading_campaign_school_id_id")),
    )
    op.create_index(
        "uq_reading_campaign_running",
        "reading_campaign",
        ["school_id", "document_edition_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
    )


def _add_links() -> None:
    op.create_table(
        "reading_link",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reading_link_school_id")),
        sa.ForeignKeyConstraint(["mail_id"], ["outgoing_mail.id"], name=op.f("fk_reading_link_mail_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "campaign_id"],
            ["reading_campaign.school_id", "reading_campaign.id"],
            name=op.f("fk_reading_link_school_id_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_reading_link_school_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_link")),
        sa.UniqueConstraint(
            "school_id", "campaign_id", "staff_id", name=op.f("uq_reading_link_school_id_campaign_id_staff_id")
        ),
    )
    op.create_index("ix_reading_link_school_id_staff_id", "reading_link", ["school_id", "staff_id"])


def downgrade() -> None:
    raise NotImplementedError(
        "confirmations by link have no place in the earlier tables: restore the backup made before the upgrade"
    )
