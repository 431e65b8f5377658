"""Tagged PDFs that claim PDF/UA-1, so that a screen reader reads their tables as tables. Texts are data, never markup."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from unicodedata import category, name, normalize

import typst

Written = Callable[[str], str]

_FILES_UNTIL_FORGOTTEN = 11
_LATIN_UNTIL = "\u024f"  # the embedded fonts have all letters up to here
# Latin letters, digits and signs only, and not the last one if a mark follows it: typst cannot part the two.
_LONG_WORD = re.compile("[!-\u024f]{25,}(?![^\\s!-\u024f])")
_PIECE = re.compile(r"[@./_\\-]|[^@./_\\-]{20}")


class NotTypeset(Exception):
    """No PDF could be made, however its text was simplified: the template is wrong. The message is typst's."""


def typeset(template: Path, *, under: str, content: Callable[[Written], dict[str, Any]]) -> bytes:
    """The PDF that a template makes of content, which it reads as JSON from its input `under`.

    `content` is asked for the same with every text in characters that its argument lets through, until all of them have a
    glyph: a character that no embedded font has is written as its name in brackets. Raises NotTypeset.
    """
    # PDF/UA wants a glyph for every character, and which one lacks it is known only by trying. Some lines of vocalised
    # Arabic stop typst 0.15 (https://github.com/typst/typst/issues/8667): they are readable without their marks.
    *attempts, last = (_as_it_is, _with_fonts_for_it, _without_marks, _latin_only)
    try:
        for written in attempts:
            with suppress(NotTypeset):
                return _compiled(template, under, content(written))
        return _compiled(template, under, content(last))
    finally:
        _forget()


def _compiled(template: Path, under: str, content: dict[str, Any]) -> bytes:
    try:
        return bytes(
            typst.compile(
                template,
                root=template.parent,
                font_paths=_fonts(),
                sys_inputs={under: json.dumps(content)},
                pdf_standards=["ua-1"],
            )
        )
    except typst.TypstError as problem:
        raise NotTypeset(problem.message) from problem
    except BaseException as problem:
        # A fault inside typst itself comes as an exception of a class without a name to import, beside Exception.
        if type(problem).__name__ != "PanicException":
            raise
        raise NotTypeset(str(problem)) from problem


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The fonts that come with typst and no others, so that a file is the same whichever machine made it."""
    return typst.Fonts(include_system_fonts=False)


def _forget() -> None:
    """Makes typst let go of what it worked out for a file, which is some 30 MB for a plan of 200 actions.

    It keeps that until it has made ten more files, and no file comes twice. Empty files take a millisecond each.
    """
    for _ in range(_FILES_UNTIL_FORGOTTEN):
        typst.compile(b"", format="pdf", font_paths=_fonts())


def breakable(text: str) -> str:
    """The text with places in its long words at which a narrow column can break them.

    Addresses stay whole: the templates make links of them, and those break by themselves.
    """
    return _LONG_WORD.sub(lambda word: word[0] if "://" in word[0] else _PIECE.sub("\\g<0>\u200b", word[0]), text)


def for_columns(written: Written) -> Written:
    """`written`, for texts that stand in narrow columns: composed (NFC), and breakable in their long words."""
    return lambda text: breakable(written(normalize("NFC", text)))


def _as_it_is(text: str) -> str:
    return text


def _with_fonts_for_it(text: str) -> str:
    return "".join(each if each <= _LATIN_UNTIL or _has_glyph(each) else _named(each) for each in text)


def _without_marks(text: str) -> str:
    return _with_fonts_for_it("".join(each for each in text if each <= _LATIN_UNTIL or category(each) != "Mn"))


def _latin_only(text: str) -> str:
    """For scripts whose characters have glyphs one by one and not together."""
    return "".join(each if each <= _LATIN_UNTIL or each in "–—‘’“”•…€" else _named(each) for each in text)


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    try:
        typst.compile(
            b'#set document(title: "x")\n#sys.inputs.character',
            font_paths=_fonts(),
            sys_inputs={"character": character},
            pdf_standards=["ua-1"],
        )
    except typst.TypstError:
        return False
    return True


def _named(character: str) -> str:
    """A character in words: “[party popper]”; nothing for the marks that only join others."""
    if category(character) in {"Cf", "Mn"}:
        return ""
    return f"[{name(character, f'U+{ord(character):04X}').lower()}]"
