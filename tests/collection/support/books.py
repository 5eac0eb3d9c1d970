"""The sums of a unit's vouchers."""

from __future__ import annotations

from collections import defaultdict

from shared.money import parse_yuan
from tests.collection.support.debtors import Debtors
from tests.collection.support.money import Owed, vouchers

Sums = dict[tuple[str, str], int]


async def sums_of(debtors: Debtors, *owed: Owed, owners: tuple[str, ...] = ()) -> Sums:
    """(account, fund) → debit less credit of the statutory books, where that is not nothing.

    Every voucher balances, and so do the memo entries of each.
    """
    codes = {*(one.credit_code for one in owed), *owners}
    sums: Sums = defaultdict(int)
    for voucher in await vouchers(debtors.url):
        if voucher["owner"] not in codes:
            continue
        balance: dict[tuple[str, str], int] = defaultdict(int)
        for entry in voucher["entries"]:
            fen = parse_yuan(entry["amount"]) * (1 if entry["side"] == "debit" else -1)
            balance[entry["book"], entry["fund"]] += fen
            if entry["book"] == "statutory":
                sums[entry["account"], entry["fund"]] += fen
        assert not any(balance.values()), voucher
    return {key: fen for key, fen in sums.items() if fen}
