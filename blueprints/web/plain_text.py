"""Text that somebody typed, as paragraphs and lists. Nothing in it is taken for markup."""

import re
from dataclasses import dataclass
from itertools import groupby

_BULLET = re.compile(r"\s*[-*•–]\s+")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s+")


@dataclass(frozen=True)
class Block:
    """`kind` is p, ul or ol; a paragraph's lines stand below each other, a list's are its points."""

    kind: str
    lines: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    """Paragraphs stand apart by an empty line; a line that begins with a dash, star, dot or number is a point of a list."""
    found = []
    for kind, lines in groupby(text.splitlines(), key=_kind):
        if kind == "p":
            found.append(Block(kind, tuple(line.strip() for line in lines)))
        elif kind:
            mark = _BULLET if kind == "ul" else _NUMBER
            found.append(Block(kind, tuple(mark.sub("", line, count=1).strip() for line in lines)))
    return found


def _kind(line: str) -> str:
    if not line.strip():
        return ""
    return "ul" if _BULLET.match(line) else "ol" if _NUMBER.match(line) else "p"
