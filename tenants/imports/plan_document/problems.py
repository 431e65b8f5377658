"""Why a document cannot be taken as a plan."""

from tenants.imports.confined import Refused


class PlanDocumentError(Refused):
    """The document cannot be read as a plan; the message says why and what to do."""


class NoActionFound(PlanDocumentError):
    """The document can be read, and no column of it is known to hold actions."""
