"""A plan as Word, PDF, Excel and CSV files, read back by other software than wrote them."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, BinaryIO

import pikepdf
import pytest
from docx import Document
from docx.oxml.parser import parse_xml
from python_calamine import CalamineWorkbook

from prevent_trust import typesetting
from tenants.imports.plan_document.reader import read_plan_document
from tenants.imports.plan_document.types import PlanDocument
from tenants.plan.exports import pdf
from tenants.plan.exports.csv_file import plan_as_csv
from tenants.plan.exports.pdf import plan_as_pdf
from tenants.plan.exports.sheet import plan_as_sheet
from tenants.plan.exports.types import (
    ExportedAction,
    ExportedDuty,
    ExportedExpectation,
    ExportedPlan,
    ExportedSection,
)
from tenants.plan.exports.word import plan_as_word
from tenants.plan.models import ActionStatus
from tenants.plan.rules import SectionCounts

WORD_HEAD = ["Duty", "What this means", "Action", "By whom", "Owner", "Due", "Status", "Evidence", "Notes"]
SHEET_HEAD = [
    "Section", "Duty", "What this means", "Action", "By whom", "Owner", "Due", "Status", "How known", "Overdue",
    "Evidence", "Notes", "Serves", "Key",
]  # fmt: skip
LONG = "Walk the site with the caretaker and write down who can come in. " * 60
ARABIC = "اقرأ السياسة مع جميع الموظفين"
HOSTILE = '#read("/etc/passwd") $x$ *bold* <w:br/> &amp; @label \\ ${x} [[y]]'
FORMULA = '=HYPERLINK("https://example.org","click")'


def an_action(wording: str, **changes: Any) -> ExportedAction:
    return replace(
        ExportedAction(
            key="",
            wording=wording,
            good_looks_like="",
            note_beside="",
            roles=("All staff",),
            status=ActionStatus.MET,
            status_name="Met",
            how_known="Declared",
            override_reason="",
            owner="",
            due_on=None,
            is_overdue=False,
            note="",
            evidence=(),
            references=(),
            is_own=False,
            verification="",
        ),
        **changes,
    )


def a_risk_section() -> ExportedSection:
    reviewed = an_action(
        "Review the risk assessment each term",
        key="risk.review",
        roles=("Prevent lead", "SLT & governors"),
        owner="Zoë O’Neill",
        due_on=date(2027, 3, 3),
        is_overdue=True,
        status=ActionStatus.PARTLY_MET,
        status_name="Partly met",
        note_beside="https://guide.example/risk",
        note="Waits for the police profile.\nAsked again in May.",
        override_reason="two records are late",
        verification="Verified by the trust on 3 March 2027",
        evidence=("Minutes “spring”", "Site plan"),
        references=("Keeping children safe in education, 2026, paragraph 14",),
    )
    walked = an_action(LONG.strip(), roles=("Caretaker",), status=ActionStatus.NOT_MET, status_name="Not met")
    own = an_action(f"Read it together: {ARABIC}", is_own=True, roles=(), status_name="Review due")
    known = ExportedExpectation("The risk to pupils is known", "At the least:", (reviewed, walked))
    merged = ExportedDuty("Know & assess the risk", (known, ExportedExpectation("Staff can say it", "", (own,))))
    empty = ExportedDuty("Check every speaker", (ExportedExpectation("Speakers are vetted", "", ()),))
    return ExportedSection("Risk assessment", "Red", SectionCounts(3, 1, 1, 1, overdue=1), (merged, empty))


def a_training_section() -> ExportedSection:
    hostile = an_action(HOSTILE, note="Bell\x07 and\x00 escape\x1b end\x0bnext line \ufffe", roles=("DSL",))
    formula = an_action(FORMULA, owner="+44 20 7946 0000", roles=("@head",), evidence=("-1+1",))
    linked = an_action(
        "https://training.example/course", roles=("DSL",), status=ActionStatus.NOT_ANSWERED, status_name="Not answered"
    )
    duty = ExportedDuty("Train staff", (ExportedExpectation("Everybody is trained", "", (hostile, formula, linked)),))
    return ExportedSection("Staff training", "Amber", SectionCounts(3, 2), (duty,))


def a_plan(*sections: ExportedSection, **changes: Any) -> ExportedPlan:
    return replace(
        ExportedPlan(
            school="St Brigid’s & All Saints Primary School",
            title="Prevent duty action plan 2026 to 2027",
            introduction="How we keep pupils safe.",
            as_at=date(2026, 11, 24),
            verdict="3 of 6 actions are met; 1 overdue.",
            sections=sections or (a_risk_section(), a_training_section()),
            leftovers=("Approved by governors",),
            not_covered=("Part 3: Premises",),
        ),
        **changes,
    )


def a_plan_of(actions: int, **changes: Any) -> ExportedPlan:
    """A plan with one section, duty and expectation."""
    action = an_action("Tell parents what to do", **changes)
    expectation = ExportedExpectation("Parents know", "", (action,) * actions)
    return a_plan(
        ExportedSection(
            "Partnership", "Green", SectionCounts(actions, actions), (ExportedDuty("Work together", (expectation,)),)
        )
    )


def written(write: Callable[[ExportedPlan, BinaryIO], None], plan: ExportedPlan) -> io.BytesIO:
    target = io.BytesIO()
    write(plan, target)
    target.seek(0)
    return target


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_importer_reads_out_of_the_word_file_what_went_into_it() -> None:
    plan = a_plan()
    read = read_plan_document(written(plan_as_word, plan))
    assert (read.title, [section.title for section in read.sections]) == (
        plan.title,
        ["Risk assessment", "Staff training"],
    )
    assert outline(read) == [
        (
            duty.wording,
            [
                (each.wording, [(in_one_line(action.wording), action.roles) for action in each.actions])
                for each in duty.expectations
            ],
        )
        for section in plan.sections
        for duty in section.duties
    ]


def outline(read: PlanDocument) -> list[Any]:
    return [
        (
            duty.wording,
            [(each.wording, [(action.wording, action.roles) for action in each.actions]) for each in duty.expectations],
        )
        for duty in read.duties
    ]


def word_table(plan: ExportedPlan, number: int = 1) -> Any:
    return Document(written(plan_as_word, plan)).tables[number]._element


def test_the_plans_table_in_word_says_what_it_is_and_repeats_its_head() -> None:
    table = word_table(a_plan())
    rows = table.xpath("./w:tr")
    assert ["".join(cell.xpath(".//w:t/text()")) for cell in rows[0].xpath("./w:tc")] == WORD_HEAD
    assert [len(row.xpath("./w:trPr/w:tblHeader")) for row in rows] == [1, *([0] * 9)]
    assert table.xpath("./w:tblPr/w:tblCaption/@w:val") == ["Prevent duty action plan 2026 to 2027"]
    assert "a row for each action" in table.xpath("./w:tblPr/w:tblDescription/@w:val")[0]
    assert table.xpath("./w:tblPr/w:tblLook/@w:firstRow") == ["1"]


def test_a_section_is_a_row_of_one_cell_and_a_duty_a_cell_of_several_rows() -> None:
    rows = word_table(a_plan()).xpath("./w:tr")
    cells = [row.xpath("./w:tc") for row in rows]
    assert [len(row) for row in cells] == [9, 1, 9, 9, 9, 9, 1, 9, 9, 9]
    assert cells[1][0].xpath("./w:tcPr/w:gridSpan/@w:val") == ["9"]
    assert cells[1][0].xpath("./w:tcPr/w:shd")
    merges = [[cell.xpath("string(./w:tcPr/w:vMerge/@w:val)") for cell in row[:2]] for row in cells[2:6]]
    assert merges == [["restart", "restart"], ["continue", "continue"], ["continue", ""], ["", ""]]


def test_short_rows_stay_together_and_long_ones_may_be_split() -> None:
    rows = word_table(a_plan()).xpath("./w:tr")
    assert [row for row, each in enumerate(rows) if not each.xpath("./w:trPr/w:cantSplit")] == [3]


def test_notes_in_word_have_their_style_or_their_column() -> None:
    action = word_table(a_plan()).xpath("./w:tr")[2].xpath("./w:tc")
    styles = Document(written(plan_as_word, a_plan())).styles
    identifier = styles["Plan note"].style_id

    def texts(cell: Any, condition: str) -> list[str]:
        return ["".join(each.xpath(".//w:t/text()")) for each in cell.xpath(f"./w:p[{condition}]")]

    is_note = f"w:pPr/w:pStyle/@w:val='{identifier}'"
    assert texts(action[1], is_note) == ["At the least:"]
    assert texts(action[2], is_note) == ["https://guide.example/risk"]
    assert texts(action[2], f"not({is_note})") == ["Review the risk assessment each term"]
    assert texts(action[8], "true()") == [
        "Waits for the police profile.",
        "Asked again in May.",
        "Declared against the records: two records are late",
        "Verified by the trust on 3 March 2027",
    ]


def test_a_status_in_word_is_a_word_with_a_colour_behind_it() -> None:
    cells = [row.xpath("./w:tc")[6] for row in word_table(a_plan()).xpath("./w:tr") if len(row.xpath("./w:tc")) == 9]
    said = [("".join(cell.xpath(".//w:t/text()")), cell.xpath("string(./w:tcPr/w:shd/@w:fill)")) for cell in cells[1:4]]
    assert [words for words, _ in said] == ["Partly met", "Not met", "Review due"]
    assert said[0][1] == said[2][1] != said[1][1]


def test_the_word_file_names_its_school_its_language_and_its_pages() -> None:
    plan = a_plan()
    stream = written(plan_as_word, plan)
    document = Document(stream)
    properties = document.core_properties
    assert (properties.title, properties.author, properties.language) == (plan.title, plan.school, "en-GB")
    assert set(document.styles.element.xpath("//w:lang/@w:val")) == {"en-GB"}
    footer = document.sections[0].footer._element
    assert [field.strip() for field in footer.xpath(".//w:fldSimple/@w:instr")] == ["PAGE", "NUMPAGES"]
    assert document.sections[0].page_width > document.sections[0].page_height
    assert [paragraph.text for paragraph in document.paragraphs][-1] == "Approved by governors"


def test_every_part_of_the_word_file_is_well_formed_whatever_the_texts_hold() -> None:
    changes = {"school": "A\x00B\ud800 & <C>", "title": "T\x1f\uffff", "verdict": "\x0c", "leftovers": ("\x08x",)}
    with zipfile.ZipFile(written(plan_as_word, a_plan(**changes))) as archive:
        parts = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
        for name in parts:
            parse_xml(archive.read(name))
    assert "word/document.xml" in parts


@pytest.fixture(scope="module")
def opened() -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(written(plan_as_pdf, a_plan())) as document:
        yield document


def structure(node: Any) -> Iterator[Any]:
    """Every element below a node of the structure tree that has a role."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from structure(kid)


def attribute(element: Any, name: str) -> Any:
    attributes = element.get("/A", [])
    for each in attributes if isinstance(attributes, pikepdf.Array) else [attributes]:
        if isinstance(each, pikepdf.Dictionary) and name in each:
            return each[name]
    return None


def test_the_pdf_is_tagged_and_claims_pdf_ua(opened: pikepdf.Pdf) -> None:
    root = opened.Root
    assert root.MarkInfo.Marked is True
    assert str(root.Lang) == "en-GB"
    assert root.ViewerPreferences.DisplayDocTitle is True
    with opened.open_metadata() as metadata:
        assert metadata["{http://www.aiim.org/pdfua/ns/id/}part"] == "1"
        assert metadata["dc:title"] == "Prevent duty action plan 2026 to 2027"
    assert all("/StructParents" in page for page in opened.pages)
    assert all(str(page.Tabs) == "/S" for page in opened.pages)


def test_the_tables_of_the_pdf_have_cells_that_are_heads_of_columns(opened: pikepdf.Pdf) -> None:
    elements = list(structure(opened.Root.StructTreeRoot))
    tables = [element for element in elements if element.S == "/Table"]
    heads = [[each for each in structure(table) if each.S == "/TH"] for table in tables]
    assert [len(each) for each in heads] == [4, 9, 9]
    assert {str(attribute(head, "/Scope")) for each in heads for head in each} == {"/Column"}
    assert [sum(each.S == "/Caption" for each in structure(element)) for element in tables] == [1, 1, 1]
    cells = [each for each in structure(tables[1]) if each.S == "/TD"]
    assert [int(attribute(cell, "/RowSpan") or 1) for cell in cells if (attribute(cell, "/RowSpan") or 1) > 1] == [3, 2]
    roles = [str(element.S) for element in elements]
    assert roles.count("/H1") + roles.count("/H2") >= 6


def test_every_font_of_the_pdf_is_in_the_file(opened: pikepdf.Pdf) -> None:
    descriptors = [each for each in opened.objects if isinstance(each, pikepdf.Dictionary) and "/FontName" in each]
    assert descriptors
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(each.keys()) for each in descriptors)


def pdf_text(plan: ExportedPlan) -> str:
    """The words of a PDF, from the character maps of its fonts, without spaces: lines break anywhere."""
    with pikepdf.open(written(plan_as_pdf, plan)) as document:
        text = "".join(piece for page in document.pages for piece in _page_text(page))
    return "".join(text.split()).replace("\u200b", "")


def _page_text(page: Any) -> Iterator[str]:
    maps = {name: _character_map(font) for name, font in page.Resources.Font.items()}
    font: dict[str, str] = {}
    is_replaced: list[bool] = []  # for each marked part that we are in: its words are given, not its glyphs
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) in {"BDC", "BMC"}:
            words = operands[1].get("/ActualText") if len(operands) > 1 and hasattr(operands[1], "get") else None
            is_replaced.append(words is not None)
            yield str(words or "")
        elif str(operator) == "EMC":
            is_replaced.pop()
        elif str(operator) == "Tf":
            font = maps[str(operands[0])]
        elif str(operator) in {"TJ", "Tj"} and not any(is_replaced):
            for part in operands[0] if str(operator) == "TJ" else operands:
                if isinstance(part, pikepdf.String):
                    glyphs = bytes(part).hex()
                    yield from (font.get(glyphs[at : at + 4], "") for at in range(0, len(glyphs), 4))


def _character_map(font: Any) -> dict[str, str]:
    source = font.ToUnicode.read_bytes().decode("ascii", "replace")
    pairs = re.findall(r"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>", source)
    return {glyph.lower(): bytes.fromhex(text).decode("utf-16-be") for glyph, text in pairs}


def test_the_words_of_the_plan_are_in_the_pdf_as_they_are() -> None:
    plan = a_plan()
    text = pdf_text(plan)
    for words in (plan.school, plan.verdict, "Check every speaker", HOSTILE, FORMULA, "Approved by governors"):
        assert "".join(words.split()) in text, words
    assert text.count("caretaker") == LONG.count("caretaker")  # a long wording goes on over the page, and is whole
    assert "Declaredagainsttherecords:tworecordsarelate" in text
    assert "root:" not in text


def test_a_character_without_a_glyph_is_named_in_the_pdf() -> None:
    assert "Done[partypopper][cjkunifiedideograph-6f22]" in pdf_text(a_plan_of(1, note="Done \U0001f389 漢"))


def test_scripts_whose_glyphs_do_not_go_together_do_not_stop_the_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "_has_glyph", lambda _: True)
    assert "[partypopper]" in pdf_text(a_plan_of(1, note="\U0001f389"))


def test_a_text_that_stops_the_typesetter_is_written_without_its_marks() -> None:
    line_begins_with_a_mark = "a\u06f6\u05db\u06e9 \u06ed\u05faa\u0679aaa\u0622aa \u0639 \u0613\u0693\u062d"
    assert "Beforehand" in pdf_text(a_plan_of(1, note=line_begins_with_a_mark, verification="Beforehand"))


def test_a_wrong_template_is_an_error_and_not_an_empty_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_content", lambda *_: {"title": ""})
    target = io.BytesIO()
    with pytest.raises(typesetting.NotTypeset, match="dictionary does not contain"):
        plan_as_pdf(a_plan(), target)
    assert target.getvalue() == b""


def sheets(plan: ExportedPlan) -> dict[str, list[list[Any]]]:
    workbook = CalamineWorkbook.from_filelike(written(plan_as_sheet, plan))
    return {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}


def test_the_workbook_has_a_row_for_each_action_and_one_for_what_has_none() -> None:
    plan = a_plan()
    head, *rows = sheets(plan)["Plan"]
    assert head == SHEET_HEAD
    assert [row[3] for row in rows if row[3]] == [action.wording for action in plan.actions]
    first = dict(zip(head, rows[0], strict=True))
    assert first["Due"] == date(2027, 3, 3)
    assert (first["By whom"], first["Overdue"]) == ("Prevent lead; SLT & governors", "Yes")
    assert (first["Key"], first["Serves"]) == ("risk.review", "Keeping children safe in education, 2026, paragraph 14")
    assert first["Notes"].split("\n") == [
        "Waits for the police profile.",
        "Asked again in May.",
        "Declared against the records: two records are late",
        "Verified by the trust on 3 March 2027",
        "Beside the action: https://guide.example/risk",
        "Beside what this means: At the least:",
    ]
    assert rows[3][:4] == ["Risk assessment", "Check every speaker", "Speakers are vetted", ""]


def test_the_workbook_counts_its_sections_and_says_what_it_is() -> None:
    plan = a_plan()
    book = sheets(plan)
    assert list(book) == ["Plan", "Sections", "About"]
    assert book["Sections"][1] == ["Risk assessment", "Red", 3, 1, 1, 1, 0, 0, 0, 1]
    about = {row[0]: row[1] for row in book["About"]}
    assert (about["School"], about["As at"], about["Verdict"]) == (plan.school, plan.as_at, plan.verdict)
    assert (about["Not covered by any action"], about["Text without a place"]) == (
        "Part 3: Premises", "Approved by governors",
    )  # fmt: skip


def test_no_cell_of_the_workbook_can_act() -> None:
    plan = a_plan()
    assert FORMULA in [row[3] for row in sheets(plan)["Plan"]]
    with zipfile.ZipFile(written(plan_as_sheet, plan)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    cells = parts["xl/worksheets/sheet1.xml"]
    assert "<f>" not in cells
    assert "hyperlink" not in cells.replace("HYPERLINK(", "").lower()
    assert not any("hyperlink" in part.lower() for name, part in parts.items() if name.endswith(".rels"))
    assert "<autoFilter" in cells
    assert 'state="frozen"' in cells


def test_a_text_beyond_excels_limit_is_cut_and_says_so() -> None:
    (_, row) = sheets(a_plan_of(1, note="x" * 40_000))["Plan"]
    assert row[11] == "x" * 32_766 + "…"


def test_the_csv_file_has_the_workbooks_columns_and_no_formulas() -> None:
    plan = a_plan()
    head, *rows = csv.reader(io.StringIO(plan_as_csv(plan).decode("utf-8-sig"), newline=""))
    assert head == SHEET_HEAD
    assert [row[3] for row in rows if row[3]] == [
        f"'{action.wording}" if action.wording == FORMULA else action.wording for action in plan.actions
    ]
    assert rows[0][6] == "2027-03-03"
    assert rows[5][4:6] == ["'@head", "'+44 20 7946 0000"]
    assert rows[4][11] == "Bell and escape end\nnext line"


@pytest.mark.parametrize("write", [plan_as_word, plan_as_pdf, plan_as_sheet])
def test_a_plan_with_nothing_in_it_is_still_a_file(write: Callable[[ExportedPlan, BinaryIO], None]) -> None:
    bare = ExportedDuty("A duty alone", ())
    empty = ExportedSection("Online safety", "Not answered", SectionCounts(), ())
    section = ExportedSection("Resilience", "Not answered", SectionCounts(), (bare,))
    for sections in ((), (empty,), (empty, section)):
        plan = replace(a_plan(), sections=sections, leftovers=(), not_covered=(), introduction="")
        assert written(write, plan).getvalue()
    assert plan_as_csv(plan).decode().splitlines()[2].startswith("Resilience,A duty alone,")


@pytest.mark.parametrize("actions", [1, 3])
def test_a_duty_longer_than_a_page_goes_on_over_the_next(actions: int) -> None:
    plan = a_plan_of(actions)
    (section,) = plan.sections
    long = replace(section, duties=(replace(section.duties[0], wording=LONG * 4),))
    with pikepdf.open(written(plan_as_pdf, replace(plan, sections=(long,)))) as document:
        assert len(document.pages) > len(LONG * 4) / 2_000  # what its narrow column holds on a page
