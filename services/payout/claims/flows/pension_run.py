"""Filing pension runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.benefits import flows as benefits_flow
from services.payout.benefits.domain import BASIC_PENSION, ClaimKind
from services.payout.claims.domain.claim import Claim
from services.payout.claims.domain.draft import NothingToPay
from services.payout.claims.domain.run import SCOPE_NAMES, RunScope
from services.payout.claims.flows import claim as claim_flow
from services.payout.claims.store import pension as pension_store
from services.payout.common.domain import require_begun
from services.payout.entitlements.store import entitlement as entitlement_store
from services.payout.entitlements.store import rule as rule_store
from services.payout.raises.flows import pension_raise as pension_raise_flow
from services.payout.recoveries.flows import case as recovery_case_flow
from services.payout.recoveries.flows import deduction as deduction_flow
from shared.period import Period
from shared.roles import Caller


async def file_pension_run(
    tx: AsyncConnection,
    *,
    district: str,
    period: Period,
    today: date,
    caller: Caller,
    scope: RunScope = RunScope.MONTH,
) -> Claim:
    """File the pension run of a district and month: one claim with a line for each unpaid month.

    A run of arrears has lines of months only that have a run, up to its own; there may be several.

    Raises:
        Forbidden: another district.
        PeriodInFuture: the month has not begun, and no rule lets it be paid early.
        ClaimExists: this district and month has a run that is not refused.
        NothingToPay: nobody is entitled, or all of it is paid.
    """
    caller.require_district(district)
    rules = await rule_store.in_force(tx, today)
    if rules.early_month(BASIC_PENSION, district) != period:
        require_begun(period, today)
    row = await benefits_flow.kind_on(tx, ClaimKind.PENSION_RUN, today)
    claim = claim_flow.new_claim(
        row,
        district=district,
        period=period,
        filed_on=today,
        summary=f"{period} 基本养老金{SCOPE_NAMES[scope]}",
        caller=caller,
    )
    digest = b"" if scope is RunScope.MONTH else claim.ref.id.bytes
    await claim_flow.require_new(tx, claim, digest)
    await entitlement_store.lock_pensions(tx, alone=True)
    await pension_raise_flow.catch_up(tx, kind=BASIC_PENSION, district=district)
    await recovery_case_flow.keep_in_step(tx, kind=BASIC_PENSION, caller=caller)
    lines, total_fen = await pension_store.write_lines(
        tx,
        claim.ref,
        kind=BASIC_PENSION,
        fund=claim.fund,
        district=district,
        period=period,
        scope=scope,
    )
    if not lines:
        raise NothingToPay(district=district, period=str(period))
    await deduction_flow.record(tx, claim_flow.deducting(claim), caller=caller)
    return await claim_flow.file(
        tx, replace(claim, lines=lines, total_fen=total_fen), digest, caller
    )
