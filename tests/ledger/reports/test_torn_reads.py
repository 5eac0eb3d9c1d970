"""A total that is read while vouchers are posted balances, wherever the slots lie."""

from __future__ import annotations

import asyncio

from services.ledger.posting.domain.batch import PostedVoucher
from tests.ledger.conftest import Ledger
from tests.ledger.support.making import DAY, receipt_draft


async def test_no_total_sees_half_a_voucher(ledger: Ledger) -> None:
    posted: list[object] = []

    async def post(owner: int) -> None:
        for _ in range(20):
            posted.extend(await ledger.books.post([receipt_draft(100, owner=f"UNIT-{owner}")]))

    async def read() -> list[bool]:
        found = []
        while len(posted) < 6 * 20:
            answer = await ledger.get("/v1/trial-balance", as_of=str(DAY))
            found.append(answer.json()["balanced"])
        return found

    _, balanced = await asyncio.gather(asyncio.gather(*(post(owner) for owner in range(6))), read())
    assert all(isinstance(one, PostedVoucher) for one in posted)
    assert balanced
    assert all(balanced)
