"""Pensions opened before accounts paid them: their part is read from the application, people are marked."""

from uuid import uuid4

import asyncpg
import orjson
import pytest

from services import migrate as migration
from services.migrate import migrate

PART = {"id": "account", "name": "个人账户养老金", "amount": "863.31"}
BASE = {"id": "basic", "name": "基础养老金", "amount": "2000.00"}


async def upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring payout's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["payout"])


async def opened(db: asyncpg.Connection, person: int, evidence: object, owner: int = 0) -> None:
    """Store an approved application, and the pension that it opened, under the owner's record."""
    change = uuid4()
    await db.execute(
        """
        INSERT INTO payout.qualification (
            qualification_key, id, district, status, step, person_id, identity_blind,
            sealed_number, name, deemed_months, before_account_months, bank, bank_number,
            bank_holder, document, checked_on, retirement, paid_months, monthly_fen, provisional,
            reasons, waived, evidence, filed_by, initial_by, meeting_id, change_key, change_id,
            decided_at)
        VALUES (1, $1, 'heping', 'approved', NULL, $2, $3, '', '', 0, 0, 'b', '', '', 'd',
                '2026-07-01', '2026-12', 180, 286331, false, '{}', '{}', $4, 'a', 'a', $1, 5, $5,
                now())
        """,
        uuid4(),
        person,
        bytes([person]),
        orjson.dumps(evidence).decode(),
        change,
    )
    await db.execute(
        """
        INSERT INTO payout.entitlement (
            person_id, id, identity_blind, kind, district, sealed_number, name, monthly_fen, bank,
            bank_number, bank_holder, in_force_from, registered_by, change_key, change_id)
        VALUES ($1, $2, $3, 'basic_pension', 'heping', '', '', 286331, 'b', '', '', '2027-01', 'a',
                5, $4)
        """,
        owner or person,
        uuid4(),
        bytes([owner or person]),
        change,
    )


async def test_parts_of_pensions_of_before_are_read_and_their_people_marked(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0047", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        await db.execute("SET session_replication_role = replica")  # the four steps are not stored
        await opened(db, 1, {"account_fen": 12_000_000, "lines": [BASE, PART], "steps": []})
        await opened(db, 2, {"account_fen": 0, "lines": [BASE], "steps": []})
        await opened(db, 3, {"account_fen": 500, "lines": [BASE], "steps": []})
        await db.execute("""
            INSERT INTO payout.person_correction (number, paper, person_id, survivor_id,
                                                  sealed_number)
            VALUES (1, 'p', 4, 5, '')
        """)
        await opened(db, 4, {"account_fen": 9, "lines": [PART], "steps": []}, owner=5)
        # A record that was merged and whose pension did not stay: the survivor has its own.
        await db.execute("""
            INSERT INTO payout.person_correction (number, paper, person_id, survivor_id,
                                                  sealed_number)
            VALUES (2, 'q', 6, 7, '')
        """)
        other = PART | {"amount": "100.00"}
        await opened(db, 6, {"account_fen": 9, "lines": [other], "steps": []})
        await opened(db, 7, {"account_fen": 9, "lines": [PART], "steps": []})
        # One whose pension stays: the survivor's own of the same month was set aside.
        await db.execute("""
            INSERT INTO payout.person_correction (number, paper, person_id, survivor_id,
                                                  sealed_number)
            VALUES (3, 'r', 8, 9, '')
        """)
        await opened(db, 9, {"account_fen": 9, "lines": [other], "steps": []})
        await db.execute("""
            UPDATE payout.entitlement
               SET suspended_reason = 'second', suspended_by = 'r', suspended_at = now()
             WHERE person_id = 9
        """)
        await opened(db, 8, {"account_fen": 9, "lines": [PART], "steps": []}, owner=9)
        await db.close()
        await upgrade(empty_database_url, "head", monkeypatch)
        db = await asyncpg.connect(empty_database_url)
        parts = await db.fetch("SELECT * FROM payout.account_pension ORDER BY person_id")
        assert [(one["person_id"], one["since"], one["account_fen"]) for one in parts] == [
            (1, "2027-01", 863_31),
            (2, "2027-01", 0),
            (5, "2027-01", 863_31),
            (6, "2027-01", 100_00),
            (7, "2027-01", 863_31),
            (9, "2027-01", 863_31),
        ]
        assert parts[2]["identity_blind"] == bytes([5])
        marks = await db.fetch(
            "SELECT DISTINCT person_id, period FROM payout.draw_mark ORDER BY person_id"
        )
        assert [tuple(one) for one in marks] == [(one, "") for one in (1, 2, 3, 5, 6, 7, 9)]
    finally:
        await db.close()
