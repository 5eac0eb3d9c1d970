"""Payment batches: forming them, funding them, listing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.batch import Batch, BatchStatus, Part
from shared.ids import Ref
from shared.period import Period

_COLUMNS = """batch_key, id, fund, pay_date, status, reason, attempt, hold, lines, open_lines,
                   total_fen, paid_fen, refused_fen, returned_fen, reports, created_by"""


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        ref=Ref(row.batch_key, row.id),
        fund=row.fund,
        pay_date=row.pay_date,
        status=BatchStatus(row.status),
        reason=row.reason,
        attempt=row.attempt,
        hold=row.hold,
        lines=row.lines,
        open_lines=row.open_lines,
        total_fen=row.total_fen,
        paid_fen=row.paid_fen,
        refused_fen=row.refused_fen,
        returned_fen=row.returned_fen,
        reports=row.reports,
        created_by=row.created_by,
    )


async def take_claims(tx: AsyncConnection, batch: Ref, claims: Sequence[Ref]) -> set[Ref]:
    """Take claims for a batch; answers those it got. The others are in another live batch.

    In key order, so that two batches that want the same claims wait instead of deadlocking.
    """
    rows = await tx.execute(
        text("""
            INSERT INTO claim_payment (claim_key, claim_id, batch_key, batch_id)
            SELECT claim_key, claim_id, CAST(:batch_key AS bigint), CAST(:batch_id AS uuid)
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]))
                AS asked (claim_key, claim_id)
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


async def free_claims(tx: AsyncConnection, batch: Ref, claims: Sequence[Ref]) -> None:
    """Let the claims of a batch go that was given up."""
    await tx.execute(
        text("""
            UPDATE claim_payment
               SET live = false
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[])) AS asked (claim_key, id)
             WHERE claim_payment.claim_key = asked.claim_key
               AND claim_payment.claim_id = asked.id
               AND claim_payment.batch_id = :batch_id AND claim_payment.live
        """),
        {
            "batch_id": batch.id,
            "keys": [ref.key for ref in claims],
            "ids": [ref.id for ref in claims],
        },
    )


async def insert(tx: AsyncConnection, batch: Batch) -> None:
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


async def write_parts(tx: AsyncConnection, batch: Batch, parts: Sequence[Part]) -> None:
    """Write the claims that a batch is made of."""
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


async def write_lines(tx: AsyncConnection, batch: Ref, parts: Sequence[Part]) -> tuple[int, int]:
    """Copy the lines of the claims into the batch, numbered through; how many, and their sum."""
    row = (
        await tx.execute(
            text("""
                WITH written AS (
                    INSERT INTO payment_line (batch_key, batch_id, line_no, part_no, claim_line_no,
                                              payee_name, bank, bank_number, bank_holder,
                                              amount_fen)
                    SELECT CAST(:batch_key AS bigint), CAST(:batch_id AS uuid),
                           row_number() OVER (ORDER BY part.part_no, line.line_no), part.part_no,
                           line.line_no, line.payee_name, line.bank, line.bank_number,
                           line.bank_holder, line.amount_fen
                      FROM unnest(CAST(:part_nos AS int[]), CAST(:keys AS bigint[]),
                                  CAST(:ids AS uuid[])) AS part (part_no, claim_key, claim_id)
                      JOIN claim_line AS line
                        ON line.claim_key = part.claim_key AND line.claim_id = part.claim_id
                    RETURNING amount_fen
                )
                SELECT count(*) AS lines, CAST(coalesce(sum(amount_fen), 0) AS bigint) AS total_fen
                  FROM written
            """),
            {
                "batch_key": batch.key,
                "batch_id": batch.id,
                "part_nos": [part.part_no for part in parts],
                "keys": [part.claim.key for part in parts],
                "ids": [part.claim.id for part in parts],
            },
        )
    ).one()
    return row.lines, row.total_fen


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> Batch | None:
    """A batch; locked for the rest of the transaction when it is to be changed."""
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
    return _batch(row) if row else None


async def parts_of(tx: AsyncConnection, ref: Ref) -> list[Part]:
    """The claims inside a batch."""
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
        Part(
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


async def waiting_for_funds(tx: AsyncConnection, limit: int) -> list[Batch]:
    """The oldest batches whose money the ledger has not yet been asked for, or not answered."""
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
    return [_batch(row) for row in rows]


async def set_funded(tx: AsyncConnection, batch: Batch, hold: str) -> bool:
    """The hold stands: ready, unless the batch has gone on without this attempt."""
    done = await tx.execute(
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
    return done.first() is not None


async def set_unfunded(tx: AsyncConnection, batch: Batch, reason: str) -> bool:
    """The ledger refused this attempt."""
    done = await tx.execute(
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
    return done.first() is not None


async def leave_unfunded(
    tx: AsyncConnection, ref: Ref, *, to: BatchStatus, another_attempt: bool
) -> bool:
    """An unfunded batch is asked for again, or given up."""
    done = await tx.execute(
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
    return done.first() is not None


async def bury_parts(tx: AsyncConnection, ref: Ref) -> None:
    """The parts of a batch that was given up count in no total any more."""
    await tx.execute(
        text("""
            UPDATE payment_part
               SET live = false
             WHERE batch_key = :batch_key AND batch_id = :id
        """),
        {"batch_key": ref.key, "id": ref.id},
    )


async def page(
    tx: AsyncConnection,
    *,
    status: str | None,
    fund: str | None,
    after: UUID | None,
    limit: int,
) -> list[Batch]:
    """Batches by id, after one, that match every filter given."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM payment_batch
             WHERE (CAST(:status AS text) IS NULL OR status = CAST(:status AS text))
               AND (CAST(:fund AS text) IS NULL OR fund = CAST(:fund AS text))
               AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
             ORDER BY id
             LIMIT :limit
        """),
        {"status": status, "fund": fund, "after": after, "limit": limit},
    )
    return [_batch(row) for row in rows]
