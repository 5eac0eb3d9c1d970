"""Entitlements: registered by the list, read by district."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain import Entitlement
from shared.ids import Ref
from shared.period import Period


def _entitlement(row: Row[Any]) -> Entitlement:
    return Entitlement(
        ref=Ref(row.person_id, row.id),
        blind=bytes(row.identity_blind),
        kind=row.kind,
        district=row.district,
        sealed_number=bytes(row.sealed_number),
        name=row.name,
        monthly_fen=row.monthly_fen,
        bank=row.bank,
        bank_number=row.bank_number,
        bank_holder=row.bank_holder,
        since=Period.parse(row.in_force_from),
    )


async def register(
    tx: AsyncConnection, people: Sequence[Entitlement], registered_by: str
) -> set[tuple[int, UUID]]:
    """Insert those not there yet; answers (person, id) of the new rows."""
    rows = await tx.execute(
        text("""
            INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number,
                                     name, monthly_fen, bank, bank_number, bank_holder,
                                     in_force_from, registered_by)
            SELECT person_id, id, blind, kind, district, sealed, name, monthly_fen, bank,
                   bank_number, bank_holder, since, CAST(:registered_by AS text)
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:ids AS uuid[]),
                          CAST(:blinds AS bytea[]), CAST(:kinds AS text[]),
                          CAST(:districts AS text[]), CAST(:sealed AS bytea[]),
                          CAST(:names AS text[]), CAST(:monthly AS bigint[]),
                          CAST(:banks AS text[]), CAST(:numbers AS text[]),
                          CAST(:holders AS text[]), CAST(:since AS text[]))
                AS batch (person_id, id, blind, kind, district, sealed, name, monthly_fen, bank,
                          bank_number, bank_holder, since)
             ORDER BY person_id
            ON CONFLICT (person_id, identity_blind, kind, in_force_from) DO NOTHING
            RETURNING person_id, id
        """),
        {
            "registered_by": registered_by,
            "person_ids": [one.ref.key for one in people],
            "ids": [one.ref.id for one in people],
            "blinds": [one.blind for one in people],
            "kinds": [one.kind for one in people],
            "districts": [one.district for one in people],
            "sealed": [one.sealed_number for one in people],
            "names": [one.name for one in people],
            "monthly": [one.monthly_fen for one in people],
            "banks": [one.bank for one in people],
            "numbers": [one.bank_number for one in people],
            "holders": [one.bank_holder for one in people],
            "since": [str(one.since) for one in people],
        },
    )
    return {(row.person_id, row.id) for row in rows}


async def stored_for(
    tx: AsyncConnection, people: Sequence[Entitlement]
) -> dict[tuple[int, bytes], Entitlement]:
    """The stored rows of the same person, kind and beginning, by person."""
    rows = await tx.execute(
        text("""
            SELECT stored.person_id, stored.id, stored.identity_blind, stored.kind,
                   stored.district, stored.sealed_number, stored.name, stored.monthly_fen,
                   stored.bank, stored.bank_number, stored.bank_holder, stored.in_force_from
              FROM unnest(CAST(:person_ids AS bigint[]), CAST(:blinds AS bytea[]),
                          CAST(:kinds AS text[]), CAST(:since AS text[]))
                AS asked (person_id, blind, kind, since)
              JOIN entitlement AS stored
                ON stored.person_id = asked.person_id AND stored.identity_blind = asked.blind
               AND stored.kind = asked.kind AND stored.in_force_from = asked.since
        """),
        {
            "person_ids": [one.ref.key for one in people],
            "blinds": [one.blind for one in people],
            "kinds": [one.kind for one in people],
            "since": [str(one.since) for one in people],
        },
    )
    return {found.person: found for found in map(_entitlement, rows)}


async def page(
    tx: AsyncConnection, *, district: str | None, after: UUID | None, limit: int
) -> list[Entitlement]:
    """Entitlements by id, after one; all districts when none is named."""
    rows = await tx.execute(
        text("""
            SELECT person_id, id, identity_blind, kind, district, sealed_number, name, monthly_fen,
                   bank, bank_number, bank_holder, in_force_from
              FROM entitlement
             WHERE (CAST(:district AS text) IS NULL OR district = CAST(:district AS text))
               AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
             ORDER BY id
             LIMIT :limit
        """),
        {"district": district, "after": after, "limit": limit},
    )
    return [_entitlement(row) for row in rows]
