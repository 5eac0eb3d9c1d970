"""Door of totals of recovered money, for dashboards and the yearly report."""

from __future__ import annotations

from services.payout.common.routes import DistrictQuery, ReadingSums
from services.payout.recoveries.flows import total as recovered_flow
from services.payout.recoveries.schemas.total import RecoveryTotalsOut
from shared.clock import today
from shared.web.door_router import DoorRouter

router = DoorRouter(tags=["recoveries"])


@router.get(
    "/v1/recovery-totals",
    operation_id="get_recovery_totals",
    summary="追回汇总 · Recovered money by year, open money by age",
)
async def get_recovery_totals(at: ReadingSums, district: DistrictQuery = None) -> RecoveryTotalsOut:
    """Sum recoveries by year, district, fund, kind and way; district people see their own.

    Dashboards may read it: it names no person and no case.
    """
    scope = at.caller.scope(district)
    totals = await at.read(lambda tx: recovered_flow.totals(tx, today=today(), district=scope))
    return RecoveryTotalsOut.of(totals)
