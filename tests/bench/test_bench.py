"""The bench itself: that it fills, measures and reports. How fast things are is its own business, not a test's."""

import json

from click.testing import CliRunner

from prevent_trust.factory import main


def test_a_small_bench_reports_pages_queries_and_the_import() -> None:
    done = CliRunner().invoke(main, ["bench", "--scale", "0.006", "--rounds", "3", "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["rows"]["schools"] == 147
    assert result["rows"]["staff"] == 6000
    assert result["rows"]["completions"] > 5000
    assert result["rows"]["actions"] > 1000
    pages = {(row["page"], row["trust"]): row for row in result["pages"]}
    for page in {page for page, _ in pages}:
        assert pages[page, 10]["queries"] == pages[page, 90]["queries"] > 0
    assert result["gias"]["rows"] == 200
    staff = result["staff_import"]
    assert (staff["first"]["joined"], staff["again"]["changed"]) == (staff["people"], 0)
    assert staff["again"]["same"] == staff["excel"]["same"] == staff["people"]
    assert result["adoption"]["schools"] == 90
    assert result["pack"]["files"] >= 1


def test_a_small_bench_of_disclosure_control_needs_no_database_and_finds_what_releases_alone_give_away() -> None:
    done = CliRunner().invoke(main, ["bench", "--only", "disclosure", "--scale", "0.02", "--json"])
    assert done.exit_code == 0, done.output
    histories = json.loads(done.stdout)["histories"]
    assert histories["histories"] == histories["alone_caught"] == 4
    assert histories["in_sequence"] == {"exact": 0, "narrow": 0}
    assert histories["alone"]["exact"] > 0
