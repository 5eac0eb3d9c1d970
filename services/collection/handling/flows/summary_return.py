"""The centre returns a summary (退回): all of it to the district, or some of its declarations.

Returned declarations go back to their units, which submit them again as the next round. A summary
returned as a whole is dissolved: its declarations stay reviewed and wait for another summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import NotInSummary
from services.collection.common.flows.return_code import check_codes
from services.collection.filing.domain.declaration import Act, State, move
from services.collection.filing.flows import trail_step as trail_step_flow
from services.collection.handling.flows.summary import PAPER, lock, step_of
from services.collection.handling.store import summary as summary_store
from services.collection.handling.store import summary_items as summary_items_store
from services.collection.handling.store.summary import SummaryRow, SummaryTotals
from shared import trail
from shared.errors import Fault, StateConflict
from shared.ids import NotAReference, Ref
from shared.money import format_yuan
from shared.references import Reference
from shared.roles import Caller

RETURNED: Final = "returned"


@dataclass(frozen=True, slots=True)
class SummaryReturn:
    """The summary after a return, and the number of declarations that left it."""

    summary: SummaryRow
    left: int


async def send_back(
    tx: AsyncConnection,
    ref: Ref,
    papers: Sequence[str] | None,
    *,
    codes: Sequence[str],
    note: str | None,
    caller: Caller,
) -> SummaryReturn:
    """Return some of a sent summary's declarations, or the whole summary if `papers` is None.

    Raises:
        Faulty: unknown codes. NotFound: no such summary. StateConflict: it does not wait for audit.
        NotInSummary: each declaration that is not in the summary.
    """
    await check_codes(tx, codes, note, PAPER if papers is None else trail_step_flow.PAPER)
    row = await lock(tx, ref, caller)
    if row.status != "sent":
        raise StateConflict(status=row.status)
    if papers is None:
        left = await _dissolve(tx, row, codes=codes, note=note, caller=caller)
    else:
        left = await _return(tx, row, papers, codes=codes, note=note, caller=caller)
    counted = await summary_store.count(tx, row.id)
    status = "sent" if counted.declarations else RETURNED
    # A summary returned as a whole keeps its totals as a record; its declarations have left it.
    kept = counted if counted.declarations else _totals_of(row)
    await summary_items_store.set_control(tx, row.district_key, row.id, kept, status)
    step = step_of(
        row, "return", signs=False, why=note, detail=_detail(row, codes, len(left), counted)
    )
    await trail.record(tx, step, caller)
    after = replace(
        row,
        status=status,
        declarations=kept.declarations,
        people=kept.people,
        total_fen=kept.total_fen,
        funds=kept.funds,
    )
    return SummaryReturn(after, len(left))


def _totals_of(row: SummaryRow) -> SummaryTotals:
    return SummaryTotals(
        declarations=row.declarations,
        people=row.people,
        total_fen=row.total_fen,
        funds=row.funds,
    )


async def _dissolve(
    tx: AsyncConnection,
    row: SummaryRow,
    *,
    codes: Sequence[str],
    note: str | None,
    caller: Caller,
) -> list[tuple[int, object, int]]:
    left = await summary_items_store.dissolve(tx, row.id)
    step = _item_step(row, "summary_returned", codes, note)
    await trail.record_many(tx, left, step, caller)
    return list(left)


async def _return(
    tx: AsyncConnection,
    row: SummaryRow,
    papers: Sequence[str],
    *,
    codes: Sequence[str],
    note: str | None,
    caller: Caller,
) -> list[tuple[int, object, int]]:
    refs = _parse(papers)
    to = move(State.REVIEWED, Act.SEND_BACK).to.value
    left = await summary_items_store.leave(
        tx, row.id, [(ref.key, ref.id) for ref in refs.values()], to
    )
    returned = {(unit_id, paper_id) for unit_id, paper_id, _ in left}
    missing = [
        number for number, ref in refs.items() if (ref.key, ref.id) not in returned
    ]  # malformed references are in no summary either
    missing += [number for number in range(len(papers)) if number not in refs]
    if missing:
        raise NotInSummary(
            faults=[
                Fault(f"/declarations/{number}", NotInSummary.code, NotInSummary().message)
                for number in sorted(missing)
            ]
        )
    await trail.record_many(tx, left, _item_step(row, Act.SEND_BACK.value, codes, note), caller)
    return list(left)


def _parse(papers: Sequence[str]) -> dict[int, Ref]:
    found = {}
    for number, paper in enumerate(papers):
        try:
            found[number] = Ref.parse(Reference.DECLARATION, paper)
        except NotAReference:
            continue
    return found


def _item_step(row: SummaryRow, step: str, codes: Sequence[str], note: str | None) -> trail.Step:
    return trail.Step(
        shard_key=row.district_key,
        paper=trail_step_flow.PAPER,
        paper_id=row.id,
        step=step,
        signs=False,
        why=note,
        detail={
            "codes": list(codes),
            "summary": Ref(row.district_key, row.id).text(Reference.SUMMARY),
        },
    )


def _detail(
    row: SummaryRow, codes: Sequence[str], left: int, counted: SummaryTotals
) -> dict[str, object]:
    return {
        "codes": list(codes),
        "declarations_sent_back": left,
        "declarations_before": row.declarations,
        "declarations_after": counted.declarations,
        "total_before": format_yuan(row.total_fen),
        "total_after": format_yuan(counted.total_fen),
    }
