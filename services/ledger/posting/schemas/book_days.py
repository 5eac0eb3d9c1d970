"""Shape of the days that the books take entries on."""

from __future__ import annotations

from services.ledger.posting.domain.book_days import LedgerDays
from shared.wire.closing import BookDaysOut, FundDaysOut


def book_days_out(days: LedgerDays) -> BookDaysOut:
    """Build the answer to the days of the books."""
    return BookDaysOut(
        closed_until=days.closed_until,
        first_open_day=days.first_open_day,
        chart_from=days.chart_from,
        funds=[
            FundDaysOut(
                fund=fund.code, in_force_from=fund.in_force_from, in_force_to=fund.in_force_to
            )
            for fund in days.funds
        ],
    )
