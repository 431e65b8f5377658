"""The shipped register, read from its file and checked."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from tenants.references.models import Certainty

FILE = Path(__file__).with_name("register.yaml")
KINDS = {"citation", "contact_to_check", "practice_to_check"}


class RegisterError(ValueError):
    """The register's file is not right; the message names the entry."""


@dataclass(frozen=True)
class RegisterEntry:
    key: str
    title: str
    publisher: str
    kind: str
    edition: str | None
    address: str | None
    in_force_from: date | None
    superseded_by: str | None
    last_checked: date
    certainty: Certainty
    patterns: tuple[str, ...]
    advice: str

    def compiled(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern, re.IGNORECASE) for pattern in self.patterns)


@cache
def load_register() -> tuple[RegisterEntry, ...]:
    """Every entry, in the file's order. Raises RegisterError for a double key, a wrong kind or a dangling pointer."""
    loaded = yaml.safe_load(FILE.read_text(encoding="utf-8"))["references"]
    entries = tuple(_entry(raw) for raw in loaded)
    keys = {entry.key for entry in entries}
    if len(keys) != len(entries):
        raise RegisterError("a key stands twice")
    for entry in entries:
        if entry.kind not in KINDS:
            raise RegisterError(f"{entry.key}: no such kind: {entry.kind}")
        if entry.superseded_by is not None and entry.superseded_by not in keys:
            raise RegisterError(f"{entry.key}: superseded by {entry.superseded_by}, which is not there")
        if entry.patterns and not entry.advice:
            raise RegisterError(f"{entry.key}: recognised in text, but there is no advice")
        entry.compiled()
    return entries


def _entry(raw: dict[str, object]) -> RegisterEntry:
    try:
        return RegisterEntry(
            key=str(raw["key"]),
            title=str(raw["title"]),
            publisher=str(raw.get("publisher") or ""),
            kind=str(raw["kind"]),
            edition=str(raw["edition"]) if raw.get("edition") else None,
            address=str(raw["address"]) if raw.get("address") else None,
            in_force_from=raw.get("in_force_from"),  # type: ignore[arg-type]  # YAML gives dates
            superseded_by=str(raw["superseded_by"]) if raw.get("superseded_by") else None,
            last_checked=raw["last_checked"],  # type: ignore[arg-type]  # YAML gives dates
            certainty=Certainty(str(raw["certainty"])),
            patterns=tuple(raw.get("patterns") or ()),  # type: ignore[arg-type]
            advice=str(raw.get("advice") or ""),
        )
    except (KeyError, ValueError) as error:
        raise RegisterError(f"{raw.get('key')}: {error}") from error
