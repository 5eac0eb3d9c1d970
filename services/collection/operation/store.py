"""SQL of operations, with their files and reports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

HOLD_SECONDS: Final = 20
_COLUMNS: Final = """operation_key, id, natural_key, kind, status, person, role, district, asked, done,
       total, result, error, attempt, tries, created_at, finished_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """An operation; `asked` are the parameters of its kind, `done` of `total` its progress."""

    operation_key: int
    id: UUID
    natural_key: str
    kind: str
    status: str
    person: str
    role: str
    district: str
    asked: dict[str, Any]
    done: int = 0
    total: int | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    attempt: int = 1
    tries: int = 0
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def at(self) -> dict[str, Any]:
        """Return the key of its statements."""
        return {"key": self.operation_key, "id": self.id}


async def insert(tx: AsyncConnection, row: OperationRow) -> bool:
    """Store a new operation; False if the same was requested before."""
    made = await tx.execute(
        text("""
            INSERT INTO operation (operation_key, id, natural_key, kind, status, person, role,
                                   district, asked, total)
            VALUES (:key, :id, :natural_key, :kind, 'waiting', :person, :role, :district,
                    CAST(:asked AS jsonb), :total)
            ON CONFLICT (operation_key, natural_key) DO NOTHING
            RETURNING id
        """),
        row.at
        | {
            "natural_key": row.natural_key,
            "kind": row.kind,
            "person": row.person,
            "role": row.role,
            "district": row.district,
            "asked": orjson.dumps(row.asked).decode(),
            "total": row.total,
        },
    )
    return made.first() is not None


async def find_repeat(tx: AsyncConnection, row: OperationRow) -> OperationRow | None:
    """Find and lock the latest round of the operation with the same natural key."""
    found = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM operation
                 WHERE operation_key = :key
                   AND (natural_key = :natural_key OR starts_with(natural_key, :rounds))
                 ORDER BY id DESC
                 LIMIT 1
                   FOR UPDATE
            """),
            {
                "key": row.operation_key,
                "natural_key": row.natural_key,
                "rounds": f"{row.natural_key}#",
            },
        )
    ).first()
    return None if found is None else OperationRow(**found._mapping)


async def try_again(tx: AsyncConnection, row: OperationRow, person: str, role: str) -> None:
    """Let a failed operation wait for another attempt, requested by somebody."""
    await tx.execute(
        text("""
            UPDATE operation
               SET status = 'waiting', attempt = attempt + 1, tries = 0, done = 0, error = NULL,
                   person = :person, role = :role, finished_at = NULL
             WHERE operation_key = :key AND id = :id AND status = 'failed'
        """),
        row.at | {"person": person, "role": role},
    )


async def find(tx: AsyncConnection, key: int, operation_id: UUID) -> OperationRow | None:
    """Find an operation."""
    found = (
        await tx.execute(
            text(f"SELECT {_COLUMNS} FROM operation WHERE operation_key = :key AND id = :id"),
            {"key": key, "id": operation_id},
        )
    ).first()
    return None if found is None else OperationRow(**found._mapping)


async def to_do(tx: AsyncConnection) -> list[OperationRow]:
    """Find operations that wait, or whose holder has fallen silent."""
    rows = await tx.execute(
        text(f"""
            SELECT {_COLUMNS}
              FROM operation
             WHERE status = 'waiting' OR (status = 'running' AND held_until < now())
             ORDER BY created_at
             LIMIT 20
        """)
    )
    return [OperationRow(**row._mapping) for row in rows]


async def take(tx: AsyncConnection, row: OperationRow, holder: str) -> bool:
    """Hold an operation; of two workers that try, one succeeds."""
    made = await tx.execute(
        text("""
            UPDATE operation
               SET status = 'running', holder = :holder, done = 0, tries = tries + 1,
                   held_until = now() + make_interval(secs => :seconds)
             WHERE operation_key = :key AND id = :id
               AND (status = 'waiting' OR (status = 'running' AND held_until < now()))
            RETURNING id
        """),
        row.at | {"holder": holder, "seconds": HOLD_SECONDS},
    )
    return made.first() is not None


async def still_held(tx: AsyncConnection, row: OperationRow, holder: str, done: int) -> bool:
    """Store the progress and hold the operation longer; False if another worker has it."""
    made = await tx.execute(
        text("""
            UPDATE operation
               SET done = :done, held_until = now() + make_interval(secs => :seconds)
             WHERE operation_key = :key AND id = :id AND status = 'running' AND holder = :holder
            RETURNING id
        """),
        row.at | {"holder": holder, "done": done, "seconds": HOLD_SECONDS},
    )
    return made.first() is not None


async def finish(
    tx: AsyncConnection,
    row: OperationRow,
    holder: str,
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> bool:
    """Finish the operation with a result or an error; False if another worker has it."""
    made = await tx.execute(
        text("""
            UPDATE operation
               SET status = :status, result = CAST(:result AS jsonb),
                   error = CAST(:error AS jsonb), holder = NULL, held_until = NULL,
                   done = CASE WHEN :status = 'succeeded' THEN coalesce(total, done) ELSE done END,
                   finished_at = now()
             WHERE operation_key = :key AND id = :id AND status = 'running' AND holder = :holder
            RETURNING id
        """),
        row.at
        | {
            "holder": holder,
            "status": "failed" if error else "succeeded",
            "result": None if result is None else orjson.dumps(result).decode(),
            "error": None if error is None else orjson.dumps(error).decode(),
        },
    )
    return made.first() is not None


async def insert_parts(tx: AsyncConnection, row: OperationRow, sealed: Iterable[bytes]) -> None:
    """Store the sealed parts of a file."""
    for number, part in enumerate(sealed):
        await tx.execute(
            text("""
                INSERT INTO operation_part (operation_key, operation_id, part_no, sealed)
                VALUES (:key, :id, :part_no, :sealed)
            """),
            row.at | {"part_no": number, "sealed": part},
        )


async def parts(tx: AsyncConnection, row: OperationRow) -> AsyncIterator[bytes]:
    """Read the sealed parts of a file, one after the other."""
    number = 0
    while True:
        found = (
            await tx.execute(
                text("""
                    SELECT sealed
                      FROM operation_part
                     WHERE operation_key = :key AND operation_id = :id AND part_no = :part_no
                """),
                row.at | {"part_no": number},
            )
        ).first()
        if found is None:
            return
        yield bytes(found.sealed)
        number += 1


async def forget_parts(tx: AsyncConnection, row: OperationRow) -> None:
    """Delete the file: its content is stored elsewhere, or was refused."""
    await tx.execute(
        text("DELETE FROM operation_part WHERE operation_key = :key AND operation_id = :id"),
        row.at,
    )


async def insert_report(tx: AsyncConnection, row: OperationRow, rows: int, content: bytes) -> None:
    """Store the report of an attempt."""
    await tx.execute(
        text("""
            INSERT INTO operation_report (operation_key, operation_id, attempt, rows, content)
            VALUES (:key, :id, :attempt, :rows, :content)
        """),
        row.at | {"attempt": row.attempt, "rows": rows, "content": content},
    )


async def report(tx: AsyncConnection, row: OperationRow) -> bytes | None:
    """Read the report of the current attempt."""
    found = (
        await tx.execute(
            text("""
                SELECT content
                  FROM operation_report
                 WHERE operation_key = :key AND operation_id = :id AND attempt = :attempt
            """),
            row.at | {"attempt": row.attempt},
        )
    ).first()
    return None if found is None else bytes(found.content)
