"""What columns meant the last time: kept for the schools of a trust, or for a school that is in none."""

import uuid
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, require_bound
from tenants.imports.models import ImportKind, RememberedColumn

LONGEST_HEAD = 200


def head_key(head: str) -> str:
    """A column's head as it is compared: lower case, spaces made single, cut where no head is longer."""
    return " ".join(head.lower().split())[:LONGEST_HEAD]


def remembered_columns(scope: SchoolScope, kind: ImportKind) -> dict[str, str]:
    """What each head meant, by its key: the school's own word, else its trust's. One query."""
    require_bound(scope)
    rows = db.session.execute(
        select(RememberedColumn.head, RememberedColumn.field)
        .where(
            RememberedColumn.kind == kind,
            (RememberedColumn.school_id == scope.school_id)
            | (RememberedColumn.trust_id == func.any(func.visible_trusts())),
        )
        .order_by(RememberedColumn.school_id.is_not(None))
    )
    return dict(rows.all())


def remember_columns(scope: SchoolScope, kind: ImportKind, heads: Mapping[str, str]) -> None:
    """Keeps what the heads of a document were taken to mean, over what they meant before."""
    require_bound(scope)
    trust_id: uuid.UUID | None = db.session.scalar(select(func.unnest(func.visible_trusts())).limit(1))
    owner = {"trust_id": trust_id} if trust_id else {"school_id": scope.school_id}
    for head, field in heads.items():
        if key := head_key(head):
            statement = insert(RememberedColumn).values(id=new_id(), kind=kind, head=key, field=field, **owner)
            db.session.execute(
                statement.on_conflict_do_update(
                    index_elements=["kind", "head", "school_id", "trust_id"], set_={"field": statement.excluded.field}
                )
            )
