"""SQL of a unit's differences: further rows beside what was written, and bills as they are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill, BillLine
from services.collection.reallocation.domain.books import ReceiptBooks
from services.collection.reallocation.domain.difference import ChargeChange, LineChange, UseKey
from services.collection.reallocation.domain.replay import ShareKey
from services.collection.reallocation.store.facts import PaymentRow
from shared.ids import Ref, uuid7, uuid7s


async def insert(tx: AsyncConnection, ref: Ref, *, cause: str, paper: str | None, on: date) -> None:
    """Write a reallocation: what caused it, and the day of the books."""
    await tx.execute(
        text("""
            INSERT INTO reallocation (unit_id, id, cause, paper, on_day)
            VALUES (:unit_id, :id, :cause, :paper, :on_day)
        """),
        {"unit_id": ref.key, "id": ref.id, "cause": cause, "paper": paper, "on_day": on},
    )


async def add_shares(
    tx: AsyncConnection,
    ref: Ref,
    shares: Mapping[ShareKey, int],
    payments: Mapping[UUID, PaymentRow],
    days: Mapping[UUID, date],
) -> None:
    """Write by how much more (less) each payment settles of each line; `days` says when in the books."""
    if not shares:
        return
    keys = list(shares)
    await tx.execute(
        text("""
            INSERT INTO allocation (unit_id, event_id, bill_id, line_no, receipt_key, receipt_id,
                                    amount_fen, book_date, paid_on, reallocation_id)
            SELECT CAST(:unit_id AS bigint), event_id, bill_id, line_no, receipt_key, receipt_id,
                   amount_fen, book_date, paid_on, CAST(:id AS uuid)
              FROM unnest(CAST(:events AS uuid[]), CAST(:bills AS uuid[]),
                          CAST(:line_nos AS smallint[]), CAST(:keys AS bigint[]),
                          CAST(:receipts AS uuid[]), CAST(:amounts AS bigint[]),
                          CAST(:booked AS date[]), CAST(:paid AS date[]))
                AS batch (event_id, bill_id, line_no, receipt_key, receipt_id, amount_fen,
                          book_date, paid_on)
        """),
        {
            "unit_id": ref.key,
            "id": ref.id,
            "booked": [days[event_id] for event_id, _, _ in keys],
            "events": [event_id for event_id, _, _ in keys],
            "bills": [bill_id for _, bill_id, _ in keys],
            "line_nos": [line_no for _, _, line_no in keys],
            "keys": [payments[event_id].receipt_key for event_id, _, _ in keys],
            "receipts": [payments[event_id].receipt_id for event_id, _, _ in keys],
            "amounts": [shares[key] for key in keys],
            "paid": [payments[event_id].paid_on for event_id, _, _ in keys],
        },
    )


async def add_uses(tx: AsyncConnection, ref: Ref, uses: Mapping[UseKey, int], on: date) -> None:
    """Write by how much more (less) each credit lowers each line, and what is used of it in all."""
    if not uses:
        return
    keys = list(uses)
    values = {
        "unit_id": ref.key,
        "id": ref.id,
        "on_day": on,
        "credits": [credit_id for credit_id, _, _ in keys],
        "bills": [bill_id for _, bill_id, _ in keys],
        "line_nos": [line_no for _, _, line_no in keys],
        "amounts": [uses[key] for key in keys],
    }
    await tx.execute(
        text("""
            INSERT INTO credit_use (unit_id, credit_id, bill_id, line_no, amount_fen, used_on,
                                    reallocation_id)
            SELECT CAST(:unit_id AS bigint), credit_id, bill_id, line_no, amount_fen,
                   CAST(:on_day AS date), CAST(:id AS uuid)
              FROM unnest(CAST(:credits AS uuid[]), CAST(:bills AS uuid[]),
                          CAST(:line_nos AS smallint[]), CAST(:amounts AS bigint[]))
                AS batch (credit_id, bill_id, line_no, amount_fen)
        """),
        values,
    )
    await tx.execute(
        text("""
            UPDATE credit
               SET used_fen = credit.used_fen + batch.fen
              FROM (SELECT credit_id, CAST(sum(amount_fen) AS bigint) AS fen
                      FROM unnest(CAST(:credits AS uuid[]), CAST(:amounts AS bigint[]))
                        AS one (credit_id, amount_fen)
                     GROUP BY credit_id) AS batch
             WHERE credit.unit_id = :unit_id AND credit.id = batch.credit_id
        """),
        {name: values[name] for name in ("unit_id", "credits", "amounts")},
    )


async def add_lines(
    tx: AsyncConnection, unit_id: int, lines: Sequence[tuple[Bill, BillLine]]
) -> None:
    """Add lines to charge bills that were issued before; what they ask for is a change of theirs."""
    if not lines:
        return
    await tx.execute(
        text("""
            INSERT INTO bill_line (unit_id, bill_id, line_no, insurance, party, account, fund,
                                   amount_fen)
            SELECT CAST(:unit_id AS bigint), bill_id, line_no, insurance, 'unit', account, fund, 0
              FROM unnest(CAST(:bills AS uuid[]), CAST(:line_nos AS smallint[]),
                          CAST(:insurances AS text[]), CAST(:accounts AS text[]),
                          CAST(:funds AS text[]))
                AS batch (bill_id, line_no, insurance, account, fund)
        """),
        {
            "unit_id": unit_id,
            "bills": [bill.id for bill, _ in lines],
            "line_nos": [line.line_no for _, line in lines],
            "insurances": [line.insurance for _, line in lines],
            "accounts": [line.account for _, line in lines],
            "funds": [line.fund for _, line in lines],
        },
    )


async def change_lines(
    tx: AsyncConnection, ref: Ref, changes: Sequence[LineChange], on: date
) -> None:
    """Write what lines ask for and what of them is settled, credited and waived.

    By how much more (less) is issued or waived is written first: the database lets a line change by
    no more than that.
    """
    if not changes:
        return
    dated = [one for one in changes if one.issued_fen or one.waived_fen]
    if dated:
        await tx.execute(
            text("""
                INSERT INTO reallocation_line (unit_id, reallocation_id, bill_id, line_no,
                                               issued_fen, waived_fen, on_day)
                SELECT CAST(:unit_id AS bigint), CAST(:id AS uuid), bill_id, line_no, issued_fen,
                       waived_fen, CAST(:on_day AS date)
                  FROM unnest(CAST(:bills AS uuid[]), CAST(:line_nos AS smallint[]),
                              CAST(:issued AS bigint[]), CAST(:waived AS bigint[]))
                    AS batch (bill_id, line_no, issued_fen, waived_fen)
            """),
            {
                "unit_id": ref.key,
                "id": ref.id,
                "on_day": on,
                "bills": [one.bill.id for one in dated],
                "line_nos": [one.line.line_no for one in dated],
                "issued": [one.issued_fen for one in dated],
                "waived": [one.waived_fen for one in dated],
            },
        )
    await tx.execute(
        text("""
            UPDATE bill_line
               SET amount_fen = batch.amount_fen, settled_fen = batch.settled_fen,
                   credited_fen = batch.credited_fen, waived_fen = batch.waived_fen
              FROM unnest(CAST(:bills AS uuid[]), CAST(:line_nos AS smallint[]),
                          CAST(:amounts AS bigint[]), CAST(:settled AS bigint[]),
                          CAST(:credited AS bigint[]), CAST(:waived AS bigint[]))
                AS batch (bill_id, line_no, amount_fen, settled_fen, credited_fen, waived_fen)
             WHERE bill_line.unit_id = :unit_id AND bill_line.bill_id = batch.bill_id
               AND bill_line.line_no = batch.line_no
        """),
        {
            "unit_id": ref.key,
            "bills": [one.bill.id for one in changes],
            "line_nos": [one.line.line_no for one in changes],
            "amounts": [one.after.amount_fen for one in changes],
            "settled": [one.after.settled_fen for one in changes],
            "credited": [one.after.credited_fen for one in changes],
            "waived": [one.after.waived_fen for one in changes],
        },
    )


async def sum_up_bills(tx: AsyncConnection, unit_id: int, bill_ids: Sequence[UUID]) -> None:
    """Let bills ask for what their lines do; their declarations are settled, or not, with them."""
    if not bill_ids:
        return
    await tx.execute(
        text("""
            UPDATE bill
               SET total_fen = lines.amount_fen, settled_fen = lines.settled_fen,
                   credited_fen = lines.credited_fen, waived_fen = lines.waived_fen,
                   status = CASE WHEN lines.settled_fen = lines.amount_fen THEN 'settled'
                                 WHEN lines.settled_fen > 0 THEN 'part' ELSE 'open' END
              FROM (SELECT bill_id, CAST(sum(amount_fen) AS bigint) AS amount_fen,
                           CAST(sum(settled_fen) AS bigint) AS settled_fen,
                           CAST(sum(credited_fen) AS bigint) AS credited_fen,
                           CAST(sum(waived_fen) AS bigint) AS waived_fen
                      FROM bill_line
                     WHERE unit_id = :unit_id AND bill_id = ANY(CAST(:ids AS uuid[]))
                     GROUP BY bill_id) AS lines
             WHERE bill.unit_id = :unit_id AND bill.id = lines.bill_id
        """),
        {"unit_id": unit_id, "ids": list(bill_ids)},
    )
    await tx.execute(
        text("""
            UPDATE declaration
               SET status = CASE WHEN bill.status = 'settled' THEN 'settled' ELSE 'billed' END
              FROM bill
             WHERE bill.unit_id = :unit_id AND bill.id = ANY(CAST(:ids AS uuid[]))
               AND bill.kind <> 'charge'
               AND declaration.unit_id = :unit_id AND declaration.id = bill.declaration_id
               AND declaration.status IN ('billed', 'settled')
        """),
        {"unit_id": unit_id, "ids": list(bill_ids)},
    )


async def add_charges(
    tx: AsyncConnection,
    ref: Ref,
    changes: Sequence[ChargeChange],
    explanations: Mapping[UUID, dict[str, Any]],
    bill_of: Mapping[tuple[UUID, UUID], UUID],
    on: date,
) -> None:
    """Write charges that are more (less) than was fixed, one row a difference.

    A charge that comes to nothing, or came from nothing, counts on the charge bill that was issued for
    it at another time: `bill_of` says which, by (charged bill, payment).
    """
    fresh = [one for one in changes if one.charge is not None]
    if fresh:
        await tx.execute(
            text("""
                INSERT INTO charge (unit_id, id, bill_id, line_no, kind, event_id, period,
                                    insurance, fund, principal_fen, due_on, paid_on, fixed_on,
                                    days, parts, amount_fen, charge_bill_id, explanation,
                                    reallocation_id)
                SELECT CAST(:unit_id AS bigint), id, bill_id, line_no, kind, event_id, period,
                       insurance, fund, principal_fen, due_on, paid_on, CAST(:on_day AS date),
                       days, parts, amount_fen, charge_bill_id, explanation, CAST(:id AS uuid)
                  FROM unnest(CAST(:ids AS uuid[]), CAST(:bills AS uuid[]),
                              CAST(:line_nos AS smallint[]), CAST(:kinds AS text[]),
                              CAST(:events AS uuid[]), CAST(:periods AS text[]),
                              CAST(:insurances AS text[]), CAST(:funds AS text[]),
                              CAST(:principals AS bigint[]), CAST(:due AS date[]),
                              CAST(:paid AS date[]), CAST(:days AS integer[]),
                              CAST(:parts AS numeric[]), CAST(:amounts AS bigint[]),
                              CAST(:charge_bills AS uuid[]), CAST(:explanations AS jsonb[]))
                    AS batch (id, bill_id, line_no, kind, event_id, period, insurance, fund,
                              principal_fen, due_on, paid_on, days, parts, amount_fen,
                              charge_bill_id, explanation)
            """),
            {
                "unit_id": ref.key,
                "id": ref.id,
                "on_day": on,
                **_charge_columns(fresh, explanations, bill_of),
            },
        )
    gone = [one for one in changes if one.charge is None]
    await _take_back_charges(tx, ref, gone, bill_of, on)


async def _take_back_charges(
    tx: AsyncConnection,
    ref: Ref,
    changes: Sequence[ChargeChange],
    bill_of: Mapping[tuple[UUID, UUID], UUID],
    on: date,
) -> None:
    """Repeat the first row of each charge, with amounts that take all of it back."""
    if not changes:
        return
    await tx.execute(
        text("""
            INSERT INTO charge (unit_id, id, bill_id, line_no, kind, event_id, period,
                                insurance, fund, principal_fen, due_on, paid_on, fixed_on,
                                days, parts, amount_fen, charge_bill_id, explanation,
                                reallocation_id)
            SELECT fixed.unit_id, batch.id, fixed.bill_id, fixed.line_no, fixed.kind,
                   fixed.event_id, fixed.period, fixed.insurance, fixed.fund,
                   batch.principal_fen, fixed.due_on, fixed.paid_on, CAST(:on_day AS date),
                   fixed.days, batch.parts, batch.amount_fen, batch.charge_bill_id,
                   fixed.explanation, CAST(:reallocation AS uuid)
              FROM unnest(CAST(:ids AS uuid[]), CAST(:events AS uuid[]), CAST(:bills AS uuid[]),
                          CAST(:line_nos AS smallint[]), CAST(:kinds AS text[]),
                          CAST(:principals AS bigint[]), CAST(:parts AS numeric[]),
                          CAST(:amounts AS bigint[]), CAST(:charge_bills AS uuid[]))
                AS batch (id, event_id, bill_id, line_no, kind, principal_fen, parts, amount_fen,
                          charge_bill_id)
             CROSS JOIN LATERAL (
                   SELECT *
                     FROM charge
                    WHERE charge.unit_id = :unit_id AND charge.event_id = batch.event_id
                      AND charge.bill_id = batch.bill_id AND charge.line_no = batch.line_no
                      AND charge.kind = batch.kind
                    ORDER BY charge.id
                    LIMIT 1) AS fixed
        """),
        {
            "unit_id": ref.key,
            "reallocation": ref.id,
            "on_day": on,
            "ids": uuid7s(len(changes)),
            "events": [one.key[0] for one in changes],
            "bills": [one.key[1] for one in changes],
            "line_nos": [one.key[2] for one in changes],
            "kinds": [one.key[3].value for one in changes],
            "principals": [one.change.principal_fen for one in changes],
            "parts": [Decimal(one.change.parts) for one in changes],
            "amounts": [one.change.amount_fen for one in changes],
            "charge_bills": [bill_of.get((one.key[1], one.key[0])) for one in changes],
        },
    )


def _charge_columns(
    changes: Sequence[ChargeChange],
    explanations: Mapping[UUID, dict[str, Any]],
    bill_of: Mapping[tuple[UUID, UUID], UUID],
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = defaultdict(list)
    for one in changes:
        assert one.assessment is not None
        assert one.charge is not None
        event_id, bill_id, line_no, kind = one.key
        bill = one.assessment.charge_bill
        row = {
            "ids": uuid7(),
            "bills": bill_id,
            "line_nos": line_no,
            "kinds": kind.value,
            "events": event_id,
            "periods": one.assessment.paid_bill.period,
            "insurances": one.charge.line.insurance,
            "funds": one.charge.line.fund,
            "principals": one.change.principal_fen,
            "due": one.assessment.late_bill.debt.due_on,
            "paid": one.assessment.payment.paid_on,
            "days": one.charge.accrual.days,
            "parts": Decimal(one.change.parts),
            "amounts": one.change.amount_fen,
            "charge_bills": bill.id if bill else bill_of.get((bill_id, event_id)),
            "explanations": orjson.dumps(explanations[one.charge.id]).decode(),
        }
        for name, value in row.items():
            columns[name].append(value)
    return columns


async def change_suspense(tx: AsyncConnection, receipt: ReceiptBooks, fen: int) -> None:
    """Put more of a receipt into suspense, or take some out of it."""
    await tx.execute(
        text("""
            INSERT INTO suspense (receipt_key, receipt_id, account, fund, district, amount_fen)
            SELECT CAST(:key AS bigint), CAST(:id AS uuid), CAST(:account AS text),
                   CAST(:fund AS text), CAST(:district AS text), CAST(:fen AS bigint)
             WHERE CAST(:fen AS bigint) > 0
            ON CONFLICT (receipt_key, receipt_id)
            DO UPDATE SET amount_fen = suspense.amount_fen + excluded.amount_fen
        """)
        if fen > 0
        else text("""
            UPDATE suspense
               SET matched_fen = matched_fen - :fen
             WHERE receipt_key = :key AND receipt_id = :id
        """),
        {"key": receipt.ref.key, "id": receipt.ref.id, "fen": fen}
        | (
            {
                "account": receipt.account,
                "fund": receipt.suspense_fund,
                "district": receipt.district,
            }
            if fen > 0
            else {}
        ),
    )
