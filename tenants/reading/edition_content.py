"""What a part of an edition says: a text, a stored file, or an address, each with the SHA-256 of it."""

import hashlib
from dataclasses import dataclass
from typing import Any

from tenants.reading.models import DocumentPart, PartKind

NOTHING: dict[str, Any] = dict.fromkeys(("text", "address", "storage_key", "file_name", "media_type", "size"))


@dataclass(frozen=True)
class TextContent:
    text: str


@dataclass(frozen=True)
class FileContent:
    """A file that is in the storage already. Size in bytes."""

    storage_key: str
    file_name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class AddressContent:
    address: str


PartContent = TextContent | FileContent | AddressContent


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def content_columns(content: PartContent) -> dict[str, Any]:
    """The columns of a part that hold its content. Lines of a text end as on any system, so that its hash is one."""
    match content:
        case TextContent():
            text = "\n".join(line.rstrip() for line in content.text.strip().splitlines())
            return NOTHING | {"kind": PartKind.TEXT, "text": text, "sha256": sha256_of(text)}
        case FileContent():
            return NOTHING | {"kind": PartKind.FILE, **vars(content)}
        case AddressContent():
            address = content.address.strip()
            return NOTHING | {"kind": PartKind.ADDRESS, "address": address, "sha256": sha256_of(address)}


def same_content(part: DocumentPart) -> dict[str, Any]:
    """The columns of a part with the content of another."""
    return {name: getattr(part, name) for name in (*NOTHING, "kind", "sha256")}


def whole_part(*, document: str, edition: str, title: str, address: str | None) -> dict[str, Any]:
    """The columns of a part whose content stands elsewhere, as a part of the whole edition."""
    named = "\n".join((document, edition, title, address or ""))
    return NOTHING | {"kind": PartKind.WHOLE, "title": title, "sha256": sha256_of(named)}
