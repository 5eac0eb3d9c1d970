"""Levy by default (未按规定申报) the units of a district that declared nothing, in one transaction.

Units are levied in chunks, so that only one chunk is in memory. A second run levies the units that
got a month to go by since, and none twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import RowFault
from services.collection.filing.domain.default import (
    REASONS,
    UndeclaredUnit,
    default_header,
    default_line_rows,
    last_day_to_declare,
)
from services.collection.filing.domain.records import DeclarationRow
from services.collection.filing.flows.trail_step import step_of
from services.collection.filing.store import default as default_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed, asker, new_operation
from services.collection.operation.store import OperationRow
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.default_levy import default_lines
from services.collection.policy.flows import DatedPolicy
from services.collection.register.flows import change as change_flow
from shared import trail
from shared.clock import today
from shared.money import format_yuan
from shared.period import Period
from shared.roles import Caller

KIND: Final = "default_declaration"
CHUNK: Final = 5_000
"""Units that are read at a time."""


@dataclass(frozen=True, slots=True)
class _ChunkResult:
    """The result of one chunk of units."""

    declarations: int
    total_fen: int
    left_out: list[RowFault]


def operation_of(region: str, district: str, period: Period, caller: Caller) -> OperationRow:
    """Build the operation that levies a district by default; it is the same all day."""
    caller.require_district(district)
    words = {"region": region, "district": district, "period": str(period)}
    natural = f"{region}:{district}:{period}:{today()}"
    return new_operation(KIND, natural, words, caller=caller, district=district)


async def take(tx: AsyncConnection, row: OperationRow) -> dict[str, Any]:
    """Levy every unit that declared nothing and was levied the month before.

    Raises:
        OperationFailed: units may still declare. NoPolicy: none is in force in the period.
    """
    words = row.asked
    period = Period.parse(words["period"])
    dated = await policy_flow.in_force(tx, words["region"], period.first_day)
    last_day = last_day_to_declare(dated.policy, period)
    if today() <= last_day:
        raise OperationFailed(
            "DECLARE_DAY_NOT_OVER", f"申报期至 {last_day} (units may declare until then)"
        )
    left_out: list[RowFault] = []
    declarations, total_fen, after = 0, 0, -(2**63)
    while units := await default_store.undeclared(
        tx, words["district"], str(period), str(period.plus(-1)), after, CHUNK
    ):
        after = units[-1].unit_id
        done = await _chunk(tx, units, period, dated, asker(row))
        declarations, total_fen = declarations + done.declarations, total_fen + done.total_fen
        left_out += done.left_out
    if left_out:
        await operation_store.insert_report(tx, row, len(left_out), fault_report(left_out))
    return {
        "declarations": declarations,
        "total": format_yuan(total_fen),
        "left_out": dict(Counter(fault.code for fault in left_out)),
    }


async def _chunk(
    tx: AsyncConnection,
    units: Sequence[UndeclaredUnit],
    period: Period,
    dated: DatedPolicy,
    caller: Caller,
) -> _ChunkResult:
    obstacles = {unit.unit_id: unit.obstacle for unit in units}
    chosen = [unit for unit in units if obstacles[unit.unit_id] is None]
    rule, policy = dated.policy.default_levy, dated.policy
    funds = {name: policy.fund_of(name, period.first_day) for name in policy.insurances}
    last = await default_store.levied(tx, chosen)
    lines = {
        unit_id: list(own)
        for unit_id, own in groupby(
            default_lines(rule, policy.rounding, funds, last), key=lambda line: line.unit_id
        )
    }
    known = await change_flow.as_of(
        tx, await hand_in_store.units(tx, list(lines)), period.first_day
    )
    rows = [default_header(known[uid], period, dated.id, own) for uid, own in lines.items()]
    stored = await default_store.insert(tx, rows) if rows else set()
    stored_rows = [row for row in rows if row.unit_id in stored]
    await hand_in_store.insert_lines(
        tx,
        [(row, line) for row in stored_rows for line in default_line_rows(lines[row.unit_id])],
    )
    await _record(tx, stored_rows, period, caller)
    obstacles |= {
        unit.unit_id: "LAST_MONTH_NOTHING" for unit in chosen if unit.unit_id not in lines
    }
    obstacles |= {row.unit_id: "FILED_MEANWHILE" for row in rows if row.unit_id not in stored}
    return _ChunkResult(
        declarations=len(stored_rows),
        total_fen=sum(row.total_fen for row in stored_rows),
        left_out=[
            RowFault(0, unit.credit_code, code, REASONS[code])
            for unit in units
            if (code := obstacles[unit.unit_id]) is not None
        ],
    )


async def _record(
    tx: AsyncConnection, rows: Sequence[DeclarationRow], period: Period, caller: Caller
) -> None:
    if not rows:
        return
    detail: dict[str, object] = {"by_default_of": str(period.plus(-1))}
    step = step_of(rows[0], "default", signs=False, detail=detail)
    await trail.record_many(tx, [row.key for row in rows], step, caller)
