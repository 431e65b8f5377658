"""What a plan's file holds, read in a process of its own (`tenants/imports/confined.py`)."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from tenants.imports.confined import Limits, Refused, Unreadable, read_confined
from tenants.imports.plan_document.blocks import MOST_BYTES, MOST_CHARACTERS, DocumentBlocks
from tenants.imports.plan_document.pasted import blocks_of_text
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.plan_document.sheet import decoded, read_csv, read_workbook
from tenants.imports.plan_document.word import read_word

LIMITS = Limits(memory=300 * 1024 * 1024, seconds=8, output=16 * MOST_CHARACTERS)


def read_blocks(stream: BinaryIO, file_name: str) -> DocumentBlocks:
    """What a file holds, by its name's ending. Raises PlanDocumentError, which says what is wrong and what to do."""
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > MOST_BYTES:
        raise PlanDocumentError(
            f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Take pictures out of the document and save it again."
        )
    ending = file_name.lower().rpartition(".")[2]
    try:
        (found,) = read_confined(f"{__name__}:blocks_in", stream, limits=LIMITS, arguments={"ending": ending})
    except Unreadable as error:
        raise PlanDocumentError(
            "The file could not be read: it is damaged, or far larger inside than it looks."
            " Copy the plan into a new document and upload that."
        ) from error
    except Refused as told:
        raise PlanDocumentError(str(told)) from told
    return DocumentBlocks.from_json(found)


def blocks_in(stream: BinaryIO, *, ending: str) -> Iterator[dict[str, Any]]:
    """The blocks as JSON, once. Raises PlanDocumentError."""
    yield _read(stream, ending).to_json()


def _read(stream: BinaryIO, ending: str) -> DocumentBlocks:
    match ending:
        case "xlsx" | "xls" | "ods":
            return read_workbook(stream)
        case "csv":
            return read_csv(stream)
        case "txt":
            return blocks_of_text(decoded(stream.read()))
        case "docx" | "doc":
            return read_word(stream)
    raise PlanDocumentError(
        "This kind of file is not read. Upload a .docx, .xlsx, .xls, .ods or .csv file, or paste the text."
    )
