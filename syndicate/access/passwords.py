"""Passwords of users, hashed with Argon2id."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST, LONGEST = 12, 200
# 64 MiB each, so that sign-ins cannot use up the memory of a small machine.
_TURNS = BoundedSemaphore(2)
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


def password_problem(password: str, address: str, site_title: str) -> str:
    """Return a sentence about a password that cannot be used, or ``""``."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"Use a password of {SHORTEST} to {LONGEST} characters."
    folded = password.strip().casefold()
    if folded in (address.casefold(), address.casefold().partition("@")[0], site_title.casefold()):
        return "Use a password that is neither your address nor the name of the site."
    return ""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password, with its parameters."""
    with _TURNS:
        return _HASHER.hash(password)


def is_password(password: str, password_hash: str) -> bool:
    """Return whether a password has this hash; without a hash the same work is done for nothing."""
    # Such a text costs no work: no stored password is longer.
    if len(password) > LONGEST:
        return False
    stored = password_hash or _unknown_hash()
    try:
        with _TURNS:
            return _HASHER.verify(stored, password) and bool(password_hash)
    except (Argon2Error, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Return whether a hash was made with parameters other than the present parameters."""
    return _HASHER.check_needs_rehash(password_hash)


@cache
def _unknown_hash() -> str:
    """Return a hash that stands for the password of an unknown user."""
    return hash_password("a password that no user has")
