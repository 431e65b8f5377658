"""What was said of a source the last time: its columns, its words for schools, and who a bare name is."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.imports.models import ImportKind
from tenants.imports.remembered import head_key
from tenants.imports.staff.models import RememberedAs, RememberedWord, SavedMapping
from tenants.imports.staff.reader import StaffMapping

OF_REJECTED_ROWS = ("line", "why it was not taken")  # columns that this service adds to files it gives back
_LONGEST_NAME = 200


def word_key(word: str) -> str:
    """A word of a file as it is compared: lower case, marks dropped, spaces made single."""
    kept = "".join(letter if letter.isalnum() else " " for letter in word.lower().replace("’", "").replace("'", ""))
    return " ".join(kept.split())[:200]


def headers_key(headers: Sequence[str]) -> str:
    """A fingerprint of a header row, by which the exports of a source are recognised; their order does not matter."""
    heads = sorted({head_key(header) for header in headers} - {"", *OF_REJECTED_ROWS})
    return hashlib.sha256("\n".join(heads).encode()).hexdigest()


def _owner(scope: SchoolScope | TrustScope) -> dict[str, uuid.UUID]:
    return {"trust_id": scope.trust_id} if isinstance(scope, TrustScope) else {"school_id": scope.school_id}


def _owned(scope: SchoolScope | TrustScope) -> ColumnElement[bool]:
    return (
        SavedMapping.trust_id == scope.trust_id
        if isinstance(scope, TrustScope)
        else SavedMapping.school_id == scope.school_id
    )


def saved_mappings(scope: SchoolScope | TrustScope) -> list[SavedMapping]:
    """The sources whose columns are known, the last used first."""
    require_bound(scope)
    return list(
        db.session.scalars(
            select(SavedMapping)
            .where(_owned(scope), SavedMapping.kind == ImportKind.STAFF)
            .order_by(SavedMapping.used_at.desc(), SavedMapping.id)
        )
    )


def recognised(scope: SchoolScope | TrustScope, headers: Sequence[str], name: str | None) -> SavedMapping | None:
    """The saved mapping of that name, else of these headers; none whose columns are not all in the file."""
    key = headers_key(headers)
    for saved in saved_mappings(scope):
        wanted = saved.name.lower() == name.lower() if name else saved.headers == key
        if wanted and set(saved.mapping["columns"].values()) <= set(headers):
            return saved
    return None


def save_mapping(
    scope: SchoolScope | TrustScope, *, name: str, headers: Sequence[str], mapping: StaffMapping, now: datetime
) -> None:
    """Keeps which column is what under the source's name, over what it was before."""
    require_bound(scope)
    name = " ".join(name.split())[:_LONGEST_NAME]
    there = next((saved for saved in saved_mappings(scope) if saved.name.lower() == name.lower()), None)
    values: dict[str, Any] = {"headers": headers_key(headers), "mapping": mapping.to_json(), "used_at": now}
    if there is None:
        db.session.add(SavedMapping(kind=ImportKind.STAFF, name=name, **_owner(scope), **values))
    else:
        there.headers, there.mapping, there.used_at = values["headers"], values["mapping"], now
    db.session.flush()


def remembered_words(scope: SchoolScope | TrustScope, about: RememberedAs) -> dict[str, uuid.UUID | None]:
    """What the owner's words were said to mean."""
    require_bound(scope)
    owned = (
        RememberedWord.trust_id == scope.trust_id
        if isinstance(scope, TrustScope)
        else RememberedWord.school_id == scope.school_id
    )
    rows = db.session.execute(
        select(RememberedWord.word, RememberedWord.means).where(owned, RememberedWord.about == about)
    )
    return {row.word: row.means for row in rows}


def remember_words(scope: SchoolScope | TrustScope, about: RememberedAs, words: Mapping[str, uuid.UUID | None]) -> None:
    """Keeps what words mean, over what they meant before."""
    require_bound(scope)
    for word, means in words.items():
        statement = insert(RememberedWord).values(id=new_id(), about=about, word=word, means=means, **_owner(scope))
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["about", "word", "school_id", "trust_id"], set_={"means": statement.excluded.means}
            )
        )
