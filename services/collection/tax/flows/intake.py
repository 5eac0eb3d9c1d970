"""Intake of the lines of tickets: take each once, make receipts, book them.

The pushes of one authority take turns, so a line is new for one of them only. Lines of a ticket that
have one payer, period and day of payment make one receipt, with one voucher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.allocation import Bill
from services.collection.allocation.domain.receipt import (
    Channel,
    Payer,
    Receipt,
    may_be_same_sender,
)
from services.collection.allocation.flows import ReceiptPolicies
from services.collection.allocation.store import allocation as allocation_store
from services.collection.allocation.store import receipt as receipt_store
from services.collection.mode import flows as mode_flow
from services.collection.mode.domain import Mode
from services.collection.receipts.flows import booking as booking_flow
from services.collection.tax.domain import intake as intake_rules
from services.collection.tax.domain.intake import (
    KnownLines,
    LineResult,
    Outcome,
    TicketPart,
)
from services.collection.tax.domain.line import WHOLE, LevyItems, TaxLine, line_key
from services.collection.tax.flows import refund as tax_refund_flow
from services.collection.tax.store import item as item_store
from services.collection.tax.store import levy_item as levy_item_store
from services.collection.tax.store import line as line_store
from shared.ids import uuid7s
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTerms:
    """The terms that all lines of a push have in common."""

    push_no: str
    authority: str
    book_date: date
    policies: ReceiptPolicies


@dataclass(slots=True, kw_only=True)
class TakenLines:
    """The results of lines, one each, and what their money did (fen)."""

    results: list[LineResult] = field(default_factory=list)
    allocated_fen: int = 0
    suspended_fen: int = 0

    def count(self, outcome: Outcome) -> int:
        """Count the lines with an outcome."""
        return sum(one.outcome is outcome for one in self.results)


async def take(
    tx: AsyncConnection, lines: Sequence[TaxLine], terms: PushTerms, caller: Caller
) -> TakenLines:
    """Take lines in and book them.

    Raises:
        NoPolicy: no policy says how the money is booked.
    """
    await line_store.lock_authority(tx, terms.authority)
    known = await line_store.known(tx, terms.authority, lines)
    whole = await _reported_whole(tx, lines, known, terms.authority)
    sorted_lines = intake_rules.sort_lines(lines, known, whole)
    taken = TakenLines(results=sorted_lines.results)
    items = await levy_item_store.levy_items(tx)
    paid = [line for line in sorted_lines.new if line.refund is None]
    parts = intake_rules.parts_of_tickets(paid)
    refunds = [line for line in sorted_lines.new if line.refund is not None]
    payers = await _payers(tx, [*(part.first for part in parts), *refunds])
    receipts = [
        (part, _receipt(receipt_id, part, payers.get(part.first.key), items, terms))
        for receipt_id, part in zip(uuid7s(len(parts)), parts, strict=True)
    ]
    receipts = await _insert(tx, receipts, taken)
    by_line = {line.key: receipt for part, receipt in receipts for line in part.lines}
    await line_store.insert(
        tx,
        [line for line in paid if line.key in by_line] + refunds,
        by_line,
        payers,
        items,
        authority=terms.authority,
        push_no=terms.push_no,
    )
    await _book(tx, receipts, items, terms, taken, caller)
    taken.results += await tax_refund_flow.take(
        tx,
        refunds,
        paid,
        authority=terms.authority,
        push_no=terms.push_no,
        region=terms.policies.region,
        caller=caller,
    )
    return taken


async def _reported_whole(
    tx: AsyncConnection, lines: Sequence[TaxLine], known: KnownLines, authority: str
) -> set[str]:
    """Find tickets of these lines that were taken whole, before authorities were named."""
    seen = {ticket for ticket, _ in known}
    tickets = {line.ticket for line in lines if line.line_no != WHOLE} - seen
    rows = await receipt_store.of_serials(tx, Channel.TAX, sorted(tickets)) if tickets else []
    return {serial for serial, source, _ in rows if may_be_same_sender(authority, source)}


async def _payers(tx: AsyncConnection, firsts: Sequence[TaxLine]) -> dict[tuple[str, int], Payer]:
    """Find who pays each ticket: a registered unit, or the unit of a flexible worker."""
    codes = {line.payer for line in firsts if line.person_id is None}
    units = await receipt_store.payers(tx, sorted(codes)) if codes else {}
    people = await line_store.payers_of_people(
        tx, [line.person_id for line in firsts if line.person_id is not None]
    )
    found: dict[tuple[str, int], Payer] = {}
    for line in firsts:
        payer = units.get(line.payer) if line.person_id is None else people.get(line.person_id)
        if payer is not None:
            found[line.key] = payer
    return found


def _receipt(
    receipt_id: UUID, part: TicketPart, payer: Payer | None, items: LevyItems, terms: PushTerms
) -> Receipt:
    return Receipt(
        key=line_key(terms.authority, part.first.ticket),
        id=receipt_id,
        source=terms.authority,
        channel=Channel.TAX,
        paper=terms.push_no,
        incoming=part.payment(items),
        payer=payer,
        book_date=terms.book_date,
    )


Receipts = list[tuple[TicketPart, Receipt]]


async def _insert(tx: AsyncConnection, receipts: Receipts, taken: TakenLines) -> Receipts:
    """Write receipts and return those that are new. A whole ticket may be known from another
    authority, or from before authorities were named."""
    whole = [one for part, one in receipts if part.first.line_no == WHOLE]
    in_lines = [one for part, one in receipts if part.first.line_no != WHOLE]
    intake = await booking_flow.take_in(tx, whole)
    inserted = await receipt_store.insert_new(tx, in_lines)
    assert len(inserted) == len(in_lines), "lines that are new make receipts that are new"
    new = {one.id for one in (*intake.new, *in_lines)}
    rejected = {one.item: one for one in intake.rejected}
    for part, receipt in receipts:
        if receipt.id in new:
            continue
        refused = rejected.get(part.first.ticket)
        taken.results.append(
            LineResult(*part.first.key, Outcome.REJECTED, refused.code, refused.message)
            if refused
            else LineResult(*part.first.key, Outcome.REPLAYED)
        )
    return [(part, one) for part, one in receipts if one.id in new]


async def _book(
    tx: AsyncConnection,
    receipts: Receipts,
    items: LevyItems,
    terms: PushTerms,
    taken: TakenLines,
    caller: Caller,
) -> None:
    """Settle bills, and write down why money that found none is held."""
    lock = partial(_lock, tx)
    booked = await booking_flow.book(tx, terms.policies, [one for _, one in receipts], lock, caller)
    part_of = {receipt.id: part for part, receipt in receipts}
    held = []
    for one in booked:
        part, receipt = part_of[one.receipt.id], one.receipt
        taken.allocated_fen += one.allocated_fen
        taken.suspended_fen += one.suspended_fen
        if not one.suspended_fen:
            taken.results += [LineResult(*line.key, Outcome.MATCHED) for line in part.lines]
            continue
        reason = intake_rules.held_reason(
            part, items, has_payer=receipt.payer is not None, allocated_fen=one.allocated_fen
        )
        taken.results += [
            LineResult(*line.key, Outcome.SUSPENDED, reason.value) for line in part.lines
        ]
        held.append(
            (receipt.key, receipt.id, reason.value, receipt.district, receipt.incoming.period)
        )
    await line_store.hold(tx, held)
    await _look_at_agency_units(tx, [one for _, one in receipts], terms)


async def _look_at_agency_units(
    tx: AsyncConnection, receipts: Sequence[Receipt], terms: PushTerms
) -> None:
    """Open work items for money of units that pay the agency. It is booked like any other: the payer
    has paid, and a bill that is settled is not debited."""
    paid = [one for one in receipts if one.payer]
    region = terms.policies.region
    if not paid or await mode_flow.valid_on(tx, region, terms.book_date) is Mode.TAX:
        return
    units = sorted({one.payer.unit_id for one in paid if one.payer})
    agency = await mode_flow.in_agency_mode(tx, units)
    odd = [one for one in paid if one.payer and one.payer.unit_id in agency]
    await item_store.open_for_receipts(tx, odd, terms.book_date)


async def _lock(tx: AsyncConnection, receipts: Sequence[Receipt]) -> list[Bill]:
    wanted = [
        (receipt.payer.unit_id, receipt.payer.credit_code, receipt.incoming.period)
        for receipt in receipts
        if receipt.payer
    ]
    return await allocation_store.lock_bills(tx, wanted) if wanted else []
