"""Bills: claimed in chunks from audited declarations, written in sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.domain.billing import Audited, Bill, Levied

_COLUMNS = """unit_id, id, declaration_id, credit_code, district, period, policy_id, issued_on,
       due_on, due_estimated, total_fen, settled_fen, status, collector, kind, of_bill"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """A bill's header. `kind` charge: over the lateness of `of_bill`."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLineRow:
    """A bill's line."""

    line_no: int
    insurance: str
    party: str
    account: str
    fund: str
    amount_fen: int
    settled_fen: int


async def claim(tx: AsyncConnection, summary_id: UUID, limit: int) -> list[Audited]:
    """Move up to `limit` of a summary's audited declarations to billed, and give what they levy.

    Of two workers that see the same declarations one gets them; the other finds them moved.
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
                          declaration.policy_id, declaration.total_fen
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
        Audited(
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
        )
        for row in rows
    ]


async def _levied(
    tx: AsyncConnection, papers: Sequence[tuple[int, UUID, int]]
) -> dict[UUID, list[Levied]]:
    rows = await tx.execute(
        text("""
            SELECT line.declaration_id, line.insurance, line.party, line.account, line.fund,
                   line.amount_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:rounds AS integer[]))
                AS paper (unit_id, id, round)
              JOIN declaration_line AS line
                ON line.unit_id = paper.unit_id AND line.declaration_id = paper.id
               AND line.round = paper.round
             ORDER BY line.declaration_id, line.line_no
        """),
        {
            "unit_ids": [unit_id for unit_id, _, _ in papers],
            "ids": [paper_id for _, paper_id, _ in papers],
            "rounds": [round_ for _, _, round_ in papers],
        },
    )
    found: dict[UUID, list[Levied]] = defaultdict(list)
    for row in rows:
        columns = dict(row._mapping)
        found[columns.pop("declaration_id")].append(Levied(**columns))
    return found


async def _collectors(tx: AsyncConnection, unit_ids: Sequence[int]) -> dict[int, str]:
    rows = await tx.execute(
        text("""
            SELECT unit_id, collector
              FROM unit
             WHERE unit_id = ANY(CAST(:unit_ids AS bigint[]))
        """),
        {"unit_ids": list(unit_ids)},
    )
    return {row.unit_id: row.collector for row in rows}


async def insert(tx: AsyncConnection, bills: Sequence[Bill]) -> None:
    """Write bills and their lines, each set in one trip."""
    await tx.execute(
        text("""
            INSERT INTO bill (unit_id, id, declaration_id, credit_code, district, period,
                              policy_id, issued_on, due_on, due_estimated, total_fen, status,
                              collector)
            SELECT unit_id, id, declaration_id, credit_code, district, period, policy_id,
                   issued_on, due_on, due_estimated, total_fen, status, collector
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:declaration_ids AS uuid[]), CAST(:credit_codes AS text[]),
                          CAST(:districts AS text[]), CAST(:periods AS text[]),
                          CAST(:policy_ids AS uuid[]), CAST(:issued AS date[]),
                          CAST(:due AS date[]), CAST(:estimated AS boolean[]),
                          CAST(:totals AS bigint[]), CAST(:statuses AS text[]),
                          CAST(:collectors AS text[]))
                AS batch (unit_id, id, declaration_id, credit_code, district, period, policy_id,
                          issued_on, due_on, due_estimated, total_fen, status, collector)
        """),
        {
            "unit_ids": [bill.of.unit_id for bill in bills],
            "ids": [bill.id for bill in bills],
            "declaration_ids": [bill.of.declaration_id for bill in bills],
            "credit_codes": [bill.of.credit_code for bill in bills],
            "districts": [bill.of.district for bill in bills],
            "periods": [bill.of.period for bill in bills],
            "policy_ids": [bill.of.policy_id for bill in bills],
            "issued": [bill.issued_on for bill in bills],
            "due": [bill.due_on for bill in bills],
            "estimated": [bill.due_estimated for bill in bills],
            "totals": [bill.of.total_fen for bill in bills],
            "statuses": [bill.status for bill in bills],
            "collectors": [bill.of.collector for bill in bills],
        },
    )
    await _insert_lines(tx, bills)


async def _insert_lines(tx: AsyncConnection, bills: Sequence[Bill]) -> None:
    rows = [
        (bill.of.unit_id, bill.id, number, line)
        for bill in bills
        for number, line in enumerate(bill.lines, 1)
    ]
    await tx.execute(
        text("""
            INSERT INTO bill_line (unit_id, bill_id, line_no, insurance, party, account, fund,
                                   amount_fen)
            SELECT unit_id, bill_id, line_no, insurance, party, account, fund, amount_fen
              FROM unnest(CAST(:unit_ids AS bigint[]), CAST(:bill_ids AS uuid[]),
                          CAST(:line_nos AS smallint[]), CAST(:insurances AS text[]),
                          CAST(:parties AS text[]), CAST(:accounts AS text[]),
                          CAST(:funds AS text[]), CAST(:amounts AS bigint[]))
                AS batch (unit_id, bill_id, line_no, insurance, party, account, fund, amount_fen)
        """),
        {
            "unit_ids": [unit_id for unit_id, _, _, _ in rows],
            "bill_ids": [bill_id for _, bill_id, _, _ in rows],
            "line_nos": [number for _, _, number, _ in rows],
            "insurances": [line.insurance for *_, line in rows],
            "parties": [line.party for *_, line in rows],
            "accounts": [line.account for *_, line in rows],
            "funds": [line.fund for *_, line in rows],
            "amounts": [line.amount_fen for *_, line in rows],
        },
    )


async def find(tx: AsyncConnection, unit_id: int, bill_id: UUID) -> BillRow | None:
    """A bill."""
    row = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM bill WHERE unit_id = :unit_id AND id = :id"),
            {"unit_id": unit_id, "id": bill_id},
        )
    ).first()
    return None if row is None else BillRow(**row._mapping)


async def lines(tx: AsyncConnection, unit_id: int, bill_id: UUID) -> list[BillLineRow]:
    """A bill's lines."""
    rows = await tx.execute(
        text("""
            SELECT line_no, insurance, party, account, fund, amount_fen, settled_fen
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
    unit_id: int | None,
    district: str | None,
    period: str | None,
    status: str | None,
    after: tuple[int, UUID],
    limit: int,
) -> list[BillRow]:
    """Bills of a unit, or of a district (or all), in the order of their keys."""
    key = "unit_id = :only_unit_id AND" if unit_id is not None else ""
    values = {
        "district": district,
        "period": period,
        "status": status,
        "unit_id": after[0],
        "id": after[1],
        "limit": limit,
    }
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM bill
             WHERE {key} (CAST(:district AS text) IS NULL OR district = :district)
               AND (CAST(:period AS text) IS NULL OR period = :period)
               AND (CAST(:status AS text) IS NULL OR status = :status)
               AND (unit_id, id) > (:unit_id, :id)
             ORDER BY unit_id, id
             LIMIT :limit
        """),
        values | ({"only_unit_id": unit_id} if unit_id is not None else {}),
    )
    return [BillRow(**row._mapping) for row in rows]
