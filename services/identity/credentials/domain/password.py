"""Passwords: which are fit, and their stored form (argon2id)."""

from __future__ import annotations

import secrets
import string
from typing import Final

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.errors import Kind, Refusal

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 128
_hash: Final = PasswordHash((Argon2Hasher(),))
_light: Final = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
_NOBODY: Final = _hash.hash(secrets.token_urlsafe(16))
"""Checked where there is no such person, so that the time does not tell."""


class PasswordUnfit(Refusal):
    """密码须为 12 至 128 个字符,不得含姓名,至少 5 个不同字符 (a password has 12 to 128 characters, 5 of them different, and does not contain the name)"""

    kind = Kind.INVALID
    code = "PASSWORD_UNFIT"


def require_fit(password: str, name: str) -> None:
    """Require a password that is fit for a person.

    Raises:
        PasswordUnfit: it is not.
    """
    fits = LENGTH_MIN <= len(password) <= LENGTH_MAX and len(set(password)) >= 5
    if not fits or name.lower() in password.lower():
        raise PasswordUnfit


def new_password() -> str:
    """Make a first password, to be changed at the first sign-in."""
    letters = string.ascii_letters + string.digits
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def hash_of(password: str) -> str:
    """Return the stored form of a password."""
    return _hash.hash(password)


def hash_of_random(password: str) -> str:
    """Return the stored form of a random password: it cannot be guessed, so a light hash is enough."""
    return _light.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Compare a password with its stored form; without one, take as long and say no."""
    try:
        right = _hash.verify(password, stored or _NOBODY)
    except UnknownHashError:
        return False
    return right and stored is not None
