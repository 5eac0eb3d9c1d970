"""Yardsticks for the ledger: one transaction per voucher, and pgledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from benchmarks._bench import Figures, closed_loop
from benchmarks._vouchers import FUNDS, lines, make
from services.ledger.posting.domain.voucher import Draft, chain_hash, instant_text

# The usual design: a row for each voucher, entry and day's sum, and the triggers that keep entries
# in balance and days closed.
_TABLES = """
CREATE SCHEMA yardstick;
CREATE TABLE yardstick.voucher (LIKE ledger.voucher INCLUDING ALL EXCLUDING CONSTRAINTS);
ALTER TABLE yardstick.voucher DROP COLUMN places, DROP COLUMN amounts;
CREATE TABLE yardstick.entry (
    slot integer NOT NULL, seq bigint NOT NULL, line smallint NOT NULL,
    book text COLLATE "C" NOT NULL, fund text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL, district text COLLATE "C" NOT NULL,
    book_date date NOT NULL, debit_fen bigint NOT NULL, credit_fen bigint NOT NULL,
    PRIMARY KEY (slot, seq, line), CHECK ((debit_fen = 0) <> (credit_fen = 0)));
CREATE INDEX ON yardstick.entry (slot, account, book_date, seq, line);
CREATE TABLE yardstick.bucket (
    slot integer NOT NULL, book text COLLATE "C" NOT NULL, fund text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL, district text COLLATE "C" NOT NULL, day date NOT NULL,
    debit_fen bigint NOT NULL, credit_fen bigint NOT NULL,
    PRIMARY KEY (slot, book, fund, account, district, day)) WITH (fillfactor = 70);
CREATE FUNCTION yardstick.refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh GROUP BY slot, seq, fund, book
               HAVING sum(debit_fen - credit_fen) <> 0) THEN
        RAISE EXCEPTION 'a voucher does not balance';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER balanced AFTER INSERT ON yardstick.entry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION yardstick.refuse_unbalanced();
CREATE FUNCTION yardstick.refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh JOIN ledger.slot_head USING (slot) WHERE day <= closed_until) THEN
        RAISE EXCEPTION 'a day is closed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER closed_insert AFTER INSERT ON yardstick.bucket REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION yardstick.refuse_closed();
CREATE TRIGGER closed_update AFTER UPDATE ON yardstick.bucket REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION yardstick.refuse_closed();
"""
_SOUND = """
SELECT (SELECT count(*) FROM yardstick.voucher) = $1
   AND (SELECT sum(seq) FROM ledger.slot_head) = $1
   AND NOT EXISTS (SELECT FROM yardstick.entry GROUP BY slot, seq, fund, book
                   HAVING sum(debit_fen) <> sum(credit_fen))
   AND NOT EXISTS (
       SELECT FROM (SELECT slot, book, fund, account, district, book_date AS day, debit_fen,
                           credit_fen
                      FROM yardstick.entry
                     UNION ALL
                    SELECT slot, book, fund, account, district, day, -debit_fen, -credit_fen
                      FROM yardstick.bucket) AS both_sides
        GROUP BY slot, book, fund, account, district, day
       HAVING sum(debit_fen) <> 0 OR sum(credit_fen) <> 0)
"""
_VOUCHER = """
INSERT INTO yardstick.voucher (slot, seq, source, event_id, body_hash, owner, kind, book_date, period, summary,
                     refs, hash, recorded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
_ENTRIES = """
INSERT INTO yardstick.entry (slot, seq, line, book, fund, account, district, book_date, debit_fen, credit_fen)
SELECT $1, $2, e.line, e.book, e.fund, e.account, e.district, $3, e.debit_fen, e.credit_fen
  FROM unnest($4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
              $10::bigint[]) AS e (line, book, fund, account, district, debit_fen, credit_fen)
"""
_BUCKETS = """
INSERT INTO yardstick.bucket AS bucket (slot, book, fund, account, district, day, debit_fen, credit_fen)
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
    """The same vouchers into rows for entries and sums, each in a transaction of its own.

    Raises:
        Unsound: the rows do not balance, or are not as many as completed.
    """
    pool = await asyncpg.create_pool(
        url, min_size=pool_size, max_size=pool_size, server_settings={"search_path": "ledger"}
    )
    try:
        await pool.execute(_TABLES)

        async def ask(number: int) -> int:
            drafted = make(number, slots)
            async with pool.acquire() as connection, connection.transaction():
                await _post(connection, drafted)
            return 1

        figures = await closed_loop(
            f"one transaction each, pool of {pool_size}", clients, count, ask
        )
        if not await pool.fetchval(_SOUND, figures.completed):
            raise Unsound(f"pool of {pool_size}")
        return figures
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
    net = sorted(_day_sums(drafted).items())
    keys = [list(column) for column in zip(*[key for key, _ in net], strict=True)]
    sums = [[both[side] for _, both in net] for side in (0, 1)]
    await connection.execute(_BUCKETS, drafted.slot, *keys, *sums)
    await connection.execute(
        "UPDATE slot_head SET seq = $2, hash = $3, revision = revision + 1 WHERE slot = $1",
        drafted.slot,
        seq,
        sealed,
    )


def _day_sums(drafted: Draft) -> dict[tuple[str, str, str, str, date], list[int]]:
    """Sum a voucher by (book, fund, account, district, day) → [debit, credit]."""
    sums: dict[tuple[str, str, str, str, date], list[int]] = defaultdict(lambda: [0, 0])
    for line in drafted.lines:
        both = sums[line.book, line.fund, line.account, line.district, drafted.book_date]
        both[0] += line.debit_fen
        both[1] += line.credit_fen
    return sums


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


class Unsound(Exception):
    """The books of a yardstick do not hold what was completed."""


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
