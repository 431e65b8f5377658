"""Files from outside are read in a process of their own: what it does there harms nobody."""

import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pytest
import xlsxwriter

from tenants.imports.confined import Limits, Refused, Unreadable, read_confined
from tenants.imports.plan_document.files import read_blocks
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.tabular.table import TableError, open_table

HERE = "tests.unit.test_confined"
LIMITS = Limits(memory=200 * 1024 * 1024, seconds=2, output=1024 * 1024)


def echo(stream: BinaryIO, *, times: int) -> Iterator[str]:
    text = stream.read().decode()
    for _ in range(times):
        yield text


def eat_memory(stream: BinaryIO) -> Iterator[int]:
    yield len(bytearray(1024**3))


def run_on(stream: BinaryIO) -> Iterator[int]:
    while True:
        pass
    yield 0


def end_the_process(stream: BinaryIO) -> Iterator[int]:
    yield 1
    os.abort()


def write_much(stream: BinaryIO) -> Iterator[str]:
    for _ in range(100):
        yield "x" * 100_000


def refuse(stream: BinaryIO) -> Iterator[int]:
    yield 1
    raise Refused("Not this one.")


def secrets(stream: BinaryIO) -> Iterator[list[str]]:
    yield sorted(os.environ)


def read(name: str, **arguments: Any) -> list[Any]:
    return list(read_confined(f"{HERE}:{name}", io.BytesIO("é".encode()), limits=LIMITS, arguments=arguments))


def test_what_a_reader_yields_comes_back() -> None:
    assert read("echo", times=3) == ["é"] * 3


@pytest.mark.parametrize("name", ["eat_memory", "run_on", "end_the_process", "write_much"])
def test_a_reader_that_dies_or_runs_over_gives_nothing(name: str) -> None:
    with pytest.raises(Unreadable):
        read(name)


def test_a_refusal_keeps_its_words_and_nothing_that_came_before() -> None:
    with pytest.raises(Refused, match=r"^Not this one\.$"):
        read("refuse")


def test_a_reader_sees_none_of_the_service_s_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "x")
    (names,) = read("secrets")
    assert set(names) <= {"PATH", "LANG", "PYTHONPATH", "PYTHONSAFEPATH", "LC_CTYPE"}


def far_out() -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Name", "Action"])
    sheet.write(19_000, 1_500, "far")
    book.close()
    return stream.getvalue()


def one_text_in_many_cells() -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    for row in range(1_000):
        sheet.write_row(row, 0, ["x" * 32_000] * 20)
    book.close()
    return stream.getvalue()


def one_cell_said_to_repeat() -> bytes:
    stream = io.BytesIO()
    names = {each: f"urn:oasis:names:tc:opendocument:xmlns:{each}:1.0" for each in ("office", "table", "text")}
    spaces = " ".join(f'xmlns:{each}="{address}"' for each, address in names.items())
    repeated = 'office:value-type="string" table:number-columns-repeated="100"'
    cell = f"<table:table-cell {repeated}><text:p>x</text:p></table:table-cell>"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='a'>"
            f"<table:table-row table:number-rows-repeated='100000'>{cell}</table:table-row></table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        )
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return stream.getvalue()


@pytest.mark.parametrize(
    ("make", "name"),
    [(far_out, "p.xlsx"), (one_text_in_many_cells, "p.xlsx"), (one_cell_said_to_repeat, "p.ods")],
    ids=["a cell far out", "one text in many cells", "a cell said to repeat"],
)
def test_a_small_workbook_that_is_vast_inside_is_refused_in_words(make: Callable[[], bytes], name: str) -> None:
    content = make()
    with pytest.raises(PlanDocumentError, match=r"Copy the plan into a new"):
        read_blocks(io.BytesIO(content), name)
    with pytest.raises(TableError, match=r"[Cc]opy|header row|save it as CSV"):
        list(open_table(io.BytesIO(content), file_name=name).rows)


def test_a_word_file_of_millions_of_paragraphs_is_refused_in_words() -> None:
    stream = io.BytesIO()
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = b"<w:p/>" * 6_000_000
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", b'<w:document xmlns:w="%b"><w:body>%b</w:body></w:document>' % (space.encode(), body)
        )
    with pytest.raises(PlanDocumentError, match="far more than any plan"):
        read_blocks(stream, "plan.docx")


def test_an_old_workbook_that_claims_gigabytes_ends_no_process_of_ours() -> None:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    claims = struct.pack(
        "<HHHHH6sIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 0x0FFFFFFF, 0, 0, 4096, 0, 0x0FFFFFFF, 0, 0x0FFFFFFF
    )
    with pytest.raises(PlanDocumentError, match="could not be read"):
        read_blocks(io.BytesIO((head + claims).ljust(4096, b"\0")), "plan.xls")
