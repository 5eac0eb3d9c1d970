"""SQL of pushes by file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.ids import key_of

_COLUMNS: Final = """push_key, authority, push_no, digest, collected_on, lines, total_fen, done_lines,
       matched, suspended, replayed, rejected, allocated_fen, suspended_fen, pushed_by, pushed_at"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushFileRow:
    """A push by file: what it announced, and what became of its lines so far."""

    push_key: int
    authority: str
    push_no: str
    digest: bytes
    collected_on: date
    lines: int
    total_fen: int
    done_lines: int = 0
    matched: int = 0
    suspended: int = 0
    replayed: int = 0
    rejected: int = 0
    allocated_fen: int = 0
    suspended_fen: int = 0
    pushed_by: str
    pushed_at: datetime | None = None

    @property
    def at(self) -> dict[str, object]:
        """Return the key of its statements."""
        return {"key": self.push_key, "authority": self.authority, "push_no": self.push_no}


def push_file_key(authority: str, push_no: str) -> int:
    """Compute the shard key of a push by file."""
    return key_of("tax_push_file", f"{authority}:{push_no}")


async def insert(tx: AsyncConnection, row: PushFileRow) -> None:
    """Write a push down; a repeated one stands there already."""
    await tx.execute(
        text("""
            INSERT INTO tax_push (push_key, authority, push_no, digest, collected_on, lines,
                                  total_fen, pushed_by)
            VALUES (:key, :authority, :push_no, :digest, :collected_on, :lines, :total_fen,
                    :pushed_by)
            ON CONFLICT (push_key, authority, push_no) DO NOTHING
        """),
        row.at
        | {
            "digest": row.digest,
            "collected_on": row.collected_on,
            "lines": row.lines,
            "total_fen": row.total_fen,
            "pushed_by": row.pushed_by,
        },
    )


async def find(tx: AsyncConnection, authority: str, push_no: str) -> PushFileRow | None:
    """Read a push."""
    row = (
        await tx.execute(
            text(f"""
                SELECT {_COLUMNS}
                  FROM tax_push
                 WHERE push_key = :key AND authority = :authority AND push_no = :push_no
            """),
            {
                "key": push_file_key(authority, push_no),
                "authority": authority,
                "push_no": push_no,
            },
        )
    ).one_or_none()
    return None if row is None else PushFileRow(**row._mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPiece:
    """The result of some lines in a row of a file: counts, sums (fen), and the CSV of each line."""

    lines: int
    matched: int
    suspended: int
    replayed: int
    rejected: int
    allocated_fen: int
    suspended_fen: int
    content: bytes


async def advance(tx: AsyncConnection, row: PushFileRow, first: int, piece: TakenPiece) -> bool:
    """Count a piece as done; False when another worker did it."""
    made = await tx.execute(
        text("""
            UPDATE tax_push
               SET done_lines = done_lines + :lines, matched = matched + :matched,
                   suspended = suspended + :suspended, replayed = replayed + :replayed,
                   rejected = rejected + :rejected,
                   allocated_fen = allocated_fen + :allocated_fen,
                   suspended_fen = suspended_fen + :suspended_fen
             WHERE push_key = :key AND authority = :authority AND push_no = :push_no
               AND done_lines = :first
            RETURNING push_no
        """),
        row.at
        | {
            "first": first,
            "lines": piece.lines,
            "matched": piece.matched,
            "suspended": piece.suspended,
            "replayed": piece.replayed,
            "rejected": piece.rejected,
            "allocated_fen": piece.allocated_fen,
            "suspended_fen": piece.suspended_fen,
        },
    )
    if made.first() is None:
        return False
    await tx.execute(
        text("""
            INSERT INTO tax_push_result (push_key, authority, push_no, first, content)
            VALUES (:key, :authority, :push_no, :first, :content)
        """),
        row.at | {"first": first, "content": piece.content},
    )
    return True


async def result_after(
    tx: AsyncConnection, row: PushFileRow, after: int
) -> tuple[int, bytes] | None:
    """Read the next piece of results: the number of lines before it, and its CSV."""
    found = (
        await tx.execute(
            text("""
                SELECT first, content
                  FROM tax_push_result
                 WHERE push_key = :key AND authority = :authority AND push_no = :push_no
                   AND first > :after
                 ORDER BY first
                 LIMIT 1
            """),
            row.at | {"after": after},
        )
    ).one_or_none()
    return None if found is None else (found.first, bytes(found.content))
