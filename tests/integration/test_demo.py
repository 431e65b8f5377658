"""The demonstration: from nothing to signed-in pages, stopped cleanly, found again, emptied."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from prevent_trust.config import ROOT
from prevent_trust.factory import main

OURSELVES = [sys.executable, "-c", "from prevent_trust.factory import main; main()"]
PATIENCE = 300  # seconds; on a machine that does other things besides


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not below pytest's own folder, which nobody else may enter: as root, PostgreSQL runs as somebody else.
    folder = Path(tempfile.mkdtemp(prefix="prevent-demo-"))
    folder.chmod(0o711)
    yield folder / "demo"
    shutil.rmtree(folder)


def command(*arguments: str) -> Result:
    """A command that refuses at once or is soon done, in this process."""
    return CliRunner().invoke(main, list(arguments))


class Demo:
    """A running `prevent-trust demo`, with all that it has said."""

    def __init__(self, folder: Path, port: int) -> None:
        self.said = ""
        self.port = port
        self.process = subprocess.Popen(
            [*OURSELVES, "demo", "--directory", str(folder), "--port", str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert self.process.stdout is not None
        until = time.monotonic() + PATIENCE
        while "Ctrl-C stops everything" not in self.said and time.monotonic() < until:
            line = self.process.stdout.readline()
            if not line:
                break
            self.said += line

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        self.said += rest
        return self.process.returncode


def test_the_demo_starts_stops_and_is_found_again(folder: Path) -> None:
    demo = Demo(folder, free_port())
    try:
        assert "38 schools" in demo.said
        for email in ("lead@mallard.example", "safeguarding@harbour.example", "prevent@wexmoor.example"):
            assert email in demo.said
        assert str(folder) in demo.said
        assert json.loads(demo.get("/health")) == {"database": True, "redis": True}
        assert "Sign in" in demo.get("/sign-in")
        assert "Outgoing mail" in demo.get("/demo/mail")
        password = re.search(r"the password of each is (\S+)", demo.said)
        assert password is not None
        _officer_reads_a_group_s_release(demo, password[1])
        taken = command("demo", "--directory", str(folder), "--port", str(demo.port))
        assert taken.exit_code == 1
        assert f"Port {demo.port}" in taken.stderr
        assert "choose another" in taken.stderr
        twice = command("demo", "--directory", str(folder), "--port", str(free_port()))
        assert "running already" in twice.stderr
    finally:
        assert demo.stop() == 0
    assert "Traceback" not in demo.said
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", demo.port)) != 0

    again = Demo(folder, free_port())
    try:
        assert "38 schools" not in again.said  # the data is there
        assert password[1] in again.said
    finally:
        assert again.stop() == 0

    emptied = command("demo-reset", "--yes", "--directory", str(folder))
    assert "The demo data is deleted" in emptied.stdout, emptied.stderr
    assert not folder.exists()


def _officer_reads_a_group_s_release(demo: Demo, password: str) -> None:
    """The worker makes it after the accounts are printed."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    address = f"http://localhost:{demo.port}/sign-in"
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.open(address).read().decode())
    assert token is not None
    form = {"email": "prevent@wexmoor.example", "password": password, "csrf_token": token[1]}
    home = browser.open(urllib.request.Request(address, urllib.parse.urlencode(form).encode(), {"Referer": address}))
    assert "/authorities/" in home.url
    until = time.monotonic() + PATIENCE
    while (page := browser.open(f"{home.url}/releases?of=group").read().decode()) and "Eastern coast" not in page:
        assert time.monotonic() < until, page
        time.sleep(1)
    link = re.search(r'href="([^"]+)">Eastern coast, ', page)
    assert link is not None
    released = browser.open(f"http://localhost:{demo.port}{link[1]}").read().decode()
    assert "Authorities of the group" in released


def test_a_reset_deletes_nothing_that_is_not_the_demos(folder: Path) -> None:
    folder.mkdir()
    (folder / "holiday.jpg").write_text("mine")
    answer = command("demo-reset", "--yes", "--directory", str(folder))
    assert answer.exit_code == 1
    assert "holiday.jpg" in answer.stderr
    assert (folder / "holiday.jpg").exists()
