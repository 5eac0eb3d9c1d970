"""The books prove themselves: chains, sequences, buckets and trial balances, computed anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.voucher import GENESIS, chain_hash, instant_text, voucher_id
from services.ledger.store import balance as balance_store
from services.ledger.store import head as head_store
from services.ledger.store import verify as verify_store


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found; no faults means that the books hold."""

    vouchers: int
    entries: int
    faults: tuple[str, ...]


async def verify(tx: AsyncConnection) -> Verdict:
    """Recompute everything from the entries; the first broken voucher of each slot is named."""
    faults: list[str] = []
    vouchers = entries = 0
    for slot, last_seq, head_hash in await head_store.all_heads(tx):
        expected, previous = 1, GENESIS
        async for seq, draft, body_hash, hash, recorded_at in verify_store.chain(tx, slot):
            computed = chain_hash(previous, draft, seq, instant_text(recorded_at))
            if seq != expected or draft.body_hash != body_hash or computed != hash:
                faults.append(f"chain broken at {voucher_id(slot, min(seq, expected))}")
                break
            vouchers, entries = vouchers + 1, entries + len(draft.lines)
            expected, previous = seq + 1, hash
        else:
            if expected - 1 != last_seq or previous != head_hash:
                faults.append(f"the head of slot {slot} is not its last voucher")
    differing = await verify_store.bucket_differences(tx)
    if differing:
        faults.append(f"{differing} day buckets differ from their entries")
    nets: dict[tuple[str, str], int] = {}
    for row in await balance_store.sums(tx, as_of=date.max):
        key = (row.fund, row.book)
        nets[key] = nets.get(key, 0) + row.debit_fen - row.credit_fen
    faults += [f"{fund}/{book} is out by {net} fen" for (fund, book), net in nets.items() if net]
    return Verdict(vouchers, entries, tuple(faults))
