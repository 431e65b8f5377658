"""The four roles of the database and what PostgreSQL lets each do on its own account.

None is a superuser and none bypasses row-level security. The owner runs migrations; web, worker and authority own
nothing. Which tables each may touch is granted in the migrations.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.engine import URL

from prevent_trust.config import postgresql_url

OWNER, WEB, WORKER, AUTHORITY = "prevent_owner", "prevent_web", "prevent_worker", "prevent_authority"

# A page that takes longer is at fault; a job may take its time. One plan for a statement, whatever its parameters: they
# are dates and keys, and with row-level security the planner would run visible_schools() anew at every look.
_LIMITS = {
    WEB: {
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "60s",
        "plan_cache_mode": "force_generic_plan",
    },
    WORKER: {"idle_in_transaction_session_timeout": "30min", "plan_cache_mode": "force_generic_plan"},
    AUTHORITY: {"statement_timeout": "10s", "idle_in_transaction_session_timeout": "60s"},
    OWNER: {},
}


@dataclass(frozen=True)
class RoleUrls:
    """The addresses of one database for each of its roles."""

    owner: str
    web: str
    worker: str
    authority: str

    def all(self) -> dict[str, str]:
        return {OWNER: self.owner, WEB: self.web, WORKER: self.worker, AUTHORITY: self.authority}


def urls_for(admin_url: str, database: str) -> RoleUrls:
    """The addresses for a server that trusts its local socket, as the embedded one does: no passwords."""

    server = make_url(postgresql_url(admin_url))

    def url(role: str) -> str:
        return URL.create(
            server.drivername,
            username=role,
            host=server.host,
            port=server.port,
            database=database,
            query=server.query,
        ).render_as_string()

    return RoleUrls(owner=url(OWNER), web=url(WEB), worker=url(WORKER), authority=url(AUTHORITY))


def create_roles_and_database(admin_url: str, urls: RoleUrls) -> None:
    """Makes the roles (with the passwords in their addresses) and the database they name, as far as they are missing.

    Raises ValueError when an address names another role or another database than the rest.
    """
    parsed = {role: make_url(postgresql_url(url)) for role, url in urls.all().items()}
    for role, url in parsed.items():
        if url.username != role:
            raise ValueError(f"the address for {role} signs in as {url.username}")
    names = {url.database for url in parsed.values()}
    if len(names) != 1 or None in names:
        raise ValueError("the four addresses must name the same database")
    database = str(names.pop())
    engine = create_engine(postgresql_url(admin_url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for role, url in parsed.items():
                _create_role(connection, role, url)
            _create_database(connection, database)
    finally:
        engine.dispose()


def _create_role(connection: Connection, role: str, url: URL) -> None:
    attributes = "login nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
    exists = connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role})
    connection.execute(text(f"{'alter' if exists else 'create'} role {role} {attributes}"))
    if url.password:
        statement = connection.scalar(
            text("select format('alter role %I password %L', cast(:role as text), cast(:password as text))"),
            {"role": role, "password": str(url.password)},
        )
        connection.exec_driver_sql(str(statement).replace("%", "%%"))
    for name, value in _LIMITS[role].items():
        connection.execute(text(f"alter role {role} set {name} = '{value}'"))


def _create_database(connection: Connection, database: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(database)
    if not connection.scalar(text("select 1 from pg_database where datname = :name"), {"name": database}):
        connection.execute(text(f"create database {quoted} owner {OWNER} encoding 'UTF8' template template0"))
    connection.execute(text(f"revoke all on database {quoted} from public"))
    connection.execute(text(f"grant connect on database {quoted} to {WEB}, {WORKER}, {AUTHORITY}"))
    connection.execute(text(f"grant temporary on database {quoted} to {WORKER}"))  # imports stage their rows
