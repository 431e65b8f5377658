"""A list to be signed at a staff meeting, as a tagged PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

from prevent_trust.typesetting import Written, for_columns, typeset

_TEMPLATE = Path(__file__).parent / "list.typ"
_SHORT_HASH = 16  # characters: as many as people compare, and still 64 bits


@dataclass(frozen=True)
class ToSign:
    """Who signs, in the order of the list, for what."""

    school: str
    title: str
    edition: str
    edition_sha256: str
    printed_on: date
    people: Sequence[tuple[str, Sequence[tuple[str, str]]]]  # a heading (empty for none), then names with roles


def list_to_sign(to_sign: ToSign) -> bytes:
    """The list. Raises NotTypeset."""
    return typeset(_TEMPLATE, under="list", content=lambda written: _content(to_sign, written))


def _content(to_sign: ToSign, written: Written) -> dict[str, Any]:
    clean = for_columns(written)
    day = to_sign.printed_on
    return {
        "title": written(normalize("NFC", f"{to_sign.title}: list to sign")),
        "school": clean(to_sign.school),
        "document": clean(to_sign.title),
        "edition": clean(to_sign.edition),
        "hash": to_sign.edition_sha256[:_SHORT_HASH],
        "day": f"{day.day} {day:%B %Y}",
        "groups": [
            {"heading": clean(heading), "people": [[clean(name), clean(roles)] for name, roles in people]}
            for heading, people in to_sign.people
        ],
    }
