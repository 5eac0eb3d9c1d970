"""Pushes by file: announced and stored at the door, then taken in pieces by the worker.

Each piece is one transaction: its lines, their bookings, their results, and how far the file is taken.
So a killed worker goes on where the last piece ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel, tax_source
from services.collection.allocation.flows import policies_of
from services.collection.common.domain.csv_table import csv_of, csv_rows_of, harmless
from services.collection.common.domain.errors import DayInFuture
from services.collection.operation import flows as operation_flow
from services.collection.operation import store as operation_store
from services.collection.operation.flows import OperationLost, asker, new_operation
from services.collection.operation.store import OperationRow
from services.collection.tax.domain.envelope import Envelope
from services.collection.tax.domain.intake import Outcome
from services.collection.tax.domain.line import TaxLine
from services.collection.tax.flows import envelope as envelope_flow
from services.collection.tax.flows import intake as intake_flow
from services.collection.tax.flows.intake import PushTerms, TakenLines
from services.collection.tax.store import push_file as push_file_store
from services.collection.tax.store.push_file import PushFileRow, TakenPiece
from shared import book_days, trail
from shared.clock import today
from shared.errors import NotFound, StateConflict
from shared.money import format_yuan, parse_yuan
from shared.roles import CENTRE, Caller

KIND: Final = "tax_push_file"
HEADER: Final = csv_of(["serial", "line", "outcome", "reason", "message"], [])


class PushUnknown(NotFound):
    """无此推送 (no such push)"""

    code = "PUSH_UNKNOWN"


class PushDiffers(StateConflict):
    """该推送号已用于另一文件 (this number stands for another file)"""

    code = "PUSH_DIFFERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFileRequest:
    """A file as its sender announces it; amounts in fen."""

    region: str
    authority: str | None
    push_no: str
    collected_on: date
    lines: int
    total_fen: int
    sha256: str
    envelope: Envelope | None

    def words(self) -> dict[str, Any]:
        """Write it as JSON, to be stored with the operation."""
        return {
            "region": self.region,
            "authority": self.authority,
            "push_no": self.push_no,
            "collected_on": self.collected_on.isoformat(),
            "control": {"count": self.lines, "total": format_yuan(self.total_fen)},
            "sha256": self.sha256,
        }

    @classmethod
    def of(cls, words: dict[str, Any]) -> PushFileRequest:
        """Read it from stored JSON."""
        return cls(
            region=words["region"],
            authority=words["authority"],
            push_no=words["push_no"],
            collected_on=date.fromisoformat(words["collected_on"]),
            lines=words["control"]["count"],
            total_fen=parse_yuan(words["control"]["total"]),
            sha256=words["sha256"],
            envelope=None,
        )


def operation_of(request: PushFileRequest, caller: Caller) -> OperationRow:
    """Build the operation that takes a file. The same file under the same number gives the same one."""
    source = tax_source(request.authority)
    return new_operation(
        KIND,
        f"{source}:{request.push_no}:{request.sha256}",
        request.words(),
        caller=caller,
        district=CENTRE,
        total=request.lines,
    )


async def ask(
    tx: AsyncConnection,
    request: PushFileRequest,
    row: OperationRow,
    caller: Caller,
    sealed: Iterable[bytes],
) -> OperationRow:
    """Store a file and request the operation that takes it.

    Raises:
        DayInFuture: it was collected after today. PushDiffers: its number is another file's.
        EnvelopeDiffers, EnvelopeExceeded: it does not fit its envelope.
    """
    if request.collected_on > today():
        raise DayInFuture(collected_on=request.collected_on)
    source = tax_source(request.authority)
    if request.envelope is not None:
        part = Envelope(request.push_no, request.lines, request.total_fen)
        await envelope_flow.put(tx, source, request.envelope, part)
    push = PushFileRow(
        push_key=push_file_store.push_file_key(source, request.push_no),
        authority=source,
        push_no=request.push_no,
        digest=bytes.fromhex(request.sha256),
        collected_on=request.collected_on,
        lines=request.lines,
        total_fen=request.total_fen,
        pushed_by=caller.subject,
    )
    await push_file_store.insert(tx, push)
    stored = await push_file_store.find(tx, source, request.push_no)
    assert stored is not None
    if (stored.digest, stored.lines, stored.total_fen, stored.collected_on) != (
        push.digest,
        push.lines,
        push.total_fen,
        push.collected_on,
    ):
        raise PushDiffers(push_no=request.push_no)
    return await operation_flow.ask(tx, row, caller, sealed, again=False)


async def find(tx: AsyncConnection, authority: str | None, push_no: str) -> PushFileRow:
    """Read a push by file.

    Raises:
        PushUnknown: there is none.
    """
    found = await push_file_store.find(tx, tax_source(authority), push_no)
    if found is None:
        raise PushUnknown(push_no=push_no)
    return found


result_after = push_file_store.result_after
"""Reads the next piece of a push's results."""


async def take_piece(
    tx: AsyncConnection,
    row: OperationRow,
    push: PushFileRow,
    first: int,
    lines: Sequence[TaxLine],
) -> None:
    """Take the lines of a file from line `first` on.

    Raises:
        OperationLost: another worker took them. NoPolicy: no policy says how money is booked.
    """
    policies = await policies_of(tx, row.asked["region"])
    policies.account(Channel.TAX, push.collected_on)
    days = await book_days.read(tx)
    terms = PushTerms(
        push_no=push.push_no,
        authority=push.authority,
        book_date=days.fact_day(push.collected_on, "/collected_on").book_date,
        policies=policies,
    )
    taken = await intake_flow.take(tx, lines, terms, asker(row))
    if not await push_file_store.advance(tx, push, first, _piece(lines, taken)):
        raise OperationLost


def _piece(lines: Sequence[TaxLine], taken: TakenLines) -> TakenPiece:
    return TakenPiece(
        lines=len(lines),
        matched=taken.count(Outcome.MATCHED),
        suspended=taken.count(Outcome.SUSPENDED),
        replayed=taken.count(Outcome.REPLAYED),
        rejected=taken.count(Outcome.REJECTED),
        allocated_fen=taken.allocated_fen,
        suspended_fen=taken.suspended_fen,
        content=csv_rows_of(
            [harmless(one.ticket), one.line_no or "", one.outcome.value, one.reason, one.message]
            for one in taken.results
        ),
    )


async def finish(tx: AsyncConnection, row: OperationRow, found: PushFileRow) -> dict[str, Any]:
    """Forget the stored file and return the result of the operation, of a push that is taken."""
    await operation_store.forget_parts(tx, row)
    result = {
        "push_no": found.push_no,
        "received": found.done_lines,
        "matched": found.matched,
        "suspended": found.suspended,
        "replayed": found.replayed,
        "rejected": found.rejected,
        "allocated_amount": format_yuan(found.allocated_fen),
        "suspended_amount": format_yuan(found.suspended_fen),
    }
    step = trail.Step(
        shard_key=row.operation_key,
        paper="tax_push",
        paper_id=row.id,
        step="taken",
        signs=False,
        detail=result,
    )
    await trail.record(tx, step, asker(row))
    return result
