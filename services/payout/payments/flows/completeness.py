"""Reading the completeness of a month of pensions."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.entitlements.store import rule as rule_store
from services.payout.payments.domain.completeness import MonthCompleteness
from services.payout.payments.store import completeness as completeness_store
from shared.period import Period


async def of_month(
    tx: AsyncConnection, *, period: Period, district: str | None, today: date
) -> MonthCompleteness:
    """Compare what is due of a month with what became of it; the rule in force says by which day."""
    rules = await rule_store.in_force(tx, today)
    pay_by = period.day(rules.pay_day(BASIC_PENSION, district))
    return await completeness_store.of_month(
        tx, kind=BASIC_PENSION, period=period, district=district, pay_by=pay_by
    )
