"""SQL of agreements (协议), and of the payments towards repayment plans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.agreement import (
    Agreement,
    AgreementKind,
    AgreementState,
    Instalment,
)
from shared.page import UnitFilter, read_page
from shared.period import Period

_COLUMNS = """agreement.unit_id, agreement.id, agreement.kind, agreement.credit_code,
       agreement.district, agreement.insurances, agreement.period_from, agreement.period_to,
       agreement.from_day, agreement.to_day, agreement.status, agreement.ended_on,
       agreement.reason"""


async def insert(tx: AsyncConnection, agreement: Agreement) -> None:
    """Write an agreement and its instalments."""
    await tx.execute(
        text("""
            INSERT INTO agreement (unit_id, id, kind, credit_code, district, insurances,
                                   period_from, period_to, from_day, to_day, status, reason)
            VALUES (:unit_id, :id, :kind, :credit_code, :district, CAST(:insurances AS text[]),
                    :period_from, :period_to, :from_day, :to_day, :status, :reason)
        """),
        {
            "unit_id": agreement.unit_id,
            "id": agreement.id,
            "kind": agreement.kind.value,
            "credit_code": agreement.credit_code,
            "district": agreement.district,
            "insurances": list(agreement.insurances),
            "period_from": str(agreement.period_from),
            "period_to": str(agreement.period_to),
            "from_day": agreement.from_day,
            "to_day": agreement.to_day,
            "status": agreement.status.value,
            "reason": agreement.reason,
        },
    )
    await tx.execute(
        text("""
            INSERT INTO agreement_instalment (unit_id, agreement_id, number, due_on, amount_fen)
            SELECT CAST(:unit_id AS bigint), CAST(:id AS uuid), number, due_on, amount_fen
              FROM unnest(CAST(:numbers AS smallint[]), CAST(:due AS date[]),
                          CAST(:amounts AS bigint[])) AS batch (number, due_on, amount_fen)
        """),
        {
            "unit_id": agreement.unit_id,
            "id": agreement.id,
            "numbers": [part.number for part in agreement.instalments],
            "due": [part.due_on for part in agreement.instalments],
            "amounts": [part.amount_fen for part in agreement.instalments],
        },
    )


async def set_status(
    tx: AsyncConnection,
    unit_id: int,
    agreement_id: UUID,
    *,
    was: AgreementState,
    to: AgreementState,
    ended_on: date | None = None,
) -> bool:
    """Change the status of an agreement; return False when it has another status by now."""
    made = await tx.execute(
        text("""
            UPDATE agreement
               SET status = :to, ended_on = :ended_on
             WHERE unit_id = :unit_id AND id = :id AND status = :was
         RETURNING id
        """),
        {
            "unit_id": unit_id,
            "id": agreement_id,
            "was": was.value,
            "to": to.value,
            "ended_on": ended_on,
        },
    )
    return made.first() is not None


async def find(tx: AsyncConnection, unit_id: int, agreement_id: UUID) -> Agreement | None:
    """Read one agreement; None when there is none."""
    rows = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM agreement WHERE unit_id = :unit_id AND id = :id"),
        {"unit_id": unit_id, "id": agreement_id},
    )
    found = await _with_instalments(tx, [dict(row._mapping) for row in rows])
    return found[0] if found else None


async def of_units(
    tx: AsyncConnection, unit_ids: Sequence[int], *, effective: bool = True
) -> list[Agreement]:
    """Read the agreements of units; with `effective`, only those that protect or protected."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM agreement
             WHERE agreement.unit_id = ANY(CAST(:unit_ids AS bigint[]))
               AND (NOT CAST(:effective AS boolean) OR agreement.status IN ('approved', 'ended'))
             ORDER BY agreement.unit_id, agreement.id
        """),
        {"unit_ids": list(unit_ids), "effective": effective},
    )
    return await _with_instalments(tx, [dict(row._mapping) for row in rows])


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[Agreement]:
    """Read agreements of a unit, of a district or of all, in the order of their keys."""
    heads: list[dict[str, Any]] = await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM agreement",
        key=("agreement.unit_id", "agreement.id"),
        after=after,
        limit=limit,
        row=dict,
        equal={
            "agreement.unit_id": unit_id,
            "agreement.district": district,
            "agreement.status": status,
        },
    )
    return await _with_instalments(tx, heads)


async def _with_instalments(
    tx: AsyncConnection, heads: Sequence[dict[str, Any]]
) -> list[Agreement]:
    plans = [head for head in heads if head["kind"] == AgreementKind.REPAYMENT]
    parts: dict[UUID, list[Instalment]] = defaultdict(list)
    if plans:
        found = await tx.execute(
            text("""
                SELECT part.agreement_id, part.number, part.due_on, part.amount_fen
                  FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]))
                    AS wanted (unit_id, id)
                  JOIN agreement_instalment AS part ON part.unit_id = wanted.unit_id
                                                   AND part.agreement_id = wanted.id
                 ORDER BY part.agreement_id, part.number
            """),
            {"units": [plan["unit_id"] for plan in plans], "ids": [plan["id"] for plan in plans]},
        )
        for row in found:
            parts[row.agreement_id].append(
                Instalment(number=row.number, due_on=row.due_on, amount_fen=row.amount_fen)
            )
    return [
        Agreement(
            **head
            | {
                "kind": AgreementKind(head["kind"]),
                "status": AgreementState(head["status"]),
                "insurances": tuple(head["insurances"]),
                "period_from": Period.parse(head["period_from"]),
                "period_to": Period.parse(head["period_to"]),
                "instalments": tuple(parts[head["id"]]),
            }
        )
        for head in heads
    ]


async def paid(tx: AsyncConnection, agreements: Iterable[Agreement]) -> dict[UUID, dict[date, int]]:
    """Sum the amounts paid towards each repayment plan from its first day on, by day."""
    plans = [one for one in agreements if one.kind is AgreementKind.REPAYMENT]
    if not plans:
        return {}
    rows = await tx.execute(
        text("""
            SELECT agreement.id, allocation.paid_on,
                   CAST(sum(allocation.amount_fen) AS bigint) AS amount_fen
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[])) AS wanted (unit_id, id)
              JOIN agreement ON agreement.unit_id = wanted.unit_id AND agreement.id = wanted.id
              JOIN bill ON bill.unit_id = agreement.unit_id
                       AND bill.kind <> 'charge'
                       AND bill.period BETWEEN agreement.period_from AND agreement.period_to
              JOIN bill_line AS line ON line.unit_id = bill.unit_id
                                    AND line.bill_id = bill.id
                                    AND line.insurance = ANY(agreement.insurances)
              JOIN allocation ON allocation.unit_id = line.unit_id
                             AND allocation.bill_id = line.bill_id
                             AND allocation.line_no = line.line_no
                             AND allocation.paid_on >= agreement.from_day
             GROUP BY agreement.id, allocation.paid_on
        """),
        {"units": [plan.unit_id for plan in plans], "ids": [plan.id for plan in plans]},
    )
    found: dict[UUID, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row.id][row.paid_on] = row.amount_fen
    return dict(found)
