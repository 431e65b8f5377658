"""Reads the documents of releases, as anybody could who has the files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tenants.insights.disclosure.auditor.types import Document, Facts, Knower, Openness, Sum, Unsound

FORMAT = "disclosure-release-1"


def read_document(document: Document) -> Facts:
    """What one document says. Raises Unsound with what is wrong with it."""
    return read_documents([document])


def read_documents(documents: Sequence[Document]) -> Facts:
    """What the documents say together: a cell that is shown in one of them is known. Raises Unsound."""
    if not documents:
        raise Unsound("There is no document to look at.")
    shown: dict[str, float] = {}
    hidden: set[str] = set()
    unknown: set[str] = set()
    counts: set[str] = set()
    sums: dict[Sum, None] = {}
    sensitive: dict[str, Openness] = {}
    knowers: list[Knower] = []
    try:
        for document in documents:
            if document.get("format") != FORMAT:
                raise Unsound(f"This is not a document of a release: its format is {document.get('format')!r}.")
            _read_cells(document["cells"], shown, hidden, unknown, counts)
            sums |= {Sum(tuple(parts), total): None for parts, total in document["sums"]}
            sensitive |= {key: _openness(each) for key, each in document.get("sensitive", {}).items()}
            knowers += [_knower(each) for each in document.get("insiders", [])]
        rules = [document["rules"] for document in documents]
        facts = Facts(
            shown=shown,
            hidden=frozenset(hidden - set(shown)),
            unknown=frozenset(unknown - hidden - set(shown)),
            counts=frozenset(counts - set(shown)),
            sums=tuple(sums),
            threshold=max(float(each["threshold"]) for each in rules),
            low=min(float(each["low"]) for each in rules),
            high=max(float(each["high"]) for each in rules),
            rule_known=all(bool(each["rule_known"]) for each in rules),
            sensitive=sensitive,
            knowers=tuple(_together(knowers)),
        )
    except (KeyError, TypeError, AttributeError) as wrong:
        raise Unsound(f"The document has not the form of a release’s: {wrong!r}") from wrong
    _must_be_whole(facts)
    return facts


def _read_cells(
    cells: Mapping[str, Mapping[str, Any]],
    shown: dict[str, float],
    hidden: set[str],
    unknown: set[str],
    counts: set[str],
) -> None:
    for key, said in cells.items():
        if said.get("shown") is not None:
            value = float(said["shown"])
            if shown.setdefault(key, value) != value:
                raise Unsound(f"{key} is shown with two values, {shown[key]:g} and {value:g}.")
        elif said.get("symbol") == "c":
            hidden.add(key)
            if not said.get("magnitude"):
                counts.add(key)
        elif said.get("never"):
            unknown.add(key)
        else:
            raise Unsound(f"{key} is neither shown, hidden, nor left out.")


def _openness(said: Mapping[str, Any]) -> Openness:
    return Openness(said.get("low"), said.get("high"), float(said.get("width", 0.0)))


def _knower(said: Mapping[str, Any]) -> Knower:
    others = {key: _openness(each) for key, each in said["others"].items()}
    return Knower(said["name"], {key: float(part) for key, part in said["own"].items()}, others)


def _together(knowers: Iterable[Knower]) -> list[Knower]:
    """One for each name: who is in several releases knows its part in all of them."""
    found: dict[str, Knower] = {}
    for each in knowers:
        before = found.get(each.name, Knower(each.name, {}, {}))
        found[each.name] = Knower(each.name, {**before.own, **each.own}, {**before.others, **each.others})
    return list(found.values())


def _must_be_whole(facts: Facts) -> None:
    there = set(facts.shown) | facts.hidden | facts.unknown
    for each in facts.sums:
        for key in (*each.parts, each.total):
            if key not in there:
                raise Unsound(f"A sum is about {key}, which is not among the cells.")
