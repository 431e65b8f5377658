"""What in a plan is out of date, and what a plan ought to have and has not."""

from collections.abc import Iterable
from dataclasses import dataclass

from tenants.references.register import RegisterEntry

QUOTE_LENGTH = 160


@dataclass(frozen=True)
class LocatedText:
    """A text and where it stands, in words such as “Staff training, action 3”."""

    place: str
    text: str


@dataclass(frozen=True)
class Finding:
    """Something to look at. `reference_key` is an entry of the register, or `absent:…` for what is missing."""

    reference_key: str
    place: str
    quote: str
    why: str
    advice: str


@dataclass(frozen=True)
class PlanFacts:
    """What can be seen of a whole plan."""

    has_due_dates: bool
    has_status: bool
    has_evidence: bool
    names_governor: bool
    reviews_filtering_yearly: bool


ABSENCES = (
    ("has_due_dates", "absent:due-dates", "No action has a date.", "Give each action the date by which it is done."),
    ("has_status", "absent:status", "No action has a red, amber or green state.", "Answer each action here."),
    ("has_evidence", "absent:evidence", "No action points at evidence.", "Add a file or a link as you answer."),
    (
        "names_governor",
        "absent:governor",
        "No governor is named.",
        "Name the link governor, who also answers for filtering and monitoring with a member of the SLT.",
    ),
    (
        "reviews_filtering_yearly",
        "absent:filtering-review",
        "There is no yearly review of filtering and monitoring.",
        "Plan a review at least once a year and write down what it found and decided.",
    ),
)


def find_outdated(texts: Iterable[LocatedText], register: Iterable[RegisterEntry]) -> list[Finding]:
    """Each entry of the register that a text cites and that is superseded, to be checked or unclear; once a place."""
    by_key = {entry.key: entry for entry in register}
    watched = [(entry, entry.compiled()) for entry in by_key.values() if entry.patterns]
    found = []
    for located in texts:
        for entry, patterns in watched:
            match = next((match for pattern in patterns if (match := pattern.search(located.text))), None)
            if match is None:
                continue
            current = by_key.get(entry.superseded_by or "")
            advice = entry.advice + (f" In force: {_named(current)}." if current else "")
            found.append(
                Finding(
                    reference_key=entry.key,
                    place=located.place,
                    quote=_around(located.text, match.start(), match.end()),
                    why=entry.title,
                    advice=advice,
                )
            )
    return found


def find_absences(facts: PlanFacts) -> list[Finding]:
    """What the whole plan lacks."""
    return [
        Finding(reference_key=key, place="The whole plan", quote="", why=why, advice=advice)
        for fact, key, why, advice in ABSENCES
        if not getattr(facts, fact)
    ]


def _named(entry: RegisterEntry) -> str:
    edition = f" ({entry.edition})" if entry.edition else ""
    return f"{entry.title}{edition}"


def _around(text: str, start: int, end: int) -> str:
    flat = " ".join(text[max(0, start - 40) : end + 60].split())
    return flat[:QUOTE_LENGTH]
