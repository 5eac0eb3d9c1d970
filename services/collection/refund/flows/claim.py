"""Claims: find the money of a source, and reserve it under locks so that nothing else can use it.

The receipt is locked before the unit, as by a match; the unit before its credits and bills.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.books import INCOME
from services.collection.allocation.domain.receipt import Channel, ReceiptUnknown
from services.collection.allocation.flows import ReceiptPolicies, policies_of
from services.collection.allocation.store import payment as payment_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.flows import bill as billing_bill_flow
from services.collection.billing.store import credit as credit_store
from services.collection.billing.store import due as due_store
from services.collection.receipts.flows import holding as holding_flow
from services.collection.refund.domain import (
    NotACharge,
    NothingToRefund,
    Refund,
    RefundPart,
    RefundSource,
    TransferLetter,
    chosen_fen,
    route,
    taken_in_turn,
)
from services.collection.refund.store import claim as claim_store
from services.collection.refund.store.claim import PaidCharge
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import unit as unit_store
from shared.clock import today
from shared.entry import Account
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True)
class ReceiptMoney:
    """Money of a receipt in suspense."""

    receipt: Ref


@dataclass(frozen=True, slots=True)
class TransferMoney:
    """Money of a receipt in suspense that another city sent for a person, by a letter."""

    receipt: Ref
    letter: TransferLetter


@dataclass(frozen=True, slots=True)
class UnitCredits:
    """The credits of a unit that no bill has used."""

    credit_code: str


@dataclass(frozen=True, slots=True)
class ChargeMoney:
    """A late charge that was paid."""

    bill: Ref


Money: TypeAlias = ReceiptMoney | TransferMoney | UnitCredits | ChargeMoney
"""The source of a refund, as it is requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Money found at its source. `parts` reserve it; a charge is reserved when it is approved."""

    key: int
    source: RefundSource
    credit_code: str
    district: str
    deposit: str
    amount_fen: int
    unit_id: int | None = None
    receipt: Ref | None = None
    bill: Ref | None = None
    transfer: TransferLetter | None = None
    parts: Sequence[RefundPart] = ()


async def claim(
    tx: AsyncConnection,
    money: Money,
    *,
    wanted_fen: int | None,
    deposit: str | None,
    on: date,
    region: str,
    caller: Caller,
) -> Claim:
    """Find the money of a source and reserve it.

    Raises:
        NotFound, Forbidden: the source.
        NothingToRefund, RefundExceeds, NotACharge: it has not so much to give back.
        RouteDiffers: the deposit is not the original one.
    """
    policies = await policies_of(tx, region)
    match money:
        case ReceiptMoney(receipt):
            return await _of_receipt(tx, receipt, wanted_fen, deposit)
        case TransferMoney(receipt, letter):
            found = await _of_receipt(tx, receipt, wanted_fen, None)
            return replace(found, source=RefundSource.TRANSFER, transfer=letter)
        case UnitCredits(credit_code):
            return await _of_credits(tx, credit_code, wanted_fen, deposit, on, policies, caller)
        case ChargeMoney(bill):
            return await _of_charge(tx, bill, wanted_fen, deposit, policies, caller)


async def _of_receipt(
    tx: AsyncConnection, ref: Ref, wanted_fen: int | None, deposit: str | None
) -> Claim:
    receipt = await receipt_store.find(tx, ref)
    if receipt is None:
        raise ReceiptUnknown
    suspense = (await holding_flow.lock(tx, ref)).suspense
    if suspense is None:
        raise NothingToRefund
    amount_fen = chosen_fen(suspense.open_fen, wanted_fen)
    held = [one for one in await payment_store.balances(tx, ref) if one.left_fen > 0]
    taken = taken_in_turn([one.left_fen for one in held], amount_fen)
    nobodys = RefundPart(
        fund=suspense.fund,
        account=Account.SUSPENSE_RECEIPTS,
        district=suspense.district,
        amount_fen=amount_fen - sum(taken),
    )
    parts = [
        replace(nobodys, amount_fen=fen, unit_id=one.unit_id, event_id=one.event_id)
        for one, fen in zip(held, taken, strict=True)
        if fen
    ]
    if nobodys.amount_fen:  # the payer is not known
        parts.append(nobodys)
    await reserve(tx, ref, parts)
    return Claim(
        key=ref.key,
        source=RefundSource.RECEIPT,
        credit_code=receipt.credit_code,
        district=suspense.district,
        deposit=route([suspense.account], deposit),
        amount_fen=amount_fen,
        unit_id=held[0].unit_id if held else None,
        receipt=ref,
        parts=parts,
    )


async def _of_credits(
    tx: AsyncConnection,
    credit_code: str,
    wanted_fen: int | None,
    deposit: str | None,
    on: date,
    policies: ReceiptPolicies,
    caller: Caller,
) -> Claim:
    unit = await unit_flow.find(tx, credit_code, caller)
    await unit_store.lock(tx, unit.id)
    unused = await credit_store.unused(tx, [unit.id])
    credits = [credit for credit in unused if credit.granted_on <= on]
    amount_fen = chosen_fen(sum(credit.left_fen for credit in credits), wanted_fen)
    taken = taken_in_turn([credit.left_fen for credit in credits], amount_fen)
    parts = [
        RefundPart(
            fund=credit.fund,
            account=INCOME[credit.account],
            district=credit.district,
            amount_fen=fen,
            unit_id=unit.id,
            credit_id=credit.id,
        )
        for credit, fen in zip(credits, taken, strict=True)
        if fen
    ]
    periods = sorted({credit.period for credit, fen in zip(credits, taken, strict=True) if fen})
    paid = await claim_store.channels(tx, unit.id, periods)
    deposits = [policies.account(Channel(one.channel), one.book_date) for one in paid]
    await reserve(tx, None, parts)
    return Claim(
        key=unit.id,
        source=RefundSource.CREDITS,
        credit_code=credit_code,
        district=unit.district,
        deposit=route(deposits or [policies.account(Channel.TAX, today())], deposit),
        amount_fen=amount_fen,
        unit_id=unit.id,
        parts=parts,
    )


async def _of_charge(
    tx: AsyncConnection,
    ref: Ref,
    wanted_fen: int | None,
    deposit: str | None,
    policies: ReceiptPolicies,
    caller: Caller,
) -> Claim:
    bill, _ = await billing_bill_flow.find(tx, ref, caller)
    if bill.kind != CHARGE:
        raise NotACharge(bill=ref.text(Reference.BILL))
    paid = latest_receipt(await claim_store.paid_charges(tx, bill.unit_id, bill.id))
    amount_fen = chosen_fen(sum(one.amount_fen for one in paid), wanted_fen)
    account = policies.account(Channel(paid[0].channel), paid[0].book_date)
    return Claim(
        key=bill.unit_id,
        source=RefundSource.CHARGE,
        credit_code=bill.credit_code,
        district=bill.district,
        deposit=route([account], deposit),
        amount_fen=amount_fen,
        unit_id=bill.unit_id,
        receipt=Ref(paid[0].receipt_key, paid[0].receipt_id),
        bill=ref,
    )


def latest_receipt(paid: Sequence[PaidCharge]) -> list[PaidCharge]:
    """Keep what the latest receipt paid: a refund gives back money of one receipt."""
    return [one for one in paid if one.receipt_id == paid[0].receipt_id]


async def reserve(tx: AsyncConnection, receipt: Ref | None, parts: Sequence[RefundPart]) -> None:
    """Reserve money at its source: suspense with its payments, or credits."""
    await _move(tx, receipt, parts, sign=1)


async def release(tx: AsyncConnection, refund: Refund, parts: Sequence[RefundPart]) -> None:
    """Let what a refund reserved be used again; accounts that may need it are looked at."""
    units = sorted({part.unit_id for part in parts if part.unit_id is not None})
    if refund.receipt is not None:
        await holding_flow.lock(tx, refund.receipt, *units)
    else:
        for unit_id in units:
            await unit_store.lock(tx, unit_id)
    await _move(tx, refund.receipt, parts, sign=-1)
    await due_store.mark_due(tx, units, cause="refund", on=today())


async def _move(
    tx: AsyncConnection, receipt: Ref | None, parts: Sequence[RefundPart], *, sign: int
) -> None:
    for part in parts:
        if part.event_id is not None and part.unit_id is not None:
            await payment_store.take(tx, part.unit_id, part.event_id, sign * part.amount_fen)
    in_suspense = sum(part.amount_fen for part in parts if part.credit_id is None)
    if receipt is not None and in_suspense:
        await claim_store.claim_suspense(tx, receipt, sign * in_suspense)
    for unit_id in {part.unit_id for part in parts if part.credit_id is not None}:
        assert unit_id is not None
        await claim_store.claim_credits(
            tx,
            unit_id,
            {
                part.credit_id: sign * part.amount_fen
                for part in parts
                if part.credit_id is not None
            },
        )
