"""What speaks against a settlement in parts, as the books stand: asked when it is proposed, and
again under the lock of the centre's head when it is approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg

from services.ledger.common.domain.refusal import InsufficientFunds, LedgerRefusal
from services.ledger.settlement.domain.adjustment import Request, due, grants
from services.ledger.settlement.domain.budget import OverBudget, over
from services.ledger.settlement.domain.refund import NotRefundable, Original, faults_of
from services.ledger.settlement.domain.refusals import BeyondCap, NoAdjustmentRule
from services.ledger.settlement.domain.settlement import Part, Settlement, SettlementKind
from services.ledger.settlement.store import basis as basis_store
from services.ledger.settlement.store import settlement as settlement_store
from shared.entry import Account
from shared.errors import Fault
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller, Role

Connection: TypeAlias = "asyncpg.Connection[Any]"

REFUNDED_KINDS = frozenset({"receipt", "match", "suspense", "late_fee", "interest"})
"""Kinds of vouchers by which money of payers comes in."""


async def against(
    connection: Connection, settlement: Settlement, approver: Caller | None
) -> LedgerRefusal | None:
    """Why a settlement cannot be, or None.

    Args:
        connection: reads only.
        settlement: as proposed.
        approver: who approves it now; None while it is being proposed.
    """
    match settlement.kind:
        case SettlementKind.EXPENDITURE_FUNDING:
            return await _over_budget(connection, settlement, approver)
        case SettlementKind.REFUND:
            return await _not_refundable(connection, settlement)
        case SettlementKind.ADJUSTMENT_REMIT:
            return await _beyond_due(connection, settlement)
        case SettlementKind.ADJUSTMENT_GRANT:
            return await _beyond_gathered(connection, settlement)
        case _:
            return None


async def _over_budget(
    connection: Connection, settlement: Settlement, approver: Caller | None
) -> LedgerRefusal | None:
    year = settlement.day.year
    budget = await basis_store.budget(connection, year)
    faults = over(settlement.parts, budget, await basis_store.funded(connection, year))
    # A plan without accounts cannot be counted against anything, whatever its reason.
    is_countable = all(fault.code == OverBudget.code for fault in faults)
    is_excused = settlement.terms.over_budget is not None and is_countable
    if not faults or (is_excused and (approver is None or approver.role is Role.CENTRE_LEADER)):
        return None
    return OverBudget(faults=faults)


# --- refunds --------------------------------------------------------------------------------


def place_of(voucher: str) -> tuple[int, int] | None:
    """(slot, seq) of a voucher's identifier, or None."""
    parts = voucher.split("_")
    if (
        len(parts) != 3
        or parts[0] != Reference.VOUCHER
        or not all(p.isdecimal() for p in parts[1:])
    ):
        return None
    slot, seq = int(parts[1]), int(parts[2])
    return (slot, seq) if slot < 1024 and seq < 2**63 else None


async def _not_refundable(connection: Connection, settlement: Settlement) -> LedgerRefusal | None:
    terms = settlement.terms
    assert terms.voucher
    assert terms.deposit
    place = place_of(terms.voucher)
    found = await basis_store.receipt_of(connection, *place) if place else None
    if place is None or found is None or found[0] not in REFUNDED_KINDS:
        return NotRefundable(faults=[Fault("/voucher", NotRefundable.code, terms.voucher)])
    original = await basis_store.original(connection, *place)
    refunded = await basis_store.refunded(connection, terms.voucher)
    if found[1]:
        # What was identified since is no longer there to be refunded as suspense.
        received = dict(original.received_fen)
        open_fen = await basis_store.suspended(connection, found[1])
        for name in received:
            if name[1] == Account.SUSPENSE_RECEIPTS:
                received[name] = open_fen.get(name, 0) + refunded.get(name, 0)
        original = Original(received_fen=received, deposits=original.deposits)
    faults = faults_of(settlement.parts, terms.deposit, original, refunded)
    if faults:
        return NotRefundable(faults=faults)
    return await _not_on_deposit(connection, settlement, terms.deposit)


async def _not_on_deposit(
    connection: Connection, settlement: Settlement, deposit: str
) -> LedgerRefusal | None:
    """Income and treasury have no floor of their own, as receipts must not wait for one another."""
    if deposit == Account.FISCAL_DEPOSIT:
        return None
    there = await settlement_store.emptied_balances(connection, deposit, settlement.day)
    wanted: dict[tuple[str, str], int] = {}
    for part in settlement.parts:
        name = (part.fund, part.district or "")
        wanted[name] = wanted.get(name, 0) + part.amount_fen
    faults = [
        Fault(
            "/deposit",
            InsufficientFunds.code,
            f"{fund}/{deposit}/{district}: available={format_yuan(there.get((fund, district), 0))},"
            f" asked={format_yuan(amount_fen)}",
        )
        for (fund, district), amount_fen in wanted.items()
        if there.get((fund, district), 0) < amount_fen
    ]
    return InsufficientFunds(faults=faults) if faults else None


# --- adjustment money -----------------------------------------------------------------------


async def _beyond_due(connection: Connection, settlement: Settlement) -> LedgerRefusal | None:
    rules = await basis_store.adjustment_rules(connection, settlement.day)
    missing = [part.fund for part in settlement.parts if part.fund not in rules]
    if missing:
        return NoAdjustmentRule(funds=" ".join(missing))
    standing = await basis_store.adjustment_standing(connection, settlement.day)
    faults = []
    for i, part in enumerate(settlement.parts):
        books = standing.get(part.fund)
        due_fen = due(rules[part.fund], books) if books else 0
        if part.amount_fen > due_fen:
            said = f"{part.fund}: due={format_yuan(due_fen)}, asked={format_yuan(part.amount_fen)}"
            faults.append(Fault(f"/amounts/{i}/amount", BeyondCap.code, said))
    return BeyondCap(faults=faults) if faults else None


async def granted(
    connection: Connection, settlement: Settlement, requests: Sequence[Request]
) -> tuple[Part, ...]:
    """What districts' requests are granted as the books stand, in parts.

    Raises:
        NoAdjustmentRule: a fund without rules.
    """
    rules = await basis_store.adjustment_rules(connection, settlement.day)
    standing = await basis_store.adjustment_standing(connection, settlement.day)
    parts: list[Part] = []
    for fund in dict.fromkeys(request.fund for request in requests):
        if fund not in rules:
            raise NoAdjustmentRule(funds=fund)
        mine = [request for request in requests if request.fund == fund]
        available_fen = standing[fund].gathered_fen if fund in standing else 0
        parts += [
            Part(fund=fund, district=request.district, amount_fen=amount_fen)
            for request, amount_fen in zip(
                mine, grants(rules[fund], mine, available_fen), strict=True
            )
        ]
    return tuple(parts)


async def _beyond_gathered(connection: Connection, settlement: Settlement) -> LedgerRefusal | None:
    standing = await basis_store.adjustment_standing(connection, settlement.day)
    faults = []
    for fund, amount_fen in settlement.asked.items():
        available_fen = standing[fund].gathered_fen if fund in standing else 0
        if amount_fen > max(0, available_fen):
            said = (
                f"{fund}: available={format_yuan(available_fen)}, asked={format_yuan(amount_fen)}"
            )
            faults.append(Fault("/requests", BeyondCap.code, said))
    return BeyondCap(faults=faults) if faults else None
