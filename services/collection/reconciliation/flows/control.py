"""Conditions of a closing: accounts that statements are expected of must agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.item import BLOCKING
from services.collection.reconciliation.domain.statement import missing_days
from services.collection.reconciliation.flows.statement import expected_on
from services.collection.reconciliation.store import item as reconciliation_item_store
from services.collection.reconciliation.store import statement as statement_store


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountControl:
    """An account's open items up to a day, and its days of that month that lack something."""

    account: str
    open_items: int
    missing_days: int
    unmatched_days: int


async def control(tx: AsyncConnection, as_of: date) -> list[AccountControl]:
    """Count what keeps the month of a day open, for every account that statements are expected of."""
    settings = expected_on(await statement_store.accounts(tx), as_of)
    if not settings:
        return []
    dirty = await statement_store.dirty_accounts(tx)
    counts = await reconciliation_item_store.counts(tx, list(settings), None, as_of)
    found = []
    for account, setting in settings.items():
        first = max(as_of.replace(day=1), setting.expected_from)
        known = [one.day for one, _ in await statement_store.days_of(tx, account, first, as_of)]
        dirty_from = dirty.get(account)
        waits = dirty_from is not None and dirty_from <= as_of
        found.append(
            AccountControl(
                account=account,
                open_items=sum(
                    one.items for one in counts if one.account == account and one.status in BLOCKING
                ),
                missing_days=len(missing_days(first, as_of, known)),
                unmatched_days=(as_of - dirty_from).days + 1 if waits and dirty_from else 0,
            )
        )
    return found
