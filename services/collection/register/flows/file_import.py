"""Register units and people by file (导入): all rows or none, or row by row if requested.

Every fault is named by row and column in both modes.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.clients.sheet import NotASheet, csv_of
from services.collection.common.domain.errors import (
    KeyCollision,
    RegisterMoved,
    UnitExists,
)
from services.collection.common.domain.faults import row_repeated
from services.collection.common.domain.rows import FileUnreadable, RowFault
from services.collection.common.store import shipped as common_shipped_store
from services.collection.policy import flows as policy_flow
from services.collection.policy.domain.policy import Policy
from services.collection.register.domain.file import day_headings, decoded
from services.collection.register.domain.person import key_of_person, number_fault
from services.collection.register.domain.unit import Unit, coverage_faults, faults_in
from services.collection.register.flows import enrolment as enrolment_flow
from services.collection.register.flows import enrolment_category as enrolment_category_flow
from services.collection.register.flows import unit as unit_flow
from services.collection.register.flows.enrolment import EnrolmentRequest, Vault
from services.collection.register.store import category as category_store
from services.collection.register.store import cover as cover_store
from services.collection.register.store import file_import as file_import_store
from services.collection.register.store import person as person_store
from services.collection.register.store import unit as unit_store
from services.collection.register.store.person import Enrolment
from shared.clock import today
from shared.ids import unit_key
from shared.roles import Caller, Level
from shared.security.personal_data import AccountCipher

WORKBOOK_START: Final = b"PK\x03\x04"


class ImportMode(StrEnum):
    """Treatment of a file with faults."""

    ALL_OR_NOTHING = "all_or_nothing"
    ROW_BY_ROW = "row_by_row"


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of an import: new, repeated and refused rows, and every fault.

    Warnings concern imported rows; they do not prevent an import.
    """

    rows: int
    imported: int
    replayed: int
    faults: tuple[RowFault, ...]
    warnings: tuple[RowFault, ...] = ()

    @property
    def refused(self) -> int:
        """Count the rows with a fault."""
        return len({fault.row for fault in self.faults})


async def text_of(file: IO[bytes], columns: Mapping[str, str]) -> str:
    """Read the text of an uploaded file: CSV, or the first sheet of a workbook as CSV.

    Raises:
        FileUnreadable: it is neither.
    """
    file.seek(0)
    if file.read(len(WORKBOOK_START)) != WORKBOOK_START:
        file.seek(0)
        return decoded(file.read())
    with tempfile.TemporaryFile() as out:
        try:
            await csv_of(file, out, days=day_headings(columns))
        except NotASheet:
            raise FileUnreadable(
                RowFault(0, "", "NOT_A_SHEET", "无法读取工作簿 (not a workbook)")
            ) from None
        out.seek(0)
        return out.read().decode()


def _stops(faults: Sequence[RowFault], mode: ImportMode) -> bool:
    return bool(faults) and mode is ImportMode.ALL_OR_NOTHING


def _result(
    rows: int,
    faults: Sequence[RowFault],
    imported: int = 0,
    known: int = 0,
    warnings: Sequence[RowFault] = (),
) -> ImportResult:
    return ImportResult(rows, imported, known, _by_cell(faults), _by_cell(warnings))


def _by_cell(faults: Sequence[RowFault]) -> tuple[RowFault, ...]:
    return tuple(sorted(faults, key=lambda fault: (fault.row, fault.column)))


# --- units ---------------------------------------------------------------------------------


async def units(
    tx: AsyncConnection,
    rows: Sequence[tuple[int, Unit]],
    unread: Sequence[RowFault],
    *,
    mode: ImportMode,
    region: str,
    caller: Caller,
    accounts: AccountCipher,
) -> ImportResult:
    """Register the units of a file; `unread` are the faults of rows that could not be read."""
    count = len(rows) + len({fault.row for fault in unread})
    policies = await policy_flow.published(tx, region)
    faults = [*unread, *_unit_faults(rows, policies, region, caller)]
    known = await unit_store.known(tx, [unit.id for _, unit in rows])
    for row, unit in rows:
        if unit.id in known:
            faults += _unit_conflicts(row, known[unit.id], unit, accounts)
    if _stops(faults, mode):
        return _result(count, faults)
    faulty = {fault.row for fault in faults}
    good = [unit for row, unit in rows if row not in faulty]
    created = await unit_store.insert(tx, good) if good else set()
    return _result(count, faults, len(created), len(good) - len(created))


def _unit_faults(
    rows: Sequence[tuple[int, Unit]], policies: Sequence[Policy], region: str, caller: Caller
) -> list[RowFault]:
    found = []
    units = [unit for _, unit in rows]
    for fault in [
        *faults_in(units, common_shipped_store.districts_of(region), "{}"),
        *coverage_faults(units, policies, "{}"),
    ]:
        number, column = fault.pointer.split("/", 1)
        found.append(RowFault(rows[int(number)][0], column, fault.code, fault.message))
    for row, unit in rows:
        if caller.level is Level.DISTRICT and unit.district != caller.district:
            found.append(_another_district(row))
    return found


def _another_district(row: int) -> RowFault:
    return RowFault(
        row, "district", "FORBIDDEN", "不属于本分中心 (the unit belongs to another district)"
    )


def _unit_conflicts(row: int, known: Unit, unit: Unit, accounts: AccountCipher) -> list[RowFault]:
    if known.credit_code != unit.credit_code:
        return [RowFault(row, "credit_code", KeyCollision.code, KeyCollision().message)]
    differences = unit_flow.differences_of(known, unit, accounts)
    if not differences:
        return []
    return [RowFault(row, differences[0], UnitExists.code, UnitExists(differs=differences).message)]


# --- people --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """A row of a file of people: the unit, and the enrolment."""

    row: int
    credit_code: str
    enrolment: EnrolmentRequest


async def people(
    tx: AsyncConnection,
    rows: Sequence[ImportedPerson],
    unread: Sequence[RowFault],
    *,
    mode: ImportMode,
    region: str,
    vault: Vault,
    caller: Caller,
) -> ImportResult:
    """Enrol the people of a file at their units; `unread` are the faults of unreadable rows."""
    count = len(rows) + len({fault.row for fault in unread})
    ids = [key_of_person(row.enrolment.identity_number, vault.pepper).id for row in rows]
    pairs = [(unit_key(row.credit_code), key) for row, key in zip(rows, ids, strict=True)]
    enrolments = [enrolment_flow.enrolment_of(row.enrolment, vault)[1] for row in rows]
    placed = enrolment_flow.place(enrolments, pairs, await cover_store.at_units(tx, pairs))
    faults = [*unread, *await _people_faults(tx, rows, pairs, caller)]
    merged = await person_store.merged(tx, ids)
    faults += [
        RowFault(row.row, "identity_number", *enrolment_flow.MERGED)
        for row, key in zip(rows, ids, strict=True)
        if key in merged
    ]
    faults += [
        RowFault(rows[number].row, "joined_on", found.code, found.message)
        for number, found in placed.in_the_way
    ]
    known = [(number, pair[0], enrolments[number]) for number, pair in placed.known.items()]
    faults += await _category_faults(tx, rows, known, region)
    if _stops(faults, mode):
        return _result(count, faults)
    faulty = {fault.row for fault in faults}
    good = [(row, pair) for row, pair in zip(rows, pairs, strict=True) if row.row not in faulty]
    if not good:
        return _result(count, faults)
    warnings = await _store_persons(tx, [row for row, _ in good], vault)
    new = [
        (pairs[number][0], row)
        for number, row in placed.new.items()
        if rows[number].row not in faulty
    ]
    created = await file_import_store.enrol(tx, new)
    if created != len(new):
        raise RegisterMoved
    await category_store.insert_many(tx, enrolment_category_flow.rows_of(new))
    warnings += await _covered_elsewhere(tx, good)
    return _result(count, faults, created, len(good) - created, warnings)


async def _store_persons(
    tx: AsyncConnection, rows: Sequence[ImportedPerson], vault: Vault
) -> list[RowFault]:
    """Store the persons of rows; return warnings, each at the first row of its person."""
    first = {row.enrolment.identity_number: row for row in reversed(rows)}
    each = list(first.values())
    found = []
    for fault in await enrolment_flow.store_people(tx, [row.enrolment for row in each], vault):
        _, _, number, column = fault.pointer.split("/")
        found.append(RowFault(each[int(number)].row, column, fault.code, fault.message))
    return found


async def _covered_elsewhere(
    tx: AsyncConnection, rows: Sequence[tuple[ImportedPerson, tuple[int, int]]]
) -> list[RowFault]:
    """Warn about people whom another unit also covers, by the register or by another row."""
    other_units = await file_import_store.elsewhere(
        tx, [(*pair, row.enrolment.joined_on) for row, pair in rows]
    )
    return [
        RowFault(row.row, "identity_number", *enrolment_flow.covered_by(other_units[pair]))
        for row, pair in rows
        if pair in other_units
    ]


async def _category_faults(
    tx: AsyncConnection,
    rows: Sequence[ImportedPerson],
    known: Sequence[tuple[int, int, Enrolment]],
    region: str,
) -> list[RowFault]:
    """Find rows whose category no policy has, or whose person is enrolled in another category."""
    found = []
    for fault in await enrolment_category_flow.faults_in(
        tx, region, [row.enrolment for row in rows], "{}"
    ):
        number, column = fault.pointer.split("/", 1)
        found.append(RowFault(rows[int(number)].row, column, fault.code, fault.message))
    categories = await category_store.at_joining_of(
        tx, [(unit_id, row) for _, unit_id, row in known]
    )
    for position, unit_id, enrolment in known:
        pair = (unit_id, enrolment.person_id)
        stated = categories.get(pair, enrolment_category_flow.AS_EMPLOYEE)
        if stated != (enrolment.category, enrolment.base_choice):
            differs = enrolment_category_flow.ANOTHER_CATEGORY
            found.append(RowFault(rows[position].row, "category", *differs))
    return found


async def _people_faults(
    tx: AsyncConnection,
    rows: Sequence[ImportedPerson],
    pairs: Sequence[tuple[int, int]],
    caller: Caller,
) -> list[RowFault]:
    known = await unit_store.known(tx, sorted({unit_id for unit_id, _ in pairs}))
    first_row: dict[tuple[int, int], int] = defaultdict(int)
    faults: list[RowFault] = []
    for row, pair in zip(rows, pairs, strict=True):
        faults += _unit_fault(row, known.get(pair[0]), caller)
        fault = number_fault(row.enrolment.identity_number, "")
        if fault:
            faults.append(RowFault(row.row, "identity_number", fault.code, fault.message))
        elif pair in first_row:
            faults.append(row_repeated(row.row, first_row[pair], "identity_number"))
        first_row.setdefault(pair, row.row)
        if row.enrolment.joined_on > today():
            message = "日期不得晚于今日 (the day is in the future)"
            faults.append(RowFault(row.row, "joined_on", "DAY_IN_FUTURE", message))
    return faults


def _unit_fault(row: ImportedPerson, unit: Unit | None, caller: Caller) -> list[RowFault]:
    if unit is None or unit.credit_code != row.credit_code:
        return [RowFault(row.row, "credit_code", "UNIT_UNKNOWN", "未登记该单位 (no such unit)")]
    if caller.level is Level.DISTRICT and unit.district != caller.district:
        return [_another_district(row.row)]
    if unit.status == "closed":
        return [RowFault(row.row, "credit_code", "UNIT_CLOSED", "单位已注销 (the unit is closed)")]
    return []
