"""Which schools may be in a release, given the releases before it."""

import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.insights.disclosure.membership import comparable_schools
from tenants.insights.disclosure.types import ReleaseRules

RULES = ReleaseRules()
IDS = [uuid.UUID(int=n) for n in range(1, 80)]


def test_one_school_that_joined_waits() -> None:
    before = frozenset(IDS[:20])
    assert comparable_schools(before | {IDS[30]}, [before], RULES) == before


def test_five_schools_that_joined_come_in_together() -> None:
    before = frozenset(IDS[:20])
    assert comparable_schools(before | set(IDS[30:35]), [before], RULES) == before | set(IDS[30:35])


def test_when_one_school_leaves_four_more_are_set_aside() -> None:
    before = frozenset(IDS[:20])
    chosen = comparable_schools(before - {IDS[0]}, [before], RULES)
    assert IDS[0] not in chosen
    assert len(before - chosen) == 5


def test_the_same_schools_as_before_stay() -> None:
    assert comparable_schools(frozenset(IDS[:20]), [frozenset(IDS[:20])], RULES) == frozenset(IDS[:20])


some_schools = st.frozensets(st.sampled_from(IDS[:30]), min_size=0, max_size=30)


@settings(max_examples=100, deadline=None)
@given(some_schools, st.lists(st.frozensets(st.sampled_from(IDS[:30]), min_size=10), max_size=3))
def test_no_two_near_releases_differ_by_one_to_four_schools(
    candidates: frozenset[uuid.UUID], others: list[frozenset[uuid.UUID]]
) -> None:
    chosen = comparable_schools(candidates, others, RULES)
    assert chosen <= candidates
    for other in others:
        if chosen:
            assert len(chosen - other) not in range(1, 5)
            assert len(other - chosen) not in range(1, 5)
