"""Which schools may be in a release, given those of the releases before it."""

import hashlib
import uuid
from collections.abc import Sequence

from tenants.insights.disclosure.types import ReleaseRules

Schools = frozenset[uuid.UUID]


def comparable_schools(candidates: Schools, others: Sequence[Schools], rules: ReleaseRules) -> Schools:
    """Those of the candidates that may be in a release, given the schools of the other releases within a year of it.

    Figures are stocks: a release with one school more than the last would give that school away by subtraction. So
    against each of the other releases, the schools that are in one of the two only are none, or at least
    `changed_schools`. Fewer joiners wait for the next release. When fewer have left (closed, or moved to another
    authority), further schools are set aside with them, always the same ones first, so that enough are missing.
    Releases more than a year apart are not compared: by then every school has changed its own figures.
    """
    chosen = candidates
    changed = True
    while changed and chosen:
        changed = False
        for other in others:
            joined = chosen - other
            if 0 < len(joined) < rules.changed_schools:
                chosen, changed = chosen - joined, True
            left = other - chosen
            if 0 < len(left) < rules.changed_schools:
                set_aside = frozenset(sorted(chosen & other, key=_drawn)[: rules.changed_schools - len(left)])
                chosen, changed = chosen - set_aside, changed or bool(set_aside)
    return chosen


def _drawn(school_id: uuid.UUID) -> bytes:
    """A fixed order of schools that says nothing of them."""
    return hashlib.sha256(school_id.bytes).digest()
