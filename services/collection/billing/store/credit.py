"""SQL of credits: unused credits of units, the bills that they may lower, and their uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.credit import Credit, CreditableLine, CreditUse
from shared.db import lock_rows, raw
from shared.page import read_page

_CREDIT = """unit_id, id, declaration_id, credit_code, district, period, insurance, party, account,
       fund, amount_fen, used_fen, granted_on"""
_COLUMNS = (
    "unit_id",
    "id",
    "declaration_id",
    "credit_code",
    "district",
    "period",
    "insurance",
    "party",
    "account",
    "fund",
    "amount_fen",
    "used_fen",
    "granted_on",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUseRow:
    """An amount of a credit that lowered a line, with the credit's declaration and month."""

    id: UUID
    declaration_id: UUID
    period: str
    amount_fen: int
    used_on: date


async def unused(tx: AsyncConnection, unit_ids: Sequence[int]) -> list[Credit]:
    """Lock and read the unused credits of units."""
    rows = await lock_rows(
        tx,
        f"""
        SELECT {_CREDIT}
          FROM credit
         WHERE unit_id = ANY(CAST(:keys AS bigint[])) AND used_fen < amount_fen
         ORDER BY unit_id, id
           FOR UPDATE
        """,
        unit_ids,
    )
    return [Credit(**row._mapping) for row in rows]


async def lock_open(tx: AsyncConnection, unit_ids: Sequence[int]) -> list[tuple[int, UUID]]:
    """Lock the unpaid or partly paid contribution bills of units; return (unit, bill).

    Everything that pays, debits or lowers a bill takes this lock.
    """
    rows = await lock_rows(
        tx,
        """
        SELECT unit_id, id
          FROM bill
         WHERE unit_id = ANY(CAST(:keys AS bigint[])) AND status <> 'settled'
           AND kind <> 'charge'
         ORDER BY unit_id, id
           FOR UPDATE
        """,
        unit_ids,
    )
    return [(row.unit_id, row.id) for row in rows]


_OPEN_LINES = """
    SELECT bill.unit_id, bill.id AS bill_id, line.line_no, bill.district, bill.period,
           bill.issued_on, line.insurance, line.party, line.account, line.fund,
           line.amount_fen - line.settled_fen AS amount_fen
      FROM unnest($1::bigint[], $2::uuid[]) AS locked (unit_id, id)
      JOIN bill ON bill.unit_id = locked.unit_id AND bill.id = locked.id
      JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
     WHERE line.amount_fen > line.settled_fen
       AND NOT EXISTS (SELECT 1
                         FROM debit_line AS live
                        WHERE live.unit_id = bill.unit_id
                          AND live.bill_id = bill.id
                          AND live.status IN ('waiting', 'unknown'))
"""


async def open_lines(
    tx: AsyncConnection, locked: Sequence[tuple[int, UUID]]
) -> list[CreditableLine]:
    """Read the open amounts of the lines of locked bills that no debit is under way for.

    This is a statement of its own, after the lock, so that it sees what was committed meanwhile.
    """
    if not locked:
        return []
    driver = await raw(tx)
    rows = await driver.fetch(_OPEN_LINES, *map(list, zip(*locked, strict=True)))
    return [CreditableLine(**row) for row in rows]


async def insert(tx: AsyncConnection, credits: Sequence[Credit], used: dict[UUID, int]) -> None:
    """Write granted credits with the amount of each that is used at once."""
    driver = await raw(tx)
    await driver.copy_records_to_table(
        "credit",
        columns=_COLUMNS,
        records=[
            (
                credit.unit_id,
                credit.id,
                credit.declaration_id,
                credit.credit_code,
                credit.district,
                credit.period,
                credit.insurance,
                credit.party,
                credit.account,
                credit.fund,
                credit.amount_fen,
                used.get(credit.id, 0),
                credit.granted_on,
            )
            for credit in credits
        ],
    )


async def add_used(tx: AsyncConnection, credits: Sequence[Credit], used: dict[UUID, int]) -> None:
    """Add to the used amount of credits."""
    await tx.execute(
        text("""
            UPDATE credit
               SET used_fen = credit.used_fen + batch.amount_fen
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:amounts AS bigint[])) AS batch (unit_id, id, amount_fen)
             WHERE credit.unit_id = batch.unit_id AND credit.id = batch.id
        """),
        {
            "units": [credit.unit_id for credit in credits],
            "ids": [credit.id for credit in credits],
            "amounts": [used[credit.id] for credit in credits],
        },
    )


async def insert_uses(tx: AsyncConnection, uses: Sequence[CreditUse], on: date) -> None:
    """Write which credit lowered which line. A use is never dated before the bill's issue."""
    driver = await raw(tx)
    await driver.copy_records_to_table(
        "credit_use",
        columns=("unit_id", "credit_id", "bill_id", "line_no", "amount_fen", "used_on"),
        records=[
            (
                one.credit.unit_id,
                one.credit.id,
                one.line.bill_id,
                one.line.line_no,
                one.amount_fen,
                max(on, one.line.issued_on),
            )
            for one in uses
        ],
    )


async def lower(
    tx: AsyncConnection, lowered: Sequence[tuple[int, UUID, dict[int, int]]]
) -> list[tuple[int, UUID]]:
    """Lower the lines of locked bills. Return (unit, declaration) of bills that ask for nothing
    now."""
    lines = [
        (unit_id, bill_id, line_no, fen)
        for unit_id, bill_id, by_line in lowered
        for line_no, fen in by_line.items()
    ]
    units, bills, numbers, amounts = map(list, zip(*lines, strict=True))
    await tx.execute(
        text("""
            UPDATE bill_line
               SET amount_fen = bill_line.amount_fen - batch.fen,
                   credited_fen = bill_line.credited_fen + batch.fen
              FROM unnest(CAST(:units AS bigint[]), CAST(:bills AS uuid[]),
                          CAST(:numbers AS smallint[]), CAST(:amounts AS bigint[]))
                AS batch (unit_id, bill_id, line_no, fen)
             WHERE bill_line.unit_id = batch.unit_id
               AND bill_line.bill_id = batch.bill_id
               AND bill_line.line_no = batch.line_no
        """),
        {"units": units, "bills": bills, "numbers": numbers, "amounts": amounts},
    )
    rows = await tx.execute(
        text("""
            UPDATE bill
               SET total_fen = bill.total_fen - batch.fen,
                   credited_fen = bill.credited_fen + batch.fen,
                   status = CASE WHEN bill.total_fen - batch.fen = bill.settled_fen
                                 THEN 'settled' ELSE bill.status END
              FROM unnest(CAST(:units AS bigint[]), CAST(:bills AS uuid[]),
                          CAST(:amounts AS bigint[])) AS batch (unit_id, id, fen)
             WHERE bill.unit_id = batch.unit_id AND bill.id = batch.id
               AND bill.status <> 'settled'
            RETURNING bill.unit_id, bill.declaration_id, bill.status
        """),
        {
            "units": [unit_id for unit_id, _, _ in lowered],
            "bills": [bill_id for _, bill_id, _ in lowered],
            "amounts": [sum(by_line.values()) for _, _, by_line in lowered],
        },
    )
    found = rows.all()
    assert len(found) == len(lowered), "bills that are locked stay as they are"
    return [(row.unit_id, row.declaration_id) for row in found if row.status == "settled"]


async def page(
    tx: AsyncConnection,
    unit_id: int,
    credit_code: str,
    *,
    unused: bool,
    after: UUID | None,
    limit: int,
) -> list[Credit]:
    """Read a unit's credits, oldest first; with `unused`, only those with an unused rest."""
    return await read_page(
        tx,
        f"SELECT {_CREDIT} FROM credit",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=Credit,
        equal={"unit_id": unit_id, "credit_code": credit_code},
        where={"used_fen < amount_fen": {}} if unused else None,
    )


async def of_declaration(tx: AsyncConnection, unit_id: int, declaration_id: UUID) -> list[Credit]:
    """Read the credits that a declaration granted."""
    rows = await tx.execute(
        text(f"""
            SELECT {_CREDIT}
              FROM credit
             WHERE unit_id = :unit_id AND declaration_id = :id
             ORDER BY id
             LIMIT 200
        """),
        {"unit_id": unit_id, "id": declaration_id},
    )
    return [Credit(**row._mapping) for row in rows]


async def uses_of(
    tx: AsyncConnection, unit_id: int, bill_id: UUID, line_no: int
) -> list[CreditUseRow]:
    """Read the credit uses of a bill line."""
    rows = await tx.execute(
        text("""
            SELECT credit.id, credit.declaration_id, credit.period, used.amount_fen, used.used_on
              FROM credit_use AS used
              JOIN credit ON credit.unit_id = used.unit_id AND credit.id = used.credit_id
             WHERE used.unit_id = :unit_id AND used.bill_id = :bill_id
               AND used.line_no = :line_no
             ORDER BY used.used_on, credit.id
             LIMIT 200
        """),
        {"unit_id": unit_id, "bill_id": bill_id, "line_no": line_no},
    )
    return [CreditUseRow(**row._mapping) for row in rows]
