"""One-time codes by time (TOTP, RFC 6238): the second factor of people."""

from __future__ import annotations

import hmac
from typing import Final

import pyotp

ISSUER: Final = "wuxian"
STEP_SECONDS: Final = 30
WINDOW: Final = 1
"""Steps before and after now that count, for clocks that differ."""


def new_seed() -> str:
    """Make a seed."""
    return pyotp.random_base32()


def address_of(seed: str, name: str) -> str:
    """Return the otpauth:// address that an authenticator app reads."""
    return pyotp.TOTP(seed).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(seed: str, code: str, now: float) -> int | None:
    """Return the time step that a code belongs to; None when it is wrong."""
    totp, current = pyotp.TOTP(seed), int(now) // STEP_SECONDS
    found = None
    for step in range(current - WINDOW, current + WINDOW + 1):
        if hmac.compare_digest(totp.at(step * STEP_SECONDS), code):
            found = step
    return found
