"""The folder of the migrations, and the newest revision of each service's schema by file name.

A running service compares it with what its database stands at; it needs nothing that migrates.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import services as package

READY = "ok"


def directory() -> Path | None:
    """The migrations: inside the wheel, or at the root of a working copy; None when neither."""
    here = Path(package.__file__ or "").resolve().parent
    places = (here / "_migrations", here.parent / "migrations")
    return next((place for place in places if (place / "env.py").exists()), None)


@cache
def head(service: str) -> str | None:
    """The newest revision of a service ("ledger_0007"): files are named NNNN_what.py, in one line."""
    place = directory()
    if place is None:
        return None
    numbers = [path.name[:4] for path in (place / service).glob("[0-9][0-9][0-9][0-9]_*.py")]
    return f"{service}_{max(numbers)}" if numbers else None


def standing(service: str, found: str | None) -> str:
    """ "ok" when a schema stands at the newest revision; else a sentence with what to do.

    Args:
        service: whose schema.
        found: the revision in its database, None where it was never migrated.
    """
    wanted = head(service)
    if found is None:
        return f"not migrated: run `wuxian migrate {service}`"
    if found == wanted:
        return READY
    if wanted is not None and found > wanted:
        return f"the database stands at {found}, this release knows {wanted}: use the newer release"
    return f"the database stands at {found}, this release needs {wanted}: run `wuxian migrate {service}`"
