"""Certify that a unit has paid in full (足额缴费证明), or name every bill that says it has not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.arrears import Receivable, UnitInArrears, by_bill, totals_of
from services.collection.arrears.flows import arrears as arrears_flow
from services.collection.arrears.store import arrears as arrears_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.common.domain.errors import CertificateUnknown, DayInFuture
from services.collection.notice import store as notice_store
from services.collection.notice.store import Certificate
from services.collection.register.flows import unit as unit_flow
from services.collection.register.store import unit as unit_store
from shared import trail
from shared.clock import now, today
from shared.errors import Fault, Faulty, Kind, Refusal
from shared.ids import Ref, uuid7
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "certificate"


class NothingBilled(Refusal):
    """该单位所列所属期没有缴费通知单,无从证明 (no bill of those periods: nothing to certify)"""

    kind = Kind.CONFLICT
    code = "NOTHING_BILLED"


async def issue(
    tx: AsyncConnection,
    credit_code: str,
    periods: tuple[Period, Period],
    as_of: date,
    *,
    region: str,
    caller: Caller,
) -> Certificate:
    """Certify that nothing of any period was overdue on a day; what is deferred counts as paid.

    Raises:
        UnitUnknown, Forbidden, DayInFuture, Faulty: not to be judged.
        NothingBilled: no bill of the periods. UnitInArrears: every overdue bill is named.
    """
    if as_of > today():
        raise DayInFuture(as_of=as_of)
    first, last = periods
    if last < first:
        raise Faulty(faults=[Fault("/period_to", "PERIODS_REVERSED", "终止月早于起始月")])
    unit = await unit_flow.find(tx, credit_code, caller)
    await unit_store.lock(tx, unit.id)
    billed_fen = await arrears_store.billed(tx, unit.id, credit_code, str(first), str(last))
    if not billed_fen:
        raise NothingBilled(period_from=first, period_to=last)
    found = await arrears_flow.of_unit(tx, credit_code, region=region, as_of=as_of, caller=caller)
    _refuse_arrears(found)
    start = f"ZM-{credit_code}-{as_of.year}-"
    row = Certificate(
        unit_id=unit.id,
        id=uuid7(),
        number=f"{start}{await notice_store.count(tx, unit.id, start) + 1:04d}",
        credit_code=credit_code,
        district=unit.district,
        as_of=as_of,
        period_from=str(first),
        period_to=str(last),
        billed_fen=billed_fen,
        deferred_fen=_deferred_fen(found, first, last),
        issued_by=caller.subject,
        issued_at=now(),
    )
    await notice_store.insert(tx, row)
    step = trail.Step(shard_key=unit.id, paper=PAPER, paper_id=row.id, step="issue", signs=True,
                      detail={"number": row.number})  # fmt: skip
    await trail.record(tx, step, caller)
    return row


def _refuse_arrears(found: Sequence[Receivable]) -> None:
    faults = []
    for lines in by_bill([one for one in found if one.overdue]):
        head, sums = lines[0].line, totals_of(lines)
        name = "加收滞纳金、利息" if head.kind == CHARGE else "社会保险费"
        faults.append(
            Fault(
                f"/bills/{Ref(head.unit_id, head.bill_id).text(Reference.BILL)}",
                "BILL_OVERDUE",
                f"{head.period} {name}欠 {format_yuan(sums.open_fen)},应缴日 {head.due_on} (overdue)",
            )
        )
    if faults:
        raise UnitInArrears(faults=faults[:1000], bills=len(faults))


def _deferred_fen(found: Sequence[Receivable], first: Period, last: Period) -> int:
    return sum(
        one.line.open_fen for one in found if one.deferred and first <= one.line.of_period() <= last
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> Certificate:
    """A certificate that the caller may see.

    Raises:
        CertificateUnknown: there is none. Forbidden: of another district than the caller.
    """
    row = await notice_store.find(tx, ref.key, ref.id)
    if row is None:
        raise CertificateUnknown
    caller.require_district(row.district)
    return row
