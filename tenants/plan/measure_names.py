"""The names by which an action says which records its status comes from: a kind, a colon and what it is about."""

from collections.abc import Mapping

POSTS = {
    "prevent_lead": "A Prevent lead is on the staff list",
    "dsl": "A DSL is on the staff list",
    "deputy_dsl": "A deputy DSL is on the staff list",
    "link_governor": "A link governor is on the staff list",
    "computing_lead": "A computing lead is on the staff list",
}
OTHERS = {
    "referrals:followed-up": "Open referrals whose follow-up is not overdue",
    "contacts:checked": "The school’s contacts that were checked within 12 months",
    "filtering:reviewed": "Filtering and monitoring were reviewed within 12 months",
}
PEOPLE = {"reading", "training"}  # counted over the staff who need it


def is_measure(name: str) -> bool:
    """Whether records of that kind are kept. Whether the course or document exists, the catalogue says."""
    kind, _, subject = name.partition(":")
    return bool(subject) and (kind in PEOPLE or (kind == "post" and subject in POSTS) or name in OTHERS)


def measure_title(name: str, titles: Mapping[str, str]) -> str:
    """What a measure counts, in words; `titles` names courses and documents by key."""
    kind, _, subject = name.partition(":")
    if kind == "post":
        return POSTS.get(subject, subject)
    if kind in PEOPLE:
        verb = "have read" if kind == "reading" else "hold"
        return f"Staff who {verb} {titles.get(subject, subject)}"
    return OTHERS.get(name, name)
