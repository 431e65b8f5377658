"""Where files lie: a folder, or an S3-compatible store. Both are streamed; a file is there whole or not at all."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

CHUNK = 1024 * 1024
KEY_FORM = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)*")


class StoredFileMissing(LookupError):  # reads as what it is
    """There is no file under that key."""


class StoredFileCut(OSError):  # reads as what it is
    """The store stopped giving before the file's end."""


@dataclass(frozen=True)
class StoredFile:
    """What was stored: its key, its size in bytes and its SHA-256 in hexadecimal."""

    key: str
    size: int
    sha256: str


class Storage(Protocol):
    def save(self, stream: BinaryIO, *, key: str) -> StoredFile:
        """Stores the stream's bytes under the key, over any that were there."""

    def open(self, key: str) -> Any:
        """A context manager that gives the file as a binary stream. Raises StoredFileMissing."""

    def delete(self, key: str) -> None:
        """Forgets the file; nothing happens when there is none."""

    def check(self) -> None:
        """Raises an exception when files cannot be stored."""


def checked_key(key: str) -> str:
    """The key, when it is of the form `kind/uuid/uuid`. Raises ValueError for anything that could lead elsewhere."""
    if not KEY_FORM.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key


class _Hashing:
    """Reads through to a stream, counting and hashing what passes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0
        self.hash = hashlib.sha256()

    def read(self, amount: int = -1) -> bytes:
        chunk = self._stream.read(CHUNK if amount is None or amount < 0 else amount)
        self.size += len(chunk)
        self.hash.update(chunk)
        return chunk


class FolderStorage:
    """Files in a folder that only this service's account can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, stream: BinaryIO, *, key: str) -> StoredFile:
        target = self._folder / checked_key(key)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = _Hashing(stream)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix="incoming.", delete=False) as temporary:
            try:
                shutil.copyfileobj(source, temporary, CHUNK)  # only read() is used
                temporary.flush()
                os.fsync(temporary.fileno())
                Path(temporary.name).replace(target)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
        return StoredFile(key, source.size, source.hash.hexdigest())

    @contextmanager
    def open(self, key: str) -> Iterator[IO[bytes]]:
        try:
            stream = (self._folder / checked_key(key)).open("rb")
        except FileNotFoundError:
            raise StoredFileMissing(key) from None
        with stream:
            yield stream

    def delete(self, key: str) -> None:
        (self._folder / checked_key(key)).unlink(missing_ok=True)

    def check(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as probe:
            probe.write(b"probe")


class S3Storage:
    """Objects in a bucket. Credentials come from the environment, as boto3 reads them."""

    def __init__(
        self, *, bucket: str, prefix: str, endpoint_url: str | None, region: str | None, encryption: str | None = None
    ) -> None:
        import boto3  # slow to import, and most installations use a folder
        from botocore.config import Config

        self._bucket = bucket
        self._prefix = prefix
        self._extra = {"ServerSideEncryption": encryption} if encryption else {}
        # A store of one's own has no name for each bucket; a page does not wait for minutes.
        config = Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 4, "mode": "standard"},
            s3={"addressing_style": "path" if endpoint_url else "auto"},
        )
        self._client = boto3.client("s3", endpoint_url=endpoint_url, region_name=region, config=config)

    def _name(self, key: str) -> str:
        return f"{self._prefix}/{checked_key(key)}" if self._prefix else checked_key(key)

    def save(self, stream: BinaryIO, *, key: str) -> StoredFile:
        source = _Hashing(stream)
        self._client.upload_fileobj(source, self._bucket, self._name(key), ExtraArgs=self._extra)
        return StoredFile(key, source.size, source.hash.hexdigest())

    @contextmanager
    def open(self, key: str) -> Iterator["_Whole"]:
        from botocore.exceptions import ClientError

        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(key))
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise StoredFileMissing(key) from None
            raise
        with closing(answer["Body"]) as body:
            yield _Whole(body, answer["ContentLength"])

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def check(self) -> None:
        self._client.head_bucket(Bucket=self._bucket)


class _Whole:
    """Reads through to a body and raises StoredFileCut when it ends before it should."""

    def __init__(self, body: Any, size: int) -> None:
        self._body = body
        self._left = size

    def read(self, amount: int = -1) -> bytes:
        chunk: bytes = self._body.read(None if amount < 0 else amount)
        self._left -= len(chunk)
        if not chunk and amount != 0 and self._left > 0:
            raise StoredFileCut(f"the store left out the last {self._left} bytes")
        return chunk


def storage_from_url(url: str) -> Storage:
    """The storage that STORAGE_URL names: `file:///folder` or `s3://bucket/prefix?endpoint_url=…&region=…&sse=AES256`."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return FolderStorage(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.hostname:
        options = parse_qs(parts.query)
        return S3Storage(
            bucket=parts.hostname,
            prefix=parts.path.strip("/"),
            endpoint_url=options.get("endpoint_url", [None])[0],
            region=options.get("region", [None])[0],
            encryption=options.get("sse", [None])[0],
        )
    raise ValueError("STORAGE_URL must be file:///folder or s3://bucket/prefix")
