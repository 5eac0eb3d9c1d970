"""Carry a district's declarations on into a month in which nothing changed, in one transaction.

Running it again takes what it left out before, if that can be carried on now, and nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import RowFault
from services.collection.filing.domain.check import Schedules
from services.collection.filing.domain.roll import LeftOut, begins_a_year, carried_on
from services.collection.filing.flows import bulk as filing_bulk_flow
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import frozen_files as frozen_files_flow
from services.collection.filing.flows import last_month as last_month_flow
from services.collection.filing.store import bulk as bulk_store
from services.collection.filing.store import roll as roll_store
from services.collection.filing.store import shipped as filing_shipped_store
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed, asked_for, asker
from services.collection.operation.store import OperationRow
from services.collection.policy import flows as policy_flow
from shared.clock import today
from shared.money import format_yuan
from shared.period import Period
from shared.roles import Caller
from shared.security.field_cipher import FieldCipher

KIND: Final = "declaration_roll"


def operation_of(region: str, district: str, period: Period, caller: Caller) -> OperationRow:
    """The operation that carries a district on; asked for again on the same day it is the same."""
    caller.require_district(district)
    words = {"region": region, "district": district, "period": str(period)}
    natural = f"{region}:{district}:{period}:{today()}"
    return asked_for(KIND, natural, words, caller=caller, district=district)


async def take(tx: AsyncConnection, row: OperationRow, cipher: FieldCipher) -> dict[str, Any]:
    """Declare for every unit whose last month may be carried on. `cipher` opens identity numbers,
    from which ages are taken where the policy asks for them.

    Raises:
        Failed: the period begins a year. NoPolicy: nothing is in force in it.
    """
    words = row.asked
    period = Period.parse(words["period"])
    if begins_a_year(period, filing_shipped_store.year_begins_month(words["region"])):
        raise OperationFailed(
            "YEAR_BEGINS", "年度首月须全额申报 (a year begins: everything is declared)"
        )
    dated = await policy_flow.in_force(tx, words["region"], period.first_day)
    previous = str(period.plus(-1))
    heads = await roll_store.heads(tx, words["district"], str(period), previous)
    if not heads:
        return _result([], 0, 0)
    schedules = Schedules(dated.policy, period)
    last = await last_month_flow.of(tx, heads, period, schedules, cipher)
    enrolled = await bulk_store.enrolled(tx, list(last.units), period.first_day, period.last_day)
    taken, left_out = await asyncio.to_thread(carried_on, last, *enrolled, schedules)
    year = await frozen_bases_flow.of(tx, dated.policy, [unit.id for unit in taken.units], period)
    if year is not None:
        taken, breached = await asyncio.to_thread(frozen_files_flow.in_roll, taken, year, schedules)
        left_out += breached
    total_fen = 0
    if taken.units:
        made = await filing_bulk_flow.store_all(
            tx,
            taken,
            period=period,
            policy_id=dated.id,
            schedules=schedules,
            turns={},
            caller=asker(row),
            detail={"carried_on_from": previous},
        )
        total_fen = made.total_fen
    if left_out:
        faults = [RowFault(0, out.credit_code, out.code, out.message) for out in left_out]
        await operation_store.insert_report(tx, row, len(faults), fault_report(faults))
    return _result(left_out, len(taken.units), len(taken.person_id), total_fen)


def _result(
    left_out: Sequence[LeftOut], declarations: int, people: int, total_fen: int = 0
) -> dict[str, Any]:
    return {
        "declarations": declarations,
        "people": people,
        "total": format_yuan(total_fen),
        "left_out": dict(Counter(out.code for out in left_out)),
    }
