"""Double payments in the database: found by mergers of persons, left out of batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.payments.domain.double import DoublePayment, DoubleStatus
from shared.ids import Ref
from shared.page import read_page

PAID_SO_FAR: Final = """
    SELECT coalesce(max(CASE WHEN sent.status = 'paid' THEN 2
                             WHEN sent.status IN ('refused', 'returned') THEN 0
                             ELSE 1 END), 0) AS rank
      FROM payment_part AS part
      JOIN payment_line AS sent
        ON sent.batch_key = part.batch_key AND sent.batch_id = part.batch_id
       AND sent.part_no = part.part_no
     WHERE part.claim_key = line.claim_key AND part.claim_id = line.claim_id
       AND sent.claim_line_no = line.line_no AND part.live
"""
"""How far the payment of a claim line `line` is: 2 paid, 1 in a batch, 0 not sent or come back."""


async def stopped_in(tx: AsyncConnection, claims: Sequence[Ref]) -> dict[Ref, tuple[int, int]]:
    """Sum the lines of claims that are double payments: claim → (lines, sum in fen)."""
    rows = await tx.execute(
        text("""
            SELECT twice.claim_key, twice.claim_id, count(*) AS lines,
                   CAST(sum(line.amount_fen) AS bigint) AS fen
              FROM unnest(CAST(:keys AS bigint[]), CAST(:ids AS uuid[]))
                AS wanted (claim_key, claim_id)
              JOIN double_payment AS twice
                ON twice.claim_key = wanted.claim_key AND twice.claim_id = wanted.claim_id
              JOIN claim_line AS line
                ON line.claim_key = twice.claim_key AND line.claim_id = twice.claim_id
               AND line.line_no = twice.line_no AND line.amount_fen > 0
             GROUP BY twice.claim_key, twice.claim_id
        """),
        {"keys": [ref.key for ref in claims], "ids": [ref.id for ref in claims]},
    )
    return {Ref(row.claim_key, row.claim_id): (row.lines, row.fen) for row in rows}


_DOUBLE: Final = f"""
SELECT *
  FROM (SELECT twice.claim_key, twice.claim_id, twice.line_no, twice.first_claim_key,
               twice.first_claim_id, twice.first_line_no, claim.kind, claim.district, claim.fund,
               twice.sealed_number, line.payee_name, line.reference, line.amount_fen, twice.paper,
               CASE so_far.rank WHEN 2 THEN 'to_recover' WHEN 1 THEN 'in_flight'
                                ELSE 'stopped' END AS status
          FROM double_payment AS twice
          JOIN claim ON claim.claim_key = twice.claim_key AND claim.id = twice.claim_id
          JOIN claim_line AS line
            ON line.claim_key = twice.claim_key AND line.claim_id = twice.claim_id
           AND line.line_no = twice.line_no
         CROSS JOIN LATERAL ({PAID_SO_FAR}) AS so_far) AS listed
"""


def _double(
    *,
    claim_key: int,
    claim_id: UUID,
    first_claim_key: int,
    first_claim_id: UUID,
    status: str,
    sealed_number: bytes,
    **columns: Any,
) -> DoublePayment:
    return DoublePayment(
        claim=Ref(claim_key, claim_id),
        first_claim=Ref(first_claim_key, first_claim_id),
        status=DoubleStatus(status),
        sealed_number=bytes(sealed_number),
        **columns,
    )


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    after: tuple[UUID, int] | None,
    limit: int,
) -> list[DoublePayment]:
    """Read double payments by claim and line, after one; `filters` are columns and their values."""
    return await read_page(
        tx,
        _DOUBLE,
        key=("claim_id", "line_no"),
        after=after,
        limit=limit,
        row=_double,
        equal=filters,
    )
