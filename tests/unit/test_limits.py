"""Limits of shares: around all together, wider for fewer people, and the same judgement as Wilson's interval."""

from math import sqrt

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenants.insights.limits import DEVIATIONS, Share, judged, together


def wilson(share: Share) -> tuple[float, float]:
    """The score interval as Wilson wrote it."""
    z, n, p = DEVIATIONS, share.of, share.value
    middle, reach = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


def test_a_large_school_far_below_is_outside_and_a_small_one_with_the_same_share_is_not() -> None:
    found = judged({"large": Share(60, 120), "small": Share(2, 4), "rest": Share(900, 1000)})
    assert found["large"].is_below
    assert found["large"].points_outside > 20
    assert not found["small"].is_below
    assert found["small"].points_outside == 0
    assert found["small"].low < found["large"].low


def test_nobody_is_outside_where_all_or_none_hold_it_and_who_has_nobody_is_left_out() -> None:
    for has in (0, 10):
        found = judged({"one": Share(has, 10), "other": Share(has * 5, 50), "empty": Share(0, 0)})
        assert set(found) == {"one", "other"}
        assert not any(each.points_outside for each in found.values())
    assert judged({}) == {}


shares = st.integers(1, 300).flatmap(lambda of: st.builds(Share, st.integers(0, of), st.just(of)))


@settings(max_examples=100)
@given(st.lists(shares, min_size=2, max_size=12))
@example([Share(1, 1), Share(0, 1)])
def test_a_school_is_outside_exactly_when_all_together_lie_outside_its_own_interval(found: list[Share]) -> None:
    whole = together(found).value
    for share, each in zip(found, judged(dict(enumerate(found))).values(), strict=True):
        low, high = wilson(share)
        if min(abs(whole - low), abs(whole - high)) > 1e-9 and 0 < whole < 1:
            assert each.is_below == (whole > high)
            assert each.is_above == (whole < low)
