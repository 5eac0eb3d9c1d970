"""Corrections of the chart of accounts: one account from a day on, or whole rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.rules.domain.chart import Account
from services.ledger.rules.domain.chart_correction import new_version
from services.ledger.rules.domain.row import Correction, Table
from services.ledger.rules.flows import correction as correction_flow
from services.ledger.rules.store import catalogue as catalogue_store
from shared.roles import Caller


async def change(
    tx: AsyncConnection, key: str, day: date, changes: dict[str, Any], *, why: str, by: Caller
) -> Correction:
    """Propose to change an account from a day on.

    Raises:
        NotFound: no such account on that day.
        Faulty: no reason, or what would come out is not sound.
    """
    rows = new_version(await catalogue_store.accounts(tx), key, day, changes)
    return await put(tx, rows, why=why, by=by)


async def put(tx: AsyncConnection, rows: Sequence[Account], *, why: str, by: Caller) -> Correction:
    """Propose to add or correct whole rows, all or none.

    Raises:
        Faulty: no reason, nothing to correct, or every fault of what would come out.
    """
    return await correction_flow.propose(
        tx, {Table.ACCOUNT: [plain(row) for row in rows]}, why=why, by=by
    )


def plain(account: Account) -> dict[str, Any]:
    """Write an account as its row in the file of the chart."""
    return {
        "key": account.key,
        "code": account.code,
        "name": account.name,
        "class": account.account_class,
        "normal_side": account.normal_side.value,
        "parent": account.parent,
        "book": account.book.value,
        "postable": account.postable,
        "funds": " ".join(sorted(account.funds)) or "*",
        "floored": account.floored,
        "in_force_from": account.in_force_from.isoformat(),
        "in_force_to": account.in_force_to.isoformat() if account.in_force_to else None,
        "source": account.source,
        "certainty": account.certainty,
    }
