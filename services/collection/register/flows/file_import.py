"""Register units and people by file (导入): whole or not at all, or row by row when that is asked.

Every fault is named by row and column, whichever way is asked for.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import IO

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.clients.sheet import NotASheet, csv_of
from services.collection.common.domain.errors import KeyCollision, UnitExists
from services.collection.common.domain.faults import row_repeated
from services.collection.common.domain.rows import FileUnreadable, RowFault
from services.collection.common.store import shipped as common_shipped_store
from services.collection.register.domain.file import decoded
from services.collection.register.domain.person import key_of_person, number_fault
from services.collection.register.domain.unit import Unit, differing, faults_in
from services.collection.register.flows import enrolment as enrolment_flow
from services.collection.register.flows import enrolment_category as enrolment_category_flow
from services.collection.register.flows.enrolment import Joining, Vault
from services.collection.register.store import category as category_store
from services.collection.register.store import file_import as file_import_store
from services.collection.register.store import unit as unit_store
from shared.clock import today
from shared.errors import Fault
from shared.ids import unit_key
from shared.roles import Caller, Level

WORKBOOK = b"PK\x03\x04"


class Mode(StrEnum):
    """What becomes of a file in which something is wrong."""

    ALL_OR_NOTHING = "all_or_nothing"
    ROW_BY_ROW = "row_by_row"


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file: rows that were new, known already, refused; every fault; and what is to
    be looked at of rows that were taken (warnings stop nothing)."""

    rows: int
    imported: int
    replayed: int
    faults: tuple[RowFault, ...]
    warnings: tuple[RowFault, ...] = ()

    @property
    def refused(self) -> int:
        """How many rows have a fault."""
        return len({fault.row for fault in self.faults})


async def text_of(file: IO[bytes]) -> str:
    """The text of an uploaded file: CSV as it is, the first sheet of a workbook as CSV.

    Raises:
        FileUnreadable: neither.
    """
    file.seek(0)
    if file.read(4) != WORKBOOK:
        file.seek(0)
        return decoded(file.read())
    with tempfile.TemporaryFile() as out:
        try:
            await csv_of(file, out)
        except NotASheet:
            raise FileUnreadable(
                RowFault(0, "", "NOT_A_SHEET", "无法读取工作簿 (not a workbook)")
            ) from None
        out.seek(0)
        return out.read().decode()


def _stops(faults: Sequence[RowFault], mode: Mode) -> bool:
    return bool(faults) and mode is Mode.ALL_OR_NOTHING


def _outcome(
    rows: int,
    faults: Sequence[RowFault],
    imported: int = 0,
    known: int = 0,
    warnings: Sequence[RowFault] = (),
) -> Imported:
    return Imported(rows, imported, known, _by_cell(faults), _by_cell(warnings))


def _by_cell(faults: Sequence[RowFault]) -> tuple[RowFault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.row, fault.column)))


# --- units ---------------------------------------------------------------------------------


async def units(
    tx: AsyncConnection,
    rows: Sequence[tuple[int, Unit]],
    unread: Sequence[RowFault],
    *,
    mode: Mode,
    region: str,
    caller: Caller,
) -> Imported:
    """Register the units of a file; `unread` are faults of rows that are no units."""
    count = len(rows) + len({fault.row for fault in unread})
    faults = [*unread, *_unit_faults(rows, region, caller)]
    known = await unit_store.known(tx, [unit.id for _, unit in rows])
    for row, unit in rows:
        if unit.id in known:
            faults += _unit_conflicts(row, known[unit.id], unit)
    if _stops(faults, mode):
        return _outcome(count, faults)
    bad = {fault.row for fault in faults}
    good = [unit for row, unit in rows if row not in bad]
    made = await unit_store.insert(tx, good) if good else set()
    return _outcome(count, faults, len(made), len(good) - len(made))


def _unit_faults(rows: Sequence[tuple[int, Unit]], region: str, caller: Caller) -> list[RowFault]:
    found = []
    for fault in faults_in(
        [unit for _, unit in rows], common_shipped_store.districts_of(region), "{}"
    ):
        number, column = fault.pointer.split("/", 1)
        found.append(RowFault(rows[int(number)][0], column, fault.code, fault.message))
    for row, unit in rows:
        if caller.level is Level.DISTRICT and unit.district != caller.district:
            found.append(_another_district(row))
    return found


def _another_district(row: int) -> RowFault:
    return RowFault(row, "district", "FORBIDDEN", "不属于本分中心 (another district's unit)")


def _unit_conflicts(row: int, known: Unit, unit: Unit) -> list[RowFault]:
    if known.credit_code != unit.credit_code:
        return [RowFault(row, "credit_code", KeyCollision.code, KeyCollision().message)]
    differences = differing(known, unit)
    if not differences:
        return []
    return [RowFault(row, differences[0], UnitExists.code, UnitExists(differs=differences).message)]


# --- people --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row that is a person: at which unit, and who joins when."""

    row: int
    credit_code: str
    joining: Joining


async def people(
    tx: AsyncConnection,
    rows: Sequence[PersonRow],
    unread: Sequence[RowFault],
    *,
    mode: Mode,
    region: str,
    vault: Vault,
    caller: Caller,
) -> Imported:
    """Enrol the people of a file, each at a unit; `unread` are faults of rows that are no people."""
    count = len(rows) + len({fault.row for fault in unread})
    ids = [key_of_person(row.joining.identity_number, vault.pepper).id for row in rows]
    pairs = [(unit_key(row.credit_code), key) for row, key in zip(rows, ids, strict=True)]
    since = await file_import_store.living(tx, pairs)
    faults = [*unread, *await _people_faults(tx, rows, pairs, caller)]
    for row, pair in zip(rows, pairs, strict=True):
        if since.get(pair, row.joining.joined_on) != row.joining.joined_on:
            message = f"已参保,起始日不同 (enrolled since {since[pair]})"
            faults.append(RowFault(row.row, "joined_on", "ENROLLED_SINCE_ANOTHER_DAY", message))
    faults += await _category_faults(tx, rows, pairs, since, region)
    if _stops(faults, mode):
        return _outcome(count, faults)
    bad = {fault.row for fault in faults}
    good = [(row, pair) for row, pair in zip(rows, pairs, strict=True) if row.row not in bad]
    if not good:
        return _outcome(count, faults)
    warnings = await _stored(tx, [row for row, _ in good], vault)
    held = [(pair[0], enrolment_flow.enrolment_of(row.joining, vault)[1]) for row, pair in good]
    made = await file_import_store.enrol(tx, held)
    known = set(since)
    new = [one for one in held if (one[0], one[1].person_id) not in known]
    await category_store.insert_many(tx, enrolment_category_flow.rows_of(new))
    warnings += await _covered_elsewhere(tx, good)
    return _outcome(count, faults, made, len(good) - made, warnings)


async def _stored(tx: AsyncConnection, rows: Sequence[PersonRow], vault: Vault) -> list[RowFault]:
    """Store the persons of rows; what is to be looked at of each, told at its first row."""
    first = {row.joining.identity_number: row for row in reversed(rows)}
    each = list(first.values())
    found = []
    for fault in await enrolment_flow.store_people(tx, [row.joining for row in each], vault):
        _, _, number, column = fault.pointer.split("/")
        found.append(RowFault(each[int(number)].row, column, fault.code, fault.message))
    return found


async def _covered_elsewhere(
    tx: AsyncConnection, rows: Sequence[tuple[PersonRow, tuple[int, int]]]
) -> list[RowFault]:
    """Rows whose person another unit covers too: by the register, or by another row of the file."""
    other = await file_import_store.elsewhere(
        tx, [(*pair, row.joining.joined_on) for row, pair in rows]
    )
    return [
        RowFault(row.row, "identity_number", *enrolment_flow.covered_by(other[pair]))
        for row, pair in rows
        if pair in other
    ]


async def _category_faults(
    tx: AsyncConnection,
    rows: Sequence[PersonRow],
    pairs: Sequence[tuple[int, int]],
    since: Mapping[tuple[int, int], date],
    region: str,
) -> list[RowFault]:
    """Whose category no policy names, and who is enrolled as something else."""
    found = []
    for fault in await enrolment_category_flow.faults_in(
        tx, region, [row.joining for row in rows], "{}"
    ):
        number, column = fault.pointer.split("/", 1)
        found.append(RowFault(rows[int(number)].row, column, fault.code, fault.message))
    said = await category_store.at_joining_of(tx, list(since))
    for row, pair in zip(rows, pairs, strict=True):
        joining = (row.joining.category, row.joining.choice)
        if pair in since and said.get(pair, enrolment_category_flow.AS_EMPLOYEE) != joining:
            found.append(RowFault(row.row, "category", *enrolment_category_flow.AS_ANOTHER))
    return found


async def _people_faults(
    tx: AsyncConnection,
    rows: Sequence[PersonRow],
    pairs: Sequence[tuple[int, int]],
    caller: Caller,
) -> list[RowFault]:
    known = await unit_store.known(tx, sorted({unit_id for unit_id, _ in pairs}))
    seen: dict[tuple[int, int], int] = defaultdict(int)
    faults: list[RowFault] = []
    for row, pair in zip(rows, pairs, strict=True):
        faults += _unit_fault(row, known.get(pair[0]), caller)
        wrong: Fault | None = number_fault(row.joining.identity_number, "")
        if wrong:
            faults.append(RowFault(row.row, "identity_number", wrong.code, wrong.message))
        elif pair in seen:
            faults.append(row_repeated(row.row, seen[pair], "identity_number"))
        seen.setdefault(pair, row.row)
        if row.joining.joined_on > today():
            message = "日期不得晚于今日 (in the future)"
            faults.append(RowFault(row.row, "joined_on", "DAY_IN_FUTURE", message))
    return faults


def _unit_fault(row: PersonRow, unit: Unit | None, caller: Caller) -> list[RowFault]:
    if unit is None or unit.credit_code != row.credit_code:
        return [RowFault(row.row, "credit_code", "UNIT_UNKNOWN", "未登记该单位 (no such unit)")]
    if caller.level is Level.DISTRICT and unit.district != caller.district:
        return [_another_district(row.row)]
    if unit.status == "closed":
        return [RowFault(row.row, "credit_code", "UNIT_CLOSED", "单位已注销 (the unit is closed)")]
    return []
