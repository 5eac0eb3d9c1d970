"""The changes of a raise in figures: sums before and after, people by group, lines to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.store.due import AMOUNT, IN_FORCE, NOT_STOPPED, PAID, UNTOUCHED
from services.payout.raises.domain.pension_raise import PensionRaise, RaiseLine
from services.payout.raises.domain.rule import PensionFacts, RaiseRule
from shared.db import patient
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

PATIENCE_SECONDS: Final = 1800
"""A raise reads and writes everybody, a few times a year."""


REACHED: Final = """
       line.live
       AND NOT EXISTS (
               SELECT 1
                 FROM entitlement_end AS ended
                WHERE ended.person_id = line.person_id
                  AND ended.identity_blind = line.identity_blind AND ended.kind = line.kind
                  AND ended.status = 'approved' AND ended.decided_at <= line.written_at
                  AND ended.last_period < line.begins AND ended.again_from IS NULL)"""
"""True for a line of a person who had not ended before it begins, as far as was known then."""


@dataclass(frozen=True, slots=True)
class DueSums:
    """The sum due of a month, and the unpaid sums of months that have a run."""

    due_fen: int
    unpaid: dict[Period, int]


async def be_patient(tx: AsyncConnection) -> None:
    """Let the statements of this transaction read everybody, and take longer than a request's.

    They join whole tables, also where their statistics are of a time when they were empty.
    """
    await patient(tx, PATIENCE_SECONDS)
    await tx.execute(text("SET LOCAL enable_nestloop = off"))


async def due_sums(tx: AsyncConnection, paper: PensionRaise, month: Period) -> DueSums:
    """Sum what is due of a month, and what the next runs would pay of the raise's filed months."""
    due = (
        await tx.execute(
            text(f"""
                SELECT CAST(coalesce(sum(amount.fen), 0) AS bigint) AS fen
                  FROM entitlement AS row
                 CROSS JOIN (SELECT CAST(:month AS text) AS period) AS month
                 {AMOUNT}
                 WHERE row.kind = :kind AND {IN_FORCE} AND {NOT_STOPPED}
            """),
            {"kind": paper.kind, "month": str(month)},
        )
    ).one()
    unpaid = await tx.execute(
        text(f"""
            WITH month AS MATERIALIZED (
                SELECT district, period, filed_at
                  FROM claim
                 WHERE kind = 'pension_run' AND status <> 'refused'
                   AND octet_length(paper_hash) = 0 AND period >= :first_period
            ), candidate AS MATERIALIZED (
                SELECT row.person_id, row.id, row.identity_blind, row.kind, month.period,
                       amount.fen
                  FROM month
                  JOIN entitlement AS row
                    ON row.kind = :kind AND row.district = month.district
                   AND row.known_at > month.filed_at
                  {AMOUNT}
                 WHERE {IN_FORCE} AND {NOT_STOPPED}
            ), {PAID}
            SELECT period, CAST(sum(fen) AS bigint) AS fen
              FROM (SELECT period, fen FROM candidate WHERE {UNTOUCHED}
                     UNION ALL
                    SELECT period, open_fen FROM paid WHERE open_fen > 0) AS unpaid
             GROUP BY period
             ORDER BY period
             LIMIT 1200
        """),
        {"kind": paper.kind, "first_period": str(paper.first_period)},
    )
    return DueSums(due.fen, {Period.parse(row.period): row.fen for row in unpaid})


async def people(tx: AsyncConnection, raise_id: UUID) -> int:
    """Count the people whom a raise raises."""
    row = (
        await tx.execute(
            text(f"""
                SELECT count(DISTINCT (person_id, identity_blind)) AS people
                  FROM raise_line AS line
                 WHERE raise_id = :raise_id AND {REACHED}
            """),
            {"raise_id": raise_id},
        )
    ).one()
    return int(row.people)


async def by_group(tx: AsyncConnection, raise_id: UUID) -> list[tuple[str, int]]:
    """Count the people of each group of a raise; one person may be of several."""
    rows = await tx.execute(
        text(f"""
            SELECT part.code, count(DISTINCT (person_id, identity_blind)) AS people
              FROM raise_line AS line
             CROSS JOIN LATERAL unnest(groups) AS part (code)
             WHERE raise_id = :raise_id AND {REACHED}
             GROUP BY part.code
             ORDER BY part.code
             LIMIT 100
        """),
        {"raise_id": raise_id},
    )
    return [(row.code, row.people) for row in rows]


async def without_facts(tx: AsyncConnection, paper: PensionRaise) -> int:
    """Count people with a pension in the raise's first month of whom a needed fact is missing."""
    needs = _needs(paper.rule)
    if not any(needs.values()):
        return 0
    row = (
        await tx.execute(
            text(f"""
                SELECT count(*) AS people
                  FROM entitlement AS row
                 CROSS JOIN (SELECT CAST(:month AS text) AS period) AS month
                  LEFT JOIN pension_fact AS fact
                    ON fact.person_id = row.person_id
                   AND fact.identity_blind = row.identity_blind AND fact.kind = row.kind
                   AND fact.is_current
                 WHERE row.kind = :kind
                   AND ((CAST(:born AS boolean) AND fact.born_in IS NULL)
                        OR (CAST(:retired AS boolean) AND fact.retired_in IS NULL)
                        OR (CAST(:paid AS boolean) AND fact.paid_months IS NULL))
                   AND {IN_FORCE} AND {NOT_STOPPED}
            """),
            {"kind": paper.kind, "month": str(paper.first_period)} | needs,
        )
    ).one()
    return int(row.people)


def _needs(rule: RaiseRule) -> dict[str, bool]:
    groups = rule.groups
    return {
        "born": any(group.born_from or group.born_to for group in groups),
        "retired": any(group.retired_from or group.retired_to for group in groups),
        "paid": any(group.asks_paid_months for group in groups),
    }


_LINES: Final = f"""
SELECT *
  FROM (SELECT line.person_id, line.id, line.raise_id, base.sealed_number, base.name, base.district,
               line.begins, line.born_in, line.retired_in, line.paid_months, line.before_fen,
               line.after_fen
          FROM raise_line AS line
          JOIN entitlement AS base
            ON base.person_id = line.person_id AND base.id = line.base_id
         WHERE line.raise_id = :raise_id AND {REACHED}) AS shown
"""


def _month(value: str | None) -> Period | None:
    return None if value is None else Period.parse(value)


def _line(
    *,
    person_id: int,
    id: UUID,
    raise_id: UUID,
    begins: str,
    born_in: str | None,
    retired_in: str | None,
    paid_months: int | None,
    **columns: Any,
) -> RaiseLine:
    facts = PensionFacts(
        born_in=_month(born_in), retired_in=_month(retired_in), paid_months=paid_months
    )
    return RaiseLine(ref=Ref(person_id, id), begins=Period.parse(begins), facts=facts, **columns)


async def page_of_lines(
    tx: AsyncConnection, raise_id: UUID, *, district: str | None, after: UUID | None, limit: int
) -> Sequence[RaiseLine]:
    """Read the lines of a raise by id, after one; of a district, or of all."""
    return await read_page(
        tx,
        _LINES,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_line,
        equal={"district": district},
        parameters={"raise_id": raise_id},
    )
