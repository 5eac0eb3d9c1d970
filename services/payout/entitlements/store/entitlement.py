"""Entitlements in the database, read by person and by district."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.entitlement import Entitlement, SuspensionReason
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_OWN = """person_id, id, identity_blind, kind, district, sealed_number, name, monthly_fen,
          in_force_from, change_key, change_id, moved, suspended_reason, suspended_by"""
_COLUMNS = f"{_OWN}, bank, bank_number, bank_holder"
# The account that counts now: the one of the last approved change, or the row's own.
_PAGE = f"""
    SELECT {_OWN}, coalesce(changed_bank, bank) AS bank,
           coalesce(changed_number, bank_number) AS bank_number,
           coalesce(changed_holder, bank_holder) AS bank_holder
      FROM entitlement
      LEFT JOIN LATERAL (
           SELECT account.bank AS changed_bank, account.bank_number AS changed_number,
                  account.bank_holder AS changed_holder
             FROM entitlement_account AS account
            WHERE account.person_id = entitlement.person_id
              AND account.identity_blind = entitlement.identity_blind
              AND account.kind = entitlement.kind
            ORDER BY account.known_at DESC, account.id DESC
            LIMIT 1) AS changed ON true
"""


def _entitlement(
    *,
    person_id: int,
    id: UUID,
    identity_blind: bytes,
    sealed_number: bytes,
    in_force_from: str,
    change_key: int | None,
    change_id: UUID | None,
    suspended_reason: str | None,
    **columns: Any,
) -> Entitlement:
    return Entitlement(
        ref=Ref(person_id, id),
        blind=bytes(identity_blind),
        sealed_number=bytes(sealed_number),
        since=Period.parse(in_force_from),
        change=None if change_key is None or change_id is None else Ref(change_key, change_id),
        suspended_reason=None if suspended_reason is None else SuspensionReason(suspended_reason),
        **columns,
    )


async def lock_pensions(tx: AsyncConnection, *, alone: bool) -> None:
    """Hold back pension runs while entitlements change, and changes while a run pays (`alone`).

    The lock ends with the transaction.
    """
    lock = "UPDATE" if alone else "SHARE"
    await tx.execute(text(f"SELECT name FROM pension_gate LIMIT 1 FOR {lock}"))


async def time_of_lock(tx: AsyncConnection) -> datetime:
    """Read the present instant; after `lock_pensions` it is later than every committed run."""
    row = (await tx.execute(text("SELECT clock_timestamp() AS instant"))).one()
    instant: datetime = row.instant
    return instant


async def of_person(
    tx: AsyncConnection, person_id: int, blind: bytes, kind: str
) -> list[Entitlement]:
    """Read a person's rows of a kind, without suspended ones."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM entitlement
             WHERE person_id = :person_id AND identity_blind = :blind AND kind = :kind
               AND suspended_at IS NULL
             LIMIT 1200
        """),
        {"person_id": person_id, "blind": blind, "kind": kind},
    )
    return [_entitlement(**row._mapping) for row in rows]


async def drawing(
    tx: AsyncConnection, people: Sequence[tuple[int, bytes]], kind: str
) -> set[tuple[int, bytes]]:
    """Find those of some people, by key and keyed hash, who have an entitlement of a kind."""
    rows = await tx.execute(
        text("""
            SELECT DISTINCT entitlement.person_id, entitlement.identity_blind
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]))
                AS one (person_id, blind)
              JOIN entitlement
                ON entitlement.person_id = one.person_id
               AND entitlement.identity_blind = one.blind AND entitlement.kind = :kind
               AND entitlement.suspended_at IS NULL
        """),
        {
            "person_ids": [person_id for person_id, _ in people],
            "blinds": [blind for _, blind in people],
            "kind": kind,
        },
    )
    return {(row.person_id, bytes(row.identity_blind)) for row in rows}


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Entitlement]:
    """Read entitlements by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        _PAGE,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_entitlement,
        equal=filters,
    )
