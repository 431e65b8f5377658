"""The application without its engines: to look at what it is made of, not to serve anything."""

from functools import lru_cache

from flask import Flask

from prevent_trust.config import Environment, Settings
from prevent_trust.factory import create_app


@lru_cache(maxsize=1)
def application_unplugged() -> Flask:
    """An application whose database and Redis do not exist; it is never connected to them."""
    nowhere = "postgresql://{role}@nowhere.invalid/none"
    return create_app(
        Settings(
            environment=Environment.TEST,
            base_url="http://localhost",
            secret_key="a secret for the tests, long enough to pass",
            password_salt="a salt for the tests, which is long enough too",
            database_url=nowhere.format(role="prevent_web"),
            worker_database_url=nowhere.format(role="prevent_worker"),
            authority_database_url=nowhere.format(role="prevent_authority"),
            redis_url="redis://nowhere.invalid/0",
            storage_url="file:///nowhere",
            mail_url="outbox:",
        )
    )
