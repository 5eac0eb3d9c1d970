"""Listing failed payments, and correcting their accounts by two people."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.entitlements.store import rule as rule_store
from services.payout.payments.domain.failed import (
    PAPER,
    AccountCorrection,
    CorrectedAccount,
    CorrectionDecided,
    CorrectionStatus,
    FailedKey,
    FailedPayment,
    LineNotFailed,
    correction_faults,
)
from services.payout.payments.store import account_correction as account_correction_store
from services.payout.payments.store import failed as failed_store
from shared import trail
from shared.errors import NotFound
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    after: FailedKey | None,
    limit: int,
) -> list[FailedPayment]:
    """Read the claim lines that wait to be paid again."""
    return await failed_store.page(tx, filters=filters, after=after, limit=limit)


async def propose(
    tx: AsyncConnection,
    claim: Ref,
    line_no: int,
    account: CorrectedAccount,
    note: str,
    *,
    keys: PersonKeys,
    today: date,
    caller: Caller,
) -> AccountCorrection:
    """Propose another account for a failed line.

    Raises:
        LineNotFailed: the line does not wait to be paid again.
        Forbidden: another district's claim.
        Faulty: the account is another's and no rule has the reason for it.
        CorrectionWaits: another correction of the line waits.
    """
    line = await failed_store.waits(tx, claim, line_no)
    if line is None:
        raise LineNotFailed(claim=claim.text(Reference.CLAIM), line=line_no)
    district, payee, holder = line
    caller.require_district(district)
    rules = await rule_store.in_force(tx, today)
    names = keys.name.open(payee), keys.bank_holder.open(holder)
    corrected = keys.bank_holder.open(account.bank_holder)
    require_faultless(
        correction_faults(names, corrected, account.holder_reason, rules.holder_reasons())
    )
    correction = AccountCorrection(
        ref=Ref.new(claim.key),
        claim=claim,
        line_no=line_no,
        district=district,
        account=account,
        note=note,
        status=CorrectionStatus.PROPOSED,
        proposed_by=caller.subject,
    )
    await account_correction_store.propose(tx, correction)
    await _record(tx, correction, "proposed", caller, why=note)
    return correction


async def decide(
    tx: AsyncConnection, ref: Ref, status: CorrectionStatus, note: str | None, *, caller: Caller
) -> AccountCorrection:
    """Approve or refuse a correction; the next batch pays to the latest approved account.

    Raises:
        NotFound: no such correction.
        Forbidden: another district's.
        CorrectionDecided: it is decided already.
        SamePersonTwice: the caller proposed it.
    """
    correction = await account_correction_store.load(tx, ref)
    if correction is None:
        raise NotFound(account_correction=ref.text(Reference.ACCOUNT_CORRECTION))
    caller.require_district(correction.district)
    if correction.status is not CorrectionStatus.PROPOSED:
        raise CorrectionDecided(status=correction.status.value)
    # The trail refuses the same person by name; the table's own rule stands behind it.
    await _record(tx, correction, status.value, caller, why=note)
    await account_correction_store.decide(tx, ref, status, caller.subject)
    return replace(correction, status=status)


async def read_account(tx: AsyncConnection, ref: Ref, *, caller: Caller) -> CorrectedAccount:
    """Read the whole account of a correction; the trail names the reader.

    Raises:
        NotFound: no such correction.
        Forbidden: another district's.
    """
    correction = await account_correction_store.load(tx, ref)
    if correction is None:
        raise NotFound(account_correction=ref.text(Reference.ACCOUNT_CORRECTION))
    caller.require_district(correction.district)
    await _record(tx, correction, "account_read", caller, why=None, signs=False)
    return correction.account


async def page_of_corrections(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[AccountCorrection]:
    """Read corrections in order of proposal."""
    return await account_correction_store.page(tx, filters=filters, after=after, limit=limit)


async def _record(
    tx: AsyncConnection,
    correction: AccountCorrection,
    step: str,
    caller: Caller,
    *,
    why: str | None,
    signs: bool = True,
) -> None:
    await trail.record(
        tx,
        trail.Step(
            shard_key=correction.ref.key,
            paper=PAPER,
            paper_id=correction.ref.id,
            step=step,
            signs=signs,
            why=why,
            detail={
                "claim": correction.claim.text(Reference.CLAIM),
                "line": correction.line_no,
            },
        ),
        caller,
    )
