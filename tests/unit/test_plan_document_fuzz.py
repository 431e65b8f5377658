"""Mutated Word, Excel and text files: the reader gives a plan or says what is wrong, and nothing else.

`PLAN_FUZZ_EXAMPLES` sets how many mutations are tried of each kind.
"""

import io
import json
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from docx import Document

from tenants.imports.confined import Refused
from tenants.imports.plan_document.blocks import DocumentBlocks
from tenants.imports.plan_document.columns import guess_columns
from tenants.imports.plan_document.files import blocks_in, read_blocks
from tenants.imports.plan_document.reader import plan_from
from tenants.imports.plan_document.types import PlanDocument

EXAMPLES = int(os.environ.get("PLAN_FUZZ_EXAMPLES", "60"))
ROWS = [
    ["Duty", "What this means", "Action", "By whom", "Due", "RAG"],
    ["Know the risk", "It is written", "· Write it\n- Review it", "Prevent lead", "3 March 2027", "Green"],
    ["", "Staff know", "Tell staff", "DSL, SLT", "Termly", "A"],
]


def a_word_file() -> bytes:
    document: Any = Document()
    document.add_paragraph("Our plan")
    table = document.add_table(rows=0, cols=6)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def a_workbook() -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    for r, row in enumerate(ROWS):
        for c, text in enumerate(row):
            sheet.write(r, c, text, book.add_format({"bg_color": "#92D050"}) if (r, c) == (1, 5) else None)
    book.close()
    return stream.getvalue()


def a_text() -> bytes:
    return "\n".join("\t".join(f'"{cell}"' for cell in row) for row in ROWS).encode()


def an_open_document() -> bytes:
    """A sheet as LibreOffice writes it, as far as a reader asks."""
    lines = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in ROWS
    )
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Plan">{lines}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return stream.getvalue()


def an_old_workbook() -> bytes:
    return (Path(__file__).parent.parent / "files" / "plan.xls").read_bytes()


def read(content: bytes, name: str, *, confined: bool = False) -> PlanDocument | None:
    """The plan, or none where the reader says what is wrong. Anything else that it raises fails the test.

    Most is read in this process, where nothing catches a fall; `confined` reads as the product does.
    """
    try:
        if confined:
            blocks = read_blocks(io.BytesIO(content), name)
        else:
            (found,) = blocks_in(io.BytesIO(content), ending=name.rpartition(".")[2])
            blocks = DocumentBlocks.from_json(json.loads(json.dumps(found)))
        return plan_from(blocks, [guess.mapping for guess in guess_columns(blocks)])
    except Refused as told:
        assert str(told).strip().endswith((".", "?"))  # noqa: PT017  # what is told is whole sentences
        return None


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Some bytes set anew, a piece cut out, put elsewhere or doubled."""
    mutated = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        mutated[chance.randrange(len(mutated))] = chance.randrange(256)
    start = chance.randrange(len(mutated))
    match chance.randrange(4):
        case 0:
            del mutated[start : start + chance.randint(1, 400)]
        case 1:
            mutated[start:start] = mutated[: chance.randint(1, 400)]
        case 2:
            del mutated[start:]
    return bytes(mutated)


def with_parts(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive packed again, each part changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            made.writestr(name, change(name, source.read(name)))
    return target.getvalue()


XML_TRICKS = (
    (b"<w:tc>", b"<w:tc><w:tcPr><w:gridSpan w:val='2147483648'/></w:tcPr>"),
    (b"<w:tc>", b"<w:tc><w:tcPr><w:gridSpan w:val='-4'/></w:tcPr>"),
    (b"<w:tc>", b"<w:tc><w:tcPr><w:vMerge/></w:tcPr>"),
    (b"<w:tc>", b"<w:tc><w:tcPr><w:shd w:fill='zzzzzz'/></w:tcPr>"),
    (b"<w:tbl>", b"<w:tbl>" * 3),
    (b"<w:p>", b"<w:p>" * 30),
    (b"<w:tr>", b"<w:tr>" + b"<w:tc/>" * 4000),
    (b"<w:body>", b"<w:body>" + b"<w:sdt><w:sdtContent>" * 200),
    (b"<?xml", b"<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><?xml"),
    (b'w:val="0"', b'w:val="99999999999"'),
    (b"Green", b"&#x202e;" * 2000),
    (b'r="A1"', b'r="ZZZ9999999"'),
    (b's="1"', b's="99999"'),
    (b'rgb="FF92D050"', b'rgb="x"'),
)


@pytest.mark.parametrize(
    ("make", "name"), [(a_word_file, "p.docx"), (a_workbook, "p.xlsx"), (a_text, "p.txt"), (a_text, "p.csv")]
)
def test_a_file_with_bytes_set_anew_is_read_or_refused_in_words(make: Callable[[], bytes], name: str) -> None:
    whole, chance = make(), random.Random(20261124)
    assert (read(whole, name) or PlanDocument("")).actions
    for _ in range(EXAMPLES):
        read(flipped(whole, chance), name)


@pytest.mark.parametrize(("make", "name"), [(an_old_workbook, "p.xls"), (an_open_document, "p.ods")])
def test_a_workbook_of_another_kind_with_bytes_set_anew_ends_no_process_of_ours(
    make: Callable[[], bytes], name: str
) -> None:
    whole, chance = make(), random.Random(3)
    assert (read(whole, name, confined=True) or PlanDocument("")).actions
    for _ in range(EXAMPLES // 3):
        read(flipped(whole, chance), name, confined=True)


@pytest.mark.parametrize(("make", "name"), [(a_word_file, "p.docx"), (a_workbook, "p.xlsx")])
def test_a_file_whose_parts_are_mutated_is_read_or_refused_in_words(make: Callable[[], bytes], name: str) -> None:
    whole, chance = make(), random.Random(7)
    parts = [part for part in zipfile.ZipFile(io.BytesIO(whole)).namelist() if part.endswith(".xml")]
    for _ in range(EXAMPLES):
        chosen = chance.choice(parts)
        read(with_parts(whole, lambda part, raw: flipped(raw, chance) if part == chosen else raw), name)  # noqa: B023


@pytest.mark.parametrize(("old", "new"), XML_TRICKS, ids=[old.decode("ascii", "replace") for old, _ in XML_TRICKS])
@pytest.mark.parametrize(("make", "name"), [(a_word_file, "p.docx"), (a_workbook, "p.xlsx")])
def test_a_file_with_a_trick_in_it_is_read_or_refused_in_words(
    make: Callable[[], bytes], name: str, old: bytes, new: bytes
) -> None:
    read(with_parts(make(), lambda part, raw: raw.replace(old, new)), name)


def test_a_part_that_unpacks_to_far_more_than_a_plan_is_refused() -> None:
    bomb = with_parts(
        a_word_file(), lambda part, raw: b" " * (50 * 1024 * 1024) if part == "word/document.xml" else raw
    )
    assert read(bomb, "p.docx") is None


@pytest.mark.parametrize(
    "text",
    [
        "\t" * 5000, "\n" * 5000, '"' * 3001, "·\n" * 3000, "a\t" * 100 + "\n" + "b\t" * 100, "1. a – b – c\n" * 3000,
        "\ufeff\u202e\u0000", "\tAction\n\tLead\n" + "\n" * 5000 + "\t\n" * 5000 + " ", "Action\tLead\n" * 2000, "x" * 200_000,
    ],
)  # fmt: skip
def test_text_that_nobody_would_write_is_read_or_refused_in_words(text: str) -> None:
    for name in ("p.txt", "p.csv"):
        read(text.encode("utf-8", "surrogatepass"), name)
