"""Passwords of the services' database roles, one file each: made once, replaced on request.

`SECRETS/SERVICE/database_password` is all that a service needs to log in, so an operator can give
each service's account (or container) its own folder and nothing else.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from shared.db import SERVICES
from shared.process.database_address import password_file
from shared.process.settings import Settings

_BEFORE = "database-roles.json"
"""The one file of all passwords that releases before 0031 kept in a home."""


def role_passwords(
    settings: Settings, services: Sequence[str] = SERVICES, *, renew: bool = False
) -> dict[str, str]:
    """Read the passwords of services' roles, and make those that are not there yet.

    Args:
        settings: of the installation.
        services: services whose roles are meant.
        renew: make new ones; their files are replaced.
    """
    before = _passwords_before(settings.home)
    found = {}
    for service in services:
        file = password_file(settings.secrets_path, service)
        if renew:
            _write(file, secrets.token_urlsafe(32), replace=True)
        elif not file.exists():
            _write(file, before.get(service) or secrets.token_urlsafe(32))
        found[service] = file.read_text().strip()
    if before and all(password_file(settings.secrets_path, one).exists() for one in before):
        (settings.home / _BEFORE).unlink(missing_ok=True)
    return found


def _passwords_before(home: Path) -> dict[str, str]:
    with suppress(FileNotFoundError):
        known: dict[str, str] = json.loads((home / _BEFORE).read_text())
        return known
    return {}


def _write(file: Path, password: str, *, replace: bool = False) -> None:
    """Write a file that only we may read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(password)
    if replace:
        part.replace(file)
        return
    with suppress(FileExistsError):
        os.link(part, file)  # the first of two processes wins, and both read what it wrote
    part.unlink()
