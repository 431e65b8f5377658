"""The colours behind the cells of an .xlsx or .ods file, which the reader of workbooks leaves out."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
# Of the palette that Excel numbers, those that are red, amber or green.
_INDEXED = {
    2: "FF0000", 3: "00FF00", 5: "FFFF00", 10: "FF0000", 11: "00FF00", 13: "FFFF00", 16: "800000", 17: "008000",
    42: "CCFFCC", 43: "FFFF99", 45: "FF99CC", 47: "FFCC99", 50: "99CC00", 51: "FFCC00", 52: "FF9900", 53: "FF6600",
    57: "339966",
}  # fmt: skip
_THEME_ORDER = ("lt1", "dk1", "lt2", "dk2", "accent1", "accent2", "accent3", "accent4", "accent5", "accent6")
_MOST_SHADED = 1_000_000

Shading = dict[str, dict[tuple[int, int], str]]


def shading_of(stream: BinaryIO) -> Shading:
    """The colour of each shaded cell as RRGGBB, by the sheet's name, row and column; nothing for a file without.

    A colour says something only where words do not, so that a file whose styles cannot be read has none.
    """
    stream.seek(0)
    if not zipfile.is_zipfile(stream):
        return {}
    try:
        with zipfile.ZipFile(stream) as archive:
            return _excel(archive) if "xl/workbook.xml" in archive.namelist() else {}
    except (etree.LxmlError, KeyError, ValueError, zipfile.BadZipFile):
        return {}


def _excel(archive: zipfile.ZipFile) -> Shading:
    colours = _colours_of_styles(archive)
    if not any(colours):
        return {}
    targets = {
        each.get("Id"): posixpath.normpath(posixpath.join("/xl", each.get("Target", ""))).lstrip("/")
        for each in _root(archive, "xl/_rels/workbook.xml.rels")
    }
    found: Shading = {}
    for sheet in _root(archive, "xl/workbook.xml").iterfind("{*}sheets/{*}sheet"):
        part = targets.get(sheet.get(_RELATION), "")
        if part in archive.namelist():
            found[sheet.get("name", "")] = dict(_shaded(archive, part, colours))
    return found


def _shaded(archive: zipfile.ZipFile, part: str, colours: list[str]) -> Iterator[tuple[tuple[int, int], str]]:
    count = 0
    with archive.open(part) as opened:
        for _, cell in etree.iterparse(opened, tag="{*}c", resolve_entities=False, no_network=True, huge_tree=False):
            style = cell.get("s", "0")
            place = _PLACE.fullmatch(cell.get("r", ""))
            if place and style.isdecimal() and len(style) < 6 and int(style) < len(colours) and colours[int(style)]:
                count += 1
                if count > _MOST_SHADED:
                    return
                yield (int(place[2]) - 1, _column(place[1])), colours[int(style)]
            row = cell.getparent()
            cell.clear()
            while row is not None and len(row) > 1:
                del row[0]


def _colours_of_styles(archive: zipfile.ZipFile) -> list[str]:
    """The fill of each cell style, in the order of their numbers; empty for none."""
    root = _root(archive, "xl/styles.xml")
    theme = _theme(archive)
    fills = [_colour(fill.find("{*}patternFill"), theme) for fill in root.iterfind("{*}fills/{*}fill")]
    found = []
    for style in root.iterfind("{*}cellXfs/{*}xf"):
        index = style.get("fillId", "0")
        found.append(fills[int(index)] if index.isdecimal() and len(index) < 6 and int(index) < len(fills) else "")
    return found


def _colour(fill: Any, theme: list[str]) -> str:
    if fill is None or fill.get("patternType") in {None, "none", "gray125"}:
        return ""
    colour = fill.find("{*}fgColor")
    if colour is None:
        return ""
    if len(rgb := colour.get("rgb") or "") >= 6:
        return str(rgb[-6:])
    if (number := colour.get("indexed") or "").isdecimal():
        return _INDEXED.get(int(number[:4]), "")
    number = colour.get("theme") or ""
    return theme[int(number)] if number.isdecimal() and len(number) < 3 and int(number) < len(theme) else ""


def _theme(archive: zipfile.ZipFile) -> list[str]:
    """The theme's colours in the order by which styles name them."""
    if "xl/theme/theme1.xml" not in archive.namelist():
        return []
    scheme = _root(archive, "xl/theme/theme1.xml").find("{*}themeElements/{*}clrScheme")
    found = []
    for name in _THEME_ORDER:
        colour = scheme.find(f"{{*}}{name}/{{*}}srgbClr") if scheme is not None else None
        found.append(colour.get("val", "") if colour is not None else "")
    return found


def _root(archive: zipfile.ZipFile, part: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(archive.read(part), parser)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
