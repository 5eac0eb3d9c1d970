"""Papers of changes and their lines in the database, and what is stored of the people they name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.entitlements.domain.change import (
    ChangeAction,
    ChangeLine,
    ChangeStatus,
    EntitlementChange,
)
from shared.ids import Ref
from shared.page import read_page
from shared.period import Period

_COLUMNS = """change_key, id, action, district, reason, note, document, lines, applied, status,
              proposed_by, decided_by"""
_LINE = """line_no, person_id, identity_blind, kind, sealed_number, since, name, monthly_fen,
           account_fen, bank, bank_number, bank_holder, holder_reason"""


def _change(
    *, change_key: int, id: UUID, action: str, status: str, **columns: Any
) -> EntitlementChange:
    return EntitlementChange(
        ref=Ref(change_key, id),
        action=ChangeAction(action),
        status=ChangeStatus(status),
        **columns,
    )


def _line(*, identity_blind: bytes, since: str, **columns: Any) -> ChangeLine:
    return ChangeLine(blind=bytes(identity_blind), since=Period.parse(since), **columns)


async def insert(
    tx: AsyncConnection, change: EntitlementChange, lines: Sequence[ChangeLine]
) -> None:
    """Store a proposed paper with its lines."""
    await tx.execute(
        text("""
            INSERT INTO entitlement_change (change_key, id, action, district, reason, note, document,
                                            lines, proposed_by)
            VALUES (:change_key, :id, :action, :district, :reason, :note, :document, :lines,
                    :proposed_by)
        """),
        {
            "change_key": change.ref.key,
            "id": change.ref.id,
            "action": change.action.value,
            "district": change.district,
            "reason": change.reason,
            "note": change.note,
            "document": change.document,
            "lines": change.lines,
            "proposed_by": change.proposed_by,
        },
    )
    await tx.execute(
        text("""
            INSERT INTO entitlement_change_line (change_key, change_id, line_no, person_id,
                                                 identity_blind, kind, sealed_number, since, name,
                                                 monthly_fen, account_fen, bank, bank_number,
                                                 bank_holder, holder_reason)
            SELECT CAST(:change_key AS bigint), CAST(:change_id AS uuid), line_no, person_id, blind,
                   kind, sealed, since, name, monthly_fen, account_fen, bank, number, holder,
                   holder_reason
              FROM unnest(CAST(:line_nos AS integer[]), CAST(:person_ids AS bigint[]),
                          CAST(:blinds AS bytea[]), CAST(:kinds AS text[]),
                          CAST(:sealed AS bytea[]), CAST(:since AS text[]),
                          CAST(:names AS bytea[]), CAST(:monthly AS bigint[]),
                          CAST(:parts AS bigint[]),
                          CAST(:banks AS text[]), CAST(:numbers AS bytea[]),
                          CAST(:holders AS bytea[]), CAST(:holder_reasons AS text[]))
                AS batch (line_no, person_id, blind, kind, sealed, since, name, monthly_fen,
                          account_fen, bank, number, holder, holder_reason)
        """),
        _ref(change.ref)
        | {
            "line_nos": [line.line_no for line in lines],
            "person_ids": [line.person_id for line in lines],
            "blinds": [line.blind for line in lines],
            "kinds": [line.kind for line in lines],
            "sealed": [line.sealed_number for line in lines],
            "since": [str(line.since) for line in lines],
            "names": [line.name for line in lines],
            "monthly": [line.monthly_fen for line in lines],
            "parts": [line.account_fen for line in lines],
            "banks": [line.bank for line in lines],
            "numbers": [line.bank_number for line in lines],
            "holders": [line.bank_holder for line in lines],
            "holder_reasons": [line.holder_reason for line in lines],
        },
    )


def _ref(ref: Ref) -> dict[str, Any]:
    return {"change_key": ref.key, "change_id": ref.id}


async def load(tx: AsyncConnection, ref: Ref, *, lock: bool = False) -> EntitlementChange | None:
    """Read a paper; `lock` it for the rest of the transaction before deciding it."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM entitlement_change
                 WHERE change_key = :change_key AND id = :change_id
                 {"FOR UPDATE" if lock else ""}
            """),
            _ref(ref),
        )
    ).first()
    return _change(**row._mapping) if row else None


async def decide(
    tx: AsyncConnection, ref: Ref, status: ChangeStatus, decided_by: str, decided_at: datetime
) -> None:
    """Store the decision about a proposed paper."""
    await tx.execute(
        text("""
            UPDATE entitlement_change
               SET status = :status, decided_by = :decided_by, decided_at = :decided_at
             WHERE change_key = :change_key AND id = :change_id AND status = 'proposed'
        """),
        _ref(ref) | {"status": status.value, "decided_by": decided_by, "decided_at": decided_at},
    )


async def count_applied(tx: AsyncConnection, ref: Ref, applied: int) -> None:
    """Store how many lines of an approved paper changed something."""
    await tx.execute(
        text("""
            UPDATE entitlement_change
               SET applied = :applied
             WHERE change_key = :change_key AND id = :change_id AND status = 'approved'
        """),
        _ref(ref) | {"applied": applied},
    )


async def page(
    tx: AsyncConnection, *, filters: dict[str, str | None], after: UUID | None, limit: int
) -> list[EntitlementChange]:
    """Read papers by id, after one; `filters` are columns and the values they must have."""
    return await read_page(
        tx,
        f"SELECT {_COLUMNS} FROM entitlement_change",
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_change,
        equal=filters,
    )


async def lines(tx: AsyncConnection, ref: Ref, *, after: int, limit: int) -> list[ChangeLine]:
    """Read lines of a paper by number, after one."""
    rows = await tx.execute(
        text(f"""
            SELECT {_LINE}
              FROM entitlement_change_line
             WHERE change_key = :change_key AND change_id = :change_id AND line_no > :after
             ORDER BY line_no
             LIMIT :limit
        """),
        _ref(ref) | {"after": after, "limit": limit},
    )
    return [_line(**row._mapping) for row in rows]


# Each look at a person is a join of its own: it goes by an index, however many lines a paper has.
_STATES = """
SELECT line.line_no, line.person_id, line.since, line.holder_reason, line.name, line.monthly_fen,
       line.bank, line.bank_number, line.bank_holder,
       latest.district AS latest_district, latest.in_force_from AS latest_since,
       latest.monthly_fen AS latest_fen, latest.name AS latest_name,
       same.district AS same_district, same.monthly_fen AS same_fen, same.name AS same_name,
       coalesce(changed.bank, latest.bank) AS paid_bank,
       coalesce(changed.bank_number, latest.bank_number) AS paid_number,
       coalesce(changed.bank_holder, latest.bank_holder) AS paid_holder,
       ended.last_period AS ended_after, suspended.since AS suspended_since,
       stopped.last_period AS stopped_after, waiting.found AS end_exists,
       line.account_fen IS NOT NULL AND computed.found AS part_computed
  FROM entitlement_change_line AS line
  LEFT JOIN LATERAL (
       SELECT district, in_force_from, monthly_fen, name, bank, bank_number, bank_holder
         FROM entitlement AS row
        WHERE row.person_id = line.person_id AND row.identity_blind = line.identity_blind
          AND row.kind = line.kind AND row.suspended_at IS NULL
        ORDER BY in_force_from DESC
        LIMIT 1) AS latest ON true
  LEFT JOIN LATERAL (
       SELECT district, monthly_fen, name
         FROM entitlement AS row
        WHERE row.person_id = line.person_id AND row.identity_blind = line.identity_blind
          AND row.kind = line.kind AND row.in_force_from = line.since
          AND row.suspended_at IS NULL
        LIMIT 1) AS same ON true
  LEFT JOIN LATERAL (
       SELECT bank, bank_number, bank_holder
         FROM entitlement_account AS account
        WHERE account.person_id = line.person_id
          AND account.identity_blind = line.identity_blind AND account.kind = line.kind
        ORDER BY known_at DESC, id DESC
        LIMIT 1) AS changed ON true
  LEFT JOIN LATERAL (
       SELECT min(last_period) AS last_period
         FROM entitlement_end AS stop
        WHERE stop.person_id = line.person_id AND stop.identity_blind = line.identity_blind
          AND stop.kind = line.kind AND stop.status = 'approved' AND stop.again_from IS NULL
          AND stop.last_period < line.since) AS ended ON true
  LEFT JOIN LATERAL (
       SELECT since
         FROM entitlement_suspension AS stop
        WHERE stop.person_id = line.person_id AND stop.identity_blind = line.identity_blind
          AND stop.kind = line.kind AND stop.reason = :reason AND stop.until IS NULL
        LIMIT 1) AS suspended ON true
  LEFT JOIN LATERAL (
       SELECT max(last_period) AS last_period
         FROM entitlement_end AS stop
        WHERE stop.person_id = line.person_id AND stop.identity_blind = line.identity_blind
          AND stop.kind = line.kind AND stop.status = 'approved' AND stop.again_from IS NULL
          AND stop.reason = :reason) AS stopped ON true
 CROSS JOIN LATERAL (
       SELECT count(*) > 0 AS found
         FROM entitlement_end AS stop
        WHERE stop.person_id = line.person_id AND stop.identity_blind = line.identity_blind
          AND stop.kind = line.kind
          AND (stop.status = 'proposed'
               OR (stop.status = 'approved' AND stop.again_from IS NULL
                   AND stop.last_period
                       = to_char(to_date(line.since, 'YYYY-MM') - 1, 'YYYY-MM')))) AS waiting
 CROSS JOIN LATERAL (
       SELECT count(*) > 0 AS found
         FROM account_pension AS part
         JOIN entitlement_change AS paper
           ON paper.change_key = part.change_key AND paper.id = part.change_id
        WHERE part.person_id = line.person_id AND part.identity_blind = line.identity_blind
          AND paper.status = 'approved' AND paper.reason <> 'carried_over') AS computed
 WHERE line.change_key = :change_key AND line.change_id = :change_id
 ORDER BY line.line_no
"""


async def states(tx: AsyncConnection, change: EntitlementChange) -> Sequence[Row[Any]]:
    """Read the lines of a paper with what is stored of each person, sealed."""
    rows = await tx.execute(text(_STATES), _ref(change.ref) | {"reason": change.reason})
    return rows.all()
