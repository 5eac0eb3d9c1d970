"""The voucher of the measurements: what a receipt books, five funds, 12 entries, one hot account."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from services.collection.common.store.shipped import districts_of
from services.ledger.posting.domain.entries import Entries, Line, entries_of
from services.ledger.posting.domain.voucher import Draft, draft, slot_of
from shared.money import format_yuan

DAY = date(2021, 7, 15)
DISTRICTS = tuple(sorted(districts_of("tianjin")))
"""The doors refuse to read balances of a district that is in no list."""
FUNDS = (
    ("pension", True),
    ("medical", True),
    ("unemployment", False),
    ("work_injury", False),
    ("maternity", False),
)
"""(fund, whether a part goes to personal accounts)."""
UNITS = 5_000
TRANSFERS = 7
"""Transfers that move the same money where a ledger knows pairs only."""
SOURCE = "collection_service"


def lines(number: int) -> tuple[Line, ...]:
    """The 12 entries of voucher `number`: every fund's income account is debited."""
    district = DISTRICTS[number % len(DISTRICTS)]
    pooled_fen, personal_fen = 10_000 + number % 977, 5_000 + number % 613
    made: list[Line] = []
    for fund, has_personal in FUNDS:
        total_fen = pooled_fen + (personal_fen if has_personal else 0)
        made.append(Line("statutory", fund, "income_deposit", district, total_fen, 0))
        made.append(Line("statutory", fund, "contribution_income.pooled", district, 0, pooled_fen))
        if has_personal:
            account = "contribution_income.personal_account"
            made.append(Line("statutory", fund, account, district, 0, personal_fen))
    return tuple(made)


_PATTERNS = tuple(entries_of(lines(number)).pattern for number in range(len(DISTRICTS)))


def entries(number: int) -> Entries:
    """The same entries as the door reads them: a pattern that is known, and amounts."""
    pooled_fen, personal_fen = 10_000 + number % 977, 5_000 + number % 613
    amounts: list[int] = []
    for _, has_personal in FUNDS:
        if has_personal:
            amounts += (pooled_fen + personal_fen, pooled_fen, personal_fen)
        else:
            amounts += (pooled_fen, pooled_fen)
    return Entries(_PATTERNS[number % len(DISTRICTS)], tuple(amounts))


def owner(number: int) -> str:
    """The unit that voucher `number` is of."""
    return f"9112010{number % UNITS:011d}"


def make(number: int, slots: int) -> Draft:
    """Voucher `number` as the engine takes it."""
    unit = owner(number)
    return draft(
        slot=slot_of(unit, slots),
        source=SOURCE,
        event_id=f"receipt:{number:032x}",
        owner=unit,
        kind="receipt",
        book_date=DAY,
        summary="2021-07 社会保险费到账",
        lines=entries(number),
        period="2021-07",
        references={"bill": f"{number:032x}"},
    )


def message(number: int) -> dict[str, Any]:
    """Voucher `number` as the door takes it."""
    entries = [
        {
            "book": line.book,
            "fund": line.fund,
            "account": line.account,
            "side": "debit" if line.debit_fen else "credit",
            "amount": format_yuan(line.debit_fen or line.credit_fen),
            "district": line.district,
        }
        for line in lines(number)
    ]
    return {
        "event_id": f"receipt:{number:032x}",
        "owner": owner(number),
        "kind": "receipt",
        "book_date": DAY.isoformat(),
        "summary": "2021-07 社会保险费到账",
        "period": "2021-07",
        "references": {"bill": f"{number:032x}"},
        "entries": entries,
    }


def single_body(number: int) -> bytes:
    """A request for one voucher."""
    return orjson.dumps(message(number))


def batch_body(first: int, size: int) -> bytes:
    """A request for `size` vouchers."""
    return orjson.dumps({"vouchers": [message(first + i) for i in range(size)]})
