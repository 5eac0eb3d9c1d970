"""A database knows the keys that it was made with, and says so to a service with others."""

from pathlib import Path

import pytest

from shared.db import Database
from shared.process.retention import SERVICES
from shared.security import key_check
from shared.security.field_keys import FieldKeys
from shared.security.identity import Identity


def keys_of(pepper: bytes, field_key: bytes, file: Path | None = None) -> Identity:
    """The keys of an installation."""
    return Identity(pepper, {}, FieldKeys(field_key, file))


OWN = keys_of(b"p" * 32, b"f" * 32)


@pytest.mark.parametrize("service", SERVICES)
async def test_the_first_keys_are_noted_and_any_other_refused(
    service: str, database_url: str
) -> None:
    db = Database(database_url, service, pool_size=1)

    async def standing(keys: Identity) -> str:
        return await db.run(lambda tx: key_check.standing(tx, keys))

    assert await standing(OWN) == "ok"
    assert await standing(OWN) == "ok"
    said = await standing(keys_of(b"x" * 32, b"f" * 32))
    assert "another pepper" in said
    assert "field_key" not in said
    assert "another pepper and field_key" in await standing(keys_of(b"x" * 32, b"y" * 32))
    assert await standing(OWN) == "ok"
    await db.close()


def test_a_fingerprint_tells_keys_apart_and_shows_none() -> None:
    one, two = (key_check.fingerprint(name, b"k" * 32) for name in ("pepper", "field_key"))
    assert one != two
    assert b"k" * 8 not in one
