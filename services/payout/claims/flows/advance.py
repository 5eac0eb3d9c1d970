"""Settling advances by claims, and listing those that are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.payout.claims.domain.advance import OpenAdvance, settle, settlement_voucher
from services.payout.claims.domain.claim import Claim, ClaimLine
from services.payout.claims.domain.draft import ClaimDraft
from services.payout.claims.store import advance as advance_store
from services.payout.claims.store import claim as claim_store
from services.payout.common.clients import voucher_payload
from services.payout.common.domain import require_faultless
from services.payout.common.flows import PersonKeys
from shared import book_days, outbox
from shared.roles import Caller


async def deduct(
    tx: AsyncConnection,
    claim: Claim,
    draft: ClaimDraft,
    lines: Sequence[ClaimLine],
    *,
    keys: PersonKeys,
    caller: Caller,
) -> tuple[Claim, Sequence[ClaimLine]]:
    """Deduct the advances that a claim's lines name; return its head and lines after that.

    Raises:
        Faulty: an advance is unknown, another's, not paid, or settled; each line is named.
    """
    named = {
        line_no: (line.advance, line.payee_name)
        for line_no, line in enumerate(draft.lines, start=1)
        if line.advance
    }
    if not named:
        return claim, lines
    refs = [ref for ref, _ in named.values()]
    await advance_store.lock(tx, (ref.claim for ref in refs if ref.claim is not None))
    advances = await advance_store.find(tx, refs, keys.name)
    after, settlements, faults = settle(claim, lines, named, advances, caller)
    require_faultless(faults)
    await advance_store.insert(tx, claim.ref, settlements)
    settled = replace(
        claim,
        settled_fen=sum(line.settled_fen for line in after),
        settled_lines=sum(not line.amount_fen for line in after),
    )
    return settled, after


async def book(tx: AsyncConnection, claim: Claim, today: date) -> None:
    """Book what an approved claim settles, on the first open day from today on."""
    if not claim.settled_fen:
        return
    day = max(today, (await book_days.read(tx)).first_open_day)
    await claim_store.set_settled(tx, claim.ref, day)
    settlements = await advance_store.of_claim(tx, claim.ref)
    voucher = settlement_voucher(claim, settlements, day)
    await outbox.put(tx, claim.ref.key, [voucher_payload(voucher, None)])


async def page(
    tx: AsyncConnection,
    *,
    filters: dict[str, str | None],
    after: tuple[UUID, int] | None,
    limit: int,
) -> list[OpenAdvance]:
    """Read open advances by claim and line, after one."""
    return await advance_store.page(tx, filters=filters, after=after, limit=limit)
