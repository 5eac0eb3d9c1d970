"""Receipts of recovered money in the database: once by the bank's serial."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.recoveries.domain.receipt import (
    ReceiptSource,
    RecoveryReceipt,
    receipt_key,
)
from shared.ids import Ref
from shared.page import read_page

_COLUMNS: Final = """bank_serial, amount_fen, used_fen, value_date, payer, notice_no, source,
       entered_by"""


def _receipt(*, payer: bytes, source: str, **columns: Any) -> RecoveryReceipt:
    return RecoveryReceipt(payer=bytes(payer), source=ReceiptSource(source), **columns)


def _columns(receipt: RecoveryReceipt) -> dict[str, Any]:
    return {
        "key": receipt.key,
        "bank_serial": receipt.bank_serial,
        "amount_fen": receipt.amount_fen,
        "value_date": receipt.value_date,
        "payer": receipt.payer,
        "notice_no": receipt.notice_no,
        "source": receipt.source.value,
        "entered_by": receipt.entered_by,
    }


async def insert(tx: AsyncConnection, receipt: RecoveryReceipt) -> bool:
    """Store a receipt; return False if its serial is stored already."""
    row = await tx.execute(
        text("""
            INSERT INTO recovery_receipt (receipt_key, bank_serial, amount_fen, value_date, payer,
                                          notice_no, source, entered_by)
            VALUES (:key, :bank_serial, :amount_fen, :value_date, :payer, :notice_no, :source,
                    :entered_by)
            ON CONFLICT (receipt_key, bank_serial) DO NOTHING
            RETURNING 1
        """),
        _columns(receipt),
    )
    return row.first() is not None


async def replace(tx: AsyncConnection, receipt: RecoveryReceipt) -> None:
    """Let a reported receipt stand in the place of an entered one with its serial."""
    await tx.execute(
        text("""
            UPDATE recovery_receipt
               SET amount_fen = :amount_fen, value_date = :value_date, payer = :payer,
                   notice_no = :notice_no, source = :source, entered_by = :entered_by
             WHERE receipt_key = :key AND bank_serial = :bank_serial AND used_fen = 0
        """),
        _columns(receipt),
    )


async def load(tx: AsyncConnection, bank_serial: str) -> RecoveryReceipt | None:
    """Read and lock a receipt."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM recovery_receipt
                 WHERE receipt_key = :key AND bank_serial = :bank_serial
                   FOR UPDATE
            """),
            {"key": receipt_key(bank_serial), "bank_serial": bank_serial},
        )
    ).first()
    return _receipt(**row._mapping) if row else None


async def use(tx: AsyncConnection, bank_serial: str, by_fen: int) -> None:
    """Count an amount of a receipt as taken by a case; a negative one as left again."""
    await tx.execute(
        text("""
            UPDATE recovery_receipt SET used_fen = used_fen + :by_fen
             WHERE receipt_key = :key AND bank_serial = :bank_serial
        """),
        {"key": receipt_key(bank_serial), "bank_serial": bank_serial, "by_fen": by_fen},
    )


async def case_of_notice(tx: AsyncConnection, notice_no: str) -> Ref | None:
    """Find the confirmed case of a notice; None when there is none, or more than one."""
    rows = await tx.execute(
        text("""
            SELECT case_key, id
              FROM recovery_case
             WHERE notice_no = :notice_no AND status = 'confirmed'
             LIMIT 2
        """),
        {"notice_no": notice_no},
    )
    found = [Ref(row.case_key, row.id) for row in rows]
    return found[0] if len(found) == 1 else None


async def waiting(tx: AsyncConnection, *, after: str | None, limit: int) -> list[RecoveryReceipt]:
    """Read receipts of which something is left, by their serials."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM recovery_receipt",
        key=("bank_serial",),
        after=None if after is None else (after,),
        limit=limit,
        row=_receipt,
        where={"used_fen < amount_fen": {}},
    )
