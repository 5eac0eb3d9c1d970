"""Effects of an approved paper in the database, each of one statement over all of its lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.change import ChangeAction, EntitlementChange
from services.payout.entitlements.domain.entitlement import SuspensionReason
from shared.ids import uuid7
from shared.references import Reference

_LINES: Final = """
              FROM unnest(CAST(:line_nos AS integer[]), CAST(:ids AS uuid[])) AS fresh (line_no, id)
              JOIN entitlement_change_line AS line
                ON line.change_key = :change_key AND line.change_id = :change_id
               AND line.line_no = fresh.line_no
"""
_OF_LINE: Final = """
                 {0}.person_id = line.person_id AND {0}.identity_blind = line.identity_blind
               AND {0}.kind = line.kind
"""

# Accounts change by papers of their own, so a row keeps the account of the person's first one.
_ROWS: Final = f"""
            INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number,
                                     name, monthly_fen, bank, bank_number, bank_holder,
                                     in_force_from, registered_by, registered_at, known_at,
                                     change_key, change_id, moved)
            SELECT line.person_id, fresh.id, line.identity_blind, line.kind,
                   CAST(:district AS text), line.sealed_number, coalesce(line.name, latest.name),
                   coalesce(line.monthly_fen, latest.monthly_fen),
                   coalesce(latest.bank, line.bank), coalesce(latest.bank_number, line.bank_number),
                   coalesce(latest.bank_holder, line.bank_holder), line.since,
                   CAST(:proposed_by AS text), CAST(:instant AS timestamptz),
                   CAST(:instant AS timestamptz), line.change_key, line.change_id,
                   line.monthly_fen IS NULL
{_LINES}
              LEFT JOIN LATERAL (
                   SELECT name, monthly_fen, bank, bank_number, bank_holder
                     FROM entitlement AS row
                    WHERE {_OF_LINE.format("row")} AND row.suspended_at IS NULL
                    ORDER BY in_force_from DESC
                    LIMIT 1) AS latest ON true
             ORDER BY line.line_no
            ON CONFLICT (person_id, identity_blind, kind, in_force_from)
                  WHERE suspended_at IS NULL DO NOTHING
"""
_SUSPENSIONS: Final = f"""
            INSERT INTO entitlement_suspension (person_id, id, identity_blind, kind, since, reason,
                                                change_key, change_id, known_at)
            SELECT line.person_id, fresh.id, line.identity_blind, line.kind, line.since,
                   CAST(:reason AS text), line.change_key, line.change_id,
                   CAST(:instant AS timestamptz)
{_LINES}
"""
# Who proved while the paper waited is left out.
_UNPROVED: Final = f"""{_SUSPENSIONS}
             WHERE NOT EXISTS (
                       SELECT 1
                         FROM life_proof AS proof
                         JOIN entitlement_change AS paper
                           ON paper.change_key = line.change_key AND paper.id = line.change_id
                        WHERE {_OF_LINE.format("proof")} AND proof.recorded_at > paper.proposed_at)
"""
_ENDS: Final = f"""
            INSERT INTO entitlement_end (person_id, id, identity_blind, kind, district,
                                         sealed_number, name, last_period, reason, note, status,
                                         proposed_by, proposed_at, decided_by, decided_at)
            SELECT line.person_id, fresh.id, line.identity_blind, line.kind,
                   CAST(:district AS text), line.sealed_number, latest.name,
                   to_char(to_date(line.since, 'YYYY-MM') - 1, 'YYYY-MM'), CAST(:reason AS text),
                   CAST(:note AS text), 'approved', CAST(:proposed_by AS text),
                   CAST(:instant AS timestamptz), CAST(:decided_by AS text),
                   CAST(:instant AS timestamptz)
{_LINES}
              JOIN LATERAL (
                   SELECT name
                     FROM entitlement AS row
                    WHERE {_OF_LINE.format("row")} AND row.suspended_at IS NULL
                    ORDER BY in_force_from DESC
                    LIMIT 1) AS latest ON true
"""
_ACCOUNTS: Final = f"""
            INSERT INTO entitlement_account (person_id, id, identity_blind, kind, bank, bank_number,
                                             bank_holder, holder_reason, held, change_key,
                                             change_id, known_at)
            SELECT line.person_id, fresh.id, line.identity_blind, line.kind, line.bank,
                   line.bank_number, line.bank_holder, line.holder_reason,
                   CAST(:held AS boolean), line.change_key, line.change_id,
                   CAST(:instant AS timestamptz)
{_LINES}
"""
_INSERTS: Final = {
    ChangeAction.REGISTER: _ROWS,
    ChangeAction.MOVE: _ROWS,
    ChangeAction.SUSPEND: _SUSPENSIONS,
    ChangeAction.END: _ENDS,
    ChangeAction.ACCOUNT: _ACCOUNTS,
}


async def insert(
    tx: AsyncConnection, change: EntitlementChange, instant: datetime, *, held: bool
) -> int:
    """Store what an approved paper brings, other than a resumption; return the number of new rows.

    With `held` a changed account waits for one run.
    """
    result = await tx.execute(
        text(_INSERTS[change.action]), _values(change, instant) | {"held": held}
    )
    return result.rowcount


async def suspend_unproved(
    tx: AsyncConnection, change: EntitlementChange, instant: datetime
) -> int:
    """Suspend those who have not proved that they live since the paper was proposed."""
    result = await tx.execute(text(_UNPROVED), _values(change, instant))
    return result.rowcount


def _values(change: EntitlementChange, instant: datetime) -> dict[str, Any]:
    return {
        "change_key": change.ref.key,
        "change_id": change.ref.id,
        "district": change.district,
        "reason": change.reason,
        "note": change.note,
        "proposed_by": change.proposed_by,
        "decided_by": change.decided_by,
        "instant": instant,
        "line_nos": list(range(1, change.lines + 1)),
        "ids": sorted(uuid7() for _ in range(change.lines)),
    }


async def recalculate(tx: AsyncConnection, change: EntitlementChange, instant: datetime) -> int:
    """Let rows with the paper's amounts take the place of those of the same months.

    A row that a raise has replaced stays replaced; the next run computes its raises anew, since they
    still name the row of before. The instant of registration is the old one: it says which raises
    the amount includes. Returns the number of new rows.
    """
    values = {
        "change_key": change.ref.key,
        "change_id": change.ref.id,
        "paper": change.ref.text(Reference.ENTITLEMENT_CHANGE),
        "instant": instant,
    }
    await tx.execute(
        text(f"""
            UPDATE entitlement AS row
               SET suspended_reason = '{SuspensionReason.RECALCULATED}', suspended_by = :paper,
                   suspended_at = :instant
              FROM entitlement_change_line AS line
             WHERE line.change_key = :change_key AND line.change_id = :change_id
               AND {_OF_LINE.format("row")} AND row.in_force_from = line.since
               AND row.base_id IS NULL AND NOT row.moved
               AND (row.suspended_at IS NULL
                    OR row.suspended_reason = '{SuspensionReason.RAISED}')
        """),
        values,
    )
    result = await tx.execute(
        text(f"""
            INSERT INTO entitlement (person_id, id, identity_blind, kind, district, sealed_number,
                                     name, monthly_fen, bank, bank_number, bank_holder,
                                     in_force_from, registered_by, registered_at, known_at,
                                     change_key, change_id, suspended_reason, suspended_by,
                                     suspended_at)
            SELECT old.person_id, fresh.id, old.identity_blind, old.kind, old.district,
                   old.sealed_number, old.name, line.monthly_fen, old.bank, old.bank_number,
                   old.bank_holder, old.in_force_from, CAST(:proposed_by AS text),
                   old.registered_at, CAST(:instant AS timestamptz), line.change_key,
                   line.change_id,
                   CASE WHEN raised.id IS NOT NULL THEN '{SuspensionReason.RAISED}' END,
                   raised.registered_by,
                   CASE WHEN raised.id IS NOT NULL THEN CAST(:instant AS timestamptz) END
{_LINES}
              JOIN entitlement AS old
                ON {_OF_LINE.format("old")} AND old.in_force_from = line.since
               AND old.suspended_by = :paper
              LEFT JOIN entitlement AS raised
                ON raised.person_id = old.person_id AND raised.base_id = old.id
               AND raised.in_force_from = old.in_force_from AND raised.suspended_at IS NULL
        """),
        values | _values(change, instant),
    )
    return result.rowcount


async def resume(tx: AsyncConnection, change: EntitlementChange) -> None:
    """Lift the stops that have the paper's reason, from each line's month on."""
    values = {
        "change_key": change.ref.key,
        "change_id": change.ref.id,
        "reason": change.reason,
    }
    await tx.execute(
        text(f"""
            UPDATE entitlement_suspension AS suspended
               SET until = line.since, resumed_key = line.change_key, resumed_id = line.change_id
              FROM entitlement_change_line AS line
             WHERE line.change_key = :change_key AND line.change_id = :change_id
               AND {_OF_LINE.format("suspended")}
               AND suspended.reason = :reason AND suspended.until IS NULL
        """),
        values,
    )
    await tx.execute(
        text(f"""
            UPDATE entitlement_end AS ended
               SET again_from = line.since, again_key = line.change_key,
                   again_id = line.change_id
              FROM entitlement_change_line AS line
             WHERE line.change_key = :change_key AND line.change_id = :change_id
               AND {_OF_LINE.format("ended")}
               AND ended.reason = :reason AND ended.status = 'approved'
               AND ended.again_from IS NULL AND ended.last_period < line.since
        """),
        values,
    )


async def know_again(
    tx: AsyncConnection, change: EntitlementChange, instant: datetime, *, moved_only: bool
) -> int:
    """Let the next runs look at every month of the paper's people again; return how many rows.

    With `moved_only` at rows that have the amount of an earlier one.
    """
    result = await tx.execute(
        text(f"""
            UPDATE entitlement AS row
               SET known_at = :instant
              FROM entitlement_change_line AS line
             WHERE line.change_key = :change_key AND line.change_id = :change_id
               AND {_OF_LINE.format("row")} AND row.suspended_at IS NULL
               AND (row.moved OR NOT CAST(:moved_only AS boolean))
        """),
        {
            "change_key": change.ref.key,
            "change_id": change.ref.id,
            "instant": instant,
            "moved_only": moved_only,
        },
    )
    return result.rowcount
