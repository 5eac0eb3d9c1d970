"""SQL of changes that two people sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.common.domain.signed_change import ChangeSubject, SignedChange
from shared.ids import Ref
from shared.page import read_page

_SELECT: Final = """
    SELECT shard_key, id, subject, target, CAST(content AS text) AS content, reason, status,
           filed_by, filed_at, decided_by, decided_at
      FROM signed_change"""
_WRITERS: Final[Mapping[ChangeSubject, str]] = {
    ChangeSubject.CITY_RULE: "write_city_rule",
    ChangeSubject.CREDIT_FLAG: "write_credit_flag",
    ChangeSubject.CUT_OFF: "write_cut_off",
    ChangeSubject.DEBIT_REASON: "write_debit_reason",
    ChangeSubject.INSPECTION_RULE: "write_inspection_rule",
    ChangeSubject.RETRY_RULE: "write_retry_rule",
    ChangeSubject.STATEMENT_ACCOUNT: "write_statement_account",
    ChangeSubject.STATEMENT_WITHDRAWAL: "withdraw_statement",
    ChangeSubject.WORKDAYS: "write_workdays",
}
"""The database's function that writes an approved change of a kind, once."""


def _change(**columns: Any) -> SignedChange:
    kinds = {
        "subject": ChangeSubject(columns["subject"]),
        "content": orjson.loads(columns["content"]),
    }
    return SignedChange(**columns | kinds)


async def insert(tx: AsyncConnection, change: SignedChange) -> bool:
    """Write a filed change; False when another of its target is not decided yet."""
    made = await tx.execute(
        text("""
            INSERT INTO signed_change (shard_key, id, subject, target, content, reason, status,
                                       filed_by, filed_at)
            VALUES (:shard_key, :id, :subject, :target, CAST(:content AS jsonb), :reason, :status,
                    :filed_by, :filed_at)
            ON CONFLICT (shard_key, subject, target) WHERE status = 'filed' DO NOTHING
            RETURNING id
        """),
        {
            "shard_key": change.shard_key,
            "id": change.id,
            "subject": change.subject.value,
            "target": change.target,
            "content": orjson.dumps(change.content).decode(),
            "reason": change.reason,
            "status": change.status,
            "filed_by": change.filed_by,
            "filed_at": change.filed_at,
        },
    )
    return made.first() is not None


async def find(tx: AsyncConnection, subject: ChangeSubject, ref: Ref) -> SignedChange | None:
    """Read and lock a change; None when there is none."""
    rows = await tx.execute(
        text(f"{_SELECT} WHERE shard_key = :key AND id = :id AND subject = :subject FOR UPDATE"),
        {"key": ref.key, "id": ref.id, "subject": subject.value},
    )
    row = rows.one_or_none()
    return _change(**row._mapping) if row else None


async def decide(tx: AsyncConnection, change: SignedChange, to: str, by: str) -> None:
    """Write the decision of a change that is filed."""
    await tx.execute(
        text("""
            UPDATE signed_change SET status = :to, decided_by = :by, decided_at = now()
             WHERE shard_key = :key AND id = :id AND status = 'filed'
        """),
        {"key": change.shard_key, "id": change.id, "to": to, "by": by},
    )


async def write(tx: AsyncConnection, change: SignedChange) -> None:
    """Let the database write an approved change. It checks the two signatures itself."""
    await tx.execute(
        text(f"SELECT {_WRITERS[change.subject]}(:key, CAST(:id AS uuid))"),
        {"key": change.shard_key, "id": change.id},
    )


async def page(
    tx: AsyncConnection,
    subject: ChangeSubject,
    *,
    status: str | None = None,
    target: str | None = None,
    after: UUID | None = None,
    limit: int = 1000,
) -> list[SignedChange]:
    """Read changes of one kind by their id."""
    return await read_page(
        tx,
        _SELECT,
        key=("id",),
        after=None if after is None else (after,),
        limit=limit,
        row=_change,
        equal={"subject": subject.value, "status": status, "target": target},
    )
