"""What officers can ask for beside the catalogue: a subject of it by one or two classifications, of a term that is out."""

import uuid
from collections.abc import Sequence

from tenants.insights.disclosure.catalogue import CatalogueTable

SUBJECTS = {
    "sections": "Schools by the state of each section of their action plan",
    "training": "Staff who have each course",
    "reading": "Staff who confirmed each document",
    "posts": "Schools by how each role is filled",
    "timeliness": "Schools by how many actions are past their date",
    "referrals": "Referrals by term",
}
CLASSIFICATIONS = {"phase": "Phase", "kind": "Type of school", "concern": "Type of concern (referrals only)"}


class NotAsked(ValueError):
    """A table that nobody can ask for; the message says why."""


def entry_of(subject: str, by: Sequence[str]) -> CatalogueTable:
    """The table that is asked for, as an entry of a catalogue. Raises NotAsked."""
    if subject not in SUBJECTS:
        raise NotAsked("Choose what the table is to be about.")
    wanted = tuple(key for key in CLASSIFICATIONS if key in by)
    if not wanted:
        raise NotAsked("Choose at least one classification.")
    if "concern" in wanted and subject != "referrals":
        raise NotAsked("Only referrals have a type of concern.")
    if len(wanted) > 2:
        raise NotAsked("Choose at most two classifications: with three, nearly every number would be hidden.")
    order = tuple(key for key in ("concern", "phase", "kind") if key in wanted)
    names = " and ".join(CLASSIFICATIONS[key].partition(" (")[0].lower() for key in order)
    title = SUBJECTS[subject]
    return CatalogueTable(f"asked-{subject}", title, subject, order, f"{title}, by {names}")


def request_term(request_id: uuid.UUID) -> str:
    """What stands in the place of the term for a table that was asked for."""
    return f"request-{request_id.hex[-12:]}"
