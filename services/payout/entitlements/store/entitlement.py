"""Entitlements in the database: written by the list, read by district."""

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

_COLUMNS = """person_id, id, identity_blind, kind, district, sealed_number, name, monthly_fen, bank,
                   bank_number, bank_holder, in_force_from, suspended_reason, suspended_by"""


def _entitlement(
    *,
    person_id: int,
    id: UUID,
    identity_blind: bytes,
    sealed_number: bytes,
    in_force_from: str,
    suspended_reason: str | None,
    **columns: Any,
) -> Entitlement:
    return Entitlement(
        ref=Ref(person_id, id),
        blind=bytes(identity_blind),
        sealed_number=bytes(sealed_number),
        since=Period.parse(in_force_from),
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


async def register(
    tx: AsyncConnection, people: Sequence[Entitlement], registered_by: str
) -> set[tuple[int, UUID]]:
    """Insert the rows that are not stored yet; return (person, id) of the new ones."""
    rows = await tx.execute(
        text("""
            INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number,
                                     name, monthly_fen, bank, bank_number, bank_holder,
                                     in_force_from, registered_by, registered_at, known_at)
            SELECT person_id, id, blind, kind, district, sealed, name, monthly_fen, bank,
                   bank_number, bank_holder, since, CAST(:registered_by AS text),
                   CAST(:registered_at AS timestamptz), CAST(:registered_at AS timestamptz)
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:blinds AS bytea[]), CAST(:kinds AS text[]),
                          CAST(:districts AS text[]), CAST(:sealed AS bytea[]),
                          CAST(:names AS bytea[]), CAST(:monthly AS bigint[]),
                          CAST(:banks AS text[]), CAST(:numbers AS bytea[]),
                          CAST(:holders AS bytea[]), CAST(:since AS text[]))
                AS batch (person_id, id, blind, kind, district, sealed, name, monthly_fen, bank,
                          bank_number, bank_holder, since)
             ORDER BY person_id
            ON CONFLICT (person_id, identity_blind, kind, in_force_from)
                  WHERE suspended_at IS NULL DO NOTHING
            RETURNING person_id, id
        """),
        {
            "registered_by": registered_by,
            # Not now(): a run filed while this waited for its lock must count as earlier.
            "registered_at": await time_of_lock(tx),
            "person_ids": [row.ref.key for row in people],
            "ids": [row.ref.id for row in people],
            "blinds": [row.blind for row in people],
            "kinds": [row.kind for row in people],
            "districts": [row.district for row in people],
            "sealed": [row.sealed_number for row in people],
            "names": [row.name for row in people],
            "monthly": [row.monthly_fen for row in people],
            "banks": [row.bank for row in people],
            "numbers": [row.bank_number for row in people],
            "holders": [row.bank_holder for row in people],
            "since": [str(row.since) for row in people],
        },
    )
    return {(row.person_id, row.id) for row in rows}


async def stored_for(
    tx: AsyncConnection, people: Sequence[Entitlement]
) -> dict[tuple[int, bytes], Entitlement]:
    """Read the stored rows of the same person, kind and first month, by person."""
    rows = await tx.execute(
        text("""
            SELECT stored.person_id, stored.id, stored.identity_blind, stored.kind,
                   stored.district, stored.sealed_number, stored.name, stored.monthly_fen,
                   stored.bank, stored.bank_number, stored.bank_holder, stored.in_force_from,
                   stored.suspended_reason, stored.suspended_by
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]),
                          CAST(:kinds AS text[]), CAST(:since AS text[]))
                AS submitted (person_id, blind, kind, since)
              JOIN entitlement AS stored
                ON stored.person_id = submitted.person_id AND stored.identity_blind = submitted.blind
               AND stored.kind = submitted.kind AND stored.in_force_from = submitted.since
               AND stored.suspended_at IS NULL
        """),
        {
            "person_ids": [row.ref.key for row in people],
            "blinds": [row.blind for row in people],
            "kinds": [row.kind for row in people],
            "since": [str(row.since) for row in people],
        },
    )
    found = [_entitlement(**row._mapping) for row in rows]
    return {entitlement.person: entitlement for entitlement in found}


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


async def lowered_months(
    tx: AsyncConnection, people: Sequence[Entitlement]
) -> dict[tuple[int, bytes], tuple[Period, int]]:
    """Find people whose new row is below what was paid: person → first such month and its fen.

    A month counts when the new row would be the one in force.
    """
    rows = await tx.execute(
        text("""
            SELECT DISTINCT ON (row.person_id, row.blind) row.person_id, row.blind, paid.period,
                   paid.fen
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]),
                          CAST(:kinds AS text[]), CAST(:since AS text[]),
                          CAST(:monthly AS bigint[]))
                AS row (person_id, blind, kind, since, monthly_fen)
              JOIN LATERAL (
                   SELECT period, CAST(sum(amount_fen) AS bigint) AS fen
                     FROM pension_month
                    WHERE pension_month.person_id = row.person_id
                      AND pension_month.identity_blind = row.blind
                      AND pension_month.kind = row.kind
                      AND pension_month.period >= row.since AND pension_month.live
                    GROUP BY period
                   HAVING sum(amount_fen) > row.monthly_fen) AS paid ON true
             WHERE NOT EXISTS (
                       SELECT 1
                         FROM entitlement AS later
                        WHERE later.person_id = row.person_id
                          AND later.identity_blind = row.blind AND later.kind = row.kind
                          AND later.in_force_from > row.since
                          AND later.in_force_from <= paid.period
                          AND later.suspended_at IS NULL)
             ORDER BY row.person_id, row.blind, paid.period
        """),
        {
            "person_ids": [row.ref.key for row in people],
            "blinds": [row.blind for row in people],
            "kinds": [row.kind for row in people],
            "since": [str(row.since) for row in people],
            "monthly": [row.monthly_fen for row in people],
        },
    )
    return {(row.person_id, bytes(row.blind)): (Period.parse(row.period), row.fen) for row in rows}


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[Entitlement]:
    """Read entitlements by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM entitlement",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_entitlement,
        equal=filters,
    )
