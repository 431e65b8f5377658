"""The text of a PDF, read in a process of its own (`tenants/imports/confined.py`)."""

from collections.abc import Iterator
from typing import BinaryIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from tenants.imports.confined import Limits, Refused, Unreadable, read_confined

LIMITS = Limits(memory=500 * 1024 * 1024, seconds=20, output=4 * 1024 * 1024)
MOST_PAGES = 5
MOST_CHARACTERS = 20_000


class NoText(Exception):  # reads as what it is
    """Why nothing can be read from the file, and what to do instead."""


def text_of_pdf(stream: BinaryIO) -> str:
    """What the first pages say. Raises NoText for a file that is damaged, locked, or a picture of a page."""
    try:
        pages = list(read_confined(f"{__name__}:pages_of", stream, limits=LIMITS))
    except Refused as told:
        raise NoText(str(told)) from told
    except Unreadable as error:
        raise NoText("The file is damaged, or far larger inside than it looks. It is kept, but not read.") from error
    text = "\n".join(pages).strip()[:MOST_CHARACTERS]
    if not any(letter.isalpha() for letter in text):
        raise NoText("The file has no text: it is a picture of a page.")
    return text


def pages_of(stream: BinaryIO) -> Iterator[str]:
    """The text of each of the first pages. To be called in a confined process. Raises Refused."""
    try:
        reader = PdfReader(stream)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("The file has a password, so it cannot be read.")
        for page in reader.pages[:MOST_PAGES]:
            yield page.extract_text()
    except PyPdfError as error:
        raise Refused("The file is damaged, so it cannot be read.") from error
