"""Operations (办理任务): requested now, run in the background, found by their id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.rows import RowFault
from services.collection.operation import store as operation_store
from services.collection.operation.store import OperationRow
from shared.errors import NotFound
from shared.ids import Ref, key_of, uuid7
from shared.references import Reference
from shared.roles import CENTRE, Caller, Level, Role

ROUND: Final = "round"
"""Name of the round in what an operation was asked; the first one has none."""


class OperationFailed(Exception):
    """The refusal that ends an operation, with the faults of its rows."""

    def __init__(self, code: str, message: str, faults: Sequence[RowFault] = ()) -> None:
        self.code, self.message, self.faults = code, message, tuple(faults)
        super().__init__(code)


class OperationLost(Exception):
    """The operation is held by another worker now; this one's work is dropped."""


def new_operation(
    kind: str,
    natural_key: str,
    asked: dict[str, Any],
    *,
    caller: Caller,
    district: str | None,
    total: int | None = None,
) -> OperationRow:
    """Build a new operation. `natural_key` identifies the request, so that a repeat is the same
    one."""
    return OperationRow(
        operation_key=key_of("operation", f"{kind}:{natural_key}"),
        id=uuid7(),
        natural_key=f"{kind}:{natural_key}",
        kind=kind,
        status="waiting",
        person=caller.subject,
        role=caller.role.value,
        district=district or caller.district,
        asked=asked,
        total=total,
    )


async def ask(
    tx: AsyncConnection,
    row: OperationRow,
    caller: Caller,
    sealed: Iterable[bytes] = (),
    *,
    again: bool = True,
) -> OperationRow:
    """Request an operation. A repeat returns the one that is not finished; a failed one is tried again.

    A request after it succeeded is a new round, which does what has become due since; without
    `again` it returns the finished one.
    """
    known = await operation_store.find_repeat(tx, row)
    if known is None or (known.status == "succeeded" and again):
        number = 1 if known is None else known.asked.get(ROUND, 1) + 1
        new = row if number == 1 else _round(row, number)
        if await operation_store.insert(tx, new):
            await operation_store.insert_parts(tx, new, sealed)
            return new
        known = await operation_store.find_repeat(tx, row)
    assert known is not None, "keys of operations are whole digests"
    if known.status == "failed":
        await operation_store.try_again(tx, known, caller.subject, caller.role.value)
        await operation_store.insert_parts(tx, known, sealed)
        known = await operation_store.find(tx, known.operation_key, known.id)
        assert known is not None
    return known


def _round(row: OperationRow, number: int) -> OperationRow:
    return replace(
        row, natural_key=f"{row.natural_key}#{number}", asked=row.asked | {ROUND: number}
    )


async def find(tx: AsyncConnection, ref: Ref, caller: Caller) -> OperationRow:
    """Find an operation that the caller may see. The tax bureau sees those that it requested.

    Raises:
        NotFound: there is no such operation. Forbidden: another district's.
    """
    row = await operation_store.find(tx, ref.key, ref.id)
    is_anothers = caller.role is Role.TAX_BUREAU and row and row.person != caller.subject
    if row is None or is_anothers:
        raise NotFound(operation=ref.text(Reference.OPERATION))
    caller.require_district(row.district)
    return row


async def report(tx: AsyncConnection, ref: Ref, caller: Caller) -> bytes:
    """Read the faults of an operation's file, as CSV.

    Raises:
        NotFound: there is no such operation, or it has no report.
    """
    row = await find(tx, ref, caller)
    content = await operation_store.report(tx, row)
    if content is None:
        raise NotFound(report=ref.text(Reference.OPERATION))
    return content


def asker(row: OperationRow) -> Caller:
    """Return the person who requested an operation, for the trail of its effects."""
    role = Role(row.role)
    district = row.district if role.level is Level.DISTRICT else CENTRE
    return Caller(subject=row.person, role=role, district=district)
