"""Row-level security, table by table: with one school's stamp nothing of another's is read or written.

Everything runs on the roles of the database themselves, past the application.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import prevent_trust.factory  # noqa: F401  # brings every model into the metadata
from prevent_trust.config import postgresql_url
from prevent_trust.database import db, new_id
from prevent_trust.database_roles import AUTHORITY, OWNER, WEB, WORKER, RoleUrls
from prevent_trust.jobs.models import JobRun
from prevent_trust.mail import OutgoingMail
from tenants.imports.models import ImportKind, ImportRejection, ImportRun
from tenants.imports.staff.models import Outcome, RememberedAs, RememberedWord, SavedMapping, StaffImportRow
from tenants.insights.disclosure.models import DraftState, ReleaseCatalogue, ReleaseGroup, ReleaseRequest, ReleaseValue
from tenants.organisations.models import LocalAuthority, School, Trust, TrustMembership
from tenants.plan.models import Edition, EditionDraft, EditionSource
from tenants.reading.models import Document, DocumentEdition, DocumentPart, PartKind
from tenants.reminders.models import ReminderRule
from tenants.staff.models import CoverRule, StaffRole
from tenants.training.models import Course, CourseRule, RuleStanding, TrainingCompletion
from tests.factories import Factory
from tests.isolation.addresses import make_draft_row, make_release_row
from tests.isolation.rows import ROW_MAKERS, SchoolRows
from tests.states import KeptState, empty

# Every table is in one of these. What the register says of a school is public (GIAS, Open Government Licence).
REGISTER = {"local_authority", "trust", "school", "former_urn", "trust_membership"}
BUILT_IN = {"course", "concern_type", "reference", "reminder_start"}
BY_STAMP = {"outgoing_mail", "job_run"}
RELEASES = {"release", "release_file", "release_value"}
REVIEW = {
    "release_draft",
    "release_draft_file",
    "release_contribution",
    "release_catalogue",
    "release_request",
    "release_group",
}
DRAFTS = {"edition_draft"}
RULES = {"cover_rule", "course_rule"}  # built-in ones, and those that a trust sets for its schools
WITHOUT_POLICIES = {"account", "alembic_version"}  # signing in looks for an account before any tenant is known
OF_A_SCHOOL = set(ROW_MAKERS) - REGISTER

TABLES = db.metadata.tables
SEEN_BY_THE_PLATFORM = {"membership", "invitation", "audit_entry", "staff_source"}
READ_BY_THE_AUTHORITY = {"release", "release_file"}
BOTH = pytest.mark.parametrize("role", [WEB, WORKER])


@dataclass
class World:
    """Our school in our trust; a school that left our trust; a school of another trust. One row of each in every table."""

    our_trust: Trust
    our_authority: LocalAuthority
    ours: SchoolRows
    left: SchoolRows
    theirs: SchoolRows
    their_trust: Trust
    their_authority: LocalAuthority

    @property
    def others(self) -> tuple[SchoolRows, SchoolRows]:
        return self.left, self.theirs

    @property
    def stamps(self) -> list[str]:
        """Those that show our school and none of the others."""
        return [f"school:{self.ours.school.id}", f"trust:{self.our_trust.id}"]

    def blind_stamps(self, role: str) -> list[str]:
        """Those that show no school's records at all."""
        stamps = ["", f"school:{uuid.uuid4()}", f"trust:{uuid.uuid4()}"]
        return [*stamps, f"authority:{self.their_authority.id}"] if role == WEB else stamps

    def found_again(self, make: Factory) -> "World":
        """The same, for a test in which the rows have been brought back."""
        rows = (each.found_again(make) for each in (self.ours, self.left, self.theirs))
        return World(self.our_trust, self.our_authority, *rows, self.their_trust, self.their_authority)


@pytest.fixture(scope="module")
def first_world(superuser: sa.Engine) -> tuple[KeptState, World]:
    with Session(superuser, expire_on_commit=False) as session:
        made = make_world(Factory(session))
    kept = KeptState(superuser)
    empty(superuser)
    return kept, made


def make_world(make: Factory) -> World:
    our_trust, their_trust, our_authority, their_authority = (
        make.trust(),
        make.trust(),
        make.authority(),
        make.authority(),
    )
    left = make.school(authority=our_authority)
    make.add(
        TrustMembership(school_id=left.id, trust_id=our_trust.id, joined_on=date(2020, 9, 1), left_on=date(2026, 8, 31))
    )
    ours, theirs = (
        make.school(trust=t, authority=a) for t, a in ((our_trust, our_authority), (their_trust, their_authority))
    )
    rows = [SchoolRows(make, school) for school in (ours, left, theirs)]
    for each in rows:
        each.fill()
    return World(our_trust, our_authority, *rows, their_trust, their_authority)


@pytest.fixture
def world(first_world: tuple[KeptState, World], make: Factory) -> World:
    kept, made = first_world
    kept.bring_back()
    return made.found_again(make)


@pytest.fixture(scope="session")
def engines_by_role(database: RoleUrls) -> Iterator[dict[str, sa.Engine]]:
    engines = {role: sa.create_engine(postgresql_url(url)) for role, url in database.all().items()}
    yield engines
    for engine in engines.values():
        engine.dispose()


class As:
    """A transaction of a role under a stamp; whatever it does is rolled back."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def count(self, table: str, school: School | None = None) -> int:
        """How many rows it sees: the school's, or those of any school."""
        condition = "school_id = :school" if school else "school_id is not null"
        return int(
            self.run(f"select count(*) from {table} where {condition}", school=school and school.id).scalar_one()
        )

    def run(self, statement: str, **values: Any) -> sa.CursorResult[Any]:
        return self.connection.execute(sa.text(statement), values)

    def changed(self, statement: str, **values: Any) -> int:
        """How many rows a statement changes; none when PostgreSQL refuses it."""
        return 0 if self.is_refused(statement, **values) else self._changed

    def is_refused(self, statement: str, **values: Any) -> bool:
        """Whether PostgreSQL says that the role may not: for want of a grant, or by a policy."""
        return self.problem(statement, **values) is errors.InsufficientPrivilege

    def problem(self, statement: str, **values: Any) -> type[BaseException] | None:
        savepoint = self.connection.begin_nested()
        try:
            self._changed = self.run(statement, **values).rowcount
        except DBAPIError as error:
            return type(error.orig)
        else:
            return None
        finally:
            savepoint.rollback()

    def insertion(self, table: str, row: dict[str, Any]) -> type[BaseException] | None:
        """What comes of adding the row under a new key."""
        copy = json.dumps(row | {"id": str(new_id())})
        into = f"insert into {table} select (jsonb_populate_record(null::{table}, cast(:row as jsonb))).*"
        return self.problem(into, row=copy)


@contextmanager
def acting(engine: sa.Engine, stamp: str) -> Iterator[As]:
    with engine.connect() as connection, connection.begin() as transaction:
        if stamp:
            connection.execute(sa.text("select set_config('prevent.scope', :stamp, true)"), {"stamp": stamp})
        yield As(connection)
        transaction.rollback()


def as_json(superuser: sa.Engine, table: str, key: uuid.UUID) -> dict[str, Any]:
    with superuser.connect() as connection:
        found = connection.execute(sa.text(f"select to_jsonb(t) from {table} t where id = :key"), {"key": key})
        return dict(found.scalar_one())


# Nothing is forgotten


def test_every_table_is_classified() -> None:
    assert {
        *TABLES,
        "alembic_version",
    } == OF_A_SCHOOL | REGISTER | BUILT_IN | BY_STAMP | RELEASES | REVIEW | DRAFTS | RULES | WITHOUT_POLICIES


def test_every_table_with_a_school_has_a_maker_of_rows() -> None:
    assert {name for name, table in TABLES.items() if "school_id" in table.columns} == set(ROW_MAKERS)


def test_the_database_holds_those_tables_and_nothing_else_to_read(superuser: sa.Engine) -> None:
    with superuser.connect() as connection:
        readable = connection.scalars(
            sa.text(
                "select relname from pg_class where relkind in ('r', 'p', 'v', 'm', 'f', 'S')"
                " and relnamespace = 'public'::regnamespace"
            )
        )
        assert set(readable) == set(TABLES) | {"alembic_version"}


def test_row_level_security_is_on_and_forced_everywhere(superuser: sa.Engine) -> None:
    with superuser.connect() as connection:
        rows = connection.execute(
            sa.text(
                "select relname, relrowsecurity and relforcerowsecurity as locked from pg_class"
                " where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace"
            )
        )
        assert {row.relname for row in rows if not row.locked} == WITHOUT_POLICIES


def test_no_role_bypasses_the_policies_or_can_become_another(superuser: sa.Engine) -> None:
    with superuser.connect() as connection:
        roles = connection.execute(
            sa.text(
                "select rolname from pg_roles where rolname = any (:roles) and not (rolsuper or rolbypassrls"
                " or rolcreaterole or rolcreatedb or rolreplication)"
            ),
            {"roles": [OWNER, WEB, WORKER, AUTHORITY]},
        )
        assert len(roles.all()) == 4
        members = connection.scalars(
            sa.text("select member::regrole::text from pg_auth_members where member::regrole::text like 'prevent%'")
        )
        assert members.all() == []
        owners = connection.scalars(sa.text("select distinct tableowner from pg_tables where schemaname = 'public'"))
        assert owners.all() == [OWNER]


# A school's rows


@BOTH
def test_without_a_stamp_of_its_own_nobody_sees_a_school_s_rows(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for stamp in world.blind_stamps(role):
        with acting(engines_by_role[role], stamp) as them:
            assert {table for table in OF_A_SCHOOL if them.count(table)} == set(), stamp


@BOTH
def test_without_a_stamp_of_its_own_nobody_writes_a_school_s_rows(
    world: World, engines_by_role: dict[str, sa.Engine], superuser: sa.Engine, role: str
) -> None:
    for stamp in world.blind_stamps(role):
        with acting(engines_by_role[role], stamp) as them:
            written = {table for table in OF_A_SCHOOL if writes(them, superuser, table, world.theirs)}
        assert written == set(), stamp


@BOTH
def test_the_platform_sees_accounts_and_acts_and_no_school_s_records(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    with acting(engines_by_role[role], "platform:") as them:
        assert {table for table in OF_A_SCHOOL if them.count(table)} == SEEN_BY_THE_PLATFORM


@BOTH
def test_a_stamp_shows_its_own_school_s_rows_in_every_table(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for stamp in world.stamps:
        with acting(engines_by_role[role], stamp) as them:
            shown = {table for table in OF_A_SCHOOL if them.count(table, world.ours.school)}
        assert shown == OF_A_SCHOOL, stamp


@BOTH
def test_a_stamp_shows_no_other_school_s_rows_in_any_table(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for stamp in world.stamps:
        with acting(engines_by_role[role], stamp) as them:
            for other in world.others:
                assert {table for table in OF_A_SCHOOL if them.count(table, other.school)} == set(), stamp


@BOTH
def test_a_stamp_lets_no_other_school_s_rows_be_added_changed_or_removed(
    world: World, engines_by_role: dict[str, sa.Engine], superuser: sa.Engine, role: str
) -> None:
    for stamp in world.stamps:
        with acting(engines_by_role[role], stamp) as them:
            for other in world.others:
                assert {table for table in OF_A_SCHOOL if writes(them, superuser, table, other)} == set(), stamp


@BOTH
def test_a_stamp_lets_no_row_be_moved_to_another_school(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    with acting(engines_by_role[role], f"school:{world.ours.school.id}") as them:
        for table in OF_A_SCHOOL:
            moved = f"update {table} set school_id = :theirs where id = :id"
            assert them.is_refused(moved, theirs=world.theirs.school.id, id=world.ours[table].id), table


@BOTH
def test_a_stamp_lets_its_own_school_s_rows_be_added(
    world: World, engines_by_role: dict[str, sa.Engine], superuser: sa.Engine, role: str
) -> None:
    """The proof that the refusals above are the policies' and not those of missing grants."""
    with acting(engines_by_role[role], f"school:{world.ours.school.id}") as them:
        refused = {
            table
            for table in OF_A_SCHOOL
            if them.insertion(table, as_json(superuser, table, world.ours[table].id)) is errors.InsufficientPrivilege
        }
    assert refused == set()


def writes(them: As, superuser: sa.Engine, table: str, other: SchoolRows) -> bool:
    """Whether a row of the other school can be added, changed or removed."""
    keys = {"school": other.school.id}
    return (
        them.insertion(table, as_json(superuser, table, other[table].id)) is not errors.InsufficientPrivilege
        or them.changed(f"update {table} set created_at = created_at where school_id = :school", **keys) > 0
        or them.changed(f"delete from {table} where school_id = :school", **keys) > 0
    )


SAME_SCHOOL_KEYS = [
    (name, next(column.name for column in key.columns if column.name != "school_id"), key.referred_table.name)
    for name, table in sorted(TABLES.items())
    for key in table.foreign_key_constraints
    if "school_id" in key.columns and len(key.columns) == 2
]


def test_no_row_points_into_another_school_s_records(world: World, superuser: sa.Engine) -> None:
    for table, column, parent in SAME_SCHOOL_KEYS:
        with acting(superuser, "") as anybody:
            anybody.run(f"delete from {table} where school_id = :theirs", theirs=world.theirs.school.id)
            pointed = anybody.problem(
                f"update {table} set {column} = :parent where id = :id",
                parent=world.theirs[parent].id,
                id=world.ours[table].id,
            )
        assert pointed is errors.ForeignKeyViolation, (table, column)


# The register, and what the product ships


@BOTH
def test_only_the_platform_writes_the_register_and_what_the_product_ships(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for stamp in ["", *world.stamps]:
        with acting(engines_by_role[role], stamp) as them:
            written = {
                table
                for table in REGISTER | BUILT_IN
                if them.changed(f"update {table} set created_at = created_at") or them.changed(f"delete from {table}")
            }
        assert written == set(), stamp


@BOTH
def test_a_school_does_not_change_an_edition_that_the_product_ships(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    with acting(engines_by_role[role], f"school:{world.ours.school.id}") as them:
        for table in ("edition", "edition_section", "edition_duty", "edition_expectation", "edition_action"):
            assert them.run(f"select count(*) from {table} where school_id is null").scalar_one() > 0
            assert them.changed(f"update {table} set created_at = created_at where school_id is null") == 0
            assert them.changed(f"delete from {table} where school_id is null") == 0


# Mail and jobs


@pytest.fixture
def stamped(make: Factory, world: World) -> dict[str, dict[str, uuid.UUID]]:
    """A mail and a job of each tenant: by table and stamp, their keys."""
    stamps = [*world.stamps, f"school:{world.theirs.school.id}", f"trust:{world.their_trust.id}", "platform:"]
    mails = {
        stamp: make.add(OutgoingMail(scope=stamp, kind="digest", to_address="a@b.c", subject="", text="", html="")).id
        for stamp in stamps
    }
    jobs = {
        stamp: make.add(JobRun(scope=stamp, kind="import_staff", queue="imports", title="Import")).id
        for stamp in stamps
    }
    return {"outgoing_mail": mails, "job_run": jobs}


@BOTH
def test_a_tenant_sees_its_own_mail_and_jobs_only(
    world: World, stamped: dict[str, dict[str, uuid.UUID]], engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    school, trust = world.stamps
    expected = {"": set(), school: {school}, trust: {school, trust}}
    for stamp, shown in expected.items():
        with acting(engines_by_role[role], stamp) as them:
            for table in BY_STAMP:
                made = list(stamped[table].values())
                found = them.run(f"select scope from {table} where id = any (:made)", made=made).scalars()
                assert set(found) == shown, (table, stamp)


@BOTH
def test_a_tenant_writes_no_other_s_mail_and_jobs(
    world: World,
    stamped: dict[str, dict[str, uuid.UUID]],
    engines_by_role: dict[str, sa.Engine],
    superuser: sa.Engine,
    role: str,
) -> None:
    theirs = f"school:{world.theirs.school.id}"
    for stamp in ["", *world.stamps]:
        with acting(engines_by_role[role], stamp) as them:
            for table, keys in stamped.items():
                key = keys[theirs]
                row = as_json(superuser, table, key)
                assert them.insertion(table, row) is errors.InsufficientPrivilege
                assert them.changed(f"update {table} set created_at = created_at where id = :key", key=key) == 0
                assert them.changed(f"delete from {table} where id = :key", key=key) == 0


# The authority


@pytest.fixture
def releases(make: Factory, world: World) -> dict[str, uuid.UUID]:
    """A release of each authority, by the authority's stamp."""
    made = {}
    for rows, authority in ((world.ours, world.our_authority), (world.theirs, world.their_authority)):
        release = make_release_row(make, authority, contributors=[rows.school.id])
        keys = {"authority_id": authority.id}
        values = {"values": {"a": 1}, "for_auditor": {}, "figures": {}}
        make.add(ReleaseValue(**keys, draft_id=release.draft_id, **values))
        make_draft_row(make, authority, term="2026-27-autumn")
        make.add(ReleaseCatalogue(**keys, left_out=["posts"]))
        asked = {"term": "2025-26-summer", "subject": "referrals", "by": ["kind"], "purpose": "To plan"}
        make.add(ReleaseRequest(**keys, asked_by=make.account().id, **asked))
        made[f"authority:{authority.id}"] = release.id
    return made


def every_stamp(world: World) -> list[str]:
    return [
        "",
        "platform:",
        f"authority:{world.our_authority.id}",
        f"trust:{world.their_trust.id}",
        f"school:{world.theirs.school.id}",
    ]


def test_a_group_s_release_is_seen_by_the_authorities_in_it_alone(
    world: World, make: Factory, engines_by_role: dict[str, sa.Engine]
) -> None:
    keys = [world.our_authority.id, make.authority().id, make.authority().id]
    group = make.add(ReleaseGroup(name="Fens", authorities=keys))
    make_draft_row(make, group, term="2026-27-autumn")
    release = make_release_row(make, group, contributors=[world.ours.school.id])
    values = {"values": {"a": 1}, "for_auditor": {}, "figures": {}}
    make.add(ReleaseValue(group_id=group.id, draft_id=release.draft_id, **values))
    stamps = {stamp: set[uuid.UUID]() for stamp in [*every_stamp(world), f"authority:{world.their_authority.id}"]}
    for stamp, expected in (stamps | {f"authority:{key}": {release.id} for key in keys}).items():
        with acting(engines_by_role[AUTHORITY], stamp) as officer:
            assert set(officer.run("select id from release").scalars()) == expected, stamp
            assert set(officer.run("select release_id from release_file").scalars()) == expected, stamp
        with acting(engines_by_role[WORKER], stamp) as worker:
            mine = stamp == "platform:"
            for table in ("release_group", "release_draft", "release_draft_file", "release_value"):
                assert bool(worker.run(f"select count(*) from {table}").scalar_one()) == mine, (stamp, table)
        with acting(engines_by_role[WEB], stamp) as page:
            assert bool(page.run("select count(*) from release_group").scalar_one()) == (stamp == "platform:")
            assert page.is_refused("select * from release_value")


@pytest.mark.parametrize("table", sorted({*TABLES, "alembic_version"}))
def test_the_authority_s_role_may_read_the_release_tables_and_write_nothing(
    engines_by_role: dict[str, sa.Engine], table: str
) -> None:
    column = "version_num" if table == "alembic_version" else "id"
    with acting(engines_by_role[AUTHORITY], "") as officer:
        assert officer.is_refused(f"select {column} from {table}") is (table not in READ_BY_THE_AUTHORITY)
        assert officer.is_refused(f"insert into {table} default values")
        assert officer.is_refused(f"update {table} set {column} = {column}")
        assert officer.is_refused(f"delete from {table}")
        assert officer.is_refused(f"truncate {table}")


def test_the_authority_s_role_sees_its_own_releases_only(
    world: World, releases: dict[str, uuid.UUID], engines_by_role: dict[str, sa.Engine]
) -> None:
    for stamp in every_stamp(world):
        expected = {releases[stamp]} if stamp in releases else set()
        with acting(engines_by_role[AUTHORITY], stamp) as officer:
            assert set(officer.run("select id from release").scalars()) == expected, stamp
            assert set(officer.run("select release_id from release_file").scalars()) == expected, stamp
            for table in sorted({*TABLES} - READ_BY_THE_AUTHORITY):
                assert officer.is_refused(f"select from {table}"), (stamp, table)


def test_the_authority_s_role_learns_no_school_from_a_function(
    world: World, engines_by_role: dict[str, sa.Engine]
) -> None:
    for stamp in every_stamp(world):
        with acting(engines_by_role[AUTHORITY], stamp) as officer:
            for function in ("visible_schools()", "visible_trusts()", "visible_authorities()"):
                assert officer.is_refused(f"select {function}"), (stamp, function)


def test_the_authority_s_role_learns_nothing_from_the_catalogue(
    world: World, superuser: sa.Engine, engines_by_role: dict[str, sa.Engine]
) -> None:
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("analyze school, staff_member"))
        of_schools = (
            "select count(*) from pg_stats where schemaname = 'public' and tablename in ('school', 'staff_member')"
        )
        assert connection.scalar(sa.text(of_schools)) > 0
    with acting(engines_by_role[AUTHORITY], "") as officer:
        assert officer.run(of_schools).scalar_one() == 0
        assert officer.is_refused("select * from pg_statistic")


@pytest.mark.parametrize("role", [OWNER, WEB, WORKER])
def test_the_authority_s_role_does_not_become_another(engines_by_role: dict[str, sa.Engine], role: str) -> None:
    with acting(engines_by_role[AUTHORITY], "") as officer:
        assert officer.is_refused(f"set role {role}")


def test_the_authority_s_role_makes_nothing(engines_by_role: dict[str, sa.Engine]) -> None:
    with acting(engines_by_role[AUTHORITY], "") as officer:
        assert officer.is_refused("create table mine (id integer)")
        assert officer.is_refused("create temporary table mine (id integer)")


@BOTH
def test_the_values_behind_releases_are_the_worker_s_alone(
    world: World, releases: dict[str, uuid.UUID], engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for stamp in (f"authority:{world.our_authority.id}", "platform:"):
        with acting(engines_by_role[role], stamp) as them:
            for table in RELEASES:
                assert them.is_refused(f"select id from {table}") is (role == WEB)
                assert them.is_refused(f"update {table} set created_at = created_at")
                assert them.is_refused(f"delete from {table}")


def test_the_worker_sees_the_releases_of_the_authority_that_it_works_for(
    world: World, releases: dict[str, uuid.UUID], engines_by_role: dict[str, sa.Engine]
) -> None:
    ours = f"authority:{world.our_authority.id}"
    for stamp in every_stamp(world):
        with acting(engines_by_role[WORKER], stamp) as them:
            found = set(them.run("select authority_id from release_value").scalars())
        assert found == ({world.our_authority.id} if stamp == ours else set()), stamp


def test_an_officer_s_page_sees_no_draft_and_only_its_own_requests(
    world: World, releases: dict[str, uuid.UUID], engines_by_role: dict[str, sa.Engine]
) -> None:
    with acting(engines_by_role[WEB], f"authority:{world.our_authority.id}") as page:
        for table in ("release_draft", "release_draft_file", "release_catalogue"):
            assert page.run(f"select count(*) from {table}").scalar_one() == 0, table
        assert set(page.run("select authority_id from release_request").scalars()) == {world.our_authority.id}
        assert page.changed("update release_request set state = 'granted', answered_by = asked_by") == 0
        assert page.changed("update release_draft set state = 'approved'") == 0
    with acting(engines_by_role[WEB], "platform:") as publisher:
        assert publisher.run("select count(*) from release_draft").scalar_one() == 4


def test_a_school_finds_the_releases_that_it_is_in_and_no_list_of_schools(
    world: World, releases: dict[str, uuid.UUID], engines_by_role: dict[str, sa.Engine]
) -> None:
    ours = releases[f"authority:{world.our_authority.id}"]
    for stamp, expected in (*((stamp, {ours}) for stamp in world.stamps), (f"school:{world.left.school.id}", set())):
        with acting(engines_by_role[WEB], stamp) as them:
            assert set(them.run("select release_id from release_contribution").scalars()) == expected, stamp
            assert them.is_refused("select contributors from release_contribution")


GUARDED = (
    "update release set title = 'Another'",
    "update release_file set body = 'other'",
    "delete from release",
    "delete from release_file",
    "delete from release_draft",
    "update release_draft set document = '{}'::jsonb || '{\"a\": 1}'::jsonb",
    "update release_draft set audit_passed = not audit_passed",
    "update release_draft set state = 'published' where state = 'awaiting'",
    "update release_draft set state = 'awaiting' where state = 'approved'",
    "insert into release_file (release_id, authority_id, name, media_type, body, sha256)"
    " select id, authority_id, 'more.csv', 'text/csv', 'more', '0' from release limit 1",
)


@pytest.mark.parametrize("statement", GUARDED)
def test_what_is_out_is_never_changed_not_even_by_the_tables_owner(
    releases: dict[str, uuid.UUID], superuser: sa.Engine, statement: str
) -> None:
    with acting(superuser, "") as anybody:
        assert anybody.problem(statement) is errors.IntegrityConstraintViolation


def test_nobody_publishes_what_the_auditor_refused_or_nobody_approved(
    make: Factory, world: World, superuser: sa.Engine
) -> None:
    refused = make_draft_row(make, world.our_authority, state=DraftState.REFUSED)
    awaiting = make_draft_row(make, world.our_authority)
    by = make.account().id
    release = (
        "insert into release (authority_id, authority_name, term, title, as_at, period_from, period_until, published_at,"
        " code_version, sha256, draft_id) select authority_id, authority_name, term, title, as_at, period_from,"
        " period_until, now(), code_version, '0', id from release_draft where id = :id"
    )
    approve = "update release_draft set state = 'approved', decided_by = :by where id = :id"
    with acting(superuser, "") as anybody:
        assert anybody.problem(approve, id=refused.id, by=by) is errors.IntegrityConstraintViolation
        for draft in (refused, awaiting):
            assert anybody.problem(release, id=draft.id) is errors.IntegrityConstraintViolation
        assert anybody.problem(approve, id=awaiting.id, by=None) is errors.CheckViolation
        assert anybody.changed(approve, id=awaiting.id, by=by) == 1


def test_a_draft_that_was_checked_against_fewer_releases_than_are_out_does_not_come_out(
    make: Factory, world: World, superuser: sa.Engine
) -> None:
    make_release_row(make, world.our_authority)
    late = make_draft_row(make, world.our_authority, term="2026-27-autumn", state=DraftState.APPROVED)
    with acting(superuser, "") as anybody:
        assert (
            anybody.problem(
                "insert into release (authority_id, authority_name, term, title, as_at, period_from, period_until,"
                " published_at, code_version, sha256, draft_id) select authority_id, authority_name, term, title, as_at,"
                " period_from, period_until, now(), code_version, '0', id from release_draft where id = :id",
                id=late.id,
            )
            is errors.IntegrityConstraintViolation
        )


def test_a_withdrawn_release_s_files_are_gone_for_its_readers(
    world: World, releases: dict[str, uuid.UUID], engines_by_role: dict[str, sa.Engine], superuser: sa.Engine
) -> None:
    with superuser.begin() as connection:
        connection.execute(sa.text("update release set withdrawn_at = now(), withdrawal_note = 'A fault'"))
    with acting(engines_by_role[AUTHORITY], f"authority:{world.our_authority.id}") as officer:
        assert officer.run("select withdrawal_note from release").scalars().all() == ["A fault"]
        assert officer.run("select count(*) from release_file").scalar_one() == 0


# Staff lists of a whole trust


@BOTH
def test_a_trusts_run_and_its_rows_at_no_school_are_the_trusts_alone(
    world: World, make: Factory, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for trust in (world.our_trust, world.their_trust):
        run = make.add(
            ImportRun(
                trust_id=trust.id,
                kind=ImportKind.STAFF,
                file_name="f",
                storage_key="imports/f",
                size=1,
                sha256="0" * 64,
            )
        )
        person = {"given_name": "Ada", "family_name": "Byron", "roles": [], "roles_from": [], "roles_until": []}
        make.add(
            StaffImportRow(
                run_id=run.id, trust_id=trust.id, lines=[2], roles_guessed=False, outcome=Outcome.UNPLACED, **person
            )
        )
        make.add(ImportRejection(run_id=run.id, trust_id=trust.id, line=2, reason="is empty"))
        make.add(
            SavedMapping(
                trust_id=trust.id, kind=ImportKind.STAFF, name="A", headers="0", mapping={}, used_at=datetime.now(UTC)
            )
        )
        make.add(RememberedWord(trust_id=trust.id, about=RememberedAs.SCHOOL, word="annexe", means=None))
    school, trust = world.stamps
    for stamp, expected in {trust: {world.our_trust.id}, school: set(), "platform:": set(), "": set()}.items():
        with acting(engines_by_role[role], stamp) as them:
            for table in ("import_run", "staff_import_row", "import_rejection", "saved_mapping", "remembered_word"):
                seen = them.run(f"select trust_id from {table} where trust_id is not null").scalars()
                assert set(seen) == expected, (table, stamp)
                changed = them.changed(f"update {table} set created_at = created_at where trust_id is not null")
                assert changed == len(expected), (table, stamp)


# Reminders


@BOTH
def test_what_is_for_one_mailbox_is_shown_to_the_worker_that_writes_to_it_and_nothing_else(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    ours, theirs = world.ours["reminder_item"], world.theirs["reminder_item"]
    with acting(engines_by_role[role], f"recipient:{ours.recipient}") as them:
        shown = {table for table in OF_A_SCHOOL if them.count(table)}
        assert shown == ({"reminder_item"} if role == WORKER else set())
        found = set(them.run("select id from reminder_item").scalars())
        assert found == ({ours.id} if role == WORKER else set())
        changed = "update reminder_item set state = 'sent' where id = :id"
        assert them.changed(changed, id=ours.id) == (1 if role == WORKER else 0)
        assert them.changed(changed, id=theirs.id) == 0
        moved = "update reminder_item set recipient = :other where id = :id"
        assert them.changed(moved, id=ours.id, other=theirs.recipient) == 0


@BOTH
def test_a_trust_s_rules_of_reminders_are_read_by_its_schools_and_written_by_the_trust(
    world: World, make: Factory, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for trust in (world.our_trust, world.their_trust):
        make.add(ReminderRule(key="training", trust_id=trust.id, active=False))
    school, trust = world.stamps
    for stamp, writes_it in ((school, False), (trust, True)):
        with acting(engines_by_role[role], stamp) as them:
            seen = them.run("select trust_id from reminder_rule where trust_id is not null").scalars()
            assert set(seen) == {world.our_trust.id}
            changed = them.changed("update reminder_rule set active = true where trust_id is not null")
            assert changed == (1 if writes_it else 0)


# Editions being written


@BOTH
def test_a_draft_and_an_edition_of_a_trust_are_that_trust_s(
    world: World, make: Factory, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    base = make.edition()
    for trust in (world.our_trust, world.their_trust):
        make.add(EditionDraft(trust_id=trust.id, based_on_id=base.id, title="Draft"))
        make.add(
            Edition(
                key=f"of-{trust.id}", title="Own", source=EditionSource.TRUST, trust_id=trust.id,
                published_on=date(2026, 10, 1),
            )
        )  # fmt: skip
    make.add(EditionDraft(based_on_id=base.id, title="The platform's"))
    school, trust = world.stamps
    expected = {trust: ({world.our_trust.id}, {world.our_trust.id}), school: (set(), {world.our_trust.id})}
    for stamp, (drafts, editions) in expected.items():
        with acting(engines_by_role[role], stamp) as them:
            assert set(them.run("select trust_id from edition_draft").scalars()) == drafts
            seen = them.run("select trust_id from edition where trust_id is not null").scalars()
            assert set(seen) == editions
            assert them.changed("update edition_draft set title = 'x'") == len(drafts)
            assert them.is_refused("update edition set title = 'x'")
    with acting(engines_by_role[role], "platform:") as them:
        assert them.run("select count(*) from edition_draft where trust_id is not null").scalar_one() == 0
        assert them.run("select count(*) from edition_draft").scalar_one() == 1


@BOTH
def test_a_trusts_documents_are_read_by_its_schools_and_written_by_itself_and_shared_ones_by_nobody(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    make, tables = world.ours.make, ("document", "document_edition", "document_part")
    for trust in (world.our_trust, world.their_trust):
        owner = {"trust_id": trust.id}
        document = make.add(Document(key=f"own-{trust.id}", title="Of the trust", **owner))
        edition = make.add(DocumentEdition(document_id=document.id, label="1", in_force_from=date(2026, 9, 1), **owner))
        make.add(
            DocumentPart(
                document_edition_id=edition.id,
                position=0,
                title="Part",
                kind=PartKind.TEXT,
                text="x",
                sha256="0",
                **owner,
            )
        )
    school, trust = world.stamps
    for table in tables:
        for stamp, may_write in ((school, False), (trust, True)):
            with acting(engines_by_role[role], stamp) as them:
                seen = them.run(f"select trust_id from {table} where trust_id is not null").scalars()
                assert set(seen) == {world.our_trust.id}
                touched = f"update {table} set created_at = created_at where school_id is null"
                assert them.changed(touched) == (1 if may_write else 0)
                assert them.run(
                    f"select count(*) from {table} where num_nonnulls(school_id, trust_id) = 0"
                ).scalar_one()
                assert them.changed(f"delete from {table} where num_nonnulls(school_id, trust_id) = 0") == 0
                moved = f"update {table} set trust_id = :theirs, school_id = null where trust_id = :ours"
                keys = {"theirs": world.their_trust.id, "ours": world.our_trust.id}
                assert them.changed(moved, **keys) == 0
        for stamp in ("", "platform:", f"school:{world.left.school.id}", f"authority:{world.their_authority.id}"):
            if role == WORKER and stamp.startswith("authority"):
                continue  # makes releases of what schools go by, their trusts' documents among it
            with acting(engines_by_role[role], stamp) as them:
                assert them.run(f"select count(*) from {table} where trust_id is not null").scalar_one() == 0


@BOTH
def test_a_trusts_rules_for_courses_are_read_by_its_schools_and_written_by_itself(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for trust in (world.our_trust, world.their_trust):
        world.ours.make.add(
            CourseRule(
                trust_id=trust.id,
                course_id=world.ours.make.course().id,
                from_on=date(2026, 9, 1),
                standing=RuleStanding.OFF,
            )
        )
    ours, course = world.our_trust.id, world.ours.make.course().id
    add = (
        "insert into course_rule (id, trust_id, course_id, from_on, standing)"
        f" values (uuidv7(), :trust, '{course}', '2026-10-01', 'off')"
    )
    with acting(engines_by_role[role], f"trust:{ours}") as them:
        assert them.run("select trust_id from course_rule").scalars().all() == [ours]
        assert them.is_refused(add, trust=world.their_trust.id)
        assert them.changed("update course_rule set grace_days = 1") == 1
    with acting(engines_by_role[role], f"school:{world.ours.school.id}") as them:
        assert them.run("select trust_id from course_rule").scalars().all() == [ours]
        assert them.is_refused(add, trust=ours)
        assert them.changed("update course_rule set grace_days = 1") == 0
    for stamp in ("", "platform:", f"school:{world.left.school.id}"):
        with acting(engines_by_role[role], stamp) as them:
            assert them.run("select count(*) from course_rule").scalar_one() == 0


@BOTH
def test_a_trusts_own_courses_are_seen_by_it_and_its_schools_and_by_who_keeps_records_of_them(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    make = world.ours.make
    own = {
        trust.id: make.add(Course(key=f"own-{trust.id}", title="Own", trust_id=trust.id, is_asked=False))
        for trust in (world.our_trust, world.their_trust)
    }
    ours, theirs = own[world.our_trust.id], own[world.their_trust.id]
    seen = "select id from course where trust_id is not null"
    add = "insert into course (id, key, title, trust_id, is_asked) values (uuidv7(), :key, 'Own', :trust, false)"
    with acting(engines_by_role[role], f"trust:{world.our_trust.id}") as them:
        assert them.run(seen).scalars().all() == [ours.id]
        assert them.changed("update course set title = 'Ours'") == 1
        assert them.changed(add, key="own-more", trust=world.our_trust.id) == 1
        assert them.is_refused(add, key="own-other", trust=world.their_trust.id)
        assert them.is_refused(add, key="everybodys", trust=None)
        assert them.is_refused("delete from course")
    with acting(engines_by_role[role], f"school:{world.ours.school.id}") as them:
        assert them.run(seen).scalars().all() == [ours.id]
        assert them.changed("update course set title = 'Ours'") == 0
        assert them.is_refused(add, key="own-more", trust=world.our_trust.id)
    for stamp in ("", "platform:", f"school:{world.left.school.id}", f"trust:{uuid.uuid4()}"):
        with acting(engines_by_role[role], stamp) as them:
            assert them.run(seen).scalars().all() == [], stamp
    # The school that left took a course of ours while it was here.
    person = world.left["staff_member"]
    world.left.add(TrainingCompletion, staff_id=person.id, course_id=ours.id, completed_on=date(2026, 3, 1))
    with acting(engines_by_role[role], f"school:{world.left.school.id}") as them:
        assert them.run(seen).scalars().all() == [ours.id]
    with acting(engines_by_role[role], f"school:{world.theirs.school.id}") as them:
        assert them.run(seen).scalars().all() == [theirs.id]
    area = f"authority:{world.our_authority.id}"
    with acting(engines_by_role[role], area) as them:
        assert them.run(seen).scalars().all() == ([ours.id] if role == WORKER else [])


@BOTH
def test_what_is_past_is_not_changed(world: World, engines_by_role: dict[str, sa.Engine], role: str) -> None:
    with acting(engines_by_role[role], f"school:{world.ours.school.id}") as them:
        for table in ("verification_event", "evidence_revision", "plan_share_opening", "record_history"):
            assert them.is_refused(f"update {table} set created_at = created_at"), table
            assert them.is_refused(f"delete from {table}"), table


# A slip's address, typed by somebody without an account


@BOTH
def test_whoever_names_the_hash_of_a_slip_s_address_reads_that_slip_and_nothing_else(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    slip = world.theirs["reading_slip"]
    for stamp in ["", f"school:{world.ours.school.id}"]:
        with acting(engines_by_role[role], stamp) as them:
            seen_before = them.count("reading_slip")
            them.run("select set_config('prevent.slip', :hash, true)", hash=slip.address_sha256)
            assert them.count("reading_slip", world.theirs.school) == 1
            assert them.count("reading_slip") == seen_before + 1
            others = {table for table in OF_A_SCHOOL - {"reading_slip"} if them.count(table, world.theirs.school)}
            assert others == set()
            assert them.changed("update reading_slip set tries = 0 where id = :id", id=slip.id) == 0
            assert them.changed("delete from reading_slip where id = :id", id=slip.id) == 0


@BOTH
def test_a_trusts_rules_for_posts_are_written_and_taken_back_by_itself_alone(
    world: World, engines_by_role: dict[str, sa.Engine], role: str
) -> None:
    for trust in (world.our_trust, world.their_trust):
        world.ours.make.add(CoverRule(key="dsl", trust_id=trust.id, role=StaffRole.DSL, from_on=date(2026, 11, 1)))
    ours = [world.our_trust.id]
    seen = "select trust_id from cover_rule where trust_id is not null"
    for stamp, changes in ((f"trust:{ours[0]}", 1), (f"school:{world.ours.school.id}", 0)):
        with acting(engines_by_role[role], stamp) as them:
            assert them.run(seen).scalars().all() == ours
            assert them.changed("update cover_rule set at_least = 2") == changes
            assert them.changed("delete from cover_rule") == changes
            assert them.run("select count(*) from cover_rule where trust_id is null").scalar_one() > 0
    for stamp in ("", "platform:", f"school:{world.left.school.id}"):
        with acting(engines_by_role[role], stamp) as them:
            assert them.run(seen).scalars().all() == []
