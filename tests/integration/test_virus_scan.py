"""Files are scanned before they are kept: clamd's protocol against a server that speaks it."""

import io
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from prevent_trust.virus_scan import ClamdScanner, FileInfected, NoScanner, ScannerUnavailable, scanner_from_url
from tenants.access.models import Role
from tenants.plan.evidence.models import Evidence
from tests.factories import Factory, sign_in

SIGNATURE = b"X5O!P%@AP[4" + b"\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"


class Clamd(socketserver.StreamRequestHandler):
    """Answers INSTREAM and PING as clamd does; `answer` takes the whole file and gives the words."""

    answer: Callable[[bytes], bytes | None] = staticmethod(
        lambda content: b"stream: Eicar-Test-Signature FOUND\0" if SIGNATURE in content else b"stream: OK\0"
    )

    def handle(self) -> None:
        command = self._command()
        if command == b"zPING":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM":
            content = b""
            while length := struct.unpack("!L", self.rfile.read(4))[0]:
                content += self.rfile.read(length)
            answer = type(self).answer(content)
            if answer is not None:
                self.wfile.write(answer)

    def _command(self) -> bytes:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        return command[:-1]


class ByAddress(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class ByPath(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def serve(server: socketserver.BaseServer) -> Iterator[socketserver.BaseServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["address", "path"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClamdScanner]:
    if request.param == "address":
        for server in serve(ByAddress(("127.0.0.1", 0), Clamd)):
            host, port = server.server_address  # type: ignore[misc]
            yield scanner_from_url(f"clamd://{host}:{port}")  # type: ignore[misc]
    else:
        for _ in serve(ByPath(str(tmp_path / "clamd.ctl"), Clamd)):
            yield scanner_from_url(f"clamd+unix://{tmp_path}/clamd.ctl")  # type: ignore[misc]


def answering(answer: bytes | None) -> type[Clamd]:
    return type("Answering", (Clamd,), {"answer": staticmethod(lambda content: answer)})


def test_a_clean_file_passes_and_is_wound_back(scanner: ClamdScanner) -> None:
    stream = io.BytesIO(b"Minutes" * 100_000)
    scanner.check()
    scanner.scan(stream)
    assert stream.tell() == 0


def test_an_infected_file_is_named(scanner: ClamdScanner) -> None:
    with pytest.raises(FileInfected, match="Eicar-Test-Signature"):
        scanner.scan(io.BytesIO(b"x" * 200_000 + SIGNATURE))


@pytest.mark.parametrize(
    "answer", [b"INSTREAM size limit exceeded. ERROR\0", b"stream: \0", b"OK\0", b"\xff\xfe\0", None]
)
def test_any_other_answer_lets_nothing_through(answer: bytes | None) -> None:
    for server in serve(ByAddress(("127.0.0.1", 0), answering(answer))):
        with pytest.raises(ScannerUnavailable):
            ClamdScanner(server.server_address).scan(io.BytesIO(b"x"))  # type: ignore[arg-type]


def test_a_scanner_that_does_not_answer_in_time_lets_nothing_through() -> None:
    gate = threading.Event()

    def slow(content: bytes) -> bytes:
        gate.wait(5)
        return b"stream: OK\0"

    for server in serve(ByAddress(("127.0.0.1", 0), type("Slow", (Clamd,), {"answer": staticmethod(slow)}))):
        with pytest.raises(ScannerUnavailable):
            ClamdScanner(server.server_address, seconds=0.2).scan(io.BytesIO(b"x"))  # type: ignore[arg-type]
        gate.set()


def test_a_scanner_that_is_away_lets_nothing_through(tmp_path: Path) -> None:
    away = ClamdScanner(str(tmp_path / "none.ctl"))
    for look in (away.check, lambda: away.scan(io.BytesIO(b"x"))):
        with pytest.raises(ScannerUnavailable):
            look()


@pytest.mark.parametrize("url", [None, ""])
def test_without_an_address_nothing_is_scanned(url: str | None) -> None:
    assert isinstance(scanner_from_url(url), NoScanner)


@pytest.mark.parametrize("url", ["http://host", "clamd://", "clamd+unix:"])
def test_an_address_that_is_none_is_told_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="VIRUS_SCAN_URL"):
        scanner_from_url(url)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (FileInfected("Eicar-Test-Signature"), "found “Eicar-Test-Signature”"),
        (ScannerUnavailable("away"), "could not be scanned"),
    ],
)
def test_an_upload_that_is_not_clean_is_refused_in_words(
    client: FlaskClient, make: Factory, web_app: Flask, monkeypatch: pytest.MonkeyPatch, refusal: Exception, words: str
) -> None:
    class Refusing(NoScanner):
        def scan(self, stream: Any) -> None:
            raise refusal

    monkeypatch.setitem(web_app.extensions, "virus_scanner", Refusing())
    school = make.school()
    sign_in(client, make.member(Role.PREVENT_LEAD, school))
    action = make.action(make.plan(school), "speaker-outline")
    answer = client.post(
        f"/schools/{school.id}/plan/actions/{action.id}/files",
        data={"file-files": (io.BytesIO(b"%PDF-1.7"), "minutes.pdf"), "file-title": ""},
    )
    assert words in answer.text
    assert make.session.scalars(select(Evidence)).all() == []
