"""Asks for the mails of this request to be delivered as soon as it has committed."""

from flask import g

from prevent_trust.jobs.ledger import request_job
from prevent_trust.tenancy import PlatformScope, scope_bound


def deliver_soon() -> None:
    """Once in a request, however many mails it wrote. Without it they wait for the schedule."""
    if g.get("delivery_requested"):
        return
    g.delivery_requested = True
    with scope_bound(PlatformScope()):
        request_job("deliver_mail", scope=PlatformScope(), title="Send mail")
