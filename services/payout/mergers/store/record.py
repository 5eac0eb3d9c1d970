"""Entitlements and their ends of two records that are merged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.entitlement import SuspensionReason
from services.payout.mergers.domain import RecordState
from shared.ids import Ref, uuid7s


async def blind_of(tx: AsyncConnection, person: Ref) -> bytes | None:
    """Find the keyed hash of a person's number; None for one who has no entitlement.

    A person's reference has the hash's first bytes only.
    """
    row = (
        await tx.execute(
            text("""
                SELECT identity_blind
                  FROM entitlement
                 WHERE person_id = :person_id
                   AND substring(identity_blind FROM 9 FOR 16) = CAST(:part AS bytea)
                 LIMIT 1
            """),
            {"person_id": person.key, "part": person.id.bytes},
        )
    ).first()
    return bytes(row.identity_blind) if row else None


async def state(tx: AsyncConnection, person_id: int, blind: bytes, kind: str) -> RecordState:
    """Read whether a record's latest row pays, or which end stops it."""
    row = (
        await tx.execute(
            text("""
                SELECT ended.reason
                  FROM entitlement AS row
                  LEFT JOIN LATERAL (
                       SELECT reason
                         FROM entitlement_end
                        WHERE entitlement_end.person_id = row.person_id
                          AND entitlement_end.identity_blind = row.identity_blind
                          AND entitlement_end.kind = row.kind
                          AND entitlement_end.status = 'approved'
                          AND entitlement_end.again_from IS NULL
                        ORDER BY reason = 'death' DESC
                        LIMIT 1) AS ended ON true
                 WHERE row.person_id = :person_id AND row.identity_blind = :blind
                   AND row.kind = :kind AND row.suspended_at IS NULL
                 ORDER BY row.in_force_from DESC
                 LIMIT 1
            """),
            {"person_id": person_id, "blind": blind, "kind": kind},
        )
    ).first()
    if row is None:
        return RecordState.NONE
    if row.reason is None:
        return RecordState.PAYING
    return RecordState.DEAD if row.reason == "death" else RecordState.ENDED


async def copy_rows(tx: AsyncConnection, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Give the surviving record rows like those of the record that ends, with their raises.

    They keep their instants until `know_again` ends the merger.
    """
    rows = await tx.execute(
        text("""
            SELECT id
              FROM entitlement
             WHERE person_id = :old AND identity_blind = :blind
               AND (suspended_at IS NULL OR suspended_reason = 'raised')
             ORDER BY id
        """),
        {"old": old[0], "blind": old[1]},
    )
    await tx.execute(
        text("""
            INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number,
                                     name, monthly_fen, bank, bank_number, bank_holder,
                                     in_force_from, registered_by, registered_at, known_at,
                                     change_key, change_id, moved, raise_id, base_id,
                                     suspended_reason, suspended_by, suspended_at)
            SELECT CAST(:new AS bigint), copied.new_id, CAST(:new_blind AS bytea), kind, district,
                   sealed_number, name, monthly_fen, bank, bank_number, bank_holder,
                   in_force_from, registered_by, registered_at, known_at, change_key, change_id,
                   moved, raise_id,
                   (SELECT base.new_id
                      FROM unnest(CAST(:ids AS uuid[]), CAST(:new_ids AS uuid[]))
                        AS base (id, new_id)
                     WHERE base.id = entitlement.base_id),
                   suspended_reason, suspended_by, suspended_at
              FROM unnest(CAST(:ids AS uuid[]), CAST(:new_ids AS uuid[])) AS copied (id, new_id)
              JOIN entitlement
                ON entitlement.person_id = :old AND entitlement.id = copied.id
        """),
        copies := _copies(old, new, [row.id for row in rows]),
    )
    await tx.execute(
        text("""
            INSERT INTO raise_line (person_id, id, identity_blind, kind, base_id, raise_key,
                                    raise_id, first_period, sequence, begins, groups, born_in,
                                    retired_in, paid_months, before_fen, after_fen, live,
                                    written_at)
            SELECT CAST(:new AS bigint), line.id, CAST(:new_blind AS bytea), kind, base.new_id,
                   raise_key, raise_id, first_period, sequence, begins, groups, born_in, retired_in,
                   paid_months, before_fen, after_fen, live, written_at
              FROM unnest(CAST(:ids AS uuid[]), CAST(:new_ids AS uuid[])) AS base (id, new_id)
              JOIN raise_line AS line
                ON line.person_id = :old AND line.base_id = base.id
        """),
        copies,
    )


async def copy_facts(tx: AsyncConnection, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Give the surviving record the facts of the record that ends, unless it has its own."""
    await tx.execute(
        text("""
            INSERT INTO pension_fact (person_id, id, identity_blind, kind, list_key, list_id,
                                      born_in, retired_in, paid_months, is_current)
            SELECT CAST(:new AS bigint), id, CAST(:new_blind AS bytea), kind, list_key, list_id,
                   born_in, retired_in, paid_months, true
              FROM pension_fact
             WHERE person_id = :old AND identity_blind = :blind AND is_current
            ON CONFLICT (person_id, identity_blind, kind) WHERE is_current DO NOTHING
        """),
        {"old": old[0], "blind": old[1], "new": new[0], "new_blind": new[1]},
    )


async def copy_parts(tx: AsyncConnection, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Give the surviving record the account's part of the pension that stays, in place of its own.

    Two pensions may begin in the same month, and only the part of the one that stays is drawn.
    """
    await tx.execute(
        text("""
            DELETE FROM account_pension
             WHERE person_id = :new AND identity_blind = :new_blind
        """),
        {"new": new[0], "new_blind": new[1]},
    )
    await tx.execute(
        text("""
            INSERT INTO account_pension (person_id, identity_blind, since, change_key, change_id,
                                         account_fen)
            SELECT CAST(:new AS bigint), CAST(:new_blind AS bytea), since, change_key, change_id,
                   account_fen
              FROM account_pension
             WHERE person_id = :old AND identity_blind = :blind
        """),
        {"old": old[0], "blind": old[1], "new": new[0], "new_blind": new[1]},
    )


async def copy_ends(
    tx: AsyncConnection,
    old: tuple[int, bytes],
    new: tuple[int, bytes],
    *,
    name: bytes,
    sealed_number: bytes,
) -> None:
    """Give the surviving record approved ends like those of the record that ends."""
    ends = await tx.execute(
        text("""
            SELECT id
              FROM entitlement_end
             WHERE person_id = :old AND identity_blind = :blind AND status = 'approved'
             ORDER BY id
        """),
        {"old": old[0], "blind": old[1]},
    )
    await tx.execute(
        text("""
            INSERT INTO entitlement_end (person_id, id, identity_blind, kind, district,
                                         sealed_number, name, last_period, reason, note, status,
                                         proposed_by, proposed_at, decided_by, decided_at,
                                         again_from, again_key, again_id)
            SELECT CAST(:new AS bigint), copied.new_id, CAST(:new_blind AS bytea), kind, district,
                   CAST(:sealed_number AS bytea), CAST(:name AS bytea), last_period, reason, note, status, proposed_by,
                   proposed_at, decided_by, decided_at, again_from, again_key, again_id
              FROM unnest(CAST(:ids AS uuid[]), CAST(:new_ids AS uuid[])) AS copied (id, new_id)
              JOIN entitlement_end
                ON entitlement_end.person_id = :old AND entitlement_end.id = copied.id
        """),
        _copies(old, new, [row.id for row in ends])
        | {"name": name, "sealed_number": sealed_number},
    )


async def copy_suspensions(
    tx: AsyncConnection, old: tuple[int, bytes], new: tuple[int, bytes]
) -> None:
    """Give the surviving record the suspended months of the record that ends."""
    columns = "kind, since, until, reason, change_key, change_id, known_at, resumed_key, resumed_id"
    one_open = "(person_id, identity_blind, kind, reason) WHERE until IS NULL"
    await _copy(tx, "entitlement_suspension", columns, old, new, unless=one_open)


async def copy_proofs(tx: AsyncConnection, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Give the surviving record the proofs of life of the record that ends."""
    columns = "kind, proved_on, channel, document, district, recorded_by, recorded_at"
    one_a_day = "(person_id, identity_blind, kind, proved_on)"
    await _copy(tx, "life_proof", columns, old, new, unless=one_a_day)


async def copy_accounts(
    tx: AsyncConnection, old: tuple[int, bytes], new: tuple[int, bytes]
) -> None:
    """Give the surviving record the changed accounts of the record that ends."""
    columns = """kind, bank, bank_number, bank_holder, holder_reason, held, change_key, change_id,
                 known_at"""
    await _copy(tx, "entitlement_account", columns, old, new)


async def _copy(
    tx: AsyncConnection,
    table: str,
    columns: str,
    old: tuple[int, bytes],
    new: tuple[int, bytes],
    *,
    unless: str | None = None,
) -> None:
    """Copy a person's rows to another, leaving out those whose key (`unless`) the other one has."""
    rows = await tx.execute(
        text(f"""
            SELECT id
              FROM {table}
             WHERE person_id = :old AND identity_blind = :blind
             ORDER BY id
        """),
        {"old": old[0], "blind": old[1]},
    )
    kept = "" if unless is None else f"ON CONFLICT {unless} DO NOTHING"
    await tx.execute(
        text(f"""
            INSERT INTO {table} (person_id, id, identity_blind, {columns})
            SELECT CAST(:new AS bigint), copied.new_id, CAST(:new_blind AS bytea), {columns}
              FROM unnest(CAST(:ids AS uuid[]), CAST(:new_ids AS uuid[])) AS copied (id, new_id)
              JOIN {table} AS row
                ON row.person_id = :old AND row.id = copied.id
            {kept}
        """),
        _copies(old, new, [row.id for row in rows]),
    )


def _copies(old: tuple[int, bytes], new: tuple[int, bytes], ids: Sequence[UUID]) -> dict[str, Any]:
    return {
        "old": old[0],
        "new": new[0],
        "new_blind": new[1],
        "ids": list(ids),
        "new_ids": uuid7s(len(ids)),
    }


async def know_again(tx: AsyncConnection, person: tuple[int, bytes], instant: datetime) -> None:
    """Let the next runs look at a record once more: its months may be paid by less than is due."""
    await tx.execute(
        text("""
            UPDATE entitlement
               SET known_at = CAST(:instant AS timestamptz)
             WHERE person_id = :person_id AND identity_blind = :blind AND suspended_at IS NULL
        """),
        {"person_id": person[0], "blind": person[1], "instant": instant},
    )


async def suspend(
    tx: AsyncConnection, person: tuple[int, bytes], reason: SuspensionReason, paper: str
) -> None:
    """Suspend a record's rows from now on."""
    await tx.execute(
        text("""
            UPDATE entitlement
               SET suspended_reason = :reason, suspended_by = :paper,
                   suspended_at = now()
             WHERE person_id = :person_id AND identity_blind = :blind
               AND (suspended_at IS NULL OR suspended_reason = 'raised')
        """),
        {"person_id": person[0], "blind": person[1], "reason": reason.value, "paper": paper},
    )


async def set_ends_aside(tx: AsyncConnection, person: tuple[int, bytes], *, approved: bool) -> None:
    """Set aside the ends that a record's people proposed, and with `approved` those in force too."""
    await tx.execute(
        text("""
            UPDATE entitlement_end
               SET status = 'set_aside', decided_at = coalesce(decided_at, now())
             WHERE person_id = :person_id AND identity_blind = :blind
               AND (status = 'proposed' OR (status = 'approved' AND CAST(:approved AS boolean)))
        """),
        {"person_id": person[0], "blind": person[1], "approved": approved},
    )


async def correct(
    tx: AsyncConnection, person: tuple[int, bytes], name: bytes, sealed_number: bytes
) -> None:
    """Give a person's rows and the pension lines that wait to be paid the right name and number."""
    values = {
        "person_id": person[0],
        "blind": person[1],
        "name": name,
        "sealed_number": sealed_number,
    }
    await tx.execute(
        text("""
            UPDATE entitlement
               SET name = CAST(:name AS bytea), sealed_number = CAST(:sealed_number AS bytea)
             WHERE person_id = :person_id AND identity_blind = :blind
               AND (suspended_at IS NULL OR suspended_reason = 'raised')
        """),
        values,
    )
    await tx.execute(
        text("""
            WITH month AS MATERIALIZED (
                SELECT person_id, period, claim_key, claim_id
                  FROM pension_month
                 WHERE person_id = :person_id AND identity_blind = :blind AND live
            )
            UPDATE claim_line AS line
               SET payee_name = CAST(:name AS bytea), sealed_number = CAST(:sealed_number AS bytea)
              FROM month
              JOIN claim ON claim.claim_key = month.claim_key AND claim.id = month.claim_id
             WHERE claim.status <> 'refused'
               AND line.claim_key = month.claim_key AND line.claim_id = month.claim_id
               AND line.person_id = month.person_id AND line.reference = month.period
               AND (NOT EXISTS (
                        SELECT 1
                          FROM claim_payment AS sent
                         WHERE sent.claim_key = line.claim_key AND sent.claim_id = line.claim_id
                           AND sent.live)
                    OR EXISTS (
                        SELECT 1
                          FROM failed_payment AS failed
                         WHERE failed.claim_key = line.claim_key
                           AND failed.claim_id = line.claim_id
                           AND failed.line_no = line.line_no AND failed.retry_id IS NULL))
        """),
        values,
    )
