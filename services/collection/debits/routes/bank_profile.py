"""Doors of banks of direct debits: their formats, and corrections by two people."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response

from services.collection.debits.flows import bank_profile as bank_profile_flow
from services.collection.debits.schemas.bank_profile import (
    BankProfileCorrectionOut,
    BankProfileDecisionIn,
    BankProfileIn,
    BankProfileOut,
    BankProfileRefusalIn,
    BankProfilesOut,
)
from shared.door import Door, door
from shared.ids import Ref
from shared.page import RefPath
from shared.references import Reference
from shared.roles import Right
from shared.web.door_router import DoorRouter

router = DoorRouter()
Deciding = Annotated[Door, door(Right.APPROVE_CORRECTION)]


@router.get(
    "/v1/bank-profiles",
    operation_id="list_bank_profiles",
    summary="代扣银行 · List the banks of direct debits",
)
async def list_bank_profiles(
    at: Annotated[Door, door(Right.READ_COLLECTION, Right.FETCH_DEBIT_BATCH, any_unit=True)],
) -> BankProfilesOut:
    """List all banks with the formats of their files, and the corrections that wait for approval."""
    rows, waiting = await at.read(lambda tx: bank_profile_flow.profiles(tx, at.caller))
    return BankProfilesOut(
        items=[BankProfileOut.of(row) for row in rows],
        waiting=[BankProfileCorrectionOut.of(row) for row in waiting],
    )


@router.post(
    "/v1/bank-profiles/{code}/corrections",
    operation_id="correct_bank_profile",
    summary="更正代扣银行 · File a correction of a bank, or a new bank",
    status_code=201,
    response_model=BankProfileCorrectionOut,
)
async def correct_bank_profile(
    code: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,31}$")],
    body: BankProfileIn,
    at: Annotated[Door, door(Right.PROPOSE_CORRECTION)],
) -> Response:
    """File a bank's row as it is to be. It changes nothing before another person approves."""
    return await at.write(
        lambda tx: bank_profile_flow.correct(tx, body.profile(code), body.reason, at.caller),
        shape=BankProfileCorrectionOut.of,
        key=bank_profile_flow.profile_key(code),
        status=201,
    )


@router.post(
    "/v1/bank-profile-corrections/{correction}/approvals",
    operation_id="approve_bank_profile_correction",
    summary="批准银行更正 · Approve a correction of a bank",
    status_code=201,
    response_model=BankProfileCorrectionOut,
)
async def approve_bank_profile_correction(
    correction: RefPath, _: BankProfileDecisionIn, at: Deciding
) -> Response:
    """Approve a correction, as another person. The next file is made by it."""
    ref = Ref.parse(Reference.BANK_PROFILE_CORRECTION, correction)
    return await at.write(
        lambda tx: bank_profile_flow.decide(tx, ref, approved=True, why=None, caller=at.caller),
        shape=BankProfileCorrectionOut.of,
        key=ref.key,
        status=201,
    )


@router.post(
    "/v1/bank-profile-corrections/{correction}/refusals",
    operation_id="refuse_bank_profile_correction",
    summary="不批准银行更正 · Refuse a correction of a bank",
    status_code=201,
    response_model=BankProfileCorrectionOut,
)
async def refuse_bank_profile_correction(
    correction: RefPath, body: BankProfileRefusalIn, at: Deciding
) -> Response:
    """Refuse a correction, as another person."""
    ref = Ref.parse(Reference.BANK_PROFILE_CORRECTION, correction)
    return await at.write(
        lambda tx: bank_profile_flow.decide(
            tx, ref, approved=False, why=body.why, caller=at.caller
        ),
        shape=BankProfileCorrectionOut.of,
        key=ref.key,
        status=201,
    )
