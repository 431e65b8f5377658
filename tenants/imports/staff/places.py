"""Which of the schools a word in the file means: a URN, a UKPRN, a name, or what somebody said the last time."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.tenancy import SchoolScope, TrustScope, require_bound
from tenants.imports.staff.models import RememberedAs
from tenants.imports.staff.remembered import remembered_words, word_key
from tenants.organisations.models import FormerUrn
from tenants.organisations.queries import schools_of_trust

LEFT_OUT = "is at a school that you left out"


@dataclass
class Places:
    """Where the lines of a file belong. `school_of` answers with a school, or with the reason why there is none."""

    only: uuid.UUID | None = None
    known: dict[str, uuid.UUID] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)

    def school_of(self, word: str | None) -> tuple[uuid.UUID | None, str | None]:
        """The school and no reason, no school and a reason why the line is rejected, or neither: somebody must say."""
        if self.only is not None:
            return self.only, None
        key = word_key(word or "")
        if not key:
            return None, "does not say at which school the person works"
        found = self.known.get(key)
        if found is None and key in self.left_out:
            return None, LEFT_OUT
        return found, None


def places_of_scope(scope: SchoolScope | TrustScope) -> Places:
    """What words mean for the files of a school, where there is nothing to ask, or of a trust. Few queries."""
    require_bound(scope)
    if isinstance(scope, SchoolScope):
        return Places(only=scope.school_id)
    schools = schools_of_trust(scope.trust_id)
    here = {school.id for school in schools}
    known = _unambiguous((word_key(school.name), school.id) for school in schools)
    for school in schools:
        known[str(school.urn)] = school.id
        if school.ukprn:
            known[school.ukprn] = school.id
    former = db.session.execute(select(FormerUrn.urn, FormerUrn.school_id).where(FormerUrn.school_id.in_(here)))
    known |= {str(urn): school_id for urn, school_id in former}
    said = remembered_words(scope, RememberedAs.SCHOOL)
    known |= {word: school_id for word, school_id in said.items() if school_id in here}
    return Places(known=known, left_out={word for word, school_id in said.items() if school_id is None})


def _unambiguous(pairs: Iterable[tuple[str, uuid.UUID]]) -> dict[str, uuid.UUID]:
    """Names that one school alone has."""
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for word, school_id in pairs:
        found[word].add(school_id)
    return {word: next(iter(ids)) for word, ids in found.items() if len(ids) == 1}
