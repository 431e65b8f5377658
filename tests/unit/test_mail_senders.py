"""Tokens as the standards write them, and reports of bounces in whatever shape they come."""

import base64
import uuid
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prevent_trust.mail_senders.bounces import read_bounce
from prevent_trust.mail_senders.notify import base64url, json_web_token, signature

MAIL = uuid.UUID("01936d2e-7c7c-7aaa-8bbb-0123456789ab")


def test_a_signature_is_that_of_the_example_in_rfc_7515() -> None:
    """Appendix A.1 of RFC 7515."""
    header = b'{"typ":"JWT",\r\n "alg":"HS256"}'
    payload = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
    key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    secret = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    content = f"{base64url(header)}.{base64url(payload)}"
    assert content.startswith("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.")
    assert signature(content, secret) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def test_a_token_has_header_claims_and_signature() -> None:
    token = json_web_token({"iss": "service", "iat": 1}, b"secret")
    head, claims, signed = token.split(".")
    assert base64.urlsafe_b64decode(head + "==") == b'{"typ":"JWT","alg":"HS256"}'
    assert base64.urlsafe_b64decode(claims + "==") == b'{"iss":"service","iat":1}'
    assert signed == signature(f"{head}.{claims}", b"secret")


def report(*, action: str = "failed", status: str = "5.1.1", original: str = "text/rfc822-headers") -> bytes:
    head = (
        "From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;"
        ' boundary="B"\r\n\r\n--B\r\n\r\nSorry.\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n'
        "Reporting-MTA: dns; mx.example\r\n\r\n"
    )
    fields = (
        f"Final-Recipient: rfc822; a@b.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 No such user\r\n\r\n"
    )
    copy = (
        f"--B\r\nContent-Type: {original}\r\n\r\nSubject: Hello\r\nMessage-ID: <{MAIL}@trust.example>\r\n\r\n"
        "Words\r\n--B--\r\n"
    )
    return (head + fields + copy).encode()


@pytest.mark.parametrize("original", ["text/rfc822-headers", "message/rfc822"])
@pytest.mark.parametrize(("status", "lasting"), [("5.1.1", True), ("5.7.1", True), ("4.2.2", False)])
def test_a_report_says_which_mail_came_back_why_and_for_how_long(original: str, status: str, lasting: bool) -> None:
    bounce = read_bounce(report(status=status, original=original))
    assert bounce is not None
    assert (bounce.mail_id, bounce.problem, bounce.lasting) == (MAIL, "550 No such user", lasting)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_notice_of_something_else_is_no_bounce(action: str) -> None:
    assert read_bounce(report(action=action)) is None


def test_a_reply_is_no_bounce_even_when_it_quotes_the_mail() -> None:
    reply = EmailMessage(policy=SMTP)
    reply["In-Reply-To"] = f"<{MAIL}@trust.example>"
    reply.set_content(f"> Message-ID: <{MAIL}@trust.example>\nAction: failed\nStatus: 5.1.1\n")
    assert read_bounce(reply.as_bytes()) is None


@given(st.binary(max_size=400))
def test_whatever_arrives_is_read_without_a_fault(content: bytes) -> None:
    assert read_bounce(content) is None


@given(st.integers(0, 900), st.binary(max_size=20))
def test_a_report_with_a_piece_replaced_is_read_without_a_fault(place: int, piece: bytes) -> None:
    content = report()
    bounce = read_bounce(content[:place] + piece + content[place + len(piece) :])
    assert bounce is None or isinstance(bounce.mail_id, uuid.UUID)
