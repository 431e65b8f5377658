"""What a review looks at and asks for, when the next is due, and what may be called a review that meets the standard."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml

from tenants.filtering.models import REVIEWER_NAMES, Reviewer

SOURCE = Path(__file__).with_name("points.yaml")
# Who is to take part (DfE, filtering and monitoring standards: SLT, DSL and IT, with the governor who answers for it).
EXPECTED = (Reviewer.SLT, Reviewer.GOVERNOR, Reviewer.DSL, Reviewer.IT)


@dataclass(frozen=True)
class Point:
    """Something that a review looks at."""

    key: str
    title: str
    hint: str
    asked: bool = True


@lru_cache(maxsize=1)
def points() -> tuple[Point, ...]:
    """Every point there is or was, in order."""
    return tuple(Point(**entry) for entry in yaml.safe_load(SOURCE.read_text(encoding="utf-8"))["points"])


def points_asked() -> tuple[Point, ...]:
    return tuple(point for point in points() if point.asked)


def due_after(reviewed_on: date) -> date:
    """A year on: the last day on which the review is within a year. Of 29 February, 28 February, as in PostgreSQL."""
    try:
        return reviewed_on.replace(year=reviewed_on.year + 1)
    except ValueError:
        return reviewed_on.replace(year=reviewed_on.year + 1, day=28)


_BULLET = re.compile(r"^(?:[-–—•*·]+|\(?\d{1,2}[.)])\s+")


def asked_for(actions: str) -> list[str]:
    """What a review asked for, thing by thing: a line each, without the dashes, dots or numbers that people put before it."""
    lines = (_BULLET.sub("", line.strip()).strip() for line in actions.splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def not_looked_at(keys: Collection[str]) -> list[str]:
    """The titles of the points that are asked for and were left out."""
    return [point.title for point in points_asked() if point.key not in keys]


def not_taking_part(reviewers: Collection[str]) -> list[str]:
    """Who of those that the standard expects did not take part."""
    return [REVIEWER_NAMES[each] for each in EXPECTED if each not in reviewers]
