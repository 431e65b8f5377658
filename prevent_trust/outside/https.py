"""HTTPS to servers on the public internet: no other scheme, no private addresses also after a redirect, limits, patience."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

import httpx

from prevent_trust.outside.addresses import address_of
from prevent_trust.outside.types import MOST_SECONDS_BETWEEN_TRIES, Limited, OutsideProblem, Reach

TRIES = 5
SECONDS_OF_SILENCE = 60
MOST_REDIRECTS = 5
_BUSY = {429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Answered:
    """What came of asking for a file. `changed` is false when the server says that it is the one we had."""

    changed: bool
    name: str
    etag: str | None


class _PublicOnly(httpx.BaseTransport):
    """Connects to the address that was looked at; the server's certificate must be that of the name all the same."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        context = ssl.create_default_context(cafile=str(reach.ca_file) if reach.ca_file else None)
        if reach.ca_file:
            context.load_default_certs()
        # A connection is not used again: another name may have the same address.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.HTTPTransport(verify=context, trust_env=False, limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.scheme != "https" or not url.host:
            raise OutsideProblem("The address must start with https://, also after being sent on.")
        address = address_of(url.host, url.port or 443, self._reach)
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=address)
        try:
            return self._inner.handle_request(request)
        finally:
            request.url = url

    def close(self) -> None:
        self._inner.close()


@contextmanager
def client(reach: Reach, token: str | None) -> Iterator[httpx.Client]:
    """A client with a bearer token, which it gives to no other server that it is sent on to."""
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with httpx.Client(
        transport=_PublicOnly(reach), headers=headers, timeout=SECONDS_OF_SILENCE, trust_env=False,
        follow_redirects=True, max_redirects=MOST_REDIRECTS,
    ) as made:  # fmt: skip
        yield made


def ask(asking: httpx.Client, url: str, *, reach: Reach, params: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None) -> httpx.Response:  # fmt: skip
    """The answer, whose content is still to be read, after as many tries as a busy or broken server needs.

    It waits as long as the server asks for (Retry-After), at most two minutes, else twice as long each time.
    Raises OutsideProblem after the last try.
    """
    problem = ""
    for number in range(TRIES):
        wait = reach.first_wait * 2**number
        try:
            answer = asking.send(asking.build_request("GET", url, params=params, headers=headers), stream=True)
        except httpx.TransportError as error:
            problem = f"The server could not be reached: {error}."
        except httpx.HTTPError as error:
            raise OutsideProblem(f"The server’s answer makes no sense: {error}.") from error
        else:
            if answer.status_code not in _BUSY:
                return answer
            answer.close()
            problem = f"The server is busy or broken: it answered {answer.status_code} {answer.reason_phrase}."
            wait = max(_retry_after(answer), reach.first_wait if answer.status_code == 429 else wait)
        if number < TRIES - 1:
            time.sleep(min(wait, MOST_SECONDS_BETWEEN_TRIES))
    raise OutsideProblem(f"{problem} It was tried {TRIES} times.")


def _retry_after(answer: httpx.Response) -> float:
    """Seconds that the server asks to wait for: RFC 9110 has a number, or a date."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def fetch_by_https(url: str, *, token: str | None, etag: str | None, into: Limited, reach: Reach) -> Answered:
    """Fetches a file, unless it is still the one with that entity tag. Raises OutsideProblem.

    A download that breaks off begins anew; what came of it is thrown away.
    """
    headers = {"If-None-Match": etag} if etag else None
    with client(reach, token) as asking:
        for number in range(TRIES):
            answer = ask(asking, url, reach=reach, headers=headers)
            try:
                if answer.status_code == httpx.codes.NOT_MODIFIED:
                    return Answered(False, _name(url), etag)
                if not answer.is_success:
                    raise OutsideProblem(_refusal(answer))
                into.restart()
                for chunk in answer.iter_raw():
                    into.write(chunk)
                return Answered(True, _name(url), answer.headers.get("ETag"))
            except httpx.TransportError as error:
                if number == TRIES - 1:
                    raise OutsideProblem(f"The download broke off: {error}. It was tried {TRIES} times.") from error
                time.sleep(reach.first_wait * 2**number)
            finally:
                answer.close()
    raise AssertionError("every turn returns or raises")


def _refusal(answer: httpx.Response) -> str:
    words = f"The server answered {answer.status_code} {answer.reason_phrase}."
    if answer.status_code in {401, 403}:
        return f"{words} Check the token."
    return f"{words} Check the address."


def _name(url: str) -> str:
    return PurePosixPath(unquote(httpx.URL(url).path)).name or "staff.csv"
