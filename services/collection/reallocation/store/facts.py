"""SQL of a unit's facts and of what is recorded of its account; every statement names the unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill, BillLine
from services.collection.allocation.domain.receipt import PaymentPart, remaining_parts
from services.collection.arrears.domain.late import ChargeLineKey, KnownChargeBill
from services.collection.billing.domain.bill import CHARGE
from services.collection.billing.domain.credit import Credit
from services.collection.policy.domain.charge import ChargeKind
from services.collection.reallocation.domain.difference import (
    ChargedAmount,
    ChargedKey,
    RecordedLine,
    UseKey,
)
from services.collection.reallocation.domain.replay import ChargeWaiver, LineKey, ShareKey
from shared.page import read_page


async def lock_unit(tx: AsyncConnection, unit_id: int) -> str | None:
    """Lock a unit, as billing does; return its credit code, or None when there is no such unit."""
    found: str | None = await tx.scalar(
        text("SELECT credit_code FROM unit WHERE unit_id = :unit_id FOR NO KEY UPDATE"),
        {"unit_id": unit_id},
    )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBill:
    """A bill as it stands, and who bears each of its lines; `of_bill` is what a charge bill charges."""

    bill: Bill
    of_bill: UUID | None
    lines: dict[int, RecordedLine]
    parties: dict[int, str]


async def lock_bills(tx: AsyncConnection, unit_id: int) -> list[StoredBill]:
    """Lock all bills of a unit in the order of their keys; return them with their lines."""
    bills = (
        await tx.execute(
            text("""
                SELECT unit_id, id, declaration_id, credit_code, district, period, issued_on,
                       due_on, kind, of_bill
                  FROM bill
                 WHERE unit_id = :unit_id
                 ORDER BY unit_id, id
                   FOR UPDATE
            """),
            {"unit_id": unit_id},
        )
    ).all()
    lines = await tx.execute(
        text("""
            SELECT bill_id, line_no, insurance, party, account, fund, amount_fen, settled_fen,
                   credited_fen, waived_fen
              FROM bill_line
             WHERE unit_id = :unit_id
             ORDER BY bill_id, line_no
        """),
        {"unit_id": unit_id},
    )
    of_bill: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for line in lines:
        of_bill[line.bill_id].append(line)
    return [_stored(bill, of_bill[bill.id]) for bill in bills]


def _stored(bill: Row[Any], lines: list[Row[Any]]) -> StoredBill:
    given = dict(bill._mapping)
    of_bill = given.pop("of_bill")
    return StoredBill(
        bill=Bill(
            **given,
            lines=tuple(
                BillLine(
                    line_no=line.line_no,
                    fund=line.fund,
                    account=line.account,
                    amount_fen=line.amount_fen,
                    insurance=line.insurance,
                    party=line.party,
                )
                for line in lines
            ),
            line_settled_fen=tuple(line.settled_fen for line in lines),
        ),
        of_bill=of_bill,
        lines={
            line.line_no: RecordedLine(
                line.amount_fen, line.settled_fen, line.credited_fen, line.waived_fen
            )
            for line in lines
        },
        parties={line.line_no: line.party for line in lines},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """Money of a receipt that is entrusted to a unit."""

    unit_id: int
    event_id: UUID
    receipt_key: int
    receipt_id: UUID
    kind: str
    amount_fen: int
    taken_fen: int
    period: str
    bill_id: UUID | None
    paid_on: date
    booked_on: date
    source: str
    serial: str
    parts: tuple[PaymentPart, ...] = ()
    """Parts that remain; none where the payment is for a whole bill."""


async def payments(tx: AsyncConnection, unit_id: int) -> list[PaymentRow]:
    """Return the payments of a unit."""
    rows = await tx.execute(
        text("""
            SELECT unit_id, event_id, receipt_key, receipt_id, kind, amount_fen, taken_fen,
                   period, bill_id, paid_on, booked_on, source, serial, parts, taken_parts
              FROM payment
             WHERE unit_id = :unit_id
        """),
        {"unit_id": unit_id},
    )
    return [_payment(dict(row._mapping)) for row in rows]


def _payment(given: dict[str, Any]) -> PaymentRow:
    parts = [PaymentPart(*part) for part in given.pop("parts") or ()]
    taken = [PaymentPart(*part) for part in given.pop("taken_parts") or ()]
    return PaymentRow(
        **given, parts=remaining_parts(parts, taken, given["taken_fen"]) if parts else ()
    )


async def lock_credits(tx: AsyncConnection, unit_id: int) -> list[Credit]:
    """Return the credits of a unit, locked; `used_fen` is what all uses and refunds took."""
    rows = await tx.execute(
        text("""
            SELECT unit_id, id, declaration_id, credit_code, district, period, insurance, party,
                   account, fund, amount_fen, used_fen, granted_on
              FROM credit
             WHERE unit_id = :unit_id
             ORDER BY unit_id, id
               FOR UPDATE
        """),
        {"unit_id": unit_id},
    )
    return [Credit(**row._mapping) for row in rows]


async def uses(tx: AsyncConnection, unit_id: int) -> dict[UseKey, int]:
    """Sum by how much each credit of a unit lowered each line."""
    rows = await tx.execute(
        text("""
            SELECT credit_id, bill_id, line_no, CAST(sum(amount_fen) AS bigint) AS fen
              FROM credit_use
             WHERE unit_id = :unit_id
             GROUP BY credit_id, bill_id, line_no
        """),
        {"unit_id": unit_id},
    )
    return {(row.credit_id, row.bill_id, row.line_no): row.fen for row in rows}


async def being_debited(tx: AsyncConnection, unit_id: int) -> frozenset[UUID]:
    """Return the bills of a unit that the bank was asked to debit and has not answered for."""
    rows = await tx.execute(
        text("""
            SELECT bill_id
              FROM debit_line
             WHERE unit_id = :unit_id AND status IN ('waiting', 'unknown')
        """),
        {"unit_id": unit_id},
    )
    return frozenset(row.bill_id for row in rows)


async def waivers(tx: AsyncConnection, unit_id: int) -> list[ChargeWaiver]:
    """Return the approved waivers of a unit."""
    rows = await tx.execute(
        text("""
            SELECT waiver.id, waiver.bill_id, waiver.decided_on, line.insurance, line.fund,
                   line.kind, line.amount_fen
              FROM waiver
              JOIN waiver_line AS line
                ON line.unit_id = waiver.unit_id AND line.waiver_id = waiver.id
             WHERE waiver.unit_id = :unit_id AND waiver.status = 'approved'
             ORDER BY waiver.id
        """),
        {"unit_id": unit_id},
    )
    amounts: dict[tuple[UUID, UUID, date], dict[ChargeLineKey, int]] = defaultdict(dict)
    for row in rows:
        key = (row.insurance, row.fund, row.kind)
        amounts[row.id, row.bill_id, row.decided_on][key] = row.amount_fen
    return [
        ChargeWaiver(id=id, charge_bill_id=bill_id, decided_on=day, amounts_fen=by_line)
        for (id, bill_id, day), by_line in amounts.items()
    ]


async def remitted(
    tx: AsyncConnection, unit_id: int
) -> dict[tuple[UUID, UUID], dict[ChargeLineKey, int]]:
    """Sum what of a unit's charges was refunded after it was paid: (bill, payment) → per line."""
    rows = await tx.execute(
        text("""
            SELECT of_bill, event_id, insurance, fund, kind,
                   CAST(sum(amount_fen) AS bigint) AS fen
              FROM charge_remission
             WHERE unit_id = :unit_id
             GROUP BY of_bill, event_id, insurance, fund, kind
        """),
        {"unit_id": unit_id},
    )
    found: dict[tuple[UUID, UUID], dict[ChargeLineKey, int]] = defaultdict(dict)
    for row in rows:
        found[row.of_bill, row.event_id][row.insurance, row.fund, row.kind] = row.fen
    return found


async def shares(tx: AsyncConnection, unit_id: int) -> dict[ShareKey, int]:
    """Sum what each payment of a unit settled of each line."""
    rows = await tx.execute(
        text("""
            SELECT event_id, bill_id, line_no, CAST(sum(amount_fen) AS bigint) AS fen
              FROM allocation
             WHERE unit_id = :unit_id
             GROUP BY event_id, bill_id, line_no
        """),
        {"unit_id": unit_id},
    )
    return {(row.event_id, row.bill_id, row.line_no): row.fen for row in rows if row.fen}


@dataclass(frozen=True, slots=True)
class StoredCharges:
    """The charges of a unit, and the charge bill of each (charged bill, payment)."""

    charged: dict[ChargedKey, ChargedAmount]
    bill_of: dict[tuple[UUID, UUID], UUID]


async def charges(tx: AsyncConnection, unit_id: int) -> StoredCharges:
    """Sum the fixed charges of a unit."""
    rows = await tx.execute(
        text("""
            SELECT event_id, bill_id, line_no, kind,
                   CAST(sum(principal_fen) AS bigint) AS principal_fen,
                   sum(parts) AS parts, CAST(sum(amount_fen) AS bigint) AS amount_fen,
                   CAST(max(CAST(charge_bill_id AS text)) AS uuid) AS charge_bill_id
              FROM charge
             WHERE unit_id = :unit_id
             GROUP BY event_id, bill_id, line_no, kind
        """),
        {"unit_id": unit_id},
    )
    charged: dict[ChargedKey, ChargedAmount] = {}
    bill_of = {}
    for row in rows:
        amount = ChargedAmount(row.principal_fen, int(row.parts), row.amount_fen)
        if amount != ChargedAmount():
            charged[row.event_id, row.bill_id, row.line_no, ChargeKind(row.kind)] = amount
        if row.charge_bill_id:
            bill_of[row.bill_id, row.event_id] = row.charge_bill_id
    return StoredCharges(charged, bill_of)


def known_charge_bills(
    bills: Iterable[StoredBill], bill_of: dict[tuple[UUID, UUID], UUID]
) -> dict[tuple[UUID, UUID], KnownChargeBill]:
    """Return the charge bills that were issued before: (charged bill, payment) → charge bill."""
    by_id = {one.bill.id: one.bill for one in bills if one.bill.kind == CHARGE}
    return {
        key: KnownChargeBill(
            id=bill.id,
            issued_on=bill.issued_on,
            due_on=bill.due_on,
            line_nos={
                (line.insurance, line.fund, line.account): line.line_no for line in bill.lines
            },
        )
        for key, bill_id in bill_of.items()
        if (bill := by_id.get(bill_id)) is not None
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedReceiptRow:
    """A receipt whose money may settle something else, and where it is in suspense, if it ever was."""

    key: int
    id: UUID
    channel: str
    source: str
    serial: str
    paper: str
    district: str
    period: str
    paid_on: date
    book_date: date
    suspense_account: str | None
    suspense_fund: str | None
    suspense_district: str | None


async def receipt(tx: AsyncConnection, key: int, id: UUID) -> BookedReceiptRow:
    """Return a receipt with its suspense, which is locked."""
    await tx.execute(
        text("""
            SELECT 1 FROM suspense WHERE receipt_key = :key AND receipt_id = :id FOR UPDATE
        """),
        {"key": key, "id": id},
    )
    row = (
        await tx.execute(
            text("""
                SELECT receipt.receipt_key AS key, receipt.id, receipt.channel, receipt.source,
                       receipt.serial, receipt.paper, receipt.district, receipt.period,
                       receipt.paid_on, receipt.book_date, suspense.account AS suspense_account,
                       suspense.fund AS suspense_fund, suspense.district AS suspense_district
                  FROM receipt
                  LEFT JOIN suspense ON suspense.receipt_key = receipt.receipt_key
                                    AND suspense.receipt_id = receipt.id
                 WHERE receipt.receipt_key = :key AND receipt.id = :id
            """),
            {"key": key, "id": id},
        )
    ).one()
    return BookedReceiptRow(**row._mapping)


def lines_of(bills: Iterable[StoredBill]) -> dict[LineKey, RecordedLine]:
    """Read what is recorded of each (bill, line)."""
    return {(one.bill.id, line_no): line for one in bills for line_no, line in one.lines.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReallocationRow:
    """A reallocation as it is listed."""

    unit_id: int
    id: UUID
    cause: str
    paper: str | None
    on_day: date


async def page(
    tx: AsyncConnection, unit_id: int, *, after: UUID | None, limit: int
) -> list[ReallocationRow]:
    """Read a unit's reallocations, oldest first."""
    return await read_page(
        tx,
        "SELECT unit_id, id, cause, paper, on_day FROM reallocation",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=ReallocationRow,
        equal={"unit_id": unit_id},
    )
