"""Opens a Word file with care: it comes from outside and is an archive of XML."""

import struct
import zipfile
import zlib
from typing import Any, BinaryIO

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from lxml.etree import XMLSyntaxError

from tenants.imports.plan_document.problems import PlanDocumentError

MOST_UNPACKED_BYTES = 200 * 1024 * 1024
MOST_XML_BYTES = 40 * 1024 * 1024  # of one part; a plan of a hundred pages has a thirtieth of it
MOST_PARTS = 5_000
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
SAVE_AGAIN = "Open it in Word, save it as a Word document (.docx), and upload that."

# Counted before they are built, since each takes about a hundred bytes. A plan of a hundred pages has 150,000.
MOST_TAGS = 3_000_000

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
            f"This is a Word file of the kind before 2007 (.doc), or one protected by a password. {SAVE_AGAIN}"
        )
    _look_inside(stream)
    stream.seek(0)
    try:
        return Document(stream)
    except (PackageNotFoundError, ValueError, KeyError, AttributeError) as error:
        raise NoWordFile(f"This is not a Word document, or one with macros or a template. {SAVE_AGAIN}") from error
    except (XMLSyntaxError, *_DAMAGED) as error:
        raise NoWordFile(f"The file is damaged and cannot be read. {SAVE_AGAIN}") from error


def check_archive(stream: BinaryIO) -> None:
    """Raises PlanDocumentError for an archive that would unpack to far more than any plan, or is damaged or protected."""
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            _look_at_parts(archive, most_tags=None)
    except NoWordFile as problem:
        raise PlanDocumentError(str(problem)) from problem
    except _DAMAGED as error:
        raise PlanDocumentError(
            "The file is damaged, protected or packed in an unusual way. Save it again and upload that."
        ) from error


def _look_inside(stream: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            if "word/document.xml" not in archive.namelist():
                raise NoWordFile(f"This is not a Word document. {SAVE_AGAIN}")
            _look_at_parts(archive, most_tags=MOST_TAGS)
    except (zipfile.BadZipFile, ValueError, KeyError, OSError, struct.error) as error:
        raise NoWordFile(f"This is not a Word document, or it is damaged. {SAVE_AGAIN}") from error
    except (RuntimeError, NotImplementedError, zlib.error, EOFError) as error:
        # A part with a password, or packed in an unknown way.
        raise NoWordFile(f"The file is protected or packed in an unusual way. {SAVE_AGAIN}") from error


def _look_at_parts(archive: zipfile.ZipFile, *, most_tags: int | None) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise NoWordFile(
            "Unpacked, the file would be far larger than any plan is, so it was not opened. Save the plan alone."
        )
    tags = 0
    for part in parts:
        if _is_xml(archive, part):
            tags += _look_at_xml(archive, part)
            if most_tags is not None and tags > most_tags:
                raise NoWordFile(
                    "The file holds far more than any plan does, so it was not opened. Save the plan alone."
                )


def _is_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """By name or by content: which part is XML is said by a list in the file, which can say anything."""
    if part.filename.endswith((".xml", ".rels")):
        return True
    with archive.open(part) as opened:
        return opened.read(8).lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


def _look_at_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """How many tags a part has, about."""
    if part.file_size > MOST_XML_BYTES:
        raise NoWordFile(
            "Unpacked, the text of the file would be far longer than any plan is, so it was not opened. Save the plan alone."
        )
    raw = archive.read(part)
    # Office never writes a document type; with one, entities could be made to expand without end. Nor does it write two
    # bytes for a character, in which a document type would not be seen.
    if b"<!DOCTYPE" in raw or b"\0" in raw[:200]:
        raise NoWordFile(f"The file holds a document type, which Word does not write. {SAVE_AGAIN}")
    return raw.count(b"<")
