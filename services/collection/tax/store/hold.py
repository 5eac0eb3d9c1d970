"""SQL of money of tickets in suspense, and of what the tax bureau may collect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.page import read_page


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMoney:
    """Money of a receipt that is still in suspense, and why (fen)."""

    receipt_key: int
    id: UUID
    serial: str
    credit_code: str
    period: str
    suspended_fen: int
    reason: str
    owner: str
    held_at: datetime


async def page(
    tx: AsyncConnection,
    *,
    reason: str | None,
    owner: str | None,
    after: UUID | None,
    limit: int,
) -> list[HeldMoney]:
    """Read held money over all receipts, longest held first."""
    return await read_page(
        tx,
        """SELECT hold.receipt_key, hold.receipt_id AS id, receipt.serial, receipt.credit_code,
                  hold.period, suspense.amount_fen - suspense.matched_fen AS suspended_fen,
                  hold.reason, hold.owner, hold.held_at
             FROM tax_hold AS hold
             JOIN suspense ON suspense.receipt_key = hold.receipt_key
                          AND suspense.receipt_id = hold.receipt_id
                          AND suspense.matched_fen < suspense.amount_fen
             JOIN receipt ON receipt.receipt_key = hold.receipt_key
                         AND receipt.id = hold.receipt_id""",
        key=("hold.receipt_id",),
        after=None if after is None else (after,),
        limit=limit,
        row=HeldMoney,
        equal={"hold.reason": reason, "hold.owner": owner},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxDue:
    """An open amount of a bill that the tax bureau collects, by insurance and party (fen)."""

    unit_id: int
    bill_id: UUID
    line_no: int
    credit_code: str
    name: str
    period: str
    due_on: date
    insurance: str
    party: str
    open_fen: int


async def dues(
    tx: AsyncConnection,
    *,
    period: str | None,
    after: tuple[int, UUID, int] | None,
    limit: int,
) -> list[TaxDue]:
    """Read what the tax bureau may collect of what was assessed here."""
    return await read_page(
        tx,
        """SELECT line.unit_id, line.bill_id, line.line_no, bill.credit_code, unit.name,
                  bill.period, bill.due_on, line.insurance,
                  CASE WHEN bill.kind = 'charge' THEN line.account ELSE line.party END AS party,
                  line.amount_fen - line.settled_fen AS open_fen
             FROM bill
             JOIN bill_line AS line ON line.unit_id = bill.unit_id AND line.bill_id = bill.id
             JOIN unit ON unit.unit_id = bill.unit_id""",
        key=("line.unit_id", "line.bill_id", "CAST(line.line_no AS bigint)"),
        after=after,
        limit=limit,
        row=TaxDue,
        equal={"bill.period": period, "bill.collector": "tax"},
        where={
            "bill.status IN ('open', 'part')": {},
            "line.amount_fen > line.settled_fen": {},
        },
    )
