"""District summaries (汇总表): sending, and audit by the centre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import ControlTotalsDiffer, DayInFuture, NothingToSend
from services.collection.common.domain.faults import control_differs
from services.collection.filing.domain.declaration import Act, State, move
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.handling.domain.cut_off import is_late
from services.collection.handling.flows import cut_off as cut_off_flow
from services.collection.handling.store import summary as summary_store
from services.collection.handling.store import summary_items as summary_items_store
from services.collection.handling.store.summary import SummaryRow, SummaryTotals
from services.collection.handling.store.summary_items import SummaryItemRow
from shared import book_days, trail
from shared.clock import today
from shared.errors import Fault, NotFound, StateConflict
from shared.ids import Ref, district_key
from shared.money import format_yuan
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

PAPER: Final = "summary"
NUMBERING_TRIES: Final = 5


async def send(
    tx: AsyncConnection,
    district: str,
    period: Period,
    caller: Caller,
    *,
    sent_on: date | None = None,
) -> SummaryRow:
    """Send the centre a summary of a district's reviewed declarations that are in no summary yet.

    Summaries of a district and period are numbered. One sent after the cut-off is late.

    Raises:
        Forbidden: another district than the caller's. NothingToSend: no declaration waits.
        DayInFuture: the day of sending is in the future.
    """
    caller.require_district(district)
    day = sent_on or today()
    if day > today():
        raise DayInFuture(sent_on=day)
    ref = Ref.new(district_key(district))
    if not await summary_store.take_reviewed(tx, ref.id, district, str(period)):
        raise NothingToSend(district=district, period=str(period))
    counted = await summary_store.count(tx, ref.id)
    cut_off = await cut_off_flow.of_district(tx, district, period)
    cut_off_on = None if cut_off is None else cut_off.cut_off_on
    row = SummaryRow(
        district_key=ref.key,
        id=ref.id,
        district=district,
        period=str(period),
        status="sent",
        declarations=counted.declarations,
        people=counted.people,
        total_fen=counted.total_fen,
        funds=counted.funds,
        sent_on=day,
        cut_off_on=cut_off_on,
        late=is_late(cut_off_on, day),
    )
    row = replace(row, number=await _insert(tx, row))
    await trail.record(tx, step_of(row, "send"), caller)
    return row


async def _insert(tx: AsyncConnection, row: SummaryRow) -> int:
    """Store a summary under the next number; retry if a concurrent summary took the number."""
    for _ in range(NUMBERING_TRIES):
        number = await summary_store.insert(tx, row)
        if number is not None:
            return number
    raise StateConflict(act="send")


async def audit(
    tx: AsyncConnection, ref: Ref, control: SummaryTotals, bill_date: date, caller: Caller
) -> SummaryRow:
    """Audit a summary: the auditor's totals must equal those recomputed from the declarations.

    Raises:
        NotFound: no such summary. StateConflict: it does not wait for audit.
        DayInFuture: the bill date is in the future. ControlTotalsDiffer: each total that differs.
        SamePersonTwice: the auditor has signed the summary or one of its declarations.
    """
    row = await lock(tx, ref, caller)
    if bill_date > today():
        raise DayInFuture(bill_date=bill_date)
    await book_days.chosen_day(tx, bill_date, "/bill_date")
    if row.status != "sent":
        raise StateConflict(status=row.status)
    faults = list(differences(control, await summary_store.count(tx, row.id)))
    if faults:
        raise ControlTotalsDiffer(faults=faults)
    if not await summary_store.set_audited(tx, row.district_key, row.id, bill_date):
        raise StateConflict(act="audit")
    await trail.record(tx, step_of(row, "audit"), caller)
    await _audit_declarations(tx, row, caller)
    return replace(row, status="audited", bill_date=bill_date)


async def _audit_declarations(tx: AsyncConnection, row: SummaryRow, caller: Caller) -> None:
    """Sign every declaration too, so that nobody audits a declaration that he or she has signed."""
    papers = await summary_store.audit_declarations(tx, row.id)
    assert len(papers) == row.declarations, "the locked summary keeps its declarations"
    step = trail.Step(
        shard_key=row.district_key,
        paper=trail_step_flow.PAPER,
        paper_id=row.id,
        step=Act.AUDIT.value,
        signs=move(State.REVIEWED, Act.AUDIT).signs,
    )
    await trail.record_many(tx, papers, step, caller)


def differences(control: SummaryTotals, counted: SummaryTotals) -> Iterator[Fault]:
    """Compare stated with counted totals; yield a fault for each difference."""
    pairs: list[tuple[str, str, str]] = [
        ("declarations", str(control.declarations), str(counted.declarations)),
        ("people", str(control.people), str(counted.people)),
        ("total", format_yuan(control.total_fen), format_yuan(counted.total_fen)),
        *(
            (
                f"funds/{fund}",
                format_yuan(control.funds.get(fund, 0)),
                format_yuan(counted.funds.get(fund, 0)),
            )
            for fund in sorted({*control.funds, *counted.funds})
        ),
    ]
    for pointer, stated, found in pairs:
        if stated != found:
            yield control_differs(f"/control/{pointer}", stated, found)


def step_of(
    row: SummaryRow,
    step: str,
    *,
    signs: bool = True,
    why: str | None = None,
    detail: dict[str, object] | None = None,
) -> trail.Step:
    """Build a trail step of a summary."""
    return trail.Step(
        shard_key=row.district_key,
        paper=PAPER,
        paper_id=row.id,
        step=step,
        signs=signs,
        why=why,
        detail=detail,
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> SummaryRow:
    """Find a summary that the caller may see.

    Raises:
        NotFound: no such summary. Forbidden: it belongs to another district.
    """
    row = await summary_store.find(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(summary=ref.text(Reference.SUMMARY))
    caller.require_district(row.district)
    return row


async def lock(tx: AsyncConnection, ref: Ref, caller: Caller) -> SummaryRow:
    """Find and lock a summary, so that audit and return exclude each other.

    Raises:
        NotFound: no such summary. Forbidden: it belongs to another district.
    """
    row = await summary_store.lock(tx, ref.key, ref.id)
    if row is None:
        raise NotFound(summary=ref.text(Reference.SUMMARY))
    caller.require_district(row.district)
    return row


async def page(
    tx: AsyncConnection,
    *,
    district: str | None,
    period: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[SummaryRow]:
    """List summaries in the order of their keys."""
    return await summary_store.page(
        tx, district=district, period=period, status=status, after=after, limit=limit
    )


async def page_of_items(
    tx: AsyncConnection, ref: Ref, after: tuple[int, UUID], limit: int, caller: Caller
) -> list[SummaryItemRow]:
    """List a summary's declarations.

    Raises:
        NotFound, Forbidden: the summary.
    """
    row = await find(tx, ref, caller)
    return await summary_items_store.page(tx, row.id, after, limit)
