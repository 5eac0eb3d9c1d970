"""Files to and from the paying bank. A file is built or read in a worker thread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.common.flows import PersonKeys
from services.payout.payments.domain.bank_file import (
    FileOfAnotherBatch,
    bank_reports,
    faults_of,
    file_number,
)
from services.payout.payments.domain.batch import PaymentBatch
from services.payout.payments.flows import batch as batch_flow
from services.payout.payments.flows import result as result_flow
from services.payout.payments.flows.result import FileResult
from services.payout.payments.store import result as result_store
from services.payout.payments.store.result import OrderRow
from shared.bank_files.formats import bank_format
from shared.bank_files.protocol import refuse
from shared.bank_files.values import (
    Acknowledgement,
    BankAccount,
    BankOrder,
    BankResult,
    OrderFile,
    OrderKind,
)
from shared.clock import SHANGHAI
from shared.ids import Ref
from shared.roles import Caller

_PAYING_BANK: Final = Path(__file__).parents[2] / "data" / "paying_bank.json"
_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """A file as it goes to the bank."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """A batch and its lines, read in one transaction."""

    batch: PaymentBatch
    rows: Sequence[OrderRow]


@cache
def _paying_bank() -> dict[str, Any]:
    row: dict[str, Any] = json.loads(_PAYING_BANK.read_text("utf-8"))
    return row


async def orders(tx: AsyncConnection, ref: Ref, caller: Caller) -> PaymentSource:
    """Read what the file of a batch is built from.

    Raises:
        NotFound: no such batch.
        BatchStatusConflict: there is no money behind it yet.
    """
    batch = await batch_flow.find_for(tx, ref, caller)
    rows: list[OrderRow] = []
    while True:
        after = rows[-1].line_no if rows else 0
        page = await result_store.page_of_orders(tx, ref, after=after, limit=_PAGE)
        rows += page
        if len(page) < _PAGE:
            return PaymentSource(batch, rows)


async def build(source: PaymentSource, keys: PersonKeys, format_name: str) -> PaymentFile:
    """Build the file of a batch; the same batch always gives the same file.

    Raises:
        BankFormatUnknown: there is no such format.
    """
    return await asyncio.to_thread(_build, source, keys, format_name)


def _build(source: PaymentSource, keys: PersonKeys, format_name: str) -> PaymentFile:
    batch, adapter, bank = source.batch, bank_format(format_name), _paying_bank()
    number = file_number(batch)
    purpose = f"社会保险待遇 {batch.pay_date:%Y-%m}"
    file = OrderFile(
        kind=OrderKind.PAYMENT,
        number=number,
        created_at=datetime.combine(batch.pay_date, time(), SHANGHAI),
        due_on=batch.pay_date,
        own=BankAccount(bank["number"], bank["name"], bank["bank"], bank["bank_code"]),
        own_id=bank["own_id"],
        orders=tuple(_order(row, purpose, keys) for row in source.rows),
    )
    name = f"{number}.{adapter.suffix}"
    return PaymentFile(name, adapter.media_type, adapter.build_batch(file))


def _order(row: OrderRow, purpose: str, keys: PersonKeys) -> BankOrder:
    return BankOrder(
        line_no=row.line_no,
        account=BankAccount(
            keys.bank_number.open(row.bank_number), keys.bank_holder.open(row.bank_holder), row.bank
        ),
        amount_fen=row.amount_fen,
        purpose=purpose,
    )


async def read(source: IO[bytes], format_name: str) -> Acknowledgement:
    """Read a bank's answer whole.

    Raises:
        BankFormatUnknown: there is no such format.
        BankFileInvalid: with every fault of the file.
    """
    adapter = bank_format(format_name)
    answer = await asyncio.to_thread(adapter.parse_acknowledgement, source, OrderKind.PAYMENT)
    if answer.refused_files:
        message = "整份拒付须逐笔回报 (a bank refuses payments line by line)"
        raise refuse("", "FILE_REFUSED_WHOLE", message)
    return answer


async def check(tx: AsyncConnection, ref: Ref, answer: Acknowledgement) -> None:
    """Check that an answer is about one batch.

    Raises:
        NotFound: no such batch. FileOfAnotherBatch: it names other files.
    """
    batch = await batch_flow.find(tx, ref)
    faults = faults_of(answer.results, file_number(batch))
    if faults:
        raise FileOfAnotherBatch(faults=faults[:1000], count=len(faults))


async def take(
    tx: AsyncConnection, ref: Ref, results: Sequence[BankResult], *, today: date, caller: Caller
) -> FileResult:
    """Apply a piece of an answer, in one transaction.

    Raises:
        NotFound, BatchStatusConflict: as `result.report`.
    """
    numbers = sorted({one.line_no for one in results if one.amount_fen is None})
    lines = await result_store.lines_of(tx, ref, numbers) if numbers else {}
    reports = bank_reports(results, lines)
    return await result_flow.report(tx, ref, reports, today=today, caller=caller)
