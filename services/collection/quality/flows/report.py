"""The report on a period's data quality as an operation in the background.

A city's checks read tens of millions of rows, which takes longer than a request may. Each check
runs in its own transaction. The database counts; this process holds only the counts and the first
rows of each check. The rows stay with the operation as they were found; the checks' own doors show
the present state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.csv_table import csv_of, harmless
from services.collection.operation import flows as operation_flow
from services.collection.operation import store as operation_store
from services.collection.operation.flows import new_operation
from services.collection.operation.store import OperationRow
from services.collection.quality.domain.quality import Check, QualityCatalogue, Target
from services.collection.quality.store import quality as quality_store
from services.collection.quality.store import shipped as quality_shipped_store
from services.collection.quality.store.quality import FindingRow
from shared.clock import today
from shared.errors import Forbidden, NotFound
from shared.ids import Ref
from shared.period import Period
from shared.references import Reference
from shared.roles import Caller

KIND: Final = "quality_report"
STATEMENT_SECONDS: Final = 600
ROWS_KEPT: Final = 2_000
"""Rows of each check that a report keeps; the check's own door lists all of them."""

Reading = Callable[[Callable[[AsyncConnection], Awaitable[Any]]], Awaitable[Any]]
"""Runs a query in its own transaction."""


def operation_of(
    region: str, period: Period, district: str | None, edition: int, caller: Caller
) -> OperationRow:
    """Build the operation that reports on a period.

    The same request on the same day is the same operation, unless it requests another edition.

    Raises:
        Forbidden: another district's, or the caller is a machine.
    """
    if not caller.role.is_person:
        raise Forbidden(role=caller.role.value)
    words = {
        "region": region,
        "period": str(period),
        "district": district,
        "day": str(today()),
        "edition": edition,
    }
    natural = f"{region}:{district or '*'}:{period}:{today()}:{edition}"
    return new_operation(KIND, natural, words, caller=caller, district=district, total=steps())


def steps() -> int:
    """Count the transactions that a report takes."""
    return quality_shipped_store.steps() + 1


@dataclass(slots=True)
class CheckCounts:
    """The counts of every check by district, and the first rows of each."""

    checks: Sequence[Check] = ()
    of: dict[str, Mapping[str, int]] = field(default_factory=dict)
    found: dict[str, Mapping[str, int]] = field(default_factory=dict)
    reached: list[tuple[Target, Mapping[str, int], Mapping[str, int]]] = field(default_factory=list)
    rows: list[tuple[Check, FindingRow]] = field(default_factory=list)


async def gather(row: OperationRow, read: Reading, more: Callable[[int], None]) -> CheckCounts:
    """Run the checks one after the other; `more` is called after each."""
    period, district = Period.parse(row.asked["period"]), row.asked["district"]
    gathered = CheckCounts()

    catalogue: QualityCatalogue = await read(quality_shipped_store.catalogue)
    gathered.checks = catalogue.checks

    async def subjects(tx: AsyncConnection) -> None:
        await quality_store.take_time(tx, STATEMENT_SECONDS)
        for subject in catalogue.subjects:
            gathered.of[subject] = await quality_store.subjects(tx, subject, period, district)

    await read(subjects)
    more(1)
    for check in catalogue.checks:
        await read(_checked(gathered, check, period, district))
        more(1)
    for target in catalogue.targets:
        checks = [catalogue.check(id) for id in target.checks]
        await read(_reached(gathered, target, checks, (period, district)))
        more(1)
    return gathered


def _checked(
    gathered: CheckCounts, check: Check, period: Period, district: str | None
) -> Callable[[AsyncConnection], Awaitable[None]]:
    async def once(tx: AsyncConnection) -> None:
        await quality_store.take_time(tx, STATEMENT_SECONDS)
        gathered.found[check.id] = counted = await quality_store.count(tx, check, period, district)
        if any(counted.values()):
            first = await quality_store.page(tx, check, period, district, (-1, -1), ROWS_KEPT)
            gathered.rows += [(check, row) for row in first]

    return once


def _reached(
    gathered: CheckCounts,
    target: Target,
    checks: Sequence[Check],
    of: tuple[Period, str | None],
) -> Callable[[AsyncConnection], Awaitable[None]]:
    period, district = of
    looked_at = sorted({check.subject for check in checks})

    async def once(tx: AsyncConnection) -> None:
        await quality_store.take_time(tx, STATEMENT_SECONDS)
        subjects = await quality_store.looked_at(tx, looked_at, period, district)
        wrong = await quality_store.found_by_any(tx, checks, period, district)
        gathered.reached.append((target, subjects, wrong))

    return once


async def keep(
    tx: AsyncConnection, row: OperationRow, rows: Sequence[tuple[Check, FindingRow]]
) -> None:
    """Store the rows with the operation."""
    if rows:
        await operation_store.insert_report(tx, row, len(rows), _csv(rows))


async def result_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> dict[str, Any]:
    """Read the counts of a finished report.

    Raises:
        NotFound: the operation is not a report, or has not finished. Forbidden: another district's.
    """
    row = await operation_flow.find(tx, ref, caller)
    if row.kind != KIND or row.result is None:
        raise NotFound(report=ref.text(Reference.OPERATION))
    return row.result


async def rows_of(tx: AsyncConnection, ref: Ref, caller: Caller) -> bytes:
    """Read the rows that a finished report found, as CSV.

    Raises:
        NotFound: the operation is not a report, or has not finished. Forbidden: another district's.
    """
    row = await operation_flow.find(tx, ref, caller)
    if row.kind != KIND or row.status != "succeeded":
        raise NotFound(report=row.kind)
    return await operation_store.report(tx, row) or _csv(())


def _csv(rows: Sequence[tuple[Check, FindingRow]]) -> bytes:
    cells = (
        (
            row.district,
            check.id,
            row.credit_code,
            row.unit_name,
            row.masked_number or "",
            row.masked_name or "",
            row.said,
        )
        for check, row in rows
    )
    return csv_of(_COLUMNS, ([harmless(cell) for cell in line] for line in cells))


_COLUMNS: Final = (
    "district",
    "check",
    "credit_code",
    "unit_name",
    "masked_identity_number",
    "name",
    "said",
)
