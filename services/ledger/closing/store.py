"""Closings and reopenings, and the balances they are checked against.

A closing is done in a transaction that holds the locks of all slots' heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.closing.domain.closing import (
    CarryOverPosting,
    Closing,
    ClosingAction,
    ClosingProgress,
    ClosingStatus,
    ControlTotals,
    PersonalControl,
)
from services.ledger.closing.domain.reconciliation import ReconciliationControl
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.reports.store import report as report_store
from services.ledger.rules.domain.closing_rule import Level, Rule
from shared.page import read_page
from shared.wire.control_item import ControlItem, ItemTotals

PAPER = "closing"
_OPEN_ITEMS = 10_000

_COLUMNS = """id, region, action, level, day, reason, CAST(control AS text) AS control,
              CAST(reconciliation AS text) AS reconciliation, status,
              proposed_by, approved_by, closed_before, closed_after,
              CAST(heads AS text) AS heads, CAST(carried AS text) AS carried, reopened_by"""


async def insert(tx: AsyncConnection, closing: Closing) -> None:
    """Insert a proposed closing or reopening."""
    await tx.execute(
        text("""
            INSERT INTO closing (slot, id, region, action, level, day, reason, control,
                                 reconciliation, status, proposed_by)
            VALUES (:slot, :id, :region, :action, :level, :day, :reason, CAST(:control AS jsonb),
                    CAST(:reconciliation AS jsonb), :status, :proposed_by)
        """),
        {
            "slot": CENTRE_SLOT,
            "id": closing.id,
            "region": closing.region,
            "action": closing.action.value,
            "level": closing.level.value,
            "day": closing.day,
            "reason": closing.reason,
            "control": _control_text(closing.control),
            "reconciliation": orjson.dumps([asdict(x) for x in closing.reconciliation]).decode(),
            "status": closing.status.value,
            "proposed_by": closing.proposed_by,
        },
    )


def _control_text(control: Mapping[str, ControlTotals] | None) -> str:
    if control is None:
        return "null"
    ties = {
        fund: [
            tie.receivable_fen,
            tie.collected_fen,
            tie.benefits_fen,
            None if tie.personal is None else asdict(tie.personal),
            {item.value: astuple(totals) for item, totals in tie.items.items()},
        ]
        for fund, tie in control.items()
    }
    return orjson.dumps(ties).decode()


def _tie(
    receivable_fen: int,
    collected_fen: int,
    benefits_fen: int | None = None,
    personal: dict[str, int] | None = None,
    items: dict[str, list[int]] | None = None,
) -> ControlTotals:
    """Read control totals from their stored form; older papers have fewer numbers."""
    kept = None if personal is None else PersonalControl(**personal)
    totals = {ControlItem(item): ItemTotals(*one) for item, one in (items or {}).items()}
    return ControlTotals(receivable_fen, collected_fen, benefits_fen, kept, totals)


async def load(tx: AsyncConnection, id: UUID, *, lock: bool = False) -> Closing | None:
    """Return a closing or reopening, or None."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM closing
             WHERE slot = :slot AND id = :id
              {"FOR UPDATE" if lock else ""}
        """),
        {"slot": CENTRE_SLOT, "id": id},
    )
    row = rows.mappings().first()
    return _closing(row) if row else None


async def page(
    tx: AsyncConnection, *, level: str | None, before: UUID | None, limit: int
) -> list[Closing]:
    """Return closings and reopenings, newest first."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM closing",
        key=("id",),
        after=None if before is None else (before,),
        limit=limit,
        row=lambda **columns: _closing(columns),
        equal={"slot": CENTRE_SLOT, "level": level},
        newest_first=True,
    )


async def rules(tx: AsyncConnection, level: Level, on: date) -> frozenset[Rule]:
    """Return the rules that a closing of this level must satisfy on a day."""
    rows = await tx.execute(
        text("""
            SELECT rule
              FROM closing_rule
             WHERE level = :level AND in_force_from <= :on
               AND (in_force_to IS NULL OR in_force_to >= :on)
             LIMIT 100
        """),
        {"level": level.value, "on": on},
    )
    return frozenset(Rule(row.rule) for row in rows)


async def progress(tx: AsyncConnection, region: str) -> ClosingProgress:
    """Return how far the books are closed now. Exact only while the heads are locked."""
    head = await tx.execute(
        text("SELECT closed_until FROM slot_head WHERE slot = :slot"), {"slot": CENTRE_SLOT}
    )
    rows = await tx.execute(
        text("""
            SELECT level, MAX(day) AS day
              FROM closing
             WHERE slot = :slot AND region = :region AND action = 'close' AND status = 'done'
               AND reopened_by IS NULL
             GROUP BY level
        """),
        {"slot": CENTRE_SLOT, "region": region},
    )
    days = {row.level: row.day for row in rows}
    return ClosingProgress(
        closed_until=head.scalar_one_or_none(),
        month=days.get(Level.MONTH.value),
        year=days.get(Level.YEAR.value),
    )


async def heads(tx: AsyncConnection) -> dict[int, tuple[int, str]]:
    """Return slot → (last sequence number, hash) as they are now."""
    rows = await tx.execute(text("SELECT slot, seq, hash FROM slot_head ORDER BY slot LIMIT 1024"))
    return {row.slot: (row.seq, bytes(row.hash).hex()) for row in rows}


async def close_until(tx: AsyncConnection, day: date | None) -> None:
    """Close every slot up to a day. Each gets a new revision, so that every writer notices."""
    await tx.execute(
        text("""
            UPDATE slot_head
               SET closed_until = CAST(:day AS date), revision = revision + 1,
                   generation_revision = revision + 1
        """),
        {"day": day},
    )


async def balances(
    tx: AsyncConnection, accounts: Sequence[str], day: date, *, book: str
) -> dict[tuple[str, str, str], int]:
    """Return (fund, account, district) → debits minus credits at the end of a day, without zeros."""
    rows = await tx.execute(
        text("""
            SELECT fund, account, district,
                   CAST(SUM(debit_fen) - SUM(credit_fen) AS bigint) AS net_fen
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT fund, account, district, debit_fen, credit_fen
                     FROM bucket
                    WHERE slot = h.slot AND book = :book
                      AND account = ANY(CAST(:accounts AS text[])) AND day <= :day
                   ) AS mine
             GROUP BY fund, account, district
            HAVING SUM(debit_fen) <> SUM(credit_fen)
        """),
        {"accounts": list(accounts), "day": day, "book": book},
    )
    return {(row.fund, row.account, row.district): row.net_fen for row in rows}


async def unbalanced(tx: AsyncConnection, day: date) -> dict[tuple[str, str], int]:
    """Return (fund, book) → debits minus credits at the end of a day, where they differ.

    They differ only if somebody changed the database directly.
    """
    rows = await tx.execute(
        text("""
            SELECT fund, book, CAST(SUM(net_fen) AS bigint) AS net_fen
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT fund, book, SUM(debit_fen) - SUM(credit_fen) AS net_fen
                     FROM bucket
                    WHERE slot = h.slot AND day <= :day
                    GROUP BY fund, book) AS mine
             GROUP BY fund, book
            HAVING SUM(net_fen) <> 0
        """),
        {"day": day},
    )
    return {(row.fund, row.book): row.net_fen for row in rows}


async def charges_and_refunds(tx: AsyncConnection, day: date) -> dict[tuple[str, ControlItem], int]:
    """Return (fund, item) → late fees and interest charged and collected, and refunds, by a day's end.

    They are read from the entries of the few kinds of vouchers that move them; a reversal counts
    with its original. Refunds settled before there were orders are left out.
    """
    rows = await tx.execute(
        text("""
            SELECT fund, item, CAST(SUM(fen) AS bigint) AS fen
              FROM slot_head AS h
             CROSS JOIN LATERAL (
                   SELECT e.fund, e.credit_fen - e.debit_fen AS fen,
                          CASE WHEN v.kind IN ('refund', 'refund_return') THEN 'refunds'
                               WHEN e.book = 'memo' THEN 'late_fees_charged'
                               ELSE 'late_fees_collected' END AS item
                     FROM voucher AS v
                     JOIN voucher AS posted
                       ON posted.slot = v.slot
                      AND (posted.seq = v.seq OR posted.reverses_seq = v.seq)
                     JOIN entry AS e ON e.slot = posted.slot AND e.seq = posted.seq
                    WHERE v.slot = h.slot AND e.book_date <= :day
                      AND v.kind IN ('late_fee', 'interest', 'waiver', 'reallocation',
                                     'receipt_return', 'refund', 'refund_return')
                      AND CASE WHEN v.kind IN ('refund', 'refund_return')
                               THEN e.account IN ('income_deposit', 'treasury_deposit',
                                                  'fiscal_deposit')
                                    AND v.refs ->> 'refund' IS NOT NULL
                               ELSE e.account IN ('memo_levied', 'other_income',
                                                  'interest_income') END
                   ) AS mine
             GROUP BY fund, item
        """),
        {"day": day},
    )
    return {(row.fund, ControlItem(row.item)): row.fen for row in rows}


async def suspended_since(tx: AsyncConnection, day: date) -> dict[tuple[str, str], date]:
    """Return (fund, district) → the first day of the oldest receipt in suspense at a day's end."""
    found: dict[tuple[str, str], date] = {}
    after: tuple[str, str, str] | None = None
    while page := await report_store.open_items(tx, day, after, _OPEN_ITEMS):
        for one in page:
            key = (one.fund, one.district)
            found[key] = min(one.since, found.get(key, one.since))
        if len(page) < _OPEN_ITEMS:
            break
        after = (page[-1].receipt, page[-1].fund, page[-1].district)
    return found


async def attempts(tx: AsyncConnection, region: str, day: date) -> int:
    """Count the closings of a year, including reopened ones."""
    rows = await tx.execute(
        text("""
            SELECT COUNT(*)
              FROM closing
             WHERE slot = :slot AND region = :region AND day = :day
               AND action = 'close' AND level = 'year' AND status = 'done'
        """),
        {"slot": CENTRE_SLOT, "region": region, "day": day},
    )
    return int(rows.scalar_one())


async def to_be_reopened(tx: AsyncConnection, region: str, day: date) -> list[Closing]:
    """Return closings in force whose last day is `day` or later, the latest first."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM closing
             WHERE slot = :slot AND region = :region AND day >= :day
               AND action = 'close' AND status = 'done' AND reopened_by IS NULL
             ORDER BY day DESC, id DESC
             LIMIT 100000
        """),
        {"slot": CENTRE_SLOT, "region": region, "day": day},
    )
    return [_closing(row) for row in rows.mappings()]


async def mark_done(tx: AsyncConnection, closing: Closing) -> None:
    """Mark a paper as done, with its approver, closed days, heads and carry-overs."""
    await tx.execute(
        text("""
            UPDATE closing
               SET status = 'done', approved_by = :approved_by, done_at = now(),
                   closed_before = CAST(:closed_before AS date),
                   closed_after = CAST(:closed_after AS date),
                   heads = CAST(:heads AS jsonb), carried = CAST(:carried AS jsonb)
             WHERE slot = :slot AND id = :id AND status = 'proposed'
        """),
        {
            "slot": CENTRE_SLOT,
            "id": closing.id,
            "approved_by": closing.approved_by,
            "closed_before": closing.closed_before,
            "closed_after": closing.closed_after,
            "heads": orjson.dumps(
                {str(slot): head for slot, head in (closing.heads or {}).items()}
            ).decode(),
            "carried": orjson.dumps(
                [{"fund": one.fund, "seq": one.seq, "year": one.year} for one in closing.carried]
            ).decode(),
        },
    )


async def mark_reopened(tx: AsyncConnection, ids: Sequence[UUID], by: UUID) -> None:
    """Mark closings as reopened by a paper."""
    await tx.execute(
        text("""
            UPDATE closing
               SET reopened_by = :by
             WHERE slot = :slot AND id = ANY(CAST(:ids AS uuid[]))
        """),
        {"slot": CENTRE_SLOT, "ids": list(ids), "by": by},
    )


def _closing(row: Any) -> Closing:
    control = orjson.loads(row["control"])
    found = orjson.loads(row["heads"]) if row["heads"] else None
    return Closing(
        id=UUID(int=row["id"].int),
        region=row["region"],
        action=ClosingAction(row["action"]),
        level=Level(row["level"]),
        day=row["day"],
        reason=row["reason"],
        control=None if control is None else {fund: _tie(*tie) for fund, tie in control.items()},
        reconciliation=tuple(
            ReconciliationControl(**one) for one in orjson.loads(row["reconciliation"])
        ),
        status=ClosingStatus(row["status"]),
        proposed_by=row["proposed_by"],
        approved_by=row["approved_by"],
        closed_before=row["closed_before"],
        closed_after=row["closed_after"],
        heads=None if found is None else {int(slot): (h[0], h[1]) for slot, h in found.items()},
        carried=tuple(CarryOverPosting(**one) for one in orjson.loads(row["carried"])),
        reopened_by=row["reopened_by"],
    )
