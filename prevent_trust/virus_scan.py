"""Files are looked at for viruses before they are kept, where the operator runs clamd (VIRUS_SCAN_URL).

clamd's INSTREAM: `zINSTREAM\0`, then chunks, each after its length in four bytes (big end first), then a length of nought;
the answer is `stream: OK`, `stream: NAME FOUND` or an error. A scanner that is set but does not answer refuses the file.
"""

import socket
import struct
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

CHUNK = 64 * 1024
SECONDS = 60.0
LONGEST_ANSWER = 4096
DEFAULT_PORT = 3310


class FileInfected(Exception):
    """The scanner knows what is in the file; the message is its name for it."""


class ScannerUnavailable(Exception):
    """The scanner is set but could not say anything; the message says why."""


class Scanner(Protocol):
    def scan(self, stream: BinaryIO) -> None:
        """Reads the stream to its end and rewinds it. Raises FileInfected or ScannerUnavailable."""

    def check(self) -> None:
        """Raises ScannerUnavailable when files could not be scanned."""


class NoScanner:
    """Nothing is set: files are only judged by their type."""

    def scan(self, stream: BinaryIO) -> None:
        """Leaves the stream as it is."""

    def check(self) -> None:
        """There is nothing that could be missing."""


class ClamdScanner:
    def __init__(self, address: str | tuple[str, int], *, seconds: float = SECONDS) -> None:
        """`address` is the path of a Unix socket, or a host and a port."""
        self._address = address
        self._seconds = seconds

    def scan(self, stream: BinaryIO) -> None:
        stream.seek(0)
        try:
            with self._connect() as connection:
                connection.sendall(b"zINSTREAM\0")
                while chunk := stream.read(CHUNK):
                    connection.sendall(struct.pack("!L", len(chunk)) + chunk)
                connection.sendall(struct.pack("!L", 0))
                answer = _answer(connection)
        except OSError as error:
            raise ScannerUnavailable(str(error)) from error
        finally:
            stream.seek(0)
        _judge(answer)

    def check(self) -> None:
        try:
            with self._connect() as connection:
                connection.sendall(b"zPING\0")
                answer = _answer(connection)
        except OSError as error:
            raise ScannerUnavailable(str(error)) from error
        if answer != "PONG":
            raise ScannerUnavailable(f"clamd answered {answer!r} to PING")

    def _connect(self) -> socket.socket:
        if isinstance(self._address, tuple):
            return socket.create_connection(self._address, timeout=self._seconds)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._seconds)
        try:
            connection.connect(self._address)
        except OSError:
            connection.close()
            raise
        return connection


def _answer(connection: socket.socket) -> str:
    """Up to the byte that ends it. Raises OSError when the line is closed before that."""
    received = b""
    while b"\0" not in received and len(received) < LONGEST_ANSWER:
        part = connection.recv(LONGEST_ANSWER)
        if not part:
            raise ConnectionError("clamd closed the line without an answer")
        received += part
    return received.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _judge(answer: str) -> None:
    if answer == "stream: OK":
        return
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        raise FileInfected(answer.removeprefix("stream: ").removesuffix(" FOUND"))
    raise ScannerUnavailable(f"clamd answered {answer!r}")


def scanner_from_url(url: str | None) -> Scanner:
    """The scanner that VIRUS_SCAN_URL names: `clamd://host:3310` or `clamd+unix:///run/clamav/clamd.ctl`; none without."""
    if not url:
        return NoScanner()
    parts = urlsplit(url)
    if parts.scheme == "clamd" and parts.hostname:
        return ClamdScanner((parts.hostname, parts.port or DEFAULT_PORT))
    if parts.scheme == "clamd+unix" and parts.path:
        return ClamdScanner(unquote(parts.path))
    raise ValueError("VIRUS_SCAN_URL must be clamd://host:port or clamd+unix:///path")
