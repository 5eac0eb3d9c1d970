"""SQL of bills: claim audited declarations in chunks, write bills in sets, read them."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.billing.domain.bill import AuditedDeclaration, BillDraft, BillItem
from services.collection.common.store.binary import SIGNATURE, TRAILER, Frame, uuid_bytes
from shared.db import lock_rows, raw
from shared.page import UnitFilter, read_page

_COLUMNS = """unit_id, id, declaration_id, credit_code, district, period, policy_id, issued_on,
       due_on, due_estimated, total_fen, settled_fen, status, collector, kind, of_bill, waived_fen,
       credited_fen"""

_BILL = (
    "unit_id",
    "id",
    "declaration_id",
    "credit_code",
    "district",
    "period",
    "policy_id",
    "issued_on",
    "due_on",
    "due_estimated",
    "total_fen",
    "credited_fen",
    "status",
    "collector",
    "kind",
)
_LINE = (
    "unit_id",
    "bill_id",
    "line_no",
    "insurance",
    "party",
    "account",
    "fund",
    "amount_fen",
    "credited_fen",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """A bill without its lines. A bill of kind charge asks for the late charges of `of_bill`.

    It was issued over `total_fen` + `waived_fen` + `credited_fen`.
    """

    unit_id: int
    id: UUID
    declaration_id: UUID
    credit_code: str
    district: str
    period: str
    policy_id: UUID
    issued_on: date
    due_on: date
    due_estimated: bool
    total_fen: int
    settled_fen: int
    status: str
    collector: str
    kind: str
    of_bill: UUID | None
    waived_fen: int = 0
    credited_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLineRow:
    """A line of a bill. It was issued over `amount_fen` + `credited_fen`."""

    line_no: int
    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int
    settled_fen: int
    credited_fen: int = 0


async def claim(tx: AsyncConnection, summary_id: UUID, limit: int) -> list[AuditedDeclaration]:
    """Move up to `limit` audited declarations of a summary to billed, and read their lines.

    Of two workers that see the same declaration, one gets it; the other finds it moved.
    """
    rows = (
        await tx.execute(
            text("""
                WITH chunk AS (
                     SELECT unit_id, id
                       FROM declaration
                      WHERE summary_id = :summary_id AND status = 'audited'
                      ORDER BY unit_id, id
                      LIMIT :limit)
                UPDATE declaration
                   SET status = 'billed'
                  FROM chunk
                 WHERE declaration.unit_id = chunk.unit_id AND declaration.id = chunk.id
                   AND declaration.status = 'audited'
                RETURNING declaration.unit_id, declaration.id, declaration.round,
                          declaration.credit_code, declaration.district, declaration.period,
                          declaration.policy_id, declaration.total_fen,
                          declaration.corrects IS NOT NULL AS restates, declaration.traceparent
            """),
            {"summary_id": summary_id, "limit": limit},
        )
    ).all()
    if not rows:
        return []
    papers = [(row.unit_id, row.id, row.round) for row in rows]
    levied = await _levied(tx, papers)
    collectors = await _collectors(tx, [row.unit_id for row in rows])
    return [
        AuditedDeclaration(
            unit_id=row.unit_id,
            declaration_id=row.id,
            round=row.round,
            credit_code=row.credit_code,
            district=row.district,
            period=row.period,
            policy_id=row.policy_id,
            collector=collectors[row.unit_id],
            total_fen=row.total_fen,
            lines=tuple(levied[row.id]),
            restates=row.restates,
            traceparent=row.traceparent,
        )
        for row in rows
    ]


async def _levied(
    tx: AsyncConnection, papers: Sequence[tuple[int, UUID, int]]
) -> dict[UUID, list[BillItem]]:
    """Read the lines of declarations. What they are for is alike in nearly all of them, and is read
    as one text, which is taken apart once."""
    connection = await raw(tx)
    rows = await connection.fetch(
        """
        SELECT levy.declaration_id,
               CAST(array_to_json(ARRAY[levy.insurance, levy.party, levy.account, levy.fund])
                    AS text),
               levy.amount_fen
          FROM unnest(CAST($1 AS bigint[]), CAST($2 AS uuid[]), CAST($3 AS integer[]))
            AS paper (unit_id, id, round)
          JOIN declaration_levy AS levy
            ON levy.unit_id = paper.unit_id AND levy.declaration_id = paper.id
           AND levy.round = paper.round
         ORDER BY levy.unit_id, levy.declaration_id, levy.first_line
        """,
        *map(list, zip(*papers, strict=True)),
    )
    purposes: dict[str, list[tuple[str, ...]]] = {}
    found: dict[UUID, list[BillItem]] = defaultdict(list)
    for paper_id, words, amounts_fen in rows:
        if words not in purposes:
            purposes[words] = list(zip(*orjson.loads(words), strict=True))
        found[paper_id] += [
            BillItem._make((*purpose, fen))
            for purpose, fen in zip(purposes[words], amounts_fen, strict=True)
        ]
    return found


async def _collectors(tx: AsyncConnection, unit_ids: Sequence[int]) -> dict[int, str]:
    """Read how units pay, and lock the units, so that concurrent billing of a unit takes turns."""
    rows = await lock_rows(
        tx,
        """
        SELECT unit_id, collector
          FROM unit
         WHERE unit_id = ANY(CAST(:keys AS bigint[]))
         ORDER BY unit_id
           FOR NO KEY UPDATE
        """,
        unit_ids,
    )
    return {row.unit_id: row.collector for row in rows}


async def insert(tx: AsyncConnection, bills: Sequence[BillDraft]) -> None:
    """Write bills and their lines by COPY: a chunk has thousands, and nearly all have the same lines
    but for their amounts."""
    connection = await raw(tx)
    await connection.copy_records_to_table(
        "bill",
        columns=_BILL,
        records=[
            (
                bill.declaration.unit_id,
                bill.id,
                bill.declaration.declaration_id,
                bill.declaration.credit_code,
                bill.declaration.district,
                bill.declaration.period,
                bill.declaration.policy_id,
                bill.issued_on,
                bill.due_on,
                bill.due_estimated,
                bill.total_fen,
                bill.credited_fen,
                bill.status,
                bill.declaration.collector,
                bill.kind,
            )
            for bill in bills
        ],
    )
    alike: dict[tuple[tuple[str, ...], ...], list[BillDraft]] = defaultdict(list)
    for bill in bills:
        if bill.lines:
            alike[tuple([line[:-1] for line in bill.lines])].append(bill)
    frames = [_line_frame(purposes, group) for purposes, group in alike.items()]
    if frames:
        await connection.copy_to_table(
            "bill_line",
            source=io.BytesIO(b"".join([SIGNATURE, *frames, TRAILER])),
            columns=list(_LINE),
            format="binary",
        )


def _line_frame(purposes: Sequence[tuple[str, ...]], bills: Sequence[BillDraft]) -> bytes:
    """Build the rows of lines of bills whose lines are for the same."""
    unit_id = np.array([bill.declaration.unit_id for bill in bills], np.int64)
    ids = uuid_bytes([bill.id for bill in bills])
    issued_fen = np.array([[line.amount_fen for line in bill.lines] for bill in bills], np.int64)
    credited_fen = np.zeros_like(issued_fen)
    for place, bill in enumerate(bills):
        for number, fen in bill.lowered.items():
            credited_fen[place, number - 1] = fen
    asked_fen = issued_fen - credited_fen
    rows = []
    for place, purpose in enumerate(purposes):
        frame = Frame(len(bills), len(_LINE)).int8(unit_id).uuids(ids).int2(place + 1)
        for word in purpose:
            frame.text(word)
        rows.append(frame.int8(asked_fen[:, place]).int8(credited_fen[:, place]).matrix())
    return np.hstack(rows).tobytes()


async def settle_declarations(tx: AsyncConnection, papers: Sequence[tuple[int, UUID]]) -> None:
    """Settle billed declarations (unit, id) whose bills ask for nothing now."""
    if not papers:
        return
    await tx.execute(
        text("""
            UPDATE declaration
               SET status = 'settled'
              FROM unnest(CAST(:units AS bigint[]), CAST(:ids AS uuid[])) AS batch (unit_id, id)
             WHERE declaration.unit_id = batch.unit_id
               AND declaration.id = batch.id
               AND declaration.status = 'billed'
        """),
        {
            "units": [unit_id for unit_id, _ in papers],
            "ids": [paper_id for _, paper_id in papers],
        },
    )


async def find(tx: AsyncConnection, unit_id: int, bill_id: UUID) -> BillRow | None:
    """Read one bill; None when there is none."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM bill WHERE unit_id = :unit_id AND id = :id"),
            {"unit_id": unit_id, "id": bill_id},
        )
    ).first()
    return None if row is None else BillRow(**row._mapping)


async def lines(tx: AsyncConnection, unit_id: int, bill_id: UUID) -> list[BillLineRow]:
    """Read the lines of a bill."""
    rows = await tx.execute(
        text("""
            SELECT line_no, insurance, party, account, fund, amount_fen, settled_fen,
                   credited_fen
              FROM bill_line
             WHERE unit_id = :unit_id AND bill_id = :id
             ORDER BY line_no
             LIMIT 200
        """),
        {"unit_id": unit_id, "id": bill_id},
    )
    return [BillLineRow(**row._mapping) for row in rows]


async def page(
    tx: AsyncConnection,
    *,
    unit_id: UnitFilter,
    district: str | None,
    period: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[BillRow]:
    """Read bills of a unit, of a district or of all, in the order of their keys."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM bill",
        key=("unit_id", "id"),
        after=after,
        limit=limit,
        row=BillRow,
        equal={"unit_id": unit_id, "district": district, "period": period, "status": status},
    )
