"""Verification of a service's evidence: blocks, watched rows, catalogue; every fault is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database, role_of
from shared.evidence import store as evidence_store
from shared.evidence.block import START, Block
from shared.evidence.streams import Stream

FAULTS_LISTED: Final = 200


@dataclass(slots=True)
class EvidenceVerdict:
    """The outcome for one service: what was read, the chain's head, and what does not hold."""

    service: str
    blocks: int = 0
    rows: int = 0
    head: bytes = START
    not_bound: int = 0
    """Rows that came after the newest block; they are bound within seconds."""
    faults: list[str] = field(default_factory=list)


@asynccontextmanager
async def frozen(db: Database) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that reads one moment, so that the service may go on meanwhile."""
    async with db.transaction() as tx:
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield tx


async def verify(
    tx: AsyncConnection,
    service: str,
    streams: Sequence[Stream],
    *,
    anchors: Mapping[int, str] | None = None,
) -> EvidenceVerdict:
    """Recompute a service's evidence in one reading transaction.

    Args:
        tx: a transaction with the service's search path.
        service: the service, which is also its schema.
        streams: every stream of the service.
        anchors: block number → hash in hex, as kept outside the database.
    """
    verdict = EvidenceVerdict(service)
    await _blocks(tx, {stream.name: stream for stream in streams}, anchors or {}, verdict)
    await _watched(tx, verdict)
    await _catalogue(tx, verdict)
    del verdict.faults[FAULTS_LISTED:]
    return verdict


async def _blocks(
    tx: AsyncConnection,
    streams: Mapping[str, Stream],
    anchors: Mapping[int, str],
    verdict: EvidenceVerdict,
) -> None:
    bound = dict.fromkeys(streams, 0)
    seen: dict[int, str] = {}
    while found := await evidence_store.blocks(tx, verdict.blocks):
        for block, kept in found:
            verdict.blocks += 1
            if block.number != verdict.blocks:
                verdict.faults.append(f"block {verdict.blocks} is missing")
                verdict.blocks = block.number
            if block.previous != verdict.head or block.hash != kept:
                verdict.faults.append(f"block {block.number} does not follow the one before it")
            verdict.head = kept
            if block.number in anchors:
                seen[block.number] = kept.hex()
            await _rows(tx, block, streams, bound, verdict)
    verdict.faults += [
        f"block {number} is not the one that was kept outside"
        for number, kept_hash in anchors.items()
        if seen.get(number) != kept_hash
    ]
    for name, stream in streams.items():
        verdict.not_bound += await _count_after(tx, stream, bound[name])
        if strays := await evidence_store.before_the_first(tx, stream):
            verdict.faults.append(f"{stream.table}: {strays} rows stand before the first")


async def _rows(
    tx: AsyncConnection,
    block: Block,
    streams: Mapping[str, Stream],
    bound: dict[str, int],
    verdict: EvidenceVerdict,
) -> None:
    """Digest a block's rows again."""
    stream = streams.get(block.stream)
    if stream is None:
        verdict.faults.append(f"block {block.number} is of an unknown stream {block.stream}")
        return
    if block.after != bound[stream.name]:
        verdict.faults.append(f"block {block.number} leaves out rows of {stream.table}")
    bound[stream.name] = block.until
    piece = await evidence_store.piece(tx, stream, block.after, block.until)
    verdict.rows += piece.rows
    if (piece.rows, piece.digest) != (block.rows, block.digest):
        what = "changed" if piece.rows == block.rows else f"{piece.rows} instead of {block.rows}"
        verdict.faults.append(
            f"{stream.table}: the rows {block.after + 1} to {block.until} of block {block.number},"
            f" bound at {block.at.isoformat()}, are not those that were bound ({what})"
        )


async def _count_after(tx: AsyncConnection, stream: Stream, after: int) -> int:
    return (
        await tx.scalar(
            text(f"SELECT count(*) FROM {stream.table} WHERE seq > :after"), {"after": after}
        )
        or 0
    )


async def _watched(tx: AsyncConnection, verdict: EvidenceVerdict) -> None:
    tables = await evidence_store.watched(tx)
    for table, key in tables.items():
        for row in await evidence_store.differing(tx, table, key):
            verdict.faults.append(f"{table} {_named(row.row_key)}: {_difference(row)}")
    for row in await evidence_store.foreign_changes(tx, role_of(verdict.service)):
        verdict.faults.append(
            f"{row.table_name} {_named(row.row_key)}: {row.operation} by the database role"
            f" {row.by_role} at {row.at.isoformat()}, which is no service and no migration"
        )


def _named(key: Mapping[str, Any]) -> str:
    return " ".join(str(value) for value in key.values())


def _difference(row: Any) -> str:
    if row.recorded is None:
        return "the row came in without a record"
    if row.present is None:
        return "the row was taken out without a record"
    columns = [
        name
        for name, value in row.recorded.items()
        if name in row.present and row.present[name] != value
    ]
    return f"changed without a record: {', '.join(columns)}"


async def _catalogue(tx: AsyncConnection, verdict: EvidenceVerdict) -> None:
    kept = set(await evidence_store.catalogue_kept(tx))
    now = set(await evidence_store.catalogue_now(tx, verdict.service))
    verdict.faults += [f"missing from the schema: {line}" for line in sorted(kept - now)]
    verdict.faults += [f"not made by a migration: {line}" for line in sorted(now - kept)]
