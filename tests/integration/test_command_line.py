"""The command line: what it says, what it exits with, what it writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from prevent_trust.config import Settings
from prevent_trust.factory import main
from tenants.access.models import Invitation
from tenants.organisations.models import School
from tenants.staff.models import StaffMember
from tests.factories import Factory

GIAS = """URN,LA (code),LA (name),EstablishmentName,EstablishmentStatus (name),PhaseOfEducation (name),NumberOfPupils
100001,873,Wexmoor,Alder School,Open,Primary,210
100002,873,Wexmoor,Birch School,Sunken,Primary,99
"""


@pytest.fixture
def environment(settings: Settings, clean: None) -> dict[str, str]:
    values = settings.model_dump()
    return {
        name.upper(): value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in values.items()
        if value is not None
    }


@pytest.fixture
def call(environment: dict[str, str]) -> Any:
    def call(*arguments: str, **changed: str | None) -> Result:
        return CliRunner().invoke(main, list(arguments), env={**environment, **changed})

    return call


def test_help_needs_no_settings() -> None:
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    for command in ("serve", "worker", "cron", "demo", "db", "import", "create-admin", "check", "bench"):
        assert f"\n  {command} " in shown.output


@pytest.mark.parametrize(
    ("name", "value"),
    [("SECRET_KEY", None), ("SECRET_KEY", "short"), ("DATABASE_URL", "mysql://x"), ("BASE_URL", None)],
)
def test_a_setting_that_is_missing_or_weak_is_named(call: Any, name: str, value: str | None) -> None:
    answer = call("check", **{name: value})
    assert answer.exit_code != 0
    assert name in answer.output
    assert "Traceback" not in answer.output


def test_check_says_what_is_right_and_what_is_not(call: Any) -> None:
    answer = call("check")
    assert "ok      database" in answer.output
    assert "ok      storage" in answer.output
    assert "PROBLEM workers: none is running" in answer.output
    assert "PROBLEM schedule: not running" in answer.output
    assert answer.exit_code == 1


def test_check_names_a_database_role_that_is_not_the_right_one(call: Any, environment: dict[str, str]) -> None:
    answer = call("check", AUTHORITY_DATABASE_URL=environment["WORKER_DATABASE_URL"])
    assert "AUTHORITY_DATABASE_URL signs in as prevent_worker; it must be prevent_authority" in answer.output


def test_the_register_is_imported_and_a_dry_run_changes_nothing(call: Any, make: Factory, tmp_path: Path) -> None:
    file = tmp_path / "edubase.csv"
    file.write_text(GIAS, encoding="cp1252")
    tried = call("import", "gias", str(file), "--dry-run", "--json")
    assert tried.exit_code == 0, tried.output
    assert make.session.scalar(select(func.count()).select_from(School)) == 0
    done = call("import", "gias", str(file), "--json")
    result = json.loads(done.stdout)
    assert json.loads(tried.stdout)["files"] == result["files"]
    assert result["files"][0]["schools_added"] == 1
    (rejection,) = result["files"][0]["rejections"]
    assert rejection["line"] == 3
    assert rejection["column"] == "EstablishmentStatus (name)"
    assert make.session.scalars(select(School.urn)).all() == [100001]


def test_staff_are_imported_for_a_school_by_its_urn(call: Any, make: Factory, tmp_path: Path) -> None:
    school = make.school()
    file = tmp_path / "staff.csv"
    file.write_text("Surname,Forename,Post\nFox,Amy,Teacher\n")
    assert call("import", "staff", "--school", str(school.urn), str(file), "--dry-run").exit_code == 0
    assert make.session.scalar(select(func.count()).select_from(StaffMember)) == 0
    done = call("import", "staff", "--school", str(school.urn), str(file))
    assert done.exit_code == 0
    assert "joins: 1" in done.output
    assert make.session.scalars(select(StaffMember.school_id)).all() == [school.id]


def test_staff_are_imported_for_a_trust_by_its_group(call: Any, make: Factory, tmp_path: Path) -> None:
    trust = make.trust()
    north, south = make.school(trust=trust), make.school(trust=trust)
    file = tmp_path / "staff.csv"
    file.write_text(f"URN,Surname,Forename,TRN\n{north.urn},Fox,Amy,1234567\n{south.urn},Fox,Amy,1234567\n")
    assert call("import", "staff", "--trust", trust.group_uid, str(file), "--dry-run").exit_code == 0
    assert make.session.scalar(select(func.count()).select_from(StaffMember)) == 0
    assert "joins: 2" in call("import", "staff", "--trust", trust.group_uid, str(file)).output
    assert make.session.scalar(select(func.count(StaffMember.person_key.distinct()))) == 1
    assert call("import", "staff", str(file)).exit_code != 0


@pytest.mark.parametrize("kind", ["plan", "staff"])
def test_an_unknown_urn_is_a_sentence(call: Any, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    answer = call("import", kind, "--school", "999999", str(file))
    assert answer.exit_code == 1
    assert "No school has the URN 999999" in answer.output


def test_a_file_that_is_no_plan_is_a_sentence(call: Any, make: Factory, tmp_path: Path) -> None:
    file = tmp_path / "plan.docx"
    file.write_text("words")
    answer = call("import", "plan", "--school", str(make.school().urn), str(file))
    assert answer.exit_code == 1
    assert "not a Word document" in answer.output


def test_create_admin_prints_a_link_and_knows_no_password(call: Any, make: Factory) -> None:
    answer = call("create-admin", "sam@platform.org", "Sam Whitlock")
    assert answer.exit_code == 0, answer.output
    assert "http://localhost/invitations/" in answer.output
    assert make.session.scalars(select(Invitation.email)).all() == ["sam@platform.org"]
    again = call("create-admin", "sam@platform.org", "Sam Whitlock")
    assert again.exit_code == 1
    assert "already invited" in again.output


def test_the_demo_is_filled_only_in_the_demo(call: Any) -> None:
    answer = call("fill-demo", DEMO_PASSWORD="x")
    assert answer.exit_code == 1
    assert "Only a demo" in answer.output
