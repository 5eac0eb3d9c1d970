"""The year-end carry-over (年末结转): income and expense accounts are set to zero and their balances
moved to the surplus.

Each fund has one voucher, dated the last day of the year: Dr 4xxx · Cr 3001 and Dr 3001 · Cr 5xxx. No
money moves, so the flow matrix has no row for this kind; therefore only the ledger itself can post it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.domain.entries import Line
from services.ledger.posting.domain.reversal import CARRY_OVER
from services.ledger.posting.domain.voucher import Draft, draft
from services.ledger.rules.domain.chart import OWN_SOURCE, Catalogue
from shared.entry import Book
from shared.roles import CENTRE

SURPLUS: Final = "general_surplus"
"""一般基金结余."""
CARRIED_CLASSES: Final = ("income", "expense")


Balances = Mapping[tuple[str, str, str], int]
"""(fund, account, district) → debits minus credits, in fen."""


def carried_accounts(catalogue: Catalogue, on: date) -> list[str]:
    """Return the keys of the accounts that a year end empties, including those of earlier charts."""
    return [
        account.key
        for account in catalogue.every_account(on)
        if account.account_class in CARRIED_CLASSES and account.book is Book.STATUTORY
    ]


def carry_overs(
    catalogue: Catalogue, balances: Balances, day: date, attempt: int
) -> dict[str, Draft]:
    """Return fund → its carry-over voucher; funds without income and expense have none.

    Args:
        catalogue: classes of accounts.
        balances: of the accounts to be emptied, over all slots, at the end of `day`.
        day: the last day of the year.
        attempt: 1, or more when a reopened year is closed again.
    """
    lines: dict[str, list[Line]] = {}
    surplus: dict[str, dict[str, int]] = {}
    for (fund, account, district), net_fen in sorted(balances.items()):
        if net_fen == 0:
            continue
        lines.setdefault(fund, []).append(_line(fund, account, district, -net_fen))
        described = catalogue.described(account, day)
        assert described is not None, account
        totals = surplus.setdefault(fund, dict.fromkeys(CARRIED_CLASSES, 0))
        totals[described.account_class] += net_fen
    return {
        fund: _draft(fund, [*mine, *_surplus_lines(fund, surplus[fund])], day, attempt)
        for fund, mine in lines.items()
    }


def _surplus_lines(fund: str, totals: Mapping[str, int]) -> list[Line]:
    """Return one line for all income and one for all expense, so that the surplus shows both."""
    return [_line(fund, SURPLUS, CENTRE, net_fen) for net_fen in totals.values() if net_fen]


def _line(fund: str, account: str, district: str, net_fen: int) -> Line:
    return Line(Book.STATUTORY.value, fund, account, district, max(net_fen, 0), max(-net_fen, 0))


def _draft(fund: str, lines: list[Line], day: date, attempt: int) -> Draft:
    return draft(
        slot=CENTRE_SLOT,
        source=OWN_SOURCE,
        event_id=event_id(fund, day.year, attempt),
        owner=CENTRE,
        kind=CARRY_OVER,
        book_date=day,
        summary=f"{day.year} 年末结转收支结余",
        lines=tuple(lines),
        references={"year": str(day.year), "fund": fund},
    )


def event_id(fund: str, year: int, attempt: int) -> str:
    """Return the event id: one per fund and year, and another per attempt after a reopening."""
    return f"carry_over:{year}:{fund}" + (f":{attempt}" if attempt > 1 else "")
