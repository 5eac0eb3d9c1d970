"""Addresses of the database: which login each service uses, and where its password lies.

An operator names one address without a login. Every service adds its own role and the password in
its own file, which other services' accounts need not be able to read.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

PASSWORD_FILE = "database_password"


class PasswordMissing(Exception):
    """A service's role has no password here; the text says what to do."""


def role_of(service: str) -> str:
    """Name of a service's database role."""
    return f"wuxian_{service}"


def checked_address(address: str) -> str:
    """Return an address of a PostgreSQL database.

    Raises:
        ValueError: it is something else.
    """
    try:
        parts = urlsplit(address)
        is_ours = parts.scheme in {"postgresql", "postgres"} and bool(parts.path.strip("/"))
        _ = parts.port
    except ValueError:
        is_ours = False
    if not is_ours:
        raise ValueError("must read postgresql://host:port/database")
    return address


def has_login(address: str) -> bool:
    """Return whether an address names who logs in."""
    return "@" in urlsplit(address).netloc


def without_login(address: str) -> str:
    """Return an address without the name and password of who logs in."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def with_login(address: str, name: str, password: str) -> str:
    """Return an address with another login."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(name, safe='')}:{quote(password, safe='')}@{host}"
    return parts._replace(netloc=netloc).geturl()


def password_file(directory: Path, service: str) -> Path:
    """Return the place of the password of a service's role."""
    return directory / service / PASSWORD_FILE


def as_role(address: str, service: str, directory: Path) -> str:
    """Return the address with the login of a service's role, unless it names a login itself.

    Raises:
        PasswordMissing: the role's password file is not there.
    """
    if has_login(address):
        return address
    file = password_file(directory, service)
    try:
        password = file.read_text().strip()
    except OSError as error:
        raise PasswordMissing(
            f"the password of {role_of(service)} cannot be read ({error.strerror}: {file}): run"
            f" `wuxian migrate`, or set WUXIAN_{service.upper()}_DATABASE_URL"
        ) from None
    return with_login(address, role_of(service), password)
