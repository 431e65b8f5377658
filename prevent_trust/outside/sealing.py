"""Passwords, tokens and keys for other servers, encrypted at rest with keys that only the environment holds."""

import uuid

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from prevent_trust.config import Settings
from prevent_trust.outside.types import OutsideProblem


def can_seal(settings: Settings) -> bool:
    """Whether the operator has set a key."""
    return settings.source_keys is not None


def seal(settings: Settings, of: uuid.UUID, secret: str) -> str:
    """The secret encrypted under the first key; it opens only for the row of that id. Raises OutsideProblem without keys."""
    return _box(settings).encrypt(f"{of}\n{secret}".encode()).decode()


def unseal(settings: Settings, of: uuid.UUID, sealed: str) -> str:
    """The secret again. Raises OutsideProblem when no key opens it, or when it was sealed for another row."""
    try:
        owner, _, secret = _box(settings).decrypt(sealed.encode()).decode().partition("\n")
    except InvalidToken:
        owner, secret = "", ""
    if owner != str(of):
        raise OutsideProblem("The password, token or key cannot be read any more. Enter it again.")
    return secret


def _box(settings: Settings) -> MultiFernet:
    if settings.source_keys is None:
        raise OutsideProblem("The operator of this service has set no key to keep passwords with.")
    return MultiFernet([Fernet(each.strip()) for each in settings.source_keys.get_secret_value().split(",")])
