"""Payment lines and what the bank has said of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.batch import Batch
from services.payout.payments.domain.payment import Hearing, Line, LineStatus, Report, Word
from services.payout.payments.domain.posting import Effects
from shared.ids import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """A payment line as a list shows it."""

    line_no: int
    payee_name: str
    bank: str
    bank_number: str
    bank_holder: str
    amount_fen: int
    status: str
    bank_serial: str | None
    paid_on: date | None
    reason_code: str | None
    reason: str | None


def _line(row: Row[Any]) -> Line:
    return Line(
        line_no=row.line_no,
        part_no=row.part_no,
        amount_fen=row.amount_fen,
        heard_unknown=row.status == LineStatus.UNKNOWN.value,
        paid=Word(row.paid_serial, row.paid_on) if row.paid_serial else None,
        refused=Word(row.refused_serial, None) if row.refused_serial else None,
        returned=Word(row.returned_serial, row.returned_on) if row.returned_serial else None,
        reason_code=row.reason_code,
        reason=row.reason,
    )


async def lines_of(tx: AsyncConnection, ref: Ref, numbers: Sequence[int]) -> dict[int, Line]:
    """The lines of a batch that a result file names, by number."""
    rows = await tx.execute(
        text("""
            SELECT line_no, part_no, amount_fen, status, paid_serial, paid_on, refused_serial,
                   returned_serial, returned_on, reason_code, reason
              FROM payment_line
             WHERE batch_key = :batch_key AND batch_id = :id
               AND line_no = ANY (CAST(:numbers AS int[]))
        """),
        {"batch_key": ref.key, "id": ref.id, "numbers": list(numbers)},
    )
    return {row.line_no: _line(row) for row in rows}


async def save_lines(tx: AsyncConnection, ref: Ref, lines: Sequence[Line]) -> None:
    """Write down what is now known of lines."""
    await tx.execute(
        text("""
            UPDATE payment_line
               SET status = heard.status,
                   paid_serial = heard.paid_serial, paid_on = heard.paid_on,
                   refused_serial = heard.refused_serial,
                   returned_serial = heard.returned_serial, returned_on = heard.returned_on,
                   reason_code = heard.reason_code, reason = heard.reason
              FROM unnest(CAST(:line_nos AS int[]), CAST(:statuses AS text[]),
                          CAST(:paid_serials AS text[]), CAST(:paid_on AS date[]),
                          CAST(:refused_serials AS text[]), CAST(:returned_serials AS text[]),
                          CAST(:returned_on AS date[]), CAST(:reason_codes AS text[]),
                          CAST(:reasons AS text[]))
                AS heard (line_no, status, paid_serial, paid_on, refused_serial, returned_serial,
                          returned_on, reason_code, reason)
             WHERE payment_line.batch_key = :batch_key AND payment_line.batch_id = :id
               AND payment_line.line_no = heard.line_no
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
            "reason_codes": [line.reason_code for line in lines],
            "reasons": [line.reason for line in lines],
        },
    )


def _digest(report: Report) -> bytes:
    said = (
        report.outcome.value,
        report.bank_serial,
        report.amount_fen,
        report.value_date and report.value_date.isoformat(),
        report.reason_code,
        report.reason,
    )
    return hashlib.sha256(repr(said).encode()).digest()


async def write_words(tx: AsyncConnection, ref: Ref, hearing: Hearing, said_by: str) -> None:
    """Keep every distinct thing the bank said that was new, believed or not."""
    said: list[tuple[Report, str | None]] = [(report, None) for report in hearing.applied]
    said += [(rejection.report, rejection.code) for rejection in hearing.rejected]
    if not said:
        return
    await tx.execute(
        text("""
            INSERT INTO payment_result (batch_key, batch_id, line_no, digest, outcome, bank_serial,
                                        amount_fen, value_date, reason_code, reason, rejected,
                                        reported_by)
            SELECT CAST(:batch_key AS bigint), CAST(:id AS uuid), line_no, digest, outcome,
                   bank_serial, amount_fen, value_date, reason_code, reason, rejected,
                   CAST(:said_by AS text)
              FROM unnest(CAST(:line_nos AS int[]), CAST(:digests AS bytea[]),
                          CAST(:outcomes AS text[]), CAST(:serials AS text[]),
                          CAST(:amounts AS bigint[]), CAST(:value_dates AS date[]),
                          CAST(:reason_codes AS text[]), CAST(:reasons AS text[]),
                          CAST(:rejected AS text[]))
                AS said (line_no, digest, outcome, bank_serial, amount_fen, value_date,
                         reason_code, reason, rejected)
            ON CONFLICT (batch_key, batch_id, line_no, digest) DO NOTHING
        """),
        {
            "batch_key": ref.key,
            "id": ref.id,
            "said_by": said_by,
            "line_nos": [report.line_no for report, _ in said],
            "digests": [_digest(report) for report, _ in said],
            "outcomes": [report.outcome.value for report, _ in said],
            "serials": [report.bank_serial for report, _ in said],
            "amounts": [report.amount_fen for report, _ in said],
            "value_dates": [report.value_date for report, _ in said],
            "reason_codes": [report.reason_code for report, _ in said],
            "reasons": [report.reason for report, _ in said],
            "rejected": [code for _, code in said],
        },
    )


async def add_to_parts(tx: AsyncConnection, ref: Ref, effects: Effects) -> None:
    """Add what a file moved to the sums of the batch's parts."""
    changes = sorted(effects.parts.items())
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


async def add_to_batch(tx: AsyncConnection, batch: Batch, effects: Effects) -> str:
    """Count a file in the batch's head, which closes with its last open line; the new status."""
    changes = effects.parts.values()
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
                "closed": effects.closed_lines,
                "paid": sum(change.paid_fen for change in changes),
                "refused": sum(change.refused_fen for change in changes),
                "returned": sum(change.returned_fen for change in changes),
            },
        )
    ).one()
    return str(row.status)


async def page_of_lines(tx: AsyncConnection, ref: Ref, *, after: int, limit: int) -> list[Payee]:
    """A batch's lines by number, after one."""
    rows = await tx.execute(
        text("""
            SELECT line_no, payee_name, bank, bank_number, bank_holder, amount_fen, status,
                   coalesce(paid_serial, refused_serial) AS bank_serial, paid_on, reason_code,
                   reason
              FROM payment_line
             WHERE batch_key = :batch_key AND batch_id = :id AND line_no > :after
             ORDER BY line_no
             LIMIT :limit
        """),
        {"batch_key": ref.key, "id": ref.id, "after": after, "limit": limit},
    )
    return [Payee(**row._mapping) for row in rows]
