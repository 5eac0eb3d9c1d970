"""Declaration files (申报文件): a unit of fifty thousand people, or a district's whole month.

The file is kept sealed until it has been read. It is checked, levied and stored in one transaction:
whenever the process dies, it is stored whole or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import FileRows, OnFault, RowFault
from services.collection.filing.domain.check import (
    ControlTotals,
    KnownUnits,
    check,
    file_control_faults,
)
from services.collection.filing.domain.frozen_bases import ReviewedBases
from services.collection.filing.domain.frozen_months import extended_file, held_file
from services.collection.filing.domain.levied import FilingTerms, LeviedMonth
from services.collection.filing.domain.month import DeclaredMonth, Schedules
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import hand_in as hand_in_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.store import extended as extended_store
from services.collection.filing.store import hand_in as hand_in_store
from services.collection.filing.store import late as late_store
from services.collection.operation import flows as operation_flow
from services.collection.operation import store as operation_store
from services.collection.operation.flows import ROUND, OperationFailed, asker, new_operation
from services.collection.operation.store import OperationRow
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.policy.flows import DatedPolicy
from services.collection.register.flows import change as change_flow
from services.collection.register.store import category as category_store
from shared.ids import unit_key
from shared.money import format_yuan, parse_yuan
from shared.period import Period
from shared.roles import Caller

KIND: Final = "declaration_file"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """The terms of a file: its period, control totals, and the unit or district that it is for."""

    region: str
    period: Period
    control: ControlTotals
    on_fault: OnFault
    credit_code: str | None
    district: str | None
    sha256: str
    bytes: int

    def words(self) -> dict[str, Any]:
        """Write it as JSON, to be stored with the operation."""
        return {
            "region": self.region,
            "period": str(self.period),
            "control": {
                "people": self.control.people,
                "wages": format_yuan(self.control.wages_fen),
            },
            "on_fault": self.on_fault.value,
            "credit_code": self.credit_code,
            "district": self.district,
            "sha256": self.sha256,
            "bytes": self.bytes,
        }

    @classmethod
    def of(cls, words: dict[str, Any]) -> FileRequest:
        """Read it from stored JSON."""
        return cls(
            region=words["region"],
            period=Period.parse(words["period"]),
            control=ControlTotals(
                people=words["control"]["people"], wages_fen=parse_yuan(words["control"]["wages"])
            ),
            on_fault=OnFault(words["on_fault"]),
            credit_code=words["credit_code"],
            district=words["district"],
            sha256=words["sha256"],
            bytes=words["bytes"],
        )


def operation_of(request: FileRequest, caller: Caller) -> OperationRow:
    """Build the operation that stores a file. The same file on the same terms gives the same one."""
    words = request.words()
    natural = ":".join(
        str(words[name] or "") for name in ("sha256", "period", "credit_code", "district")
    )
    control = f"{request.control.people}:{request.control.wages_fen}:{request.on_fault}"
    return new_operation(
        KIND,
        f"{natural}:{control}",
        words,
        caller=caller,
        district=request.district,
        total=request.control.people,
    )


async def ask(
    tx: AsyncConnection, row: OperationRow, caller: Caller, sealed: Iterable[bytes]
) -> OperationRow:
    """Request the operation that stores a file. After a declaration of the month was returned, the
    same file is a new round; until then it is the same operation."""
    returned = await late_store.any_returned(
        tx, row.asked["period"], row.asked["credit_code"], row.asked["district"]
    )
    return await operation_flow.ask(tx, row, caller, sealed, again=returned)


async def policy_of(tx: AsyncConnection, request: FileRequest) -> DatedPolicy:
    """Find the policy that levies the file.

    Raises:
        NoPolicy: none is in force in the period.
    """
    return await policy_flow.in_force(tx, request.region, request.period.first_day)


async def take(
    tx: AsyncConnection, row: OperationRow, request: FileRequest, filed: FileRows
) -> dict[str, Any]:
    """Check and store a file that has been read; return the result of the operation.

    Raises:
        OperationFailed: control totals differ, there are faults, or nothing can be stored.
    """
    control = file_control_faults(filed, request.control)
    if control:
        differ = ControlTotalsDiffer()
        raise OperationFailed(differ.code, differ.message, [*control, *filed.faults])
    dated = await policy_of(tx, request)
    known, reviewed = await _known_units(tx, request, filed, dated.policy)
    if ROUND in row.asked:
        known = replace(known, skips_declared=True)
    schedules = Schedules(dated.policy, request.period)
    faults, month = await asyncio.to_thread(check, filed, known, schedules, request.on_fault)
    if reviewed is not None and month.units:
        month, more = await asyncio.to_thread(
            held_file, month, reviewed, schedules, request.on_fault
        )
        faults = sorted([*faults, *more], key=lambda fault: fault.row)
    units, people = [unit.id for unit in month.units], month.person_id.tolist()
    if extended := await extended_store.people(tx, units, people, str(request.period)):
        month, more = extended_file(month, extended, request.on_fault)
        faults = sorted([*faults, *more], key=lambda fault: fault.row)
    if faults and request.on_fault is OnFault.REFUSE:
        raise OperationFailed(
            "FILE_HAS_FAULTS", "文件有误,未存任何内容 (faults; nothing is stored)", faults
        )
    if not month.units and (faults or not known.skips_declared):
        raise OperationFailed("NOTHING_TO_STORE", "没有可存的内容 (nothing to store)", faults)
    terms = FilingTerms(period=request.period, policy_id=dated.id, plans=known.plans)
    levied = await hand_in_flow.store_month(tx, month, terms, schedules, asker(row))
    if faults:
        await operation_store.insert_report(tx, row, len(faults), fault_report(faults))
    await operation_store.forget_parts(tx, row)
    return _result(filed, month, faults, levied)


async def _known_units(
    tx: AsyncConnection, request: FileRequest, filed: FileRows, policy: Policy
) -> tuple[KnownUnits, ReviewedBases | None]:
    """Read what the check needs to know of the units of a file."""
    units = await change_flow.as_of(
        tx,
        await hand_in_store.units(tx, [unit_key(code) for code in filed.codes]),
        request.period.first_day,
    )
    # Two credit codes may share a key; only the registered one is known here.
    by_code = {unit.credit_code: unit for unit in units.values()}
    ids = [by_code[code].id for code in filed.codes if code in by_code]
    plans = await late_flow.plans(tx, ids, str(request.period))
    reviewed = await frozen_bases_flow.of(tx, policy, ids, request.period)
    enrolled = await hand_in_store.enrolled(
        tx, ids, request.period.first_day, request.period.last_day
    )
    known = KnownUnits(
        units={code: by_code[code] for code in filed.codes if code in by_code},
        enrolled_unit=enrolled[0],
        enrolled_person=enrolled[1],
        plans=plans,
        district=request.district,
        categories=await category_store.of_units(tx, ids, request.period),
        reviewed=frozenset() if reviewed is None else frozenset(reviewed.units),
    )
    return known, reviewed


def _result(
    filed: FileRows, month: DeclaredMonth, faults: Sequence[RowFault], levied: LeviedMonth
) -> dict[str, Any]:
    return {
        "declarations": len(levied.headers),
        "people": len(month.person_id),
        "wages": format_yuan(int(month.wage_fen.sum())),
        "total": format_yuan(levied.total_fen),
        "left_out": filed.people - len(month.person_id),
        "faults": len(faults),
    }
