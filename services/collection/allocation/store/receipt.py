"""SQL of receipts and suspense.

A tax push is a bulk job over many keys; a request about one receipt names its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.books import Suspense
from services.collection.allocation.domain.receipt import Channel, Payer, Receipt, ReceiptPolicy
from services.collection.policy.domain.allocation_order import order_of
from shared.db import raw
from shared.ids import Ref, unit_key
from shared.page import read_page


async def policies(tx: AsyncConnection, region: str) -> list[ReceiptPolicy]:
    """Read how a region books receipts, under each policy that is or was in force."""
    rows = await tx.execute(
        text("""
            SELECT effective_from, effective_to,
                   content -> 'receipt_accounts' AS accounts,
                   content ->> 'suspense_fund' AS suspense_fund,
                   content -> 'allocation' AS allocation, content -> 'insurances' AS insurances
              FROM policy
             WHERE region = :region AND status = 'in_force'
             ORDER BY effective_from
             LIMIT 1000
        """),
        {"region": region},
    )
    return [
        ReceiptPolicy(
            in_force_from=row.effective_from,
            in_force_to=row.effective_to,
            accounts={given["channel"]: given["account"] for given in row.accounts},
            suspense_fund=row.suspense_fund,
            order=order_of(row.allocation, row.insurances),
        )
        for row in rows
    ]


async def payers(tx: AsyncConnection, credit_codes: Sequence[str]) -> dict[str, Payer]:
    """Read the registered units among credit codes."""
    codes = sorted(set(credit_codes))
    rows = await tx.execute(
        text("""
            SELECT unit.unit_id, unit.credit_code, unit.district
              FROM unnest(CAST(:keys AS bigint[]), CAST(:codes AS text[])) AS asked (unit_id, code)
              JOIN unit ON unit.unit_id = asked.unit_id AND unit.credit_code = asked.code
        """),
        {"keys": [unit_key(code) for code in codes], "codes": codes},
    )
    return {code: Payer(unit_id, code, district) for unit_id, code, district in rows}


_INSERT_NEW = """
    INSERT INTO receipt (receipt_key, id, source, serial, body_hash, channel, paper, credit_code,
                         unit_id, district, period, amount_fen, paid_on, book_date)
    SELECT *
      FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[],
                  $7::text[], $8::text[], $9::bigint[], $10::text[], $11::text[], $12::bigint[],
                  $13::date[], $14::date[])
    ON CONFLICT (receipt_key, source, serial) DO NOTHING
    RETURNING id
"""


async def insert_new(tx: AsyncConnection, receipts: Sequence[Receipt]) -> set[UUID]:
    """Write the receipts whose serials are new; return their ids.

    A concurrent insert of the same serial is waited for. Receipts are written in the order of their
    keys, so two inserts cannot deadlock.
    """
    rows = [
        (
            receipt.key,
            receipt.id,
            receipt.source,
            receipt.incoming.serial,
            receipt.incoming.body_hash,
            receipt.channel.value,
            receipt.paper,
            receipt.incoming.credit_code,
            receipt.payer.unit_id if receipt.payer else None,
            receipt.district,
            receipt.incoming.period,
            receipt.incoming.amount_fen,
            receipt.incoming.paid_on,
            receipt.book_date,
        )
        for receipt in sorted(receipts, key=lambda receipt: receipt.key)
    ]
    if not rows:
        return set()
    driver = await raw(tx)
    taken = await driver.fetch(_INSERT_NEW, *map(list, zip(*rows, strict=True)))
    return {row["id"] for row in taken}


async def of_serials(
    tx: AsyncConnection, channel: Channel, serials: Sequence[str]
) -> list[tuple[str, str, bytes]]:
    """Read (serial, source, body hash) of the receipts of a channel under any of these serials."""
    rows = await tx.execute(
        text("""
            SELECT serial, source, body_hash
              FROM receipt
             WHERE serial = ANY(CAST(:serials AS text[])) AND channel = :channel
        """),
        {"serials": list(serials), "channel": channel.value},
    )
    return [(row.serial, row.source, bytes(row.body_hash)) for row in rows]


async def body_hashes(tx: AsyncConnection, receipts: Sequence[Receipt]) -> dict[str, bytes]:
    """Read the stored body hash of each serial."""
    rows = await tx.execute(
        text("""
            SELECT receipt.serial, receipt.body_hash
              FROM unnest(CAST(:keys AS bigint[]), CAST(:sources AS text[]),
                          CAST(:serials AS text[])) AS asked (receipt_key, source, serial)
              JOIN receipt ON receipt.receipt_key = asked.receipt_key
                          AND receipt.source = asked.source
                          AND receipt.serial = asked.serial
        """),
        {
            "keys": [receipt.key for receipt in receipts],
            "sources": [receipt.source for receipt in receipts],
            "serials": [receipt.incoming.serial for receipt in receipts],
        },
    )
    return {row.serial: bytes(row.body_hash) for row in rows}


async def insert_suspense(tx: AsyncConnection, rows: Sequence[Suspense]) -> None:
    """Write money in suspense."""
    if not rows:
        return
    await tx.execute(
        text("""
            INSERT INTO suspense (receipt_key, receipt_id, account, fund, district, amount_fen)
            SELECT receipt_key, receipt_id, account, fund, district, amount_fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]), CAST(:accounts AS text[]),
                          CAST(:funds AS text[]), CAST(:districts AS text[]),
                          CAST(:amounts AS bigint[]))
                AS batch (receipt_key, receipt_id, account, fund, district, amount_fen)
        """),
        {
            "keys": [row.receipt_key for row in rows],
            "ids": [row.receipt_id for row in rows],
            "accounts": [row.account for row in rows],
            "funds": [row.fund for row in rows],
            "districts": [row.district for row in rows],
            "amounts": [row.open_fen for row in rows],
        },
    )


async def lock_suspense(tx: AsyncConnection, ref: Ref) -> Suspense | None:
    """Lock and read the suspense of a receipt; None when nothing was ever suspended."""
    row = (
        await tx.execute(
            text("""
                SELECT receipt_key, receipt_id, account, fund, district,
                       amount_fen - matched_fen AS open_fen
                  FROM suspense
                 WHERE receipt_key = :key AND receipt_id = :id
                   FOR UPDATE
            """),
            {"key": ref.key, "id": ref.id},
        )
    ).one_or_none()
    return Suspense(**row._mapping) if row else None


async def take_from_suspense(tx: AsyncConnection, ref: Ref, fen: int) -> None:
    """Take money out of the suspense of a receipt."""
    await tx.execute(
        text("""
            UPDATE suspense
               SET matched_fen = matched_fen + :fen
             WHERE receipt_key = :key AND receipt_id = :id
        """),
        {"key": ref.key, "id": ref.id, "fen": fen},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptMatch:
    """One identification: so much of a receipt is entrusted to a unit."""

    receipt: Ref
    id: UUID
    unit_id: int
    amount_fen: int
    on: date
    person: str


async def insert_match(tx: AsyncConnection, match: ReceiptMatch) -> None:
    """Write down who said whose money it is."""
    await tx.execute(
        text("""
            INSERT INTO receipt_match (receipt_key, id, receipt_id, unit_id, amount_fen,
                                       matched_on, person)
            VALUES (:key, :id, :receipt_id, :unit_id, :amount_fen, :matched_on, :person)
        """),
        {
            "key": match.receipt.key,
            "id": match.id,
            "receipt_id": match.receipt.id,
            "unit_id": match.unit_id,
            "amount_fen": match.amount_fen,
            "matched_on": match.on,
            "person": match.person,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """A receipt with its open amount in suspense."""

    receipt_key: int
    id: UUID
    channel: Channel
    source: str
    serial: str
    paper: str
    credit_code: str
    district: str
    period: str
    amount_fen: int
    suspended_fen: int
    returned_fen: int
    paid_on: date
    book_date: date


_SELECT = """
    SELECT receipt.receipt_key, receipt.id, receipt.channel, receipt.source, receipt.serial,
           receipt.paper, receipt.credit_code, receipt.district, receipt.period,
           receipt.amount_fen, receipt.paid_on, receipt.book_date,
           coalesce(suspense.amount_fen - suspense.matched_fen, 0) AS suspended_fen
      FROM receipt
      {join} JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                          AND suspense.receipt_id = receipt.id
"""


def _row(**columns: Any) -> ReceiptRow:
    return ReceiptRow(**columns | {"channel": Channel(columns["channel"]), "returned_fen": 0})


async def _with_returns(tx: AsyncConnection, receipts: Sequence[ReceiptRow]) -> list[ReceiptRow]:
    """Add what the bank took back of receipts."""
    rows = await tx.execute(
        text("""
            SELECT back.receipt_id, CAST(sum(back.amount_fen) AS bigint) AS fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS wanted (key, id)
              JOIN receipt_change AS back
                ON back.receipt_key = wanted.key AND back.receipt_id = wanted.id
               AND back.kind = 'return' AND back.status = 'approved'
             GROUP BY back.receipt_id
        """),
        {"keys": [one.receipt_key for one in receipts], "ids": [one.id for one in receipts]},
    )
    returned = {row.receipt_id: row.fen for row in rows}
    return [replace(one, returned_fen=returned.get(one.id, 0)) for one in receipts]


async def find(tx: AsyncConnection, ref: Ref) -> ReceiptRow | None:
    """Read one receipt; None when there is none."""
    found = await tx.execute(
        text(
            f"{_SELECT.format(join='LEFT')} WHERE receipt.receipt_key = :key AND receipt.id = :id"
        ),
        {"key": ref.key, "id": ref.id},
    )
    row = found.one_or_none()
    return (await _with_returns(tx, [_row(**row._mapping)]))[0] if row else None


async def page(
    tx: AsyncConnection,
    *,
    suspended: bool | None,
    channel: str | None,
    district: str | None,
    credit_codes: frozenset[str] | None,
    after: UUID | None,
    limit: int,
) -> list[ReceiptRow]:
    """Read receipts of some payers or of all, in the order in which they were taken.

    `suspended` selects receipts with, or without, money in suspense; None selects both.
    """
    where: dict[str, dict[str, Any]] = {}
    if suspended:
        # The partial index of suspense holds only open rows, so the statement names that table too.
        where["suspense.matched_fen < suspense.amount_fen"] = {}
        if after is not None:
            where["suspense.receipt_id > :suspense_after"] = {"suspense_after": after}
    elif suspended is False:
        where["coalesce(suspense.matched_fen = suspense.amount_fen, true)"] = {}
    rows = await read_page(
        tx,
        _SELECT.format(join="INNER" if suspended else "LEFT"),
        key=("receipt.id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_row,
        equal={
            "receipt.channel": channel,
            "receipt.district": district,
            "receipt.credit_code": credit_codes,
        },
        where=where,
    )
    return await _with_returns(tx, rows)
