"""A file by SFTP, from a server that shows the host key which was entered for it, before anything is told to it."""

import base64
import binascii
import io
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from prevent_trust.outside.addresses import address_of
from prevent_trust.outside.folder import newest
from prevent_trust.outside.types import Limited, OutsideProblem, Reach

SECONDS_OF_SILENCE = 60
CHUNK = 256 * 1024
HOST_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


@dataclass(frozen=True)
class SftpServer:
    """`host_key` as OpenSSH writes it, `ssh-ed25519 AAAA…`; `secret` is a private key made by `new_key`, or a password."""

    host: str
    port: int
    username: str
    host_key: str
    secret: str


def new_key() -> tuple[str, str]:
    """A new key pair: the private key, and the line for the server's authorized_keys."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return private, f"{public} prevent-trust"


def host_key_of(text: str) -> tuple[str, str] | None:
    """The type and the base64 of a host key, also from a line of known_hosts; none when there is no key in it."""
    words = text.split()
    for kind, key in pairwise(words):
        if kind in HOST_KEY_TYPES and _is_key(kind, key):
            return kind, key
    return None


def _is_key(kind: str, text: str) -> bool:
    """A key begins with the length of its type, and the type."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return content[4:].startswith(kind.encode()) and int.from_bytes(content[:4]) == len(kind)


def fetch_by_sftp(server: SftpServer, place: str, *, into: Limited, reach: Reach) -> str:
    """Fetches the file at `place`, or the newest that fits its last part; returns its name. Raises OutsideProblem."""
    wanted = PurePosixPath(place)
    try:
        with _session(server, reach) as files:
            folder = str(wanted.parent)
            found = [
                (each.filename, float(each.st_mtime or 0))
                for each in files.listdir_attr(folder)
                if each.st_mode is not None and stat.S_ISREG(each.st_mode)
            ]
            name = newest(found, wanted.name)
            if name is None:
                raise OutsideProblem(f"There is no file {place} on the server.")
            with files.open(str(wanted.parent / name), "rb") as content:
                into.check(content.stat().st_size or 0)
                content.prefetch(content.stat().st_size)
                while chunk := content.read(CHUNK):
                    into.write(chunk)
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise OutsideProblem(f"The file could not be fetched from {server.host}: {_words(error)}.") from error
    return name


@contextmanager
def _session(server: SftpServer, reach: Reach) -> Iterator[paramiko.SFTPClient]:
    pinned = host_key_of(server.host_key)
    if pinned is None:
        raise OutsideProblem("The host key of the server is not known.")
    address = address_of(server.host, server.port, reach)
    with (
        socket.create_connection((address, server.port), SECONDS_OF_SILENCE) as connection,
        closing(paramiko.Transport(connection)) as transport,
    ):
        kinds = ("rsa-sha2-512", "rsa-sha2-256") if pinned[0] == "ssh-rsa" else (pinned[0],)
        transport.get_security_options().key_types = kinds
        transport.start_client(timeout=SECONDS_OF_SILENCE)
        shown = transport.get_remote_server_key()
        if shown.get_base64() != pinned[1]:
            raise OutsideProblem(
                f"{server.host} shows another host key than the one entered here. Nothing was sent to it. Ask whoever"
                " runs the server whether the key has changed before you enter the new one."
            )
        try:
            _sign_in(transport, server)
        except paramiko.AuthenticationException as error:
            raise OutsideProblem(f"{server.host} does not let {server.username} in.") from error
        files = paramiko.SFTPClient.from_transport(transport)
        assert files is not None  # noqa: S101  # none only when the transport is closed
        files.get_channel().settimeout(SECONDS_OF_SILENCE)  # type: ignore[union-attr]  # it has one while it is open
        yield files


def _sign_in(transport: paramiko.Transport, server: SftpServer) -> None:
    if server.secret.startswith(PRIVATE_KEY):
        key = paramiko.Ed25519Key.from_private_key(io.StringIO(server.secret))
        transport.auth_publickey(server.username, key)
    else:
        transport.auth_password(server.username, server.secret)


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or "the connection broke off"
