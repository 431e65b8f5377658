"""What makes a password good enough, and why one is not, in sentences for the person who chose it.

ASVS 4.0.3: 12 to 128 characters (2.1.1, 2.1.2), no rules of composition (2.1.9), a strength estimate that knows common
passwords and the person's own name and address (2.1.7), and, where the network lets it, the list of breached ones.
"""

from typing import Any

from flask_security.password_util import PasswordUtil
from flask_security.utils import hash_password, password_breached_validator, verify_password
from zxcvbn import zxcvbn

SHORTEST, LONGEST = 12, 128
LOWEST_SCORE = 3  # of 0 to 4: more than 10^8 guesses

ADVICE = "Three or four words that do not belong together make a good password."
TOO_SHORT = f"Your password must have at least {SHORTEST} characters. {ADVICE}"
TOO_LONG = f"Your password must have {LONGEST} characters or fewer."
TOO_EASY = f"This password is too easy to guess. {ADVICE}"
BREACHED = f"This password is in a list of stolen passwords that anybody can download. Choose another. {ADVICE}"

# Words that anybody would try here first.
_OBVIOUS = ["safeguarding", "prevent", "academy", "channel", "school", "trust", "kcsie", "password"]
LEAST_OF_ONES_OWN = 6  # characters beside such words and what is known of the person


class PlainWordsPasswordUtil(PasswordUtil):
    """Flask-Security asks this for a verdict wherever a password is chosen."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        normalised: str = self.normalize(password)
        user = kwargs.get("user")
        about = [getattr(user, "email", ""), getattr(user, "name", "")] if user else list(kwargs.values())
        return password_problems(normalised, about=about) or None, normalised


def password_problems(password: str, *, about: list[str]) -> list[str]:
    """Why the password will not do, as sentences; empty when it will. `about` is what is known of the person."""
    if len(password) < SHORTEST:
        return [TOO_SHORT]
    if len(password) > LONGEST:
        return [TOO_LONG]
    known = [part for text in about if text for part in (text, *text.replace("@", " ").replace(".", " ").split())]
    # Beyond 72 characters zxcvbn refuses to estimate and is slow long before; so long a password is judged by its start.
    if _own_part(password, known) < LEAST_OF_ONES_OWN:
        return [TOO_EASY]
    if zxcvbn(password[:72], user_inputs=[*_OBVIOUS, *known])["score"] < LOWEST_SCORE:
        return [TOO_EASY]
    if password_breached_validator(password):
        return [BREACHED]
    return []


def _own_part(password: str, known: list[str]) -> int:
    """How many letters and digits are left without the words that anybody would try first."""
    rest = password.lower()
    for word in sorted([*_OBVIOUS, *(part.lower() for part in known if len(part) > 2)], key=len, reverse=True):
        rest = rest.replace(word, " ")
    return sum(character.isalnum() for character in rest)


def hashed(password: str) -> str:
    """The Argon2 hash to store, made as Flask-Security makes it. Needs the application's context."""
    return str(hash_password(password))


def is_hashed(secret: str, stored: str) -> bool:
    """Whether the stored hash is that of the secret. Needs the application's context."""
    return bool(verify_password(secret, stored))
