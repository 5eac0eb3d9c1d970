"""Carry a district's declarations on into a month in which nothing changed, in one transaction.

A second run takes units that the first one skipped, if they can be carried on by then, and declares
nothing twice.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import RowFault
from services.collection.filing.domain.frozen_months import extended_roll, held_roll
from services.collection.filing.domain.levied import FilingTerms
from services.collection.filing.domain.month import Schedules
from services.collection.filing.domain.roll import SkippedUnit, begins_a_year, carried_on
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.flows import last_month as last_month_flow
from services.collection.filing.store import extended as extended_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store import roll as roll_store
from services.collection.filing.store import shipped as filing_shipped_store
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed, asker, new_operation
from services.collection.operation.store import OperationRow
from services.collection.policy import flows as policy_flow
from shared.clock import today
from shared.money import format_yuan
from shared.period import Period
from shared.roles import Caller
from shared.security.field_cipher import FieldCipher

KIND: Final = "declaration_roll"


def operation_of(region: str, district: str, period: Period, caller: Caller) -> OperationRow:
    """Build the operation that carries a district on; it is the same all day."""
    caller.require_district(district)
    words = {"region": region, "district": district, "period": str(period)}
    natural = f"{region}:{district}:{period}:{today()}"
    return new_operation(KIND, natural, words, caller=caller, district=district)


async def take(tx: AsyncConnection, row: OperationRow, cipher: FieldCipher) -> dict[str, Any]:
    """Declare for every unit whose last month can be carried on. Where the policy needs ages, `cipher`
    opens the identity numbers that show them.

    Raises:
        OperationFailed: the period begins a year. NoPolicy: nothing is in force in it.
    """
    words = row.asked
    period = Period.parse(words["period"])
    begins = await filing_shipped_store.year_begins_month(tx, words["region"])
    if begins_a_year(period, begins):
        raise OperationFailed(
            "YEAR_BEGINS", "年度首月须全额申报 (a year begins: declare everybody)"
        )
    dated = await policy_flow.in_force(tx, words["region"], period.first_day)
    previous = str(period.plus(-1))
    last = await roll_store.last_declarations(tx, words["district"], str(period), previous)
    if not last:
        return _result([], 0, 0)
    schedules = Schedules(dated.policy, period)
    before = await last_month_flow.of(tx, last, period, schedules, cipher)
    days = period.first_day, period.last_day
    enrolled = await hand_in_store.enrolled(tx, list(before.units), *days)
    month, skipped = await asyncio.to_thread(carried_on, before, *enrolled, schedules)
    ids = [unit.id for unit in month.units]
    reviewed = await frozen_bases_flow.of(tx, dated.policy, ids, period)
    if reviewed is not None:
        month, more = await asyncio.to_thread(held_roll, month, reviewed, schedules)
        skipped += more
    units, people = [unit.id for unit in month.units], month.person_id.tolist()
    if extended := await extended_store.people(tx, units, people, str(period)):
        month, more = extended_roll(month, extended)
        skipped += more
    total_fen = 0
    if month.units:
        terms = FilingTerms(period=period, policy_id=dated.id, plans={})
        detail: dict[str, object] = {"carried_on_from": previous}
        levied = await hand_in_flow.store_month(tx, month, terms, schedules, asker(row), detail)
        total_fen = levied.total_fen
    if skipped:
        faults = [RowFault(0, unit.credit_code, unit.code, unit.message) for unit in skipped]
        await operation_store.insert_report(tx, row, len(faults), fault_report(faults))
    return _result(skipped, len(month.units), len(month.person_id), total_fen)


def _result(
    skipped: Sequence[SkippedUnit], declarations: int, people: int, total_fen: int = 0
) -> dict[str, Any]:
    return {
        "declarations": declarations,
        "people": people,
        "total": format_yuan(total_fen),
        "left_out": dict(Counter(unit.code for unit in skipped)),
    }
