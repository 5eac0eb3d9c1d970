"""Logins of the services' roles on the servers that all tests share."""

from pathlib import Path

from sqlalchemy.engine import make_url

from shared.db import SERVICES
from shared.process.database_address import password_file

PASSWORDS = {service: f"secret of {service}'s" for service in SERVICES}
"""Passwords of the roles on the servers that all tests share: tests side by side need the same."""


def as_role(url: str, role: str, password: str) -> str:
    """Return an address with another login."""
    changed = make_url(url).set(username=role, password=password)
    return changed.render_as_string(hide_password=False)


def keep_passwords(secrets: Path) -> None:
    """Write these passwords where an installation on a shared server looks for them."""
    for service, password in PASSWORDS.items():
        file = password_file(secrets, service)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(password)
