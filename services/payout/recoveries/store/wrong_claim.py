"""Paid claims and their lines in the database, for cases about them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.overpaid import LowerLine
from services.payout.recoveries.domain.wrong_claim import PaidClaim, PaidClaimLine
from shared.ids import Ref
from shared.period import Period


async def load(tx: AsyncConnection, ref: Ref) -> PaidClaim | None:
    """Read and lock an approved claim: one case about it is opened after another."""
    row = (
        await tx.execute(
            text("""
                SELECT kind, district, period, fund, account
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
        text("""
            SELECT line.line_no, line.amount_fen, line.sealed_number, line.payee_name AS name,
                   sent.paid_year, covered.fen AS covered_fen, settled.fen AS settled_fen,
                   EXISTS (SELECT 1
                             FROM double_payment AS twice
                            WHERE twice.claim_key = line.claim_key
                              AND twice.claim_id = line.claim_id
                              AND twice.line_no = line.line_no) AS is_double
              FROM claim_line AS line
             CROSS JOIN LATERAL (
                   SELECT CAST(extract(YEAR FROM max(done.paid_booked_on)) AS integer) AS paid_year
                     FROM payment_part AS part
                     JOIN payment_line AS done
                       ON done.batch_key = part.batch_key AND done.batch_id = part.batch_id
                      AND done.part_no = part.part_no
                    WHERE part.claim_key = line.claim_key AND part.claim_id = line.claim_id
                      AND done.claim_line_no = line.line_no AND done.status = 'paid') AS sent
             CROSS JOIN LATERAL (
                   SELECT CAST(coalesce(sum(taken.amount_fen), 0) AS bigint) AS fen
                     FROM recovery_line AS taken
                     JOIN recovery_case AS owner
                       ON owner.case_key = taken.case_key AND owner.id = taken.case_id
                    WHERE taken.claim_key = line.claim_key AND taken.claim_id = line.claim_id
                      AND taken.claim_line_no = line.line_no
                      AND owner.status <> 'refused') AS covered
             CROSS JOIN LATERAL (
                   SELECT CAST(coalesce(sum(made.amount_fen), 0) AS bigint) AS fen
                     FROM advance_settlement AS made
                    WHERE made.advance_key = line.claim_key AND made.advance_id = line.claim_id
                      AND made.advance_line = line.line_no AND made.live) AS settled
             WHERE line.claim_key = :key AND line.claim_id = :id
               AND line.line_no = ANY (CAST(:numbers AS integer[]))
        """),
        {"key": ref.key, "id": ref.id, "numbers": numbers},
    )
    return {
        row.line_no: PaidClaimLine(
            line_no=row.line_no,
            amount_fen=row.amount_fen,
            covered_fen=row.covered_fen,
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
            SELECT taken.case_key, taken.case_id, taken.line_no, taken.amount_fen
              FROM recovery_case AS owner
              JOIN recovery_line AS taken
                ON taken.case_key = owner.case_key AND taken.case_id = owner.id
              JOIN claim_line AS line
                ON line.claim_key = taken.claim_key AND line.claim_id = taken.claim_id
               AND line.line_no = taken.claim_line_no
             WHERE owner.cause = 'claim' AND owner.status = 'confirmed'
               AND taken.amount_fen > 0 AND taken.recovered_fen = 0
               AND (taken.amount_fen = line.amount_fen
                    OR EXISTS (SELECT 1
                                 FROM double_payment AS twice
                                WHERE twice.claim_key = line.claim_key
                                  AND twice.claim_id = line.claim_id
                                  AND twice.line_no = line.line_no))
               AND NOT EXISTS (
                       SELECT 1
                         FROM payment_part AS part
                         JOIN payment_line AS done
                           ON done.batch_key = part.batch_key AND done.batch_id = part.batch_id
                          AND done.part_no = part.part_no
                        WHERE part.claim_key = line.claim_key AND part.claim_id = line.claim_id
                          AND done.claim_line_no = line.line_no AND done.status = 'paid')
             ORDER BY taken.case_key, taken.case_id, taken.line_no
        """)
    )
    return [
        LowerLine(case=Ref(row.case_key, row.case_id), line_no=row.line_no, by_fen=row.amount_fen)
        for row in rows
    ]
