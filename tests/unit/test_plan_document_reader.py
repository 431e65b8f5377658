"""Reading plans out of Word documents that the tests write."""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml

from tenants.imports.plan_document import files, package
from tenants.imports.plan_document.columns import guess_columns
from tenants.imports.plan_document.pasted import blocks_of_text
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.plan_document.reader import plan_from, read_plan_document
from tenants.imports.plan_document.types import PlanDocument
from tenants.plan.models import Theme

HEAD = ("Duty", "What this means", "Action", "By whom")
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


class Written:
    """A Word document with one plan table, written row by row."""

    def __init__(self, head: Sequence[str] = HEAD) -> None:
        self.document: Any = Document()
        self.document.add_paragraph("Our Prevent plan")
        self.table = self.document.add_table(rows=1, cols=len(head))
        for cell, text in zip(self.table.rows[0].cells, head, strict=True):
            cell.text = text

    def section(self, title: str) -> None:
        cells = self.table.add_row().cells
        cells[0].merge(cells[-1]).text = title

    def row(self, duty: str, meaning: str, actions: Sequence[str], roles: Sequence[str]) -> Any:
        """Actions that begin with "* " are bullets; an empty role is a blank line."""
        cells = self.table.add_row().cells
        cells[0].text, cells[1].text = duty, meaning
        for cell, lines in ((cells[2], actions), (cells[3], roles)):
            cell.paragraphs[0]._element.getparent().remove(cell.paragraphs[0]._element)
            for line in lines:
                cell.add_paragraph(line.removeprefix("* "), style="List Bullet" if line.startswith("* ") else None)
        return cells

    def read(self) -> PlanDocument:
        return read_plan_document(self.stream())

    def stream(self) -> io.BytesIO:
        stream = io.BytesIO()
        self.document.save(stream)
        stream.seek(0)
        return stream


@pytest.fixture
def written() -> Written:
    return Written()


def test_sections_duties_expectations_and_actions_are_told_apart(written: Written) -> None:
    written.section("Risk assessment")
    written.row("Know the risk", "It is written down", ["* Write it", "* Review it"], ["Prevent lead"])
    written.section("Staff training")
    written.row("Train staff", "Everybody is trained", ["* Take the course"], ["All staff"])
    plan = written.read()
    assert plan.counts() == {"sections": 2, "duties": 2, "expectations": 2, "actions": 3}
    assert [section.theme for section in plan.sections] == [Theme.RISK_ASSESSMENT, Theme.TRAINING]
    assert plan.title == "Our Prevent plan"


def test_a_duty_merged_downwards_has_several_expectations(written: Written) -> None:
    written.section("Risk assessment")
    first = written.row("One duty", "First meaning", ["* One"], ["DSL"])
    second = written.row("", "Second meaning", ["* Two"], ["DSL"])
    first[0].merge(second[0])
    plan = written.read()
    assert [duty.wording for duty in plan.duties] == ["One duty"]
    assert [each.wording for each in plan.duties[0].expectations] == ["First meaning", "Second meaning"]


def test_lead_ins_and_addresses_are_kept_and_are_no_actions(written: Written) -> None:
    written.section("Staff training")
    written.row(
        "Train", "Needs are known", ["At the least:", "* Take the course", "https://course.example/start"], ["DSL"]
    )
    (expectation,) = written.read().expectations
    assert expectation.note == "At the least:"
    assert [(action.wording, action.note) for action in expectation.actions] == [
        ("Take the course", "https://course.example/start")
    ]


def test_a_cell_without_bullets_gives_an_action_for_each_paragraph(written: Written) -> None:
    written.section("Partnership")
    written.row("Refer", "The route is known", ["Agree the route", "www.route.example", "Tell staff"], ["DSL"])
    (expectation,) = written.read().expectations
    assert [(action.wording, action.note) for action in expectation.actions] == [
        ("Agree the route", "www.route.example"),
        ("Tell staff", ""),
    ]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (["All staff"], [("All staff",), ("All staff",), ("All staff",)]),
        (["A", "", "B", "", "", "C"], [("A",), ("B",), ("C",)]),
        (["A", "", "B"], [("A",), ("A",), ("B",)]),
        (["A", "B"], [("A", "B"), ("A", "B"), ("A", "B")]),
        (["A", "", "", "", "", "B"], [("A",), ("A",), ("A", "B")]),
        ([], [(), (), ()]),
    ],
    ids=["one for all", "one for each", "lined up by lines", "two together", "below the last", "nobody"],
)
def test_roles_are_lined_up_with_actions(written: Written, roles: list[str], expected: list[tuple[str, ...]]) -> None:
    written.section("Risk")
    written.row("Duty", "Meaning", ["* One", "* Two", "* Three"], roles)
    assert [action.roles for action in written.read().actions] == expected


def test_typed_bullets_count_as_bullets(written: Written) -> None:
    written.section("Risk")
    written.row("Duty", "Meaning", ["Do this:", "• One", "- Two"], ["DSL"])
    (expectation,) = written.read().expectations
    assert [action.wording for action in expectation.actions] == ["One", "Two"]
    assert expectation.note == "Do this:"


def test_a_link_keeps_its_words_and_its_address(written: Written) -> None:
    written.section("Risk")
    cells = written.row("Duty", "Meaning", ["* Read "], ["DSL"])
    paragraph = cells[2].paragraphs[0]
    relation = written.document.part.relate_to("https://guide.example/", RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = parse_xml(f"<w:hyperlink {W}><w:r><w:t>the guide</w:t></w:r></w:hyperlink>")
    link.set(qn("r:id"), relation)
    paragraph._element.append(link)
    assert written.read().actions[0].wording == "Read the guide (https://guide.example/)"


def test_of_tracked_changes_the_accepted_text_is_taken(written: Written) -> None:
    written.section("Risk")
    cells = written.row("Duty", "Meaning", ["* Review it "], ["DSL"])
    paragraph = cells[2].paragraphs[0]._element
    paragraph.append(parse_xml(f'<w:ins {W} w:id="1" w:author="a"><w:r><w:t>each year</w:t></w:r></w:ins>'))
    paragraph.append(parse_xml(f'<w:del {W} w:id="2" w:author="a"><w:r><w:delText>sometimes</w:delText></w:r></w:del>'))
    paragraph.append(parse_xml(f'<w:moveFrom {W} w:id="3" w:author="a"><w:r><w:t> moved away</w:t></w:r></w:moveFrom>'))
    assert written.read().actions[0].wording == "Review it each year"


def test_cells_in_content_controls_are_found(written: Written) -> None:
    written.section("Risk")
    cells = written.row("Duty", "Meaning", ["* Inside a control"], ["DSL"])
    cell = cells[2]._element
    row = cell.getparent()
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    control.append(content)
    row.replace(cell, control)
    content.append(cell)
    (action,) = written.read().actions
    assert (action.wording, action.roles) == ("Inside a control", ("DSL",))


def test_several_tables_with_repeated_heads_are_one_plan(written: Written) -> None:
    written.section("Risk")
    written.row("First", "Meaning", ["* One"], ["DSL"])
    first = written.table
    written.table = written.document.add_table(rows=1, cols=4)
    for cell, text in zip(written.table.rows[0].cells, HEAD, strict=True):
        cell.text = text
    written.section("Training")
    written.row("Second", "Meaning", ["* Two"], ["DSL"])
    assert first is not written.table
    assert [section.title for section in written.read().sections] == ["Risk", "Training"]


def test_what_cannot_be_placed_is_left_over_and_nothing_is_lost() -> None:
    written = Written((*HEAD, "Remarks"))
    written.document.sections[0].footer.paragraphs[0].text = "Approved by governors"
    written.section("Risk")
    cells = written.row("Duty", "Meaning", ["Lead in:", "* One", "below one"], ["DSL", "", "Head"])
    cells[4].text = "A remark"
    written.document.add_paragraph("After the table")
    plan = written.read()
    assert plan.leftovers == ["After the table", "Approved by governors"]
    assert plan.actions[0].note == "below one\nRemarks: A remark"
    everything = repr(plan)
    for text in ("Our Prevent plan", "Risk", "Duty", "Meaning", "Lead in:", "One", "below one", "DSL", "Head"):
        assert text in everything


def test_the_real_plan_is_read_whole(shared: Path) -> None:
    (path,) = (shared / "seed").glob("*.docx")
    with path.open("rb") as stream:
        plan = read_plan_document(stream)
    assert plan.counts() == {"sections": 5, "duties": 7, "expectations": 11, "actions": 33}
    assert [section.theme for section in plan.sections] == [
        Theme.RISK_ASSESSMENT, Theme.PARTNERSHIP, Theme.TRAINING, Theme.ONLINE_SAFETY, Theme.RESILIENCE,
    ]  # fmt: skip
    assert all(action.roles for action in plan.actions)
    assert {"All staff", "Prevent Lead", "SLT and computing lead"} <= {
        r for action in plan.actions for r in action.roles
    }
    kept = " ".join(repr(plan).split()).replace("\\n", " ").replace("\\'", "'")
    with path.open("rb") as stream:
        for paragraph in Document(stream).element.body.iter(qn("w:p")):
            words = " ".join("".join(node.text or "" for node in paragraph.iter(qn("w:t"))).split())
            if words not in kept and words not in HEAD:  # who has it: a role and a name that stood in one line
                assert all(part.strip(" ()") in kept for part in re.split(r"[/(,]", words)), words


def test_the_real_plan_as_text_is_the_plan_of_its_word_file(shared: Path) -> None:
    (word,), (text,) = (shared / "seed").glob("*.docx"), (shared / "seed").glob("*-plan.txt")
    blocks = blocks_of_text(text.read_text())
    with word.open("rb") as stream:
        expected = read_plan_document(stream)
    found = plan_from(blocks, [guess.mapping for guess in guess_columns(blocks)])
    assert (found.sections, found.leftovers) == (expected.sections, expected.leftovers)


def _zip(parts: dict[str, bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    stream.seek(0)
    return stream


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (io.BytesIO(b"plain words"), "not a Word document"),
        (io.BytesIO(b""), "not a Word document"),
        (io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), "before 2007"),
        (_zip({"notes.txt": b"x"}), "not a Word document"),
        (_zip({"word/document.xml": b"<w:document"}), "not a Word document"),
        (_zip({"word/document.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'}), "document type"),
        (_zip({"word/document.xml": b"<a>" + b" " * (package.MOST_XML_BYTES + 1)}), "far longer"),
        (
            _zip({"word/document.xml": b"<a/>", "word/media/a.png": b"\0" * (package.MOST_UNPACKED_BYTES + 1)}),
            "far larger",
        ),
    ],
    ids=["text", "empty", "old doc", "zip", "damaged", "entities", "long xml", "zip bomb"],
)
def test_what_is_no_word_plan_is_refused_with_a_sentence(stream: io.BytesIO, words: str) -> None:
    with pytest.raises(PlanDocumentError, match=words):
        read_plan_document(stream)


def test_a_file_beyond_the_limit_is_refused_before_it_is_opened(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1024)
    with pytest.raises(PlanDocumentError, match="larger than"):
        read_plan_document(written.stream())


def test_a_document_without_a_table_says_what_is_needed() -> None:
    document = Document()
    document.add_paragraph("Only words")
    stream = io.BytesIO()
    document.save(stream)
    with pytest.raises(PlanDocumentError, match="has no table"):
        read_plan_document(stream)


def test_a_table_without_actions_names_what_its_first_row_says() -> None:
    written = Written(("Name", "Phone", "Room", "Hours"))
    with pytest.raises(PlanDocumentError, match=r"Name \| Phone"):
        read_plan_document(written.stream())
