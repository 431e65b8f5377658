"""Which files are taken as evidence, by what is in them; and under which names they are kept."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.plan.actions import PlanError
from tenants.plan.evidence_files import LONGEST_NAME, media_type_of, safe_name


def archive(*, unpacked: int | None = None, **parts: bytes) -> bytes:
    """`unpacked` is what its directory says of each part's size, whatever that is."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
        for entry in made.infolist():
            entry.file_size = entry.file_size if unpacked is None else unpacked
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7 x", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\0\0\0\x18ftypheic\0\0", "image/heic"),
        (b"\xef\xbb\xbfMinutes of the meeting", "text/plain"),
        (
            archive(word__document_DOT_xml=b"<w/>"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (archive(mimetype=b"application/vnd.oasis.opendocument.text"), "application/vnd.oasis.opendocument.text"),
    ],
)
def test_a_file_is_known_by_its_content(content: bytes, media_type: str) -> None:
    stream = io.BytesIO(content)
    assert media_type_of(stream) == media_type
    assert stream.tell() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"MZ\x90\x00", "not taken"),
        (b"\x7fELF", "not taken"),
        (b"#!/bin/sh", "not taken"),
        (b"\xef\xbb\xbf <svg onload='x'>", "not taken"),
        (b"\n\n<html>", "not taken"),
        (b"<\0h\0t\0m\0l\0", "not taken"),
        (b"", "empty"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "with a password"),
        (archive(word__document_DOT_xml=b"", word__vbaProject_DOT_bin=b"x"), "holds macros"),
        (archive(word__document_DOT_xml=b"", word__embeddings__a_DOT_exe=b"MZ"), "not taken"),
        (archive(notes_DOT_txt=b"x"), "not taken"),
        (archive(word__document_DOT_xml=b"\0", unpacked=501 * 1024 * 1024), "far larger"),
    ],
)
def test_what_could_run_hide_or_swell_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        media_type_of(io.BytesIO(content))


@given(st.text(max_size=400))
def test_a_name_is_safe_whatever_it_was(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= LONGEST_NAME
    assert safe.isprintable()
    assert not set(safe) & set('/\\<>:"|?*')
    assert not safe.startswith(".")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\plans\\our plan.pdf", "our plan.pdf"),
        (".htaccess", "htaccess"),
        ("...", "file"),
    ],
)
def test_a_name_keeps_what_can_be_kept(name: str, safe: str) -> None:
    assert safe_name(name) == safe
