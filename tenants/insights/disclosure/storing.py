"""Keeps a draft with its files, and the true values behind it where only the worker reads them."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from prevent_trust.database import db, new_id
from tenants.calendar.rules import Term
from tenants.insights.disclosure.catalogue import CatalogueTable
from tenants.insights.disclosure.checking import Checked
from tenants.insights.disclosure.files import About, files_of
from tenants.insights.disclosure.headlines import headlines
from tenants.insights.disclosure.ledger import Out, ledger_size
from tenants.insights.disclosure.models import (
    LIVE,
    DraftState,
    Release,
    ReleaseDraft,
    ReleaseDraftFile,
    ReleaseValue,
)
from tenants.insights.disclosure.naming import ELSEWHERE, NumberNames
from tenants.insights.disclosure.system import Layout
from tenants.insights.disclosure.tables import Writer
from tenants.insights.disclosure.types import ProtectedRelease, ProtectedTable
from tenants.organisations.queries import authority_names

RULES_VERSION = "suppression-2"


@dataclass(frozen=True)
class Owner:
    """Whose release it is: an authority's, or a group's with the authorities that are added up."""

    name: str
    authority_id: uuid.UUID | None
    group_id: uuid.UUID | None = None
    authorities: tuple[uuid.UUID, ...] | None = None

    @property
    def keys(self) -> Mapping[str, uuid.UUID | None]:
        return {"authority_id": self.authority_id, "group_id": self.group_id}

    @property
    def about(self) -> tuple[uuid.UUID, ...]:
        """The authorities whose schools are in it."""
        return self.authorities or ((self.authority_id,) if self.authority_id else ())


def is_taken(owner: Owner, term: str) -> bool:
    """Whether a draft of this lives, or it is out."""
    live = select(ReleaseDraft.id).where(ReleaseDraft.term == term, ReleaseDraft.state.in_(LIVE))
    out = select(Release.id).where(Release.term == term)
    if owner.group_id:
        live, out = live.where(ReleaseDraft.group_id == owner.group_id), out.where(Release.group_id == owner.group_id)
    else:
        live = live.where(ReleaseDraft.authority_id == owner.authority_id)
        out = out.where(Release.authority_id == owner.authority_id)
    return db.session.scalar(live.limit(1)) is not None or db.session.scalar(out.limit(1)) is not None


def store_draft(
    owner: Owner,
    *,
    key: str,
    title: str,
    term: Term,
    layout: Layout,
    tables: Sequence[CatalogueTable],
    checked: Checked,
    before: Sequence[Out],
    more: Sequence[ProtectedTable] = (),
    waiting: Sequence[tuple[str, str]] = (),
    request_id: uuid.UUID | None = None,
) -> uuid.UUID | None:
    """Writes the draft, its values and, when it passed, its files. None when another draft was quicker. Flushes.

    `before` are the owner's own releases, for the comparison with them; `more` are tables that need no protection, and
    `waiting` those that this release has not, with the reason.
    """
    done, draft_id = checked.done, new_id()
    found = db.session.scalar(
        insert(ReleaseDraft)
        .values(
            id=draft_id,
            **owner.keys,
            authorities=list(owner.authorities) if owner.authorities else None,
            authority_name=owner.name,
            term=key,
            title=title,
            as_at=term.last_day,
            period_from=term.first_day,
            period_until=term.last_day,
            request_id=request_id,
            state=DraftState.AWAITING if checked.passed else DraftState.REFUSED,
            ledger=ledger_size(owner.about),
            schools=len(layout.figures.classes) or None,
            audit_passed=checked.passed,
            problem=checked.problem,
            document=done.document if done else {},
            report={**checked.report(), **_in_words(layout, tables, checked)},
            audit=checked.audit.report() if checked.audit else {},
            code_version=RULES_VERSION,
        )
        .on_conflict_do_nothing()
        .returning(ReleaseDraft.id)
    )
    if found is None:
        return None
    values: dict[str, Any] = {"values": dict(done.values), "for_auditor": done.for_auditor} if done else {}
    figures = layout.figures.as_json()
    db.session.add(
        ReleaseValue(draft_id=draft_id, **owner.keys, **{"values": {}, "for_auditor": {}} | values, figures=figures)
    )
    if checked.passed:
        content = _content(layout, tables, checked, before)
        content = replace(content, tables=(*more, *content.tables), waiting=(*content.waiting, *waiting))
        _add_files(owner, draft_id, title, term, content, checked)
    db.session.flush()
    return draft_id


def _in_words(layout: Layout, tables: Sequence[CatalogueTable], checked: Checked) -> Mapping[str, Any]:
    """For the publisher: what the hidden numbers are called, those that no table shows, and those the audit complains of."""
    if checked.done is None:
        return {}
    problems = checked.audit.problems if checked.audit else ()
    hidden = (key for key, cell in checked.done.cells.items() if cell.is_hidden)
    wanted = (*hidden, *checked.done.for_auditor["sensitive"], *(problem.cell for problem in problems))
    names = NumberNames(layout, tables, checked.done, authority_names())
    named = {key: names.of(key) for key in wanted}
    unseen = [key for key, each in named.items() if key not in checked.done.cells and each.what != ELSEWHERE]
    return {"names": {key: asdict(each) for key, each in named.items()}, "unseen": unseen}


def _add_files(
    owner: Owner, draft_id: uuid.UUID, title: str, term: Term, content: ProtectedRelease, checked: Checked
) -> None:
    about = About(title, owner.name, term.last_day, RULES_VERSION)
    document = checked.done.document if checked.done else {}
    for name, (media_type, body) in files_of(about, content, document).items():
        db.session.add(
            ReleaseDraftFile(
                draft_id=draft_id,
                **owner.keys,
                name=name,
                media_type=media_type,
                body=body,
                sha256=hashlib.sha256(body).hexdigest(),
            )
        )


def _content(
    layout: Layout, tables: Sequence[CatalogueTable], checked: Checked, before: Sequence[Out]
) -> ProtectedRelease:
    waiting = tuple((table.title, table.waits) for table in layout.catalogue.tables if table.waits)
    if checked.done is None:
        return ProtectedRelease(None, layout.rules, (), waiting=waiting)
    writer = Writer(layout, checked.done)
    written = tuple(found for entry in tables if (found := writer.table(entry)) is not None)
    past = [(each.title, each.content) for each in before if each.standing and not each.term.startswith("request-")]
    return ProtectedRelease(
        schools=len(layout.figures.classes),
        rules=layout.rules,
        tables=written,
        open_schools=sum(layout.figures.open_schools.values()),
        headlines=headlines(written, past),
        waiting=waiting,
    )
