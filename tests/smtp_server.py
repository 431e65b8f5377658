"""A real SMTP server that can be stopped at any command, and started again on its port."""

import asyncio
import socket
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

# What is between two of a mail's steps: before the greeting, before each command, before and after the mail is taken.
STEPS = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "taking", "answering")


class _Steps(SMTP):
    """Tells the post office of each command before it is done."""

    office: "PostOffice"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.office.step("connect")

    async def smtp_EHLO(self, hostname: str) -> None:
        self.office.step("EHLO")
        await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg: str) -> None:
        self.office.step("MAIL")
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        self.office.step("RCPT")
        await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        self.office.step("DATA")
        await super().smtp_DATA(arg)


class _Controller(Controller):
    office: "PostOffice"

    def factory(self) -> SMTP:
        server = _Steps(self.handler, **self.SMTP_kwargs)
        server.office = self.office
        self.office.servers.append(server)
        return server


class PostOffice:
    """What the server took. `at` is called with the name of each step, on the server's thread."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.servers: list[SMTP] = []
        self.refuses: dict[str, str] = {}  # by address: what RCPT is answered
        self.at: Callable[[str], object] = lambda step: None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._controller: _Controller | None = None
        self._is_down = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def step(self, name: str) -> None:
        if self._is_down:
            self._hang_up()
            return
        self.at(name)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.step("taking")
        if self._is_down:
            return "421 Going down"
        self.messages.append(message_from_bytes(envelope.content or b""))  # type: ignore[arg-type]
        self.step("answering")
        return "250 taken"

    def start(self) -> None:
        self._is_down = False
        self.servers.clear()
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.office = self
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    def go_down(self) -> None:
        """From within a step: every line is cut without a word, and no more are taken."""
        self._is_down = True
        self._hang_up()

    def _hang_up(self) -> None:
        for server in self.servers:
            transport: Any = server.transport
            if transport is not None:
                transport.abort()
