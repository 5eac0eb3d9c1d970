"""Run the three-way match of an account, and read its adjustment table's differences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.allocation.domain.receipt import Channel
from services.collection.allocation.flows import policies_of
from services.collection.common.domain.errors import NoPolicy
from services.collection.reconciliation.domain.statement import account_key
from services.collection.reconciliation.flows.statement import expected_on, require_account
from services.collection.reconciliation.store import books as books_store
from services.collection.reconciliation.store import item as reconciliation_item_store
from services.collection.reconciliation.store import match as match_store
from services.collection.reconciliation.store import statement as statement_store
from services.collection.reconciliation.store import suspense as suspense_store
from services.collection.reconciliation.store.match import MatchCounts, MatchWindow
from shared.clock import today
from shared.errors import StateConflict

SETTLED_STAYS: Final = timedelta(days=92)
"""A run judges settled items of so many days again; older ones only an adjustment table reads."""


class NoStatementYet(StateConflict):
    """该账户尚无对账单 (no statement of this account was taken yet)"""

    code = "NO_STATEMENT_YET"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationRun:
    """A finished run: its account, the days it judged, and its counts."""

    account: str
    first: date
    until: date
    counts: MatchCounts


async def run(
    tx: AsyncConnection, account: str, first: date | None, *, region: str
) -> ReconciliationRun:
    """Match an account from a day on, and from its earliest difference that is not cleared.

    Without a day: from the earliest day that may have changed. The same facts give the same items,
    however often it runs.

    Raises:
        Faulty: the account is not one of ours.
        NoStatementYet: there is nothing to compare with.
    """
    require_account(account)
    dirty_from = await statement_store.begin_run(tx, account)
    starts = [day for day in (first, dirty_from) if day is not None]
    window = await window_of(
        tx, account, first=min(starts, default=None), until=None, region=region
    )
    await suspense_store.learn(tx, window)
    counts = await match_store.save_items(tx, window, today())
    return ReconciliationRun(account=account, first=window.first, until=window.until, counts=counts)


async def window_of(
    tx: AsyncConnection, account: str, *, first: date | None, until: date | None, region: str
) -> MatchWindow:
    """Set up the window of a run: from the earliest open difference to the last day known.

    Raises:
        NoStatementYet: there is nothing to compare with.
    """
    last = await statement_store.nearest(tx, account, before=date.max)
    begin = await statement_store.nearest(tx, account, after=date.min)
    if last is None or begin is None:
        raise NoStatementYet(account=account)
    settled_from = date.min if until else last.day - SETTLED_STAYS
    earliest = await reconciliation_item_store.earliest(
        tx, account, settled_from=settled_from, known_on=until
    )
    starts = [day for day in (first or last.day, earliest) if day is not None]
    covered = min(last.day, until) if until else last.day
    end = until or max(covered, await books_store.last_day(tx, account) or covered)
    settings = expected_on(await statement_store.accounts(tx), covered)
    return MatchWindow(
        account_key=account_key(account),
        account=account,
        first=max(begin.day, min(starts)),
        until=end,
        covered=covered,
        within=settings[account].arrives_within if account in settings else 1,
        channels=await channels_of(tx, account, end, region),
    )


async def channels_of(tx: AsyncConnection, account: str, day: date, region: str) -> list[str]:
    """Find the channels whose money arrives on an account on a day."""
    policies = await policies_of(tx, region)
    found = []
    for channel in Channel:
        try:
            if policies.account(channel, day) == account:
                found.append(channel.value)
        except NoPolicy:
            continue
    return found


async def waiting(tx: AsyncConnection) -> list[str]:
    """Return the accounts to which something came in since they were last reconciled."""
    return list(await statement_store.dirty_accounts(tx))
