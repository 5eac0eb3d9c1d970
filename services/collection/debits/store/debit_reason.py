"""SQL of banks' codes of refusals (拒付代码). Only the database's function writes them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.debit import DebitReasonClass
from services.collection.debits.domain.debit_reason import DebitReason


async def reasons(tx: AsyncConnection) -> Sequence[DebitReason]:
    """Read every code."""
    rows = await tx.execute(
        text("""
            SELECT code, class AS reason_class, meaning, source, certain, set_by
              FROM debit_reason
             ORDER BY code
             LIMIT 10000
        """)
    )
    return [
        DebitReason(**{**row._mapping, "reason_class": DebitReasonClass(row.reason_class)})
        for row in rows
    ]
