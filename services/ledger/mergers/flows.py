"""Merge the personal accounts of one person: the old one ends in the surviving one."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.mergers import store as merger_store
from services.ledger.mergers.domain import (
    Merger,
    MergerCircle,
    MergerOutcome,
    PersonalAccountMerged,
)
from services.ledger.personal.store import account as account_store
from services.ledger.personal.store import holder as holder_store
from services.ledger.rules.domain.chart import Catalogue
from shared import clock
from shared.roles import Caller


async def merge(
    tx: AsyncConnection, catalogue: Catalogue, merger: Merger, by: Caller
) -> tuple[MergerOutcome, Merger]:
    """Merge an account into another one, once; a repeat gets what was merged first.

    No credit is rewritten: from now on every credit and every closed year of the old reference
    counts for the survivor, on its own day and with its own interest; so do later ones.

    Raises:
        PersonalAccountMerged: the account ended in another one.
        MergerCircle: the survivor is the same account.
    """
    # Alone, so that a closing or another merger does not cross.
    funds = {fund.code for fund in catalogue.funds(clock.today())}
    await account_store.closed_years(tx, funds, alone=True)
    known = await merger_store.find(tx, merger.person_id)
    if known is not None:
        if (known.paper, known.survivor_id) != (merger.paper, merger.survivor_id):
            raise PersonalAccountMerged(paper=known.paper, survivor=known.survivor)
        return MergerOutcome.REPLAYED, known
    holders = await holder_store.holders(tx, [merger.survivor_id])
    if holders.get(merger.survivor_id, merger.survivor_id) == merger.person_id:
        raise MergerCircle(survivor=merger.survivor)
    records = await holder_store.records(tx, merger.person_id)
    balances = await account_store.balances(tx, [(merger.person_id, one) for one in records])
    balances_fen = {fund: fen for (_, fund), fen in balances.items()}
    merged = replace(merger, balances_fen=balances_fen)
    await merger_store.insert(tx, merged, by.subject)
    return MergerOutcome.MERGED, merged
