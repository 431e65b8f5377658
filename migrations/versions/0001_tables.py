"""tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("fs_uniquifier", sa.Text(), nullable=False),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_account_fs_uniquifier")),
    )
    op.create_index("uq_account_email", "account", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "concern_type",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("release_year", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_type")),
        sa.UniqueConstraint("release_year", "key", name=op.f("uq_concern_type_release_year_key")),
    )
    op.create_table(
        "course",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("requirement", sa.Text(), server_default="", nullable=False),
        sa.Column("validity_months", sa.Integer(), nullable=True),
        sa.Column("audience", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "validity_months is null or validity_months between 1 and 120",
            name=op.f("ck_course_validity_in_range"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint("key", name=op.f("uq_course_key")),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), server_default="", nullable=False),
        sa.Column("audience", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("reading_rule", sa.Text(), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint("key", name=op.f("uq_document_key")),
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "arguments",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            server_default="queued",
            nullable=False,
        ),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("log", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("once_key", sa.Text(), nullable=True),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("once_key", name=op.f("uq_job_run_once_key")),
    )
    op.create_index("ix_job_run_scope_created_at", "job_run", ["scope", "created_at"], unique=False)
    op.create_index(
        "ix_job_run_unfinished",
        "job_run",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.create_table(
        "local_authority",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{3}$'", name=op.f("ck_local_authority_code_three_digits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_authority")),
        sa.UniqueConstraint("code", name=op.f("uq_local_authority_code")),
    )
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "handed_over",
                "sent",
                "kept",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            server_default="waiting",
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("try_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
    )
    op.create_index("ix_outgoing_mail_scope_created_at", "outgoing_mail", ["scope", "created_at"], unique=False)
    op.create_index(
        "ix_outgoing_mail_waiting",
        "outgoing_mail",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "reference",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("superseded_by", sa.Text(), nullable=True),
        sa.Column("last_checked", sa.Date(), nullable=False),
        sa.Column(
            "certainty",
            sa.Enum(
                "official",
                "second_hand",
                "general",
                name="certainty",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("patterns", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("advice", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference")),
        sa.UniqueConstraint("key", name=op.f("uq_reference_key")),
    )
    op.create_table(
        "trust",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("group_uid", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "multi_academy",
                "single_academy",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("companies_house_number", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust")),
        sa.UniqueConstraint("group_uid", name=op.f("uq_trust_group_uid")),
    )
    op.create_table(
        "document_edition",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("in_force_from", sa.Date(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("parts", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_document_edition_document_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_edition")),
        sa.UniqueConstraint("document_id", "in_force_from", name=op.f("uq_document_edition_document_id_in_force_from")),
        sa.UniqueConstraint("document_id", "label", name=op.f("uq_document_edition_document_id_label")),
    )
    op.create_table(
        "release",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("as_at", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_until", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_release_authority_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("authority_id", "term", name=op.f("uq_release_authority_id_term")),
    )
    op.create_table(
        "school",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("urn", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "open_proposed_to_close",
                "closed",
                "proposed_to_open",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("type_name", sa.Text(), nullable=True),
        sa.Column("type_group", sa.Text(), nullable=True),
        sa.Column("pupils", sa.Integer(), nullable=True),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("ukprn", sa.Text(), nullable=True),
        sa.Column("low_age", sa.Integer(), nullable=True),
        sa.Column("high_age", sa.Integer(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("pupils is null or pupils >= 0", name=op.f("ck_school_pupils_not_negative")),
        sa.CheckConstraint("urn between 100000 and 999999", name=op.f("ck_school_urn_six_digits")),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_school_authority_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school")),
        sa.UniqueConstraint("urn", name=op.f("uq_school_urn")),
    )
    op.create_index(op.f("ix_school_authority_id"), "school", ["authority_id"], unique=False)
    op.create_index("ix_school_name", "school", [sa.literal_column("lower(name)")], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_audit_entry_account_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["authority_id"],
            ["local_authority.id"],
            name=op.f("fk_audit_entry_authority_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_audit_entry_school_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_audit_entry_trust_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_created_at", "audit_entry", ["created_at"], unique=False)
    op.create_index("ix_audit_entry_school_id_created_at", "audit_entry", ["school_id", "created_at"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "emergency",
                "police",
                "mash",
                "prevent_officer",
                "channel_panel",
                "counter_extremism",
                "trust",
                "school",
                "other",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), server_default="", nullable=False),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(school_id, trust_id, authority_id) <= 1", name=op.f("ck_contact_one_owner")),
        sa.CheckConstraint("num_nonnulls(telephone, email, address) >= 1", name=op.f("ck_contact_reachable")),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_contact_authority_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_contact_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_contact_trust_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index("ix_contact_authority_id", "contact", ["authority_id"], unique=False)
    op.create_index("ix_contact_school_id", "contact", ["school_id"], unique=False)
    op.create_index("ix_contact_trust_id", "contact", ["trust_id"], unique=False)
    op.create_table(
        "edition",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "source",
            sa.Enum("built_in", "imported", name="source", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=False),
        sa.Column("introduction", sa.Text(), server_default="", nullable=False),
        sa.Column("leftovers", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(source = 'imported') = (school_id is not null)", name=op.f("ck_edition_imported_has_school")
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_edition_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint(
            "key", "school_id", name=op.f("uq_edition_key_school_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "former_urn",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("urn", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_former_urn_school_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_urn")),
        sa.UniqueConstraint("urn", name=op.f("uq_former_urn_urn")),
    )
    op.create_index(op.f("ix_former_urn_school_id"), "former_urn", ["school_id"], unique=False)
    op.create_table(
        "import_run",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("gias", "plan", "staff", name="kind", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "reading",
                "previewed",
                "applying",
                "applied",
                "failed",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            server_default="uploaded",
            nullable=False,
        ),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("preview", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'gias') = (school_id is null)", name=op.f("ck_import_run_register_has_no_school")),
        sa.ForeignKeyConstraint(
            ["requested_by"], ["account.id"], name=op.f("fk_import_run_requested_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_import_run_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index("ix_import_run_school_id_created_at", "import_run", ["school_id", "created_at"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "prevent_lead",
                "school_reader",
                "trust_lead",
                "trust_reader",
                "authority_officer",
                "platform_administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "\ncase\n  when role in ('prevent_lead', 'school_reader') then school_id is not null and trust_id is null and authority_id is null\n  when role in ('trust_lead', 'trust_reader') then trust_id is not null and school_id is null and authority_id is null\n  when role = 'authority_officer' then authority_id is not null and school_id is null and trust_id is null\n  else school_id is null and trust_id is null and authority_id is null\nend\n",
            name=op.f("ck_invitation_one_tenant"),
        ),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_invitation_authority_id")),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["account.id"], name=op.f("fk_invitation_invited_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_invitation_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_invitation_trust_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    op.create_index(op.f("ix_invitation_school_id"), "invitation", ["school_id"], unique=False)
    op.create_index(op.f("ix_invitation_trust_id"), "invitation", ["trust_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "prevent_lead",
                "school_reader",
                "trust_lead",
                "trust_reader",
                "authority_officer",
                "platform_administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("authority_id", sa.Uuid(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "\ncase\n  when role in ('prevent_lead', 'school_reader') then school_id is not null and trust_id is null and authority_id is null\n  when role in ('trust_lead', 'trust_reader') then trust_id is not null and school_id is null and authority_id is null\n  when role = 'authority_officer' then authority_id is not null and school_id is null and trust_id is null\n  else school_id is null and trust_id is null and authority_id is null\nend\n",
            name=op.f("ck_membership_one_tenant"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_membership_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_membership_authority_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_membership_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_membership_trust_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_account_id"), "membership", ["account_id"], unique=False)
    op.create_index("ix_membership_authority_id", "membership", ["authority_id"], unique=False)
    op.create_index("ix_membership_school_id", "membership", ["school_id"], unique=False)
    op.create_index("ix_membership_trust_id", "membership", ["trust_id"], unique=False)
    op.create_index(
        "uq_membership_once",
        "membership",
        ["account_id", "role", "school_id", "trust_id", "authority_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "referral",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("cpoms_reference", sa.Text(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("concern_type_id", sa.Uuid(), nullable=False),
        sa.Column(
            "route",
            sa.Enum(
                "national_form",
                "mash",
                "police",
                "local_form",
                name="route",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("follow_up_due_on", sa.Date(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "adopted",
                "signposted",
                "no_further_action",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["concern_type_id"], ["concern_type.id"], name=op.f("fk_referral_concern_type_id")),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_referral_made_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_referral_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_referral_school_id_id")),
        sa.UniqueConstraint("school_id", "reference", name=op.f("uq_referral_school_id_reference")),
    )
    op.create_index("ix_referral_school_id_made_on", "referral", ["school_id", "made_on"], unique=False)
    op.create_table(
        "release_file",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_release_file_authority_id")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_release_file_release_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_file")),
        sa.UniqueConstraint("release_id", "name", name=op.f("uq_release_file_release_id_name")),
    )
    op.create_table(
        "release_value",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("authority_id", sa.Uuid(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("audit", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["local_authority.id"], name=op.f("fk_release_value_authority_id")),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_release_value_release_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_value")),
        sa.UniqueConstraint("release_id", name=op.f("uq_release_value_release_id")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("weekly_digest", "chase", name="kind", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_reminder_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["outgoing_mail.id"], name=op.f("fk_reminder_mail_id")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reminder_school_id")),
        sa.ForeignKeyConstraint(["sent_by"], ["account.id"], name=op.f("fk_reminder_sent_by"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "school_id",
            "account_id",
            "kind",
            "period",
            name=op.f("uq_reminder_school_id_account_id_kind_period"),
        ),
    )
    op.create_index("ix_reminder_mail_id", "reminder", ["mail_id"], unique=False)
    op.create_table(
        "staff_member",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("staff_code", sa.Text(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("leaves_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "leaves_on is null or starts_on is null or leaves_on >= starts_on",
            name=op.f("ck_staff_member_leaves_after_start"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_member_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_staff_member_school_id_id")),
    )
    op.create_index("ix_staff_member_school_id_leaves_on", "staff_member", ["school_id", "leaves_on"], unique=False)
    op.create_index(
        "uq_staff_member_staff_code",
        "staff_member",
        ["school_id", sa.literal_column("lower(staff_code)")],
        unique=True,
        postgresql_where=sa.text("staff_code is not null"),
    )
    op.create_table(
        "trust_membership",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("trust_id", sa.Uuid(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "left_on is null or joined_on is null or left_on >= joined_on",
            name=op.f("ck_trust_membership_left_after_joined"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_trust_membership_school_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trust_id"], ["trust.id"], name=op.f("fk_trust_membership_trust_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trust_membership")),
    )
    op.create_index(
        "ix_trust_membership_trust_id_school_id", "trust_membership", ["trust_id", "school_id"], unique=False
    )
    op.create_index(
        "uq_trust_membership_current",
        "trust_membership",
        ["school_id"],
        unique=True,
        postgresql_where=sa.text("left_on is null"),
    )
    op.create_table(
        "edition_section",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "theme",
            sa.Enum(
                "risk_assessment",
                "partnership",
                "training",
                "online_safety",
                "resilience",
                name="theme",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=True,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["edition.id"], name=op.f("fk_edition_section_edition_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_edition_section_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_section")),
        sa.UniqueConstraint("edition_id", "key", name=op.f("uq_edition_section_edition_id_key")),
    )
    op.create_index(op.f("ix_edition_section_school_id"), "edition_section", ["school_id"], unique=False)
    op.create_table(
        "import_rejection",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cells", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["import_run.id"], name=op.f("fk_import_rejection_run_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_import_rejection_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rejection")),
    )
    op.create_index(op.f("ix_import_rejection_run_id"), "import_rejection", ["run_id"], unique=False)
    op.create_index(op.f("ix_import_rejection_school_id"), "import_rejection", ["school_id"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_plan_edition_id")),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_plan_made_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_plan_school_id_id")),
    )
    op.create_table(
        "reading_confirmation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("document_edition_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_on", sa.Date(), nullable=False),
        sa.Column(
            "source",
            sa.Enum("recorded", "paper", name="source", native_enum=False, create_constraint=True, length=64),
            server_default="recorded",
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_edition_id"],
            ["document_edition.id"],
            name=op.f("fk_reading_confirmation_document_edition_id"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["account.id"],
            name=op.f("fk_reading_confirmation_recorded_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_reading_confirmation_school_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reading_confirmation_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading_confirmation")),
        sa.UniqueConstraint(
            "school_id",
            "document_edition_id",
            "staff_id",
            name=op.f("uq_reading_confirmation_school_id_document_edition_id_staff_id"),
        ),
    )
    op.create_index("ix_reading_confirmation_staff_id", "reading_confirmation", ["staff_id"], unique=False)
    op.create_table(
        "referral_stage",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "made",
                "police_gateway",
                "information_gathering",
                "channel_panel",
                "closed",
                name="stage",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("reached_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["account.id"], name=op.f("fk_referral_stage_recorded_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "referral_id"],
            ["referral.school_id", "referral.id"],
            name=op.f("fk_referral_stage_school_id_referral_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_referral_stage_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_stage")),
        sa.UniqueConstraint(
            "school_id", "referral_id", "stage", name=op.f("uq_referral_stage_school_id_referral_id_stage")
        ),
    )
    op.create_table(
        "staff_role_held",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "prevent_lead",
                "dsl",
                "deputy_dsl",
                "headteacher",
                "slt",
                "computing_lead",
                "governor",
                "link_governor",
                "teaching",
                "support",
                "it_service",
                "volunteer",
                "contractor",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=False,
        ),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "until_on is null or from_on is null or until_on >= from_on",
            name=op.f("ck_staff_role_held_until_after_from"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_staff_role_held_school_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_staff_role_held_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_role_held")),
    )
    op.create_index("ix_staff_role_held_school_id_staff_id", "staff_role_held", ["school_id", "staff_id"], unique=False)
    op.create_index(
        "uq_staff_role_held_current",
        "staff_role_held",
        ["staff_id", "role"],
        unique=True,
        postgresql_where=sa.text("until_on is null"),
    )
    op.create_table(
        "training_completion",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column(
            "source",
            sa.Enum("recorded", "imported", name="source", native_enum=False, create_constraint=True, length=64),
            server_default="recorded",
            nullable=False,
        ),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name=op.f("fk_training_completion_course_id")),
        sa.ForeignKeyConstraint(
            ["recorded_by"],
            ["account.id"],
            name=op.f("fk_training_completion_recorded_by"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "staff_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_training_completion_school_id_staff_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_training_completion_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_completion")),
        sa.UniqueConstraint(
            "school_id",
            "course_id",
            "staff_id",
            "completed_on",
            name=op.f("uq_training_completion_school_id_course_id_staff_id_completed_on"),
        ),
    )
    op.create_index("ix_training_completion_staff_id", "training_completion", ["staff_id"], unique=False)
    op.create_table(
        "edition_duty",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_edition_duty_school_id")),
        sa.ForeignKeyConstraint(
            ["section_id"],
            ["edition_section.id"],
            name=op.f("fk_edition_duty_section_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_duty")),
    )
    op.create_index(op.f("ix_edition_duty_school_id"), "edition_duty", ["school_id"], unique=False)
    op.create_index(op.f("ix_edition_duty_section_id"), "edition_duty", ["section_id"], unique=False)
    op.create_table(
        "plan_finding",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("reference_key", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["dismissed_by"], ["account.id"], name=op.f("fk_plan_finding_dismissed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "plan_id"],
            ["plan.school_id", "plan.id"],
            name=op.f("fk_plan_finding_school_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_finding_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_finding")),
    )
    op.create_index("ix_plan_finding_school_id_plan_id", "plan_finding", ["school_id", "plan_id"], unique=False)
    op.create_table(
        "plan_period",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("current_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "current_until is null or current_until >= current_from",
            name=op.f("ck_plan_period_period_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "plan_id"],
            ["plan.school_id", "plan.id"],
            name=op.f("fk_plan_period_school_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_period_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_period")),
    )
    op.create_index("ix_plan_period_school_id_plan_id", "plan_period", ["school_id", "plan_id"], unique=False)
    op.create_index(
        "uq_plan_period_current",
        "plan_period",
        ["school_id"],
        unique=True,
        postgresql_where=sa.text("current_until is null"),
    )
    op.create_table(
        "edition_expectation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("duty_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["duty_id"], ["edition_duty.id"], name=op.f("fk_edition_expectation_duty_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_edition_expectation_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_expectation")),
    )
    op.create_index(op.f("ix_edition_expectation_duty_id"), "edition_expectation", ["duty_id"], unique=False)
    op.create_index(op.f("ix_edition_expectation_school_id"), "edition_expectation", ["school_id"], unique=False)
    op.create_table(
        "edition_action",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("edition_id", sa.Uuid(), nullable=False),
        sa.Column("expectation_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("good_looks_like", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("dfe_area", sa.Text(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("target_percent", sa.Integer(), nullable=True),
        sa.Column("recurs_months", sa.Integer(), nullable=True),
        sa.Column("reference_keys", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(measure is null) = (target_percent is null)", name=op.f("ck_edition_action_measure_has_target")
        ),
        sa.CheckConstraint(
            "target_percent is null or target_percent between 1 and 100",
            name=op.f("ck_edition_action_target_is_percentage"),
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["edition.id"], name=op.f("fk_edition_action_edition_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["expectation_id"],
            ["edition_expectation.id"],
            name=op.f("fk_edition_action_expectation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_edition_action_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_action")),
        sa.UniqueConstraint("edition_id", "key", name=op.f("uq_edition_action_edition_id_key")),
    )
    op.create_index(op.f("ix_edition_action_expectation_id"), "edition_action", ["expectation_id"], unique=False)
    op.create_index(op.f("ix_edition_action_school_id"), "edition_action", ["school_id"], unique=False)
    op.create_table(
        "plan_action",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("edition_action_id", sa.Uuid(), nullable=True),
        sa.Column("expectation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "theme",
            sa.Enum(
                "risk_assessment",
                "partnership",
                "training",
                "online_safety",
                "resilience",
                name="theme",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            nullable=True,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("own_wording", sa.Text(), nullable=True),
        sa.Column("own_roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("target_percent", sa.Integer(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(edition_action_id is null) = (own_wording is not null)",
            name=op.f("ck_plan_action_own_has_wording"),
        ),
        sa.CheckConstraint(
            "removed_at is null or edition_action_id is null", name=op.f("ck_plan_action_only_own_removed")
        ),
        sa.ForeignKeyConstraint(
            ["edition_action_id"], ["edition_action.id"], name=op.f("fk_plan_action_edition_action_id")
        ),
        sa.ForeignKeyConstraint(
            ["expectation_id"], ["edition_expectation.id"], name=op.f("fk_plan_action_expectation_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_plan_action_made_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["school_id", "plan_id"],
            ["plan.school_id", "plan.id"],
            name=op.f("fk_plan_action_school_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_action_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_action")),
        sa.UniqueConstraint("school_id", "id", name=op.f("uq_plan_action_school_id_id")),
    )
    op.create_index("ix_plan_action_school_id_plan_id", "plan_action", ["school_id", "plan_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("file", "link", name="kind", native_enum=False, create_constraint=True, length=64),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'file') = (storage_key is not null)", name=op.f("ck_evidence_file_has_storage_key")
        ),
        sa.CheckConstraint("(kind = 'link') = (address is not null)", name=op.f("ck_evidence_link_has_address")),
        sa.ForeignKeyConstraint(["added_by"], ["account.id"], name=op.f("fk_evidence_added_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["removed_by"], ["account.id"], name=op.f("fk_evidence_removed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["plan_action.school_id", "plan_action.id"],
            name=op.f("fk_evidence_school_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_evidence_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_school_id_action_id", "evidence", ["school_id", "action_id"], unique=False)
    op.create_table(
        "plan_answer",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "not_answered",
                "not_met",
                "partly_met",
                "met",
                "not_applicable",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=64,
            ),
            server_default="not_answered",
            nullable=False,
        ),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("owner_role", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "recorded_from",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("recorded_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "recorded_until is null or recorded_until >= recorded_from",
            name=op.f("ck_plan_answer_recorded_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_plan_answer_changed_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["plan_action.school_id", "plan_action.id"],
            name=op.f("fk_plan_answer_school_id_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "owner_id"],
            ["staff_member.school_id", "staff_member.id"],
            name=op.f("fk_plan_answer_school_id_owner_id"),
            ondelete="SET NULL (owner_id)",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_plan_answer_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_answer")),
    )
    op.create_index(
        "ix_plan_answer_school_id_action_id_recorded_from",
        "plan_answer",
        ["school_id", "action_id", "recorded_from"],
        unique=False,
    )
    op.create_index(
        "uq_plan_answer_current",
        "plan_answer",
        ["action_id"],
        unique=True,
        postgresql_where=sa.text("recorded_until is null"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_plan_answer_current", table_name="plan_answer", postgresql_where=sa.text("recorded_until is null")
    )
    op.drop_index("ix_plan_answer_school_id_action_id_recorded_from", table_name="plan_answer")
    op.drop_table("plan_answer")
    op.drop_index("ix_evidence_school_id_action_id", table_name="evidence")
    op.drop_table("evidence")
    op.drop_index("ix_plan_action_school_id_plan_id", table_name="plan_action")
    op.drop_table("plan_action")
    op.drop_index(op.f("ix_edition_action_school_id"), table_name="edition_action")
    op.drop_index(op.f("ix_edition_action_expectation_id"), table_name="edition_action")
    op.drop_table("edition_action")
    op.drop_index(op.f("ix_edition_expectation_school_id"), table_name="edition_expectation")
    op.drop_index(op.f("ix_edition_expectation_duty_id"), table_name="edition_expectation")
    op.drop_table("edition_expectation")
    op.drop_index("uq_plan_period_current", table_name="plan_period", postgresql_where=sa.text("current_until is null"))
    op.drop_index("ix_plan_period_school_id_plan_id", table_name="plan_period")
    op.drop_table("plan_period")
    op.drop_index("ix_plan_finding_school_id_plan_id", table_name="plan_finding")
    op.drop_table("plan_finding")
    op.drop_index(op.f("ix_edition_duty_section_id"), table_name="edition_duty")
    op.drop_index(op.f("ix_edition_duty_school_id"), table_name="edition_duty")
    op.drop_table("edition_duty")
    op.drop_index("ix_training_completion_staff_id", table_name="training_completion")
    op.drop_table("training_completion")
    op.drop_index(
        "uq_staff_role_held_current",
        table_name="staff_role_held",
        postgresql_where=sa.text("until_on is null"),
    )
    op.drop_index("ix_staff_role_held_school_id_staff_id", table_name="staff_role_held")
    op.drop_table("staff_role_held")
    op.drop_table("referral_stage")
    op.drop_index("ix_reading_confirmation_staff_id", table_name="reading_confirmation")
    op.drop_table("reading_confirmation")
    op.drop_table("plan")
    op.drop_index(op.f("ix_import_rejection_school_id"), table_name="import_rejection")
    op.drop_index(op.f("ix_import_rejection_run_id"), table_name="import_rejection")
    op.drop_table("import_rejection")
    op.drop_index(op.f("ix_edition_section_school_id"), table_name="edition_section")
    op.drop_table("edition_section")
    op.drop_index(
        "uq_trust_membership_current",
        table_name="trust_membership",
        postgresql_where=sa.text("left_on is null"),
    )
    op.drop_index("ix_trust_membership_trust_id_school_id", table_name="trust_membership")
    op.drop_table("trust_membership")
    op.drop_index(
        "uq_staff_member_staff_code",
        table_name="staff_member",
        postgresql_where=sa.text("staff_code is not null"),
    )
    op.drop_index("ix_staff_member_school_id_leaves_on", table_name="staff_member")
    op.drop_table("staff_member")
    op.drop_index("ix_reminder_mail_id", table_name="reminder")
    op.drop_table("reminder")
    op.drop_table("release_value")
    op.drop_table("release_file")
    op.drop_index("ix_referral_school_id_made_on", table_name="referral")
    op.drop_table("referral")
    op.drop_index("uq_membership_once", table_name="membership", postgresql_nulls_not_distinct=True)
    op.drop_index("ix_membership_trust_id", table_name="membership")
    op.drop_index("ix_membership_school_id", table_name="membership")
    op.drop_index("ix_membership_authority_id", table_name="membership")
    op.drop_index(op.f("ix_membership_account_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_index(op.f("ix_invitation_trust_id"), table_name="invitation")
    op.drop_index(op.f("ix_invitation_school_id"), table_name="invitation")
    op.drop_table("invitation")
    op.drop_index("ix_import_run_school_id_created_at", table_name="import_run")
    op.drop_table("import_run")
    op.drop_index(op.f("ix_former_urn_school_id"), table_name="former_urn")
    op.drop_table("former_urn")
    op.drop_table("edition")
    op.drop_index("ix_contact_trust_id", table_name="contact")
    op.drop_index("ix_contact_school_id", table_name="contact")
    op.drop_index("ix_contact_authority_id", table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_audit_entry_school_id_created_at", table_name="audit_entry")
    op.drop_index("ix_audit_entry_created_at", table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index("ix_school_name", table_name="school")
    op.drop_index(op.f("ix_school_authority_id"), table_name="school")
    op.drop_table("school")
    op.drop_table("release")
    op.drop_table("document_edition")
    op.drop_table("trust")
    op.drop_table("reference")
    op.drop_index("ix_outgoing_mail_waiting", table_name="outgoing_mail", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("ix_outgoing_mail_scope_created_at", table_name="outgoing_mail")
    op.drop_table("outgoing_mail")
    op.drop_table("local_authority")
    op.drop_index(
        "ix_job_run_unfinished",
        table_name="job_run",
        postgresql_where=sa.text("state in ('queued', 'running')"),
    )
    op.drop_index("ix_job_run_scope_created_at", table_name="job_run")
    op.drop_table("job_run")
    op.drop_table("document")
    op.drop_table("course")
    op.drop_table("concern_type")
    op.drop_index("uq_account_email", table_name="account")
    op.drop_table("account")
