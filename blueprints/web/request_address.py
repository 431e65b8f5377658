"""What of a request's address is counted."""

from flask import request


def by_address() -> str:
    """For the limiter: so many requests for one page, whoever asks."""
    return request.path
