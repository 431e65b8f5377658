"""Puts the application together from named steps."""

import os
from typing import Any

import click
from flask import Flask
from flask_security.core import RoleMixin
from flask_security.datastore import SQLAlchemyUserDatastore
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

import blueprints.auth
import blueprints.authority
import blueprints.platform
import blueprints.public
import blueprints.school
import blueprints.trust
import prevent_trust.jobs.kinds  # noqa: F401  # registers the kinds of job
from blueprints.auth.sign_in import SignInForm
from blueprints.web import access, errors, navigation, presentation, transactions
from prevent_trust.cli import command_line
from prevent_trust.config import ROOT, Settings, SettingsError, load_settings
from prevent_trust.database import db
from prevent_trust.extensions import csrf, limiter, security
from prevent_trust.jobs.ledger import enqueue_after_commit
from prevent_trust.mail_senders import sender_from_url
from prevent_trust.observability import configure_logging
from prevent_trust.security import cookie_settings, flask_security_settings, send_security_headers
from prevent_trust.storage import storage_from_url
from prevent_trust.tenancy import stamp_each_transaction
from prevent_trust.virus_scan import scanner_from_url
from tenants.access.models import Account

AUDIENCES = (
    blueprints.public,
    blueprints.auth,
    blueprints.school,
    blueprints.trust,
    blueprints.authority,
    blueprints.platform,
)


class _NoRole(RoleMixin):
    """Flask-Security's datastore asks for a class of roles; ours hang on memberships."""


def create_app(settings: Settings | None = None, *, worker: bool = False) -> Flask:
    """The application. A worker connects to the database as its own role, with its own grants."""
    settings = settings or load_settings()
    app = Flask("prevent_trust", template_folder=None, static_folder=str(ROOT / "prevent_trust" / "static"))
    configure_logging(settings)
    _configure(app, settings, worker=worker)
    _connect_engines(app, settings)
    _secure(app, settings)
    _set_up_templates(app, settings)
    access.install_access(app)
    transactions.install_transactions(app)
    errors.install_errors(app)
    navigation.install_navigation(app)
    for audience in AUDIENCES:
        audience.register(app)
    return app


def _configure(app: Flask, settings: Settings, *, worker: bool) -> None:
    app.extensions["settings"] = settings
    engine: dict[str, Any] = {"pool_size": 5, "max_overflow": 10, "pool_pre_ping": True, "hide_parameters": True}
    # Planning the measures takes longer than running them: each connection plans a statement once (see database_roles).
    engine["connect_args"] = {"prepare_threshold": 0}
    app.config.from_mapping(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SQLALCHEMY_DATABASE_URI=settings.worker_database_url if worker else settings.database_url,
        SQLALCHEMY_BINDS={"authority": {"url": settings.authority_database_url, "pool_size": 2}},
        SQLALCHEMY_ENGINE_OPTIONS=engine,
        MAX_CONTENT_LENGTH=(settings.upload_megabytes + 1) * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=20_000,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        RATELIMIT_STORAGE_URI=settings.redis_url.replace("unix://", "redis+unix://"),
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,  # without Redis each process counts for itself
        PREFERRED_URL_SCHEME="https" if settings.served_over_https else "http",
        **flask_security_settings(settings),
        **cookie_settings(settings),
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _connect_engines(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    stamp_each_transaction()
    enqueue_after_commit()
    app.extensions["storage"] = storage_from_url(settings.storage_url)
    app.extensions["virus_scanner"] = scanner_from_url(settings.virus_scan_url)
    app.extensions["mail_sender"] = sender_from_url(settings.mail_url, notify_api_key=settings.notify_api_key)
    with app.app_context():
        engines = list(db.engines.values())

    def drop_connections() -> None:
        """A forked worker must not speak on its parent's connections."""
        for engine in engines:
            engine.dispose(close=False)

    os.register_at_fork(after_in_child=drop_connections)


def _secure(app: Flask, settings: Settings) -> None:
    csrf.init_app(app)
    limiter.init_app(app)
    datastore = SQLAlchemyUserDatastore(db, Account, _NoRole)
    security.init_app(app, datastore, login_form=SignInForm)
    send_security_headers(app, settings)


def _set_up_templates(app: Flask, settings: Settings) -> None:
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(ROOT / "templates"),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    presentation.install_presentation(app, demo_mode=settings.is_demo)


def _for_command() -> Flask:
    """The application of a command: the worker's, or a sentence for each setting that is missing."""
    try:
        return create_app(worker=True)
    except SettingsError as error:
        raise click.ClickException(f"The settings are not complete.\n{error}") from error


main = command_line(_for_command)
