"""Settlements: proposed by one person, approved and thereby posted by another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.chart import Catalogue
from services.ledger.domain.errors import BookDateInFuture
from services.ledger.domain.settlement import Settlement, SettlementKind, Status, check_amounts
from services.ledger.domain.voucher import CENTRE_SLOT
from services.ledger.store import settlement as settlement_store
from shared import clock, trail
from shared.errors import NotFound
from shared.ids import Ref, uuid7
from shared.roles import Caller

PREFIX = "stl"


async def propose(
    tx: AsyncConnection,
    catalogue: Catalogue,
    kind: SettlementKind,
    day: date,
    summary: str,
    asked: Sequence[tuple[str, int]],
    caller: Caller,
) -> Settlement:
    """Keep a settlement for another person to approve. Nothing moves yet.

    Raises:
        BookDateInFuture: the day has not come.
        LedgerRefusal: amounts missing, not wanted, or of no fund.
    """
    if day > clock.today():
        raise BookDateInFuture(day=day.isoformat())
    funds = frozenset(fund.code for fund in catalogue.funds(day))
    check_amounts(kind, [fund for fund, _ in asked], funds)
    settlement = Settlement(
        id=uuid7(),
        kind=kind,
        day=day,
        summary=summary,
        asked=dict(asked),
        status=Status.PROPOSED,
        proposed_by=caller.subject,
    )
    await settlement_store.insert(tx, settlement)
    step = trail.Step(
        shard_key=CENTRE_SLOT, paper=settlement_store.PAPER, paper_id=settlement.id,
        step="proposed", signs=True,
    )  # fmt: skip
    await trail.record(tx, step, caller)
    return settlement


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
    found = Ref.parse(PREFIX, id)
    if found.key != CENTRE_SLOT:
        raise NotFound(settlement=id[:60])
    return found
