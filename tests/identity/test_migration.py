"""A database of before: its people and clients stay as they are, and change by two people from now on."""

from typing import Any

import asyncpg
import pytest

from services import migrate as migration
from services.migrate import migrate

UNIT = "91120101MA0000001C"


async def upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring identity's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["identity"])


async def test_principals_of_before_stay_and_need_two_people_from_now_on(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "identity_0003", monkeypatch)
    db: Any = await asyncpg.connect(empty_database_url, server_settings={"search_path": "identity"})
    try:
        await db.execute(
            """
            INSERT INTO principal (name, folded, kind, display, role, district, units, state,
                                   created_by)
            VALUES ('li', 'li', 'person', '李', 'district_clerk', 'heping', NULL, 'active', 'x'),
                   ('hall', 'hall', 'client', '', 'employer_portal', 'centre', ARRAY[$1],
                    'disabled', 'x')
            """,
            UNIT,
        )
        before = await db.fetch("SELECT name, role, units, state FROM principal ORDER BY name")
        await upgrade(empty_database_url, "head", monkeypatch)
        after = await db.fetch("SELECT name, role, units, state FROM principal ORDER BY name")
        assert before == after
        await db.execute("UPDATE principal SET state = 'disabled', version = 2 WHERE name = 'li'")
        for change in ("state = 'active'", "role = 'centre_leader'", "units = NULL"):
            with pytest.raises(asyncpg.RaiseError, match="two people have approved"):
                await db.execute(f"UPDATE principal SET {change} WHERE name = 'hall'")
        await db.execute(
            """
            INSERT INTO principal_change (id, kind, principal, content, why, proposed_by,
                                          proposed_at, status, decided_by, decided_at)
            SELECT gen_random_uuid(), 'enable', 'hall',
                   jsonb_build_object('role', role, 'district', district, 'units', units),
                   '', 'one', now(), 'approved', 'two', now()
              FROM principal
             WHERE name = 'hall'
            """
        )
        await db.execute(
            """
            UPDATE principal
               SET state = 'active', change_id = (SELECT id FROM principal_change)
             WHERE name = 'hall'
            """
        )
        assert await db.fetchval("SELECT state FROM principal WHERE name = 'hall'") == "active"
    finally:
        await db.close()
