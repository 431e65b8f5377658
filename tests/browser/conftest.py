"""A real browser on a real server: gunicorn's application in a thread, the worker's jobs done when a test asks."""

import json
import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from prevent_trust.config import ROOT, Settings
from prevent_trust.factory import create_app
from prevent_trust.passwords import hashed
from tenants.access.models import Account

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "lantern otter plum barley"
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed, so no browser test ran: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(settings: Settings) -> Iterator[tuple[Flask, str]]:
    """The application as people meet it, with CSRF protection and limits; and its address."""
    app = create_app(settings)
    app.config["RATELIMIT_ENABLED"] = False
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app, f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def address(site: tuple[Flask, str], clean: None) -> str:
    return site[1]


class Person:
    """Somebody at a browser."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def sign_in(self, account: Account) -> None:
        self.page.goto(f"{self.address}/sign-in")
        self.page.fill("input[name=email]", account.email)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.click("main button[type=submit]")

    def open(self, path: str) -> None:
        answer = self.page.goto(f"{self.address}{path}")
        assert answer is not None
        assert answer.status == 200, path
        self.page.wait_for_selector("[data-chart]:not([hidden]):not([data-drawn])", state="detached")

    def accessibility_problems(self) -> list[str]:
        """What axe finds on the page against WCAG 2.2 A and AA, in its words."""
        session = self.page.context.new_cdp_session(self.page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text()})
        rules = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
        found = session.send(
            "Runtime.evaluate",
            {
                "expression": f"axe.run(document, {{runOnly: {rules}}}).then(result => JSON.stringify("
                "result.violations.map(each => each.id + ': ' + each.nodes.map(node => node.target.join(' ')).join(' | '))))",
                "awaitPromise": True,
            },
        )
        problems: list[str] = json.loads(found["result"]["value"])
        return problems

    def is_wider_than_its_window(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def person(browser: Browser, address: str, width: int) -> Iterator[Person]:
    context = browser.new_context(viewport={"width": width, "height": 900})
    yield Person(context, address)
    context.close()


@pytest.fixture
def without_scripts(browser: Browser, address: str) -> Iterator[Person]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    yield Person(context, address)
    context.close()


@pytest.fixture
def password_hash(site: tuple[Flask, str]) -> str:
    with site[0].app_context():
        return hashed(PASSWORD)
