"""SQL of money in suspense: its ageing and owners, proposals of its payer, and learned accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.proposal import OpenBill, ProposalGround
from services.collection.reconciliation.store.match import PATIENCE_SECONDS, MatchWindow
from shared.db import patient
from shared.ids import Ref
from shared.page import read_page

_AGE: Final = "(CAST(:as_of AS date) - receipt.book_date)"
_OPEN: Final = """
      FROM suspense
      JOIN receipt ON receipt.receipt_key = suspense.receipt_key
                  AND receipt.id = suspense.receipt_id
      LEFT JOIN suspense_owner AS owned ON owned.receipt_key = suspense.receipt_key
                                       AND owned.receipt_id = suspense.receipt_id"""
_IS_OPEN: Final = "suspense.matched_fen < suspense.amount_fen"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSum:
    """Money in suspense of a district in one bucket of age, in fen."""

    district: str
    bucket: int
    receipts: int
    fen: int
    without_owner: int
    oldest: date


async def ageing(
    tx: AsyncConnection, as_of: date, limits: Sequence[int], district: str | None
) -> list[AgeSum]:
    """Add up money in suspense by district and bucket; a bucket ends with a limit of days."""
    await patient(tx, PATIENCE_SECONDS)
    rows = await tx.execute(
        text(f"""
            SELECT suspense.district,
                   width_bucket({_AGE}, CAST(:limits AS integer[])) AS bucket,
                   count(*) AS receipts,
                   CAST(sum(suspense.amount_fen - suspense.matched_fen) AS bigint) AS fen,
                   count(*) FILTER (WHERE owned.owner IS NULL) AS without_owner,
                   min(receipt.book_date) AS oldest
            {_OPEN}
             WHERE {_IS_OPEN} AND receipt.book_date <= CAST(:as_of AS date)
               AND (CAST(:district AS text) IS NULL OR suspense.district = :district)
             GROUP BY 1, 2
             ORDER BY 1, 2
        """),
        {"as_of": as_of, "limits": [limit + 1 for limit in limits], "district": district},
    )
    return [AgeSum(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendedReceipt:
    """A receipt with money in suspense, its age and its owner."""

    receipt_key: int
    id: UUID
    serial: str
    credit_code: str
    district: str
    open_fen: int
    book_date: date
    owner: str | None


async def page(
    tx: AsyncConnection,
    *,
    as_of: date,
    first: date | None,
    last: date,
    owner: str | None,
    district: str | None,
    after: UUID | None,
    limit: int,
) -> list[SuspendedReceipt]:
    """Read receipts in suspense that were booked within some days, in the order of their taking."""
    where: dict[str, dict[str, Any]] = {
        _IS_OPEN: {},
        "receipt.book_date <= :last": {"last": min(last, as_of)},
    }
    if first is not None:
        where["receipt.book_date >= :first"] = {"first": first}
    return await read_page(
        tx,
        f"""
        SELECT receipt.receipt_key, receipt.id, receipt.serial, receipt.credit_code,
               suspense.district, suspense.amount_fen - suspense.matched_fen AS open_fen,
               receipt.book_date, owned.owner
        {_OPEN}""",
        key=("receipt.id",),
        after=None if after is None else (after,),
        limit=limit,
        row=SuspendedReceipt,
        equal={"owned.owner": owner, "suspense.district": district},
        where=where,
    )


async def assign(tx: AsyncConnection, receipt: Ref, owner: str, by: str) -> None:
    """Give a receipt in suspense to a person."""
    await tx.execute(
        text("""
            INSERT INTO suspense_owner (receipt_key, receipt_id, owner, assigned_by)
            VALUES (:key, :id, :owner, :by)
            ON CONFLICT (receipt_key, receipt_id) DO UPDATE
               SET owner = excluded.owner, assigned_by = excluded.assigned_by,
                   assigned_at = excluded.assigned_at
        """),
        {"key": receipt.key, "id": receipt.id, "owner": owner, "by": by},
    )


@dataclass(frozen=True, slots=True)
class PaidLine:
    """The texts and the mark of the payer's account of a statement's entry."""

    texts: tuple[str, ...]
    counter_mark: int | None


async def lines_of(tx: AsyncConnection, account_key: int, serial: str, day: date) -> list[PaidLine]:
    """Read the entries of a statement that are about a receipt."""
    rows = await tx.execute(
        text("""
            SELECT reference, summary, counter_mark
              FROM bank_statement_line
             WHERE account_key = :key
               AND day BETWEEN CAST(:day AS date) - 31 AND CAST(:day AS date) + 31
               AND (serial IN (:serial, :ticket) OR reference IN (:serial, :ticket))
             LIMIT 100
        """),
        {"key": account_key, "serial": serial, "ticket": serial.partition("/")[0], "day": day},
    )
    return [PaidLine((row.reference, row.summary), row.counter_mark) for row in rows]


_BILLS: Final = """
    SELECT unit_id, credit_code, id AS bill_id, period, total_fen - settled_fen AS open_fen
      FROM bill
     WHERE status <> 'settled' AND total_fen > settled_fen"""


async def open_bills(
    tx: AsyncConnection,
    ground: ProposalGround,
    condition: str,
    values: dict[str, Any],
    limit: int,
) -> list[OpenBill]:
    """Read open bills under a condition, the oldest first."""
    rows = await tx.execute(
        text(f"{_BILLS} AND {condition} ORDER BY period, unit_id, id LIMIT :limit"),
        values | {"limit": limit},
    )
    return [OpenBill(ground=ground, **row._mapping) for row in rows]


async def units_of_account(tx: AsyncConnection, mark: int) -> list[int]:
    """Read the units that an account paid for before."""
    rows = await tx.execute(
        text("SELECT unit_id FROM payer_account WHERE payer_key = :mark LIMIT 100"),
        {"mark": mark},
    )
    return [row.unit_id for row in rows]


async def learn(tx: AsyncConnection, window: MatchWindow) -> int:
    """Learn the payer accounts of the receipts that people matched; return how many are new."""
    made = await tx.execute(
        text("""
            INSERT INTO payer_account (payer_key, unit_id, credit_code, confirmed_by)
            SELECT known.counter_mark, known.unit_id, unit.credit_code, min(known.person)
              FROM (SELECT line.counter_mark, matched.unit_id, matched.person
                      FROM (SELECT counter_mark, serial, reference
                              FROM bank_statement_line
                             WHERE account_key = :key AND counter_mark IS NOT NULL
                               AND day BETWEEN CAST(:first AS date) AND CAST(:until AS date))
                           AS line
                      JOIN receipt ON receipt.serial IN (line.serial, line.reference)
                                  AND receipt.channel = ANY(CAST(:channels AS text[]))
                      JOIN receipt_match AS matched
                        ON matched.receipt_key = receipt.receipt_key
                       AND matched.receipt_id = receipt.id) AS known
              JOIN unit ON unit.unit_id = known.unit_id
             GROUP BY known.counter_mark, known.unit_id, unit.credit_code
                ON CONFLICT (payer_key, unit_id) DO NOTHING
            RETURNING unit_id
        """),
        {
            "key": window.account_key,
            "channels": list(window.channels),
            "first": window.first,
            "until": window.until,
        },
    )
    return len(made.all())
