"""The register of guidance, addresses and practices that plans cite."""

from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from prevent_trust.database import Record, closed_set


class Certainty(StrEnum):
    """How sure the entry is."""

    OFFICIAL = "official"
    SECOND_HAND = "second_hand"
    GENERAL = "general"


class Reference(Record):
    __tablename__ = "reference"

    key: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    publisher: Mapped[str] = mapped_column(default="", server_default="")
    kind: Mapped[str]  # citation, contact to check, practice to check
    edition: Mapped[str | None]
    address: Mapped[str | None]
    in_force_from: Mapped[date | None]
    superseded_by: Mapped[str | None]  # the key of another entry
    last_checked: Mapped[date]
    certainty: Mapped[Certainty] = mapped_column(closed_set(Certainty, "certainty"))
    patterns: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    advice: Mapped[str] = mapped_column(default="", server_default="")
