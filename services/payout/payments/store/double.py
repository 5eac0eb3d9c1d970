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

PAID_SO_FAR: Final = """so_far AS MATERIALIZED (
    SELECT line.claim_id, line.line_no,
           max(CASE WHEN sent.status = 'paid' THEN 2
                    WHEN sent.status IN ('refused', 'returned') THEN 0
                    ELSE 1 END) AS rank
      FROM line
      JOIN payment_part AS part
        ON part.claim_key = line.claim_key AND part.claim_id = line.claim_id AND part.live
      JOIN payment_line AS sent
        ON sent.batch_key = part.batch_key AND sent.batch_id = part.batch_id
       AND sent.part_no = part.part_no AND sent.claim_line_no = line.line_no
     GROUP BY line.claim_id, line.line_no
)"""
"""A common table: how far the payments of the claim lines of a common table `line` are.

2 is paid, 1 in a batch, 0 come back; a line that was never sent is not in it.
"""


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
WITH twice AS MATERIALIZED (
    SELECT claim_key, claim_id, line_no, first_claim_key, first_claim_id, first_line_no,
           sealed_number, paper
      FROM double_payment
), line AS MATERIALIZED (
    SELECT twice.*, claim.kind, claim.district, claim.fund, line.payee_name, line.reference,
           line.amount_fen
      FROM twice
      JOIN claim ON claim.claim_key = twice.claim_key AND claim.id = twice.claim_id
      JOIN claim_line AS line
        ON line.claim_key = twice.claim_key AND line.claim_id = twice.claim_id
       AND line.line_no = twice.line_no
), {PAID_SO_FAR}
SELECT *
  FROM (SELECT line.*,
               CASE so_far.rank WHEN 2 THEN 'to_recover' WHEN 1 THEN 'in_flight'
                                ELSE 'stopped' END AS status
          FROM line
          LEFT JOIN so_far
            ON so_far.claim_id = line.claim_id AND so_far.line_no = line.line_no) AS listed
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
