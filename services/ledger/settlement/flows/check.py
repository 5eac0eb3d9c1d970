"""Checks of a settlement against the books.

They run when it is proposed, and again under the lock of the centre's head when it is approved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias

import asyncpg

from services.ledger.common.domain.refusal import InsufficientFunds, LedgerRefusal
from services.ledger.posting.domain.suspense import SuspenseExceeded
from services.ledger.posting.store import suspense as suspense_store
from services.ledger.settlement.domain.adjustment import (
    GrantRequest,
    grant_refusal,
    granted_parts,
    remittance_refusal,
)
from services.ledger.settlement.domain.budget import OverBudget, budget_faults
from services.ledger.settlement.domain.refund import (
    RefundOrder,
    deposit_faults,
    settlement_refusal,
)
from services.ledger.settlement.domain.settlement import (
    EMPTIED,
    Settlement,
    SettlementKind,
    SettlementPart,
    emptying_refusal,
)
from services.ledger.settlement.domain.transfer_in import LetterUsed, YearsBrought
from services.ledger.settlement.domain.transfer_money import money_refusal, order_of
from services.ledger.settlement.store import basis as basis_store
from services.ledger.settlement.store import refund_order as refund_order_store
from services.ledger.settlement.store import settlement as settlement_store
from services.ledger.settlement.store import transfer_in as transfer_in_store
from shared.entry import Account
from shared.errors import Fault
from shared.money import format_yuan
from shared.roles import Caller, Role

Connection: TypeAlias = "asyncpg.Connection[Any]"


async def refusal_of(
    connection: Connection, settlement: Settlement, approver: Caller | None
) -> LedgerRefusal | None:
    """Return why a settlement cannot be posted, or None.

    Args:
        connection: reads only.
        settlement: as proposed.
        approver: the person approving it; None while it is being proposed.
    """
    if settlement.kind.moves_everything:
        account = EMPTIED[settlement.kind]
        balances = await settlement_store.movable_balances(connection, account, settlement.day)
        return emptying_refusal(settlement.kind, balances)
    match settlement.kind:
        case SettlementKind.EXPENDITURE_FUNDING:
            return await _budget_refusal(connection, settlement, approver)
        case SettlementKind.REFUND:
            return await _refund_refusal(connection, settlement)
        case SettlementKind.ADJUSTMENT_REMIT:
            rules = await basis_store.adjustment_rules(connection, settlement.day)
            totals = await basis_store.adjustment_totals(connection, settlement.day)
            return remittance_refusal(settlement.parts, rules, totals)
        case SettlementKind.ADJUSTMENT_GRANT:
            totals = await basis_store.adjustment_totals(connection, settlement.day)
            return grant_refusal(settlement.amounts, totals)
        case SettlementKind.TRANSFER_IN:
            return await _transfer_refusal(connection, settlement, approver)
        case _:
            return None


async def _transfer_refusal(
    connection: Connection, settlement: Settlement, approver: Caller | None
) -> LedgerRefusal | None:
    """Refuse a letter that has brought its money, or one of its years, already, or has none to bring."""
    transfer = settlement.terms.transfer
    assert transfer is not None
    [fund] = settlement.amounts
    if await transfer_in_store.is_used(connection, transfer, fund):
        return LetterUsed(letter=transfer.letter)
    if years := await transfer_in_store.years_brought(connection, transfer, fund):
        return YearsBrought(letter=transfer.letter, years=years)
    orders = await refund_order_store.lock_open_of(connection, transfer.paper(fund))
    amount_fen = settlement.amounts[fund]
    refusal = money_refusal(transfer, amount_fen, orders, is_last=approver is not None)
    order = order_of(orders, amount_fen)
    if refusal is not None or approver is None or order is None:
        return refusal
    return await _suspense_refusal(connection, order, settlement.day)


async def granted(
    connection: Connection, settlement: Settlement, requests: Sequence[GrantRequest]
) -> tuple[SettlementPart, ...]:
    """Return what districts' requests are granted as the books are now.

    Raises:
        NoAdjustmentRule: a fund has no rule.
    """
    rules = await basis_store.adjustment_rules(connection, settlement.day)
    totals = await basis_store.adjustment_totals(connection, settlement.day)
    return granted_parts(requests, rules, totals)


async def _budget_refusal(
    connection: Connection, settlement: Settlement, approver: Caller | None
) -> LedgerRefusal | None:
    year = settlement.day.year
    budget = await basis_store.budget(connection, year)
    faults = budget_faults(settlement.parts, budget, await basis_store.funded(connection, year))
    # A plan without accounts cannot be counted against a budget, whatever its reason.
    is_countable = all(fault.code == OverBudget.code for fault in faults)
    is_excused = settlement.terms.over_budget is not None and is_countable
    if not faults or (is_excused and (approver is None or approver.role is Role.CENTRE_LEADER)):
        return None
    return OverBudget(faults=faults)


async def _refund_refusal(connection: Connection, settlement: Settlement) -> LedgerRefusal | None:
    """Check a refund against its order, the suspense of its receipt, and the paying account."""
    terms = settlement.terms
    order = await refund_order_store.lock(connection, terms.refund) if terms.refund else None
    refusal = settlement_refusal(order, settlement.parts, terms.deposit)
    if refusal is not None:
        return refusal
    assert order is not None
    assert terms.deposit
    if (refusal := await _suspense_refusal(connection, order, settlement.day)) is not None:
        return refusal
    if terms.deposit == Account.FISCAL_DEPOSIT:  # it has a floor, which the writer keeps
        return None
    balances = await settlement_store.movable_balances(connection, terms.deposit, settlement.day)
    short = deposit_faults(settlement.parts, terms.deposit, balances)
    return InsufficientFunds(faults=short) if short else None


async def _suspense_refusal(
    connection: Connection, order: RefundOrder, day: date
) -> LedgerRefusal | None:
    """Check the suspense of an order's receipt, and keep others from it until the transaction ends.

    The money must be there from the settlement's day on: no day ends with suspense below zero.
    """
    if not order.receipt or not order.suspense_fen:
        return None
    await suspense_store.lock(connection, [order.receipt])
    # What is free, with what this very order holds.
    free_fen = await suspense_store.free_of(connection, [order.receipt])
    least_fen = await suspense_store.least_of(connection, [order.receipt], day)
    for (fund, district), fen in order.suspense_fen.items():
        key = (order.receipt, fund, district)
        for pointer, message, missing in (
            ("/amounts", f"{order.receipt}: {fund}", free_fen.get(key, 0) < 0),
            ("/day", f"{order.receipt}: {day}", least_fen.get(key, 0) < fen),
        ):
            if missing:
                fault = Fault(pointer, SuspenseExceeded.code, message)
                return SuspenseExceeded(faults=[fault], asked=format_yuan(fen))
    return None
