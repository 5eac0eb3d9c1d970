"""Yardsticks for the ledger: one transaction per voucher, and pgledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from benchmarks._bench import Figures, closed_loop
from benchmarks._vouchers import FUNDS, lines, make
from services.ledger.posting.domain.voucher import Draft, chain_hash, instant_text, net_buckets

_VOUCHER = """
INSERT INTO voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date, period, summary,
                     refs, hash, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_ENTRIES = """
INSERT INTO entry (slot, seq, line, book, fund, account, district, book_date, debit_fen, credit_fen)
SELECT $1, $2, e.line, e.book, e.fund, e.account, e.district, $3, e.debit_fen, e.credit_fen
  FROM unnest($4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
              $10::bigint[]) AS e (line, book, fund, account, district, debit_fen, credit_fen)
"""
_BUCKETS = """
INSERT INTO bucket (slot, book, fund, account, district, day, debit_fen, credit_fen)
SELECT $1, b.book, b.fund, b.account, b.district, b.day, b.debit_fen, b.credit_fen
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::bigint[],
              $8::bigint[]) AS b (book, fund, account, district, day, debit_fen, credit_fen)
    ON CONFLICT (slot, book, fund, account, district, day) DO UPDATE
   SET debit_fen = bucket.debit_fen + excluded.debit_fen,
       credit_fen = bucket.credit_fen + excluded.credit_fen
"""


async def one_transaction_each(
    url: str, pool_size: int, clients: int, count: int, slots: int
) -> Figures:
    """The same vouchers into the same tables, each in a transaction of its own."""
    pool = await asyncpg.create_pool(
        url, min_size=pool_size, max_size=pool_size, server_settings={"search_path": "ledger"}
    )
    try:

        async def ask(number: int) -> int:
            drafted = make(number, slots)
            async with pool.acquire() as connection, connection.transaction():
                await _post(connection, drafted)
            return 1

        return await closed_loop(f"one transaction each, pool of {pool_size}", clients, count, ask)
    finally:
        await pool.close()


async def _post(connection: Any, drafted: Draft) -> None:
    head = await connection.fetchrow(
        "SELECT seq, hash FROM slot_head WHERE slot = $1 FOR UPDATE", drafted.slot
    )
    seq, at = head["seq"] + 1, datetime.now(UTC)
    sealed = chain_hash(head["hash"], drafted, seq, instant_text(at))
    await connection.execute(
        _VOUCHER,
        drafted.slot,
        seq,
        drafted.source,
        drafted.event_id,
        drafted.body_hash,
        drafted.owner,
        drafted.kind,
        drafted.book_date,
        drafted.period,
        drafted.summary,
        orjson.dumps(drafted.references).decode(),
        sealed,
        at,
    )
    columns = [list(column) for column in zip(*drafted.lines, strict=True)]
    numbers = list(range(1, len(drafted.lines) + 1))
    await connection.execute(_ENTRIES, drafted.slot, seq, drafted.book_date, numbers, *columns)
    # In one order for all, or two transactions that touch the same buckets would deadlock.
    net = sorted(net_buckets([drafted]).items())
    keys = [list(column) for column in zip(*[key for key, _ in net], strict=True)]
    sums = [[both[side] for _, both in net] for side in (0, 1)]
    await connection.execute(_BUCKETS, drafted.slot, *keys, *sums)
    await connection.execute(
        "UPDATE slot_head SET seq = $2, hash = $3, revision = revision + 1 WHERE slot = $1",
        drafted.slot,
        seq,
        sealed,
    )


async def pgledger(
    url: str, files: list[Path], pool_size: int, clients: int, count: int
) -> Figures:
    """pgledger moving the same money, one transaction of seven transfers a voucher."""
    pool = await asyncpg.create_pool(url, min_size=pool_size, max_size=pool_size)
    try:
        async with pool.acquire() as connection:
            accounts = await _installed(connection, files)

        async def ask(number: int) -> int:
            requests = _transfers(accounts, number)
            async with pool.acquire() as connection:
                await connection.fetch(
                    _TRANSFER, *[list(column) for column in zip(*requests, strict=True)]
                )
            return 1

        return await closed_loop(f"pgledger, pool of {pool_size}", clients, count, ask)
    finally:
        await pool.close()


class Incomplete(Exception):
    """pgledger is not whole: the text says which files it wants."""


async def _installed(connection: Any, files: list[Path]) -> dict[str, str]:
    """pgledger's tables and functions from its files, and its accounts.

    Raises:
        Incomplete: a file is missing, or they come in another order.
    """
    try:
        for file in files:
            await connection.execute(file.read_text())
        return await _accounts(connection)
    except (OSError, asyncpg.PostgresError) as error:
        message = str(error).partition("\n")[0]
        raise Incomplete(
            f"{message} (give its SQL files in this order: uuid-to-ulid.sql ulid-to-uuid.sql, which"
            " it uses, then pgledger.sql)"
        ) from error


async def require_pgledger(url: str, files: list[Path]) -> None:
    """Try the files in a throw-away database, before anything long is begun.

    Raises:
        Incomplete: they do not make a pgledger.
    """
    connection = await asyncpg.connect(url)
    try:
        await _installed(connection, files)
    finally:
        await connection.close()


_TRANSFER = """
SELECT COUNT(*)
  FROM pgledger_create_transfers(
       (SELECT array_agg(CAST(ROW(t.payer, t.payee, t.amount) AS transfer_request))
          FROM unnest($1::text[], $2::text[], $3::numeric[]) AS t (payer, payee, amount)))
"""


async def _accounts(connection: Any) -> dict[str, str]:
    found = {}
    for name in ("income_deposit", "pooled", "personal"):
        for fund, _ in FUNDS:
            found[f"{fund}.{name}"] = await connection.fetchval(
                "SELECT id FROM pgledger_create_account($1, 'CNY')", f"{fund}.{name}"
            )
    return found


def _transfers(accounts: dict[str, str], number: int) -> list[tuple[str, str, int]]:
    made = []
    for line in lines(number):
        if line.credit_fen:
            part = "personal" if line.account.endswith("personal_account") else "pooled"
            payer, payee = accounts[f"{line.fund}.{part}"], accounts[f"{line.fund}.income_deposit"]
            made.append((payer, payee, line.credit_fen))
    return made
