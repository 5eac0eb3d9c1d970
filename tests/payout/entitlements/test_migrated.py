"""Entitlements of before the rule of two people: kept, marked, and owed what they were."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services import migrate as migration
from services.migrate import migrate

PERSON, BLIND = 77, b"b" * 32
OPENED, ENDED, LATER = (datetime(2021, month, 1, tzinfo=UTC) for month in (1, 6, 8))


async def upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring payout's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["payout"])


async def row(db: asyncpg.Connection, since: str, at: datetime, blind: bytes = BLIND) -> UUID:
    """Register a row as one person did."""
    entitlement = uuid4()
    await db.execute(
        """
        INSERT INTO payout.entitlement (person_id, id, identity_blind, kind, district,
                                        sealed_number, name, monthly_fen, bank, bank_number,
                                        bank_holder, in_force_from, registered_by, registered_at)
        VALUES ($1, $2, $3, 'basic_pension', 'heping', '', '', 300000, 'b', '', '', $4, 'x', $5)
        """,
        PERSON,
        entitlement,
        blind,
        since,
        at,
    )
    return entitlement


async def end(db: asyncpg.Connection, last_period: str, blind: bytes) -> None:
    """End a pension as two people did."""
    await db.execute(
        """
        INSERT INTO payout.entitlement_end (person_id, id, identity_blind, kind, district,
                                            sealed_number, name, last_period, reason, status,
                                            proposed_by, decided_at)
        VALUES ($1, $2, $3, 'basic_pension', 'heping', '', '', $4, 'moved', 'approved', 'x', $5)
        """,
        PERSON,
        uuid4(),
        blind,
        last_period,
        ENDED,
    )


async def test_rows_of_one_person_stay_and_what_began_again_goes_on(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0018", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    other = b"c" * 32
    try:
        await row(db, "2021-01", OPENED)
        await end(db, "2021-05", BLIND)
        await row(db, "2021-07", LATER)
        await row(db, "2021-01", OPENED, other)
        await end(db, "2021-05", other)
        await row(db, "2021-02", LATER, other)  # a raise of earlier months revived nothing
        await upgrade(empty_database_url, "head", monkeypatch)
        await db.close()
        db = await asyncpg.connect(empty_database_url)
        rows: list[Any] = await db.fetch("SELECT * FROM payout.entitlement")
        assert {(one["change_id"], one["moved"]) for one in rows} == {(None, False)}
        assert all(one["known_at"] == one["registered_at"] for one in rows)
        ends = await db.fetch("SELECT * FROM payout.entitlement_end ORDER BY identity_blind")
        assert [one["again_from"] for one in ends] == ["2021-07", None]
        with pytest.raises(asyncpg.RestrictViolationError, match="two people"):
            await row(db, "2021-09", datetime.now(UTC))
        await row(db, "2021-09", LATER)  # a merger copies a row of before with its instant
    finally:
        await db.close()
