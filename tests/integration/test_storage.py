"""Files in a folder and in an S3-compatible store: the same promises, the store behind a real server on loopback."""

import hashlib
import io
import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from prevent_trust.storage import FolderStorage, Storage, StoredFileCut, StoredFileMissing, storage_from_url

MEGABYTE = 1024 * 1024
KEY = "evidence/0190c0de-0000-7000-8000-000000000001/0190c0de-0000-7000-8000-000000000002"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A server that speaks S3's protocol, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "files")
    return s3(s3_server, monkeypatch)


def s3(server: str, monkeypatch: pytest.MonkeyPatch, bucket: str = "prevent") -> Storage:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "for-the-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for-the-test")
    client = boto3.client("s3", endpoint_url=server, region_name="eu-west-2")
    if not any(each["Name"] == "prevent" for each in client.list_buckets()["Buckets"]):
        client.create_bucket(Bucket="prevent", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    return storage_from_url(f"s3://{bucket}/tests?endpoint_url={server}&region=eu-west-2&sse=AES256")


class Pattern(io.RawIOBase):
    """A stream of so many bytes, made as they are read; it cannot be wound back."""

    def __init__(self, size: int, *, breaks_at: int | None = None) -> None:
        self._left, self._breaks_at, self._given = size, breaks_at, 0

    def readable(self) -> bool:
        return True

    def read(self, amount: int = -1) -> bytes:
        if self._breaks_at is not None and self._given >= self._breaks_at:
            raise ConnectionError("the browser went away")
        amount = min(amount if amount >= 0 else self._left, self._left)
        self._left -= amount
        self._given += amount
        return bytes(amount)


def whole(storage: Storage, key: str = KEY) -> bytes:
    with storage.open(key) as stream:
        return b"".join(iter(lambda: stream.read(64 * 1024), b""))


def test_what_is_stored_comes_back_with_its_size_and_hash(storage: Storage) -> None:
    content = b"Minutes of the governors" * 1000
    stored = storage.save(io.BytesIO(content), key=KEY)
    assert (stored.key, stored.size, stored.sha256) == (KEY, len(content), hashlib.sha256(content).hexdigest())
    assert whole(storage) == content


def test_an_empty_file_is_a_file(storage: Storage) -> None:
    assert storage.save(io.BytesIO(b""), key=KEY).size == 0
    assert whole(storage) == b""


def test_a_file_that_is_stored_again_takes_the_place_of_the_first(storage: Storage) -> None:
    storage.save(io.BytesIO(b"first"), key=KEY)
    storage.save(io.BytesIO(b"second"), key=KEY)
    assert whole(storage) == b"second"


def test_a_file_that_is_not_there_is_said_to_be_missing(storage: Storage) -> None:
    with pytest.raises(StoredFileMissing), storage.open("evidence/none"):
        pass


def test_a_file_that_is_deleted_is_missing_and_deleting_it_again_does_nothing(storage: Storage) -> None:
    storage.save(io.BytesIO(b"x"), key=KEY)
    storage.delete(KEY)
    storage.delete(KEY)
    with pytest.raises(StoredFileMissing), storage.open(KEY):
        pass


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "a//b", "A/b", "a/b.txt", "a/b?c", ""])
def test_a_key_leads_nowhere_else(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="not a storage key"):
        storage.save(io.BytesIO(b"x"), key=key)


def test_a_large_file_goes_through_in_pieces(storage: Storage) -> None:
    size = 40 * MEGABYTE
    tracemalloc.start()
    stored = storage.save(Pattern(size), key=KEY)  # type: ignore[arg-type]  # a binary stream
    with storage.open(KEY) as stream:
        length = sum(len(chunk) for chunk in iter(lambda: stream.read(256 * 1024), b""))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (stored.size, length) == (size, size)
    if isinstance(storage, FolderStorage):  # the store's server holds its files in this very process
        assert peak < 8 * MEGABYTE


def test_an_upload_that_breaks_off_leaves_what_was_there(storage: Storage) -> None:
    storage.save(io.BytesIO(b"before"), key=KEY)
    with pytest.raises(ConnectionError):
        storage.save(Pattern(30 * MEGABYTE, breaks_at=20 * MEGABYTE), key=KEY)  # type: ignore[arg-type]  # a stream
    assert whole(storage) == b"before"


def test_a_store_that_works_is_well(storage: Storage) -> None:
    storage.check()


def test_a_bucket_that_is_not_there_is_not_well(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match=r"404|Not Found"):
        s3(s3_server, monkeypatch, bucket="nowhere").check()


class CutOff(io.BytesIO):
    """A body that ends before it should, as when the store goes away."""

    def close(self) -> None:
        """Stays open, to be looked at."""


def test_a_file_that_is_cut_off_on_its_way_is_not_taken_for_whole(
    s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage: Any = s3(s3_server, monkeypatch)
    storage.save(io.BytesIO(b"whole file"), key=KEY)
    answer = {"Body": CutOff(b"whole"), "ContentLength": 10}
    monkeypatch.setattr(storage._client, "get_object", lambda **asked: answer)
    with storage.open(KEY) as stream:
        assert stream.read(5) == b"whole"
        with pytest.raises(StoredFileCut):
            stream.read(5)
