"""Certify that a unit has paid in full (足额缴费证明), or name its overdue bills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.arrears import Receivable, UnitInArrears, by_bill, totals_of
from services.collection.arrears.flows import arrears as arrears_flow
from services.collection.arrears.store import arrears as arrears_store
from services.collection.billing.domain.bill import CHARGE
from services.collection.common.domain.errors import CertificateUnknown, DayInFuture
from services.collection.flags import flows as flags_flow
from services.collection.flags.domain import BlockedService
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


class NoBillToCertify(Refusal):
    """该单位所列所属期没有缴费通知单,无从证明 (there are no bills for these periods to certify)"""

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
    """Certify that no bill of any period was overdue on a day. Deferred amounts count as paid.

    Raises:
        UnitUnknown, Forbidden: the unit. DayInFuture, Faulty: the day or the periods.
        NoBillToCertify: the periods have no bills. UnitInArrears: names every overdue bill.
        UnitFlagged: the unit is flagged, and the rules withhold certificates from it.
    """
    if as_of > today():
        raise DayInFuture(as_of=as_of)
    first, last = periods
    if last < first:
        raise Faulty(
            faults=[
                Fault(
                    "/period_to",
                    "PERIODS_REVERSED",
                    "终止月早于起始月 (the last month is before the first)",
                )
            ]
        )
    unit = await unit_flow.find(tx, credit_code, caller)
    await unit_store.lock(tx, unit.id)
    await flags_flow.require_unblocked(tx, credit_code, BlockedService.CERTIFICATE, today())
    billed_fen = await arrears_store.billed(tx, unit.id, credit_code, str(first), str(last))
    if not billed_fen:
        raise NoBillToCertify(period_from=first, period_to=last)
    _, receivables = await arrears_flow.of_unit(
        tx, credit_code, region=region, as_of=as_of, caller=caller
    )
    _refuse_arrears(receivables)
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
        deferred_fen=_deferred_fen(receivables, first, last),
        issued_by=caller.subject,
        issued_at=now(),
    )
    await notice_store.insert(tx, row)
    await trail.record(tx, _step(row), caller)
    return row


def _step(row: Certificate) -> trail.Step:
    return trail.Step(
        shard_key=row.unit_id,
        paper=PAPER,
        paper_id=row.id,
        step="issue",
        signs=True,
        detail={"number": row.number},
    )


def _refuse_arrears(receivables: Sequence[Receivable]) -> None:
    faults = []
    for lines in by_bill([one for one in receivables if one.overdue]):
        head, sums = lines[0].line, totals_of(lines)
        name = "加收滞纳金、利息" if head.kind == CHARGE else "社会保险费"
        faults.append(
            Fault(
                f"/bills/{Ref(head.unit_id, head.bill_id).text(Reference.BILL)}",
                "BILL_OVERDUE",
                f"{head.period} {name}欠 {format_yuan(sums.open_fen)},应缴日 {head.due_on} (the bill is overdue)",
            )
        )
    if faults:
        raise UnitInArrears(faults=faults[:1000], bills=len(faults))


def _deferred_fen(receivables: Sequence[Receivable], first: Period, last: Period) -> int:
    return sum(
        one.line.open_fen
        for one in receivables
        if one.deferred and first <= one.line.of_period() <= last
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> Certificate:
    """Find a certificate that the caller may see.

    Raises:
        CertificateUnknown: no such certificate. Forbidden: it belongs to another district.
    """
    row = await notice_store.find(tx, ref.key, ref.id)
    if row is None:
        raise CertificateUnknown
    caller.require_district(row.district)
    return row


async def page(
    tx: AsyncConnection, credit_code: str, after: UUID | None, limit: int, caller: Caller
) -> list[Certificate]:
    """List a unit's certificates, oldest first.

    Raises:
        UnitUnknown, Forbidden: the unit.
    """
    unit = await unit_flow.find(tx, credit_code, caller)
    return await notice_store.page(tx, unit.id, after, limit)
