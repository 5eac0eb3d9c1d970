"""Payment batches in the database: forming, funding, listing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.batch import BatchPart, BatchStatus, PaymentBatch
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_COLUMNS = """batch_key, id, fund, pay_date, status, reason, attempt, hold, lines, open_lines,
                   total_fen, paid_fen, refused_fen, returned_fen, reports, created_by"""


def _batch(*, batch_key: int, id: UUID, status: str, **columns: Any) -> PaymentBatch:
    return PaymentBatch(ref=Ref(batch_key, id), status=BatchStatus(status), **columns)


async def reserve_claims(tx: AsyncConnection, batch: Ref, claims: Sequence[Ref]) -> set[Ref]:
    """Reserve claims for a batch; return those it got. The others are in another live batch.

    The rows are written in key order, so that two batches that want the same claims wait for each
    other instead of deadlocking.
    """
    rows = await tx.execute(
        text("""
            INSERT INTO claim_payment (claim_key, claim_id, batch_key, batch_id)
            SELECT claim_key, claim_id, CAST(:batch_key AS bigint), CAST(:batch_id AS uuid)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]))
                AS wanted (claim_key, claim_id)
             ORDER BY claim_key, claim_id
            ON CONFLICT (claim_key, claim_id) WHERE live DO NOTHING
            RETURNING claim_key, claim_id
        """),
        {
            "batch_key": batch.key,
            "batch_id": batch.id,
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
        },
    )
    return {Ref(row.claim_key, row.claim_id) for row in rows}


async def release_claims(tx: AsyncConnection, batch: Ref, claims: Sequence[Ref]) -> None:
    """Release the claims of a cancelled batch."""
    await tx.execute(
        text("""
            UPDATE claim_payment
               SET live = false
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS freed (claim_key, id)
             WHERE claim_payment.claim_key = freed.claim_key
               AND claim_payment.claim_id = freed.id
               AND claim_payment.batch_id = :batch_id AND claim_payment.live
        """),
        {
            "batch_id": batch.id,
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
        },
    )


async def insert(tx: AsyncConnection, batch: PaymentBatch) -> None:
    """Write a batch's head."""
    await tx.execute(
        text("""
            INSERT INTO payment_batch (batch_key, id, fund, pay_date, status, lines, open_lines,
                                       total_fen, created_by)
            VALUES (:batch_key, :id, :fund, :pay_date, :status, :lines, :open_lines, :total_fen,
                    :created_by)
        """),
        {
            "batch_key": batch.ref.key,
            "id": batch.ref.id,
            "fund": batch.fund,
            "pay_date": batch.pay_date,
            "status": batch.status.value,
            "lines": batch.lines,
            "open_lines": batch.open_lines,
            "total_fen": batch.total_fen,
            "created_by": batch.created_by,
        },
    )


async def write_parts(tx: AsyncConnection, batch: PaymentBatch, parts: Sequence[BatchPart]) -> None:
    """Write a batch's parts, one for each claim."""
    await tx.execute(
        text("""
            INSERT INTO payment_part (batch_key, batch_id, part_no, claim_key, claim_id, district,
                                      period, fund, account, lines, total_fen)
            SELECT CAST(:batch_key AS bigint), CAST(:batch_id AS uuid), part_no, claim_key,
                   claim_id, district, period, CAST(:fund AS text), account, lines, total_fen
              FROM unnest(CAST(:part_nos AS int[]), CAST(:keys AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:districts AS text[]), CAST(:periods AS text[]),
                          CAST(:accounts AS text[]), CAST(:lines AS int[]),
                          CAST(:totals AS bigint[]))
                AS batch (part_no, claim_key, claim_id, district, period, account, lines, total_fen)
        """),
        {
            "batch_key": batch.ref.key,
            "batch_id": batch.ref.id,
            "fund": batch.fund,
            "part_nos": [part.part_no for part in parts],
            "keys": [part.claim.key for part in parts],
            "ids": [part.claim.id for part in parts],
            "districts": [part.district for part in parts],
            "periods": [str(part.period) for part in parts],
            "accounts": [part.account for part in parts],
            "lines": [part.lines for part in parts],
            "totals": [part.total_fen for part in parts],
        },
    )


_WRITE_LINES = """
WITH corrected AS MATERIALIZED (
    SELECT DISTINCT ON (claim_key, claim_id, line_no) claim_key, claim_id, line_no, bank,
           bank_number, bank_holder
      FROM account_correction
     WHERE claim_key = ANY (CAST(:keys AS bigint[])) AND claim_id = ANY (CAST(:ids AS uuid[]))
       AND status = 'approved'
     ORDER BY claim_key, claim_id, line_no, id DESC
), twice AS MATERIALIZED (
    SELECT claim_key, claim_id, line_no
      FROM double_payment
     WHERE claim_key = ANY (CAST(:keys AS bigint[])) AND claim_id = ANY (CAST(:ids AS uuid[]))
), wanted AS (
    SELECT part.part_no, part.is_retry, line.*,
           CASE WHEN part.is_retry THEN coalesce(again.fen, 0) ELSE line.amount_fen END
               - coalesce(held.amount_fen, 0) AS fen
      FROM unnest(CAST(:part_nos AS int[]), CAST(:keys AS bigint[]), CAST(:ids AS uuid[]),
                  CAST(:retries AS boolean[])) AS part (part_no, claim_key, claim_id, is_retry)
      JOIN claim_line AS line
        ON line.claim_key = part.claim_key AND line.claim_id = part.claim_id
      LEFT JOIN (SELECT claim_key, claim_id, line_no, CAST(sum(amount_fen) AS bigint) AS fen
                   FROM failed_payment
                  WHERE retry_key = :batch_key AND retry_id = :batch_id
                  GROUP BY claim_key, claim_id, line_no) AS again
        ON again.claim_key = line.claim_key AND again.claim_id = line.claim_id
       AND again.line_no = line.line_no
      LEFT JOIN failed_payment AS held
        ON held.claim_key = line.claim_key AND held.claim_id = line.claim_id
       AND held.line_no = line.line_no AND held.batch_id = :batch_id AND held.outcome = 'not_due'
), written AS (
    INSERT INTO payment_line (batch_key, batch_id, line_no, part_no, claim_line_no, payee_name, bank,
                              bank_number, bank_holder, amount_fen)
    SELECT CAST(:batch_key AS bigint), CAST(:batch_id AS uuid),
           row_number() OVER (ORDER BY line.part_no, line.line_no), line.part_no, line.line_no,
           line.payee_name, coalesce(corrected.bank, line.bank),
           coalesce(corrected.bank_number, line.bank_number),
           coalesce(corrected.bank_holder, line.bank_holder), line.fen
      FROM wanted AS line
      LEFT JOIN corrected
        ON line.is_retry AND corrected.claim_key = line.claim_key
       AND corrected.claim_id = line.claim_id AND corrected.line_no = line.line_no
     WHERE line.fen > 0
       AND (line.claim_key, line.claim_id, line.line_no) NOT IN (
               SELECT claim_key, claim_id, line_no FROM twice)
    RETURNING amount_fen
)
SELECT count(*) AS lines, CAST(coalesce(sum(amount_fen), 0) AS bigint) AS total_fen
  FROM written
"""


async def write_lines(
    tx: AsyncConnection, batch: Ref, parts: Sequence[BatchPart]
) -> tuple[int, int]:
    """Copy the claims' lines into the batch and number them; return their count and sum.

    Double payments are left out, and what was held back. A retry copies the reserved failed lines
    only, with the latest approved account.
    """
    row = (
        await tx.execute(
            text(_WRITE_LINES),
            {
                "batch_key": batch.key,
                "batch_id": batch.id,
                "part_nos": [part.part_no for part in parts],
                "keys": [part.claim.key for part in parts],
                "ids": [part.claim.id for part in parts],
                "retries": [part.is_retry for part in parts],
            },
        )
    ).one()
    return row.lines, row.total_fen


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> PaymentBatch | None:
    """Read a batch; `lock` it for the rest of the transaction before changing it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM payment_batch
                 WHERE batch_key = :batch_key AND id = :id
                 {"FOR UPDATE" if lock else ""}
            """),
            {"batch_key": ref.key, "id": ref.id},
        )
    ).first()
    return _batch(**row._mapping) if row else None


async def parts_of(tx: AsyncConnection, ref: Ref) -> list[BatchPart]:
    """Read a batch's parts."""
    rows = await tx.execute(
        text("""
            SELECT part_no, claim_key, claim_id, district, period, account, lines, total_fen
              FROM payment_part
             WHERE batch_key = :batch_key AND batch_id = :id
             ORDER BY part_no
             LIMIT 1000
        """),
        {"batch_key": ref.key, "id": ref.id},
    )
    return [
        BatchPart(
            part_no=row.part_no,
            claim=Ref(row.claim_key, row.claim_id),
            district=row.district,
            period=Period.parse(row.period),
            account=row.account,
            lines=row.lines,
            total_fen=row.total_fen,
        )
        for row in rows
    ]


async def waiting_for_funds(tx: AsyncConnection, limit: int) -> list[PaymentBatch]:
    """Read the oldest batches that wait for the ledger's answer."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM payment_batch
             WHERE status = 'funding'
             ORDER BY id
             LIMIT :limit
        """),
        {"limit": limit},
    )
    return [_batch(**row._mapping) for row in rows]


async def set_funded(tx: AsyncConnection, batch: PaymentBatch, hold: str) -> bool:
    """Store the hold and mark the batch ready, unless another attempt or a cancel came first."""
    changed = await tx.execute(
        text("""
            UPDATE payment_batch
               SET status = 'ready', hold = :hold, reason = NULL
             WHERE batch_key = :batch_key AND id = :id AND attempt = :attempt
               AND status IN ('funding', 'unfunded')
            RETURNING 1
        """),
        {
            "batch_key": batch.ref.key,
            "id": batch.ref.id,
            "attempt": batch.attempt,
            "hold": hold,
        },
    )
    return changed.first() is not None


async def set_unfunded(tx: AsyncConnection, batch: PaymentBatch, reason: str) -> bool:
    """Mark the batch unfunded, if this attempt is still the present one."""
    changed = await tx.execute(
        text("""
            UPDATE payment_batch
               SET status = 'unfunded', reason = :reason
             WHERE batch_key = :batch_key AND id = :id AND attempt = :attempt
               AND status = 'funding'
            RETURNING 1
        """),
        {
            "batch_key": batch.ref.key,
            "id": batch.ref.id,
            "attempt": batch.attempt,
            "reason": reason,
        },
    )
    return changed.first() is not None


async def leave_unfunded(
    tx: AsyncConnection, ref: Ref, *, to: BatchStatus, another_attempt: bool
) -> bool:
    """Move an unfunded batch to `to`: funding, for another attempt, or cancelled."""
    changed = await tx.execute(
        text("""
            UPDATE payment_batch
               SET status = :to,
                   attempt = attempt + CASE WHEN CAST(:again AS boolean) THEN 1 ELSE 0 END,
                   reason = CASE WHEN CAST(:again AS boolean) THEN NULL ELSE reason END
             WHERE batch_key = :batch_key AND id = :id AND status = 'unfunded'
            RETURNING 1
        """),
        {"batch_key": ref.key, "id": ref.id, "to": to.value, "again": another_attempt},
    )
    return changed.first() is not None


async def void_parts(tx: AsyncConnection, ref: Ref) -> None:
    """Leave the parts of a cancelled batch out of every total."""
    await tx.execute(
        text("""
            UPDATE payment_part
               SET live = false
             WHERE batch_key = :batch_key AND batch_id = :id
        """),
        {"batch_key": ref.key, "id": ref.id},
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[PaymentBatch]:
    """Read batches by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM payment_batch",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_batch,
        equal=filters,
    )
