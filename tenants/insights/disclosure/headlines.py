"""The few figures that are read first, with what changed since the last comparable release, in words that know about noise.

Only published numbers come in: of this release, and of those before it. A change is called one only where it is larger
than chance would bring about often: twice the standard error of the difference, shares as binomial and counts as Poisson
(the usual approximation; with fewer than 10 of anything nothing is said about change at all).
"""

from collections.abc import Sequence
from math import sqrt

from tenants.insights.disclosure.types import Headline, ProtectedRelease, ProtectedRow, ProtectedTable

FEWEST = 10
MOST_PAST = 5


def headlines(tables: Sequence[ProtectedTable], before: Sequence[tuple[str, ProtectedRelease]]) -> tuple[Headline, ...]:
    """`before` are the titles and contents of the authority's earlier term releases that still stand, oldest first."""
    found = [
        *_coverage(_rows(tables, "training"), "training", "staff who need it have it"),
        *_coverage(_rows(tables, "reading"), "reading", "staff who must read it have confirmed it"),
        *_sections(_rows(tables, "plan")),
        *_referrals(_rows(tables, "referral-rates")),
    ]
    return tuple(_with_past(each, before) for each in found)


def _rows(tables: Sequence[ProtectedTable], key: str) -> tuple[ProtectedRow, ...]:
    return next((table.rows for table in tables if table.key == key), ())


def _number(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if digits.isdigit() else None


def _coverage(rows: Sequence[ProtectedRow], key: str, words: str) -> list[Headline]:
    found = []
    for row in rows:
        need, have = _number(row.cells[0].text), _number(row.cells[1].text)
        if need and have is not None and row.cells[2].symbol is None:
            said = f"{row.cells[2].text} of {need:,} {words}"
            found.append(Headline(f"{key}:{row.heading}", row.heading, said, value=have, of=need))
    return found


def _sections(rows: Sequence[ProtectedRow]) -> list[Headline]:
    found = []
    for row in rows:
        green, schools = _number(row.cells[0].text), _number(row.cells[-1].text)
        if green is not None and schools:
            said = f"{green:,} of {schools:,} schools are green"
            found.append(Headline(f"plan:{row.heading}", row.heading, said, value=green, of=schools))
    return found


def _referrals(rows: Sequence[ProtectedRow]) -> list[Headline]:
    if not rows or (count := _number(rows[0].cells[0].text)) is None:
        return []
    said = f"{count:,} made in the academic year so far, {rows[0].cells[2].text} per 1,000 pupils"
    return [Headline("referrals", "Referrals", said, value=count)]


def _with_past(now: Headline, before: Sequence[tuple[str, ProtectedRelease]]) -> Headline:
    past = [
        (title, next((each for each in content.headlines if each.key == now.key), None)) for title, content in before
    ]
    known = [(title, each) for title, each in past if each is not None]
    texts = tuple((title, each.words) for title, each in known[-MOST_PAST:])
    change = ""
    if now.of is not None:  # referrals are of the year so far: each term's release has more of them
        change = (
            change_in_words(now, known[-1][1], known[-1][0]) if known else "There is no release to compare it with."
        )
    return Headline(now.key, now.title, now.words, change, now.value, now.of, texts)


def change_in_words(now: Headline, then: Headline, when: str) -> str:
    """What a difference of two published shares may be called. Needs both with their numbers."""
    if now.value is None or then.value is None or not now.of or not then.of:
        return ""
    if min(now.of, then.of) < FEWEST:
        return f"Too few to compare with {when}."
    share, before = now.value / now.of, then.value / then.of
    both = (now.value + then.value) / (now.of + then.of)
    noise = 2 * sqrt(both * (1 - both) * (1 / now.of + 1 / then.of))
    points = round(100 * abs(share - before))
    if abs(share - before) <= noise or not points:
        return f"About the same as in {when}: the difference is no larger than chance often brings."
    direction = "Up" if share > before else "Down"
    return f"{direction} by {points} percentage {'point' if points == 1 else 'points'} since {when}."
