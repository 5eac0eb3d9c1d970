"""SQL of waivers (减免), and of the charge bills that they lower."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.arrears.domain.waiver import Waiver, WaiverLine, WaiverState
from services.collection.policy.domain.charge import ChargeKind
from shared.page import UnitFilter, read_page

_COLUMNS = """unit_id, id, bill_id, credit_code, district, period, reason, evidence, note,
       asked_on, amount_fen, status, decided_on"""


async def insert(tx: AsyncConnection, waiver: Waiver) -> bool:
    """Write a waiver; return False when another waiver of the bill is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO waiver (unit_id, id, bill_id, credit_code, district, period, reason,
                                evidence, note, asked_on, amount_fen, status)
            VALUES (:unit_id, :id, :bill_id, :credit_code, :district, :period, :reason,
                    :evidence, :note, :asked_on, :amount_fen, :status)
            ON CONFLICT (unit_id, bill_id) WHERE status = 'filed' DO NOTHING
            RETURNING id
        """),
        {
            "unit_id": waiver.unit_id,
            "id": waiver.id,
            "bill_id": waiver.bill_id,
            "credit_code": waiver.credit_code,
            "district": waiver.district,
            "period": waiver.period,
            "reason": waiver.reason,
            "evidence": waiver.evidence,
            "note": waiver.note,
            "asked_on": waiver.asked_on,
            "amount_fen": waiver.amount_fen,
            "status": waiver.status.value,
        },
    )
    if made.first() is None:
        return False
    await tx.execute(
        text("""
            INSERT INTO waiver_line (unit_id, waiver_id, line_no, kind, insurance, fund,
                                     amount_fen)
            SELECT CAST(:unit_id AS bigint), CAST(:id AS uuid), line_no, kind, insurance, fund,
                   amount_fen
              FROM unnest(CAST(:line_nos AS smallint[]), CAST(:kinds AS text[]),
                          CAST(:insurances AS text[]), CAST(:funds AS text[]),
                          CAST(:amounts AS bigint[]))
                AS batch (line_no, kind, insurance, fund, amount_fen)
        """),
        {"unit_id": waiver.unit_id, "id": waiver.id, **_columns(waiver.lines)},
    )
    return True


def _columns(lines: Sequence[WaiverLine]) -> dict[str, list[Any]]:
    return {
        "line_nos": [line.line_no for line in lines],
        "kinds": [line.kind.value for line in lines],
        "insurances": [line.insurance for line in lines],
        "funds": [line.fund for line in lines],
        "amounts": [line.amount_fen for line in lines],
    }


async def decide(
    tx: AsyncConnection, unit_id: int, waiver_id: UUID, *, to: WaiverState, on: date
) -> bool:
    """Decide a waiver; return False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE waiver
               SET status = :to, decided_on = :on
             WHERE unit_id = :unit_id AND id = :id AND status = 'filed'
         RETURNING id
        """),
        {"unit_id": unit_id, "id": waiver_id, "to": to.value, "on": on},
    )
    return made.first() is not None


async def lower(tx: AsyncConnection, waiver: Waiver) -> None:
    """Lower a locked bill and its lines by a waiver."""
    key = {"unit_id": waiver.unit_id, "bill_id": waiver.bill_id}
    await tx.execute(
        text("""
            UPDATE bill_line
               SET amount_fen = bill_line.amount_fen - batch.amount_fen,
                   waived_fen = bill_line.waived_fen + batch.amount_fen
              FROM unnest(CAST(:line_nos AS smallint[]), CAST(:amounts AS bigint[]))
                AS batch (line_no, amount_fen)
             WHERE bill_line.unit_id = :unit_id AND bill_line.bill_id = :bill_id
               AND bill_line.line_no = batch.line_no
        """),
        key
        | {
            "line_nos": [line.line_no for line in waiver.lines],
            "amounts": [line.amount_fen for line in waiver.lines],
        },
    )
    await tx.execute(
        text("""
            UPDATE bill
               SET total_fen = total_fen - CAST(:amount_fen AS bigint),
                   waived_fen = waived_fen + CAST(:amount_fen AS bigint),
                   status = CASE WHEN total_fen - CAST(:amount_fen AS bigint) = settled_fen
                                 THEN 'settled' ELSE status END
             WHERE unit_id = :unit_id AND id = :bill_id
        """),
        key | {"amount_fen": waiver.amount_fen},
    )


async def is_being_debited(tx: AsyncConnection, unit_id: int, bill_id: UUID) -> bool:
    """Tell whether a bill is in a debit batch without a final result."""
    found = await tx.scalar(
        text("""
            SELECT 1
              FROM debit_line
             WHERE unit_id = :unit_id AND bill_id = :bill_id AND status IN ('waiting', 'unknown')
        """),
        {"unit_id": unit_id, "bill_id": bill_id},
    )
    return found is not None


async def find(tx: AsyncConnection, unit_id: int, waiver_id: UUID) -> Waiver | None:
    """Read one waiver; None when there is none."""
    rows = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM waiver WHERE unit_id = :unit_id AND id = :id"),
        {"unit_id": unit_id, "id": waiver_id},
    )
    found = await _with_lines(tx, [dict(row._mapping) for row in rows])
    return found[0] if found else None


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[Waiver]:
    """Read waivers of a unit, of a district or of all, in the order of their keys."""
    heads: list[dict[str, Any]] = await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM waiver",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=dict,
        equal={"unit_id": unit_id, "district": district, "status": status},
    )
    return await _with_lines(tx, heads)


async def _with_lines(tx: AsyncConnection, heads: Sequence[dict[str, Any]]) -> list[Waiver]:
    lines: dict[UUID, list[WaiverLine]] = defaultdict(list)
    if heads:
        found = await tx.execute(
            text("""
                SELECT line.waiver_id, line.line_no, line.kind, line.insurance, line.fund,
                       line.amount_fen
                  FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[]))
                    AS wanted (unit_id, id)
                  JOIN waiver_line AS line ON line.unit_id = wanted.unit_id
                                          AND line.waiver_id = wanted.id
                 ORDER BY line.waiver_id, line.line_no
            """),
            {
                "units": [head["unit_id"] for head in heads],
                "ids": [head["id"] for head in heads],
            },
        )
        for row in found:
            given = dict(row._mapping)
            lines[given.pop("waiver_id")].append(
                WaiverLine(**given | {"kind": ChargeKind(given["kind"])})
            )
    return [
        Waiver(
            **head | {"status": WaiverState(head["status"])},
            lines=tuple(lines[head["id"]]),
        )
        for head in heads
    ]
