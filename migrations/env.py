"""Runs the migrations as the owner of the tables, in one transaction each, never waiting long for a lock."""

import os

from alembic import context
from sqlalchemy import create_engine, text

import prevent_trust.jobs.models  # noqa: F401  # the imports fill Base.metadata
import tenants.access.models
import tenants.calendar.models
import tenants.contacts.models
import tenants.feeds.models
import tenants.history.models
import tenants.imports.models
import tenants.insights.disclosure.models
import tenants.organisations.models
import tenants.plan.evidence.models
import tenants.plan.models
import tenants.plan.sharing.models
import tenants.plan.verification.models
import tenants.reading.models
import tenants.reading.questions.models
import tenants.reading.sheets.models
import tenants.reading.sign_offs.models
import tenants.references.models
import tenants.referrals.models
import tenants.reminders.models
import tenants.staff.models
import tenants.training.models  # noqa: F401  # the imports fill Base.metadata
from prevent_trust.config import postgresql_url
from prevent_trust.database import Base


def run() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or os.environ["OWNER_DATABASE_URL"]
    engine = create_engine(postgresql_url(url))
    with engine.connect() as connection:
        connection.execute(text("set lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            compare_server_default=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
