"""SQL of a person's paid months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.contributions.domain import BilledMonth, PaidMonth, UnitWages
from shared.period import Period


@dataclass(frozen=True, slots=True)
class PersonMonthLine:
    """A person's line of a settled declaration; the lists are in the policy's order of insurances."""

    period: str
    policy_id: UUID
    base_fen: list[int]
    unit_fen: list[int]
    personal_fen: list[int]


async def records_of(tx: AsyncConnection, person_id: int) -> list[int]:
    """List the records of a person: the surviving one, and those merged into it."""
    rows = await tx.scalars(
        text("""
            SELECT person_id FROM person WHERE person_id = :person_id
             UNION ALL
            SELECT person_id FROM person WHERE merged_into = :person_id
        """),
        {"person_id": person_id},
    )
    return list(rows)


async def districts(tx: AsyncConnection, person_ids: Sequence[int]) -> list[str]:
    """List the districts of the units at which a person was enrolled."""
    rows = await tx.scalars(
        text("""
            SELECT DISTINCT unit.district
              FROM (SELECT unit_id
                      FROM person_unit
                     WHERE person_id = ANY (CAST(:person_ids AS bigint[]))) AS known
              JOIN unit ON unit.unit_id = known.unit_id
             ORDER BY unit.district
        """),
        {"person_ids": list(person_ids)},
    )
    return list(rows)


async def sealed_number(tx: AsyncConnection, person_id: int) -> bytes | None:
    """Read a person's encrypted identity number."""
    found = await tx.scalar(
        text("SELECT sealed_number FROM person WHERE person_id = :person_id"),
        {"person_id": person_id},
    )
    return None if found is None else bytes(found)


async def paid_lines(tx: AsyncConnection, person_ids: Sequence[int]) -> list[PersonMonthLine]:
    """Read a person's lines of paid months at all units.

    A month is paid by the last declaration that is settled, if those it corrects are settled too.
    """
    rows = await tx.execute(
        text("""
            SELECT head.period, head.policy_id, line.base_fen, line.unit_fen, line.personal_fen
              FROM (SELECT DISTINCT unit_id
                      FROM person_unit
                     WHERE person_id = ANY (CAST(:person_ids AS bigint[]))) AS known
              JOIN declaration AS head
                ON head.unit_id = known.unit_id AND head.kind NOT IN ('project', 'extension')
              JOIN bill
                ON bill.unit_id = head.unit_id AND bill.declaration_id = head.id
               AND bill.kind <> 'charge' AND bill.status = 'settled'
              JOIN declaration_person AS line
                ON line.unit_id = head.unit_id AND line.declaration_id = head.id
               AND line.round = head.round
               AND line.person_id = ANY (CAST(:person_ids AS bigint[]))
             WHERE NOT EXISTS (
                   SELECT 1
                     FROM declaration AS other
                     JOIN bill AS due
                       ON due.unit_id = other.unit_id AND due.declaration_id = other.id
                      AND due.kind <> 'charge'
                    WHERE other.unit_id = head.unit_id AND other.period = head.period
                      AND other.kind NOT IN ('project', 'extension') AND other.id <> head.id
                      AND (due.status = 'settled') = (other.id > head.id))
             ORDER BY head.period, head.unit_id
             LIMIT 5000
        """),
        {"person_ids": list(person_ids)},
    )
    return [
        PersonMonthLine(
            period=row.period,
            policy_id=UUID(int=row.policy_id.int),
            base_fen=row.base_fen,
            unit_fen=row.unit_fen,
            personal_fen=row.personal_fen,
        )
        for row in rows
    ]


async def sealed_name(tx: AsyncConnection, person_id: int) -> bytes | None:
    """Read a person's encrypted name."""
    found = await tx.scalar(
        text("SELECT sealed_name FROM person WHERE person_id = :person_id"),
        {"person_id": person_id},
    )
    return None if found is None else bytes(found)


async def extended_months(tx: AsyncConnection, person_ids: Sequence[int]) -> list[PaidMonth]:
    """Read the bought and extended months of a person whose bills are settled."""
    rows = await tx.execute(
        text("""
            SELECT line.insurance, own.base_fen, to_char(month, 'YYYY-MM') AS period
              FROM (SELECT DISTINCT unit_id
                      FROM person_unit
                     WHERE person_id = ANY (CAST(:person_ids AS bigint[]))) AS known
              JOIN contribution_extension AS own
                ON own.unit_id = known.unit_id
               AND own.person_id = ANY (CAST(:person_ids AS bigint[]))
              JOIN bill
                ON bill.unit_id = own.unit_id AND bill.declaration_id = own.declaration_id
               AND bill.kind <> 'charge' AND bill.status = 'settled'
             CROSS JOIN LATERAL (
                   SELECT DISTINCT insurance
                     FROM bill_line
                    WHERE bill_line.unit_id = bill.unit_id AND bill_line.bill_id = bill.id) AS line
             CROSS JOIN LATERAL generate_series(to_date(own.first, 'YYYY-MM'),
                                                to_date(own.last, 'YYYY-MM'),
                                                interval '1 month') AS month
             LIMIT 5000
        """),
        {"person_ids": list(person_ids)},
    )
    return [
        PaidMonth(insurance=row.insurance, period=Period.parse(row.period), base_fen=row.base_fen)
        for row in rows
    ]


async def billed_months(tx: AsyncConnection, person_ids: Sequence[int]) -> list[BilledMonth]:
    """Read the months of which a bill of a unit counts a person, paid or not."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT head.unit_id, bill.id AS bill_id, bill.credit_code, bill.district, head.period
              FROM (SELECT DISTINCT unit_id
                      FROM person_unit
                     WHERE person_id = ANY (CAST(:person_ids AS bigint[]))) AS known
              JOIN declaration AS head
                ON head.unit_id = known.unit_id AND head.kind NOT IN ('project', 'extension')
              JOIN bill
                ON bill.unit_id = head.unit_id AND bill.declaration_id = head.id
               AND bill.kind <> 'charge'
              JOIN declaration_person AS line
                ON line.unit_id = head.unit_id AND line.declaration_id = head.id
               AND line.round = head.round
               AND line.person_id = ANY (CAST(:person_ids AS bigint[]))
             ORDER BY head.unit_id, head.period, bill.id
             LIMIT 5000
        """),
        {"person_ids": list(person_ids)},
    )
    return [BilledMonth(**row._mapping) for row in rows]


async def unit_wages(tx: AsyncConnection, unit_id: int, district: str, year: int) -> UnitWages:
    """Add up the wages of a unit's settled months of a year, each by its last settled declaration."""
    row = (
        await tx.execute(
            text("""
                SELECT count(*) AS months,
                       CAST(coalesce(sum(head.people), 0) AS bigint) AS people,
                       CAST(coalesce(sum(head.wages_fen), 0) AS bigint) AS wages_fen
                  FROM declaration AS head
                  JOIN bill
                    ON bill.unit_id = head.unit_id AND bill.declaration_id = head.id
                   AND bill.kind <> 'charge' AND bill.status = 'settled'
                 WHERE head.unit_id = :unit_id AND head.kind NOT IN ('project', 'extension')
                   AND head.period BETWEEN :first AND :last
                   AND NOT EXISTS (
                       SELECT 1
                         FROM declaration AS other
                         JOIN bill AS due
                           ON due.unit_id = other.unit_id AND due.declaration_id = other.id
                          AND due.kind <> 'charge'
                        WHERE other.unit_id = head.unit_id AND other.period = head.period
                          AND other.kind NOT IN ('project', 'extension') AND other.id <> head.id
                          AND (due.status = 'settled') = (other.id > head.id))
            """),
            {"unit_id": unit_id, "first": f"{year}-01", "last": f"{year}-12"},
        )
    ).one()
    return UnitWages(
        district=district,
        year=year,
        months=row.months,
        people=row.people,
        wages_fen=row.wages_fen,
    )
