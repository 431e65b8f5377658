"""Which files are taken as evidence: told by what is in them, never by what the browser says."""

import re
import zipfile
from typing import BinaryIO

from tenants.plan.actions import PlanError

HEAD = 64 * 1024
LONGEST_NAME = 150
ACCEPTED = ".pdf,.docx,.xlsx,.pptx,.odt,.ods,.png,.jpg,.jpeg,.heic,.txt,.csv"

_ZIP = b"PK\x03\x04"
_BY_FIRST_BYTES = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_PHONE_PICTURES = {b"heic", b"heix", b"mif1", b"msf1"}  # the brands of ISO/IEC 23008-12, as telephones write them
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_UNPACKED = 500 * 1024 * 1024
_OFFICE = "application/vnd.openxmlformats-officedocument"
_BY_PART = {
    "word/document.xml": f"{_OFFICE}.wordprocessingml.document",
    "xl/workbook.xml": f"{_OFFICE}.spreadsheetml.sheet",
    "ppt/presentation.xml": f"{_OFFICE}.presentationml.presentation",
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_REFUSED = PlanError(
    "This kind of file is not taken. Use a PDF, a picture (PNG, JPEG or HEIC), a Word, Excel or PowerPoint file without "
    "macros, an OpenDocument file, or plain text."
)


def media_type_of(stream: BinaryIO) -> str:
    """The file's media type, from its content. Raises PlanError for anything that could run, or that nobody can place."""
    head = stream.read(HEAD)
    stream.seek(0)
    for first, media_type in _BY_FIRST_BYTES:
        if head.startswith(first):
            return media_type
    if head[4:8] == b"ftyp" and head[8:12] in _PHONE_PICTURES:
        return "image/heic"
    if head.startswith(_OLD_OFFICE):
        raise PlanError(
            "This is an old Office file, or one with a password. Save it as .docx, .xlsx or PDF without one."
        )
    if head.startswith(_ZIP):
        return _of_archive(stream)
    return _of_text(head)


def _of_archive(stream: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
                raise PlanError(
                    "Unpacked, the file would be far larger than it should be. Save it again without its pictures."
                )
            names = set(archive.namelist())
            kind = archive.read("mimetype").decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise PlanError("The file is damaged: it cannot be opened. Save it again and choose the new one.") from error
    finally:
        stream.seek(0)
    if any(name.lower().endswith((".exe", ".dll", ".js", ".vbs", ".bat", ".cmd", ".ps1")) for name in names):
        raise _REFUSED
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise PlanError("The file holds macros. Save it without them, as .docx, .xlsx or .pptx, and choose that one.")
    for part, media_type in _BY_PART.items():
        if part in names:
            return media_type
    if kind.startswith(_OPEN_DOCUMENT):
        return kind
    raise _REFUSED


def _of_text(head: bytes) -> str:
    """Text, unless it holds bytes that no text has or begins like a page or a program."""
    if not head:
        raise PlanError("The file is empty. Choose another.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if b"\0" in head or start.startswith((b"<", b"#!", b"mz", b"\x7felf")):
        raise _REFUSED
    return "text/plain"


def safe_name(name: str) -> str:
    """A file name that no system takes amiss: its last part, without control characters, of bounded length."""
    last = re.split(r"[/\\]", name)[-1].lstrip(".")
    clean = "".join(character for character in last if character.isprintable() and character not in '<>:"|?*')
    stem, dot, ending = clean.strip(". ").rpartition(".")
    if not dot:
        return clean[:LONGEST_NAME] or "file"
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if stem else ending or "file"
