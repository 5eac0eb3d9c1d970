"""The administrator's address: given by the operator, or the embedded server's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.embedded import EmbeddedPostgres
from shared.db import SERVICES
from shared.process.database_address import has_login
from shared.process.settings import Settings


class NoAdministrator(Exception):
    """There is an operator's database but no administrator's address; the text says what to give."""


def given_admin_url(settings: Settings) -> str | None:
    """Return the administrator's address that the operator gave, None where none is needed or known.

    An address of the database that names a login counts, as in releases before 0031.
    """
    if settings.admin_database_url:
        return settings.admin_database_url
    if settings.database_url and has_login(settings.database_url):
        return settings.database_url
    return None


def uses_embedded(settings: Settings) -> bool:
    """Return whether this installation keeps its data in the embedded server."""
    own = (settings.database_of(service) for service in SERVICES)
    return not (settings.database_url or settings.admin_database_url or any(own))


@contextmanager
def administered(settings: Settings) -> Iterator[str]:
    """Give the administrator's address for a while, of the embedded server as one of its users.

    An embedded server that nobody else uses stops again.

    Raises:
        NoAdministrator: the operator's database was named without one.
        EmbeddedError: the embedded server does not start.
    """
    given = given_admin_url(settings)
    if given:
        yield given
        return
    if not uses_embedded(settings):
        raise NoAdministrator(
            "this needs an administrator of the database: give --admin-url, or set"
            " WUXIAN_ADMIN_DATABASE_URL for this command alone"
        )
    with EmbeddedPostgres(settings.home) as server:
        yield server.url
