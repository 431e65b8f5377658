"""The engines, once a run; an application on them; a clean database for each test that asks for one."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy.orm import Session

from prevent_trust.config import Environment, Settings, postgresql_url
from prevent_trust.database_roles import RoleUrls, create_roles_and_database, urls_for
from prevent_trust.embedded import Engines, start_engines
from tests.certificates import certificates
from tests.factories import Factory
from tests.processes import Processes
from tests.states import empty

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data in ../shared is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    # Not below pytest's own folder, which nobody else may enter: as root, PostgreSQL runs as somebody else.
    directory = Path(tempfile.mkdtemp(prefix="prevent-trust-tests-"))
    directory.chmod(0o711)

    with start_engines(directory, tuned_for_tests=True) as engines:
        yield engines
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def database(engines: Engines) -> RoleUrls:
    """A database of its own with roles, tables, policies and the built-in data."""
    from prevent_trust.cli.database import upgrade

    urls = urls_for(engines.superuser_url, "prevent_test")
    create_roles_and_database(engines.superuser_url, urls)
    upgrade(urls.owner)
    return urls


@pytest.fixture(scope="session")
def settings(engines: Engines, database: RoleUrls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        environment=Environment.TEST,
        base_url="http://localhost",
        secret_key="a secret for the tests, long enough to pass",
        password_salt="a salt for the tests, which is long enough too",
        database_url=database.web,
        worker_database_url=database.worker,
        authority_database_url=database.authority,
        redis_url=engines.redis_url,
        storage_url=tmp_path_factory.mktemp("storage").as_uri(),
        mail_url="outbox:",
        sources_folder=tmp_path_factory.mktemp("sources"),
        sources_may_be_local=True,
        sources_ca_file=certificates().authority,
        sources_first_wait=0.01,
        source_keys=Fernet.generate_key().decode(),
    )


@pytest.fixture(scope="session")
def web_app(settings: Settings) -> Flask:
    from prevent_trust.factory import create_app

    app = create_app(settings)
    app.testing = True
    app.config["WTF_CSRF_ENABLED"] = False
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    return app


@pytest.fixture(scope="session")
def worker_app(settings: Settings) -> Flask:
    from prevent_trust.factory import create_app

    app = create_app(settings, worker=True)
    app.testing = True
    return app


@pytest.fixture(scope="session")
def superuser(engines: Engines, database: RoleUrls) -> Iterator[sa.Engine]:
    url = sa.make_url(postgresql_url(engines.superuser_url)).set(database="prevent_test")
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def processes(superuser: sa.Engine) -> Processes:
    return Processes(superuser)


@pytest.fixture
def clean(superuser: sa.Engine, settings: Settings) -> Iterator[None]:
    """Empties what the test wrote, afterwards; the built-in data stays."""
    yield
    empty(superuser)
    Redis.from_url(settings.redis_url).flushdb()


@pytest.fixture
def make(superuser: sa.Engine, clean: None) -> Iterator[Factory]:
    """Makes rows past row-level security, each committed at once."""
    with Session(superuser, expire_on_commit=False) as session:
        yield Factory(session)


@pytest.fixture
def client(web_app: Flask, clean: None) -> FlaskClient:
    return web_app.test_client()


@pytest.fixture
def web(web_app: Flask, clean: None) -> Iterator[Flask]:
    """Inside the web process's application context."""
    with web_app.app_context():
        yield web_app


@pytest.fixture
def worker(worker_app: Flask, clean: None) -> Iterator[Flask]:
    """Inside the worker's application context, with the worker's database role."""
    with worker_app.app_context():
        yield worker_app
