"""SQL of envelopes and of the pushes in them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.collection.tax.domain.envelope import Envelope, EnvelopeContent
from shared.ids import key_of


def envelope_key(authority: str, envelope_no: str) -> int:
    """Compute the shard key of an envelope."""
    return key_of("tax_envelope", f"{authority}:{envelope_no}")


async def announce(tx: AsyncConnection, authority: str, envelope: Envelope) -> Envelope:
    """Write an envelope down where it is new, and lock it; return it as it was announced first."""
    row = (
        await tx.execute(
            text("""
                INSERT INTO tax_envelope (envelope_key, authority, envelope_no, lines, total_fen)
                VALUES (:key, :authority, :envelope_no, :lines, :total_fen)
                ON CONFLICT (envelope_key, authority, envelope_no)
                DO UPDATE SET envelope_no = excluded.envelope_no
                RETURNING envelope_no, lines, total_fen
            """),
            {
                "key": envelope_key(authority, envelope.envelope_no),
                "authority": authority,
                "envelope_no": envelope.envelope_no,
                "lines": envelope.lines,
                "total_fen": envelope.total_fen,
            },
        )
    ).one()
    return Envelope(**row._mapping)


async def find(
    tx: AsyncConnection, authority: str, envelope_no: str, *, without: str | None = None
) -> EnvelopeContent | None:
    """Read an envelope and the sums of its pushes, except of one."""
    row = (
        await tx.execute(
            text("""
                SELECT envelope.lines AS announced, envelope.total_fen AS announced_fen,
                       count(part.push_no) AS pushes,
                       CAST(coalesce(sum(part.lines), 0) AS bigint) AS lines,
                       CAST(coalesce(sum(part.total_fen), 0) AS bigint) AS total_fen
                  FROM tax_envelope AS envelope
                  LEFT JOIN tax_envelope_part AS part
                    ON part.envelope_key = envelope.envelope_key
                   AND part.authority = envelope.authority
                   AND part.envelope_no = envelope.envelope_no
                   AND part.push_no IS DISTINCT FROM CAST(:without AS text)
                 WHERE envelope.envelope_key = :key AND envelope.authority = :authority
                   AND envelope.envelope_no = :envelope_no
                 GROUP BY envelope.lines, envelope.total_fen
            """),
            {
                "key": envelope_key(authority, envelope_no),
                "authority": authority,
                "envelope_no": envelope_no,
                "without": without,
            },
        )
    ).one_or_none()
    if row is None:
        return None
    return EnvelopeContent(
        envelope=Envelope(envelope_no, row.announced, row.announced_fen),
        pushes=row.pushes,
        lines=row.lines,
        total_fen=row.total_fen,
    )


async def insert_part(
    tx: AsyncConnection, authority: str, envelope_no: str, part: Envelope
) -> None:
    """Write a push into an envelope; a repeated push stands there already."""
    await tx.execute(
        text("""
            INSERT INTO tax_envelope_part (envelope_key, authority, envelope_no, push_no, lines,
                                           total_fen)
            VALUES (:key, :authority, :envelope_no, :push_no, :lines, :total_fen)
            ON CONFLICT (envelope_key, authority, envelope_no, push_no) DO NOTHING
        """),
        {
            "key": envelope_key(authority, envelope_no),
            "authority": authority,
            "envelope_no": envelope_no,
            "push_no": part.envelope_no,
            "lines": part.lines,
            "total_fen": part.total_fen,
        },
    )
