"""SQL of refunds and their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.refund.domain import (
    BankReturn,
    Payout,
    Refund,
    RefundPart,
    RefundSource,
    RefundStatus,
    TransferLetter,
)
from shared.ids import key_of
from shared.page import read_page

_COLUMNS = """refund_key AS key, id, source, credit_code, district, unit_id, receipt_key, receipt_id,
       bill_id, deposit, amount_fen, reason, status, requested_on, decided_on, settlement,
       settled_on, paid_from, round, returned_on, return_serial, return_reason, transfer"""


async def insert(tx: AsyncConnection, refund: Refund) -> bool:
    """Write a refund; return False when another one of its charge bill is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO refund (refund_key, id, source, credit_code, district, unit_id, receipt_key,
                                receipt_id, bill_id, deposit, amount_fen, reason, status,
                                requested_on, transfer)
            VALUES (:key, :id, :source, :credit_code, :district, :unit_id, :receipt_key,
                    :receipt_id, :bill_id, :deposit, :amount_fen, :reason, :status, :requested_on,
                    CAST(:transfer AS jsonb))
            ON CONFLICT (refund_key, bill_id) WHERE source = 'charge' AND status = 'requested'
            DO NOTHING
            RETURNING id
        """),
        {
            "key": refund.key,
            "id": refund.id,
            "source": refund.source.value,
            "credit_code": refund.credit_code,
            "district": refund.district,
            "unit_id": refund.unit_id,
            "receipt_key": refund.receipt_key,
            "receipt_id": refund.receipt_id,
            "bill_id": refund.bill_id,
            "deposit": refund.deposit,
            "amount_fen": refund.amount_fen,
            "reason": refund.reason,
            "status": refund.status.value,
            "requested_on": refund.requested_on,
            "transfer": orjson.dumps(asdict(refund.transfer)).decode() if refund.transfer else None,
        },
    )
    return made.first() is not None


async def insert_parts(tx: AsyncConnection, refund: Refund, parts: Sequence[RefundPart]) -> None:
    """Write what a refund reserves."""
    await tx.execute(
        text("""
            INSERT INTO refund_part (refund_key, refund_id, part_no, fund, account, district,
                                     amount_fen, unit_id, credit_id, event_id)
            SELECT CAST(:key AS bigint), CAST(:id AS uuid), part_no, fund, account, district,
                   amount_fen, unit_id, credit_id, event_id
              FROM unnest(CAST(:funds AS text[]), CAST(:accounts AS text[]),
                          CAST(:districts AS text[]), CAST(:amounts AS bigint[]),
                          CAST(:units AS bigint[]), CAST(:credits AS uuid[]),
                          CAST(:events AS uuid[]))
                   WITH ORDINALITY AS batch (fund, account, district, amount_fen, unit_id,
                                             credit_id, event_id, part_no)
        """),
        {
            "key": refund.key,
            "id": refund.id,
            "funds": [part.fund for part in parts],
            "accounts": [part.account for part in parts],
            "districts": [part.district for part in parts],
            "amounts": [part.amount_fen for part in parts],
            "units": [part.unit_id for part in parts],
            "credits": [part.credit_id for part in parts],
            "events": [part.event_id for part in parts],
        },
    )


async def parts(tx: AsyncConnection, key: int, id: UUID) -> list[RefundPart]:
    """Read what a refund reserves."""
    rows = await tx.execute(
        text("""
            SELECT fund, account, district, amount_fen, unit_id, credit_id, event_id
              FROM refund_part
             WHERE refund_key = :key AND refund_id = :id
             ORDER BY part_no
             LIMIT 10000
        """),
        {"key": key, "id": id},
    )
    return [RefundPart(**row._mapping) for row in rows]


async def find(tx: AsyncConnection, key: int, id: UUID, *, lock: bool = False) -> Refund | None:
    """Read one refund, locked if wanted; None when there is none."""
    found = await tx.execute(
        text(
            f"SELECT {_COLUMNS} FROM refund WHERE refund_key = :key AND id = :id"
            f"{' FOR UPDATE' if lock else ''}"
        ),
        {"key": key, "id": id},
    )
    row = found.first()
    return _refund(**row._mapping) if row else None


def _refund(**columns: Any) -> Refund:
    return Refund(
        **columns
        | {
            "source": RefundSource(columns["source"]),
            "status": RefundStatus(columns["status"]),
            "transfer": TransferLetter(**letter) if (letter := columns["transfer"]) else None,
        }
    )


async def decide(tx: AsyncConnection, refund: Refund, to: RefundStatus, on: date) -> bool:
    """Decide a requested refund; return False when it was decided before."""
    made = await tx.execute(
        text("""
            UPDATE refund
               SET status = :to, decided_on = :on
             WHERE refund_key = :key AND id = :id AND status = 'requested'
            RETURNING id
        """),
        {"key": refund.key, "id": refund.id, "to": to.value, "on": on},
    )
    return made.first() is not None


async def pay(tx: AsyncConnection, refund: Refund, payout: Payout) -> bool:
    """Mark a refund as paid that its order settled; return False when it was marked before.

    A withdrawal that was not finished comes too late.
    """
    made = await tx.execute(
        text("""
            UPDATE refund
               SET status = 'paid', settlement = :settlement, settled_on = :settled_on,
                   paid_from = :paid_from, settled_seq = :seq
             WHERE refund_key = :key AND id = :id
               AND status IN ('approved', 'withdrawal_requested', 'withdrawal_approved')
            RETURNING id
        """),
        {
            "key": refund.key,
            "id": refund.id,
            "settlement": payout.settlement,
            "settled_on": payout.settled_on,
            "paid_from": payout.paid_from,
            "seq": payout.seq,
        },
    )
    return made.first() is not None


async def reverse(tx: AsyncConnection, refund: Refund, payout: Payout, reason: str) -> bool:
    """Mark a transfer's money as back in suspense; return False when it was marked before."""
    made = await tx.execute(
        text("""
            UPDATE refund
               SET status = 'returned', returned_on = :on, return_booked_on = :on,
                   return_reason = :reason, settled_seq = :seq
             WHERE refund_key = :key AND id = :id AND source = 'transfer' AND status = 'paid'
            RETURNING id
        """),
        {
            "key": refund.key,
            "id": refund.id,
            "on": payout.reversed_on,
            "reason": reason,
            "seq": payout.seq,
        },
    )
    return made.first() is not None


async def change_withdrawal(tx: AsyncConnection, refund: Refund, to: RefundStatus) -> None:
    """Take the next step of a withdrawal. Its request begins a new round of signatures."""
    await tx.execute(
        text("""
            UPDATE refund
               SET status = CAST(:to AS text),
                   round = round + CASE WHEN CAST(:to AS text) = 'withdrawal_requested' THEN 1
                                        ELSE 0 END
             WHERE refund_key = :key AND id = :id AND status = :from_status
        """),
        {
            "key": refund.key,
            "id": refund.id,
            "to": to.value,
            "from_status": refund.status.value,
        },
    )


async def to_withdraw(tx: AsyncConnection, limit: int = 100) -> list[Refund]:
    """Read refunds whose withdrawal two people approved and the ledger has not answered."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM refund
             WHERE status = 'withdrawal_approved'
             ORDER BY id
             LIMIT :limit
        """),
        {"limit": limit},
    )
    return [_refund(**row._mapping) for row in rows]


async def last_seq(tx: AsyncConnection) -> int:
    """Return the number of the last settlement that is known here; 0 when there is none."""
    return int(
        await tx.scalar(
            text("""
                SELECT settled_seq
                  FROM refund
                 WHERE settled_seq IS NOT NULL
                 ORDER BY settled_seq DESC
                 LIMIT 1
            """)
        )
        or 0
    )


async def report_return(tx: AsyncConnection, refund: Refund, bank_return: BankReturn) -> None:
    """Write that the bank sent a paid refund back; another person has to confirm it."""
    await tx.execute(
        text("""
            UPDATE refund
               SET status = 'returning', round = round + 1, returned_on = :returned_on,
                   return_serial = :serial, return_reason = :reason
             WHERE refund_key = :key AND id = :id AND status = 'paid'
        """),
        {
            "key": refund.key,
            "id": refund.id,
            "returned_on": bank_return.returned_on,
            "serial": bank_return.serial,
            "reason": bank_return.reason,
        },
    )


async def decide_return(tx: AsyncConnection, refund: Refund, *, came: bool, on: date) -> None:
    """Confirm that a refund came back, or forget what was reported."""
    await tx.execute(
        text("""
            UPDATE refund
               SET status = 'returned', return_booked_on = :on
             WHERE refund_key = :key AND id = :id AND status = 'returning'
        """)
        if came
        else text("""
            UPDATE refund
               SET status = 'paid', returned_on = NULL, return_serial = NULL,
                   return_reason = NULL
             WHERE refund_key = :key AND id = :id AND status = 'returning'
        """),
        {"key": refund.key, "id": refund.id} | ({"on": on} if came else {}),
    )


async def claim_serial(tx: AsyncConnection, deposit: str, serial: str) -> bool:
    """Write down the serial of a return to a deposit; return False when it was reported before."""
    made = await tx.execute(
        text("""
            INSERT INTO refund_return_serial (serial_key, deposit, serial)
            VALUES (:key, :deposit, :serial)
            ON CONFLICT DO NOTHING
            RETURNING serial
        """),
        {"key": key_of("refund_return", serial), "deposit": deposit, "serial": serial},
    )
    return made.first() is not None


async def forget_serial(tx: AsyncConnection, deposit: str, serial: str) -> None:
    """Let the serial of a return be reported again."""
    await tx.execute(
        text("""
            DELETE FROM refund_return_serial
             WHERE serial_key = :key AND deposit = :deposit AND serial = :serial
        """),
        {"key": key_of("refund_return", serial), "deposit": deposit, "serial": serial},
    )


async def page(
    tx: AsyncConnection,
    *,
    credit_code: str | frozenset[str] | None,
    district: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Refund]:
    """Read refunds of a payer, of a district or of all, in the order of their requests."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM refund",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_refund,
        equal={"credit_code": credit_code, "district": district, "status": status},
    )
