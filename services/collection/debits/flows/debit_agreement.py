"""Three-party agreements: one person files, another decides; the same for their cancellation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.store import calendar as calendar_store
from services.collection.debits.domain.bank_profile import BankProfileUnknown
from services.collection.debits.domain.debit_agreement import (
    CANCELLATION_WORKDAYS,
    DebitAgreement,
    DebitAgreementState,
    DebitAgreementUnknown,
    DebitAgreementWaits,
    fault_of_cancellation,
    faults_of,
    workday_after,
)
from services.collection.debits.store import bank_profile as bank_profile_store
from services.collection.debits.store import debit_agreement as debit_agreement_store
from services.collection.register.flows import unit as unit_flow
from shared import trail
from shared.clock import today
from shared.errors import Faulty, StateConflict
from shared.ids import Ref, unit_key, uuid7
from shared.references import Reference
from shared.roles import Caller
from shared.security.personal_data import AccountCipher

PAPER: Final = "debit_agreement"
_SIGNING, _CANCELLATION = 1, 2
"""Rounds of the trail: a person signs at most once in each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitAgreementRequest:
    """A three-party agreement as it was signed on paper."""

    number: str
    bank_code: str
    bank: dict[str, Any]
    valid_from: date
    valid_to: date | None
    limit_fen: int | None
    signed_on: date


async def file(
    tx: AsyncConnection,
    credit_code: str,
    request: DebitAgreementRequest,
    *,
    accounts: AccountCipher,
    caller: Caller,
) -> DebitAgreement:
    """File an agreement of a unit.

    Raises:
        NotFound, Forbidden: there is no such unit for the caller.
        BankProfileUnknown: there is no such bank.
        Faulty: every fault of the days.
        DebitAgreementWaits: another agreement of the unit is not decided yet.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    if await bank_profile_store.find(tx, request.bank_code) is None:
        raise BankProfileUnknown(bank=request.bank_code)
    agreement = DebitAgreement(
        unit_id=unit_key(unit.credit_code),
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        number=request.number,
        bank_code=request.bank_code,
        bank=accounts.sealed(request.bank) or {},
        valid_from=request.valid_from,
        valid_to=request.valid_to,
        limit_fen=request.limit_fen,
        signed_on=request.signed_on,
    )
    faults = list(faults_of(agreement, today()))
    if faults:
        raise Faulty(faults=faults)
    if not await debit_agreement_store.insert(tx, agreement):
        raise DebitAgreementWaits(credit_code=credit_code)
    await trail.record(tx, _step(agreement, "file", _SIGNING), caller)
    return agreement


async def approve(tx: AsyncConnection, ref: Ref, caller: Caller) -> DebitAgreement:
    """Approve an agreement, as another person. It replaces the unit's open one from its first day.

    Raises:
        DebitAgreementUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
    """
    agreement = await find(tx, ref, caller)
    await trail.record(tx, _step(agreement, "approve", _SIGNING), caller)
    if agreement.status is DebitAgreementState.FILED:
        await debit_agreement_store.replace_open(tx, agreement.unit_id, agreement.valid_from)
    return await _change(tx, agreement, DebitAgreementState.FILED, DebitAgreementState.APPROVED)


async def refuse(tx: AsyncConnection, ref: Ref, why: str, caller: Caller) -> DebitAgreement:
    """Refuse an agreement, as another person.

    Raises:
        DebitAgreementUnknown, StateConflict, SamePersonTwice: as `approve`.
    """
    agreement = await find(tx, ref, caller)
    await trail.record(tx, _step(agreement, "refuse", _SIGNING, why), caller)
    return await _change(tx, agreement, DebitAgreementState.FILED, DebitAgreementState.REFUSED)


async def cancel(
    tx: AsyncConnection, ref: Ref, on: date, why: str, caller: Caller
) -> DebitAgreement:
    """File the cancellation of an agreement. It holds until another person approves.

    Raises:
        DebitAgreementUnknown, StateConflict: it cannot be cancelled.
        Faulty: the day is after today, or before the agreement was signed.
    """
    agreement = await find(tx, ref, caller)
    fault = fault_of_cancellation(agreement, on, today())
    if fault:
        raise Faulty(faults=[fault])
    await trail.record(tx, _step(agreement, "cancel", _CANCELLATION, why), caller)
    return await _change(
        tx,
        agreement,
        DebitAgreementState.APPROVED,
        DebitAgreementState.CANCELLING,
        cancelled_on=on,
    )


async def approve_cancellation(tx: AsyncConnection, ref: Ref, caller: Caller) -> DebitAgreement:
    """Approve a cancellation, as another person. It takes effect ten workdays after its day.

    Raises:
        DebitAgreementUnknown, StateConflict, SamePersonTwice: the caller cannot approve it.
    """
    agreement = await find(tx, ref, caller)
    await trail.record(tx, _step(agreement, "approve_cancellation", _CANCELLATION), caller)
    if agreement.cancelled_on is None:
        raise StateConflict(status=agreement.status.value)
    on = agreement.cancelled_on
    workdays = await calendar_store.workdays(tx, on, on + timedelta(60))
    return await _change(
        tx,
        agreement,
        DebitAgreementState.CANCELLING,
        DebitAgreementState.CANCELLED,
        ends_on=workday_after(on, CANCELLATION_WORKDAYS, workdays),
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> DebitAgreement:
    """Read an agreement that the caller may see.

    Raises:
        DebitAgreementUnknown: there is none. Forbidden: it is of another district.
    """
    agreement = await debit_agreement_store.find(tx, ref.key, ref.id)
    if agreement is None:
        raise DebitAgreementUnknown(agreement=ref.text(Reference.DEBIT_AGREEMENT))
    caller.require_district(agreement.district)
    return agreement


page = debit_agreement_store.page
"""Reads agreements of a unit, of a district or of all."""


async def _change(
    tx: AsyncConnection,
    agreement: DebitAgreement,
    before: DebitAgreementState,
    to: DebitAgreementState,
    *,
    cancelled_on: date | None = None,
    ends_on: date | None = None,
) -> DebitAgreement:
    if agreement.status is not before or not await debit_agreement_store.change(
        tx, agreement, to, cancelled_on=cancelled_on, ends_on=ends_on
    ):
        raise StateConflict(status=agreement.status.value)
    return replace(
        agreement,
        status=to,
        cancelled_on=cancelled_on or agreement.cancelled_on,
        ends_on=ends_on or agreement.ends_on,
    )


def _step(agreement: DebitAgreement, step: str, round_: int, why: str | None = None) -> trail.Step:
    return trail.Step(
        shard_key=agreement.unit_id,
        paper=PAPER,
        paper_id=agreement.id,
        step=step,
        signs=True,
        round=round_,
        why=why,
        detail={"number": agreement.number, "bank": agreement.bank_code},
    )
