"""Servers that staff lists come from: files over TLS, SFTP, and an interface of Wonde's form. All misbehave when told to."""

import hashlib
import io
import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServerInterface

from tests.certificates import certificates

TOKEN = "a token for the tests"  # not one of anybody's


class TlsServer:
    """Answers GET by a function over TLS, on localhost. `answers` come first: a status, or 0 to hang up."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                office.asked.append((self.path, dict(self.headers)))
                if office.answers:
                    status, headers = office.answers.pop(0)
                    if status == 0:
                        self.connection.close()
                    else:
                        answer(self, status, b"", headers)
                    return
                office.get(self)

            def log_message(self, *arguments: Any) -> None:
                """Nothing is written down."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = certificates().context().wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda request, client: None  # type: ignore[method-assign]  # hanging up is meant
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}"

    def get(self, request: BaseHTTPRequestHandler) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    if "Content-Length" not in headers:
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


class FileServer(TlsServer):
    """Gives files with entity tags, to those with the token."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.sends_on: dict[str, str] = {}
        self.breaks_off = 0  # how many answers end in the middle
        super().__init__()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        if to := self.sends_on.get(request.path):
            return answer(request, 302, b"", {"Location": to})
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return answer(request, 401, b"", {})
        content = self.files.get(request.path)
        if content is None:
            return answer(request, 404, b"", {})
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            return answer(request, 304, b"", {"ETag": tag})
        if self.breaks_off:
            self.breaks_off -= 1
            answer(request, 200, content[: len(content) // 2], {"ETag": tag, "Content-Length": str(len(content))})
            return request.connection.close()
        return answer(request, 200, content, {"ETag": tag})


class WondeServer(TlsServer):
    """Schools and their employees, `per_page` at a time, with cursors that say nothing to whoever reads them."""

    def __init__(self) -> None:
        self.schools: list[dict[str, Any]] = []
        self.employees: dict[str, list[dict[str, Any]]] = {}
        self.per_page = 2
        self.old_cursors: set[str] = set()
        super().__init__()

    def get(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return answer(request, 403, b'{"error": "forbidden"}', {})
        match parts.path.strip("/").split("/"):
            case ["v1.0", "schools"]:
                everybody = self.schools
            case ["v1.0", "schools", key, "employees"] if key in self.employees:
                if set(query["include"][0].split(",")) != {"employment_details", "roles", "contact_details"}:
                    return answer(request, 400, b"{}", {})
                everybody = self.employees[key]
            case _:
                return answer(request, 404, b'{"error": "not_found"}', {})
        cursor = query.get("cursor", [""])[0]
        if cursor in self.old_cursors:
            return answer(request, 400, b'{"error": "invalid_cursor"}', {})
        first = int(cursor[::-1], 36) if cursor else 0
        following = first + self.per_page
        more = following < len(everybody)
        following_url = f"https://elsewhere.invalid{parts.path}?cursor={_cursor(following)}" if more else None
        body = {
            "data": everybody[first:following],
            "meta": {"pagination": {"next": following_url, "previous": None, "more": more, "per_page": self.per_page}},
        }
        return answer(request, 200, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _cursor(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return ("0" + digits[number % 36] if number < 36 else digits[number // 36] + digits[number % 36])[::-1]


def employee(forename: str, surname: str, *, email: str | None = None, role: str = "Class Teacher",
             **work: Any) -> dict[str, Any]:  # fmt: skip
    """A person as the interface gives them, with much that nobody asked for."""
    return {
        "id": f"A{abs(hash((forename, surname)))}", "forename": forename, "surname": surname,
        "legal_surname": surname, "gender": "FEMALE",
        "date_of_birth": {"date": "1980-02-01 00:00:00.000000", "timezone_type": 3, "timezone": "Europe/London"},
        "employment_details": {"data": {
            "current": True, "employment_end_date": None,
            "employment_start_date": {"date": "2019-09-01 00:00:00.000000", "timezone": "Europe/London"},
        } | work},
        "roles": {"data": [{"id": "A1", "name": role}]},
        "contact_details": {"data": {"emails": {"email": email, "work": email, "home": "private@home.example"}}},
    }  # fmt: skip


class SftpServer:
    """Files by SFTP for one user, who signs in with a password or a key."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, int]] = {}  # path -> content, and when it was changed
        self.password: str | None = None
        self.authorized: set[str] = set()
        self.signed_in = 0
        self.host_key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._transports: list[paramiko.Transport] = []
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def host_key_line(self) -> str:
        return f"{self.host_key.get_name()} {self.host_key.get_base64()}"

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for transport in self._transports:
            transport.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _files_of(self))
            self._transports.append(transport)
            try:
                transport.start_server(server=_Door(self))
            except (paramiko.SSHException, EOFError):
                transport.close()


class _Door(paramiko.ServerInterface):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def _let_in(self, right: bool) -> int:
        self._server.signed_in += right
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        return self._let_in(username == "trust" and password == self._server.password)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return self._let_in(username == "trust" and key.get_base64() in self._server.authorized)

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


def _files_of(server: SftpServer) -> Callable[..., SFTPServerInterface]:
    class Files(SFTPServerInterface):
        def list_folder(self, path: str) -> list[SFTPAttributes] | int:
            inside = [each for each in server.files if each.rpartition("/")[0] == path.rstrip("/")]
            return [self._attributes(each) for each in inside] or paramiko.SFTP_NO_SUCH_FILE

        def stat(self, path: str) -> SFTPAttributes | int:
            return self._attributes(path) if path in server.files else paramiko.SFTP_NO_SUCH_FILE

        def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:
            if path not in server.files:
                return paramiko.SFTP_NO_SUCH_FILE
            handle = SFTPHandle(flags)
            handle.readfile = io.BytesIO(server.files[path][0])  # type: ignore[attr-defined]  # where paramiko reads from
            handle.stat = lambda: self._attributes(path)  # type: ignore[method-assign]
            return handle

        @staticmethod
        def _attributes(path: str) -> SFTPAttributes:
            content, changed = server.files[path]
            made = SFTPAttributes()
            made.filename, made.st_size, made.st_mtime = path.rpartition("/")[2], len(content), changed
            made.st_atime, made.st_mode = changed, 0o100644
            return made

    return Files
