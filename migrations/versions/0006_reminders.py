"""reminders: rules that trusts and schools change, a ledger of each line, stops, delegation, bounces"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BOTH = "prevent_web, prevent_worker"
# Asked once for a statement. Written bare, beside an "or" or in a check of what is added, the function would be asked again for
# every row: for a local authority's 160 schools that takes 4 ms each time.
OF_SCHOOL = "school_id = any ((select visible_schools())::uuid[])"
OF_TRUST = "trust_id = any ((select visible_trusts())::uuid[])"
# A digest for somebody at several schools is put together by the worker, which sees what is for that mailbox and no more.
OF_RECIPIENT = "(current_user = 'prevent_worker' and recipient = scope_key('recipient'))"
OF_EITHER = f"{OF_SCHOOL} or {OF_TRUST}"
WRITTEN_BY_EITHER = f"case when trust_id is not null then trust_id = scope_key('trust') else {OF_SCHOOL} end"

# table -> (who may see a row, add one, change or remove one)
POLICIES = {
    "reminder_item": (f"{OF_SCHOOL} or {OF_RECIPIENT}", OF_SCHOOL, f"{OF_SCHOOL} or {OF_RECIPIENT}"),
    "reminder_rule": (OF_EITHER, WRITTEN_BY_EITHER, WRITTEN_BY_EITHER),
    "reminder_stop": (OF_SCHOOL,) * 3,
    "delegation": (OF_EITHER, WRITTEN_BY_EITHER, WRITTEN_BY_EITHER),
}


def upgrade() -> None:
    _extend_mail()
    _add_items()
    _add_changes()
    _move_weekly_digests()
    _ask_once_about_memberships()
    for table, (seen, added, changed) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy seen on {table} for select using ({seen})")
        op.execute(f"create policy added on {table} for insert with check ({added})")
        op.execute(f"create policy changed on {table} for update using ({changed}) with check ({changed})")
        op.execute(f"create policy removed on {table} for delete using ({changed})")
        op.execute(f"grant select, insert, update, delete on {table} to {BOTH}")


def _ask_once_about_memberships() -> None:
    """What membership's policy of migration 0002 says, asked once for a statement."""
    op.execute("drop policy seen on membership")
    op.execute(
        "create policy seen on membership for select using ("
        f"account_id = scope_account() or {OF_SCHOOL} or {OF_TRUST} or scope_is_platform())"
    )


def _extend_mail() -> None:
    op.add_column("outgoing_mail", sa.Column("stop_address", sa.Text(), nullable=True))
    op.add_column("outgoing_mail", sa.Column("once_key", sa.Text(), nullable=True))
    op.add_column("outgoing_mail", sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_outgoing_mail_once_key"), "outgoing_mail", ["once_key"])
    op.create_index(
        "ix_outgoing_mail_bounced",
        "outgoing_mail",
        [sa.text("lower(to_address)")],
        postgresql_where=sa.text("bounced_at is not null"),
    )
    op.create_index(
        "ix_outgoing_mail_handed_over",
        "outgoing_mail",
        ["created_at"],
        postgresql_where=sa.text("state = 'handed_over'"),
    )
    op.drop_constraint(op.f("ck_outgoing_mail_state"), "outgoing_mail", type_="check")
    op.create_check_constraint(
        op.f("ck_outgoing_mail_state"),
        "outgoing_mail",
        "state in ('waiting', 'handed_over', 'sent', 'kept', 'refused', 'bounced')",
    )


def _add_items() -> None:
    states = ("planned", "waiting", "sent", "kept", "uncertain", "refused", "bounced")
    op.create_table(
        "reminder_item",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("thing", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recipient", sa.Uuid(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("instead_of", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("escalated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*states, name="state", native_enum=False, create_constraint=True, length=64),
            server_default="planned",
            nullable=False,
        ),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("mail_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reminder_item_school_id")),
        sa.ForeignKeyConstraint(["mail_id"], ["outgoing_mail.id"], name=op.f("fk_reminder_item_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_item")),
        sa.UniqueConstraint(
            "school_id",
            "person",
            "rule",
            "thing",
            "stage",
            name=op.f("uq_reminder_item_school_id_person_rule_thing_stage"),
        ),
    )
    op.create_index("ix_reminder_item_school_id_day", "reminder_item", ["school_id", "day"])
    op.create_index(
        "ix_reminder_item_mail_id", "reminder_item", ["mail_id"], postgresql_where=sa.text("mail_id is not null")
    )
    op.create_index(
        "ix_reminder_item_recipient", "reminder_item", ["recipient"], postgresql_where=sa.text("mail_id is null")
    )


def _add_changes() -> None:
    op.create_table(
        "reminder_rule",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("days_before", sa.Integer(), nullable=True),
        sa.Column("days_after", sa.Integer(), nullable=True),
        sa.Column("every_days", sa.Integer(), nullable=True),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("escalate_to", sa.Text(), nullable=True),
        sa.Column("escalate_after", sa.Integer(), nullable=True),
        sa.Column("at_most", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(school_id, trust_id) = 1", name=op.f("ck_reminder_rule_one_tenant")),
        sa.CheckConstraint(
            "coalesce(days_before, 0) between 0 and 180 and coalesce(days_after, 0) between 0 and 180"
            " and coalesce(every_days, 0) between 0 and 180 and coalesce(escalate_after, 1) between 1 and 180"
            " and coalesce(at_most, 1) between 1 and 7",
            name=op.f("ck_reminder_rule_in_range"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reminder_rule_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_reminder_rule_trust_id")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["account.id"], name=op.f("fk_reminder_rule_changed_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_rule")),
        sa.UniqueConstraint(
            "key",
            "school_id",
            "trust_id",
            name=op.f("uq_reminder_rule_key_school_id_trust_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_reminder_rule_school_id", "reminder_rule", ["school_id"])
    op.create_index("ix_reminder_rule_trust_id", "reminder_rule", ["trust_id"])
    op.create_table(
        "reminder_stop",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_reminder_stop_school_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_stop")),
        sa.UniqueConstraint("school_id", "person", "rule", name=op.f("uq_reminder_stop_school_id_person_rule")),
    )
    op.create_table(
        "delegation",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("trust_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("to_account_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(school_id, trust_id) = 1", name=op.f("ck_delegation_one_tenant")),
        sa.CheckConstraint("until_on >= from_on", name=op.f("ck_delegation_until_after_from")),
        sa.CheckConstraint("account_id <> to_account_id", name=op.f("ck_delegation_to_somebody_else")),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_delegation_school_id")),
        sa.ForeignKeyConstraint(["trust_id"], ["trust.id"], name=op.f("fk_delegation_trust_id")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_delegation_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["account.id"], name=op.f("fk_delegation_to_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index("ix_delegation_school_id", "delegation", ["school_id"])
    op.create_index("ix_delegation_trust_id", "delegation", ["trust_id"])


def _move_weekly_digests() -> None:
    """The digests sent so far become lines of the ledger, one each, with their reasons in one sentence."""
    for table in ("reminder", "outgoing_mail"):  # also the owner of the tables sees no rows without a stamp
        op.execute(f"alter table {table} no force row level security")
    op.execute(
        """
        insert into reminder_item (school_id, person, rule, thing, stage, day, recipient, to_address, to_name, because,
          words, page, state, problem, mail_id, created_at)
        select r.school_id, r.account_id, 'weekly-digest', 'digest', r.period,
          (r.created_at at time zone 'Europe/London')::date, r.account_id, m.to_address, m.to_name, 'Prevent lead',
          coalesce((select string_agg(each ->> 'words', '; ' order by place)
            from jsonb_array_elements(r.reasons) with ordinality as reason (each, place)), ''), '',
          case m.state when 'handed_over' then 'uncertain' else m.state end, m.problem, r.mail_id, r.created_at
        from reminder r join outgoing_mail m on m.id = r.mail_id
        where r.kind = 'weekly_digest'
        """
    )
    op.execute("delete from reminder where kind = 'weekly_digest'")
    op.drop_constraint(op.f("ck_reminder_kind"), "reminder", type_="check")
    op.create_check_constraint(op.f("ck_reminder_kind"), "reminder", "kind in ('chase')")
    for table in ("reminder", "outgoing_mail"):
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    raise NotImplementedError(
        "what was sent line by line has no place in the earlier tables: restore the backup made before the upgrade"
    )
