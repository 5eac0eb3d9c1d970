"""Amounts that the books show on a later day than business: their day was closed before they were posted.

Business keeps the day of its own rows. So the totals of a day leave out what was booked after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import outbox
from shared.entry import Account, Side, is_benefit
from shared.money import parse_yuan
from shared.wire.control_item import ControlItem
from shared.wire.voucher_delivery import read_payload

ItemSums = dict[tuple[str, ControlItem], int]
"""(fund, item) → fen."""
_CHARGES: Final = frozenset({"late_fee", "interest", "waiver", "reallocation", "receipt_return"})
"""Kinds of vouchers that move late fees and interest."""
_REFUNDS: Final = frozenset({"refund", "refund_return"})
_DEPOSITS: Final = frozenset(
    {Account.INCOME_DEPOSIT, Account.TREASURY_DEPOSIT, Account.FISCAL_DEPOSIT}
)


async def later_than(tx: AsyncConnection, day: date) -> ItemSums:
    """Sum up what business has by a day and the books have only after it."""
    payloads = await outbox.moved_beyond(tx, day)
    return sums_by(day, (found for payload in payloads if (found := _voucher(payload))))


def _voucher(payload: bytes) -> dict[str, Any] | None:
    message = read_payload(payload)
    if message is not None and isinstance(message.get("body"), dict):
        message = message["body"]
    return message if message is not None and "entries" in message else None


def sums_by(day: date, vouchers: Iterable[Mapping[str, Any]]) -> ItemSums:
    """Sum up the vouchers whose own day is not after a day, by fund and item."""
    sums: ItemSums = {}
    for voucher in vouchers:
        if date.fromisoformat(voucher["book_date"]) > day:
            continue
        for entry in voucher["entries"]:
            debit_fen = parse_yuan(entry["amount"])
            if entry["side"] == Side.CREDIT:
                debit_fen = -debit_fen
            for item, fen in _items(voucher["kind"], entry["account"], debit_fen):
                key = (entry["fund"], item)
                sums[key] = sums.get(key, 0) + fen
    return {key: fen for key, fen in sums.items() if fen}


def _items(kind: str, account: str, debit_fen: int) -> Iterable[tuple[ControlItem, int]]:
    """Yield the items that an entry belongs to, and by how much it raises them."""
    match account:
        case Account.MEMO_LEVIED:
            yield ControlItem.LEVIED, -debit_fen
            if kind in _CHARGES:
                yield ControlItem.LATE_FEES_CHARGED, -debit_fen
        case Account.MEMO_COLLECTED:
            yield ControlItem.COLLECTED, debit_fen
        case Account.SUSPENSE_RECEIPTS:
            yield ControlItem.SUSPENSE, -debit_fen
        case Account.CONTRIBUTION_PERSONAL:
            yield ControlItem.PERSONAL, -debit_fen
        case Account.OTHER_INCOME | Account.INTEREST_INCOME if kind in _CHARGES:
            yield ControlItem.LATE_FEES_COLLECTED, -debit_fen
        case _ if account in _DEPOSITS and kind in _REFUNDS:
            yield ControlItem.REFUNDS, -debit_fen
        case _ if is_benefit(account):
            yield ControlItem.BENEFITS, debit_fen
