"""Reading totals of recovered and open amounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.store import total as recovered_store
from services.payout.recoveries.store.total import OpenTotal, RecoveredTotal


@dataclass(frozen=True, slots=True)
class RecoveryTotals:
    """Recovered amounts by year, and open amounts by age."""

    recovered: list[RecoveredTotal]
    still_open: list[OpenTotal]


async def totals(tx: AsyncConnection, *, today: date, district: str | None) -> RecoveryTotals:
    """Sum the cases of a district, or of all."""
    return RecoveryTotals(
        await recovered_store.recovered(tx, district=district),
        await recovered_store.still_open(tx, today=today, district=district),
    )
