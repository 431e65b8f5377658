"""Mail by GOV.UK Notify (https://docs.notifications.service.gov.uk/rest-api.html, read on 24 November 2026).

The template there has the placeholders ((subject)) and ((body)). Every mail carries its own id as its reference, by which
Notify is asked whether it has a mail already: before one is handed over for a second time, and after an answer that says
nothing. So a mail goes once, also when we die between its going and our knowing.
"""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from prevent_trust.mail_senders.types import MailRefused, MailState, NobodyKnows, NobodyTakesMail, address_in

ADDRESS = "https://api.notifications.service.gov.uk"
SECONDS = 30
UUID_LENGTH = 36


class NotifySender:
    """`notify:<template id>`, or `notify:<template id>?api=http://…` for a server that speaks the same language."""

    final_state = MailState.SENT
    remembers = True

    def __init__(self, url: str, api_key: str) -> None:
        parts = urlsplit(url)
        self._template_id = str(_as_uuid(parts.path, "MAIL_URL=notify: must name the id of a template"))
        self._service_id, self._secret = _parts_of_key(api_key)
        address = parse_qs(parts.query).get("api", [ADDRESS])[0]
        self._client = httpx.Client(base_url=address, timeout=SECONDS)

    def send(self, message: EmailMessage, point_of_no_return: Callable[[], None]) -> None:
        mail_id = reference_of(message)
        body = {
            "email_address": address_in(message, "To"),
            "template_id": self._template_id,
            "personalisation": {"subject": str(message["Subject"]), "body": _text_of(message)},
            "reference": str(mail_id),
        }
        if stop := message["List-Unsubscribe"]:
            body["one_click_unsubscribe_url"] = str(stop).strip("<>")
        point_of_no_return()
        try:
            answer = self._call("POST", "/v2/notifications/email", json=body)
        except httpx.ConnectError as error:
            raise NobodyTakesMail(f"GOV.UK Notify could not be reached: {error}") from error
        except httpx.HTTPError as error:
            raise NobodyKnows(f"GOV.UK Notify gave no answer: {error}") from error
        if answer.is_success:
            return
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise NobodyTakesMail(_problem(answer))
        if not answer.is_server_error:
            # Whoever is asked for may be wrong (400), or our key (403): then no mail goes to anybody.
            own_fault = answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
            raise NobodyTakesMail(_problem(answer)) if own_fault else MailRefused(_problem(answer), lasting=True)
        self._look_whether_it_went(mail_id, answer)

    def _look_whether_it_went(self, mail_id: uuid.UUID, answer: httpx.Response) -> None:
        try:
            went = self.took(mail_id)
        except MailRefused as refusal:
            raise NobodyKnows(f"{_problem(answer)}; {refusal}") from refusal
        if not went:
            raise MailRefused(_problem(answer), lasting=False)

    def took(self, mail_id: uuid.UUID) -> bool:
        parameters = {"reference": str(mail_id), "template_type": "email"}
        try:
            answer = self._call("GET", "/v2/notifications", params=parameters)
            answer.raise_for_status()
            return any(each["reference"] == str(mail_id) for each in answer.json()["notifications"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise NobodyTakesMail(f"GOV.UK Notify does not say whether it has the mail: {error}") from error

    def check(self) -> None:
        answer = self._call("GET", f"/v2/template/{self._template_id}")
        if not answer.is_success:
            raise ValueError(_problem(answer))

    def close(self) -> None:
        """The connections are kept by the client, which closes those that stand idle."""

    def _call(self, method: str, path: str, **values: Any) -> httpx.Response:
        token = json_web_token({"iss": self._service_id, "iat": int(time.time())}, self._secret.encode())
        return self._client.request(method, path, headers={"Authorization": f"Bearer {token}"}, **values)


def reference_of(message: EmailMessage) -> uuid.UUID:
    """The mail's own id, which its Message-ID begins with."""
    return uuid.UUID(str(message["Message-ID"]).strip("<>").partition("@")[0])


def json_web_token(claims: dict[str, Any], secret: bytes) -> str:
    """A JSON Web Token signed with HMAC SHA-256 (RFC 7515 and 7519)."""
    header = {"typ": "JWT", "alg": "HS256"}
    content = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{content}.{signature(content, secret)}"


def signature(content: str, secret: bytes) -> str:
    return base64url(hmac.new(secret, content.encode("ascii"), hashlib.sha256).digest())


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _parts_of_key(api_key: str) -> tuple[str, str]:
    """A key reads `{name}-{service id}-{secret}`, of which the last two are UUIDs. Raises ValueError for another."""
    words = "NOTIFY_API_KEY must end with the service’s id and the secret, as GOV.UK Notify shows it"
    secret = api_key[-UUID_LENGTH:]
    service_id = api_key[-2 * UUID_LENGTH - 1 : -UUID_LENGTH - 1]
    return str(_as_uuid(service_id, words)), str(_as_uuid(secret, words))


def _as_uuid(text: str, problem: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise ValueError(problem) from None


def _text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return part.get_content() if part is not None else ""


def _problem(answer: httpx.Response) -> str:
    """Notify's own words, as in {"errors": [{"error": "BadRequestError", "message": "…"}]}."""
    try:
        words = "; ".join(str(each["message"]) for each in answer.json()["errors"])
    except (ValueError, KeyError, TypeError):
        words = answer.reason_phrase
    return f"{answer.status_code} {words}"
