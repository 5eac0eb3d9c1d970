"""Correcting the chart of accounts: an operator's work, on an administrator's connection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.chart import Account
from services.ledger.domain.chart_correction import new_version, require_sound
from services.ledger.store import catalogue as catalogue_store
from services.ledger.store import correction as correction_store
from shared.errors import Fault, Faulty


async def change(
    tx: AsyncConnection, key: str, day: date, changes: dict[str, Any], *, why: str, by: str
) -> list[Account]:
    """Change an account from a day on; answers the rows written.

    Raises:
        NotFound: no such account on that day.
        Faulty: no reason, or what would come out is not sound.
    """
    await correction_store.lock(tx)
    before = await catalogue_store.accounts(tx)
    return await _write(tx, before, new_version(before, key, day, changes), why, by)


async def put(tx: AsyncConnection, rows: Sequence[Account], *, why: str, by: str) -> list[Account]:
    """Add or correct whole rows, all or none; answers those that differed.

    Raises:
        Faulty: no reason, or every fault of what would come out.
    """
    await correction_store.lock(tx)
    before = await catalogue_store.accounts(tx)
    return await _write(tx, before, [row for row in rows if row not in before], why, by)


async def _write(
    tx: AsyncConnection, before: Sequence[Account], rows: list[Account], why: str, by: str
) -> list[Account]:
    if not why.strip():
        raise Faulty(faults=[Fault("/why", "EMPTY", "须写明理由 (say why)")])
    require_sound(before, rows, await correction_store.used_accounts(tx))
    known = {(row.key, row.in_force_from): row for row in before}
    for row in rows:
        first = known.get((row.key, row.in_force_from))
        await catalogue_store.put_account(tx, row)
        await correction_store.record(
            tx, row.key, plain(first) if first else None, plain(row), why=why, by=by
        )
    return rows


def plain(account: Account) -> dict[str, Any]:
    """A row of the chart as its file has it."""
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
