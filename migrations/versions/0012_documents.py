"""documents: the reading rule belongs to an edition, with the roles that read each part"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "document_edition",
        sa.Column("part_audience", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("document_edition", sa.Column("reading_rule", sa.Text(), server_default="", nullable=False))
    op.execute("update document_edition e set reading_rule = d.reading_rule from document d where d.id = e.document_id")
    op.drop_column("document", "reading_rule")


def downgrade() -> None:
    raise NotImplementedError(
        "a rule of each edition has no place in the earlier tables: restore the backup made before the upgrade"
    )
