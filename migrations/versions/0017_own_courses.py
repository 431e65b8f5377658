"""own courses of a trust; its rules for posts from a day, by phase, with days of warning; certificates of what staff say"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A school that has left a trust keeps its own records of that trust's courses, so it goes on reading what they are called.
KEPT = """
create function course_is_kept(course uuid) returns boolean language sql stable parallel safe
begin atomic
  select exists (
    select from training_completion t where t.school_id = scope_key('school') and t.course_id = course
    union all
    select from training_proof t where t.school_id = scope_key('school') and t.course_id = course
    union all
    select from training_ask t where t.school_id = scope_key('school') and t.course_id = course
  );
end;
"""
SEEN = (
    "trust_id is null or trust_id = any ((select visible_trusts())::uuid[])"
    " or ((select scope_key('school')) is not null and course_is_kept(id))"
)
WRITTEN = "case when trust_id is null then scope_is_platform() else trust_id = scope_key('trust') end"


def upgrade() -> None:
    op.add_column("course", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_course_trust_id"), "course", "trust", ["trust_id"], ["id"])
    op.create_index(op.f("ix_course_trust_id"), "course", ["trust_id"])
    op.create_check_constraint(
        op.f("ck_course_own_is_asked_by_rules"),
        "course",
        "trust_id is null or not is_asked and split_from is null",
    )
    op.execute(KEPT)
    for policy in ("seen", "added", "changed", "removed"):
        op.execute(f"drop policy {policy} on course")
    op.execute(f"create policy seen on course for select using ({SEEN})")
    op.execute(f"create policy added on course for insert with check ({WRITTEN})")
    op.execute(f"create policy changed on course for update using ({WRITTEN}) with check ({WRITTEN})")
    op.execute(f"create policy removed on course for delete using ({WRITTEN})")
    _date_rules_for_posts()
    _read_certificates_of_statements()


def _date_rules_for_posts() -> None:
    op.add_column("cover_rule", sa.Column("from_on", sa.Date(), nullable=True))
    op.add_column("cover_rule", sa.Column("phases", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column("cover_rule", sa.Column("warning_days", sa.Integer(), server_default="30", nullable=False))
    op.add_column("cover_rule", sa.Column("changed_by", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_cover_rule_changed_by"), "cover_rule", "account", ["changed_by"], ["id"], ondelete="SET NULL"
    )
    op.create_check_constraint(op.f("ck_cover_rule_warning_in_range"), "cover_rule", "warning_days between 0 and 365")
    op.create_check_constraint(
        op.f("ck_cover_rule_shipped_holds_everywhere"),
        "cover_rule",
        "trust_id is not null or (from_on is null and phases = '{}')",
    )
    op.drop_constraint(op.f("uq_cover_rule_key_trust_id"), "cover_rule", type_="unique")
    op.create_unique_constraint(
        op.f("uq_cover_rule_key_trust_id_from_on"),
        "cover_rule",
        ["key", "trust_id", "from_on"],
        postgresql_nulls_not_distinct=True,
    )
    # Until now nobody could take a rule away; one that was made today may be.
    op.execute("grant delete on cover_rule to prevent_web, prevent_worker")


def _read_certificates_of_statements() -> None:
    op.create_unique_constraint(op.f("uq_training_statement_school_id_id"), "training_statement", ["school_id", "id"])
    op.add_column("training_certificate", sa.Column("statement_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_training_certificate_school_id_statement_id"),
        "training_certificate",
        "training_statement",
        ["school_id", "statement_id"],
        ["school_id", "id"],
        ondelete="CASCADE",
    )


def downgrade() -> None:
    raise NotImplementedError(
        "own courses and dated rules for posts have no place in the earlier tables: restore the backup made before the"
        " upgrade"
    )
