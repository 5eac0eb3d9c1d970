"""Cases of before: what closed with money open is open again."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from services import migrate as migration
from services.migrate import migrate


async def upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring payout's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["payout"])


async def closed(db: asyncpg.Connection, recovered_fen: int) -> UUID:
    """Store a closed case of 100 fen."""
    case = uuid4()
    await db.execute(
        """
        INSERT INTO payout.recovery_case (case_key, id, cause, kind, district, fund, identity_blind,
                                          name, reason, document, notice_no, status, opened_by,
                                          opened_on, decided_by, decided_at)
        VALUES (7, $1, 'overpaid', 'basic_pension', 'heping', 'pension', '', '', 'r', 'd', 'n',
                'closed', 'a', DATE '2021-06-01', 'b', now())
        """,
        case,
    )
    await db.execute(
        """
        INSERT INTO payout.recovery_line (case_key, case_id, line_no, period, claim_key, claim_id,
                                          claim_line_no, district, account, paid_year, amount_fen,
                                          recovered_fen)
        VALUES (7, $1, 1, '2021-05', 7, $1, 1, 'heping', 'benefit.basic_pension', 2021, 100, $2)
        """,
        case,
        recovered_fen,
    )
    return case


async def test_a_case_that_closed_with_money_open_is_open_again(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0034", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        whole, part = await closed(db, 100), await closed(db, 40)
        await upgrade(empty_database_url, "head", monkeypatch)
        await db.close()
        db = await asyncpg.connect(empty_database_url)
        rows = await db.fetch("SELECT id, status FROM payout.recovery_case")
        assert dict(rows) == {whole: "closed", part: "confirmed"}
    finally:
        await db.close()


async def test_a_survivor_owes_what_was_owed_before_its_merger(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0034", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        case = await closed(db, 100)
        for person, blind, reason in ((7, b"", "merged"), (9, b"new", None)):
            await db.execute(
                """
                INSERT INTO payout.entitlement (person_id, id, identity_blind, kind, district,
                                                sealed_number, name, monthly_fen, bank,
                                                bank_number, bank_holder, in_force_from,
                                                registered_by, registered_at, suspended_reason,
                                                suspended_by, suspended_at)
                VALUES ($1, gen_random_uuid(), $2, 'basic_pension', 'heping', $2, '', 100, 'b', '',
                        '', '2021-01', 'x', TIMESTAMPTZ '2021-01-01 08:00+08', CAST($3 AS text),
                        CASE WHEN CAST($3 AS text) IS NOT NULL THEN 'p' END,
                        CASE WHEN CAST($3 AS text) IS NOT NULL THEN now() END)
                """,
                person,
                blind,
                reason,
            )
        for number, old, survivor in ((1, 7, 8), (2, 8, 9)):
            await db.execute(
                "INSERT INTO payout.person_correction VALUES ($1, $2, $3, $4, '')",
                number,
                f"p{number}",
                old,
                survivor,
            )
        await upgrade(empty_database_url, "head", monkeypatch)
        await db.close()
        db = await asyncpg.connect(empty_database_url)
        (row,) = await db.fetch("SELECT * FROM payout.recovery_case")
        assert (row["id"], row["survivor_id"], row["identity_blind"]) == (case, 9, b"new")
    finally:
        await db.close()
