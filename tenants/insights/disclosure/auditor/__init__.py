"""Works out, from what is published and nothing else, what anybody could know of hidden numbers. Shares no code with what hid
them, and is never given a hidden value.

    found = audit_documents([first_release, second_release])
    found.passed, found.problems, found.intervals["referrals|concern=mixed"]
"""

from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.auditor.reading import read_document, read_documents
from tenants.insights.disclosure.auditor.types import (
    Audit,
    Document,
    Facts,
    Interval,
    Knower,
    Openness,
    Problem,
    Sum,
    Unsound,
)

__all__ = [
    "Audit",
    "Document",
    "Facts",
    "Interval",
    "Knower",
    "Openness",
    "Problem",
    "Sum",
    "Unsound",
    "audit_documents",
    "read_document",
    "read_documents",
]
