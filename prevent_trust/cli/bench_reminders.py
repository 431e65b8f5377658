"""The reminders' own measurements: a day planned for every school, digests written, and digests handed to an SMTP server."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import Engine, text

from prevent_trust.cli.bench_plan import MeasurementFailed
from prevent_trust.config import postgresql_url
from prevent_trust.database import db
from prevent_trust.mail import deliver_mail
from prevent_trust.mail_senders.smtp import SmtpSender
from prevent_trust.tenancy import AuthorityScope, PlatformScope, RecipientScope, bind_scope, stamp_each_transaction
from tenants.reminders.ledger import plan_lines, recipients_without_mail, settle, write_digest

DIGESTS = 10_000
# A Prevent lead for each school, and a lead for each trust; then what is about people switched on everywhere there is a trust.
PEOPLE = """
insert into account (email, name, fs_uniquifier)
select 'lead' || urn || '@bench.example', 'Lead ' || urn, gen_random_uuid()::text from school where urn > 200000;
insert into membership (account_id, role, school_id)
select a.id, 'prevent_lead', s.id from school s join account a on a.email = 'lead' || s.urn || '@bench.example';
insert into account (email, name, fs_uniquifier)
select 'trust' || group_uid || '@bench.example', 'Trust lead ' || group_uid, gen_random_uuid()::text from trust;
insert into membership (account_id, role, trust_id)
select a.id, 'trust_lead', t.id from trust t join account a on a.email = 'trust' || t.group_uid || '@bench.example';
update plan_answer set owner_role = 'headteacher' where recorded_until is null and ascii(id::text) % 2 = 0
"""
ABOUT_PEOPLE = """
insert into reminder_rule (key, trust_id, active)
select key, t.id, true from trust t cross join unnest(array['own-training', 'own-lapsing', 'own-reading']) as key
"""


def measure_reminders(superuser: Engine, worker_url: str) -> dict[str, Any]:
    """Plans a Monday as shipped, writes 10,000 of its digests and sends them; then a Monday with mail to all staff."""
    with superuser.begin() as connection:
        connection.execute(text(PEOPLE))
    monday = _next_monday()
    shipped = _in_its_own_process("plan", worker_url, monday.isoformat())
    server, port = _start_server()
    try:
        digests = _in_its_own_process("digests", worker_url, monday.isoformat(), str(port))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    with superuser.begin() as connection:
        connection.execute(text(ABOUT_PEOPLE))
    people = _in_its_own_process("plan", worker_url, (monday + timedelta(weeks=1)).isoformat())
    return {"shipped": shipped, "people": people, "digests": digests}


def _next_monday() -> date:
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


def _in_its_own_process(*arguments: str) -> dict[str, Any]:
    code = f"from prevent_trust.cli.bench_reminders import measure; measure(*{arguments!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(what: str, worker_url: str, day: str, port: str = "") -> None:
    """Does one of them and prints figures as JSON; called in a process of its own."""
    app = Flask("prevent_trust.bench")
    app.config["SQLALCHEMY_DATABASE_URI"] = postgresql_url(worker_url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"prepare_threshold": 0}}
    db.init_app(app)
    stamp_each_transaction()
    with app.app_context():
        scopes = [
            AuthorityScope(key)
            for key in db.session.connection().scalars(text("select id from local_authority order by code"))
        ]
        db.session.rollback()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        monday = date.fromisoformat(day)
        result = _plan(scopes, monday) if what == "plan" else _digests(scopes, monday, int(port))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = {"most_megabytes": round(most / 1024), "megabytes_over_start": round((most - before) / 1024)}
    print(json.dumps(result | memory))  # read by the process that asked


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    begun = time.monotonic()
    done = work()
    return done, round(time.monotonic() - begun, 1)


def _plan(scopes: list[AuthorityScope], monday: date) -> dict[str, Any]:
    """One worker, area after area: the Monday's lines, and then the other days of the week."""

    def plan(day: date) -> int:
        lines = 0
        for scope in scopes:
            bind_scope(scope)
            lines += plan_lines(scope, day=day)
            db.session.commit()
        return lines

    lines, seconds = _timed(lambda: plan(monday))
    again, seconds_again = _timed(lambda: plan(monday))
    return {"lines": lines, "seconds": seconds, "again_lines": again, "again_seconds": seconds_again}


def _digests(scopes: list[AuthorityScope], day: date, port: int) -> dict[str, Any]:
    recipients: list[uuid.UUID] = []
    for scope in scopes:
        bind_scope(scope)
        recipients += recipients_without_mail(scope)
        db.session.commit()

    def write() -> int:
        written = 0
        for recipient in recipients[:DIGESTS]:
            mailbox = RecipientScope(recipient)
            bind_scope(mailbox)
            written += write_digest(
                mailbox,
                day=day,
                base_url="https://bench.example",
                stop_link=_stop_link,
                reading_link=_reading_link,
            )
            db.session.commit()
        return written

    written, seconds = _timed(write)
    bind_scope(PlatformScope())
    sender = SmtpSender(f"smtp://127.0.0.1:{port}")
    sent, send_seconds = _timed(lambda: deliver_mail(sender=sender, mail_from="no-reply@bench.example", settled=settle))
    return {"written": written, "write_seconds": seconds, "sent": sent, "send_seconds": send_seconds}


def _stop_link(people: object, rule: str) -> str:
    return f"https://bench.example/reminders/stop/{'x' * 150}/{rule}"


def _reading_link(school_id: uuid.UUID, link_id: uuid.UUID) -> str:
    return f"https://bench.example/read/{'x' * 110}"


SERVER = """
import socketserver
class Take(socketserver.StreamRequestHandler):
    def handle(self):
        self.say(b"220 bench")
        in_data = False
        for line in self.rfile:
            if in_data:
                in_data = line != b".\\r\\n"
                if not in_data: self.say(b"250 taken")
            elif line[:4].upper() == b"DATA":
                in_data = True
                self.say(b"354 go on")
            else: self.say(b"250 bench")
    def say(self, words): self.wfile.write(words + b"\\r\\n")
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
server = Server(("127.0.0.1", 0), Take)
print(server.server_address[1], flush=True)
server.serve_forever()
"""


def _start_server() -> tuple[subprocess.Popen[str], int]:
    """An SMTP server that takes everything, so that what is measured is ours; in a process of its own."""
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, env=os.environ)  # noqa: S603  # ourselves
    assert server.stdout is not None  # noqa: S101  # it is a pipe
    return server, int(server.stdout.readline())
