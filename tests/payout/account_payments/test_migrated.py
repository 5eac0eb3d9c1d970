"""Payments of accounts from before: not due again, and taken from the account if they were approved."""

from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from services import migrate as migration
from services.migrate import migrate
from services.payout.payments.clients import is_message
from services.payout.withdrawals.domain import Withdrawal, WithdrawalKind, withdrawal_payload
from shared.ids import Ref

PERSON, KEY = 77, 5


async def upgrade(url: str, revision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring payout's schema to a revision."""
    with monkeypatch.context() as patch:
        real = migration.command.upgrade
        patch.setattr(migration.command, "upgrade", lambda config, _: real(config, revision))
        await migrate(url, ["payout"])


async def claim(db: asyncpg.Connection, status: str, fen: int, settled_fen: int = 0) -> UUID:
    """File a payment as a clerk typed it; advances cover a part of it."""
    id = uuid4()
    await db.execute(
        """
        INSERT INTO payout.claim (claim_key, id, kind, district, period, fund, account, lines,
                                  total_fen, status, summary, paper_hash, filed_by, settled_fen)
        VALUES ($1, $2, 'personal_account_refund', 'heping', '2021-07', 'pension',
                'benefit.basic_pension', 1, $4, $3, 's', $5, 'x', $6)
        """,
        KEY,
        id,
        status,
        fen,
        id.bytes,
        settled_fen,
    )
    await db.execute(
        """
        INSERT INTO payout.claim_line (claim_key, claim_id, line_no, payee_name, bank, bank_number,
                                       bank_holder, amount_fen, reference, person_id, settled_fen)
        VALUES ($1, $2, 1, '', 'b', '', '', $3, 'r', $4, $5)
        """,
        KEY,
        id,
        fen,
        PERSON,
        settled_fen,
    )
    return id


async def test_earlier_payments_are_kept_and_told(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(empty_database_url, "payout_0040", monkeypatch)
    db = await asyncpg.connect(empty_database_url)
    try:
        approved = await claim(db, "approved", 123_405)
        filed = await claim(db, "filed", 7)
        await claim(db, "refused", 9)
        covered = await claim(db, "filed", 0, settled_fen=500)
        part_covered = await claim(db, "filed", 700, settled_fen=300)
        await upgrade(empty_database_url, "head", monkeypatch)
        await db.close()
        db = await asyncpg.connect(empty_database_url)
        rows = await db.fetch("SELECT * FROM payout.account_withdrawal ORDER BY account_fen")
        assert [(one["claim_id"], one["account_fen"]) for one in rows] == [
            (filed, 7),
            (covered, 500),
            (part_covered, 1000),
            (approved, 123_405),
        ]
        [message] = await db.fetch("SELECT payload FROM payout.outbox")
        payload = orjson.loads(message["payload"])
        assert is_message(payload)
        told = Withdrawal(
            person_id=PERSON,
            fund="pension",
            kind=WithdrawalKind.PAYMENT,
            account_fen=123_405,
            pooled_fen=0,
            claim=Ref(KEY, approved),
        )
        assert payload == withdrawal_payload(told, payload["body"]["day"])
        kind = await db.fetchrow(
            "SELECT origin, once FROM payout.benefit_kind WHERE kind = 'personal_account_refund'"
        )
        assert tuple(kind) == ("computed", "none")
    finally:
        await db.close()
