"""Banks of direct debits; two people correct a bank's row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.debits.domain.bank_profile import (
    BankProfile,
    BankProfileCorrection,
    BankProfileCorrectionUnknown,
    BankProfileCorrectionWaits,
    BankProfileUnknown,
    check_signing,
)
from services.collection.debits.store import bank_profile as bank_profile_store
from shared import trail
from shared.bank_files.formats import bank_format
from shared.errors import StateConflict
from shared.ids import Ref, key_of, uuid7
from shared.references import Reference
from shared.roles import Caller, Right

PAPER: Final = "bank_profile_correction"


def profile_key(code: str) -> int:
    """Return the shard key of a bank's papers."""
    return key_of("bank_profile", code)


async def profiles(
    tx: AsyncConnection, caller: Caller
) -> tuple[Sequence[BankProfile], Sequence[BankProfileCorrection]]:
    """Read all banks by code, and the corrections that wait; a bank's own client sees none of these."""
    waits = caller.may(Right.READ_COLLECTION)
    return (
        await bank_profile_store.profiles(tx),
        await bank_profile_store.waiting(tx) if waits else (),
    )


async def find(tx: AsyncConnection, code: str) -> BankProfile:
    """Read a bank.

    Raises:
        BankProfileUnknown: there is none.
    """
    profile = await bank_profile_store.find(tx, code)
    if profile is None:
        raise BankProfileUnknown(bank=code)
    return profile


async def correct(
    tx: AsyncConnection, profile: BankProfile, reason: str, caller: Caller
) -> BankProfileCorrection:
    """File a correction of a bank's row, or a new bank.

    Raises:
        BankFormatUnknown: there is no such format.
        BankSigningInvalid: its signing is incomplete.
        BankProfileCorrectionWaits: another correction of the bank is not decided yet.
    """
    bank_format(profile.format)
    check_signing(profile)
    correction = BankProfileCorrection(
        id=uuid7(),
        code=profile.code,
        profile=asdict(profile),
        reason=reason,
        status="filed",
        filed_by=caller.subject,
    )
    if not await bank_profile_store.insert_correction(tx, correction):
        raise BankProfileCorrectionWaits(bank=profile.code)
    await trail.record(tx, _step(correction, "file"), caller)
    return correction


async def decide(
    tx: AsyncConnection, ref: Ref, *, approved: bool, why: str | None, caller: Caller
) -> BankProfileCorrection:
    """Decide a correction, as another person. An approved one is in force for the next batch.

    Raises:
        BankProfileCorrectionUnknown, StateConflict, SamePersonTwice: the caller cannot decide it.
    """
    correction = await bank_profile_store.correction(tx, ref.id)
    if correction is None or profile_key(correction.code) != ref.key:
        raise BankProfileCorrectionUnknown(correction=ref.text(Reference.BANK_PROFILE_CORRECTION))
    to = "approved" if approved else "refused"
    await trail.record(tx, _step(correction, to, why), caller)
    if not await bank_profile_store.decide_correction(tx, correction.id, to):
        raise StateConflict(status=correction.status)
    if approved:
        await bank_profile_store.save(tx, BankProfile(**correction.profile))
    return replace(correction, status=to)


def _step(correction: BankProfileCorrection, step: str, why: str | None = None) -> trail.Step:
    return trail.Step(
        shard_key=profile_key(correction.code),
        paper=PAPER,
        paper_id=correction.id,
        step=step,
        signs=True,
        why=why or correction.reason,
        detail=correction.profile,
    )
