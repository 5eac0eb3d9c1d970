"""The sandbox's people and machines: their names, and the file of their secrets.

`wuxian up` and `wuxian demo` make the file in a new identity directory, and identity gives each name
a principal. An installation that `wuxian serve` runs has none.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.roles import Level, Role
from shared.security.identity import OWN_CLIENTS, keep, locked


def make_secrets(directory: Path, districts: Sequence[str]) -> dict[str, str]:
    """Return the sandbox's secrets by name; make them in a new directory.

    They stand in `secrets.json`. It is not made again where somebody deleted it: `sandbox` says
    that it was there, and so does an earlier registry with people.
    """
    made = directory / "sandbox"
    with locked(directory):
        is_new = not (directory / "secrets.json").exists() and not made.exists()
        if is_new and districts and not earlier_rows(directory):
            given = {name: secrets.token_urlsafe(32) for name in names_of(districts)}
            keep(directory / "secrets.json", json.dumps(given, indent=1))
            keep(made, "the sandbox's secrets were made once, in secrets.json\n")
    return secrets_in(directory)


def secrets_in(directory: Path) -> dict[str, str]:
    """Return the sandbox's secrets by name; none where the file was deleted."""
    path = directory / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return known


def totp_seed(secret: str) -> str:
    """Return the seed of a sandbox person's one-time codes, which follows from the secret."""
    return base64.b32encode(
        hashlib.sha256(f"one-time codes {secret}".encode()).digest()[:20]
    ).decode()


def earlier_rows(directory: Path) -> list[dict[str, Any]]:
    """Return the rows of the registry that a release before the identity service kept here."""
    path = directory / "principals.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return rows


def names_of(districts: Sequence[str]) -> list[str]:
    """Return the names of the sandbox's people and machines: `role` or `role.district`."""
    names: list[str] = []
    for role in Role:
        if role.level is Level.DISTRICT:
            names += [f"{role.value}.{district}" for district in districts]
        elif role.value not in OWN_CLIENTS:
            names.append(role.value)
    return names
