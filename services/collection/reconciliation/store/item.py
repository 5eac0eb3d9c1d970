"""SQL of work items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.reconciliation.domain.item import (
    DifferenceKind,
    DifferenceStatus,
    ReconciliationItem,
    SettlingReason,
)
from services.collection.reconciliation.domain.statement import account_key
from shared.ids import Ref
from shared.page import read_page

_SELECT: Final = """
    SELECT account_key, id, account, subject, kind, day, statement_fen, list_fen, book_fen,
           receipt_key, receipt_id, district, status, owner, reason, note, round, opened_on,
           proposed_by, settled_by, settled_on, cleared_on
      FROM reconciliation_item"""


def _item(
    *, receipt_key: int | None, receipt_id: UUID | None, **columns: Any
) -> ReconciliationItem:
    reason = columns["reason"]
    receipt = None
    if receipt_key is not None and receipt_id is not None:
        receipt = Ref(receipt_key, receipt_id)
    kinds = {
        "kind": DifferenceKind(columns["kind"]),
        "status": DifferenceStatus(columns["status"]),
        "reason": None if reason is None else SettlingReason(reason),
    }
    return ReconciliationItem(receipt=receipt, **columns | kinds)


async def find(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> ReconciliationItem | None:
    """Read an item; None when there is none."""
    rows = await tx.execute(
        text(f"""{_SELECT} WHERE account_key = :key AND id = :id {"FOR UPDATE" if lock else ""}"""),
        {"key": ref.key, "id": ref.id},
    )
    row = rows.one_or_none()
    return _item(**row._mapping) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuery:
    """Filters of a list of items; None does not filter."""

    account: str | None = None
    kind: str | None = None
    status: str | None = None
    owner: str | None = None
    district: str | None = None
    first: date | None = None
    last: date | None = None
    unfinished: bool = False


async def page(
    tx: AsyncConnection, query: ItemQuery, *, after: UUID | None, limit: int
) -> list[ReconciliationItem]:
    """Read items by their id."""
    where: dict[str, dict[str, Any]] = {}
    if query.first is not None:
        where["day >= :first"] = {"first": query.first}
    if query.last is not None:
        where["day <= :last"] = {"last": query.last}
    if query.unfinished:
        where["status IN ('in_transit', 'open', 'proposed')"] = {}
    key = None if query.account is None else account_key(query.account)
    return await read_page(
        tx,
        _SELECT,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_item,
        equal={
            "account_key": key,
            "kind": query.kind,
            "status": query.status,
            "owner": query.owner,
            "district": query.district,
        },
        where=where,
    )


async def earliest(
    tx: AsyncConnection, account: str, *, settled_from: date, known_on: date | None = None
) -> date | None:
    """Read the day of the earliest item that a window must judge again.

    Args:
        settled_from: settled items of earlier days stay as they are.
        known_on: also items that were not cleared on this day.
    """
    rows = await tx.execute(
        text("""
            SELECT min(day) AS day
              FROM reconciliation_item
             WHERE account_key = :key
               AND (status IN ('in_transit', 'open', 'proposed')
                    OR (status = 'settled' AND day >= CAST(:settled_from AS date))
                    OR cleared_on > CAST(:known_on AS date))
        """),
        {
            "key": account_key(account),
            "settled_from": settled_from,
            "known_on": known_on,
        },
    )
    found: date | None = rows.scalar_one()
    return found


async def update(tx: AsyncConnection, ref: Ref, changes: dict[str, Any]) -> None:
    """Write an item's handling; its facts are a run's."""
    columns = ", ".join(f"{name} = :{name}" for name in changes)
    await tx.execute(
        text(f"UPDATE reconciliation_item SET {columns} WHERE account_key = :key AND id = :id"),
        changes | {"key": ref.key, "id": ref.id},
    )


async def clear_days(
    tx: AsyncConnection, account: str, first: date, last: date, today: date
) -> None:
    """Clear the items of days whose statement was withdrawn. The next run finds what is left."""
    await tx.execute(
        text("""
            UPDATE reconciliation_item
               SET status = 'cleared', cleared_on = CAST(:today AS date)
             WHERE account_key = :key AND day BETWEEN :first AND :last
               AND statement_fen <> 0 AND status <> 'cleared'
        """),
        {"key": account_key(account), "first": first, "last": last, "today": today},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCount:
    """How many items of an account, kind and status there are."""

    account: str
    kind: str
    status: str
    items: int


async def counts(
    tx: AsyncConnection, accounts: Sequence[str], first: date | None, as_of: date
) -> list[ItemCount]:
    """Count items up to a day by account, kind and status."""
    rows = await tx.execute(
        text("""
            SELECT account, kind, status, count(*) AS items
              FROM reconciliation_item
             WHERE account_key = ANY(CAST(:keys AS bigint[])) AND day <= :as_of
               AND (CAST(:first AS date) IS NULL OR day >= :first)
             GROUP BY account, kind, status
             ORDER BY account, kind, status
        """),
        {"keys": [account_key(one) for one in accounts], "first": first, "as_of": as_of},
    )
    return [ItemCount(**row._mapping) for row in rows]
