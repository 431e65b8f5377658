"""Slips as a tagged PDF: five on a page of A4, with lines to cut along."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unicodedata import normalize

import segno

from prevent_trust.typesetting import Written, for_columns, typeset
from tenants.reading.sheets.actions import Slip
from tenants.reading.sheets.secrets import in_groups

_TEMPLATE = Path(__file__).parent / "slips.typ"


@dataclass(frozen=True)
class Heading:
    """What stands on every slip. `address_of` makes the whole address of a code."""

    school: str
    title: str
    edition: str
    due_on: date
    address_of: Callable[[str], str]


def slips_as_pdf(slips: Sequence[Slip], heading: Heading) -> bytes:
    """The sheet to print and cut. Raises NotTypeset."""
    return typeset(_TEMPLATE, under="sheet", content=lambda written: _content(slips, heading, written))


def _content(slips: Sequence[Slip], heading: Heading, written: Written) -> dict[str, Any]:
    clean = for_columns(written)
    due = heading.due_on
    return {
        "title": written(normalize("NFC", f"{heading.title}: slips to read and confirm")),
        "school": clean(heading.school),
        "document": clean(heading.title),
        "edition": clean(heading.edition),
        "due": f"{due.day} {due:%B %Y}",
        "slips": [
            {
                "name": clean(slip.name),
                "address": _typed(heading.address_of(in_groups(slip.code, 4, "-"))),
                "pin": in_groups(slip.pin, 3, " "),
                "code": qr_code(heading.address_of(slip.code)),
            }
            for slip in slips
        ],
    }


def qr_code(address: str) -> str:
    """The address as a QR code (ISO/IEC 18004) of medium error correction with its quiet zone, as SVG."""
    return segno.make_qr(address, error="m").svg_inline(border=4, light="#ffffff")


def _typed(address: str) -> str:
    """What somebody types: browsers put https before it themselves, and a service without it is on the same machine."""
    return address.removeprefix("https://")
