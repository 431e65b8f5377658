"""Plans in the layouts that schools use: columns guessed and corrected, RAG, owners, dates, files of every kind."""

import io
import re
from datetime import date
from typing import Any

import pytest
import xlsxwriter
from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from tenants.imports.plan_document.blocks import DocumentBlocks
from tenants.imports.plan_document.columns import PlanField, field_of, guess_columns
from tenants.imports.plan_document.dates import day_of
from tenants.imports.plan_document.files import read_blocks
from tenants.imports.plan_document.matching import suggest_matches
from tenants.imports.plan_document.pasted import blocks_of_text
from tenants.imports.plan_document.problems import PlanDocumentError
from tenants.imports.plan_document.reader import plan_from
from tenants.imports.plan_document.types import DocumentAction, PlanDocument
from tenants.imports.plan_document.words import split_people, status_of, status_of_fill
from tenants.plan.edition_source import load_edition_source
from tenants.plan.models import ActionStatus

RED, AMBER, GREEN = "FF0000", "FFC000", "92D050"


def word(*tables: list[list[str]], shading: dict[tuple[int, int], str] | None = None) -> DocumentBlocks:
    """Word tables of plain texts; shading by row and column of the first."""
    document: Any = Document()
    for number, rows in enumerate(tables):
        table = document.add_table(rows=0, cols=len(rows[0]))
        for r, row in enumerate(rows):
            for c, (cell, text) in enumerate(zip(table.add_row().cells, row, strict=True)):
                cell.text = text
                if number == 0 and shading and (r, c) in shading:
                    shade = OxmlElement("w:shd")
                    shade.set(qn("w:fill"), shading[r, c])
                    cell._element.get_or_add_tcPr().append(shade)
    return read_blocks(stream_of(document), "plan.docx")


def stream_of(document: Any) -> io.BytesIO:
    stream = io.BytesIO()
    document.save(stream)
    stream.seek(0)
    return stream


def guessed(blocks: DocumentBlocks, remembered: dict[str, str] | None = None) -> PlanDocument:
    return plan_from(blocks, [guess.mapping for guess in guess_columns(blocks, remembered)])


def fields(blocks: DocumentBlocks) -> list[str]:
    return [field.value for field in guess_columns(blocks)[0].mapping.fields]


def only(plan: PlanDocument) -> DocumentAction:
    (action,) = plan.actions
    return action


def test_a_risk_table() -> None:
    blocks = word(
        [
            ["Risk title", "Summary", "Existing controls", "Actions required", "Owner", "RAG"],
            ["Speakers", "A guest may promote hatred", "Sign-in sheet", "Check speakers first", "DSL", "Amber"],
        ]
    )
    assert fields(blocks) == ["duty", "meaning", "note", "action", "owner", "status"]
    plan = guessed(blocks)
    assert (plan.duties[0].wording, plan.expectations[0].wording) == ("Speakers", "A guest may promote hatred")
    action = only(plan)
    assert (action.wording, action.roles, action.status) == ("Check speakers first", ("DSL",), ActionStatus.PARTLY_MET)
    assert action.note == "Existing controls: Sign-in sheet"


def test_outcomes_with_evidence_of_progress() -> None:
    blocks = word(
        [
            ["Outcome", "Risk", "Action", "Owner", "Evidence of progress", "RAG"],
            ["Staff know the signs", "Signs are missed", "Train staff", "J. Byron", "Slides", "G"],
        ]
    )
    assert fields(blocks) == ["duty", "meaning", "action", "owner", "evidence", "status"]
    action = only(guessed(blocks))
    assert (action.owner, action.evidence, action.status) == ("J. Byron", "Slides", ActionStatus.MET)


@pytest.mark.parametrize(
    ("ticks", "shading", "status"),
    [
        (["", "✓", ""], {}, ActionStatus.PARTLY_MET),
        (["x", "", ""], {}, ActionStatus.NOT_MET),
        (["", "", ""], {(1, 7): GREEN}, ActionStatus.MET),
        (["✓", "✓", ""], {}, None),
    ],
)
def test_three_columns_to_tick(
    ticks: list[str], shading: dict[tuple[int, int], str], status: ActionStatus | None
) -> None:
    head = ["No", "Area", "Action/response", "Lead", "Review", "R", "A", "G"]
    blocks = word([head, ["1", "Premises", "Check lettings", "Site manager", "Termly", *ticks]], shading=shading)
    action = only(guessed(blocks))
    assert (action.wording, action.owner, action.status) == ("Check lettings", "Site manager", status)
    assert (action.due_on, action.due_words) == (None, "Termly")


def test_the_seven_columns_of_the_dfe() -> None:
    blocks = word(
        [
            [
                "Category",
                "Risk",
                "Hazard",
                "Risk management",
                "Further action needed",
                "Lead officer",
                "Date for completion",
            ],
            ["Online safety", "Games", "Chat", "Filter", "Test the filter", "Computing lead", "31/03/2027"],
            ["Online safety", "Games", "Chat", "", "Tell parents", "Headteacher", "Mar 2027"],
        ]
    )
    assert fields(blocks) == ["section", "duty", "meaning", "note", "action", "owner", "due"]
    plan = guessed(blocks)
    assert plan.counts() == {"sections": 1, "duties": 1, "expectations": 1, "actions": 2}
    assert [action.due_on for action in plan.actions] == [date(2027, 3, 31)] * 2
    assert [action.roles for action in plan.actions] == [("Computing lead",), ("Headteacher",)]


def test_tables_one_after_another_with_and_without_heads_are_one_plan() -> None:
    head = ["Area", "Action", "Lead"]
    blocks = word(
        [head, ["A", "One", "DSL"], head, ["B", "Two", "DSL"]], [head, ["C", "Three", "DSL"]], [["D", "Four", "SLT"]]
    )
    assert [action.wording for action in guessed(blocks).actions] == ["One", "Two", "Three", "Four"]


def test_a_table_that_is_none_of_the_plan_is_kept_as_text() -> None:
    blocks = word([["Version", "Approved"], ["3", "Governors"]], [["Area", "Action", "Lead"], ["A", "One", "DSL"]])
    plan = guessed(blocks)
    assert [action.wording for action in plan.actions] == ["One"]
    assert "Governors" in repr([plan.title, plan.introduction, plan.leftovers])


def test_bullets_of_a_second_depth_belong_to_the_action_above() -> None:
    blocks = word([["Area", "Action", "Lead"], ["A", "· First\no of the first\n- Second", "DSL"]])
    one, two = guessed(blocks).actions
    assert (one.wording, one.note, two.wording) == ("First", "of the first", "Second")


def test_a_nested_table_keeps_its_text() -> None:
    document: Any = Document()
    table = document.add_table(rows=2, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Area", "Action", "Lead"), strict=True):
        cell.text = text
    table.rows[1].cells[0].text = "A"
    table.rows[1].cells[1].add_table(rows=1, cols=1).rows[0].cells[0].text = "Nested words"
    assert "Nested words" in repr(guessed(read_blocks(stream_of(document), "plan.docx")))


def test_the_shading_of_a_status_cell_counts_where_it_says_nothing() -> None:
    rows = [["Area", "Action", "RAG"], ["A", "One", ""], ["B", "Two", ""], ["C", "Three", ""]]
    plan = guessed(word(rows, shading={(1, 2): RED, (2, 2): AMBER, (3, 2): GREEN}))
    assert [action.status for action in plan.actions] == [
        ActionStatus.NOT_MET, ActionStatus.PARTLY_MET, ActionStatus.MET,
    ]  # fmt: skip


def workbook(rows: list[list[object]], fills: dict[tuple[int, int], str] | None = None) -> io.BytesIO:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("Plan")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(r, c, value, day)
            elif fills and (r, c) in fills:
                sheet.write(r, c, value, book.add_format({"bg_color": f"#{fills[r, c]}"}))
            else:
                sheet.write(r, c, value)
    book.close()
    stream.seek(0)
    return stream


def test_a_workbook_with_a_title_dates_shading_and_cells_left_empty() -> None:
    rows: list[list[object]] = [
        ["Our Prevent plan", None, None, None, None],
        ["Area", "Action", "Lead", "Due", "RAG"],
        ["Training", None, None, None, None],
        ["Staff", "Train staff", "DSL", date(2027, 3, 26), " "],
        [None, "Brief joiners", "SLT", "Ongoing", "R"],
    ]
    plan = guessed(read_blocks(workbook(rows, {(3, 4): GREEN}), "plan.xlsx"))
    assert plan.title == "Our Prevent plan"
    assert [section.title for section in plan.sections] == ["Training"]
    one, two = plan.actions
    assert (one.due_on, one.status) == (date(2027, 3, 26), ActionStatus.MET)
    assert (two.due_on, two.due_words, two.status) == (None, "Ongoing", ActionStatus.NOT_MET)
    assert len(plan.duties) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_csv_in_any_usual_encoding(encoding: str, sign: str) -> None:
    text = f'Area{sign}Action{sign}Lead\r\nCafé{sign}"Check it{sign} twice"{sign}DSL\r\n'
    plan = guessed(read_blocks(io.BytesIO(text.encode(encoding)), "plan.csv"))
    assert (plan.duties[0].wording, only(plan).wording) == ("Café", " ".join(f"Check it{sign} twice".split()))


def test_text_pasted_from_a_word_table() -> None:
    text = 'Our plan\nArea\tAction\tLead\tDue\nTraining\t"- Train staff\n- Brief joiners"\tDSL\t3rd September 2026\n'
    plan = guessed(blocks_of_text(text))
    assert plan.title == "Our plan"
    assert [action.wording for action in plan.actions] == ["Train staff", "Brief joiners"]
    assert {action.due_on for action in plan.actions} == {date(2026, 9, 3)}


def test_text_pasted_from_a_list() -> None:
    text = "Prevent plan\n\nTraining\n1. Train staff – DSL – March 2027\n• Brief joiners\nOnline safety\n- Test the filter\n"
    plan = guessed(blocks_of_text(text))
    assert [section.title for section in plan.sections] == ["Training", "Online safety"]
    assert [action.wording for action in plan.actions] == ["Train staff", "Brief joiners", "Test the filter"]
    assert (plan.actions[0].roles, plan.actions[0].due_on) == (("DSL",), date(2027, 3, 31))


def test_what_a_head_meant_the_last_time_it_means_again() -> None:
    blocks = word([["Bereich", "Vorhaben", "Wer"], ["A", "One", "DSL"]])
    assert guess_columns(blocks)[0].mapping.use is False
    remembered = {"bereich": "duty", "vorhaben": "action", "wer": "roles"}
    assert only(guessed(blocks, remembered)).wording == "One"


def test_a_guess_can_be_corrected() -> None:
    blocks = word([["Area", "Action", "Notes"], ["A", "One", "J. Byron"]])
    guess = guess_columns(blocks)[0]
    corrected = guess.mapping.with_fields([PlanField.DUTY, PlanField.ACTION, PlanField.OWNER], use=True)
    assert only(plan_from(blocks, [corrected])).owner == "J. Byron"


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("03/09/2026", date(2026, 9, 3)), ("3.9.26", date(2026, 9, 3)), ("3-9-2026", date(2026, 9, 3)),
        ("3rd September 2026", date(2026, 9, 3)), ("3 Sept 26", date(2026, 9, 3)), ("2026-09-03", date(2026, 9, 3)),
        ("Sept 2026", date(2026, 9, 30)), ("by end of February 2028", date(2028, 2, 29)), ("Feb '27", date(2027, 2, 28)),
        ("Autumn term 2026", date(2026, 12, 31)), ("Spring 2027", date(2027, 3, 31)), ("46268", date(2026, 9, 3)),
        ("Thursday 3 September 2026", date(2026, 9, 3)), ("Due 03/09/2026", date(2026, 9, 3)),
        ("Ongoing", None), ("Termly", None), ("31/02/2026", None), ("as soon as possible", None), ("", None),
    ],
)  # fmt: skip
def test_dates_in_any_usual_form(words: str, day: date | None) -> None:
    assert day_of(words) == day


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Red", ActionStatus.NOT_MET), ("A", ActionStatus.PARTLY_MET), ("green – complete", ActionStatus.MET),
        ("In progress", ActionStatus.PARTLY_MET), ("Not started", ActionStatus.NOT_MET), ("N/A", ActionStatus.NOT_APPLICABLE),
        ("Met", ActionStatus.MET), ("Not met", ActionStatus.NOT_MET), ("Red to amber", None), ("see minutes", None),
        ("Not completed", ActionStatus.NOT_MET), ("Not complete", ActionStatus.NOT_MET), ("not yet done", ActionStatus.NOT_MET),
        ("Unmet", ActionStatus.NOT_MET), ("To be completed", ActionStatus.NOT_MET), ("Incomplete", ActionStatus.NOT_MET),
        ("Not fully met", ActionStatus.PARTLY_MET), ("Partially complete", ActionStatus.PARTLY_MET),
        ("Completed 3 March 2026", ActionStatus.MET), ("Now fully embedded", ActionStatus.MET), ("In place", ActionStatus.MET),
        ("Plan/action agreed", None), ("Done by July", None), ("Completed for most staff", None), ("Y", None), ("Blue", None),
        ("Will be done", None), ("Never completed", ActionStatus.NOT_MET), ("Complete? No", None),
    ],
)  # fmt: skip
def test_a_status_in_words(words: str, status: ActionStatus | None) -> None:
    assert status_of(words) is status


@pytest.mark.parametrize(
    ("fill", "status"),
    [
        ("FF0000", ActionStatus.NOT_MET), ("C00000", ActionStatus.NOT_MET), ("FFC000", ActionStatus.PARTLY_MET),
        ("FFFF00", ActionStatus.PARTLY_MET), ("92D050", ActionStatus.MET), ("00B050", ActionStatus.MET),
        ("FFFFFF", None), ("D9D9D9", None), ("4472C4", None), ("auto", None),
    ],
)  # fmt: skip
def test_a_shading_by_its_hue(fill: str, status: ActionStatus | None) -> None:
    assert status_of_fill(fill) is status


def test_roles_and_people_are_told_apart_and_none_is_lost() -> None:
    assert split_people("DSL, J. Byron and all staff; HT") == (("DSL", "all staff"), "J. Byron, HT")


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ("DSL (J. Byron)", (("DSL",), "J. Byron")), ("Headteacher – Mrs Smith", (("Headteacher",), "Mrs Smith")),
        ("Jane and Tom", ((), "Jane and Tom")),
    ],
)  # fmt: skip
def test_a_name_beside_a_role_is_a_person(words: str, split: tuple[tuple[str, ...], str]) -> None:
    assert split_people(words) == split


def test_by_whom_holds_roles_and_people() -> None:
    plan = guessed(word([["Area", "Action", "By whom"], ["Risk", "Write it", "DSL, J. Byron"]]))
    assert (only(plan).roles, only(plan).owner) == (("DSL",), "J. Byron")


@pytest.mark.parametrize(
    ("head", "field"),
    [
        ("Action status", PlanField.STATUS), ("Action by", PlanField.ROLES), ("Action by when", PlanField.DUE),
        ("Action date", PlanField.DUE), ("Action number", PlanField.NUMBER), ("Action owner", PlanField.OWNER),
        ("Actions taken", PlanField.ACTION), ("Number of staff", None), ("Ref", PlanField.NUMBER),
    ],
)  # fmt: skip
def test_a_head_that_begins_with_action_is_read_to_its_end(head: str, field: PlanField | None) -> None:
    assert field_of(head, {}) is field


def test_a_second_column_by_whom_and_a_number_with_a_point_are_kept() -> None:
    rows = [
        ["No", "Area", "Action", "By whom", "By whom else"],
        ["1.2", "Risk", "Write it", "DSL", "Head of Year Nine"],
    ]
    everything = repr(guessed(word(rows)))
    assert "1.2" in everything
    assert "Head of Year Nine" in everything


def merged_down(rows: list[list[str]], column: int, *, hidden: str = "") -> PlanDocument:
    """A table whose last two rows share a cell; `hidden` is what Word does not show of the lower one."""
    document: Any = Document()
    table = document.add_table(rows=0, cols=len(rows[0]))
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    for number, value in ((-2, "restart"), (-1, "continue")):
        cell = table.rows[number].cells[column]
        if number == -1:
            cell.text = hidden
        merge = OxmlElement("w:vMerge")
        merge.set(qn("w:val"), value)
        cell._element.get_or_add_tcPr().append(merge)
    return guessed(read_blocks(stream_of(document), "plan.docx"))


def test_a_status_merged_downwards_is_that_of_each_row() -> None:
    plan = merged_down([["Area", "Action", "RAG"], ["Risk", "One", "Green"], ["Site", "Two", ""]], 2)
    assert [action.status for action in plan.actions] == [ActionStatus.MET, ActionStatus.MET]


def test_what_word_hides_in_a_merged_cell_is_kept() -> None:
    plan = merged_down([["Area", "Action", "RAG"], ["Risk", "One", "Green"], ["", "Two", ""]], 0, hidden="Hidden words")
    assert plan.leftovers == ["Hidden words"]
    assert len(plan.duties) == 1


def test_rows_whose_borders_were_moved_keep_their_columns() -> None:
    document: Any = Document()
    table = document.add_table(rows=0, cols=3)
    for row in (["Duty", "Action", "Lead"], ["Risk", "One", "DSL"], ["Site", "Two", "SLT"]):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    for row, column in ((0, 1), (1, 1), (2, 0)):
        span = OxmlElement("w:gridSpan")
        span.set(qn("w:val"), "2")
        table.rows[row].cells[column]._element.get_or_add_tcPr().append(span)
    plan = guessed(read_blocks(stream_of(document), "plan.docx"))
    assert [(action.wording, action.roles) for action in plan.actions] == [("One", ("DSL",)), ("Two", ("SLT",))]


def test_the_heading_above_a_table_is_its_section() -> None:
    document: Any = Document()
    document.add_paragraph("Our Prevent plan")
    for heading, action in (("Staff training", "Train"), ("Working with partners", "Meet")):
        document.add_heading(heading, 2)
        document.add_paragraph("What stands below the heading is an introduction.")
        table = document.add_table(rows=0, cols=2)
        for row in (["Action", "Lead"], [action, "DSL"]):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    plan = guessed(read_blocks(stream_of(document), "plan.docx"))
    assert [section.title for section in plan.sections] == ["Staff training", "Working with partners"]
    assert [duty.wording for duty in plan.duties] == ["Staff training", "Working with partners"]
    assert repr(plan).count("is an introduction") == 2


def test_pasted_rows_that_a_line_break_tore_apart_are_whole_again() -> None:
    plan = guessed(blocks_of_text("Area\tAction\tLead\nRisk\t- One\n- Two\tDSL\nSite\tThree\tSLT\n"))
    assert [(action.wording, action.roles) for action in plan.actions] == [
        ("One", ("DSL",)), ("Two", ("DSL",)), ("Three", ("SLT",)),
    ]  # fmt: skip


def test_a_table_whose_cells_were_pasted_one_below_the_other_is_whole_again() -> None:
    text = (
        "Our plan\n\n\n\tDuty\n\tMeaning\n\tAction\n\tBy whom\n\n\t\nRisk assessment\n\n\n"
        "\tKnow the risk\n\tIt is written\n\t· Write it\n· Show it\n\tDSL\n\n\nHead \n\n"
        "\t\n\tIt is kept fresh\n\tEach year:\n· Review it\n\tSLT\n\n"
        "\t\n\nStaff training\n\n\tTrain staff\n\tAll are trained\n\t· Train them\n\tAll staff\n\n\n\n\nBooks:\nOne\n"
    )
    plan = guessed(blocks_of_text(text))
    assert [(section.title, [duty.wording for duty in section.duties]) for section in plan.sections] == [
        ("Risk assessment", ["Know the risk"]), ("Staff training", ["Train staff"]),
    ]  # fmt: skip
    assert [each.wording for duty in plan.duties for each in duty.expectations] == [
        "It is written", "It is kept fresh", "All are trained",
    ]  # fmt: skip
    assert [(action.wording, action.roles) for action in plan.actions] == [
        ("Write it", ("DSL",)), ("Show it", ("Head",)), ("Review it", ("SLT",)), ("Train them", ("All staff",)),
    ]  # fmt: skip
    assert (plan.title, plan.leftovers) == ("Our plan", ["Books:", "One"])
    assert "Each year:" in repr(plan)


def test_bullets_behind_tabs_are_a_list_and_no_table() -> None:
    plan = guessed(blocks_of_text("Our plan\n\nRisk\n\t- One\n\t- Two\n\n\t- Three\n\t- Four\n"))
    assert [action.wording for action in plan.actions] == ["One", "Two", "Three", "Four"]


def test_pasted_sub_bullets_belong_to_the_action_above_and_dates_are_no_owners() -> None:
    plan = guessed(
        blocks_of_text("- Train staff – March 2027\n   - in two groups\no and governors\n- Check – DSL – Termly")
    )
    one, two = plan.actions
    assert (one.wording, one.owner, one.due_on) == ("Train staff", "", date(2027, 3, 31))
    assert one.note == "in two groups\nand governors"
    assert (two.roles, two.due_words) == (("DSL",), "Termly")


def test_a_tick_of_the_wingdings_font_is_a_tick() -> None:
    document: Any = Document()
    table = document.add_table(rows=0, cols=5)
    for row in (["Area", "Action", "R", "A", "G"], ["Risk", "One", "", "", ""]):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    symbol = OxmlElement("w:sym")
    symbol.set(qn("w:font"), "Wingdings")
    symbol.set(qn("w:char"), "F0FC")
    table.cell(1, 4).paragraphs[0].add_run()._element.append(symbol)
    assert only(guessed(read_blocks(stream_of(document), "plan.docx"))).status is ActionStatus.MET


def test_what_a_row_says_at_length_is_not_said_again_at_each_of_its_actions() -> None:
    actions = "\n".join(f"- Do {n}" for n in range(400))
    plan = guessed(word([["Area", "Action", "Comments"], ["Risk", actions, "x" * 5_000]]))
    assert len(plan.actions) == 400
    assert repr(plan).count("x" * 5_000) == 1


def test_no_word_of_a_document_is_lost() -> None:
    rows = [
        ["No", "Area", "What this means", "Action", "By whom", "RAG", "Comments", "Further"],
        ["1a", "Area one", "Meaning two", "Intro three\n- Do four\n- Do five", "Six Seven", "Eight", "Nine", "Ten"],
        ["2", "", "", "", "Eleven", "", "Twelve", ""],
    ]
    blocks = word(rows, [["Thirteen", "Fourteen"]])
    everything = repr(guessed(blocks)).replace("\\n", " ")
    wanted = "1a Area one Meaning two Intro three four five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen"
    assert [each for each in wanted.split() if not re.search(rf"\b{each}\b", everything)] == []


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"\x00\x01\x02", "plan.csv", "The file is no text"),
        (b"PK\x03\x04 broken", "plan.xlsx", "could not be read"),
        (b"words", "plan.pdf", "This kind of file is not read"),
        (b"PK\x03\x04 broken", "plan.docx", "not a Word document"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(content: bytes, name: str, words: str) -> None:
    with pytest.raises(PlanDocumentError, match=words):
        read_blocks(io.BytesIO(content), name)


# Matching


def test_actions_in_other_words_find_the_edition_s() -> None:
    edition = [(each.key, each.wording) for each in load_edition_source("2026").content.actions]
    document = [
        ("1", "Every member of staff to complete the Prevent awareness training course"),
        ("2", "Visiting speakers: ask beforehand for an outline of the talk"),
        ("3", "Repaint the bicycle shed"),
    ]
    found = {each.document_key: each.edition_key for each in suggest_matches(document, edition)}
    assert found == {"1": "awareness-course", "2": "speaker-outline", "3": None}


def test_the_same_words_are_as_sure_as_can_be_and_nothing_is_given_twice() -> None:
    edition = [(each.key, each.wording) for each in load_edition_source("2026").content.actions]
    found = suggest_matches([*edition, ("again", edition[0][1])], edition)
    assert [each.edition_key for each in found[:-1]] == [key for key, _ in edition]
    assert all(each.score == 100 and each.sure == "likely" for each in found[:-1])
    assert found[-1].edition_key is None


def test_hundreds_of_actions_are_matched_at_once() -> None:
    edition = [
        (f"{n}-{each.key}", f"{each.wording} {n}")
        for n in range(6)
        for each in load_edition_source("2026").content.actions
    ]
    found = suggest_matches(edition, edition)
    assert len({each.edition_key for each in found}) == len(edition)
