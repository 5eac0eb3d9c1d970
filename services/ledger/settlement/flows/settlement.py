"""Settlements: proposed by one person, approved and thereby posted by another."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import BookDateInFuture
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.posting.flows import book_days as book_days_flow
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.settlement.domain.adjustment import GrantRequest
from services.ledger.settlement.domain.refund import RefundWithoutReason
from services.ledger.settlement.domain.settlement import (
    Settlement,
    SettlementKind,
    SettlementPart,
    SettlementStatus,
    by_fund,
    check_parts,
    check_requests,
)
from services.ledger.settlement.domain.terms import SettlementTerms
from services.ledger.settlement.flows import check as check_flow
from services.ledger.settlement.store import refund_order as refund_order_store
from services.ledger.settlement.store import settlement as settlement_store
from shared import clock, trail
from shared.cursor import cut, read_uuid
from shared.db import raw
from shared.entry import RefundOrderSource
from shared.errors import Fault, NotFound
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed settlement. An adjustment grant has districts' requests instead of parts."""

    kind: SettlementKind
    day: date
    summary: str = ""
    parts: tuple[SettlementPart, ...] = ()
    terms: SettlementTerms = field(default_factory=SettlementTerms)
    requests: tuple[GrantRequest, ...] = ()


async def propose(
    tx: AsyncConnection, catalogue: Catalogue, proposal: Proposal, caller: Caller
) -> Settlement:
    """Record a settlement for another person to approve. Nothing moves yet.

    Raises:
        BookDateInFuture, DayClosed, DayBeforeChart: the day has not come, is closed, or has no chart.
        RefundWithoutReason: a refund names no approved refund of collection.
        LedgerRefusal: amounts are missing, not expected, or of no fund; or the books do not allow it.
        Faulty: parts or terms that its kind does not take, or lacks.
    """
    if proposal.day > clock.today():
        raise BookDateInFuture(day=proposal.day.isoformat())
    (await book_days_flow.read(tx, catalogue)).chosen_day(proposal.day, "/day")
    check_requests(proposal.kind, proposal.parts, proposal.requests)
    if proposal.kind is SettlementKind.REFUND:
        proposal = await _of_order(tx, proposal)
    if not proposal.requests:
        check_parts(proposal.kind, proposal.parts, proposal.terms, catalogue, proposal.day)
    settlement = await _checked(tx, catalogue, proposal, caller)
    await settlement_store.insert(tx, settlement)
    step = trail.Step(
        shard_key=CENTRE_SLOT,
        paper=settlement_store.PAPER,
        paper_id=settlement.id,
        step="proposed",
        signs=True,
        why=proposal.terms.over_budget,
        detail={"requests": [asdict(request) for request in proposal.requests]},
    )
    await trail.record(tx, step, caller)
    return settlement


async def _of_order(tx: AsyncConnection, proposal: Proposal) -> Proposal:
    """Complete a refund with what its order says.

    Raises:
        RefundWithoutReason: it names no order.
    """
    terms = proposal.terms
    order = await refund_order_store.find(tx, terms.refund) if terms.refund else None
    if order is None:
        raise RefundWithoutReason(
            faults=[Fault("/refund", RefundWithoutReason.code, terms.refund or "")]
        )
    terms = replace(
        terms,
        deposit=terms.deposit or order.deposit,
        receipt=order.receipt,
        credits=order.source is RefundOrderSource.CREDITS,
    )
    return replace(proposal, parts=proposal.parts or order.parts, terms=terms)


async def _checked(
    tx: AsyncConnection, catalogue: Catalogue, proposal: Proposal, caller: Caller
) -> Settlement:
    """Build the settlement of a proposal and check it against the books."""
    settlement = Settlement(
        id=uuid7(),
        kind=proposal.kind,
        day=proposal.day,
        summary=proposal.summary,
        amounts=by_fund(proposal.parts),
        parts=proposal.parts,
        terms=proposal.terms,
        status=SettlementStatus.PROPOSED,
        proposed_by=caller.subject,
    )
    await settlement_store.begin(tx)
    connection = await raw(tx)
    if proposal.requests:
        parts = await check_flow.granted(connection, settlement, proposal.requests)
        check_parts(proposal.kind, parts, proposal.terms, catalogue, proposal.day)
        settlement = replace(settlement, parts=parts, amounts=by_fund(parts))
    refusal = await check_flow.refusal_of(connection, settlement, None)
    if refusal is not None:
        raise refusal
    return settlement


async def find(tx: AsyncConnection, id: str) -> Settlement:
    """Return one settlement.

    Raises:
        NotFound: there is no such settlement.
    """
    settlement = await settlement_store.load(tx, ref(id).id)
    if settlement is None:
        raise NotFound(settlement=id[:60])
    return settlement


async def page(
    tx: AsyncConnection, day: date | None, cursor: str | None, limit: int
) -> tuple[list[Settlement], str | None]:
    """Return a page of settlements, newest first, and the next cursor.

    Raises:
        BadCursor: not a cursor of this query.
    """
    filters = {"day": day}
    before = read_uuid(cursor, filters)
    rows = await settlement_store.page(tx, day=day, before=before, limit=limit + 1)
    return cut(rows, limit, lambda row: [str(row.id)], filters)


def ref(id: str) -> Ref:
    """Parse a settlement's identifier.

    Raises:
        NotFound: it is not one of the centre's.
    """
    found = Ref.parse(Reference.SETTLEMENT, id)
    if found.key != CENTRE_SLOT:
        raise NotFound(settlement=id[:60])
    return found
