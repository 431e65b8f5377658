"""The short address and the PIN of a slip: how they are made, written down for people, and read again as people type them."""

import hashlib
import re
import secrets

# Crockford's base 32: no letter that can be taken for a digit or for another, and none that makes a word of U.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
_ADDRESS_LENGTH = 12  # 60 random bits
_PIN_LENGTH = 6


def new_code() -> str:
    """What stands at the end of a slip's address."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ADDRESS_LENGTH))


def new_pin() -> str:
    return f"{secrets.randbelow(10**_PIN_LENGTH):0{_PIN_LENGTH}}"


def code_hash(code: str) -> str:
    """As it is kept: of the code as it was made, however it was typed."""
    plain = re.sub(r"[^0-9A-Z]", "", code.upper()).translate(_MISREAD)
    return hashlib.sha256(plain.encode()).hexdigest()


def pin_digits(typed: str) -> str:
    """The digits of what somebody typed."""
    return re.sub(r"[^0-9]", "", typed)


def in_groups(text: str, size: int, between: str) -> str:
    """“K7QM-2XWP-9TRD”, so that it can be read and typed."""
    return between.join(text[start : start + size] for start in range(0, len(text), size))
