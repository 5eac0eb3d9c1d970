"""Opening cases about paid claims that were found wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits.domain import BASIC_PENSION
from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.recoveries.domain.case import CaseCause, RecoveryCase
from services.payout.recoveries.domain.wrong_claim import (
    ClaimToRecoverUnknown,
    PaidClaim,
    PaidClaimLine,
    WrongAmount,
    case_lines,
    wrong_faults,
)
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.store import case as recovery_case_store
from services.payout.recoveries.store import wrong_claim as wrong_claim_store
from shared.ids import Ref
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongClaim:
    """A claim that was found wrong, with the amounts to come back.

    `inspection` is the reference of the inspection that found it, if one did.
    """

    ref: Ref
    amounts: Sequence[WrongAmount]
    reason: str
    document: str
    inspection: str | None = None


async def open_cases(
    tx: AsyncConnection, wrong: WrongClaim, *, keys: PersonKeys, today: date, caller: Caller
) -> list[RecoveryCase]:
    """Open one case for each payee of the lines.

    What an earlier case covers of a line is no more than it has to recover now.

    Raises:
        ClaimToRecoverUnknown: no such approved claim.
        Forbidden: another district's.
        Faulty: every fault of the lines.
    """
    await entitlement_store.lock_pensions(tx, alone=True)
    await recovery_case_flow.keep_in_step(tx, kind=BASIC_PENSION, caller=caller)
    claim = await wrong_claim_store.load(tx, wrong.ref)
    if claim is None:
        raise ClaimToRecoverUnknown(claim=wrong.ref.text(Reference.CLAIM))
    caller.require_district(claim.district)
    lines = await wrong_claim_store.lines(tx, wrong.ref, [one.line_no for one in wrong.amounts])
    require_faultless(wrong_faults(claim, wrong.amounts, lines))
    by_payee: dict[str, list[WrongAmount]] = {}
    for one in wrong.amounts:
        by_payee.setdefault(keys.name.open(lines[one.line_no].name), []).append(one)
    opened = []
    for amounts in by_payee.values():
        case = _case(claim, amounts, lines, wrong, today, caller)
        built = case_lines(claim, amounts, lines)
        await recovery_case_store.insert(tx, [case], [(case.ref, line) for line in built])
        opened.append(case)
    refs = [case.ref for case in opened]
    await recovery_case_flow.record(tx, refs, "opened", caller, why=wrong.reason)
    return opened


def _case(
    claim: PaidClaim,
    amounts: Sequence[WrongAmount],
    lines: Mapping[int, PaidClaimLine],
    wrong: WrongClaim,
    today: date,
    caller: Caller,
) -> RecoveryCase:
    first = lines[amounts[0].line_no]
    return RecoveryCase(
        ref=Ref.new(claim.ref.key),
        cause=CaseCause.CLAIM,
        kind=claim.kind,
        district=claim.district,
        fund=claim.fund,
        blind=None,
        sealed_number=first.sealed_number,
        name=first.name,
        reason=wrong.reason,
        document=wrong.document,
        inspection=wrong.inspection,
        opened_by=caller.subject,
        opened_on=today,
        amount_fen=sum(one.amount_fen for one in amounts),
    )
