"""Opens a Word file with care: it comes from outside and is an archive of XML."""

import struct
import zipfile
import zlib
from typing import Any, BinaryIO

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from lxml.etree import XMLSyntaxError

from tenants.imports.plan_document.types import PlanDocumentError

MOST_UNPACKED_BYTES = 200 * 1024 * 1024
MOST_XML_BYTES = 40 * 1024 * 1024  # of one part; a plan of a hundred pages has a thirtieth of it
MOST_PARTS = 5_000

_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_SAVE_AGAIN = "Open it in Word, save it as a Word document (.docx), and upload that."


# What zipfile raises for archives that are damaged, protected, or say of themselves what cannot be.
_DAMAGED = (
    zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, KeyError, zlib.error, struct.error,
)  # fmt: skip


class NoWordFile(Exception):
    """The file is not one that can be opened; the message says why and what to do."""


def open_document(stream: BinaryIO, *, most_bytes: int) -> Any:
    """The document, as python-docx gives it. Raises NoWordFile with a sentence for the person who uploaded it.

    What the archive says of its sizes is checked before anything is unpacked; zipfile never gives more of a part than
    the archive says it has, so a part that lies about its size is cut off and found damaged.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > most_bytes:
        raise NoWordFile(
            f"The file is larger than {most_bytes // 1024 // 1024} MB. Take pictures out of the document and save it again."
        )
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(_OLD_OR_ENCRYPTED):
        raise NoWordFile(
            f"This is a Word file of the kind before 2007 (.doc), or one protected by a password. {_SAVE_AGAIN}"
        )
    _look_inside(stream)
    stream.seek(0)
    try:
        return Document(stream)
    except (PackageNotFoundError, ValueError, KeyError, AttributeError) as error:
        raise NoWordFile(f"This is not a Word document, or one with macros or a template. {_SAVE_AGAIN}") from error
    except (XMLSyntaxError, *_DAMAGED) as error:
        raise NoWordFile(f"The file is damaged and cannot be read. {_SAVE_AGAIN}") from error


def check_archive(stream: BinaryIO) -> None:
    """Raises PlanDocumentError for an archive that would unpack to far more than any plan, or is damaged or protected."""
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
                raise PlanDocumentError(
                    "Unpacked, the file would be far larger than any plan is, so it was not opened."
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _look_at_xml(archive, part)
    except (*_DAMAGED, NoWordFile) as error:
        raise PlanDocumentError(
            "The file is damaged, protected or packed in an unusual way. Save it again and upload that."
        ) from error


def _look_inside(stream: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
                raise NoWordFile("Unpacked, the file would be far larger than any plan is, so it was not opened.")
            if "word/document.xml" not in archive.namelist():
                raise NoWordFile(f"This is not a Word document. {_SAVE_AGAIN}")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _look_at_xml(archive, part)
    except (zipfile.BadZipFile, ValueError, KeyError, struct.error) as error:
        raise NoWordFile(f"This is not a Word document, or it is damaged. {_SAVE_AGAIN}") from error
    except (
        RuntimeError,
        NotImplementedError,
        zlib.error,
        EOFError,
    ) as error:  # a part with a password, or packed in an unknown way
        raise NoWordFile(f"The file is protected or packed in an unusual way. {_SAVE_AGAIN}") from error


def _look_at_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.file_size > MOST_XML_BYTES:
        raise NoWordFile("Unpacked, the text of the file would be far longer than any plan is, so it was not opened.")
    # Word never writes a document type; with one, entities could be made to expand without end.
    if b"<!DOCTYPE" in archive.read(part):
        raise NoWordFile(f"The file holds a document type, which Word does not write. {_SAVE_AGAIN}")
