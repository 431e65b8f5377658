"""Locks an account for a while after too many wrong passwords, whether or not there is such an account.

Counted by address in Redis, so that a guesser learns nothing from being locked out, and hashed, so that no addresses
lie there. Each attempt is counted before its password is looked at: a hundred at once are no way round.
"""

import hashlib

import structlog
from flask import current_app
from redis.exceptions import RedisError

from prevent_trust.config import Settings
from prevent_trust.queues import redis_from_url

log = structlog.get_logger(__name__)

FAILURES_ALLOWED = 10
WINDOW_SECONDS = 15 * 60
LOCKED = (
    "There were too many attempts to sign in with this email address. "
    "Wait 15 minutes and try again, or choose a new password with “I have forgotten my password”."
)


def take_attempt(email: str) -> bool:
    """Counts an attempt to sign in, and says whether it may go on. The tenth failure locks for 15 minutes from then.

    Without Redis nobody is locked out: the limit for each address of the network, kept in memory, still holds.
    """
    key = _key(email)
    try:
        redis = redis_from_url(_url())
        attempts = int(redis.incr(key))
        if attempts in {1, FAILURES_ALLOWED}:
            redis.expire(key, WINDOW_SECONDS)
    except RedisError as error:
        log.warning("attempts to sign in are not counted", error=str(error))
        return True
    return attempts <= FAILURES_ALLOWED


def forget_attempts(email: str) -> None:
    """After signing in, or choosing a new password by mail, the count begins afresh."""
    try:
        redis_from_url(_url()).delete(_key(email))
    except RedisError as error:
        log.warning("attempts to sign in are not forgotten", error=str(error))


def _key(email: str) -> str:
    return "sign-in:" + hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _url() -> str:
    settings: Settings = current_app.extensions["settings"]
    return settings.redis_url
