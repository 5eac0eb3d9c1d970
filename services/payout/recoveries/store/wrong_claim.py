"""Paid claims and their lines in the database, for cases about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.overpaid import LowerLine
from services.payout.recoveries.domain.wrong_claim import PaidClaim, PaidClaimLine
from shared.ids import Ref
from shared.period import Period

_LINES: Final = """
WITH line AS MATERIALIZED (
    SELECT line_no, amount_fen, settled_fen AS deducted_fen, sealed_number, payee_name AS name
      FROM claim_line
     WHERE claim_key = :key AND claim_id = :id
       AND line_no = ANY (CAST(:numbers AS integer[]))
), sent AS MATERIALIZED (
    SELECT done.claim_line_no AS line_no,
           CAST(extract(YEAR FROM max(done.paid_booked_on)) AS integer) AS paid_year
      FROM payment_part AS part
      JOIN payment_line AS done
        ON done.batch_key = part.batch_key AND done.batch_id = part.batch_id
       AND done.part_no = part.part_no AND done.status = 'paid'
     WHERE part.claim_key = :key AND part.claim_id = :id
       AND done.claim_line_no = ANY (CAST(:numbers AS integer[]))
     GROUP BY done.claim_line_no
), covered AS MATERIALIZED (
    SELECT taken.claim_line_no AS line_no,
           CAST(sum(taken.amount_fen) AS bigint) AS fen
      FROM recovery_line AS taken
      JOIN recovery_case AS owner
        ON owner.case_key = taken.case_key AND owner.id = taken.case_id
       AND owner.status <> 'refused'
     WHERE taken.claim_key = :key AND taken.claim_id = :id
     GROUP BY taken.claim_line_no
), settled AS MATERIALIZED (
    SELECT advance_line AS line_no, CAST(sum(amount_fen) AS bigint) AS fen
      FROM advance_settlement
     WHERE advance_key = :key AND advance_id = :id AND live
     GROUP BY advance_line
)
SELECT line.line_no, line.amount_fen, line.deducted_fen, line.sealed_number, line.name, sent.paid_year,
       coalesce(covered.fen, 0) AS covered_fen,
       coalesce(settled.fen, 0) AS settled_fen,
       EXISTS (SELECT 1
                 FROM double_payment AS twice
                WHERE twice.claim_key = :key AND twice.claim_id = :id
                  AND twice.line_no = line.line_no) AS is_double
  FROM line
  LEFT JOIN sent ON sent.line_no = line.line_no
  LEFT JOIN covered ON covered.line_no = line.line_no
  LEFT JOIN settled ON settled.line_no = line.line_no
"""


async def load(tx: AsyncConnection, ref: Ref) -> PaidClaim | None:
    """Read and lock an approved claim: one case about it is opened after another."""
    row = (
        await tx.execute(
            text("""
                SELECT kind, district, period, fund, account,
                       CAST(extract(YEAR FROM settled_on) AS integer) AS settled_year
                  FROM claim
                 WHERE claim_key = :key AND id = :id AND status = 'approved'
                   FOR UPDATE
            """),
            {"key": ref.key, "id": ref.id},
        )
    ).first()
    if row is None:
        return None
    columns = dict(row._mapping) | {"period": Period.parse(row.period)}
    return PaidClaim(ref=ref, **columns)


async def lines(tx: AsyncConnection, ref: Ref, numbers: list[int]) -> dict[int, PaidClaimLine]:
    """Read lines of a claim by number, with their payments and the cases about them."""
    rows = await tx.execute(
        text(_LINES),
        {"key": ref.key, "id": ref.id, "numbers": numbers},
    )
    return {
        row.line_no: PaidClaimLine(
            line_no=row.line_no,
            amount_fen=row.amount_fen,
            covered_fen=row.covered_fen,
            deducted_fen=row.deducted_fen,
            settled_fen=row.settled_fen,
            paid_year=row.paid_year,
            is_double=row.is_double,
            sealed_number=None if row.sealed_number is None else bytes(row.sealed_number),
            name=bytes(row.name),
        )
        for row in rows
    }


async def returned(tx: AsyncConnection) -> list[LowerLine]:
    """Read what confirmed cases cover of lines whose money the bank has returned: nothing to recover.

    A line that is wrong in part is paid again, so its case stays; so does one that was repaid.
    """
    rows = await tx.execute(
        text("""
            WITH taken AS MATERIALIZED (
                SELECT line.case_key, line.case_id, line.line_no, line.amount_fen, line.claim_key,
                       line.claim_id, line.claim_line_no,
                       EXISTS (SELECT 1
                                 FROM double_payment AS twice
                                WHERE twice.claim_key = line.claim_key
                                  AND twice.claim_id = line.claim_id
                                  AND twice.line_no = line.claim_line_no) AS is_double
                  FROM recovery_case AS owner
                  JOIN recovery_line AS line
                    ON line.case_key = owner.case_key AND line.case_id = owner.id
                 WHERE owner.cause = 'claim' AND owner.status = 'confirmed'
                   AND line.amount_fen > 0 AND line.recovered_fen = 0 AND NOT line.deducted
            ), whole AS MATERIALIZED (
                SELECT taken.*
                  FROM taken
                  JOIN claim_line AS line
                    ON line.claim_key = taken.claim_key AND line.claim_id = taken.claim_id
                   AND line.line_no = taken.claim_line_no
                   AND (line.amount_fen = taken.amount_fen OR taken.is_double)
            ), paid AS MATERIALIZED (
                SELECT whole.claim_id, whole.claim_line_no
                  FROM whole
                  JOIN payment_part AS part
                    ON part.claim_key = whole.claim_key AND part.claim_id = whole.claim_id
                  JOIN payment_line AS done
                    ON done.batch_key = part.batch_key AND done.batch_id = part.batch_id
                   AND done.part_no = part.part_no AND done.claim_line_no = whole.claim_line_no
                   AND done.status = 'paid'
            )
            SELECT case_key, case_id, line_no, amount_fen
              FROM whole
             WHERE (claim_id, claim_line_no) NOT IN (SELECT claim_id, claim_line_no FROM paid)
             ORDER BY case_key, case_id, line_no
        """)
    )
    return [
        LowerLine(case=Ref(row.case_key, row.case_id), line_no=row.line_no, by_fen=row.amount_fen)
        for row in rows
    ]
