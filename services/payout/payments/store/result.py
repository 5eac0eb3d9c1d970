"""Payment lines and the bank's reports in the database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.batch import PaymentBatch
from services.payout.payments.domain.payment import (
    BankEvent,
    BankReport,
    FileReview,
    LineStatus,
    PaymentLine,
)
from services.payout.payments.domain.posting import FileMovement
from shared.ids import Ref
from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLineRow:
    """A payment line as lists show it, name and account sealed."""

    line_no: int
    payee_name: bytes
    bank: str
    bank_number: bytes
    bank_holder: bytes
    amount_fen: int
    status: str
    bank_serial: str | None
    paid_on: date | None
    reason_code: str | None
    reason: str | None


class OrderRow(NamedTuple):
    """A line as the file to the bank has it, the account sealed."""

    line_no: int
    bank: str
    bank_number: bytes
    bank_holder: bytes
    amount_fen: int


def _line(row: Row[Any]) -> PaymentLine:
    return PaymentLine(
        line_no=row.line_no,
        part_no=row.part_no,
        amount_fen=row.amount_fen,
        reported_unknown=row.status == LineStatus.UNKNOWN.value,
        paid=BankEvent(row.paid_serial, row.paid_on, row.paid_booked_on)
        if row.paid_serial
        else None,
        refused=BankEvent(row.refused_serial, None) if row.refused_serial else None,
        returned=BankEvent(row.returned_serial, row.returned_on, row.returned_booked_on)
        if row.returned_serial
        else None,
        reason_code=row.reason_code,
        reason=row.reason,
    )


async def lines_of(tx: AsyncConnection, ref: Ref, numbers: Sequence[int]) -> dict[int, PaymentLine]:
    """Read the lines that a result file names, by number.

    Of most of them nothing was reported yet; those are few columns, and there are 600,000 in a
    city's month.
    """
    named = {"batch_key": ref.key, "id": ref.id, "numbers": list(numbers)}
    pending = await tx.execute(
        text("""
            SELECT line_no, part_no, amount_fen
              FROM payment_line
             WHERE batch_key = :batch_key AND batch_id = :id
               AND line_no = ANY (CAST(:numbers AS int[])) AND status = 'pending'
        """),
        named,
    )
    found = {
        line_no: PaymentLine(line_no=line_no, part_no=part_no, amount_fen=amount_fen)
        for line_no, part_no, amount_fen in pending
    }
    if len(found) == len(numbers):
        return found
    reported = await tx.execute(
        text("""
            SELECT line_no, part_no, amount_fen, status, paid_serial, paid_on, refused_serial,
                   returned_serial, returned_on, paid_booked_on, returned_booked_on, reason_code,
                   reason
              FROM payment_line
             WHERE batch_key = :batch_key AND batch_id = :id
               AND line_no = ANY (CAST(:numbers AS int[])) AND status <> 'pending'
        """),
        named,
    )
    return found | {row.line_no: _line(row) for row in reported}


async def save_lines(tx: AsyncConnection, ref: Ref, lines: Sequence[PaymentLine]) -> None:
    """Store what is now known about lines."""
    await tx.execute(
        text("""
            UPDATE payment_line
               SET status = reported.status,
                   paid_serial = reported.paid_serial, paid_on = reported.paid_on,
                   refused_serial = reported.refused_serial,
                   returned_serial = reported.returned_serial, returned_on = reported.returned_on,
                   paid_booked_on = reported.paid_booked_on,
                   returned_booked_on = reported.returned_booked_on,
                   reason_code = reported.reason_code, reason = reported.reason
              FROM unnest(CAST(:line_nos AS int[]), CAST(:statuses AS text[]),
                          CAST(:paid_serials AS text[]), CAST(:paid_on AS date[]),
                          CAST(:refused_serials AS text[]), CAST(:returned_serials AS text[]),
                          CAST(:returned_on AS date[]), CAST(:paid_booked_on AS date[]),
                          CAST(:returned_booked_on AS date[]), CAST(:reason_codes AS text[]),
                          CAST(:reasons AS text[]))
                AS reported (line_no, status, paid_serial, paid_on, refused_serial, returned_serial,
                          returned_on, paid_booked_on, returned_booked_on, reason_code, reason)
             WHERE payment_line.batch_key = :batch_key AND payment_line.batch_id = :id
               AND payment_line.line_no = reported.line_no
        """),
        {
            "batch_key": ref.key,
            "id": ref.id,
            "line_nos": [line.line_no for line in lines],
            "statuses": [line.status.value for line in lines],
            "paid_serials": [line.paid.serial if line.paid else None for line in lines],
            "paid_on": [line.paid.on if line.paid else None for line in lines],
            "refused_serials": [line.refused.serial if line.refused else None for line in lines],
            "returned_serials": [line.returned.serial if line.returned else None for line in lines],
            "returned_on": [line.returned.on if line.returned else None for line in lines],
            "paid_booked_on": [line.paid.booked_on if line.paid else None for line in lines],
            "returned_booked_on": [
                line.returned.booked_on if line.returned else None for line in lines
            ],
            "reason_codes": [line.reason_code for line in lines],
            "reasons": [line.reason for line in lines],
        },
    )


def _digest(report: BankReport) -> bytes:
    content = (
        report.outcome.value,
        report.bank_serial,
        report.amount_fen,
        report.value_date and report.value_date.isoformat(),
        report.reason_code,
        report.reason,
    )
    return hashlib.sha256(repr(content).encode()).digest()


async def save_reports(tx: AsyncConnection, ref: Ref, review: FileReview, reported_by: str) -> None:
    """Keep every distinct report that was new, accepted or not."""
    kept: list[tuple[BankReport, str | None]] = [(report, None) for report in review.applied]
    kept += [(rejection.report, rejection.code) for rejection in review.rejected]
    if not kept:
        return
    await tx.execute(
        text("""
            INSERT INTO payment_result (batch_key, batch_id, line_no, digest, outcome, bank_serial,
                                        amount_fen, value_date, reason_code, reason, rejected,
                                        reported_by)
            SELECT CAST(:batch_key AS bigint), CAST(:id AS uuid), line_no, digest, outcome,
                   bank_serial, amount_fen, value_date, reason_code, reason, rejected,
                   CAST(:reported_by AS text)
              FROM unnest(CAST(:line_nos AS int[]), CAST(:digests AS bytea[]),
                          CAST(:outcomes AS text[]), CAST(:serials AS text[]),
                          CAST(:amounts AS bigint[]), CAST(:value_dates AS date[]),
                          CAST(:reason_codes AS text[]), CAST(:reasons AS text[]),
                          CAST(:rejected AS text[]))
                AS report (line_no, digest, outcome, bank_serial, amount_fen, value_date,
                         reason_code, reason, rejected)
            ON CONFLICT (batch_key, batch_id, line_no, digest) DO NOTHING
        """),
        {
            "batch_key": ref.key,
            "id": ref.id,
            "reported_by": reported_by,
            "line_nos": [report.line_no for report, _ in kept],
            "digests": [_digest(report) for report, _ in kept],
            "outcomes": [report.outcome.value for report, _ in kept],
            "serials": [report.bank_serial for report, _ in kept],
            "amounts": [report.amount_fen for report, _ in kept],
            "value_dates": [report.value_date for report, _ in kept],
            "reason_codes": [report.reason_code for report, _ in kept],
            "reasons": [report.reason for report, _ in kept],
            "rejected": [code for _, code in kept],
        },
    )


async def add_to_parts(tx: AsyncConnection, ref: Ref, movement: FileMovement) -> None:
    """Add a file's money to the sums of the batch's parts."""
    changes = sorted(movement.parts.items())
    await tx.execute(
        text("""
            UPDATE payment_part
               SET paid_fen = payment_part.paid_fen + moved.paid_fen,
                   refused_fen = payment_part.refused_fen + moved.refused_fen,
                   returned_fen = payment_part.returned_fen + moved.returned_fen
              FROM unnest(CAST(:part_nos AS int[]), CAST(:paid AS bigint[]),
                          CAST(:refused AS bigint[]), CAST(:returned AS bigint[]))
                AS moved (part_no, paid_fen, refused_fen, returned_fen)
             WHERE payment_part.batch_key = :batch_key AND payment_part.batch_id = :id
               AND payment_part.part_no = moved.part_no
        """),
        {
            "batch_key": ref.key,
            "id": ref.id,
            "part_nos": [part_no for part_no, _ in changes],
            "paid": [change.paid_fen for _, change in changes],
            "refused": [change.refused_fen for _, change in changes],
            "returned": [change.returned_fen for _, change in changes],
        },
    )


async def add_to_batch(tx: AsyncConnection, batch: PaymentBatch, movement: FileMovement) -> str:
    """Add a file's money to the batch, closing it with its last open line; return its status."""
    changes = movement.parts.values()
    row = (
        await tx.execute(
            text("""
                UPDATE payment_batch
                   SET open_lines = open_lines - :closed, paid_fen = paid_fen + :paid,
                       refused_fen = refused_fen + :refused, returned_fen = returned_fen + :returned,
                       reports = reports + 1,
                       status = CASE WHEN open_lines = :closed THEN 'closed' ELSE status END
                 WHERE batch_key = :batch_key AND id = :id AND status IN ('ready', 'closed')
                RETURNING status
            """),
            {
                "batch_key": batch.ref.key,
                "id": batch.ref.id,
                "closed": movement.closed_lines,
                "paid": sum(change.paid_fen for change in changes),
                "refused": sum(change.refused_fen for change in changes),
                "returned": sum(change.returned_fen for change in changes),
            },
        )
    ).one()
    return str(row.status)


async def page_of_lines(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int
) -> list[PaymentLineRow]:
    """Read a batch's lines by number, after one."""
    return await read_page(
        tx,
        """
        SELECT line_no, payee_name, bank, bank_number, bank_holder, amount_fen, status,
               coalesce(paid_serial, refused_serial) AS bank_serial, paid_on, reason_code, reason
          FROM payment_line
        """,
        key=("line_no",),
        after=(after,),
        limit=limit,
        row=PaymentLineRow,
        equal={"batch_key": ref.key, "batch_id": ref.id},
    )


async def page_of_orders(
    tx: AsyncConnection, ref: Ref, *, after: int, limit: int
) -> list[OrderRow]:
    """Read a batch's lines for the file to the bank, by number, after one."""
    rows = await tx.execute(
        text("""
            SELECT line_no, bank, bank_number, bank_holder, amount_fen
              FROM payment_line
             WHERE batch_key = :batch_key AND batch_id = :id AND line_no > :after
             ORDER BY line_no
             LIMIT :limit
        """),
        {"batch_key": ref.key, "id": ref.id, "after": after, "limit": limit},
    )
    return [OrderRow._make(row) for row in rows]
