"""Reads of the register of references."""

from collections.abc import Iterable

from sqlalchemy import select

from prevent_trust.database import db
from tenants.references.models import Reference


def references_by_key(keys: Iterable[str]) -> list[Reference]:
    """The entries of those keys, by title. Keys that the register does not have are left out."""
    return list(db.session.scalars(select(Reference).where(Reference.key.in_(list(keys))).order_by(Reference.title)))
