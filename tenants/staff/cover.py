"""A trust's rules for posts: what holds on a day, what held and will hold, and how the trust says it anew."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import TrustScope, require_bound
from tenants.access.models import Account
from tenants.staff.models import CoverRule, StaffRole

OWN_POSITION = 1_000  # behind the posts that the product ships


@dataclass(frozen=True)
class CoverTerms:
    """What is asked of a post. No phases: at every school. `warning_days` before training lapses a post is pointed out."""

    role: StaffRole
    at_least: int
    courses: Sequence[str]
    phases: Sequence[str]
    warning_days: int
    reason: str


def cover_rules(scope: TrustScope, *, as_at: date) -> list[CoverRule]:
    """The rule of each post that holds for the trust on the day, in the order of the posts. One query."""
    require_bound(scope)
    rows = db.session.scalars(
        select(CoverRule)
        .where(_ours(scope), or_(CoverRule.from_on.is_(None), CoverRule.from_on <= as_at))
        .ext(distinct_on(CoverRule.key))
        .order_by(CoverRule.key, CoverRule.trust_id.nulls_last(), CoverRule.from_on.desc().nulls_last())
    )
    return sorted(rows, key=lambda rule: (rule.position, rule.key))


@dataclass(frozen=True)
class CoverRuleSaid:
    """A rule and who made it; nobody for one that the product ships."""

    rule: CoverRule
    by: str | None


def rules_of_post(scope: TrustScope, key: str) -> list[CoverRuleSaid]:
    """All rules of a post, those to come too, the latest first; the shipped one, if there is one, last. One query."""
    require_bound(scope)
    rows = db.session.execute(
        select(CoverRule, Account.name)
        .outerjoin(Account, Account.id == CoverRule.changed_by)
        .where(_ours(scope), CoverRule.key == key)
        .order_by(CoverRule.trust_id.nulls_last(), CoverRule.from_on.desc().nulls_last())
    )
    return [CoverRuleSaid(rule, name) for rule, name in rows]


def _ours(scope: TrustScope) -> ColumnElement[bool]:
    return or_(CoverRule.trust_id.is_(None), CoverRule.trust_id == scope.trust_id)


def set_cover_rule(
    scope: TrustScope, *, key: str | None, terms: CoverTerms, from_on: date, changed_by: uuid.UUID | None
) -> str:
    """Says what holds for a post at the trust's schools from a day; said again for the same day it takes its place.

    No key: a post of the trust's own. Returns the key. `at_least` from 0 (not asked for) to 50, warning from 0 to 365 days.
    """
    require_bound(scope)
    keys = {"trust_id": scope.trust_id, "key": key or f"own-{new_id().hex}", "from_on": from_on}
    shipped = db.session.scalar(
        select(CoverRule.position).where(CoverRule.trust_id.is_(None), CoverRule.key == keys["key"])
    )
    values = {
        "role": terms.role,
        "at_least": terms.at_least,
        "courses": list(terms.courses),
        "phases": list(terms.phases),
        "warning_days": terms.warning_days,
        "reason": terms.reason,
        "position": OWN_POSITION if shipped is None else shipped,
        "changed_by": changed_by,
    }
    statement = insert(CoverRule).values(id=new_id(), **keys, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["key", "trust_id", "from_on"], set_=values))
    return str(keys["key"])


def take_back_cover_rule(scope: TrustScope, *, key: str, from_on: date, today: date) -> bool:
    """Forgets a rule of today or of a day to come; what was said before it holds on. False when there is no such rule.

    Rules of earlier days stay, since the figures of those days hang on them.
    """
    require_bound(scope)
    removed = db.session.scalars(
        delete(CoverRule)
        .where(
            CoverRule.trust_id == scope.trust_id,
            CoverRule.key == key,
            CoverRule.from_on == from_on,
            CoverRule.from_on >= today,
        )
        .returning(CoverRule.id)
    ).all()
    return bool(removed)
