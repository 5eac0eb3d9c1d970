"""Settlements: proposed by one person, approved and thereby posted by another."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.common.domain.refusal import BookDateInFuture
from services.ledger.common.domain.slot import CENTRE_SLOT
from services.ledger.rules.domain.chart import Catalogue
from services.ledger.settlement.domain.adjustment import Request
from services.ledger.settlement.domain.settlement import (
    Part,
    Settlement,
    SettlementKind,
    SettlementStatus,
    Terms,
    by_fund,
    check_parts,
)
from services.ledger.settlement.flows import rules as rules_flow
from services.ledger.settlement.store import basis as basis_store
from services.ledger.settlement.store import settlement as settlement_store
from shared import clock, trail
from shared.db import raw
from shared.errors import Fault, Faulty, NotFound
from shared.ids import Ref, uuid7
from shared.references import Reference
from shared.roles import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody asks for. `requests` are districts' for adjustment money, instead of amounts."""

    kind: SettlementKind
    day: date
    summary: str = ""
    parts: tuple[Part, ...] = ()
    terms: Terms = field(default_factory=Terms)
    requests: tuple[Request, ...] = ()


async def propose(
    tx: AsyncConnection, catalogue: Catalogue, asked: Proposal, caller: Caller
) -> Settlement:
    """Keep a settlement for another person to approve. Nothing moves yet.

    Raises:
        BookDateInFuture: the day has not come.
        LedgerRefusal: amounts missing, not wanted, or of no fund; or the books speak against it.
        Faulty: parts or terms that its kind does not have, or lacks.
    """
    if asked.day > clock.today():
        raise BookDateInFuture(day=asked.day.isoformat())
    is_granted = asked.kind is SettlementKind.ADJUSTMENT_GRANT
    if bool(asked.requests) is not is_granted or (is_granted and asked.parts):
        raise Faulty(faults=[Fault("/requests", "REQUESTS_AMISS", asked.kind.value)])
    if not is_granted:
        check_parts(asked.kind, asked.parts, asked.terms, catalogue, asked.day)
    settlement = await _checked(tx, catalogue, asked, caller)
    await settlement_store.insert(tx, settlement)
    step = trail.Step(
        shard_key=CENTRE_SLOT,
        paper=settlement_store.PAPER,
        paper_id=settlement.id,
        step="proposed",
        signs=True,
        why=asked.terms.over_budget,
        detail={"requests": [asdict(request) for request in asked.requests]},
    )
    await trail.record(tx, step, caller)
    return settlement


async def _checked(
    tx: AsyncConnection, catalogue: Catalogue, asked: Proposal, caller: Caller
) -> Settlement:
    """The settlement of a proposal that nothing in the books speaks against."""
    proposed = Settlement(
        id=uuid7(),
        kind=asked.kind,
        day=asked.day,
        summary=asked.summary,
        asked=by_fund(asked.parts),
        parts=asked.parts,
        terms=asked.terms,
        status=SettlementStatus.PROPOSED,
        proposed_by=caller.subject,
    )
    await settlement_store.begin(tx)
    connection = await raw(tx)
    if asked.requests:
        parts = await rules_flow.granted(connection, proposed, asked.requests)
        check_parts(asked.kind, parts, asked.terms, catalogue, asked.day)
        proposed = replace(proposed, parts=parts, asked=by_fund(parts))
    if asked.terms.voucher and (place := rules_flow.place_of(asked.terms.voucher)):
        found = await basis_store.receipt_of(connection, *place)
        terms = replace(asked.terms, receipt=found[1] if found else None)
        proposed = replace(proposed, terms=terms)
    refusal = await rules_flow.against(connection, proposed, None)
    if refusal is not None:
        raise refusal
    return proposed


async def read(tx: AsyncConnection, id: str) -> Settlement:
    """One settlement.

    Raises:
        NotFound: no such settlement.
    """
    settlement = await settlement_store.load(tx, ref(id).id)
    if settlement is None:
        raise NotFound(settlement=id[:60])
    return settlement


def ref(id: str) -> Ref:
    """The reference in a settlement's identifier.

    Raises:
        NotFound: not one of the centre's.
    """
    found = Ref.parse(Reference.SETTLEMENT, id)
    if found.key != CENTRE_SLOT:
        raise NotFound(settlement=id[:60])
    return found
