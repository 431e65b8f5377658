"""Which action of a school's own document is which of the edition's: suggested, with how sure, for the school to confirm."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LIKELY, POSSIBLE = 45, 22  # of 100
_STOP = frozenset(
    "a an all and are as at be been by can do each ensure for from has have in into is it its made make of on or our"
    " should that the their them they this through to up use used when where which who will with within school schools".split()
)
_ENDINGS = ("ations", "ation", "ings", "ing", "ments", "ment", "ies", "ers", "er", "ed", "es", "s", "e")
_SHORTEST_STEM = 4


@dataclass(frozen=True)
class Suggestion:
    """`score` from 0 to 100; `edition_key` is none where nothing is near enough. `sure` is likely or possible."""

    document_key: str
    edition_key: str | None
    score: int
    sure: str


def suggest_matches(document: Sequence[tuple[str, str]], edition: Sequence[tuple[str, str]]) -> list[Suggestion]:
    """One suggestion for each action of the document, given as (key, wording); no action of the edition stands twice.

    Words are weighed by how rare they are in both (inverse document frequency); wordings are compared by the cosine of
    their weighed words, and the nearest pairs are taken first.
    """
    ours = [_words(wording) for _, wording in document]
    theirs = [_words(wording) for _, wording in edition]
    weights = _weights([*ours, *theirs])
    vectors, others = ([_vector(words, weights) for words in group] for group in (ours, theirs))
    pairs = sorted(
        (
            (-score, d, e)
            for d, one in enumerate(vectors)
            for e, other in enumerate(others)
            if (score := round(100 * sum(value * other.get(word, 0.0) for word, value in one.items()))) >= POSSIBLE
        )
    )
    chosen: dict[int, tuple[int, int]] = {}
    taken: set[int] = set()
    for score, d, e in pairs:
        if d not in chosen and e not in taken:
            chosen[d] = (e, -score)
            taken.add(e)
    return [_suggestion(key, chosen.get(number), edition) for number, (key, _) in enumerate(document)]


def _suggestion(key: str, found: tuple[int, int] | None, edition: Sequence[tuple[str, str]]) -> Suggestion:
    if found is None:
        return Suggestion(key, None, 0, "")
    number, score = found
    return Suggestion(key, edition[number][0], score, "likely" if score >= LIKELY else "possible")


def _words(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[a-z]+", text.lower()) if word not in _STOP and len(word) > 1]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def _weights(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    held = Counter(word for words in texts for word in set(words))
    return {word: math.log((1 + len(texts)) / (1 + count)) + 1 for word, count in held.items()}


def _vector(words: Sequence[str], weights: dict[str, float]) -> dict[str, float]:
    counted = Counter(words)
    raw = {word: count * weights[word] for word, count in counted.items()}
    length = math.sqrt(sum(value * value for value in raw.values())) or 1.0
    return {word: value / length for word, value in raw.items()}
