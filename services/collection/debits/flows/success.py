"""The success of direct debits, for the centre."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.success import DebitSuccess, SuccessBy
from services.collection.debits.store import success as success_store
from services.collection.debits.store.success import DebitedLine
from shared.roles import CENTRE, Caller


async def report(
    tx: AsyncConnection,
    by: SuccessBy,
    caller: Caller,
    *,
    first: date,
    last: date,
    bank: str | None,
    after: str,
    limit: int,
) -> Sequence[DebitSuccess]:
    """Report the success of debits by bank, unit or reason.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await success_store.report(
        tx, by, first=first, last=last, bank=bank, after=after, limit=limit
    )


async def lines(  # noqa: PLR0913 - the filters of a list
    tx: AsyncConnection,
    caller: Caller,
    *,
    first: date,
    last: date,
    bank: str | None,
    credit_code: str | None,
    status: str | None,
    reason_class: str | None,
    after: tuple[int, UUID, int],
    limit: int,
) -> Sequence[DebitedLine]:
    """Read the lines behind a report.

    Raises:
        Forbidden: the caller is of a district.
    """
    caller.require_district(CENTRE)
    return await success_store.line_page(
        tx,
        first=first,
        last=last,
        bank=bank,
        credit_code=credit_code,
        status=status,
        reason_class=reason_class,
        after=after,
        limit=limit,
    )
