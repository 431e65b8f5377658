"""What a change between two releases may be called."""

import pytest

from tenants.insights.disclosure.catalogue import catalogue, group_of
from tenants.insights.disclosure.headlines import change_in_words
from tenants.insights.disclosure.requests import NotAsked, entry_of
from tenants.insights.disclosure.types import Headline
from tenants.insights.disclosure.writing import percent_cell, rate_cell


def share(value: int, of: int) -> Headline:
    return Headline("training:x", "x", "", value=value, of=of)


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ((60, 100), (58, 100), "About the same as in Autumn: the difference is no larger than chance often brings."),
        ((900, 1000), (800, 1000), "Up by 10 percentage points since Autumn."),
        ((800, 1000), (900, 1000), "Down by 10 percentage points since Autumn."),
        ((5, 9), (9, 9), "Too few to compare with Autumn."),
    ],
)
def test_a_change_is_called_one_when_it_is_larger_than_chance(
    now: tuple[int, int], then: tuple[int, int], words: str
) -> None:
    assert change_in_words(share(*now), share(*then), "Autumn") == words


def test_a_percentage_never_says_all_of_what_is_not_and_a_low_rate_is_not_none() -> None:
    assert percent_cell(999, 1000).text == "99%"
    assert percent_cell(1000, 1000).text == "100%"
    assert (percent_cell(1, 1000).text, percent_cell(0, 1000).text) == ("low", "0%")
    assert (rate_cell(6, 900_000).text, rate_cell(0, 900).text) == ("low", "0.0")
    assert percent_cell(None, 10).is_hidden
    assert rate_cell(None, 10).is_hidden


def test_every_table_of_the_catalogue_is_made() -> None:
    data = catalogue()
    assert len({table.key for table in data.tables}) == len(data.tables)
    assert [table.key for table in data.tables if table.waits] == []
    assert "posts" not in {table.key for table in data.without(["posts"])}
    assert group_of(data.phases, "Primary") == "primary"
    assert group_of(data.phases, None) == "other"


@pytest.mark.parametrize(
    ("subject", "by"),
    [("staff", ["phase"]), ("posts", []), ("posts", ["concern"]), ("referrals", ["phase", "kind", "concern"])],
)
def test_what_nobody_can_ask_for(subject: str, by: list[str]) -> None:
    with pytest.raises(NotAsked):
        entry_of(subject, by)
