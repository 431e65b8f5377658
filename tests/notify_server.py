"""A server that speaks GOV.UK Notify's language: it checks tokens, keeps what it took, and can be told to misbehave."""

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SERVICE, SECRET, TEMPLATE = (str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("service", "secret", "template"))
API_KEY = f"a_key-for-tests-{SERVICE}-{SECRET}"
OLDEST_TOKEN_SECONDS = 30


class NotifyServer:
    """`answers` are given to the next requests to send, in their order; `takes_anyway` are those that keep the mail first."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.asked_for: list[str] = []
        self.answers: list[tuple[int, str]] = []
        self.takes_anyway = False
        self.hangs_up = False
        self.answers_questions = True
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                office.post(self, body)

            def do_GET(self) -> None:
                office.get(self)

            def log_message(self, *arguments: Any) -> None:
                """Nothing is written down."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"notify:{TEMPLATE}?api=http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def post(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if request.path != "/v2/notifications/email":
            return _answer(request, 404, _error("NoResultFound", "No such page"))
        if problem := _token_problem(request):
            return _answer(request, 403, _error("AuthError", problem))
        if body["template_id"] != TEMPLATE:
            return _answer(request, 400, _error("BadRequestError", "Template not found"))
        status, words = self.answers.pop(0) if self.answers else (201, "")
        if status == 201 or self.takes_anyway:
            self.taken.append(body)
        if self.hangs_up:
            request.connection.close()
            return None
        if status != 201:
            return _answer(request, status, _error("Error", words))
        return _answer(request, 201, {"id": str(uuid.uuid4()), "reference": body["reference"]})

    def get(self, request: BaseHTTPRequestHandler) -> None:
        if problem := _token_problem(request):
            return _answer(request, 403, _error("AuthError", problem))
        parts = urlsplit(request.path)
        if parts.path == f"/v2/template/{TEMPLATE}":
            return _answer(request, 200, {"id": TEMPLATE})
        if parts.path != "/v2/notifications":
            return _answer(request, 404, _error("NoResultFound", "No result found"))
        if not self.answers_questions:
            return _answer(request, 503, _error("Error", "Not now"))
        reference = parse_qs(parts.query)["reference"][0]
        self.asked_for.append(reference)
        found = [
            {"id": str(uuid.uuid4()), "reference": reference} for each in self.taken if each["reference"] == reference
        ]
        return _answer(request, 200, {"notifications": found, "links": {}})


def _token_problem(request: BaseHTTPRequestHandler) -> str | None:
    """Why the token is none of the service's, in Notify's way; checked with code of its own."""
    head, claims, signature = request.headers["Authorization"].removeprefix("Bearer ").split(".")
    expected = hmac.new(SECRET.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    said = json.loads(_decoded(claims))
    if json.loads(_decoded(head)) != {"typ": "JWT", "alg": "HS256"} or _decoded(signature) != expected:
        return "Invalid token: signature, api token not found"
    if said["iss"] != SERVICE or abs(time.time() - said["iat"]) > OLDEST_TOKEN_SECONDS:
        return "Error: Your system clock must be accurate to within 30 seconds"
    return None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _error(kind: str, words: str) -> dict[str, Any]:
    return {"errors": [{"error": kind, "message": words}]}


def _answer(request: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body | ({"status_code": status} if status >= 400 else {})).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
