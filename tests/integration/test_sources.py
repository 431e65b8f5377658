"""Staff lists that are fetched when they are due: from folders, SFTP, HTTPS and a Wonde-style interface."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import select, text

from prevent_trust.config import Environment, Settings, SettingsError, load_settings
from prevent_trust.database import db
from prevent_trust.jobs import sources
from prevent_trust.jobs.entry import run_job
from prevent_trust.jobs.ledger import run_again
from prevent_trust.jobs.models import JobRun, JobState
from prevent_trust.jobs.sources import request_due_fetches, request_fetch
from prevent_trust.outside.sealing import seal, unseal
from prevent_trust.outside.types import OutsideProblem
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope, bind_scope
from tenants.access.models import Role
from tenants.imports.models import ImportRun, ImportState
from tenants.imports.sources.actions import SourceDetails, SourceProblem, remove_source, save_source
from tenants.imports.sources.models import Every, FetchState, SourceKind, StaffFetch, StaffFetchPage, StaffSource
from tenants.imports.staff.reader import StaffMapping
from tenants.imports.staff.remembered import save_mapping
from tenants.organisations.models import School
from tenants.staff.models import StaffMember
from tests.factories import Factory, sign_in
from tests.list_servers import TOKEN, FileServer, SftpServer, WondeServer, employee
from tests.processes import Processes

HEAD = "Surname,Forename,Work Email,Payroll Number\n"
LIST = f"{HEAD}Nair,Priya,priya@school.example,P1\nFox,Amy,amy@school.example,P2\n"
LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)
DUE = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)


@pytest.fixture
def school(make: Factory) -> School:
    return make.school()


@pytest.fixture
def files() -> Iterator[FileServer]:
    server = FileServer()
    yield server
    server.close()


@pytest.fixture
def sftp() -> Iterator[SftpServer]:
    server = SftpServer()
    yield server
    server.close()


@pytest.fixture
def wonde(worker_app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[WondeServer]:
    server = WondeServer()
    told = settings.model_copy(update={"wonde_url": f"{server.url}/v1.0"})
    monkeypatch.setitem(worker_app.extensions, "settings", told)
    yield server
    server.close()


def add(
    app: Flask, scope: SchoolScope | TrustScope, kind: SourceKind, place: str, *, columns: bool = True, **values: Any
) -> uuid.UUID:
    """A source that was entered long ago, whose columns are known."""
    bind_scope(scope)
    details = SourceDetails(name="Export", place=place, every=Every.DAY, hour=6, **values)
    settings: Settings = app.extensions["settings"]
    source = save_source(
        scope, source=None, kind=kind, details=details, changed_by=None, now=LONG_AGO,
        seal=lambda key, secret: seal(settings, key, secret),
    )  # fmt: skip
    if columns:
        mapping = StaffMapping(
            {"family_name": "Surname", "given_name": "Forename", "email": "Work Email", "staff_code": "Payroll Number"}
        )
        save_mapping(scope, name="Export", headers=HEAD.strip().split(","), mapping=mapping, now=LONG_AGO)
    key = source.id
    db.session.commit()
    return key


def fetch(scope: SchoolScope | TrustScope, source_id: uuid.UUID, period: str, *, again: bool = False) -> Any:
    """Fetches, as the worker does; how it went."""
    bind_scope(scope)
    job_id = request_fetch(scope, source_id, period=period, again=again)
    db.session.commit()
    run_job(str(job_id))
    bind_scope(scope)
    return db.session.scalars(select(StaffFetch).where(StaffFetch.period == period)).one()


def do_the_jobs() -> None:
    """Whatever was asked for, and what that asks for."""
    while True:
        bind_scope(PlatformScope())
        waiting = db.session.scalars(select(JobRun.id).where(JobRun.finished_at.is_(None))).all()
        db.session.commit()
        if not waiting:
            return
        for job_id in waiting:
            run_job(str(job_id))


def runs(make: Factory) -> list[ImportRun]:
    make.session.expire_all()
    return list(make.session.scalars(select(ImportRun).order_by(ImportRun.created_at)))


def names(make: Factory) -> list[str]:
    make.session.expire_all()
    return [each.full_name for each in make.session.scalars(select(StaffMember).order_by(StaffMember.family_name))]


def put(worker: Flask, owner: uuid.UUID, name: str, content: str) -> Any:
    folder = worker.extensions["settings"].sources_folder / str(owner)
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    return folder


def test_a_file_in_the_folder_is_taken_in_once_and_again_when_it_has_changed(
    worker: Flask, make: Factory, school: School
) -> None:
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.FOLDER, "staff-*.csv")
    for number in range(12):
        make.staff(school, given_name="A", family_name=f"Zed{number:02}", staff_code=f"Z{number}")
    put(worker, school.id, "staff-1.csv", LIST)
    assert fetch(scope, source, "1").state is FetchState.TAKEN
    assert fetch(scope, source, "2").state is FetchState.UNCHANGED
    do_the_jobs()
    assert [run.state for run in runs(make)] == [ImportState.APPLIED]
    assert names(make)[:2] == ["Amy Fox", "Priya Nair"]
    put(worker, school.id, "staff-2.csv", f"{LIST}Hill,Ben,,P3\n")
    assert fetch(scope, source, "3").file_name == "staff-2.csv"
    do_the_jobs()
    assert names(make)[:3] == ["Amy Fox", "Ben Hill", "Priya Nair"]


def test_columns_that_nobody_knows_yet_wait_for_somebody(worker: Flask, make: Factory, school: School) -> None:
    source = add(worker, SchoolScope(school.id), SourceKind.FOLDER, "staff.csv", columns=False)
    put(worker, school.id, "staff.csv", LIST)
    fetch(SchoolScope(school.id), source, "1")
    (run,) = runs(make)
    assert (run.state, run.source_name) == (ImportState.UPLOADED, "Export")
    assert run.problem is not None
    assert "choose them once" in run.problem


@pytest.mark.parametrize("place", ["../other/staff.csv", "/etc/passwd", "a/../../staff.csv", ""])
def test_a_path_out_of_the_folder_is_not_kept(worker: Flask, school: School, place: str) -> None:
    with pytest.raises(SourceProblem):
        add(worker, SchoolScope(school.id), SourceKind.FOLDER, place)


def test_a_link_out_of_the_folder_is_not_followed(worker: Flask, make: Factory, school: School) -> None:
    other = put(worker, uuid.uuid4(), "staff.csv", LIST)
    folder = put(worker, school.id, "own.csv", LIST)
    (folder / "staff.csv").symlink_to(other / "staff.csv")
    (folder / "there").symlink_to(other)
    for number, place in enumerate(("staff.csv", "there/staff.csv")):
        bind_scope(SchoolScope(school.id))
        db.session.execute(text("delete from staff_source"))
        source = add(worker, SchoolScope(school.id), SourceKind.FOLDER, place, columns=number == 0)
        done = fetch(SchoolScope(school.id), source, str(number))
        assert (done.state, done.problem) == (FetchState.FAILED, "The path leads out of your folder.")
    assert runs(make) == []


def test_a_web_address_is_asked_with_its_token_and_only_for_what_is_new(
    worker: Flask, make: Factory, school: School, files: FileServer
) -> None:
    files.files["/staff.csv"] = LIST.encode()
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.HTTPS, f"{files.url}/staff.csv", secret=TOKEN)
    assert fetch(scope, source, "1").state is FetchState.TAKEN
    assert fetch(scope, source, "2").state is FetchState.UNCHANGED
    assert "If-None-Match" in files.asked[-1][1]
    assert fetch(scope, source, "3", again=True).state is FetchState.TAKEN
    assert [run.file_name for run in runs(make)] == ["staff.csv"] * 2


def test_a_busy_server_and_a_broken_download_are_tried_again(
    worker: Flask, make: Factory, school: School, files: FileServer
) -> None:
    files.files["/staff.csv"] = LIST.encode()
    files.answers = [(503, {}), (429, {"Retry-After": "1"}), (0, {})]
    files.breaks_off = 1
    source = add(worker, SchoolScope(school.id), SourceKind.HTTPS, f"{files.url}/staff.csv", secret=TOKEN)
    before = datetime.now(UTC)
    assert fetch(SchoolScope(school.id), source, "1").state is FetchState.TAKEN
    assert datetime.now(UTC) - before >= timedelta(seconds=1)
    assert len(files.asked) == 5


def test_what_a_server_refuses_is_said_beside_the_source(worker: Flask, school: School, files: FileServer) -> None:
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.HTTPS, f"{files.url}/staff.csv", secret="another")
    assert fetch(scope, source, "1").problem == "The server answered 401 Unauthorized. Check the token."
    files.answers = [(500, {})] * 5
    problem = fetch(scope, source, "2").problem
    assert problem is not None
    assert problem.endswith("It was tried 5 times.")


def test_no_address_of_the_services_own_network_is_reached(
    worker: Flask, school: School, files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by what is entered nor by being sent on; loopback is only for the tests, and here it is not."""
    scope = SchoolScope(school.id)
    files.sends_on["/out.csv"] = "https://10.0.0.1/staff.csv"
    files.sends_on["/plain.csv"] = "http://localhost/staff.csv"
    source = add(worker, scope, SourceKind.HTTPS, f"{files.url}/out.csv", secret=TOKEN)
    problem = fetch(scope, source, "1").problem
    assert problem == "10.0.0.1 is not an address on the public internet, so it is not connected to."
    move(scope, source, f"{files.url}/plain.csv")
    assert str(fetch(scope, source, "2").problem).startswith("The address must start with https://")
    asked = len(files.asked)
    strict = worker.extensions["settings"].model_copy(update={"sources_may_be_local": False})
    monkeypatch.setitem(worker.extensions, "settings", strict)
    for number, host in enumerate(
        ("localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0")
    ):
        move(scope, source, f"https://{host}:{files.url.rpartition(':')[2]}/staff.csv")
        assert "not an address on the public internet" in str(fetch(scope, source, f"x{number}").problem)
    assert len(files.asked) == asked


def move(scope: SchoolScope, source_id: uuid.UUID, place: str) -> None:
    bind_scope(scope)
    db.session.get_one(StaffSource, source_id).place = place
    db.session.commit()


def test_a_token_does_not_go_to_another_server(worker: Flask, school: School, files: FileServer) -> None:
    other = FileServer()
    files.sends_on["/staff.csv"] = f"{other.url}/staff.csv"
    source = add(worker, SchoolScope(school.id), SourceKind.HTTPS, f"{files.url}/staff.csv", secret=TOKEN)
    assert "401" in str(fetch(SchoolScope(school.id), source, "1").problem)
    other.close()
    assert "Authorization" not in other.asked[0][1]
    bind_scope(SchoolScope(school.id))
    with pytest.raises(SourceProblem) as refused:
        change(worker, SchoolScope(school.id), source, place=f"{other.url}/staff.csv")
    assert refused.value.messages == {"secret": ["Enter it again: it was given for another server"]}


def change(worker: Flask, scope: SchoolScope, source_id: uuid.UUID, **values: Any) -> StaffSource:
    source = db.session.get_one(StaffSource, source_id)
    kept = {
        name: getattr(source, name)
        for name in ("name", "place", "every", "hour", "host", "port", "username", "host_key")
    }
    return save_source(
        scope, source=source, kind=source.kind, details=SourceDetails(**kept | values), changed_by=None, now=LONG_AGO,
        seal=lambda key, secret: seal(worker.extensions["settings"], key, secret),
    )  # fmt: skip


def test_a_file_that_is_too_large_or_no_table_is_refused_in_words(
    worker: Flask, make: Factory, school: School, files: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = SchoolScope(school.id)
    files.files["/staff.csv"] = b"just a line of words\n"
    source = add(worker, scope, SourceKind.HTTPS, f"{files.url}/staff.csv", secret=TOKEN)
    assert "No header row was found" in str(fetch(scope, source, "1").problem)
    files.files["/staff.csv"] = b""
    assert fetch(scope, source, "2").problem == "The file is empty."
    files.files["/staff.csv"] = b"x" * (3 * 1024 * 1024)
    monkeypatch.setattr("prevent_trust.outside.types.Reach.of", _small_reach(worker))
    assert fetch(scope, source, "3").problem == "The file is larger than 1 MB."
    assert runs(make) == []


def _small_reach(worker: Flask) -> Any:
    from dataclasses import replace

    from prevent_trust.outside.types import Reach

    small = replace(Reach.of(worker.extensions["settings"]), largest=1024 * 1024)
    return lambda settings: small


def test_a_file_comes_by_sftp_with_a_key_that_is_made_for_the_source(
    worker: Flask, make: Factory, school: School, sftp: SftpServer
) -> None:
    sftp.files = {"/out/staff-1.csv": (HEAD.encode(), 10), "/out/staff-2.csv": (LIST.encode(), 20)}
    scope = SchoolScope(school.id)
    source = add(
        worker, scope, SourceKind.SFTP, "/out/staff-*.csv", host="localhost", port=sftp.port, username="trust",
        host_key=f"localhost {sftp.host_key_line} comment",
    )  # fmt: skip
    assert "does not let trust in" in str(fetch(scope, source, "1").problem)
    bind_scope(scope)
    public = db.session.get_one(StaffSource, source).public_key
    assert public is not None
    sftp.authorized.add(public.split()[1])
    done = fetch(scope, source, "2")
    assert (done.state, done.file_name, done.size) == (FetchState.TAKEN, "staff-2.csv", len(LIST))
    assert fetch(scope, source, "3").state is FetchState.UNCHANGED


def test_nothing_is_told_to_an_sftp_server_with_another_host_key(
    worker: Flask, make: Factory, school: School, sftp: SftpServer
) -> None:
    other = SftpServer()
    sftp.files, sftp.password = {"/staff.csv": (LIST.encode(), 10)}, "secret of the tests"
    scope = SchoolScope(school.id)
    source = add(
        worker, scope, SourceKind.SFTP, "/staff.csv", host="localhost", port=sftp.port, username="trust",
        host_key=other.host_key_line, secret="secret of the tests",
    )  # fmt: skip
    other.close()
    assert "shows another host key" in str(fetch(scope, source, "1").problem)
    assert sftp.signed_in == 0
    bind_scope(scope)
    change(worker, scope, source, host_key=sftp.host_key_line)
    db.session.commit()
    assert fetch(scope, source, "2").state is FetchState.TAKEN


def test_secrets_are_sealed_for_their_own_row_and_open_after_a_change_of_keys(
    worker: Flask, make: Factory, school: School
) -> None:
    settings: Settings = worker.extensions["settings"]
    source = add(worker, SchoolScope(school.id), SourceKind.HTTPS, "https://lists.example.org/a.csv", secret=TOKEN)
    stored = make.session.scalars(select(StaffSource.secret)).one()
    assert stored is not None
    assert TOKEN not in stored
    assert unseal(settings, source, stored) == TOKEN
    with pytest.raises(OutsideProblem, match="Enter it again"):
        unseal(settings, uuid.uuid4(), stored)
    assert settings.source_keys is not None
    keys = f"{Fernet.generate_key().decode()},{settings.source_keys.get_secret_value()}"
    assert unseal(settings.model_copy(update={"source_keys": SecretStr(keys)}), source, stored) == TOKEN


def test_loopback_is_for_the_tests_only(settings: Settings) -> None:
    values = settings.model_dump() | {"environment": Environment.PRODUCTION, "base_url": "https://prevent.example.org"}
    with pytest.raises(SettingsError, match="SOURCES_MAY_BE_LOCAL"):
        load_settings(**values | {"mail_url": "smtp://mail"})


def test_two_schedulers_ask_for_a_due_source_once_and_two_days_down_are_one_fetching(
    worker: Flask, make: Factory, school: School, processes: Processes
) -> None:
    put(worker, school.id, "staff.csv", LIST)
    add(worker, SchoolScope(school.id), SourceKind.FOLDER, "staff.csv")

    def schedule() -> None:
        bind_scope(PlatformScope())
        request_due_fetches(DUE)

    assert processes.at_once(schedule, schedule) == [0, 0]
    for later in (timedelta(hours=1), timedelta(days=3)):
        bind_scope(PlatformScope())
        request_due_fetches(DUE + later)
    do_the_jobs()
    made = make.session.scalars(select(StaffFetch.period).order_by(StaffFetch.period)).all()
    assert made == ["2026-11-24", "2026-11-27"]
    assert len(runs(make)) == 1


def test_two_workers_at_once_take_a_file_in_once(
    worker: Flask, make: Factory, school: School, processes: Processes
) -> None:
    put(worker, school.id, "staff.csv", LIST)
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.FOLDER, "staff.csv")
    jobs = [request_fetch(scope, source, period=period) for period in ("1", "2")]
    db.session.commit()
    assert processes.at_once(*(lambda key=key: run_job(str(key)) for key in jobs)) == [0, 0]
    assert len(runs(make)) == 1


def test_a_killed_fetch_goes_on_and_takes_the_file_in_once(
    worker: Flask, make: Factory, school: School, files: FileServer, processes: Processes
) -> None:
    files.files["/staff.csv"] = LIST.encode()
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.HTTPS, f"{files.url}/staff.csv", secret=TOKEN)
    job_id = request_fetch(scope, source, period="1")
    db.session.commit()
    step = 1
    while processes.dies(lambda: run_job(str(job_id)), before_step=step):
        step += 3
        assert step < 200
    assert step > 15
    assert len(runs(make)) == 1
    assert make.session.scalars(select(StaffFetch.state)).all() == [FetchState.TAKEN]


@pytest.fixture
def staffed(wonde: WondeServer, make: Factory) -> tuple[WondeServer, TrustScope, list[School]]:
    """A trust of two schools whose staff the interface has."""
    trust = make.trust()
    schools = [make.school(trust=trust), make.school(trust=trust)]
    for number, school in enumerate(schools):
        wonde.schools.append({"id": f"A{number}", "name": school.name, "urn": school.urn})
        wonde.employees[f"A{number}"] = [
            employee(
                name,
                f"Of{number}",
                email=f"{name.lower()}{number}@school.example",
                teacher_number=f"12/3456{place + 5 * number}",
            )
            for place, name in enumerate(("Amy", "Ben", "Cat", "Dee", "Eve"))
        ]
    return wonde, TrustScope(trust.id), schools


def test_everybody_of_every_school_comes_by_pages_of_the_interface(
    worker: Flask, make: Factory, staffed: tuple[WondeServer, TrustScope, list[School]]
) -> None:
    wonde, scope, _ = staffed
    wonde.answers = [(503, {}), (429, {"Retry-After": "0"}), (0, {})]
    source = add(worker, scope, SourceKind.WONDE, "", columns=False, secret=TOKEN)
    assert fetch(scope, source, "1").state is FetchState.TAKEN
    do_the_jobs()
    (run,) = runs(make)
    assert (run.state, run.result["joins"], run.result["rejected"]) == (ImportState.PREVIEWED, 10, 0)
    assert run.problem is not None
    assert "more than one in five" in run.problem
    assert make.session.scalars(select(StaffFetchPage.id)).all() == []
    kept = make.session.scalars(text("select to_jsonb(r)::text from staff_import_row r")).all()
    assert not [row for row in kept if "1980" in row or "private@home" in row]
    assert fetch(scope, source, "2").state is FetchState.UNCHANGED


def test_a_killed_fetch_goes_on_with_the_next_page(
    worker: Flask, make: Factory, processes: Processes, staffed: tuple[WondeServer, TrustScope, list[School]]
) -> None:
    wonde, scope, _ = staffed
    source = add(worker, scope, SourceKind.WONDE, "", columns=False, secret=TOKEN)
    job_id = request_fetch(scope, source, period="1")
    db.session.commit()
    step = 20
    while processes.dies(lambda: run_job(str(job_id)), before_step=step):
        step += 5
        assert step < 300
    pages = [path for path, _ in wonde.asked if "employees" in path]
    assert len(set(pages)) == 6
    bind_scope(scope)
    do_the_jobs()
    (run,) = runs(make)
    assert run.result["joins"] == 10


def test_a_page_that_is_there_is_not_asked_for_again(
    worker: Flask, make: Factory, processes: Processes, staffed: tuple[WondeServer, TrustScope, list[School]]
) -> None:
    wonde, scope, _ = staffed
    source = add(worker, scope, SourceKind.WONDE, "A1", columns=False, secret=TOKEN)
    job_id = request_fetch(scope, source, period="1")
    db.session.commit()
    # It dies while the server answers for the last time, when two pages are there.
    wonde.per_page = 2
    answered = wonde.get

    def die(request: Any) -> None:
        if "employees" in request.path and sum("employees" in path for path, _ in wonde.asked) == 3:
            processes.kill()
        answered(request)

    wonde.get = die  # type: ignore[method-assign]
    assert processes.dies(lambda: run_job(str(job_id)))
    before = len(wonde.asked)
    run_job(str(job_id))
    after = [path for path, _ in wonde.asked[before:] if "employees" in path]
    assert len(after) == 1
    assert "cursor=" in after[0]


def test_a_school_is_read_anew_when_the_interface_forgot_the_cursor(
    worker: Flask, make: Factory, staffed: tuple[WondeServer, TrustScope, list[School]]
) -> None:
    wonde, scope, _ = staffed
    source = add(worker, scope, SourceKind.WONDE, "A0", columns=False, secret=TOKEN)
    answered = wonde.get

    def forget(request: Any) -> None:
        asked = sum("employees" in path for path, _ in wonde.asked)
        if asked == 2:
            cursor = request.path.rpartition("cursor=")[2]
            wonde.old_cursors.add(cursor)
            answered(request)
            wonde.old_cursors.clear()
        else:
            answered(request)

    wonde.get = forget  # type: ignore[method-assign]
    assert fetch(scope, source, "1").state is FetchState.TAKEN
    do_the_jobs()
    assert runs(make)[0].result["joins"] == 5


def test_a_token_that_is_refused_is_said_in_words(
    worker: Flask, staffed: tuple[WondeServer, TrustScope, list[School]]
) -> None:
    _, scope, _ = staffed
    source = add(worker, scope, SourceKind.WONDE, "", columns=False, secret="another")
    assert str(fetch(scope, source, "1").problem).startswith("Wonde refuses the token")


def test_a_source_is_entered_and_fetched_in_the_pages_and_its_token_is_shown_nowhere(
    client: FlaskClient, worker_app: Flask, make: Factory, school: School, files: FileServer
) -> None:
    files.files["/staff.csv"] = LIST.encode()
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    home = f"/schools/{school.id}/staff/sources"
    assert "There is no source yet" in client.get(home).text
    sent = {"name": "Arbor", "place": "http://localhost/staff.csv", "secret": TOKEN, "every": "week", "weekday": "2",
            "hour": "6", "active": "yes"}  # fmt: skip
    assert "Enter an address that starts with https://" in client.post(f"{home}/new?kind=https", data=sent).text
    answer = client.post(f"{home}/new?kind=https", data=sent | {"place": f"{files.url}/staff.csv"})
    assert answer.status_code == 303
    assert "Wednesdays at 6:00" in client.get(home).text
    client.post(f"{answer.location}/fetch")
    with worker_app.app_context():
        do_the_jobs()
    page = client.get(answer.location).text
    assert "Fetched, import waits for you to choose its columns" in page
    assert TOKEN not in page + client.get(home).text + client.get(f"{home}?format=csv").text
    client.post(answer.location, data=sent | {"place": f"{files.url}/staff.csv", "secret": "", "active": "no"})
    kept = make.session.scalars(select(StaffSource)).one()
    assert (kept.active, bool(kept.secret)) == (False, True)
    assert "Its password, token or key is deleted" in client.get(f"{answer.location}/remove").text
    client.post(f"{answer.location}/remove")
    assert make.session.scalars(select(StaffSource.id)).all() == []
    assert len(runs(make)) == 1


def test_a_source_that_is_removed_is_fetched_no_more_its_secret_is_gone_and_what_it_brought_stays(
    worker: Flask, make: Factory, school: School, files: FileServer
) -> None:
    for number in range(12):
        make.staff(school, given_name="A", family_name=f"Zed{number:02}", staff_code=f"Z{number}")
    files.files["/staff.csv"] = LIST.encode()
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.HTTPS, f"{files.url}/staff.csv", secret=TOKEN)
    assert fetch(scope, source, "1").state is FetchState.TAKEN
    do_the_jobs()
    bind_scope(scope)
    under_way = request_fetch(scope, source, period="2")
    assert remove_source(scope, source)
    db.session.commit()
    asked = len(files.asked)
    run_job(str(under_way))
    bind_scope(PlatformScope())
    assert request_due_fetches(DUE) == 0
    assert len(files.asked) == asked
    for table in ("staff_source", "staff_fetch", "staff_fetch_page"):
        assert make.session.scalar(text(f"select count(*) from {table}")) == 0, table
    assert [run.state for run in runs(make)] == [ImportState.APPLIED]
    assert names(make)[:2] == ["Amy Fox", "Priya Nair"]
    bind_scope(scope)
    assert not remove_source(scope, source)


def test_a_fetching_that_breaks_is_said_to_be_broken_at_once_and_can_be_run_again(
    worker: Flask, make: Factory, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(worker, school.id, "staff.csv", LIST)
    scope = SchoolScope(school.id)
    source = add(worker, scope, SourceKind.FOLDER, "staff.csv")
    job_id = request_fetch(scope, source, period="1")
    db.session.commit()

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setitem(sources._FETCHERS, SourceKind.FOLDER, breaks)
        with pytest.raises(ZeroDivisionError):
            run_job(str(job_id))
    row = make.session.scalars(select(StaffFetch)).one()
    assert (row.state, row.finished_at is None) == (FetchState.FAILED, False)
    assert row.problem == sources.BROKEN
    bind_scope(PlatformScope())
    assert run_again(job_id)
    db.session.commit()
    run_job(str(job_id))
    make.session.rollback()
    make.session.refresh(row)
    assert (row.state, row.problem) == (FetchState.TAKEN, None)


def test_a_fetching_whose_workers_were_all_stopped_is_not_shown_as_under_way(
    client: FlaskClient, make: Factory, school: School
) -> None:
    source = make.add(
        StaffSource(
            school_id=school.id, kind=SourceKind.FOLDER, name="Export", place="staff.csv", every=Every.DAY, hour=6,
            scheduled_from=LONG_AGO,
        )
    )  # fmt: skip
    make.add(StaffFetch(source_id=source.id, school_id=school.id, period="1", state=FetchState.FETCHING))
    job = make.add(
        JobRun(
            kind="fetch_staff_source", queue="imports", scope=f"school:{school.id}", title="Fetch",
            once_key=f"fetch_staff_source:{source.id}:1",
        )
    )  # fmt: skip
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    pages = (f"/schools/{school.id}/staff/sources", f"/schools/{school.id}/staff/sources/{source.id}")
    assert all("Being fetched" in client.get(page).text for page in pages)
    job.state, job.finished_at = JobState.FAILED, DUE
    make.session.commit()
    assert all("was stopped each time" in client.get(page).text for page in pages)
