"""The folder of the migrations, and the newest revision of each service's schema by file name.

A running service compares it with the revision of its database; it imports no migration tool.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import services as package

READY = "ok"


def directory() -> Path | None:
    """Return the folder of migrations, in the wheel or in a working copy; None without either."""
    here = Path(package.__file__ or "").resolve().parent
    places = (here / "_migrations", here.parent / "migrations")
    return next((place for place in places if (place / "env.py").exists()), None)


@cache
def head(service: str) -> str | None:
    """Return the newest revision of a service, for instance "ledger_0007": files are named
    NNNN_what.py, and each follows the one before it."""
    place = directory()
    if place is None:
        return None
    numbers = [path.name[:4] for path in (place / service).glob("[0-9][0-9][0-9][0-9]_*.py")]
    return f"{service}_{max(numbers)}" if numbers else None


def schema_state(service: str, found: str | None) -> str:
    """Return "ok" when a schema is at the newest revision; else a sentence that says what to do.

    Args:
        service: the service of the schema.
        found: the revision in its database; None when it was never migrated.
    """
    newest = head(service)
    if found is None:
        return f"not migrated: run `wuxian migrate {service}`"
    if found == newest:
        return READY
    if newest is not None and found > newest:
        return f"the database is at {found}, this release knows {newest}: use the newer release"
    return (
        f"the database is at {found}, this release needs {newest}: run `wuxian migrate {service}`"
    )
