"""The evidence of a closing, computed from balances: suspense, income account, memo book, totals.

Balances are (fund, account, district) → debits minus credits, in fen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from services.ledger.closing.domain.closing import ControlTotals
from services.ledger.reports.domain.balance import Sum
from shared.entry import Account, is_benefit
from shared.wire.control_item import ControlItem

_ITEM_OF_ACCOUNT: Final = {
    Account.SUSPENSE_RECEIPTS: (ControlItem.SUSPENSE, -1),
    Account.MEMO_LEVIED: (ControlItem.LEVIED, -1),
    Account.MEMO_COLLECTED: (ControlItem.COLLECTED, 1),
}
"""Account → the item that it shows, and its sign."""
_RARE_ACCOUNTS: Final = {
    ControlItem.LATE_FEES_CHARGED: (Account.MEMO_LEVIED,),
    ControlItem.LATE_FEES_COLLECTED: (Account.OTHER_INCOME, Account.INTEREST_INCOME),
    ControlItem.PERSONAL: (Account.CONTRIBUTION_PERSONAL,),
    ControlItem.REFUNDS: (
        Account.INCOME_DEPOSIT,
        Account.TREASURY_DEPOSIT,
        Account.FISCAL_DEPOSIT,
    ),
}
Balances = Mapping[tuple[str, str, str], int]
FundAccount = tuple[str, str]


def of_account(balances: Balances, account: str, *, sign: int = 1) -> dict[tuple[str, str], int]:
    """Return (fund, district) → balance of one account; `sign` -1 for a credit account."""
    return {
        (fund, district): sign * net_fen
        for (fund, key, district), net_fen in balances.items()
        if key == account
    }


def memo_totals(balances: Balances) -> dict[str, ControlTotals]:
    """Return fund → receivable and collected of the memo book."""
    totals: dict[str, ControlTotals] = {}
    for (fund, account, _), net_fen in balances.items():
        if account == Account.MEMO_LEVIED:
            continue
        before = totals.get(fund, ControlTotals())
        totals[fund] = (
            replace(before, receivable_fen=before.receivable_fen + net_fen)
            if account == Account.MEMO_RECEIVABLE
            else replace(before, collected_fen=before.collected_fen + net_fen)
        )
    return totals


def of_all_years(balances: Balances, carry_overs: Iterable[Sum]) -> dict[FundAccount, int]:
    """Return (fund, account) → debits minus credits of all years, without carry-overs."""
    net: dict[FundAccount, int] = {}
    for (fund, account, _), net_fen in balances.items():
        net[fund, account] = net.get((fund, account), 0) + net_fen
    for row in carry_overs:
        if row.account == Account.CONTRIBUTION_PERSONAL or is_benefit(row.account):
            net_fen = row.debit_fen - row.credit_fen
            net[row.fund, row.account] = net.get((row.fund, row.account), 0) - net_fen
    return net


def benefits_paid(net: Mapping[FundAccount, int]) -> dict[str, int]:
    """Return fund → benefits paid less those returned; zeros are left out account by account."""
    paid: dict[str, int] = {}
    for (fund, account), net_fen in net.items():
        if is_benefit(account) and net_fen:
            paid[fund] = paid.get(fund, 0) + net_fen
    return paid


def personal_totals(
    net: Mapping[FundAccount, int], credited_fen: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Return fund → (income for personal accounts, credits to persons)."""
    funds = {fund for fund, account in net if account == Account.CONTRIBUTION_PERSONAL}
    return {
        fund: (-net.get((fund, Account.CONTRIBUTION_PERSONAL), 0), credited_fen.get(fund, 0))
        for fund in sorted(funds | set(credited_fen))
    }


def item_totals(
    statutory: Balances,
    memo: Balances,
    net: Mapping[FundAccount, int],
    rare: Mapping[tuple[str, ControlItem], int],
) -> dict[str, dict[ControlItem, int]]:
    """Return fund → item → fen of the books.

    Args:
        statutory: suspense, among others.
        memo: levied and collected.
        net: income of personal accounts and benefits, of all years.
        rare: (fund, item) → late fees and interest, charged and collected, and refunds.
    """
    totals: dict[str, dict[ControlItem, int]] = defaultdict(lambda: defaultdict(int))
    for (fund, account, _), net_fen in [*statutory.items(), *memo.items()]:
        if account in _ITEM_OF_ACCOUNT:
            item, sign = _ITEM_OF_ACCOUNT[account]
            totals[fund][item] += sign * net_fen
    for (fund, account), net_fen in net.items():
        if account == Account.CONTRIBUTION_PERSONAL:
            totals[fund][ControlItem.PERSONAL] -= net_fen
        elif is_benefit(account):
            totals[fund][ControlItem.BENEFITS] += net_fen
    for (fund, item), fen in rare.items():
        totals[fund][item] += fen
    return {fund: dict(items) for fund, items in totals.items()}


def accounts_of(item: ControlItem, benefits: Iterable[str]) -> tuple[str, ...]:
    """Return the accounts whose entries make up an item; `benefits` are those of benefits."""
    if item is ControlItem.BENEFITS:
        return tuple(benefits)
    shown = tuple(account for account, (of, _) in _ITEM_OF_ACCOUNT.items() if of is item)
    return shown or _RARE_ACCOUNTS[item]
