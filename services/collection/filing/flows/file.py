"""Declaration files (申报文件): a unit of fifty thousand people, or a district's whole month.

The file is kept sealed until it was read. It is checked, levied and stored in one transaction, so
that it is stored whole or not at all, whenever the process dies.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.errors import ControlTotalsDiffer
from services.collection.common.domain.fault_report import fault_report
from services.collection.common.domain.rows import FileRows, OnFault, RowFault
from services.collection.filing.domain.check import (
    Control,
    Register,
    Schedules,
    Taken,
    check,
    control_faults,
)
from services.collection.filing.domain.frozen_bases import FrozenYear
from services.collection.filing.flows import bulk as filing_bulk_flow
from services.collection.filing.flows import frozen_bases as frozen_bases_flow
from services.collection.filing.flows import frozen_files as frozen_files_flow
from services.collection.filing.flows import late as late_flow
from services.collection.filing.store import bulk as bulk_store
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationFailed, asked_for, asker
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
class FileAsked:
    """What is asked of a file: its period, control totals, and whose it is."""

    region: str
    period: Period
    control: Control
    on_fault: OnFault
    credit_code: str | None
    district: str | None
    sha256: str
    bytes: int

    def words(self) -> dict[str, Any]:
        """As it is stored with the operation."""
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
    def of(cls, words: dict[str, Any]) -> FileAsked:
        """As it was stored."""
        return cls(
            region=words["region"],
            period=Period.parse(words["period"]),
            control=Control(
                people=words["control"]["people"], wages_fen=parse_yuan(words["control"]["wages"])
            ),
            on_fault=OnFault(words["on_fault"]),
            credit_code=words["credit_code"],
            district=words["district"],
            sha256=words["sha256"],
            bytes=words["bytes"],
        )


def operation_of(asked: FileAsked, caller: Caller) -> OperationRow:
    """The operation that stores a file; the same file asked for in the same way is the same one."""
    words = asked.words()
    natural = ":".join(
        str(words[name] or "") for name in ("sha256", "period", "credit_code", "district")
    )
    control = f"{asked.control.people}:{asked.control.wages_fen}:{asked.on_fault}"
    return asked_for(
        KIND,
        f"{natural}:{control}",
        words,
        caller=caller,
        district=asked.district,
        total=asked.control.people,
    )


async def policy_of(tx: AsyncConnection, asked: FileAsked) -> DatedPolicy:
    """The policy that the file is levied by.

    Raises:
        NoPolicy: there is none.
    """
    return await policy_flow.in_force(tx, asked.region, asked.period.first_day)


async def take(
    tx: AsyncConnection, row: OperationRow, asked: FileAsked, filed: FileRows
) -> dict[str, Any]:
    """Check and store a file that was read; what came of it.

    Raises:
        Failed: control totals that do not tie, faults, or nothing to store.
    """
    control = control_faults(filed, asked.control)
    if control:
        differ = ControlTotalsDiffer()
        raise OperationFailed(differ.code, differ.message, [*control, *filed.faults])
    dated = await policy_of(tx, asked)
    register, year = await _register(tx, asked, filed, dated.policy)
    schedules = Schedules(dated.policy, asked.period)
    faults, taken = await asyncio.to_thread(check, filed, register, schedules, asked.on_fault)
    if year is not None and taken.units:
        taken, more = await asyncio.to_thread(
            frozen_files_flow.in_file, taken, year, schedules, asked.on_fault
        )
        faults = sorted([*faults, *more], key=lambda fault: fault.row)
    if faults and asked.on_fault is OnFault.REFUSE:
        raise OperationFailed(
            "FILE_HAS_FAULTS", "文件有误,未存任何内容 (faults; nothing is stored)", faults
        )
    if not taken.units:
        raise OperationFailed("NOTHING_TO_STORE", "没有可存的内容 (nothing to store)", faults)
    made = await filing_bulk_flow.store_all(
        tx,
        taken,
        period=asked.period,
        policy_id=dated.id,
        schedules=schedules,
        turns=register.turns,
        caller=asker(row),
    )
    if faults:
        await operation_store.insert_report(tx, row, len(faults), fault_report(faults))
    await operation_store.forget_parts(tx, row)
    return _result(filed, taken, faults, made)


async def _register(
    tx: AsyncConnection, asked: FileAsked, filed: FileRows, policy: Policy
) -> tuple[Register, FrozenYear | None]:
    known = await change_flow.as_of(
        tx,
        await bulk_store.units(tx, [unit_key(code) for code in filed.codes]),
        asked.period.first_day,
    )
    # A key that two credit codes share names nobody: the other code's unit is unknown here.
    by_code = {unit.credit_code: unit for unit in known.values()}
    ids = [by_code[code].id for code in filed.codes if code in by_code]
    turns = await late_flow.turns(tx, ids, str(asked.period))
    year = await frozen_bases_flow.of(tx, policy, ids, asked.period)
    enrolled = await bulk_store.enrolled(tx, ids, asked.period.first_day, asked.period.last_day)
    register = Register(
        units={code: by_code[code] for code in filed.codes if code in by_code},
        enrolled_unit=enrolled[0],
        enrolled_person=enrolled[1],
        turns=turns,
        district=asked.district,
        standings=await category_store.of_units(tx, ids, asked.period),
        reviewed=frozenset() if year is None else frozenset(year.units),
    )
    return register, year


def _result(
    filed: FileRows, taken: Taken, faults: Sequence[RowFault], made: filing_bulk_flow.Made
) -> dict[str, Any]:
    return {
        "declarations": len(made.headers),
        "people": len(taken.person_id),
        "wages": format_yuan(int(taken.wage_fen.sum())),
        "total": format_yuan(made.total_fen),
        "left_out": filed.people - len(taken.person_id),
        "faults": len(faults),
    }
