"""The one database, PostgreSQL: its declarative base, key type and session."""

import os
import time
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    MetaData,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, 5.7): 48 bits of Unix time in milliseconds, then random bits.

    PostgreSQL 18 makes the same with `uuidv7()`; rows made in bulk by SQL use that one.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMING_CONVENTION),
        type_annotation_map={
            str: Text(),
            datetime: DateTime(timezone=True),
            dict[str, Any]: JSONB(),
            list[str]: ARRAY(Text()),
            list[dict[str, Any]]: JSONB(),
        },
    )


class Record(Base):
    """A row with a key of its own and the moment it was made."""

    __abstract__ = True

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, default=new_id, server_default=func.uuidv7(), sort_order=-10
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=100)


class Remembered(Record):
    """A record whose earlier states are kept, so that figures can be read as they were known on a past day.

    `recorded_from` is when the row came to say what it says; a trigger sets it and keeps what it said before.
    """

    __abstract__ = True

    recorded_from: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=101)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


def closed_set(values: type[StrEnum], name: str) -> Enum:
    """A column type for a closed set of words: text in the database, with a CHECK named after the set."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        name=name,
        length=64,
        values_callable=lambda members: [member.value for member in members],
    )


def same_school(table: str, column: str, *, ondelete: str = "CASCADE") -> ForeignKeyConstraint:
    """A foreign key that carries the school along, so that no row can point into another school's records."""
    return ForeignKeyConstraint(["school_id", column], [f"{table}.school_id", f"{table}.id"], ondelete=ondelete)


def keyed_by_school() -> UniqueConstraint:
    """What `same_school` points at."""
    return UniqueConstraint("school_id", "id")


def check(rule: str, name: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name)
