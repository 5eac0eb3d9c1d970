"""SQL of bills whose people were credited and whose money went away again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

_UNDONE = """
    SELECT unit_id, id, declaration_id, CAST(NULL AS date) AS on_day
      FROM bill
     WHERE status <> 'settled' AND kind <> 'charge' AND personal_told
"""
"""Bills that were told of, and whose money went away again."""
_RESTATING = """
    SELECT bill.unit_id, bill.id, bill.declaration_id,
           (SELECT max(book_date)
              FROM allocation
              JOIN bill AS undone ON undone.unit_id = allocation.unit_id
                                 AND undone.id = allocation.bill_id
             WHERE undone.unit_id = bill.unit_id
               AND undone.declaration_id = restating.corrects AND undone.kind <> 'charge')
               AS on_day
      FROM unnest(CAST(:units AS bigint[]), CAST(:papers AS uuid[])) AS lost (unit_id, paper_id)
      JOIN declaration AS restating ON restating.unit_id = lost.unit_id
                                   AND restating.corrects = lost.paper_id
      JOIN bill ON bill.unit_id = restating.unit_id AND bill.declaration_id = restating.id
               AND bill.kind <> 'charge'
"""
"""Bills of the declarations that restate lost ones."""


async def lost(tx: AsyncConnection) -> set[Row[Any]]:
    """Read the bills to take back: those whose money went away, and all that restate them, one
    restatement after another."""
    found: set[Row[Any]] = set()
    newest = set(await tx.execute(text(_UNDONE)))
    while newest:
        found |= newest
        papers = [(row.unit_id, row.declaration_id) for row in newest]
        rows = await tx.execute(
            text(_RESTATING),
            {"units": [unit for unit, _ in papers], "papers": [paper for _, paper in papers]},
        )
        newest = set(rows) - found
    return found
