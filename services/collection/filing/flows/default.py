"""Levy by default (未按规定申报) the units of a district that declared nothing, in one transaction.

Units come in chunks, so that no more than a chunk is in memory. Running it again levies who has a
month to go by only now, and nobody twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.calendar import nominal_due_day
from services.collection.common.domain.errors import TotalTooLarge
from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import RowFault
from services.collection.filing.domain.declaration import State
from services.collection.filing.domain.late import DEFAULT
from services.collection.filing.flows import declaration as filing_declaration_flow
from services.collection.filing.store import bulk as bulk_store
from services.collection.filing.store import default as default_store
from services.collection.filing.store.declaration import DeclarationRow, LineRow
from services.collection.filing.store.default import Unfiled
from services.collection.levy.domain.levy import ContributionLine
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed, asked_for, asker
from services.collection.operation.store import OperationRow
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.default_levy import RULE, DefaultLine, default_lines
from services.collection.policy.domain.policy import Policy
from services.collection.policy.domain.rate import ANY, BaseKind, Rate
from services.collection.policy.flows import DatedPolicy
from services.collection.register.domain.unit import Unit
from services.collection.register.flows import change as change_flow
from shared import trail
from shared.clock import today
from shared.fund import AccountKind, Party
from shared.ids import uuid7
from shared.money import AMOUNT_MAX_FEN, format_yuan
from shared.period import Period
from shared.roles import Caller

KIND: Final = "default_declaration"
CHUNK: Final = 5_000
"""Units looked at at a time."""
REASONS: Final = {
    "RETURNED": "已申报但被退回,尚未重报 (declared, sent back, not handed in again)",
    "NO_LAST_MONTH": "无上月缴费额,须按经营状况、职工人数等另行确定 (no last month to go by)",
    "LAST_MONTH_UNFINISHED": "上月申报尚未复核 (last month's declaration is not reviewed yet)",
    "LAST_MONTH_NOTHING": "上月无应缴费额 (nothing was levied last month)",
    "FILED_MEANWHILE": "办理期间已申报 (it declared meanwhile)",
}


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What came of some units."""

    papers: int
    total_fen: int
    left_out: list[RowFault]


def operation_of(region: str, district: str, period: Period, caller: Caller) -> OperationRow:
    """The operation that levies a district by default; asked again on one day it is the same."""
    caller.require_district(district)
    words = {"region": region, "district": district, "period": str(period)}
    natural = f"{region}:{district}:{period}:{today()}"
    return asked_for(KIND, natural, words, caller=caller, district=district)


async def take(tx: AsyncConnection, row: OperationRow) -> dict[str, Any]:
    """Levy every unit that declared nothing and was levied the month before.

    Raises:
        Failed: it may still be declared. NoPolicy: nothing is in force in the period.
    """
    words = row.asked
    period = Period.parse(words["period"])
    dated = await policy_flow.in_force(tx, words["region"], period.first_day)
    last_day = last_day_to_declare(dated.policy, period)
    if today() <= last_day:
        raise OperationFailed(
            "DECLARE_DAY_NOT_OVER", f"申报期至 {last_day} (it may be declared until then)"
        )
    left_out: list[RowFault] = []
    papers, total_fen, after = 0, 0, -(2**63)
    while units := await default_store.unfiled(
        tx, words["district"], str(period), str(period.plus(-1)), after, CHUNK
    ):
        after = units[-1].unit_id
        done = await _chunk(tx, units, period, dated, asker(row))
        papers, total_fen = papers + done.papers, total_fen + done.total_fen
        left_out += done.left_out
    if left_out:
        await operation_store.insert_report(tx, row, len(left_out), fault_report(left_out))
    return {
        "declarations": papers,
        "total": format_yuan(total_fen),
        "left_out": dict(Counter(fault.code for fault in left_out)),
    }


def last_day_to_declare(policy: Policy, period: Period) -> date:
    """申报截止日; a policy that names none lets units declare until the money is due."""
    return nominal_due_day(period, policy.declare_day or policy.due_day)


async def _chunk(
    tx: AsyncConnection,
    units: Sequence[Unfiled],
    period: Period,
    dated: DatedPolicy,
    caller: Caller,
) -> _Chunk:
    why = {unit.unit_id: _why_not(unit) for unit in units}
    chosen = [unit for unit in units if why[unit.unit_id] is None]
    rule, policy = dated.policy.default_levy, dated.policy
    funds = {name: policy.fund_of(name, period.first_day) for name in policy.insurances}
    last = await default_store.levied(tx, chosen)
    lines = {
        unit_id: list(own)
        for unit_id, own in groupby(
            default_lines(rule, policy.rounding, funds, last), key=lambda line: line.unit_id
        )
    }
    known = await change_flow.as_of(tx, await bulk_store.units(tx, list(lines)), period.first_day)
    rows = [_header(known[uid], period, dated, own) for uid, own in lines.items()]
    stored = await default_store.insert(tx, rows) if rows else set()
    made = [row for row in rows if row.unit_id in stored]
    await _store_lines(tx, made, lines)
    await _record(tx, made, period, dated, caller)
    why |= {unit.unit_id: "LAST_MONTH_NOTHING" for unit in chosen if unit.unit_id not in lines}
    why |= {row.unit_id: "FILED_MEANWHILE" for row in rows if row.unit_id not in stored}
    return _Chunk(
        papers=len(made),
        total_fen=sum(row.total_fen for row in made),
        left_out=[
            RowFault(0, unit.credit_code, code, REASONS[code])
            for unit in units
            if (code := why[unit.unit_id]) is not None
        ],
    )


def _why_not(unit: Unfiled) -> str | None:
    if unit.present is not None:
        return "RETURNED"
    if unit.last_id is None:
        return "LAST_MONTH_UNFINISHED" if unit.any_last else "NO_LAST_MONTH"
    return None


def _header(
    unit: Unit, period: Period, dated: DatedPolicy, lines: Sequence[DefaultLine]
) -> DeclarationRow:
    unit_fen = sum(line.amount_fen for line in lines if line.party == Party.UNIT)
    total_fen = sum(line.amount_fen for line in lines)
    if total_fen > AMOUNT_MAX_FEN:
        raise TotalTooLarge(credit_code=unit.credit_code, total=format_yuan(total_fen))
    return DeclarationRow(
        unit_id=unit.id,
        id=uuid7(),
        credit_code=unit.credit_code,
        district=unit.district,
        period=str(period),
        round=1,
        status=State.SUBMITTED.value,
        policy_id=dated.id,
        unit_kind=unit.kind,
        injury_class=unit.injury_class,
        unit_wage_total_fen=None,
        people=0,
        wages_fen=0,
        unit_fen=unit_fen,
        personal_fen=total_fen - unit_fen,
        total_fen=total_fen,
        kind=DEFAULT,
    )


async def _store_lines(
    tx: AsyncConnection, rows: Sequence[DeclarationRow], lines: dict[int, list[DefaultLine]]
) -> None:
    records = [
        (
            row.unit_id, row.id, row.round, number, "unit", line.insurance, line.party,
            line.account, line.fund, RULE, line.base_fen, line.amount_fen,
        )
        for row in rows
        for number, line in enumerate(lines[row.unit_id], 1)
    ]  # fmt: skip
    if records:
        await default_store.copy_lines(tx, records)


async def _record(
    tx: AsyncConnection,
    rows: Sequence[DeclarationRow],
    period: Period,
    dated: DatedPolicy,
    by: Caller,
) -> None:
    if not rows:
        return
    detail: dict[str, object] = {"by_default_of": str(period.plus(-1))}
    step = filing_declaration_flow.step_of(rows[0], "default", signs=False, detail=detail)
    await trail.record_many(tx, [(row.unit_id, row.id, row.round) for row in rows], step, by)


def again(policy: Policy, stored: Sequence[LineRow]) -> list[ContributionLine]:
    """The lines of a stored default, each with what made it: last month's amount and the factor."""
    rule = policy.default_levy
    return [
        ContributionLine(
            ref=None,
            insurance=line.insurance,
            fund=line.fund,
            rate=Rate(
                id=RULE,
                insurance=line.insurance,
                party=Party(line.party),
                unit_kinds=(ANY,),
                injury_class=None,
                rate_ppm=rule.factor_ppm,
                base=BaseKind.UNIT_LAST_MONTH,
                account=AccountKind(line.account),
                source=rule.source,
            ),
            asked_fen=None,
            floor_fen=None,
            ceiling_fen=None,
            limit=None,
            base_fen=line.base_fen,
            rounding=policy.rounding,
            amount_fen=line.amount_fen,
        )
        for line in stored
        if line.rule == RULE and line.level == "unit"
    ]
