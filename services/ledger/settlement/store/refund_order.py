"""SQL of refund orders: inserted once by collection's message, settled by the centre's writer."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.settlement.domain.refund import RefundOrder
from services.ledger.settlement.domain.settlement import SettlementPart
from services.ledger.settlement.domain.transfer_in import ContactLetter
from shared.entry import RefundOrderSource, RefundOrderStatus
from shared.page import read_page

Connection: TypeAlias = "asyncpg.Connection[Any]"

_COLUMNS = """id, refund, source, payee, receipt, deposit, reason, ordered_on,
       CAST(parts AS text) AS parts, status, settlement_id, settled_on, paid_from, seq,
       CAST(transfer AS text) AS transfer, reversed_on"""


async def insert(tx: AsyncConnection, order: RefundOrder) -> bool:
    """Insert an order; return False when its refund was ordered before."""
    made = await tx.execute(
        text("""
            INSERT INTO refund_order (slot, id, refund, source, payee, receipt, deposit, reason,
                                      ordered_on, parts, status, transfer, paper)
            VALUES (:slot, :id, :refund, :source, :payee, :receipt, :deposit, :reason,
                    :ordered_on, CAST(:parts AS jsonb), :status, CAST(:transfer AS jsonb), :paper)
            ON CONFLICT (slot, refund) DO NOTHING
            RETURNING id
        """),
        {
            "slot": CENTRE_SLOT,
            "id": order.id,
            "refund": order.refund,
            "source": order.source.value,
            "payee": order.payee,
            "receipt": order.receipt,
            "deposit": order.deposit,
            "reason": order.reason,
            "ordered_on": order.ordered_on,
            "parts": orjson.dumps([asdict(part) for part in order.parts]).decode(),
            "status": order.status.value,
            "transfer": orjson.dumps(asdict(order.transfer)).decode() if order.transfer else None,
            "paper": order.transfer.paper if order.transfer else None,
        },
    )
    return made.first() is not None


async def find(tx: AsyncConnection, refund: str) -> RefundOrder | None:
    """Return the order of a refund, or None."""
    rows = await tx.execute(
        text(f"SELECT {_COLUMNS} FROM refund_order WHERE slot = :slot AND refund = :refund"),
        {"slot": CENTRE_SLOT, "refund": refund},
    )
    row = rows.mappings().first()
    return _order(row) if row else None


async def lock(connection: Connection, refund: str) -> RefundOrder | None:
    """Return the order of a refund and lock its row until the transaction ends, or None."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM refund_order WHERE slot = $1 AND refund = $2 FOR UPDATE",
        CENTRE_SLOT,
        refund,
    )
    return _order(row) if row else None


async def lock_open_of(connection: Connection, paper: str) -> list[RefundOrder]:
    """Return the open orders of a letter, oldest first, and lock their rows."""
    rows = await connection.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM refund_order
         WHERE slot = $1 AND paper = $2 AND status = 'open'
         ORDER BY id
           FOR UPDATE
        """,
        CENTRE_SLOT,
        paper,
    )
    return [_order(row) for row in rows]


async def settle(
    connection: Connection, order: str, settlement_id: UUID, *, day: date, paid_from: str, seq: int
) -> bool:
    """Mark an order as settled; return False when it was settled before."""
    done = await connection.execute(
        """
        UPDATE refund_order
           SET status = 'settled', settlement_id = $3, settled_on = $4, paid_from = $5, seq = $6
         WHERE slot = $1 AND refund = $2 AND status = 'open'
        """,
        CENTRE_SLOT,
        order,
        settlement_id,
        day,
        paid_from,
        seq,
    )
    return str(done) == "UPDATE 1"


async def reverse(connection: Connection, settlement_id: UUID, *, day: date, seq: int) -> None:
    """Mark the order that a reversed transfer settled, if there is one."""
    await connection.execute(
        """
        UPDATE refund_order
           SET status = 'reversed', reversed_on = $3, seq = $4
         WHERE slot = $1 AND settlement_id = $2 AND status = 'settled'
        """,
        CENTRE_SLOT,
        settlement_id,
        day,
        seq,
    )


async def withdraw(tx: AsyncConnection, refund: str) -> bool:
    """Mark an order as withdrawn; return False when it is settled."""
    done = await tx.execute(
        text("""
            UPDATE refund_order
               SET status = 'withdrawn'
             WHERE slot = :slot AND refund = :refund AND status IN ('open', 'withdrawn')
            RETURNING id
        """),
        {"slot": CENTRE_SLOT, "refund": refund},
    )
    return done.first() is not None


async def open_page(tx: AsyncConnection, after: UUID | None, limit: int) -> list[RefundOrder]:
    """Return open orders, oldest first."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM refund_order",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=lambda **columns: _order(columns),
        equal={"slot": CENTRE_SLOT, "status": RefundOrderStatus.OPEN.value},
    )


async def settled_after(tx: AsyncConnection, seq: int, limit: int) -> list[RefundOrder]:
    """Return orders settled or reversed by vouchers after a number of the chain, in its order."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM refund_order",
        key=("seq",),
        after=(seq,),
        limit=limit,
        row=lambda **columns: _order(columns),
        equal={"slot": CENTRE_SLOT},
    )


def _order(row: Any) -> RefundOrder:
    found = dict(row)
    settlement_id, transfer = found["settlement_id"], found["transfer"]
    return RefundOrder(
        **found
        | {
            "id": UUID(int=found["id"].int),
            "source": RefundOrderSource(found["source"]),
            "status": RefundOrderStatus(found["status"]),
            "parts": tuple(SettlementPart(**part) for part in orjson.loads(found["parts"])),
            "transfer": ContactLetter(**orjson.loads(transfer)) if transfer else None,
            "settlement_id": None if settlement_id is None else UUID(int=settlement_id.int),
        }
    )
